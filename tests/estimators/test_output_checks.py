"""Output layer, loss and targets must fit each other, and the messages say what would fit."""

from functools import partial

import keras
import numpy as np
import pytest
from inline_snapshot import snapshot
from refusal import refused

from sklstm import Architecture, KerasClassifier, KerasRegressor, LSTMClassifier, LSTMRegressor, SeriesScaler

CODES = np.arange(24) % 3
X = np.random.default_rng(0).normal(size=(24, 4, 1))
TWO, THREE = np.array(["a", "b"])[CODES % 2], np.array(["a", "b", "c"])[CODES]
FLAGS = np.stack([CODES == 0, CODES < 2, CODES % 2 == 0], axis=1).astype(int)
NUMBERS = X[:, -1, 0]
CROSS_ENTROPY = {2: keras.losses.BinaryCrossentropy, 3: keras.losses.SparseCategoricalCrossentropy}


def lstm(y, **params):
    """Build an LSTMClassifier, or an LSTMRegressor where y holds numbers."""
    estimator = LSTMRegressor if y.dtype == float else LSTMClassifier
    return estimator(1, random_state=0, **params).initialize(X, y)


def network(*outputs):
    """A network with outputs of so many units and such an activation."""
    inputs = keras.Input((4, 1))
    state = keras.layers.Flatten()(inputs)
    ends = [keras.layers.Dense(n, activation=activation)(state) for n, activation in outputs]
    return keras.Model(inputs, ends if len(ends) > 1 else ends[0])


def any_keras(y, *outputs, **params):
    """Build a KerasClassifier, or a KerasRegressor where y holds numbers."""
    estimator = KerasRegressor if y.dtype == float else KerasClassifier
    return estimator(network(*outputs), random_state=0, **params).initialize(X, y)


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "message", "remedies"),
    [
        (
            {"architecture": Architecture(output_activation="sigmoid")},
            snapshot(
                "LSTMRegressor: sigmoid gives outputs from 0 to 1, but with target_scaler='standard' the targets go "
                "from -1.69 to 1.64. target_scaler='minmax' scales y to 0..1, or a linear output reaches any."
            ),
            [{"target_scaler": "minmax"}, {"architecture": Architecture(output_activation="linear")}],
        ),
        (
            {"architecture": Architecture(output_activation="tanh"), "target_scaler": "robust"},
            snapshot(
                "LSTMRegressor: tanh gives outputs from -1 to 1, but with target_scaler='robust' the targets go from "
                "-1.03 to 0.99. target_scaler='minmax' scales y to 0..1, or a linear output reaches any."
            ),
            [{"target_scaler": "minmax"}],
        ),
        (
            {"architecture": Architecture(output_activation="relu"), "target_scaler": None},
            snapshot(
                "LSTMRegressor: relu gives outputs of 0 and more, but with no target_scaler the targets go from -1.32 "
                "to 2. target_scaler='minmax' scales y to 0..1, or a linear output reaches any."
            ),
            [{"target_scaler": "minmax"}],
        ),
        (
            {
                "architecture": Architecture(output_activation="sigmoid"),
                "target_scaler": SeriesScaler(feature_range=(-1, 1)),
            },
            snapshot(
                "LSTMRegressor: sigmoid gives outputs from 0 to 1, but with "
                "target_scaler=SeriesScaler(feature_range=(-1, 1)) the targets go from -1 to 1. target_scaler='minmax' "
                "scales y to 0..1, or a linear output reaches any."
            ),
            [{"architecture": Architecture(output_activation="tanh")}],
        ),
        (
            {"architecture": Architecture(output_activation="softmax")},
            snapshot("LSTMRegressor: softmax over one unit is always 1, whatever goes in. Use a linear output."),
            [{"architecture": Architecture(output_activation="linear")}],
        ),
        (
            {"loss": "binary_crossentropy"},
            snapshot(
                "LSTMRegressor: loss binary_crossentropy takes outputs from 0 to 1, but the network's last activation "
                "is linear. Use loss='mse', or a sigmoid with target_scaler='minmax'."
            ),
            [{"architecture": Architecture(output_activation="sigmoid"), "target_scaler": "minmax"}],
        ),
        (
            {"loss": "binary_crossentropy", "architecture": Architecture(output_activation="sigmoid")},
            snapshot(
                "LSTMRegressor: loss binary_crossentropy takes targets from 0 to 1, but with target_scaler='standard' "
                "the targets go from -1.69 to 1.64. target_scaler='minmax' scales y to 0..1, or use loss='mse' with a "
                "linear output."
            ),
            [{"target_scaler": "minmax"}, {"loss": "mse", "architecture": Architecture(output_activation="linear")}],
        ),
        (
            {"loss": keras.losses.BinaryCrossentropy(from_logits=True), "target_scaler": "minmax"},
            snapshot(
                "LSTMRegressor: loss binary_crossentropy with from_logits=True makes scores of the network's outputs, "
                "and predict would return them. Use loss='mse' with a linear output, or a sigmoid without from_logits."
            ),
            [{"loss": keras.losses.BinaryCrossentropy(), "architecture": Architecture(output_activation="sigmoid")}],
        ),
    ],
)
def test_numbers_out_of_reach(params, message, remedies):
    """A last activation or a loss that cannot reach the targets raises an error, and its remedies work."""
    assert refused(lstm, NUMBERS, **params) == message
    for remedy in remedies:
        assert np.isfinite(lstm(NUMBERS, **(params | remedy)).predict(X)).all()


