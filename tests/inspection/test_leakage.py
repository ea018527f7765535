"""check_no_leakage: each planted leak is found where it is, and honest pipelines pass."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from leakage_examples import (
    AIRLINE,
    DAYS,
    FOLLOWING,
    HIGHS,
    HOLES,
    HOLIDAYS,
    KEYS,
    LOOKING_AHEAD,
    PANEL,
    PASSENGERS,
    PLACES,
    QUARTER,
    SPOTS,
    SUNSPOTS,
    WEATHER,
    ending,
    leaks_of,
    lstm,
    message_of,
    minmax,
    named,
    standardised,
    table_of_lags,
)
from refusal import refused
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    Normalizer,
    OneHotEncoder,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from sklstm import (
    Differencer,
    ForwardFill,
    LagFramer,
    LSTMClassifier,
    PanelTimeSeriesSplit,
    Persistence,
    SequencePadder,
    SeriesForecaster,
    SeriesScaler,
    To3D,
    make_supervised,
    series_to_supervised,
)
from sklstm.datasets import load_airline
from sklstm.inspection import check_no_leakage

# --- honest ---------------------------------------------------------------------------------------


def seasons(X):
    angle = 2 * np.pi * X.index.month / 12
    return X.assign(sine=np.sin(angle), cosine=np.cos(angle))


def until_holiday(X):
    """Days until the next holiday, which is known ahead."""
    place = pd.Series(np.where(X["holiday"] > 0, np.arange(len(X)), np.nan), X.index).bfill().fillna(len(X))
    return X.assign(until=place - np.arange(len(X)))


MIXED = WEATHER.assign(kind=DAYS.weather.iloc[:-1], windy=WEATHER["wind"] > 3, month=WEATHER.index.month)
ENCODE = make_column_transformer(
    (OneHotEncoder(), ["kind"]), (StandardScaler(), ["wind"]), remainder="passthrough", sparse_threshold=0
)
LAGGED = series_to_supervised(AIRLINE, 3).rename(columns={"passengers(t)": "next"})
WALK = np.random.default_rng(0).normal(size=(120, 2)).cumsum(axis=0)

HONEST = {
    "the headline": (
        make_pipeline(SeriesScaler(), LagFramer(12), SequencePadder(), To3D(), lstm(target_scaler="standard")),
        AIRLINE,
        PASSENGERS,
    ),
    "own past": (make_pipeline(LagFramer(12), lstm(window_scaler="mean", linear_skip=True)), AIRLINE, PASSENGERS),
    "persistence": (make_pipeline(LagFramer(3), Persistence()), SUNSPOTS, SPOTS),
    "robust": (ending(RobustScaler()), SUNSPOTS, SPOTS),
    "quantiles": (ending(QuantileTransformer(n_quantiles=20)), SUNSPOTS, SPOTS),
    "components": (ending(StandardScaler(), PCA(2)), WEATHER, HIGHS),
    "a table of lags": (make_pipeline(SeriesScaler(), *table_of_lags().named_steps.values()), WEATHER, HIGHS),
    "lags imputed": (table_of_lags(KNNImputer(), PCA(5)), AIRLINE, PASSENGERS),
    "windows by their own level": (table_of_lags(SimpleImputer(), Normalizer()), WEATHER, HIGHS),
    "lags that came as X": (make_pipeline(StandardScaler(), Ridge()), LAGGED.drop(columns="next"), LAGGED["next"]),
    "nested": (
        Pipeline([("outer", Pipeline([("fill", ForwardFill()), ("scale", SeriesScaler())])), ("rest", ending())]),
        HOLES,
        PASSENGERS,
    ),
    "imputed": (ending(SimpleImputer().set_output(transform="pandas"), SeriesScaler("standard")), HOLES, PASSENGERS),
    "not observed": (ending(SeriesScaler()), HOLES, PASSENGERS),
    "target transformed": (
        TransformedTargetRegressor(table_of_lags(), transformer=StandardScaler()),
        AIRLINE,
        PASSENGERS,
    ),
    "arrays": (ending(SeriesScaler()), WEATHER.to_numpy(), HIGHS.to_numpy()),
    "float32": (ending(SeriesScaler()), WALK[:-1].astype(np.float32), WALK[1:, 0].astype(np.float32)),
    "a Series": (ending(SeriesScaler()), AIRLINE["passengers"], PASSENGERS),
    "context always": (
        make_pipeline(ForwardFill(context="always"), LagFramer(5, context="always"), lstm()),
        WEATHER.to_numpy(),
        HIGHS,
    ),
    "known ahead": (
        make_pipeline(FunctionTransformer(until_holiday), LagFramer(5, future=["holiday", "until"], horizon=3), lstm()),
        HOLIDAYS,
        HIGHS,
    ),
    "a calendar": (ending(FunctionTransformer(seasons), SeriesScaler()), AIRLINE, PASSENGERS),
    "rolling back": (ending(FunctionTransformer(lambda X: X.rolling(3, min_periods=1).mean())), WEATHER, HIGHS),
    "differences": (ending(Differencer(lags=12, log=True), SeriesScaler()), AIRLINE, PASSENGERS),
    "bounds refused": (
        ending(SeriesScaler(coefficients={"min": 0, "max": 700}, out_of_range="error")),
        AIRLINE,
        PASSENGERS,
    ),
    "categories": (ending(ENCODE), MIXED, HIGHS),
    "labels": (
        make_pipeline(SeriesScaler(), LagFramer(5), LSTMClassifier(units=2)),
        WEATHER,
        DAYS.weather.iloc[1:].to_numpy(),
    ),
    "several targets": (ending(SeriesScaler()), WEATHER, DAYS.data.iloc[1:].to_numpy(), TimeSeriesSplit(3)),
    "noise": (ending(FunctionTransformer(lambda X: X + np.random.normal(size=X.shape))), SUNSPOTS, SPOTS),
    "fitted before on other rows": (ending(FrozenEstimator(SeriesScaler().fit(AIRLINE[:30]))), AIRLINE, PASSENGERS),
    "fitted before on what experts know": (
        ending(FrozenEstimator(SeriesScaler(coefficients={"min": 0, "max": 1000}).fit(AIRLINE))),
        AIRLINE,
        PASSENGERS,
    ),
    "three months": (ending(SeriesScaler()), *QUARTER),
    "some folds too short": (make_pipeline(LagFramer(60), lstm()), AIRLINE, PASSENGERS),
    "a search": (GridSearchCV(ending(), {}, cv=TimeSeriesSplit(3)), AIRLINE, PASSENGERS),
    "a straight line": (ending(), np.arange(60.0)[:, None], np.arange(1.0, 61.0), TimeSeriesSplit(3)),
    "a sine": (ending(), np.sin(np.arange(120) * np.pi / 6)[:, None], np.sin(np.arange(1, 121) * np.pi / 6)),
    "one wave": (ending(), np.sin(np.linspace(0, 2 * np.pi, 101))[:-1, None], WALK[:100, 0]),
    "panel": (
        make_pipeline(SeriesScaler(**KEYS), ForwardFill(**KEYS), LagFramer(5, **KEYS), lstm(target_groups=True)),
        PANEL,
        FOLLOWING,
        PanelTimeSeriesSplit(3, **KEYS),
    ),
    "panel of levels": (
        make_pipeline(SeriesScaler(group="place"), LagFramer(5, group="place"), lstm()),
        PANEL.set_index(["place", "date"]),
        FOLLOWING,
    ),
    "panel without times": (
        make_pipeline(SeriesScaler(group="place"), LagFramer(5, group="place"), lstm()),
        PANEL.drop(columns="date"),
        FOLLOWING,
    ),
    "forecaster of differences": (SeriesForecaster(horizon=3, difference=1, log=True), load_airline().data),
    "forecaster of a panel": (SeriesForecaster(target="value", units=2, **KEYS), PLACES),
}


@pytest.mark.parametrize("case", HONEST.values(), ids=HONEST)
def test_honest(case):
    """What looks back only, and learns from training rows alone, passes."""
    check_no_leakage(*case)


@given(
    seed=st.integers(0, 2**16),
    n_rows=st.integers(40, 90),
    n_columns=st.integers(1, 3),
    walk=st.booleans(),
    missing=st.floats(0, 0.2),
)
def test_honest_whatever_the_data(seed, n_rows, n_columns, walk, missing):
    """No chance values, of any length and with any holes, are taken for a leak."""
    rng = np.random.default_rng(seed)
    series = rng.normal(size=(n_rows + 1, n_columns))
    series = series.cumsum(axis=0) if walk else series
    X, y = series[:-1].copy(), series[1:, 0]
    X[rng.random(n_rows) < missing] = np.nan
    X[0] = 0
    check_no_leakage(make_pipeline(SeriesScaler(), LagFramer(3), Persistence()), X, y, TimeSeriesSplit(2))


# --- folds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cv", [KFold(5, shuffle=True, random_state=0), 5, [(range(50, 143), range(50))]], ids=str)
def test_training_rows_after_test_rows(cv):
    """Folds that do not follow time are named, once."""
    assert leaks_of(ending(SeriesScaler()), AIRLINE, PASSENGERS, cv) == [("cv", None, "order")]


def test_order_message():
    """The message names a training row and a test row, and the splitter that keeps them apart."""
    assert message_of(ending(), AIRLINE, PASSENGERS, KFold(5)) == snapshot(
        "check_no_leakage expects each prediction to use its own past and training rows alone, got 1 leak:\n"
        "- cv: in fold 0 training rows come after test rows: row 1960-11-01 is trained on, and row 1949-01-01 tested. "
        "Split by time: TimeSeriesSplit."
    )


def test_a_panel_is_cut_by_its_times():
    """In a panel that stands series after series, a cut by rows trains on the future."""
    pipe = make_pipeline(LagFramer(5, **KEYS), lstm())
    assert message_of(pipe, PANEL, FOLLOWING, TimeSeriesSplit(3)) == snapshot("""\
