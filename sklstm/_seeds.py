"""Keras' default seeds, drawn from a generator of ours for a moment."""

import random
import threading
from contextlib import contextmanager

# One thread at a time may take the place of Python's generator.
_taken = threading.RLock()


@contextmanager
def keras_seeds(seed):
    """Whatever Keras seeds by default in this block (weights, dropout) follows from `seed`.

    Keras draws default seeds by ``random.randint``. In this block, and in this thread, they come from a generator of
    their own. Python's is not seeded: other threads draw from it at any time (those of a Dask worker, for one), which
    would change what this one finds there.

    Parameters
    ----------
    seed : int
        The same seed gives the same weights.
    """
    ours, here = random.Random(seed), threading.get_ident()
    with _taken:
        theirs = random.randint

        def randint(a, b):
            return ours.randint(a, b) if threading.get_ident() == here else theirs(a, b)

        random.randint = randint
        try:
            yield
        finally:
            random.randint = theirs


def is_seed(variable):
    """Whether a variable of a network is what one of its generators draws from."""
    return variable.path.endswith("seed_generator_state")
