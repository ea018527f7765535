"""Batches of samples of like length, and time steps that no sample of a batch has observed."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from training_examples import LONG, StopAfter

from sklstm import KerasRegressor, LSTMRegressor, networks
from sklstm.training import SampleBatches, Settings, fit_network, predict_outputs

MANY = np.random.default_rng(0).integers(10, 401, 4003)
SAME = {"rtol": 1e-6, "atol": 1e-6}


def by_length(lengths, batch_size=32, rng=None, **params):
    """Return batches whose inputs are the numbers of the samples."""
    numbers = np.arange(len(lengths), dtype=float)[:, None, None]
    samples = np.arange(len(lengths))
    return SampleBatches(lambda s: numbers[s], [numbers[:, 0]], samples, batch_size, rng=rng, lengths=lengths, **params)


def longest(loader, lengths):
    """Return the length of each batch."""
    size = loader.batch_size
    return np.array([lengths[loader.samples[k * size : (k + 1) * size]].max() for k in range(len(loader))])


# --- when: where batches are shorter by enough ----------------------------------------------------


@pytest.mark.parametrize(
    ("lengths", "batch_size", "uneven"),
    [
        (MANY, 32, True),
        (np.repeat([10, 400], 1000), 32, True),
        # In batches of one sample, there is nothing to gain.
        (MANY, 1, False),
        (np.full(1000, 400), 32, False),
        # Windows of a series: all but the first are full.
        (np.minimum(np.arange(1, 4000), 400), 32, False),
        # A single one that is long lengthens one batch only.
        (np.r_[400, np.full(999, 20)], 32, False),
        # All are short.
        (MANY // 20, 32, False),
        # Lengths differ by less than makes a quarter.
        (MANY // 4 + 300, 32, False),
        # Pools of two batches (of at most a quarter of all) do not gain a quarter here, pools of three do.
        (MANY[: 12 * 32 - 1], 32, False),
        (MANY[: 12 * 32], 32, True),
        # Of fewer than eight batches the same samples would come together again and again.
        (np.repeat([10, 400], 4 * 32)[:-1], 32, False),
        (MANY[:0], 32, False),
    ],
    ids=["uniform", "two", "alone", "same", "windows", "outlier", "short", "alike", "few", "enough", "fewest", "none"],
)
def test_the_rule(lengths, batch_size, uneven):
    """Batches go by length where they are shorter by a quarter and by 16 time steps, of at least eight batches."""
    assert by_length(lengths, batch_size).uneven is uneven


def sorted_in_pools(samples, lengths, batch_size):
    """Samples in pools of 32 batches, or of a quarter of all, each in the order of lengths."""
    size = min(32, len(samples) // batch_size // 4) * batch_size
    pools = [samples[first : first + size] for first in range(0, len(samples), size)]
    return np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])


@pytest.mark.parametrize("power", [0.05, 0.3, 1, 2, 4])
@pytest.mark.parametrize(("n_batches", "batch_size"), [(8, 16), (40, 8), (80, 32)])
def test_the_rule_foresees_how_long_batches_are(n_batches, batch_size, power):
    """The rule compares what many epochs show: batches in random order, and batches of sorted pools."""
    rng = np.random.RandomState(0)
    lengths = (10 + 390 * rng.uniform(size=n_batches * batch_size) ** power).astype(int)
    orders = [rng.permutation(len(lengths)) for _ in range(30)]
    in_random_order, in_pools = (
        np.mean([lengths[order].reshape(n_batches, -1).max(1) for order in some])
        for some in (orders, [sorted_in_pools(order, lengths, batch_size) for order in orders])
    )
    share, saved = in_pools / in_random_order, in_random_order - in_pools
    # Near its two bounds the rule may be wrong.
    if abs(share - 0.75) > 0.1 and abs(saved - 16) > 8:
        assert by_length(lengths, batch_size).uneven == (share < 0.75 and saved > 16)


# --- which samples come together ------------------------------------------------------------------


@given(n_samples=st.integers(32, 300), batch_size=st.integers(1, 12), seed=st.integers(0, 9), shuffled=st.booleans())
def test_every_sample_once(n_samples, batch_size, seed, shuffled):
    """In each epoch every sample comes once, beside its own target; only the last batch is short."""
    lengths = np.random.default_rng(seed).integers(1, 1000, n_samples)
    loader = by_length(lengths, batch_size, np.random.RandomState(seed) if shuffled else None)
    for _ in range(3):
        parts = [loader[k] for k in range(len(loader))]
        assert [len(inputs) for inputs, _ in parts[:-1]] == [batch_size] * (len(parts) - 1)
        inputs, targets = (np.concatenate(part) for part in zip(*parts, strict=True))
        assert_array_equal(inputs[:, 0], targets)
        assert_array_equal(np.sort(targets[:, 0]), np.arange(n_samples))
        loader.on_epoch_end()


def test_batches_are_short_and_in_random_order():
    """Batches are nearly as short as can be; long and short ones come mixed, and others in each epoch."""
    loader = by_length(MANY, rng=np.random.RandomState(0))
    before = loader.samples.copy()
    lengths = longest(loader, MANY)
    assert lengths.mean() < 1.06 * MANY.mean()
    assert abs(np.corrcoef(lengths[1:], lengths[:-1])[0, 1]) < 0.3
    loader.on_epoch_end()
    together = [{frozenset(row) for row in order[: 125 * 32].reshape(125, 32)} for order in (before, loader.samples)]
    assert not together[0] & together[1]
    assert len(loader[len(loader) - 1][0]) == len(MANY) % 32


def test_sorted_within_pools_only():
    """A batch comes from one pool: samples are shuffled, and then sorted within pools."""

    class InOrder(np.random.RandomState):
        """A generator that leaves the order of the batches as it is."""

        def permutation(self, rows):
            return rows

    lengths = np.random.default_rng(0).integers(10, 400, 32 * 4 * 2 * 4)
    shuffled = np.arange(len(lengths))
    np.random.RandomState(0).shuffle(shuffled)
    assert_array_equal(by_length(lengths, 4, InOrder(0)).samples, sorted_in_pools(shuffled, lengths, 4))


def test_reproducible_by_the_seed():
    """The same generator gives the same batches in each epoch, another one others."""
    loaders = [by_length(MANY, rng=np.random.RandomState(seed)) for seed in (0, 0, 1)]
    for _ in range(3):
        assert_array_equal(loaders[0].samples, loaders[1].samples)
        assert not np.array_equal(loaders[0].samples, loaders[2].samples)
        for loader in loaders:
            loader.on_epoch_end()


def test_without_a_generator_the_order_is_kept():
    """Samples that are not shuffled keep their order."""
    loader = by_length(MANY)
    assert loader.uneven
    loader.on_epoch_end()
    assert_array_equal(loader.samples, np.arange(len(MANY)))


def test_as_before_where_lengths_are_alike():
    """Samples of like length are shuffled as they are without lengths."""
    plain, even = (by_length(lengths, rng=np.random.RandomState(0)) for lengths in (np.arange(4003) % 2 + 99, MANY))
    assert not plain.uneven
    assert even.uneven
    rng, order = np.random.RandomState(0), np.arange(4003)
    rng.shuffle(order)
    assert_array_equal(plain.samples, order)


# --- time steps that no sample of a batch has observed --------------------------------------------


@given(st.integers(2, 5), st.integers(1, 6), st.integers(0, 99))
def test_trim_against_a_loop(batch_size, n_timesteps, seed):
    """A batch begins where the first of its samples does; one time step is left where none was observed."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(32 * batch_size, n_timesteps, 2))
    inputs[rng.uniform(size=inputs.shape[:2]) < 0.7] = np.nan
    # What lengths say decides whether batches are trimmed; where they begin is seen in the inputs.
    lengths = np.repeat([10, 10, 10, 400], 8 * batch_size)
    loader = SampleBatches(
        inputs.__getitem__, [inputs], np.arange(len(inputs)), batch_size, open_front=True, lengths=lengths
    )
    assert loader.trims
    for k in range(1, len(loader)):
        batch = inputs[k * batch_size : (k + 1) * batch_size]
        begin = 0
        while begin < n_timesteps - 1 and np.isnan(batch[:, begin]).all():
            begin += 1
        assert_array_equal(loader[k][0], batch[:, begin:])


