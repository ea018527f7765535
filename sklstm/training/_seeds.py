"""Keras' default seeds, drawn from a seed of ours for a moment."""

import random
import threading
from contextlib import contextmanager

# Python's generator is shared by all threads: one at a time may borrow it.
_borrowed = threading.RLock()


@contextmanager
def keras_seeds(seed):
    """Whatever Keras seeds by default in this block (weights, dropout) follows from `seed`.

    Keras draws default seeds from Python's global generator. It is put back as it was, so nothing outside of
    the block is seeded.

    Parameters
    ----------
    seed : int
        The same seed gives the same weights.
    """
    with _borrowed:
        before = random.getstate()
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(before)


def is_seed(variable):
    """Whether a variable of a network is what one of its generators draws from."""
    return variable.path.endswith("seed_generator_state")
