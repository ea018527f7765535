"""y of a regressor becomes targets, and outputs become predictions, shown by networks that return their inputs."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from inline_snapshot import snapshot
from known_networks import identity
from numpy.testing import assert_allclose
from refusal import refused
from sklearn.preprocessing import FunctionTransformer, QuantileTransformer, StandardScaler

from sklstm import KerasRegressor, SeriesScaler

N_STEPS = 3
# Axes of y behind the samples, those of the network's inputs, and those of its outputs where they differ.
LAYOUTS = {
    (): ((1,), None),
    (1,): ((1,), None),
    (4,): ((4,), None),
    (2, 2): ((4,), None),
    (N_STEPS,): ((N_STEPS, 1), None),
    (N_STEPS, 2): ((N_STEPS, 2), None),
    (5, 2): ((10,), (5, 2)),
}
SCALERS = ["minmax", "standard", "robust", "maxabs", None, StandardScaler(), SeriesScaler(feature_range=(-1, 1))]


def regressor(scaler=None, output_shape=None, **params):
    """A regressor whose network returns its inputs, with targets of this scale."""
    return KerasRegressor(
        partial(identity, output_shape=output_shape), target_scaler=scaler, **({"random_state": 0} | params)
    )


def scaled(y, scaler, n_outputs):
    """An array through a scaler, each output by itself and alike over all time steps."""
    scaler = SeriesScaler(scaler) if scaler is None or isinstance(scaler, str) else scaler
    return scaler.fit_transform(y.reshape(-1, n_outputs)).reshape(y.shape)


# --- there and back -------------------------------------------------------------------------------


@given(
    shape=st.sampled_from(sorted(LAYOUTS)),
    scaler=st.sampled_from(SCALERS),
    dtype=st.sampled_from([np.float32, np.float64]),
    data=st.data(),
)
def test_there_and_back(shape, scaler, dtype, data):
    """Outputs on the scale of the targets come back as the numbers that were given, in their shape and precision."""
    values = st.floats(-1e3, 1e3, width=32)
    y = data.draw(arrays(dtype, (data.draw(st.integers(2, 6)), *shape), elements=values))
    inputs, outputs = LAYOUTS[shape]
    X = scaled(y, scaler, (outputs or inputs)[-1]).reshape(len(y), *inputs)
    predicted = regressor(scaler, outputs).initialize(X, y).predict(X)
    assert predicted.shape == y.shape
    assert predicted.dtype == dtype
    # Outputs are of single precision; a scale keeps its share of the spread.
    assert_allclose(predicted, y, rtol=1e-5, atol=1e-5 * max(1, np.ptp(y), np.abs(y).max()))


@pytest.mark.parametrize("shape", [(), (2, 2), (N_STEPS, 2), (5, 2)], ids=str)
def test_targets_are_what_comes_back(shape):
    """The targets of the network are scaled: a network that returns them has no loss."""
    y = np.random.default_rng(0).normal(5, 9, size=(6, *shape))
    inputs, outputs = LAYOUTS[shape]
    X = scaled(y, "standard", (outputs or inputs)[-1]).reshape(6, *inputs)
    assert regressor("standard", outputs).fit(X, y).history_["loss"][0] < 1e-10


def test_any_transformer_there_and_back():
    """A transformer of scikit-learn's is cloned, fitted and undone."""
    y, scaler = np.linspace(1, 9, 20) ** 2, QuantileTransformer(n_quantiles=20)
    model = regressor(scaler).initialize(np.linspace(0, 1, 20)[:, None], y)
    assert not hasattr(scaler, "quantiles_")
    assert_allclose(model.predict(np.linspace(0, 1, 20)[:, None]), y, rtol=1e-5)


# --- the scale ------------------------------------------------------------------------------------


