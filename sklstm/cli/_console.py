"""What a command does to its own terminal: a progress bar, and no chatter of TensorFlow's."""

import os
import sys
import threading
from contextlib import contextmanager

BAR_WIDTH = 30


class ProgressBar:
    """Counts finished tasks from several threads, and draws a bar on stderr where somebody is watching.

    Parameters
    ----------
    total : int
        Tasks in all.
    what : str
        What is being done.
    """

    def __init__(self, total, what):
        self.total = total
        self.what = what
        self.done = 0
        self._lock = threading.Lock()

    def __enter__(self):
        self._draw()
        return self

    def __exit__(self, *exception):
        if sys.stderr.isatty():
            print(file=sys.stderr)

    def advance(self):
        """Count one more task."""
        with self._lock:
            self.done += 1
            self._draw()

    def _draw(self):
        if sys.stderr.isatty():
            filled = "#" * round(BAR_WIDTH * self.done / self.total)
            bar = f"\r{self.what} [{filled:.<{BAR_WIDTH}}] {self.done}/{self.total}"
            print(bar, end="", file=sys.stderr, flush=True)


@contextmanager
def silent_stderr():
    """Send what native code writes to stderr nowhere: TensorFlow notes there how it was built, at any log level."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def load_keras_silently():
    """Load Keras before anything else does. Errors still show: they are Python's, raised after stderr is back."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with silent_stderr():
        import keras  # noqa: F401 - loaded for later
