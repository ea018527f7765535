import random
import threading

import keras
from numpy.testing import assert_array_equal

from sklstm.training import keras_seeds


def weights(seed):
    with keras_seeds(seed):
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)]).get_weights()[0]


def test_default_seeds_follow():
    """What Keras seeds by default follows from the seed alone."""
    assert_array_equal(weights(3), weights(3))
    assert (weights(3) != weights(4)).any()


def test_the_generator_is_put_back():
    """Python's generator goes on as if nothing had happened, also after an error."""
    before = random.getstate()
    weights(0)
    try:
        with keras_seeds(0):
            raise KeyError
    except KeyError:
        assert random.getstate() == before


def test_one_at_a_time():
    """Threads that build at the same time do not disturb each other."""
    expected = {seed: weights(seed) for seed in range(4)}
    found = {}
    threads = [threading.Thread(target=lambda seed=seed: found.update({seed: weights(seed)})) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, values in expected.items():
        assert_array_equal(found[seed], values)
