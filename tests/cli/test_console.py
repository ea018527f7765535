import os
import sys

from sklstm.cli._console import ProgressBar, silent_stderr


def test_bar_on_a_terminal(capsys, monkeypatch):
    """Where somebody watches, a bar grows in place."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with ProgressBar(2, "fits") as progress:
        progress.advance()
    assert capsys.readouterr().err == f"\rfits [{'.' * 30}] 0/2\rfits [{'#' * 15}{'.' * 15}] 1/2\n"


def test_no_bar_in_a_file(capsys):
    """Where nobody watches, nothing is drawn."""
    with ProgressBar(2, "fits") as progress:
        progress.advance()
    assert capsys.readouterr().err == ""


def test_silent_stderr(capfd):
    """What native code writes is gone; what is written afterwards is not."""
    with silent_stderr():
        os.write(2, b"notes")
    os.write(2, b"news")
    assert capfd.readouterr().err == "news"
