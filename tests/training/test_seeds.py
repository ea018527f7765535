import random
import threading

import keras
from numpy.testing import assert_array_equal

from sklstm.training import keras_seeds


def weights(seed):
    with keras_seeds(seed):
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)]).get_weights()[0]


def test_default_seeds_follow():
    """Keras' default seeds follow from the seed alone."""
    assert_array_equal(weights(3), weights(3))
    assert (weights(3) != weights(4)).any()


def test_the_generator_is_put_back():
    """Python's generator is in the same state after the block, also after an error."""
    state, randint = random.getstate(), random.randint
    weights(0)
    try:
        with keras_seeds(0):
            raise KeyError
    except KeyError:
        assert random.getstate() == state
    assert random.randint == randint


def test_a_block_in_a_block():
    """The inner block has seeds of its own, and the outer one goes on where it was."""
    expected = random.Random(1)
    with keras_seeds(1):
        assert random.randint(1, 10**9) == expected.randint(1, 10**9)
        assert (weights(3) == weights(3)).all()
        assert random.randint(1, 10**9) == expected.randint(1, 10**9)


def test_other_threads_draw_the_same_numbers():
    """A thread that draws during the block changes no seed, and gets the numbers that it gets without it."""
    expected = weights(3)
    random.seed(5)
    undisturbed = [random.randint(1, 10**9) for _ in range(3)]
    random.seed(5)
    drawn = []
    with keras_seeds(3):
        other = threading.Thread(target=lambda: drawn.extend(random.randint(1, 10**9) for _ in range(3)))
        other.start()
        other.join()
        network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
    assert drawn == undisturbed
    assert_array_equal(network.get_weights()[0], expected)


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
