"""The store of compiled programs."""

import threading

import pytest

from sklstm.training._programs import Programs


def test_made_once():
    """A program is made when its key is first asked for, and is the same from then on."""
    programs = Programs(most=3)
    first = programs.get("a", list)
    assert programs.get("a", list) is first
    assert programs.get("b", list) is not first


def test_the_oldest_goes():
    """No more are kept than allowed; the one that was not used for longest goes first."""
    programs = Programs(most=2)
    made = []
    for key in "abacab":
        programs.get(key, lambda key=key: made.append(key))
    assert made == ["a", "b", "c", "b"]
    assert len(programs) == 2
    programs.clear()
    assert len(programs) == 0


def test_no_key():
    """A program without a key is made each time, and not kept."""
    programs = Programs(most=2)
    assert programs.get(None, list) is not programs.get(None, list)
    assert len(programs) == 0


def test_threads_wait_for_each_other():
    """Of two threads that ask for the same program one makes it, and the other waits for it."""
    programs, made, started = Programs(most=2), [], threading.Event()

    def make():
        started.set()
        other.join(0.05)
        made.append("program")
        return made[-1]

    got = []
    other = threading.Thread(target=lambda: (started.wait(), got.append(programs.get("a", lambda: "another"))))
    other.start()
    assert programs.get("a", make) == "program"
    other.join()
    assert got == ["program"]


def test_a_failed_program():
    """After a program could not be made, the next call tries again."""
    programs = Programs(most=2)

    def fail():
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match=r"^no$"):
        programs.get("a", fail)
    assert programs.get("a", lambda: "program") == "program"
