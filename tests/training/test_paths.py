"""The path of a fit, rule by rule, and each path against Keras' own fit.

The rules are asked by themselves: to compile a fit for each of them would take a second each.
"""

import joblib
import keras
import numpy as np
import pytest
from keras import layers
from keras.optimizers import schedules
from training_examples import LONG, Doubled, OwnStep, StopAfter, assert_same, assert_same_history

from sklstm.training import SampleBatches, StreamBatches, fit_network, shuffled_rows
from sklstm.training._paths import choose_form

RNG = np.random.default_rng(0)
N_SAMPLES, N_TIMESTEPS, BATCH_SIZE = 71, 8, 32
INPUTS = RNG.normal(size=(N_SAMPLES, N_TIMESTEPS, 2)).astype(np.float32)
CODES = RNG.integers(5, size=(N_SAMPLES, N_TIMESTEPS)).astype(np.int32)
TARGETS = RNG.integers(2, size=(N_SAMPLES, 1)).astype(np.float32)
# A fit of at least so many time steps, over all batches and epochs, is long.
LONG_STEPS = 600
# In batches of 32 samples with eight time steps, an LSTM of so many units has work for two cores.
MANY_UNITS = 64


def network(*after, first=None, units=2, **lstm):
    """A network of an LSTM, with layers after it."""
    parts = [*([first] if first else []), layers.LSTM(units, use_cudnn=False, **lstm)]
    inputs = keras.Input((None,), dtype="int32") if isinstance(first, layers.Embedding) else keras.Input((None, 2))
    outputs = inputs
    for part in [*parts, *after, layers.Dense(1, activation="sigmoid")]:
        outputs = part(outputs)
    return keras.Model(inputs, outputs)


def large_network(*after, **lstm):
    """A network with work for two cores."""
    return network(*after, units=MANY_UNITS, **lstm)


def batches(model=None, batch_size=BATCH_SIZE, n_samples=N_SAMPLES):
    inputs = CODES if model is not None and model.inputs[0].dtype == "int32" else INPUTS
    return SampleBatches(
        lambda samples: inputs[samples % N_SAMPLES],
        [np.resize(TARGETS, (n_samples, 1))],
        np.arange(n_samples),
        batch_size,
    )


def form(model, optimizer="adam", loss="mse", metrics=(), *, data=None, epochs=LONG, **params):
    """The form chosen for a network that is compiled so; of a long fit, unless `epochs` is lower."""
    if not model.compiled:
        model.compile(optimizer, loss, metrics=list(metrics) or None, **params)
    return choose_form(model, data or batches(model), epochs)


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    """The machine has two cores."""
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)


# --- long fits, and much work ---------------------------------------------------------------------


def test_a_long_fit_is_for_xla():
    """From a number of time steps on, over all batches and epochs, XLA compiles the fit for one batch size."""
    first = LONG_STEPS // (N_TIMESTEPS * 3)
    short, long = (form(network(), epochs=epochs) for epochs in (first - 1, first))
    assert (short.path, short.batch_size, short.n_timesteps, short.room, short.n_shards) == ("graph", None, None, 64, 1)
    assert (long.path, long.batch_size, long.n_timesteps, long.room, long.n_shards) == ("xla", 32, None, 64, 1)


def test_a_table_counts_as_one_time_step():
    """Inputs of two axes have no time steps."""
    inputs = keras.Input((2,))
    model = keras.Model(inputs, layers.Dense(1)(inputs))
    data = SampleBatches(lambda samples: INPUTS[samples, 0], [TARGETS], np.arange(N_SAMPLES), BATCH_SIZE)
    first = LONG_STEPS // 3
    assert form(model, data=data, epochs=first - 1).path == "graph"
    assert form(model, data=data, epochs=first).path == "xla"


@pytest.mark.parametrize(("n_samples", "size"), [(19, 8), (8, 8), (7, 8), (4, 4), (3, 4), (1, 1)])
def test_the_one_size_of_batches(n_samples, size):
    """Fewer samples than a batch are filled up to the next power of two."""
    assert form(network(), data=batches(batch_size=8, n_samples=n_samples)).batch_size == size


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
    monkeypatch.setattr(joblib, "cpu_count", lambda: n_cores)
    chosen = form(network(units=256), data=batches(batch_size=batch_size, n_samples=100))
    assert (chosen.path, chosen.n_shards) == ("xla" if n_shards == 1 else "xla-shards", n_shards)


def test_little_work_is_not_shared():
    """A batch is cut from fifteen million operations on: six for each weight, time step and sample."""
    data = batches()
    for units, path in ((47, "xla"), (48, "xla-shards")):
        model = network(units=units)
        assert (6 * BATCH_SIZE * N_TIMESTEPS * model.count_params() >= 15_000_000) == (path == "xla-shards")
        assert form(model, data=data).path == path


