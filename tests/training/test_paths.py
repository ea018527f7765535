"""Which way a fit is computed, rule by rule; and that each rule leads to what Keras' own fit computes."""

import joblib
import keras
import numpy as np
import pytest
from keras import layers
from numpy.testing import assert_allclose

from sklstm.training import SampleBatches, StreamBatches, _paths, fit_network, shuffled_rows
from sklstm.training._epoch_program import Form
from sklstm.training._paths import choose_form

RNG = np.random.default_rng(0)
N_SAMPLES, N_TIMESTEPS, BATCH_SIZE = 19, 4, 8
INPUTS = RNG.normal(size=(N_SAMPLES, N_TIMESTEPS, 2)).astype(np.float32)
WORDS = RNG.integers(5, size=(N_SAMPLES, N_TIMESTEPS)).astype(np.int32)
TARGETS = RNG.integers(2, size=(N_SAMPLES, 1)).astype(np.float32)


def network(*after, first=None, **lstm):
    """A network of an LSTM, with layers after it."""
    state = layers.LSTM(2, use_cudnn=False, **lstm)
    parts = [*([first] if first else []), state, *after, layers.Dense(1, activation="sigmoid")]
    inputs = keras.Input((None,), dtype="int32") if isinstance(first, layers.Embedding) else keras.Input((None, 2))
    outputs = inputs
    for part in parts:
        outputs = part(outputs)
    return keras.Model(inputs, outputs)


def batches(model=None, batch_size=BATCH_SIZE, n_samples=N_SAMPLES):
    words = model is not None and model.inputs[0].dtype == "int32"
    inputs = WORDS if words else INPUTS
    return SampleBatches(
        lambda samples: inputs[samples % N_SAMPLES],
        [np.resize(TARGETS, (n_samples, 1))],
        np.arange(n_samples),
        batch_size,
    )


def form(model, optimizer="adam", loss="mse", metrics=(), *, data=None, epochs=1, **params):
    """The form chosen for a network that is compiled so."""
    if not model.compiled:
        model.compile(optimizer, loss, metrics=list(metrics) or None, **params)
    return choose_form(model, data or batches(model), epochs)


@pytest.fixture
def long(monkeypatch):
    """Any fit is long, and any work is much; there are two cores."""
    monkeypatch.setattr(_paths, "LONG", 0)
    monkeypatch.setattr(_paths, "MUCH_WORK", 0)
    monkeypatch.setattr(_paths, "SMALLEST_SHARE", 2)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)


# --- long fits, and much work ---------------------------------------------------------------------


