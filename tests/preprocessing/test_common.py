"""Contract of all transformers: scikit-learn's checks, and our own."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklstm import Differencer, ForwardFill, LagFramer, SequenceEncoder, SequencePadder, SeriesScaler, To3D

from .weather import TOKENS, WEATHER

SERIES_BY_DESIGN = {
    "check_fit1d": "A 1D X is a series, one feature in time order, as users have it; it is not refused."
}
ORDER_BY_DESIGN = {
    "check_methods_sample_order_invariance": "Rows are in time order, and a row is seen with the rows before it.",
    "check_methods_subset_invariance": "A row is seen with the rows before it; alone, it has none.",
}
EXPECTED_FAILURES = {
    Differencer: {**SERIES_BY_DESIGN, **ORDER_BY_DESIGN},
    ForwardFill: SERIES_BY_DESIGN,
    SeriesScaler: SERIES_BY_DESIGN,
    LagFramer: {**SERIES_BY_DESIGN, **ORDER_BY_DESIGN},
    SequencePadder: dict.fromkeys(
        ["check_n_features_in", "check_n_features_in_after_fitting", "check_transformer_general"],
        "The columns of a 2D X are the time steps of one feature, so their number may vary: n_features_in_ is 1.",
    ),
    To3D: {**SERIES_BY_DESIGN, "check_fit2d_predict1d": "A 1D X is one sample, its values are time steps."},
}
# Lags may miss some features of a time step, windows for a network may not.
WINDOWS_BY_DESIGN = {"check_estimators_pickle": "A time step with some features missing is refused: impute first."}


def expected_failures(transformer):
    """Return the reasons for the checks that a transformer fails, by the name of the check."""
    windows = isinstance(transformer, LagFramer) and not transformer.flatten
    return {**EXPECTED_FAILURES[type(transformer)], **(WINDOWS_BY_DESIGN if windows else {})}


TRANSFORMERS = [
    Differencer(),
    ForwardFill(),
    SeriesScaler(),
    LagFramer(n_steps=2),
    LagFramer(n_steps=2, flatten=True),
    LagFramer(n_steps=2, dilation=2),
    SequencePadder(),
    To3D(n_features=1),
]


@parametrize_with_checks(TRANSFORMERS, expected_failed_checks=expected_failures)
def test_scikit_learn_checks(estimator, check):
    """Every transformer passes scikit-learn's checks, except those with a reason."""
    check(estimator)


# --- our own checks -------------------------------------------------------------------------------

ROWS = np.random.default_rng(0).normal(size=(12, 2))
TABLE = pd.DataFrame(ROWS, columns=["rain", "temp"], index=pd.date_range("2026-01-01", periods=12))
WINDOWS = ROWS.reshape(4, 3, 2)
SEQUENCES = [ROWS[:5], ROWS[5:]]
HOLES = TABLE.where(TABLE > 0)
LAGS = pd.DataFrame(ROWS, columns=["a(t)", "a(t-1)"])

# Each transformer with parameters that are none of the defaults, and an X.
CASES = {
    "differences of rows": (Differencer((1, 3), columns=0), ROWS),
    "differences of a table": (Differencer(2, log=True, columns=["temp"]), TABLE + 5),
    "differences of a panel": (Differencer([1], group="room"), HOLES.assign(room=list("abc") * 4)),
    "filled rows": (ForwardFill(limit=2, context="always"), HOLES.to_numpy()),
    "filled table": (ForwardFill(limit="3D"), HOLES),
    "filled panel": (ForwardFill(group="room", context="never"), HOLES.assign(room=list("abc") * 4)),
    "scaled rows": (SeriesScaler("standard", coefficients={"std": 2}, out_of_range="clip"), ROWS),
    "scaled table": (SeriesScaler("robust", feature_range=(0, 2)), TABLE),
    "scaled windows": (SeriesScaler("maxabs", out_of_range="nan"), WINDOWS),
    "scaled sequences": (SeriesScaler(feature_range=(-1, 1)), SEQUENCES),
    "framed rows": (LagFramer(3, context="always"), ROWS),
    "framed table": (LagFramer(3), TABLE),
    "lags of a table": (LagFramer(3, context="never", flatten=True), TABLE),
    "every second row": (LagFramer(3, dilation=2), TABLE),
    "padded sequences": (SequencePadder(max_len=6, padding="post", truncating="post", value=0.5), SEQUENCES),
    "padded windows": (SequencePadder(max_len=6), WINDOWS),
    "windows": (To3D(n_steps=3), WINDOWS),
    "rows as steps": (To3D(n_features=1), ROWS),
    "lags as windows": (To3D(), LAGS),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request):
    """An unfitted transformer, and an X for it."""
    transformer, X = request.param
    return clone(transformer), copy.deepcopy(X)