def windows_of_zeros(n_timesteps, batch_size):
    """Batches of windows of some length; each time step has eight bytes."""
    inputs = np.broadcast_to(np.float32(0), (N_SAMPLES, n_timesteps, 2))
    return SampleBatches(inputs.__getitem__, [TARGETS], np.arange(N_SAMPLES), batch_size)


@pytest.mark.parametrize(("n_timesteps", "room"), [(1, 64), (2**15, 4), (2**15 + 1, 3), (2**17 + 1, 1)])
def test_room_in_memory(n_timesteps, room):
    """A call holds as many batches as fit into a megabyte, at most 64 and at least one."""
    long = form(network(), data=windows_of_zeros(n_timesteps, batch_size=1))
    assert (long.path, long.room) == ("xla", room)


@pytest.mark.parametrize(("batch_size", "room"), [(2**12, 4), (2**12 + 1, 3), (2**18, 1)])
def test_room_of_a_short_fit(batch_size, room):
    """The same holds for a call of TensorFlow's."""
    short = form(network(), data=batches(batch_size=batch_size), epochs=1)
    assert (short.path, short.room) == ("graph", room)


def test_room_for_much_work():
    """A call of XLA holds as many batches as take a fraction of a second, though memory has room for four."""
    data = windows_of_zeros(n_timesteps=1024, batch_size=BATCH_SIZE)
    assert [form(network(units=units), data=data).room for units in (64, 128)] == [4, 1]


# --- what XLA is not for --------------------------------------------------------------------------


def own_loss(y_true, y_pred):
    return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)


BY_XLA = {
    "plain": (large_network, {}),
    "dropout": (lambda: large_network(layers.Dropout(0.5), dropout=0.5), {}),
    "layer normalization": (lambda: large_network(layers.LayerNormalization()), {}),
    "weights penalised": (lambda: large_network(kernel_regularizer="l2"), {}),
    "metrics": (
        large_network,
        {"loss": "binary_crossentropy", "metrics": ["accuracy", keras.metrics.MeanSquaredError()]},
    ),
}
BY_TENSORFLOW = {
    "batch normalization": (lambda: network(layers.BatchNormalization()), {}),
    "spectral normalization": (lambda: network(layers.SpectralNormalization(layers.Dense(2))), {}),
    "activities penalised": (lambda: network(activity_regularizer="l2"), {}),
    "frozen": (lambda: network(layers.Dense(2, trainable=False)), {}),
    "AUC": (network, {"metrics": ["AUC"]}),
    # Keras passes it no mask, so it would count samples that only fill up a batch.
    "RMSE": (network, {"metrics": ["RootMeanSquaredError"]}),
    "own loss": (network, {"loss": own_loss}),
    "own metric": (network, {"metrics": [own_loss]}),
    # One number for a whole batch.
    "Dice": (network, {"loss": "dice"}),
    "Tversky": (network, {"loss": "tversky"}),
    "own layer": (lambda: network(Doubled()), {}),
}


@pytest.mark.parametrize("name", BY_XLA)
def test_by_xla(name):
    """Networks that learn the same from batches that are filled up, and from shares of them, are XLA's."""
    build, compiled = BY_XLA[name]
    assert form(build(), **compiled).path == "xla-shards"


@pytest.mark.parametrize("name", BY_TENSORFLOW)
def test_by_tensorflow(name):
    """Networks that would notice samples that only fill up a batch, or that XLA might not know, are TensorFlow's."""
    build, compiled = BY_TENSORFLOW[name]
    assert form(build(), **compiled).path == "graph"


def test_one_program_for_all_of_a_batch():
    """Several outputs, and sums of losses, are not cut into shares."""
    inputs = keras.Input((None, 2))
    state = layers.LSTM(MANY_UNITS)(inputs)
    two = keras.Model(inputs, [layers.Dense(1)(state), layers.Dense(1)(state)])
    data = SampleBatches(lambda samples: INPUTS[samples], [TARGETS, TARGETS], np.arange(N_SAMPLES), BATCH_SIZE)
    assert form(two, loss=["mse", "mae"], data=data).path == "xla"
    for reduction, path in (("sum", "xla"), ("mean_with_sample_weight", "xla"), ("mean", "xla-shards")):
        assert form(large_network(), loss=keras.losses.MeanSquaredError(reduction=reduction)).path == path