def test_softmax_is_for_shares():
    """Softmax over several units is for targets that add up to 1."""
    shares = np.random.default_rng(0).dirichlet([1, 2, 3], size=24)
    assert refused(lstm, shares, architecture=Architecture(output_activation="softmax")) == snapshot(
        "LSTMRegressor: softmax gives outputs that add up to 1, but with target_scaler='standard' the targets do not. "
        "Use a linear output, or pass shares as y with target_scaler=None."
    )
    model = lstm(
        shares, architecture=Architecture(output_activation="softmax"), loss="kl_divergence", target_scaler=None
    )
    assert model.predict(X).sum(axis=1) == pytest.approx(1, rel=1e-5)


RANGES = {
    "sigmoid": "from 0 to 1",
    "hard_sigmoid": "from 0 to 1",
    "tanh": "from -1 to 1",
    "hard_tanh": "from -1 to 1",
    "softsign": "from -1 to 1",
    "relu": "of 0 and more",
    "relu6": "from 0 to 6",
    "softplus": "of 0 and more",
    "exponential": "of 0 and more",
}


def test_ranges_of_activations():
    """A network of any layers is checked by the range of its last activation."""
    for activation, span in RANGES.items():
        with pytest.raises(ValueError, match=f"KerasRegressor: {activation} gives outputs {span}, but with no target_"):
            any_keras(9 * NUMBERS, (1, activation))
    scaled = any_keras(NUMBERS, (1, "softplus"), target_scaler="minmax")
    assert scaled.predict(X).min() > NUMBERS.min()


@pytest.mark.parametrize(
    ("layer", "activation"),
    [
        (keras.layers.Dense(2), None),
        (keras.layers.Dense(2, activation="tanh"), "tanh"),
        (keras.layers.Activation("relu"), "relu"),
        (keras.layers.Softmax(), "softmax"),
        (keras.ops.sigmoid, "sigmoid"),
        (keras.layers.TimeDistributed(keras.layers.Dense(2, activation="sigmoid")), "sigmoid"),
        (keras.layers.Flatten(), None),
    ],
)
def test_where_the_last_activation_is_found(layer, activation):
    """The last activation is part of a layer, a layer, a function, or inside a wrapper."""
    inputs = keras.Input((4, 2))
    network = keras.Model(inputs, layer(inputs))
    model = KerasRegressor(network)
    windows, y = np.repeat(X, 2, axis=2), 9 * np.repeat(X, 2, axis=2).reshape(24, *network.output_shape[1:])
    if activation is None:
        assert model.initialize(windows, y).predict(windows).shape == y.shape
    else:
        with pytest.raises(ValueError, match=f"KerasRegressor: {activation} gives outputs"):
            model.initialize(windows, y)


