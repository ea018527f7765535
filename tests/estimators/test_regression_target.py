import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.preprocessing import FunctionTransformer, QuantileTransformer, StandardScaler

from sklstm import LSTMRegressor, SeriesScaler
from sklstm._windows import Windows
from sklstm.estimators._regression_target import RegressionTarget
from sklstm.estimators._samples import Samples

N_STEPS = 3
# What y has for a sample, and the network's outputs for it.
LAYOUTS = {
    (): (None, 1),
    (1,): (None, 1),
    (4,): (None, 4),
    (2, 2): (None, 4),
    (N_STEPS,): (None, None, 1),
    (N_STEPS, 2): (None, None, 2),
    (5, 2): (None, 5, 2),
}
SCALERS = ["minmax", "standard", "robust", "maxabs", None, StandardScaler(), SeriesScaler(feature_range=(-1, 1))]


def samples_of(n, observed=None):
    """Samples of three time steps, of which only some were observed."""
    X = np.ones((n, N_STEPS, 1))
    if observed is not None:
        X[~observed] = np.nan
    return Samples(Windows.from_array(X))


def settled(y, scaler, shape, observed=None, samples=None):
    """A target that has seen a network with outputs of this shape and learned its scale, and y, arranged."""
    target = RegressionTarget(scaler)
    samples = samples_of(len(y), observed) if samples is None else samples
    y = target.read(LSTMRegressor(), y, samples)
    target.settle("LSTMRegressor", shape, y, samples)
    arranged = target.arrange(y)
    target.learn(arranged, np.arange(len(y)))
    return target, arranged


# --- there and back -------------------------------------------------------------------------------


@given(
    shape=st.sampled_from(sorted(LAYOUTS)),
    scaler=st.sampled_from(SCALERS),
    dtype=st.sampled_from([np.float32, np.float64]),
    data=st.data(),
)
def test_there_and_back(shape, scaler, dtype, data):
    """What is learned as certain comes back as the numbers that were given, in their shape and precision."""
    values = st.floats(-1e3, 1e3, width=32)
    y = data.draw(arrays(dtype, (data.draw(st.integers(2, 6)), *shape), elements=values))
    target, arranged = settled(y, scaler, LAYOUTS[shape])
    targets = target.encode(arranged)
    assert targets[0].dtype == np.float32
    restored = target.restore(target.decode(targets))
    assert restored.shape == y.shape
    assert restored.dtype == dtype
    # Targets go through single precision; a scale keeps its share of the spread.
    assert_allclose(restored, y, rtol=1e-5, atol=1e-5 * max(1, np.ptp(y), np.abs(y).max()))


def test_any_transformer_there_and_back():
    """A transformer of scikit-learn's is cloned, fitted and undone."""
    y, given_scaler = np.linspace(1, 9, 20) ** 2, QuantileTransformer(n_quantiles=20)
    target, arranged = settled(y, given_scaler, (None, 1))
    assert not hasattr(given_scaler, "quantiles_")
    (targets,) = target.encode(arranged)
    assert (targets.min(), targets.max()) == (0, 1)
    assert_allclose(target.restore(target.decode([targets])), y, rtol=1e-5)


# --- against plain loops --------------------------------------------------------------------------