def test_not_by_xla_on_a_gpu(monkeypatch):
    """XLA, which was not tried on a GPU, does not compile where there is one."""
    import tensorflow as tf

    model, devices = network(), tf.config.list_physical_devices()
    model.compile("adam", "mse")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda *_: devices)
    assert form(model).path == "graph"


# --- what only Keras knows ------------------------------------------------------------------------


class OwnLoss(keras.Model):
    """A network class with a loss of its own."""

    def compute_loss(self, *args, **params):
        return super().compute_loss(*args, **params)


class OnlyItsName(keras.Model):
    """A network class that changes nothing."""


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
    """Own training steps, two inputs, a network without a graph of layers, and nothing to learn are left to Keras."""
    assert form(build(), data=batches()) is None


def test_an_own_class():
    """A class that changes no step is trained by a program."""
    assert form(of_class(OnlyItsName)).path == "graph"


class OwnSGD(keras.optimizers.SGD):
    """An optimizer that Keras does not know."""


class OwnSchedule(schedules.LearningRateSchedule):
    """A schedule that Keras does not know, and that has no configuration."""

    def __call__(self, step):
        return 0.1 / (1 + keras.ops.cast(step, "float32"))


def always():
    return 0.1


def without_decay_of_biases():
    optimizer = keras.optimizers.AdamW(0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


BY_KERAS = {
    "Nadam": keras.optimizers.Nadam,
    "Muon": keras.optimizers.Muon,
    "own class": OwnSGD,
    "own class of a known name": type("SGD", (OwnSGD,), {}),
    "LossScaleOptimizer": lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam()),
    "use_ema": lambda: keras.optimizers.Adam(use_ema=True),
    "gradient_accumulation_steps": lambda: keras.optimizers.Adam(gradient_accumulation_steps=2),
    "loss_scale_factor": lambda: keras.optimizers.Adam(loss_scale_factor=2.0),
    # A configuration does not say these, so that a copy would do without them, or could not be made.
    "exclude_from_weight_decay": without_decay_of_biases,
    "own schedule": lambda: keras.optimizers.Adam(OwnSchedule()),
    "own function": lambda: keras.optimizers.Adam(always),
}


@pytest.mark.parametrize("name", BY_KERAS)
def test_optimizers_that_keras_applies(name):
    """Optimizers that write to variables in their own way, or that cannot be copied, are left to Keras."""
    assert form(network(), BY_KERAS[name]()) is None


@pytest.mark.parametrize("name", ["Adadelta", "Adafactor", "Adagrad", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion"])
def test_optimizers_of_programs(name):
    """Other optimizers of Keras are applied by programs."""
    assert form(network(), getattr(keras.optimizers, name)()).path == "xla"


def test_other_fits_of_keras(monkeypatch):
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
    assert form(model) is None


# --- each path leads to the same ------------------------------------------------------------------


def dense_network(*after, **dense):
    """A network that compiles fast."""
    first = [keras.Input((N_TIMESTEPS, 2)), layers.Flatten(), layers.Dense(3, **dense)]
    return keras.Sequential([*first, *after, layers.Dense(1, activation="sigmoid")])


TRAINED = {
    "xla-shards": BY_XLA["metrics"],
    "xla": (lambda: network(first=layers.Embedding(5, 2, mask_zero=True)), {}),
    "batch normalization": (lambda: dense_network(layers.BatchNormalization()), {}),
    "activities penalised": (lambda: dense_network(activity_regularizer="l2"), {}),
    "AUC": (dense_network, {"metrics": ["AUC"]}),
    "RMSE": (dense_network, {"metrics": ["RootMeanSquaredError"]}),
    "Dice": (dense_network, {"loss": "dice"}),
}


@pytest.mark.parametrize("name", TRAINED)
def test_the_chosen_path_is_keras_own_fit(name):
    """Weights, losses and metrics are those of Keras' own fit, on the path that a network and its settings take."""
    build, compiled = TRAINED[name]
    ours, theirs = build(), build()
    for model in (ours, theirs):
        rng = np.random.default_rng(1)
        for variable in model.trainable_variables:
            variable.assign(rng.normal(size=variable.shape) / 4)
        model.compile(**({"optimizer": "adam", "loss": "mse"} | compiled), run_eagerly=model is theirs)
    trained = fit_network(ours, batches(ours), None, seed=0, epochs=LONG, callbacks=[StopAfter(2)])
    assert trained.path == (name if name.startswith("xla") else "graph")
    inputs, targets = batches(ours).pick(np.arange(N_SAMPLES))
    expected = theirs.fit(inputs, targets, batch_size=BATCH_SIZE, epochs=2, shuffle=False, verbose=0).history
    assert_same(ours.get_weights(), theirs.get_weights())
    assert_same_history(trained.history, expected)
