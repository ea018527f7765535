import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sklstm.training import WindowBatches, split_time_tail


def batches(n_samples, batch_size, rng=None):
    targets = np.arange(n_samples)[:, None]
    return WindowBatches(lambda samples: -targets[samples], targets, np.arange(n_samples), batch_size, rng)


@given(n_samples=st.integers(1, 50), batch_size=st.integers(1, 60), shuffled=st.booleans())
@settings(max_examples=50, deadline=None)
def test_every_sample_once(n_samples, batch_size, shuffled):
    """An epoch holds every sample once, inputs beside their own targets."""
    loader = batches(n_samples, batch_size, np.random.RandomState(0) if shuffled else None)
    inputs, targets = zip(*(loader[k] for k in range(len(loader))), strict=True)
    assert_array_equal(np.concatenate(inputs), -np.concatenate(targets))
    assert_array_equal(np.sort(np.concatenate(targets)[:, 0]), np.arange(n_samples))


def test_shuffled_anew_for_each_epoch():
    """With a generator the order changes from epoch to epoch, without one it stays."""
    for rng, same in ((np.random.RandomState(0), False), (None, True)):
        loader = batches(50, 50, rng)
        first = loader[0][1]
        loader.on_epoch_end()
        assert np.array_equal(first, loader[0][1]) == same


@given(n_samples=st.integers(1, 100), fraction=st.floats(0, 0.99), gap=st.integers(0, 20))
@settings(max_examples=100, deadline=None)
def test_the_tail_is_apart(n_samples, fraction, gap):
    """Validation samples come last, and a gap lies before them."""
    try:
        training, validation = split_time_tail(n_samples, fraction, gap)
    except ValueError as error:
        assert "leaves nothing to train on" in str(error)  # noqa: PT017 - either outcome is right
        return
    assert_array_equal(training, np.arange(len(training)))
    if fraction == 0:
        assert len(training) == n_samples
    else:
        assert validation[-1] == n_samples - 1
        assert validation[0] - training[-1] == gap + 1


def test_no_fraction_no_validation():
    """None leaves every sample to train on."""
    training, validation = split_time_tail(5, None, gap=3)
    assert len(training) == 5
    assert len(validation) == 0


def test_tail_that_leaves_nothing():
    """A tail that leaves nothing to train on is refused whole."""
    with pytest.raises(ValueError, match="leaves nothing to train on") as error:
        split_time_tail(10, 0.5, gap=5)
    assert str(error.value) == (
        "validation_fraction=0.5 leaves nothing to train on: of 10 samples 5 are for validation, and 5 before them "
        "share time steps with these. Lower validation_fraction or pass more samples."
    )