def test_a_long_fit_is_for_xla():
    """From so many time steps on, over all batches and epochs, it is XLA's, with batches of one size."""
    first = -(-_paths.LONG // (N_TIMESTEPS * 3))
    assert form(network(), epochs=first - 1) == Form("graph", None, room=64)
    assert form(network(), epochs=first) == Form("xla", BATCH_SIZE, room=64)


def test_a_table_counts_as_one_time_step():
    """Inputs of two axes have no time steps."""
    inputs = keras.Input((2,))
    model = keras.Model(inputs, layers.Dense(1)(inputs))
    data = SampleBatches(lambda samples: INPUTS[samples, 0], [TARGETS], np.arange(N_SAMPLES), BATCH_SIZE)
    first = -(-_paths.LONG // 3)
    assert form(model, data=data, epochs=first - 1).path == "graph"
    assert form(model, data=data, epochs=first).path == "xla"


@pytest.mark.parametrize(("n_samples", "size"), [(19, 8), (8, 8), (7, 8), (4, 4), (3, 4), (1, 1)])
def test_the_one_size_of_batches(n_samples, size, monkeypatch):
    """Fewer samples than a batch are filled up to the next power of two."""
    monkeypatch.setattr(_paths, "LONG", 0)
    assert form(network(), data=batches(n_samples=n_samples)).batch_size == size


@pytest.mark.parametrize(
    ("n_cores", "batch_size", "n_shards"),
    [
        (1, 32, 1),
        (2, 32, 2),
        (3, 32, 2),
        (4, 32, 4),
        (64, 32, 4),
        (4, 16, 2),
        (4, 24, 1),
        (4, 48, 2),
        (4, 8, 1),
        (4, 4, 1),
    ],
)
def test_shares_of_a_batch(n_cores, batch_size, n_shards, monkeypatch):
    """Much work is cut into as many even shares as there are cores for, none of them too small."""
    monkeypatch.setattr(_paths, "LONG", 0)
    monkeypatch.setattr(joblib, "cpu_count", lambda: n_cores)
    model, data = network(), batches(batch_size=batch_size, n_samples=100)
    assert (form(model, data=data).path, form(model, data=data).n_shards) == ("xla", 1)
    monkeypatch.setattr(_paths, "MUCH_WORK", 6 * batch_size * N_TIMESTEPS * model.count_params())
    chosen = form(model, data=data)
    assert (chosen.path, chosen.n_shards) == ("xla" if n_shards == 1 else "xla-shards", n_shards)


def test_room_for_batches(monkeypatch):
    """A call holds as many batches as memory and a fraction of a second allow, and one at least."""
    monkeypatch.setattr(_paths, "LONG", 0)
    batch = INPUTS[:1].nbytes * BATCH_SIZE
    for path in ("xla", "graph"):
        for n_bytes, room in ((3 * batch, 3), (batch - 1, 1), (999 * batch, 64)):
            monkeypatch.setattr(_paths, "MOST_BYTES", n_bytes)
            assert form(network()).room == room
        monkeypatch.setattr(_paths, "LONG", 10**9)
        assert path == "graph" or form(network()).path == "graph"
    monkeypatch.setattr(_paths, "LONG", 0)
    model = network()
    monkeypatch.setattr(_paths, "MOST_WORK", 2 * 6 * BATCH_SIZE * N_TIMESTEPS * model.count_params())
    assert form(model).room == 2


# --- what XLA is not for --------------------------------------------------------------------------


def own_loss(y_true, y_pred):
    return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)


class Doubled(layers.Layer):
    """A layer that Keras does not know."""

    def call(self, inputs):
        return 2 * inputs


BY_XLA = {
    "plain": (network, {}),
    "dropout": (lambda: network(layers.Dropout(0.5), dropout=0.5), {}),
    "layer normalization": (lambda: network(layers.LayerNormalization()), {}),
    "weights penalised": (lambda: network(kernel_regularizer="l2"), {}),
    "metrics": (network, {"loss": "binary_crossentropy", "metrics": ["accuracy", keras.metrics.MeanSquaredError()]}),
}
BY_TENSORFLOW = {
    "batch normalization": (lambda: network(layers.BatchNormalization()), {}),
    "spectral normalization": (lambda: network(layers.SpectralNormalization(layers.Dense(2))), {}),
    "activities penalised": (lambda: network(activity_regularizer="l2"), {}),
    "frozen": (lambda: network(layers.Dense(2, trainable=False)), {}),
    "AUC": (network, {"metrics": ["AUC"]}),
    # It shows masks to nobody, and so would count what fills up a batch.
    "RMSE": (network, {"metrics": ["RootMeanSquaredError"]}),
    "own loss": (network, {"loss": own_loss}),
    "own metric": (network, {"metrics": [own_loss]}),
    # One number for a whole batch.
    "Dice": (network, {"loss": "dice"}),
    "Tversky": (network, {"loss": "tversky"}),
    "own layer": (lambda: network(Doubled()), {}),
}


@pytest.mark.parametrize("name", BY_XLA)
def test_by_xla(name, long):
    """What is the same for filled up batches, in shares, is XLA's."""
    build, compiled = BY_XLA[name]
    assert form(build(), **compiled) == Form("xla-shards", BATCH_SIZE, room=64, n_shards=2)


@pytest.mark.parametrize("name", BY_TENSORFLOW)
def test_by_tensorflow(name, long):
    """What would notice samples that only fill up a batch, or XLA might not know, is TensorFlow's."""
    build, compiled = BY_TENSORFLOW[name]
    assert form(build(), **compiled).path == "graph"


def test_one_program_for_all_of_a_batch(long):
    """Several outputs, and sums of losses, are not cut into shares."""
    inputs = keras.Input((None, 2))
    state = layers.LSTM(2)(inputs)
    two = keras.Model(inputs, [layers.Dense(1)(state), layers.Dense(1)(state)])
    data = SampleBatches(lambda samples: INPUTS[samples], [TARGETS, TARGETS], np.arange(N_SAMPLES), BATCH_SIZE)
    assert form(two, loss=["mse", "mae"], data=data).path == "xla"
    for reduction, path in (("sum", "xla"), ("mean_with_sample_weight", "xla"), ("mean", "xla-shards")):
        assert form(network(), loss=keras.losses.MeanSquaredError(reduction=reduction)).path == path


def test_not_by_xla_on_a_gpu(long, monkeypatch):
    """Where there is a GPU, XLA was not tried."""
    import tensorflow as tf

    model, devices = network(), tf.config.list_physical_devices()
    model.compile("adam", "mse")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda *_: devices)
    assert form(model).path == "graph"


