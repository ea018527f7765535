import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused

from sklstm.training import SampleBatches, StreamBatches, shuffled_rows, split_time_tail, streams


def batches(n_samples, batch_size, rng=None, weights=None):
    targets = np.arange(n_samples)[:, None]
    return SampleBatches(lambda samples: -targets[samples], [targets], np.arange(n_samples), batch_size, weights, rng)


@given(n_samples=st.integers(1, 50), batch_size=st.integers(1, 60), shuffled=st.booleans())
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


def test_weights_go_with_their_samples():
    """Each sample comes with its own weight, and so for each of several outputs."""
    loader = batches(10, 4, np.random.RandomState(0), weights=np.arange(10.0))
    _, targets, weights = loader[0]
    assert_array_equal(weights, targets[:, 0])
    loader.targets = loader.targets * 2
    _, targets, weights = loader[1]
    assert len(targets) == len(weights) == 2
    assert_array_equal(weights[1], targets[1][:, 0])


@given(n_samples=st.integers(1, 30), batch_size=st.integers(1, 12), carried=st.booleans())
def test_streams_count_every_sample_once(n_samples, batch_size, carried):
    """In batches of one size every sample counts once, and a batch that is not full weighs as much as a full one."""
    batch_size = min(batch_size, n_samples)
    samples, targets = np.arange(n_samples), np.arange(n_samples)[:, None]
    rng = np.random.RandomState(0)

    def layout():
        return streams(samples, batch_size) if carried else shuffled_rows(samples, batch_size, rng)

    loader = StreamBatches(lambda chosen: -targets[chosen], [targets], layout)
    counted = []
    for k in range(len(loader)):
        (inputs, keep), y, weights = loader[k]
        assert inputs.shape == (batch_size, 1)
        assert_array_equal(inputs, -y)
        assert_allclose(weights.sum(), batch_size, rtol=1e-5)
        assert carried or not keep.any()
        counted.extend(y[weights > 0, 0])
    assert sorted(counted) == list(samples)


@given(n_samples=st.integers(1, 100), fraction=st.floats(0, 0.99), gap=st.integers(0, 20))
def test_the_tail_is_apart(n_samples, fraction, gap):
    """Validation samples come last, and a gap lies before them."""
    try:
        training, validation = split_time_tail(np.arange(n_samples), fraction, gap, "Somebody")
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
    training, validation = split_time_tail(np.arange(5), None, 3, "Somebody")
    assert len(training) == 5
    assert len(validation) == 0


def test_tail_that_leaves_nothing():
    """A tail that leaves nothing to train on is refused whole."""
    assert refused(split_time_tail, np.arange(10), 0.5, 5, "LSTMRegressor(validation=0.5)") == snapshot(
        "LSTMRegressor(validation=0.5) leaves nothing to train on: of 10 samples 5 are for validation, and the 5 before them are left out, as samples that share time steps would be. Lower it, pass more samples, or TimeTail(fraction, gap=0) if samples share nothing."
    )