LENGTHS = 8 * np.repeat([2, 9, 3, 5, 1, 8, 2, 9], 4)
INPUTS = np.random.default_rng(1).normal(size=(32, 72, 2)).astype(np.float32)
for sample, length in enumerate(LENGTHS):
    INPUTS[sample, : 72 - length] = np.nan
# A batch that shows nothing.
INPUTS[16:20] = np.nan
TARGETS = np.random.default_rng(2).normal(size=(32, 1)).astype(np.float32)
META = {"X_shape_": INPUTS.shape, "target_type_": "continuous", "n_outputs_": 1}


def sequences(*, trimmed, n_samples=32):
    """Batches of four, with their lengths or without."""
    lengths = np.resize(LENGTHS, n_samples) if trimmed else None
    inputs, targets = np.resize(INPUTS, (n_samples, *INPUTS.shape[1:])), np.resize(TARGETS, (n_samples, 1))
    return SampleBatches(inputs.__getitem__, [targets], np.arange(n_samples), 4, open_front=True, lengths=lengths)


class Seen(keras.layers.Layer):
    """Pass inputs on, and note their number of time steps."""

    n_timesteps = []

    def call(self, inputs):
        import tensorflow as tf

        noted = tf.py_function(lambda n: self.n_timesteps.append(int(n)), [tf.shape(inputs)[1]], [])
        with tf.control_dependencies([noted]):
            return tf.identity(inputs)