# --- what only Keras knows ------------------------------------------------------------------------


class OwnStep(keras.Model):
    """A training step of one's own."""

    def train_step(self, data):
        return super().train_step(data)


class OwnLoss(keras.Model):
    """A loss of one's own."""

    def compute_loss(self, *args, **params):
        return super().compute_loss(*args, **params)


class OnlyItsName(keras.Model):
    """A class of one's own that does nothing of its own."""


class Subclassed(keras.Model):
    """A network that is no graph of layers."""

    def __init__(self):
        super().__init__()
        self.lstm, self.dense = layers.LSTM(2), layers.Dense(1)

    def call(self, inputs):
        return self.dense(self.lstm(inputs))


def of_class(cls):
    plain = network()
    return cls(plain.inputs, plain.outputs)


def with_two_inputs():
    inputs = [keras.Input((None, 2)), keras.Input((None, 2))]
    return keras.Model(inputs, layers.Dense(1)(layers.LSTM(2)(layers.Add()(inputs))))


def without_weights():
    inputs = keras.Input((None, 2))
    return keras.Model(inputs, layers.GlobalAveragePooling1D()(inputs))


@pytest.mark.parametrize(
    "build", [lambda: of_class(OwnStep), lambda: of_class(OwnLoss), Subclassed, with_two_inputs, without_weights]
)
def test_networks_that_keras_trains(build):
    """Steps of their own, two inputs, no graph of layers, and nothing to learn are left to Keras."""
    model = build()
    model.compile("adam", "mse")
    assert choose_form(model, batches(), 1) is None


def test_a_class_of_ones_own(long):
    """A class that changes no step is trained by a program."""
    assert form(of_class(OnlyItsName)).path == "graph"


@pytest.mark.parametrize(
    "optimizer",
    [
        keras.optimizers.Nadam(),
        keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam()),
        keras.optimizers.Adam(use_ema=True),
        keras.optimizers.Adam(gradient_accumulation_steps=2),
        keras.optimizers.Adam(loss_scale_factor=2.0),
    ],
    ids=["Nadam", "LossScaleOptimizer", "use_ema", "gradient_accumulation_steps", "loss_scale_factor"],
)
def test_optimizers_that_keras_applies(optimizer):
    """Optimizers that write in ways of their own are left to Keras."""
    assert form(network(), optimizer) is None


def test_other_ways_that_are_keras_own(monkeypatch):
    """Eager execution, streams of samples and another backend are left to Keras."""
    import tensorflow as tf

    samples = np.arange(N_SAMPLES)
    stream = StreamBatches(lambda chosen: INPUTS[chosen], [TARGETS], lambda: shuffled_rows(samples, BATCH_SIZE))
    assert form(network(), data=stream) is None
    assert form(network(), run_eagerly=True) is None
    tf.config.run_functions_eagerly(True)
    try:
        assert form(network()) is None
    finally:
        tf.config.run_functions_eagerly(False)
    model = network()
    assert form(model) is not None
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert choose_form(model, batches(), 1) is None


# --- each way leads to the same -------------------------------------------------------------------


EMBEDDED = {"embedding": (lambda: network(first=layers.Embedding(5, 2, mask_zero=True)), {})}
TRAINED = {
    name: (BY_XLA | BY_TENSORFLOW | EMBEDDED)[name]
    for name in ("metrics", "batch normalization", "activities penalised", "AUC", "RMSE", "Dice", "embedding")
}


@pytest.mark.parametrize("name", TRAINED)
def test_the_way_chosen_is_keras_own_fit(name, long):
    """Whatever a network is made of and compiled with, weights, losses and metrics are those of Keras' own fit."""
    build, compiled = TRAINED[name]
    ours, theirs = build(), build()
    for model in (ours, theirs):
        rng = np.random.default_rng(1)
        for variable in model.trainable_variables:
            variable.assign(rng.normal(size=variable.shape))
        model.compile(**({"optimizer": "adam", "loss": "mse"} | compiled), run_eagerly=model is theirs)
    trained = fit_network(ours, batches(ours), None, seed=0, epochs=3)
    inputs, targets = batches(ours).pick(np.arange(N_SAMPLES))
    expected = theirs.fit(inputs, targets, batch_size=BATCH_SIZE, epochs=3, shuffle=False, verbose=0).history
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert_allclose(one, other, atol=1e-5, rtol=0)
    assert trained.history.keys() == expected.keys()
    for key, values in trained.history.items():
        assert_allclose(values, expected[key], rtol=1e-4)
