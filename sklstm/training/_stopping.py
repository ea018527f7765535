"""Fits that run in other threads, stopped from one of them."""

import threading
from contextlib import contextmanager

_stopping = threading.Event()


@contextmanager
def stopping_fits():
    """Stop all fits of this process while the block runs: each raises KeyboardInterrupt before its next compiled call.

    Fits that Keras' own fit trains go on to their end.
    """
    _stopping.set()
    try:
        yield
    finally:
        _stopping.clear()


def raise_if_stopping():
    """Raise KeyboardInterrupt while fits are to stop."""
    if _stopping.is_set():
        raise KeyboardInterrupt