@pytest.fixture
def seen():
    """The numbers of time steps that a network is given."""
    Seen.n_timesteps.clear()
    return Seen.n_timesteps


def looking_network():
    """A network that notes what it is given."""
    return keras.Sequential([keras.Input((None, 2)), Seen(), keras.layers.GlobalMaxPooling1D(), keras.layers.Dense(1)])


def test_what_the_program_is_given(seen):
    """TensorFlow gets each batch from the first time step that it has observed, else all batches in one call."""
    for trimmed, expected in ((True, [*LENGTHS[:16:4], 1, *LENGTHS[20::4]]), (False, [72] * 8)):
        seen.clear()
        settings = Settings(keras.optimizers.SGD(0.0), "mse")
        trained = fit_network(looking_network(), sequences(trimmed=trimmed), settings, seed=0)
        assert trained.path == "graph"
        assert seen == list(expected)


def test_what_keras_is_given():
    """Keras sees two batches that differ in length before all others; the first has one time step more, of NaN."""
    loader = sequences(trimmed=True)
    assert [loader[k][0].shape[1] for k in range(8)] == [73, *LENGTHS[4:16:4], 1, *LENGTHS[20::4]]
    assert np.isnan(loader[0][0][:, 0]).all()
    assert_array_equal(loader[0][0][:, 1:], INPUTS[:4])
    assert_array_equal(loader.first()[0], INPUTS[:1])


@pytest.mark.parametrize(
    ("architecture", "optimizer", "path"),
    [
        ("bidirectional", "adam", "graph"),
        # XLA takes one shape: nothing is trimmed.
        ("vanilla", "adam", "xla"),
        ("vanilla", "nadam", "keras"),
    ],
)
def test_trimmed_batches_teach_the_same(architecture, optimizer, path):
    """Weights and losses are those of batches that are not trimmed."""
    learned = []
    for trimmed in (True, False):
        keras.utils.set_random_seed(0)
        network = getattr(networks, architecture)(META, units=2)
        batches = sequences(trimmed=trimmed)
        assert batches.trims is trimmed
        settings = Settings(keras.optimizers.get(optimizer), "mse")
        epochs = {"epochs": LONG, "callbacks": [StopAfter(1)]} if path == "xla" else {}
        trained = fit_network(network, batches, settings, validation=batches, seed=0, verbose=0, **epochs)
        assert trained.path == path
        # XLA would compile for each number of time steps.
        assert path != "keras" or not (trimmed and network.jit_compile)
        learned.append((network.get_weights(), trained.history))
    (weights, history), (expected, expected_history) = learned
    for one, other in zip(weights, expected, strict=True):
        assert_allclose(one, other, **SAME)
    assert history.keys() == expected_history.keys() == {"loss", "val_loss"}
    for name, values in history.items():
        assert_allclose(values, expected_history[name], **SAME)


