"""What was compiled, kept for the next fit or predict of the same kind.

Keras compiles a network anew for each fit, which takes longer than many a fit itself, and keeps what it compiled for as
long as the process lives. So what is compiled here takes the weights as arguments, and is kept by what it depends on.
"""

import threading
from collections import OrderedDict

# Each takes 8 to 17 MB.
MOST_PROGRAMS = 64


class Programs:
    """A bounded store of compiled programs, for any number of threads; what was not used for longest goes first.

    Parameters
    ----------
    most : int
        How many are kept.
    """

    def __init__(self, most=MOST_PROGRAMS):
        self.most = most
        self._known = OrderedDict()
        self._making = {}
        self._lock = threading.Lock()

    def get(self, key, make):
        """The program of a key, made by ``make()`` where there is none; None is the key of what is not kept.

        Who asks for one that is being made waits for it.
        """
        if key is None:
            return make()
        with self._lock:
            if key in self._known:
                return self._used(key)
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._known:
                    return self._used(key)
            program = make()
            with self._lock:
                self._known[key] = program
                self._making.pop(key, None)
                while len(self._known) > self.most:
                    self._known.popitem(last=False)
        return program

    def _used(self, key):
        self._known.move_to_end(key)
        return self._known[key]

    def clear(self):
        """Forget all."""
        with self._lock:
            self._known.clear()

    def __len__(self):
        return len(self._known)


programs = Programs()


def clear_programs():
    """Forget all programs that fits and predictions have compiled so far; the next ones compile anew.

    See Also
    --------
    LSTMRegressor : Its `training_path_` says whether a program was compiled.

    Examples
    --------
    >>> from sklstm.training import clear_programs
    >>> clear_programs()
    """
    programs.clear()