def test_targets_slightly_out_of_range():
    """A target that misses the end of its range by the rounding of float32 is no error."""
    y = np.tile([-1e-6, 1 + 1e-6], 12)
    assert any_keras(y, (1, "sigmoid")).predict(X).shape == y.shape


# --- labels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "params", "message", "remedies"),
    [
        (
            THREE,
            {"architecture": Architecture(output_activation="sigmoid")},
            snapshot(
                "LSTMClassifier: sigmoid judges every class by itself, but loss sparse_categorical_crossentropy "
                "chooses one of 3. Use softmax."
            ),
            [{"architecture": Architecture(output_activation="softmax")}],
        ),
        (
            THREE,
            {"loss": "binary_crossentropy"},
            snapshot(
                "LSTMClassifier: loss binary_crossentropy judges every class by itself, but each sample has one of 3. "
                "Use loss='sparse_categorical_crossentropy' with softmax."
            ),
            [{"loss": "sparse_categorical_crossentropy"}],
        ),
        (
            TWO,
            {"loss": "binary_focal_crossentropy", "architecture": Architecture(output_activation="softmax")},
            snapshot(
                "LSTMClassifier: loss binary_focal_crossentropy judges every class by itself, but each sample has one "
                "of 2. Use loss='sparse_categorical_crossentropy' with softmax."
            ),
            [{"loss": "sparse_categorical_crossentropy"}],
        ),
        (
            TWO,
            {"loss": "categorical_crossentropy"},
            snapshot(
                "LSTMClassifier: loss categorical_crossentropy chooses one of several classes, but each unit of the "
                "network answers yes or no. Use loss='binary_crossentropy' with sigmoid."
            ),
            [{"loss": "binary_crossentropy"}, {"architecture": Architecture(output_activation="softmax")}],
        ),
        (
            FLAGS,
            {"loss": "categorical_crossentropy"},
            snapshot(
                "LSTMClassifier: loss categorical_crossentropy chooses one of several classes, but each unit of the "
                "network answers yes or no. Use loss='binary_crossentropy' with sigmoid."
            ),
            [{"loss": "binary_crossentropy"}],
        ),
        (
            FLAGS,
            {"architecture": Architecture(output_activation="softmax")},
            snapshot(
                "LSTMClassifier: softmax chooses one of 3 labels, but each sample may have several of them. Use "
                "sigmoid."
            ),
            [{"architecture": Architecture(output_activation="sigmoid")}],
        ),
        (
            TWO,
            {"architecture": Architecture(output_activation="linear")},
            snapshot(
                "LSTMClassifier takes the network's outputs for probabilities, but its last activation is linear. Use "
                "sigmoid, or a linear output and a cross-entropy with from_logits=True."
            ),
            [{"architecture": Architecture(output_activation="sigmoid")}, {"loss": CROSS_ENTROPY[2](from_logits=True)}],
        ),
        (
            THREE,
            {"architecture": Architecture(output_activation="tanh"), "loss": "mse"},
            snapshot(
                "LSTMClassifier takes the network's outputs for probabilities, but its last activation is tanh. Use "
                "softmax, or a linear output and a cross-entropy with from_logits=True."
            ),
            [
                {"architecture": Architecture(output_activation="softmax")},
                {"architecture": Architecture(output_activation="linear"), "loss": CROSS_ENTROPY[3](from_logits=True)},
            ],
        ),
        (
            THREE,
            {"loss": CROSS_ENTROPY[3](from_logits=True)},
            snapshot(
                "LSTMClassifier: loss sparse_categorical_crossentropy with from_logits=True takes scores, but the "
                "network's last activation, softmax, gives probabilities. Use a linear output, or from_logits=False."
            ),
            [{"architecture": Architecture(output_activation="linear")}, {"loss": CROSS_ENTROPY[3](from_logits=False)}],
        ),
    ],
)
def test_labels_and_outputs(y, params, message, remedies):
    """An output layer that does not fit labels or loss raises an error, and its remedies work."""
    assert refused(lstm, y, **params) == message
    for remedy in remedies:
        assert lstm(y, **(params | remedy)).predict(X).shape == y.shape