check_no_leakage expects each prediction to use its own past and training rows alone, got 1 leak:
- cv: in fold 0 training rows come after test rows: row 200 is trained on, and row 400 tested. Split by time: PanelTimeSeriesSplit.\
""")


@pytest.mark.parametrize("search_cv", [None, KFold(3)], ids=["by default", "given"])
def test_a_search_brings_its_splitter(search_cv):
    """The cv of a search is looked at, which by default is KFold; one that is given goes first."""
    search = GridSearchCV(ending(), {}, cv=search_cv)
    assert leaks_of(search, AIRLINE, PASSENGERS) == [("cv", None, "order")]
    check_no_leakage(search, AIRLINE, PASSENGERS, TimeSeriesSplit(3))


@pytest.mark.parametrize("y", [QUARTER[1], QUARTER[1].iloc[:, 2]], ids=["next three", "third alone"])
def test_no_gap(y):
    """Targets that look three rows ahead need a gap of two."""
    pipe = ending(SeriesScaler())
    assert message_of(pipe, QUARTER[0], y, TimeSeriesSplit(3)) == snapshot("""\
check_no_leakage expects each prediction to use its own past and training rows alone, got 1 leak:
- cv: y looks 3 rows ahead, and in fold 0 the targets of 2 training rows lie among the test rows. Leave a gap: TimeSeriesSplit(gap=2).\
""")
    assert leaks_of(pipe, QUARTER[0], y, TimeSeriesSplit(3, gap=1)) == [("cv", None, "gap")]
    check_no_leakage(pipe, QUARTER[0], y, TimeSeriesSplit(3, gap=2))


@pytest.mark.parametrize(
    "pipe", [ending(SeriesScaler()), make_pipeline(SimpleImputer(), Ridge())], ids=["framed", "lags"]
)
def test_gap_by_the_name_of_y(pipe):
    """The name of y says how far ahead it looks, also where it lies on no line of X."""
    X, y = QUARTER[0].assign(other=np.arange(141.0) ** 2), np.log(QUARTER[1].iloc[:, 2])
    assert y.name == "passengers(t+3)"
    assert leaks_of(pipe, X, y, TimeSeriesSplit(3)) == [("cv", None, "gap")]
    check_no_leakage(pipe, X, y, TimeSeriesSplit(3, gap=2))


def test_no_gap_in_a_panel():
    """The same for the times of a panel."""
    X, y = make_supervised(PLACES, horizon=3, target="value", **KEYS)
    pipe = make_pipeline(LagFramer(5, **KEYS), lstm())
    assert leaks_of(pipe, X, y, PanelTimeSeriesSplit(3, **KEYS)) == [("cv", None, "gap")]
    check_no_leakage(pipe, X, y, PanelTimeSeriesSplit(3, gap=2, **KEYS))


# --- forecasters ----------------------------------------------------------------------------------


def test_forecaster():
    """A forecaster's own pipeline, series and splitter are looked at; its targets need no gap."""
    series = load_airline().data
    forecaster = SeriesForecaster(horizon=3, units=2)
    check_no_leakage(forecaster, series, cv=TimeSeriesSplit(3))
    assert leaks_of(forecaster, series, cv=KFold(3)) == [("cv", None, "order")]
    assert leaks_of(forecaster, standardised(series)) == [("X", "passengers", "scaled before")]
    smoothed = SeriesForecaster(named(smooth=FunctionTransformer(LOOKING_AHEAD["centred mean"][0])))
    assert leaks_of(smoothed, series) == [("smooth", "passengers", "look-ahead")]


