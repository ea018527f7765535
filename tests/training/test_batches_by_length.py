"""Batches of samples of like length, and time steps that no sample of a batch has observed."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sklstm import networks
from sklstm._network_state import NetworkState
from sklstm.training import SampleBatches, Settings, _batches, _epoch_loop, _predict, fit_network, predict_outputs
from sklstm.training._batches import POOL, are_uneven, batched_by_length, pool_size, trim
from sklstm.training._epoch_loop import calls
from sklstm.training._epoch_program import Form

MANY = np.random.default_rng(0).integers(10, 401, 4003)
SAME = {"rtol": 1e-6, "atol": 1e-6}


def by_length(lengths, batch_size=32, rng=None, **params):
    """Batches whose inputs are the numbers of the samples."""
    numbers = np.arange(len(lengths), dtype=float)[:, None, None]
    samples = np.arange(len(lengths))
    return SampleBatches(lambda s: numbers[s], [numbers[:, 0]], samples, batch_size, rng=rng, lengths=lengths, **params)


def longest(loader, lengths):
    """How long each batch is."""
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
    """Batches by length where they are shorter by a quarter and by 16 time steps, of at least eight batches."""
    assert are_uneven(lengths, batch_size, pool_size(len(lengths), batch_size)) is uneven
    assert by_length(lengths, batch_size).uneven is uneven


@pytest.mark.parametrize("power", [0.05, 0.3, 1, 2, 4])
@pytest.mark.parametrize(("n_batches", "batch_size"), [(8, 16), (40, 8), (80, 32)])
def test_the_rule_foresees_how_long_batches_are(n_batches, batch_size, power):
    """What the rule compares is what comes of many epochs in random order, and of pools that are sorted."""
    rng = np.random.RandomState(0)
    lengths = (10 + 390 * rng.uniform(size=n_batches * batch_size) ** power).astype(int)
    epochs = [rng.permutation(lengths) for _ in range(30)]
    order = np.mean([epoch.reshape(n_batches, -1).max(1) for epoch in epochs])
    sorted_in_pools = np.mean(
        [
            lengths[batched_by_length(rng.permutation(len(lengths)), lengths, batch_size, rng)]
            .reshape(n_batches, -1)
            .max(1)
            for _ in range(30)
        ]
    )
    share = sorted_in_pools / order
    if abs(share - _batches.SHORTER) > 0.1 and abs(order - sorted_in_pools - _batches.FEWEST_SAVED) > 8:
        shorter = share < _batches.SHORTER and order - sorted_in_pools > _batches.FEWEST_SAVED
        assert are_uneven(lengths, batch_size, pool_size(len(lengths), batch_size)) == shorter


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
    assert abs(np.corrcoef(lengths, np.arange(len(lengths)))[0, 1]) < 0.3
    loader.on_epoch_end()
    together = [{frozenset(row) for row in order[: 125 * 32].reshape(125, 32)} for order in (before, loader.samples)]
    assert not together[0] & together[1]
    assert len(loader[len(loader) - 1][0]) == len(MANY) % 32


def test_sorted_within_pools_only():
    """A batch comes from a pool of its own: before they are sorted, samples are in random order."""

    class Unmoved(np.random.RandomState):
        def permutation(self, rows):
            return rows

    lengths = np.arange(POOL * 4 * 2 * 4)
    samples = np.random.default_rng(0).permutation(len(lengths))
    order = batched_by_length(samples, lengths, 4, Unmoved(0))
    for pool in np.split(np.arange(len(lengths)), 8):
        assert_array_equal(order[pool], np.sort(samples[pool]))


def test_reproducible_by_the_seed():
    """The same generator gives the same batches in each epoch, another one others."""
    loaders = [by_length(MANY, rng=np.random.RandomState(seed)) for seed in (0, 0, 1)]
    for _ in range(3):
        assert_array_equal(loaders[0].samples, loaders[1].samples)
        assert not np.array_equal(loaders[0].samples, loaders[2].samples)
        for loader in loaders:
            loader.on_epoch_end()


def test_without_a_generator_the_order_is_kept():
    """What is not shuffled comes as it was given."""
    loader = by_length(MANY)
    assert loader.uneven
    loader.on_epoch_end()
    assert_array_equal(loader.samples, np.arange(len(MANY)))


def test_as_before_where_lengths_are_alike():
    """Where there is nothing to gain, samples are shuffled as they are without lengths."""
    plain, even = (by_length(lengths, rng=np.random.RandomState(0)) for lengths in (np.arange(4003) % 2 + 99, MANY))
    assert not plain.uneven
    assert even.uneven
    rng, order = np.random.RandomState(0), np.arange(4003)
    rng.shuffle(order)
    assert_array_equal(plain.samples, order)


# --- what no sample of a batch has observed -------------------------------------------------------


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 99), st.booleans())
def test_trim_against_a_loop(n_samples, n_timesteps, seed, stacked):
    """Inputs begin where the first of their samples does; one time step is left of those that show nothing."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(n_samples, n_timesteps, 2))
    inputs[rng.uniform(size=(n_samples, n_timesteps)) < 0.7] = np.nan
    begin = 0
    while begin < n_timesteps - 1 and np.isnan(inputs[:, begin]).all():
        begin += 1
    trimmed = trim(inputs[None])[0] if stacked else trim(inputs)
    assert_array_equal(trimmed, inputs[:, begin:])


