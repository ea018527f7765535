"""Compiled networks, kept for the next fit or predict of the same layers.

Keras compiles a network anew for each fit, which takes longer than many a fit itself, and keeps what it compiled for as
long as the process lives. So a network is compiled once for its layers and settings, and lent to one fit at a time,
with fresh weights.
"""

import threading
from collections import OrderedDict
from contextlib import contextmanager

# Each holds the weights of its network three times over, and a compiled graph of a few megabytes.
MOST_PROGRAMS = 32


class Programs:
    """A bounded store of compiled networks; the one that was not used for longest is dropped first.

    Parameters
    ----------
    most : int
        How many are kept.
    """

    def __init__(self, most=MOST_PROGRAMS):
        self.most = most
        self._idle = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def borrow(self, key, make):
        """Lend a program to one user at a time: an idle one of this key, or a new one by ``make()``.

        What raises does not come back: its state is not known.
        """
        with self._lock:
            program = self._idle[key].pop() if self._idle.get(key) else None
        program = make() if program is None else program
        yield program
        with self._lock:
            self._idle.setdefault(key, []).append(program)
            self._idle.move_to_end(key)
            while sum(map(len, self._idle.values())) > self.most:
                oldest = next(iter(self._idle))
                self._idle[oldest].pop(0)
                if not self._idle[oldest]:
                    del self._idle[oldest]

    def clear(self):
        """Forget all."""
        with self._lock:
            self._idle.clear()

    def __len__(self):
        return sum(map(len, self._idle.values()))