def test_outputs_are_scaled_by_themselves_alike_over_time_steps():
    """Each output has a scale of its own, the same at each time step."""
    y = np.random.default_rng(0).normal(size=(8, N_STEPS, 2)) * [1, 100]
    X = np.empty_like(y)
    for output in range(2):
        values = [y[sample, step, output] for sample in range(8) for step in range(N_STEPS)]
        mean = sum(values) / len(values)
        spread = (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5
        for sample in range(8):
            for step in range(N_STEPS):
                X[sample, step, output] = (y[sample, step, output] - mean) / spread
    assert_allclose(regressor("standard").initialize(X, y).predict(X), y, rtol=1e-4, atol=1e-4)


def test_scale_is_learned_from_the_samples_to_train_on():
    """Validation samples do not change the scale."""
    X = np.array([[0.0], [1.0], [50.0]])
    model = regressor("minmax", validation_split=0.3).initialize(X, np.array([0.0, 2.0, 7.0]))
    assert_allclose(model.predict(X), [0, 2, 100])


def test_missing_targets_are_left_out_of_the_scale():
    """NaN where nothing was observed does not change the scale, and its target is 0."""
    y = np.array([[1.0, 2.0, np.nan], [np.nan, 2.0, 3.0]])
    X = (y[:, :, None] - 1) / 2
    model = regressor("minmax").fit(X, y)
    assert model.history_["loss"][0] < 1e-10
    assert_allclose(regressor("minmax").initialize(X, y).predict(X), y)


def test_meta_describes_y():
    """The meta of a builder describes y by the keys of scikeras."""
    seen = []

    def build(meta):
        seen.append((meta["target_type_"], meta["n_outputs_"], meta["n_output_steps_"], meta["y_ndim_"]))
        return identity(meta)

    for shape, size in {(): 1, (1,): 1, (4,): 4, (3, 2): 6}.items():
        KerasRegressor(build).initialize(np.zeros((2, size)), np.zeros((2, *shape)))
    assert seen == [
        ("continuous", 1, 1, 1),
        ("continuous", 1, 1, 2),
        ("continuous-multioutput", 4, 4, 2),
        ("continuous-multioutput", 6, 3, 3),
    ]


# --- errors ---------------------------------------------------------------------------------------


def test_another_shape_in_further_training():
    """Further training takes y of the same shape, but for the time steps of X."""
    model = regressor().initialize(np.zeros((2, 4)), np.zeros((2, 4)))
    assert refused(model.partial_fit, np.zeros((2, 4)), np.zeros((2, 3))) == snapshot(
        "KerasRegressor was fitted on y of shape (n_samples, 4), got y of shape (2, 3). Pass y of the same shape, or "
        "call fit to begin anew."
    )
    by_step = regressor().initialize(np.zeros((2, N_STEPS, 1)), np.zeros((2, N_STEPS)))
    longer = np.ones((2, 5))
    assert by_step.partial_fit(longer[:, :, None], longer).predict(longer[:, :, None]).shape == (2, 5)


def test_outputs_that_do_not_fit():
    """A network with other outputs than y has values, or X time steps, raises an error."""
    assert refused(regressor().initialize, np.zeros((2, 3)), np.zeros((2, 4))) == snapshot(
        "KerasRegressor: y of shape (2, 4) needs a network with outputs of shape (n_samples, 4), got one of shape "
        "(n_samples, 3). Give its last layer as many units as y has values for each sample."
    )
    assert refused(regressor().initialize, np.zeros((2, N_STEPS, 1)), np.zeros((2, 4))) == snapshot(
        "KerasRegressor: the network has an output for each of the 3 time steps of X, got y of shape (2, 4). Pass y of "
        "shape (n_samples, 3) or (n_samples, 3, n_outputs), or use architecture='encoder_decoder' for another number "
        "of time steps."
    )


@pytest.mark.filterwarnings("ignore:(invalid value|divide by zero) encountered in log:RuntimeWarning")
def test_a_scaler_that_loses_numbers():
    """A target that the scaler cannot take raises an error."""
    model = regressor(FunctionTransformer(np.log, np.exp, check_inverse=False))
    X = np.ones((3, 1))
    assert [refused(model.initialize, X, np.array([1.0, 2.0, value])) for value in (-1.0, 0.0)] == snapshot(
        [
            "The target scaler FunctionTransformer makes nan of the target -1. Pass one that is defined for all of y, "
            "or bring y into its range first.",
            "The target scaler FunctionTransformer makes -inf of the target 0. Pass one that is defined for all of y, "
            "or bring y into its range first.",
        ]
    )