# --- what it leaves, and what it refuses ----------------------------------------------------------


def test_nothing_is_changed():
    """Neither the pipeline nor the data is touched, also by a step that writes on what it gets."""

    def write(X):
        X[:] = 0
        return X

    pipe = named(write=FunctionTransformer(write))
    X = AIRLINE.copy()
    before = pickle.dumps(pipe.get_params(deep=True)["lstm"])
    check_no_leakage(pipe, X, PASSENGERS)
    pd.testing.assert_frame_equal(X, AIRLINE)
    assert pickle.dumps(pipe.get_params(deep=True)["lstm"]) == before
    assert not hasattr(pipe["frame"], "context_")


def test_the_error_pickles():
    """The error is a ValueError, lists the leaks, and comes through a pickle whole."""
    with pytest.raises(ValueError, match=r"got 2 leaks:\n- cv: .*\n- X, column 'passengers': ") as caught:
        check_no_leakage(ending(), minmax(AIRLINE), PASSENGERS, KFold(3))
    error = pickle.loads(pickle.dumps(caught.value))
    assert (str(error), error.leaks) == (str(caught.value), caught.value.leaks)
    assert error.leaks[0]._fields == ("step", "column", "kind", "explanation")


def test_columns_that_leak_alike_share_a_line():
    """All columns of a scaled table are told in one line."""
    message = message_of(ending(), standardised(WEATHER), HIGHS)
    assert message == snapshot("""\
check_no_leakage expects each prediction to use its own past and training rows alone, got 2 leaks:
- X, columns 'temp_max', 'wind': it has mean 0 and standard deviation 1 over all rows, test rows included, and not over the training rows: it was scaled before the Pipeline. Pass it as it was measured, and put SeriesScaler into the Pipeline.\
""")


