from contextlib import suppress

from sklstm.training._programs import Programs


def test_lent_again():
    """A program comes back, and is lent again to the same key only."""
    programs = Programs(most=3)
    with programs.borrow("a", list) as first:
        pass
    with programs.borrow("a", list) as second, programs.borrow("b", list) as other:
        assert second is first
        assert other is not first


def test_two_at_a_time_have_two():
    """Who comes while a program is lent gets one of its own."""
    programs = Programs(most=3)
    with programs.borrow("a", list) as one, programs.borrow("a", list) as other:
        assert one is not other
    assert len(programs) == 2


def test_the_oldest_goes():
    """No more are kept than allowed; the one that was not used for longest goes first."""
    programs = Programs(most=2)
    for key in "abac":
        with programs.borrow(key, lambda: None):
            pass
    assert list(programs._idle) == ["a", "c"]
    programs.clear()
    assert len(programs) == 0


def test_what_raised_does_not_come_back():
    """A program in an unknown state is not lent again."""
    programs = Programs(most=2)
    with suppress(KeyboardInterrupt), programs.borrow("a", list):
        raise KeyboardInterrupt
    assert len(programs) == 0