@pytest.fixture
def little(monkeypatch):
    """Little is enough to gain by batches of like length."""
    monkeypatch.setattr(_batches, "FEWEST_SAVED", 1)


LENGTHS = np.repeat([2, 9, 3, 5, 1, 8, 2, 9], 4)
INPUTS = np.random.default_rng(1).normal(size=(32, 9, 2)).astype(np.float32)
for sample, length in enumerate(LENGTHS):
    INPUTS[sample, : 9 - length] = np.nan
# A batch that shows nothing.
INPUTS[16:20] = np.nan
TARGETS = np.random.default_rng(2).normal(size=(32, 1)).astype(np.float32)
META = {"X_shape_": INPUTS.shape, "n_features_in_": 2, "target_type_": "continuous", "n_outputs_": 1}


def sequences(*, trimmed, size=4):
    lengths = LENGTHS if trimmed else None
    return SampleBatches(INPUTS.__getitem__, [TARGETS], np.arange(32), size, open_front=True, lengths=lengths)


def test_what_the_program_is_given(little):
    """By TensorFlow each batch comes in a call of its own, from the first time step that it has observed."""
    seen = [arrays[0].shape for _, _, arrays, _ in calls(sequences(trimmed=True), Form(room=8), 8)]
    assert seen == [(1, 4, n, 2) for n in LENGTHS[::4]]
    assert [arrays[0].shape for _, _, arrays, _ in calls(sequences(trimmed=False), Form(room=8), 8)] == [(8, 4, 9, 2)]
    # XLA takes one shape.
    form = Form("xla", 4, room=8)
    assert [arrays[0].shape for _, _, arrays, _ in calls(sequences(trimmed=True), form, 8)] == [(8, 4, 9, 2)]


def test_what_keras_is_given(little):
    """Keras sees two batches that differ in length before all others; what the first has more was not observed."""
    loader = sequences(trimmed=True)
    assert [loader[k][0].shape[1] for k in range(8)] == [10, *LENGTHS[4::4]]
    assert np.isnan(loader[0][0][:, 0]).all()
    assert_array_equal(loader[0][0][:, 1:], INPUTS[:4])
    assert_array_equal(loader.first()[0], INPUTS[:1])


@pytest.mark.parametrize(
    ("architecture", "optimizer", "path"),
    [
        ("vanilla", "adam", "graph"),
        ("stacked", "adam", "graph"),
        ("bidirectional", "adam", "graph"),
        ("vanilla", "nadam", "keras"),
    ],
)
def test_trimmed_batches_teach_the_same(architecture, optimizer, path, little):
    """Weights, losses and what is watched are those of batches that are not trimmed, to 1e-6."""
    learned = []
    for trimmed in (True, False):
        keras.utils.set_random_seed(0)
        network = getattr(networks, architecture)(META, units=2)
        batches = sequences(trimmed=trimmed)
        assert batches.trims is trimmed
        trained = fit_network(
            network, batches, Settings(keras.optimizers.get(optimizer), "mse"), validation=batches, epochs=2, seed=0,
            verbose=0,
        )  # fmt: skip
        assert trained.path == path
        # XLA would compile for each number of time steps.
        assert not (trimmed and network.jit_compile)
        learned.append((network.get_weights(), trained.history))
    (weights, history), (expected, expected_history) = learned
    for one, other in zip(weights, expected, strict=True):
        assert_allclose(one, other, **SAME)
    assert history.keys() == expected_history.keys() == {"loss", "val_loss"}
    for name, values in history.items():
        assert_allclose(values, expected_history[name], **SAME)