def test_warnings_of_steps_are_kept_silent():
    """What a step says of values that are made up is not passed on."""
    pipe = ending(SeriesScaler(out_of_range="warn"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_no_leakage(pipe, SUNSPOTS, SPOTS)


BAD = {
    "no predict": (
        (make_pipeline(SeriesScaler(), LagFramer(5)), AIRLINE, PASSENGERS),
        snapshot(
            "check_no_leakage expects a Pipeline that ends in an estimator with fit and predict, got Pipeline without predict. Pass the whole Pipeline that you would cross-validate."
        ),
    ),
    "no fit": (
        ("lstm", AIRLINE, PASSENGERS),
        snapshot(
            "check_no_leakage expects a Pipeline that ends in an estimator with fit and predict, got str without fit. Pass the whole Pipeline that you would cross-validate."
        ),
    ),
    "no y": (
        (ending(), AIRLINE),
        snapshot(
            "check_no_leakage needs y, what Pipeline forecasts at each row of X. Pass it, make_supervised derives it from a series; or pass a SeriesForecaster and the series."
        ),
    ),
    "y beside a forecaster": (
        (SeriesForecaster(), AIRLINE, PASSENGERS),
        snapshot("check_no_leakage got y beside a SeriesForecaster, which derives it. Pass the series alone."),
    ),
    "too few rows": (
        (ending(), AIRLINE[:8], PASSENGERS[:8]),
        snapshot(
            "check_no_leakage needs at least 12 rows, got X of shape (8, 1). Pass a longer series: fewer rows leave no folds to look at."
        ),
    ),
    "other rows": (
        (ending(), AIRLINE, PASSENGERS[:100]),
        snapshot("check_no_leakage got 143 rows in X and 100 in y. Pass a target for each row."),
    ),
    "windows": (
        (ending(), np.zeros((30, 4, 2)), np.zeros(30)),
        snapshot(
            "check_no_leakage expects a series table of shape (n_rows, n_features), rows in time order, got sequences or windows, which do not tell what came before what. Pass the series, and put LagFramer into the Pipeline."
        ),
    ),
    "no splitter": (
        (ending(), AIRLINE, PASSENGERS, "time"),
        snapshot(
            "check_no_leakage expects cv to be a splitter, a number of folds, or an iterable of (train, test), got 'time'. Pass TimeSeriesSplit(...), or leave it out."
        ),
    ),
    "no folds": (
        (ending(), AIRLINE, PASSENGERS, []),
        snapshot("check_no_leakage got cv=[], which has no fold with training and test rows. Pass another splitter."),
    ),
    "a step that cannot be fitted": (
        (make_pipeline(LagFramer(200), lstm()), AIRLINE, PASSENGERS),
        snapshot(
            "LagFramer(n_steps=200) needs at least 200 rows, got X of shape (38, 1). Lower n_steps or pass a longer series."
        ),
    ),
}


@pytest.mark.parametrize(("case", "message"), BAD.values(), ids=BAD)
def test_bad_input(case, message):
    """What cannot be checked is refused, with what to do about it."""
    assert refused(check_no_leakage, *case) == message