def test_evaluated_in_order_of_length(seen):
    """Validation samples are evaluated in parts of 256 in the order of their lengths, and weigh as they do in one."""
    losses, in_order = [], np.sort(np.resize(LENGTHS, 600))
    for trimmed, parts in ((True, in_order[[255, 511, 599]]), (False, [72])):
        keras.utils.set_random_seed(0)
        settings, watched = Settings(keras.optimizers.SGD(0.1), "mse"), sequences(trimmed=trimmed, n_samples=600)
        trained = fit_network(looking_network(), sequences(trimmed=trimmed), settings, validation=watched, seed=0)
        losses.append(trained.history["val_loss"])
        assert seen[8:] == list(parts)
        seen.clear()
    assert_allclose(losses[0], losses[1], **SAME)


def test_other_backends_are_given_all_time_steps(monkeypatch):
    """A backend that compiles for each number of time steps is given one."""
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    loader = sequences(trimmed=True)
    assert loader.uneven
    assert not loader.trims
    assert loader[0][0].shape == (4, 72, 2)


# --- predictions ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def state():
    """The network of an untrained estimator."""
    return LSTMRegressor(architecture="bidirectional", units=2, random_state=0).initialize(INPUTS, TARGETS).network_


def test_predictions_come_in_the_order_given(state):
    """Chunks are of samples of like length, and each sample is predicted as it is alone, trimmed or not."""
    order = np.random.default_rng(0).permutation(32)
    inputs, lengths, asked = INPUTS[order], LENGTHS[order], []

    def gather(samples):
        asked.append(lengths[samples])
        return inputs[samples]

    (outputs,) = predict_outputs(state, gather, 32, chunk=4, lengths=lengths)
    assert [len(chunk) for chunk in asked] == [4] * 8
    assert_array_equal(np.concatenate(asked), np.sort(lengths))
    (expected,) = predict_outputs(state, inputs.__getitem__, 32)
    assert_allclose(outputs, expected, **SAME)
    alone = [predict_outputs(state, inputs[[k]].__getitem__, 1)[0] for k in range(32)]
    assert_allclose(outputs, np.concatenate(alone), **SAME)


def chunks(state, lengths, **params):
    """Numbers of the samples that are gathered together."""
    asked = []

    def gather(samples):
        asked.append(samples.tolist())
        return INPUTS[samples % 32]

    predict_outputs(state, gather, len(lengths), lengths=lengths, **params)
    return asked


def test_chunks_as_they_come_where_lengths_are_alike(state):
    """Samples of one length are predicted in their order, in chunks of 1,024 or as asked for."""
    assert chunks(state, np.full(1100, 72)) == [list(range(1024)), list(range(1024, 1100))]
    assert chunks(state, np.full(32, 72), chunk=20) == [list(range(20)), list(range(20, 32))]


def test_chunks_of_uneven_samples_are_small(state):
    """Samples of different lengths are predicted at most 256 at once, or fewer where asked for."""
    assert [len(chunk) for chunk in chunks(state, np.resize(LENGTHS, 1100))] == [220] * 5
    assert max(len(chunk) for chunk in chunks(state, LENGTHS, chunk=3)) == 3


def test_short_samples_are_trimmed_alone(seen):
    """A few short samples, padded to many time steps, cost no more than they are long."""
    model = KerasRegressor(looking_network, random_state=0).initialize(np.zeros((4, 72, 2)), TARGETS[:4])
    seen.clear()
    for lengths in (LENGTHS[:4], None):
        predict_outputs(model.network_, INPUTS[:4].__getitem__, 4, lengths=lengths)
    assert seen == [16, 72]