def test_outputs_are_scaled_by_themselves_alike_over_time_steps():
    """Each output has a scale of its own, the same at each time step."""
    y = np.random.default_rng(0).normal(size=(8, N_STEPS, 2)) * [1, 100]
    target, arranged = settled(y, "standard", (None, None, 2))
    (targets,) = target.encode(arranged)
    for output in range(2):
        values = [y[sample, step, output] for sample in range(8) for step in range(N_STEPS)]
        mean = sum(values) / len(values)
        spread = (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5
        for sample in range(8):
            for step in range(N_STEPS):
                assert targets[sample, step, output] == pytest.approx((y[sample, step, output] - mean) / spread)


def test_arrangement_against_loops():
    """Time steps of a network that has none are values side by side, in their order."""
    y = np.arange(12.0).reshape(2, 3, 2)
    _, arranged = settled(y, None, (None, 6))
    assert arranged.tolist() == [[y[k, step, output] for step in range(3) for output in range(2)] for k in range(2)]


def test_scale_is_learned_from_the_samples_to_train_on():
    """Other samples do not move the scale."""
    y = np.array([0.0, 2.0, 100.0])
    target, arranged = settled(y, None, (None, 1))
    target.scaler = SeriesScaler("minmax")
    target.learn(arranged, np.arange(2))
    assert target.encode(arranged)[0][:, 0].tolist() == [0, 1, 50]


def test_what_is_not_known_is_left_out_of_the_scale():
    """NaN where nothing was observed is taught as 0, and does not move the scale."""
    y = np.array([[1.0, 2.0, np.nan], [np.nan, 2.0, 3.0]])
    target, arranged = settled(y, "minmax", (None, None, 1), observed=~np.isnan(y))
    (targets,) = target.encode(arranged)
    assert targets[:, :, 0].tolist() == [[0, 0.5, 0], [0, 0.5, 1]]
    assert_array_equal(target.scaler_.lower_, [1])


# --- what is told of y ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "kind", "n_outputs", "n_steps"),
    [
        ((), "continuous", 1, 1),
        ((1,), "continuous", 1, 1),
        ((4,), "continuous-multioutput", 4, 4),
        ((3, 2), "continuous-multioutput", 6, 3),
    ],
)
def test_builders_are_told_of_y(shape, kind, n_outputs, n_steps):
    """A builder is told of y in the words of scikeras."""
    target = RegressionTarget(None)
    target.read(LSTMRegressor(), np.zeros((2, *shape), dtype=np.float32), samples_of(2))
    assert target.meta == {
        "target_type_": kind,
        "n_outputs_": n_outputs,
        "n_output_steps_": n_steps,
        "y_ndim_": 1 + len(shape),
        "y_dtype_": np.float32,
    }


# --- what is refused ------------------------------------------------------------------------------


def test_another_shape_later_is_refused():
    """What comes later has the shape of what came first, but for time steps of the network's input."""
    target, _ = settled(np.zeros((2, 4)), None, (None, 4))
    assert refused(target.read, LSTMRegressor(), np.zeros((2, 3)), samples_of(2), target.shape) == snapshot(
        "LSTMRegressor was fitted on y of shape (n_samples, 4), got y of shape (2, 3). Pass y of the same shape, or "
        "call fit to begin anew."
    )
    longer = Samples(Windows.from_array(np.ones((2, 5, 1))))
    target, _ = settled(np.zeros((2, N_STEPS)), None, (None, None, 1))
    assert target.read(LSTMRegressor(), np.zeros((2, 5)), longer, target.shape).shape == (2, 5)


def test_outputs_that_do_not_fit_are_refused():
    """A network has as many outputs as y has values, for as many time steps as X has."""
    assert refused(settled, np.zeros((2, 4)), None, (None, 3)) == snapshot(
        "LSTMRegressor: y of shape (2, 4) needs a network with outputs of shape (n_samples, 4), got one of shape "
        "(n_samples, 3). Give its last layer as many units as y has values for each sample."
    )
    assert refused(settled, np.zeros((2, 4)), None, (None, None, 1)) == snapshot(
        "LSTMRegressor: the network has an output for each of the 3 time steps of X, got y of shape (2, 4). Pass y of "
        "shape (n_samples, 3) or (n_samples, 3, n_outputs), or use architecture='encoder_decoder' for another number "
        "of time steps."
    )


def test_nan_is_refused_where_something_was_observed():
    """NaN in y is learned from nowhere else than where nothing was observed."""
    y = np.array([[1.0, np.nan, 2.0]])
    message = (
        "LSTMRegressor got NaN in y at row 0, column 1: Input y contains NaN, and there is nothing to learn from. Fill "
        "the gaps of the series first, or leave such rows out of X and y."
    )
    observed = np.array([[True, False, True]])
    settled(y, None, (None, None, 1), observed)
    assert refused(settled, y, None, (None, None, 1)) == message
    assert refused(settled, y, None, (None, 3), observed) == message


@pytest.mark.parametrize(("value", "becomes"), [(-1.0, "nan"), (0.0, "-inf")])
@pytest.mark.filterwarnings("ignore:(invalid value|divide by zero) encountered in log:RuntimeWarning")
def test_a_scaler_that_loses_numbers_is_refused(value, becomes):
    """A number that a scaler cannot take is not learned as 0."""
    scaler = FunctionTransformer(np.log, np.exp, check_inverse=False)
    target, arranged = settled(np.array([1.0, 2.0, value]), scaler, (None, 1))
    assert refused(target.encode, arranged) == (
        f"The target scaler FunctionTransformer makes {becomes} of the target {value:g}. Pass one that is defined for "
        "all of y, or bring y into its range first."
    )