def test_watched_in_order_of_length(little, monkeypatch):
    """What is evaluated in several parts is the same, weighted by its samples."""
    losses = []
    for trimmed, at_once in ((True, 5), (False, 1024)):
        monkeypatch.setattr(_epoch_loop, "EVALUATED_BY_LENGTH", at_once)
        keras.utils.set_random_seed(0)
        network = networks.vanilla(META, units=2)
        batches = sequences(trimmed=trimmed, size=4)
        settings = Settings(keras.optimizers.SGD(0.1), "mse")
        losses.append(fit_network(network, batches, settings, validation=batches, seed=0, verbose=0).history)
    assert_allclose(losses[0]["val_loss"], losses[1]["val_loss"], **SAME)


def test_other_backends_are_given_all_time_steps(little, monkeypatch):
    """What compiles for each number of time steps is given one."""
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    loader = sequences(trimmed=True)
    assert loader.uneven
    assert not loader.trims
    assert loader[0][0].shape == (4, 9, 2)


# --- predictions ----------------------------------------------------------------------------------


@pytest.fixture
def few_at_once(little, monkeypatch):
    """Chunks of four samples are large."""
    monkeypatch.setattr(_predict, "BY_LENGTH", 4)


def test_predictions_come_in_the_order_given(few_at_once):
    """Chunks are of samples of like length, and each sample is predicted as it is alone, trimmed or not."""
    state = NetworkState.of(networks.bidirectional(META | {"n_outputs_": 2}, units=2))
    order = np.random.default_rng(0).permutation(32)
    inputs, lengths, asked = INPUTS[order], LENGTHS[order], []

    def gather(samples):
        asked.append(lengths[samples])
        return inputs[samples]

    (outputs,) = predict_outputs(state, gather, 32, lengths=lengths)
    assert [len(chunk) for chunk in asked] == [4] * 8
    assert_array_equal(np.concatenate(asked), np.sort(lengths))
    (expected,) = predict_outputs(state, inputs.__getitem__, 32)
    assert_allclose(outputs, expected, **SAME)
    alone = [predict_outputs(state, inputs[[k]].__getitem__, 1)[0] for k in range(32)]
    assert_allclose(outputs, np.concatenate(alone), **SAME)


def test_chunks_as_they_come_where_lengths_are_alike(few_at_once):
    """Samples of one length are predicted in chunks as large as asked for."""
    state, asked = NetworkState.of(networks.vanilla(META, units=2)), []

    def gather(samples):
        asked.append(list(samples))
        return INPUTS[samples]

    predict_outputs(state, gather, 32, chunk=20, lengths=np.full(32, 9))
    assert asked == [list(range(20)), list(range(20, 32))]


def test_a_smaller_chunk_is_kept(few_at_once):
    """No more samples are gathered at once than asked for."""
    state, asked = NetworkState.of(networks.vanilla(META, units=2)), []

    def gather(samples):
        asked.append(len(samples))
        return INPUTS[samples]

    predict_outputs(state, gather, 32, chunk=3, lengths=LENGTHS)
    assert max(asked) == 3
    assert sum(asked) == 32


def test_short_samples_are_trimmed_alone(monkeypatch):
    """A few short samples, padded to many time steps, cost no more than they are long."""
    seen = []
    monkeypatch.setattr(_predict, "trim", lambda inputs: seen.append(trim(inputs).shape[1]) or trim(inputs))
    state = NetworkState.of(networks.vanilla(META, units=2))
    predict_outputs(state, INPUTS[:4].__getitem__, 4, lengths=LENGTHS[:4])
    predict_outputs(state, INPUTS[:4].__getitem__, 4)
    assert seen == [2]