@pytest.mark.parametrize(
    ("y", "outputs", "message", "remedies"),
    [
        (
            TWO,
            [(1, "softmax")],
            snapshot(
                "KerasClassifier: softmax over one unit is always 1, whatever goes in. Use 1 unit with sigmoid, or 2 "
                "units with softmax."
            ),
            [[(1, "sigmoid")], [(2, "softmax")]],
        ),
        (
            THREE,
            [(1, "sigmoid")],
            snapshot(
                "KerasClassifier: y has 3 classes, got a network with an output of 1 unit. Use 3 units with softmax."
            ),
            [[(3, "softmax")]],
        ),
        (
            TWO,
            [(5, "softmax")],
            snapshot(
                "KerasClassifier: y has 2 classes, got a network with an output of 5 units. Use 2 units with softmax, "
                "or 1 unit with sigmoid."
            ),
            [[(1, "sigmoid")], [(2, "softmax")]],
        ),
        (
            FLAGS,
            [(2, "sigmoid")],
            snapshot(
                "KerasClassifier: y has 3 labels of 0 or 1 side by side, got a network with an output of 2 units. Use "
                "3 units with sigmoid."
            ),
            [[(3, "sigmoid")]],
        ),
        (
            np.stack([TWO, THREE], axis=1),
            [(3, "softmax")],
            snapshot(
                "KerasClassifier: y has 2 columns of labels, got a network with 1 output. Give it an output layer for "
                "each column, in their order."
            ),
            [[(2, "softmax"), (3, "softmax")]],
        ),
        (
            THREE,
            [(3, "softmax"), (3, "softmax")],
            snapshot("KerasClassifier: y needs a network with one output, got one with 2. Use one output layer."),
            [[(3, "softmax")]],
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:You are using a softmax over axis -1:UserWarning")
def test_units(y, outputs, message, remedies):
    """Other units than classes, or outputs than columns, raise an error, and its remedies work."""
    assert refused(any_keras, y, *outputs) == message
    for remedy in remedies:
        assert any_keras(y, *remedy).predict(X).shape == y.shape


def test_two_columns_of_yes_or_no():
    """One unit with sigmoid is enough for a column of two labels."""
    y = np.stack([TWO, np.where(CODES == 2, "yes", "no")], axis=1)
    model = any_keras(y, (1, "sigmoid"), (1, "sigmoid"))
    assert [probabilities.shape for probabilities in model.predict_proba(X)] == [(24, 2), (24, 2)]


# --- names of losses ------------------------------------------------------------------------------


def compiled(loss):
    """A network that is compiled with a loss."""
    model = network((1, "sigmoid"))
    model.compile("sgd", loss)
    return model


@pytest.mark.parametrize(
    ("loss", "name", "logits"),
    [
        ("bce", "binary_crossentropy", False),
        ("SparseCategoricalCrossentropy", "sparse_categorical_crossentropy", False),
        (keras.losses.mean_squared_error, "mean_squared_error", False),
        (keras.losses.CategoricalCrossentropy(from_logits=True, name="mine"), "categorical_crossentropy", True),
        (keras.losses.BinaryFocalCrossentropy(), "binary_focal_crossentropy", False),
        (partial(keras.losses.binary_crossentropy, from_logits=True), "binary_crossentropy", True),
        ([keras.losses.BinaryCrossentropy(from_logits=True)] * 2, "binary_crossentropy", True),
        ({"one": "mse", "other": "mse"}, "mean_squared_error", False),
    ],
)
def test_loss_is_known_by_its_function(loss, name, logits):
    """Messages name the function of a loss, whatever the loss is called."""
    y = CODES / 2
    with pytest.raises(ValueError, match=f"compiled already, with SGD and {name}."):
        KerasRegressor(partial(compiled, loss), optimizer="adam").initialize(X, y)
    model = KerasRegressor(partial(compiled, loss))
    if logits:
        with pytest.raises(ValueError, match=f"loss {name} with from_logits=True makes scores"):
            model.initialize(X, y)
    else:
        assert model.initialize(X, y).predict(X).shape == y.shape