def assert_alike(one, other):
    """Check that both have the same type, shape, labels and values."""
    assert type(one) is type(other)
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other)
    elif isinstance(one, list):
        for a, b in zip(one, other, strict=True):
            assert_alike(a, b)
    else:
        np.testing.assert_array_equal(one, other)


def test_rows_are_kept(case):
    """fit_transform and transform return as many samples as they get, also for a part of X."""
    transformer, X = case
    assert len(transformer.fit_transform(X)) == len(X)
    assert len(transformer.transform(X)) == len(X)
    assert len(transformer.transform(X[:1])) == 1


def test_input_is_not_changed(case):
    """fit_transform and transform leave X unchanged."""
    transformer, X = case
    before = copy.deepcopy(X)
    transformer.fit_transform(X)
    transformer.transform(X)
    assert_alike(X, before)


def test_read_only_input(case):
    """X need not be writeable."""
    transformer, X = case
    expected = transformer.fit_transform(X)
    for array in X if isinstance(X, list) else [X]:
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    assert_alike(clone(transformer).fit_transform(X), expected)


def test_clone_keeps_parameters(case):
    """A clone has all parameters and nothing fitted."""
    transformer, X = case
    twin = clone(transformer.fit(X))
    assert twin.get_params() == transformer.get_params()
    assert not [name for name in vars(twin) if name.endswith("_")]


def test_fit_changes_no_parameter(case):
    """`fit` leaves the parameters unchanged."""
    transformer, X = case
    before = copy.deepcopy(transformer.get_params())
    assert transformer.fit(X).get_params() == before


def test_fit_returns_self(case):
    """`fit` returns the transformer, and a second fit gives the same result."""
    transformer, X = case
    assert transformer.fit(X) is transformer
    once = transformer.transform(X)
    assert_alike(transformer.fit(X).transform(X), once)


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, copy.copy, lambda transformer: pickle.loads(pickle.dumps(transformer))]
)
def test_copies_transform_alike(case, duplicate):
    """Copies and pickles of a fitted transformer transform like the original."""
    transformer, X = case
    expected = transformer.fit(X).transform(X)
    assert_alike(duplicate(transformer).transform(X), expected)


UNNAMED = {name: case for name, case in CASES.items() if not isinstance(case[1], pd.DataFrame)}


@pytest.mark.parametrize(("transformer", "X"), UNNAMED.values(), ids=UNNAMED)
def test_fitted_state_does_not_grow(transformer, X):
    """The pickle of a transformer has the same size after a fit on a hundred times as many rows."""
    longer = X * 100 if isinstance(X, list) else np.repeat(X, 100, axis=0)
    sizes = [len(pickle.dumps(clone(transformer).fit(series))) for series in (X, longer)]
    assert abs(sizes[0] - sizes[1]) < 20


def test_strict_parameters(case):
    """Unknown parameters are refused by __init__ and by set_params."""
    transformer, _ = case
    message = rf"^{type(transformer).__name__} has no parameter 'zzz'\. Its parameters are: "
    with pytest.raises(TypeError, match=message):
        type(transformer)(zzz=1)
    with pytest.raises(ValueError, match=message):
        transformer.set_params(zzz=1)


FRESH = """
import pickle
import sys

import sklstm

assert dir(sklstm) and sklstm.SeriesScaler and sklstm.Windows
cases = pickle.load(sys.stdin.buffer)
pickle.dump([transformer.transform(X) for transformer, X in cases], sys.stdout.buffer)
assert not {"keras", "tensorflow", "torch", "jax"} & set(sys.modules)
"""
ENCODERS = [(SequenceEncoder("onehot", columns=["city"], unknown="nan"), WEATHER), (SequenceEncoder(), TOKENS)]


@pytest.mark.slow
def test_fresh_process():
    """Pickles of all fitted transformers give the same in a fresh process, which loads no Keras."""
    cases = [(clone(transformer).fit(X), X) for transformer, X in [*CASES.values(), *ENCODERS]]
    done = subprocess.run([sys.executable, "-c", FRESH], input=pickle.dumps(cases), capture_output=True, check=False)
    assert done.stderr == b""
    for (transformer, X), got in zip(cases, pickle.loads(done.stdout), strict=True):
        assert_alike(got, transformer.transform(X))
