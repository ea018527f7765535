"""check_no_leakage finds what was planted: each step, feature and target that knows too much."""

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from leakage_examples import (
    AIRLINE,
    FOLLOWING,
    HIGHS,
    HOLES,
    HOLIDAYS,
    KEYS,
    LOOKING_AHEAD,
    PANEL,
    PASSENGERS,
    QUARTER,
    SPOTS,
    SUNSPOTS,
    WEATHER,
    ending,
    last_third,
    leaks_of,
    lstm,
    message_of,
    minmax,
    named,
    standardised,
    table_of_lags,
)
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, RobustScaler, StandardScaler

from sklstm import LagFramer, SeriesScaler, make_supervised
from sklstm.datasets import load_airline
from sklstm.inspection import check_no_leakage

# --- planted --------------------------------------------------------------------------------------

COLUMNS = list(WEATHER.columns)


@pytest.mark.parametrize(("function", "X"), LOOKING_AHEAD.values(), ids=LOOKING_AHEAD)
def test_lookahead(function, X):
    """A step whose rows depend on later ones is named, with each column."""
    pipe = named(first=SimpleImputer().set_output(transform="pandas") if X is WEATHER else "passthrough")
    pipe.steps[1:1] = [("ahead", FunctionTransformer(function)), ("scale", SeriesScaler())]
    assert leaks_of(pipe, X, HIGHS, last_third(X)) == [("ahead", column, "look-ahead") for column in COLUMNS]


def test_lookahead_message():
    """The message says which step and column, for which row, and what to use instead."""
    pipe = named(smooth=FunctionTransformer(LOOKING_AHEAD["centred mean"][0]))
    assert message_of(pipe, AIRLINE, PASSENGERS) == snapshot(
        "check_no_leakage expects each prediction to use its own past and training rows alone, got 1 leak:\n"
        "- step 'smooth', column 'passengers': what it returns moves with rows that come later (row 1951-12-01, for "
        "one). Let it look back only: ForwardFill for bfill or interpolation, rolling(...) without center; and learn "
        "statistics in fit: SeriesScaler."
    )


def test_each_step_by_itself():
    """Two steps that leak are both named, nested ones by their path, and those between them are not."""
    inner = Pipeline([("fill", FunctionTransformer(lambda X: X.bfill())), ("scale", SeriesScaler())])
    pipe = named(prepare=inner, centre=FunctionTransformer(lambda X: X - X.mean()))
    places = leaks_of(pipe, HOLES, PASSENGERS, last_third(HOLES))
    assert places == [("prepare__fill", "passengers", "look-ahead"), ("centre", "passengers", "look-ahead")]


def test_lookahead_within_series_of_a_panel():
    """The same in a panel, whose rows are cut by time."""

    def centre(X):
        return X.assign(value=X["value"] - X.groupby("place")["value"].transform("mean"))

    pipe = make_pipeline(FunctionTransformer(centre), LagFramer(5, **KEYS), lstm())
    assert leaks_of(pipe, PANEL, FOLLOWING) == [("functiontransformer", "value", "look-ahead")]


def test_only_what_is_named_is_known_ahead():
    """Where the framer knows holidays ahead, a step that reads the weather ahead still leaks."""
    pipe = make_pipeline(
        FunctionTransformer(lambda X: X.assign(wind=X["wind"].shift(-1).ffill())),
        LagFramer(5, future=["holiday"]),
        lstm(),
    )
    assert leaks_of(pipe, HOLIDAYS, HIGHS, last_third(HOLIDAYS)) == [("functiontransformer", "wind", "look-ahead")]


def test_lookahead_of_an_array():
    """Columns of an array are named as scikit-learn names them."""
    pipe = named(centre=FunctionTransformer(lambda X: X - X.mean(axis=0)))
    assert leaks_of(pipe, AIRLINE.to_numpy(), PASSENGERS) == [("centre", "x0", "look-ahead")]


SCALED_BEFORE = {
    "minmax": (
        minmax(AIRLINE),
        PASSENGERS,
        snapshot("""\
check_no_leakage expects each prediction to use its own past and training rows alone, got 1 leak:
- X, column 'passengers': it has values from exactly 0 to 1 over all rows, test rows included, and not over the training rows: it was scaled before the Pipeline. Pass it as it was measured, and put SeriesScaler into the Pipeline.\
"""),
    ),
    "minmax, its least value often": (
        minmax(SUNSPOTS),
        SPOTS,
        snapshot("""\
check_no_leakage expects each prediction to use its own past and training rows alone, got 1 leak:
- X, column 'sunspots': it has values from exactly 0 to 1 over all rows, test rows included, and not over the training rows: it was scaled before the Pipeline. Pass it as it was measured, and put SeriesScaler into the Pipeline.\
"""),
    ),
    "from -1 to 1": (
        2 * minmax(AIRLINE) - 1,
        PASSENGERS,
        snapshot("""\
check_no_leakage expects each prediction to use its own past and training rows alone, got 1 leak:
- X, column 'passengers': it has values from exactly -1 to 1 over all rows, test rows included, and not over the training rows: it was scaled before the Pipeline. Pass it as it was measured, and put SeriesScaler into the Pipeline.\
"""),
    ),
    "standard": (
        standardised(AIRLINE),
        PASSENGERS,
        snapshot("""\
check_no_leakage expects each prediction to use its own past and training rows alone, got 1 leak:
- X, column 'passengers': it has mean 0 and standard deviation 1 over all rows, test rows included, and not over the training rows: it was scaled before the Pipeline. Pass it as it was measured, and put SeriesScaler into the Pipeline.\
"""),
    ),
    "standard, as pandas": (
        standardised(AIRLINE, ddof=1),
        PASSENGERS,
        snapshot("""\
check_no_leakage expects each prediction to use its own past and training rows alone, got 1 leak:
- X, column 'passengers': it has mean 0 and standard deviation 1 over all rows, test rows included, and not over the training rows: it was scaled before the Pipeline. Pass it as it was measured, and put SeriesScaler into the Pipeline.\
"""),
    ),
    "standard, of one row more": (
        standardised(load_airline().data)[:-1],
        PASSENGERS,
        snapshot("""\
check_no_leakage expects each prediction to use its own past and training rows alone, got 1 leak:
- X, column 'passengers': it has mean 0 and standard deviation 1 over all rows, test rows included, and not over the training rows: it was scaled before the Pipeline. Pass it as it was measured, and put SeriesScaler into the Pipeline.\
"""),
    ),
}


@pytest.mark.parametrize(("X", "y", "message"), SCALED_BEFORE.values(), ids=SCALED_BEFORE)
def test_scaled_before(X, y, message):
    """Data that were scaled on all rows are named, and how they were."""
    assert message_of(ending(SeriesScaler()), X, y, last_third(X)) == message


def test_scaled_before_in_each_series():
    """A panel whose series were scaled each by itself is found."""
    panel = PANEL.assign(value=PANEL.groupby("place")["value"].transform(minmax))
    pipe = make_pipeline(LagFramer(5, **KEYS), lstm())
    assert leaks_of(pipe, panel, FOLLOWING) == [("X", "value", "scaled before")]


SHARES = np.clip(np.random.default_rng(0).normal(0.5, 0.4, 143), 0, 1)


@pytest.mark.parametrize(
    "feature",
    [SHARES, np.round(SHARES, 2), np.linspace(0, 1, 143), (np.arange(143) > 140) * 1.0],
    ids=["capped shares", "round shares", "a trend", "an event"],
)
def test_from_0_to_1_by_nature(feature):
    """Shares, trends and indicators that have their bounds by nature are no scaled data."""
    check_no_leakage(ending(SeriesScaler()), AIRLINE.assign(feature=feature), PASSENGERS)


FROZEN = {
    "sklstm": SeriesScaler().fit(WEATHER),
    "standard": StandardScaler().fit(WEATHER),
    "robust": RobustScaler().fit(WEATHER),
}


@pytest.mark.parametrize("scaler", FROZEN.values(), ids=FROZEN)
def test_frozen_scaler(scaler):
    """A scaler that was fitted on everything and frozen is named, with the columns in which that shows."""
    places = leaks_of(named(scale=FrozenEstimator(scaler)), WEATHER, HIGHS)
    assert {place[0] for place in places} == {"scale"}
    assert {place[2] for place in places} == {"statistics"}
    assert {place[1] for place in places} == {"temp_max", "wind"}


def test_frozen_scaler_message():
    """The message says to pass it unfitted."""
    pipe = named(scale=FrozenEstimator(SeriesScaler("standard").fit(AIRLINE)))
    assert message_of(pipe, AIRLINE, PASSENGERS) == snapshot("""\
check_no_leakage expects each prediction to use its own past and training rows alone, got 1 leak:
- step 'scale', column 'passengers': it comes fitted on all rows, test rows included, and no fold fits it anew. Pass it as it is before fit, so that each fold fits it on its training rows.\
""")


def test_statistics_from_outside():
    """A function that knows the mean and deviation of all rows is named, by what comes out of it."""
    pipe = named(scale=FunctionTransformer(lambda X: (X - AIRLINE.mean()) / AIRLINE.std()))
    assert message_of(pipe, AIRLINE, PASSENGERS) == snapshot("""\
check_no_leakage expects each prediction to use its own past and training rows alone, got 1 leak:
- step 'scale', column 'passengers': what it returns has mean 0 and standard deviation 1 over all rows, test rows included, and not over the training rows that it was fitted on: it knows statistics of all rows. Learn them in fit: SeriesScaler.\
""")
    centred = named(centre=FunctionTransformer(lambda X: X - AIRLINE.mean()))
    assert leaks_of(centred, AIRLINE, PASSENGERS, last_third(AIRLINE)) == [("centre", "passengers", "statistics")]


class Kept(StandardScaler):
    """A scaler that clone returns as it is, though it learns in each fit."""

    def __sklearn_clone__(self):
        return self


def test_what_clone_keeps_is_left_alone():
    """A scaler that fits anew is honest, whatever clone does, and the user's own is not fitted."""
    scaler = Kept().fit(AIRLINE)
    check_no_leakage(ending(scaler), AIRLINE, PASSENGERS)
    assert scaler.n_samples_seen_ == len(AIRLINE)


FROZEN_TARGETS = {
    "all y": (SeriesScaler("standard").fit(PASSENGERS.to_frame()), PASSENGERS),
    "robust": (RobustScaler().fit(PASSENGERS.to_frame().to_numpy()), PASSENGERS),
    "the series": (StandardScaler().fit(load_airline().data), PASSENGERS),
    "three months": (StandardScaler().fit(QUARTER[1]), QUARTER[1]),
}


@pytest.mark.parametrize(("scaler", "y"), FROZEN_TARGETS.values(), ids=FROZEN_TARGETS)
def test_frozen_target_scaler(scaler, y):
    """A target scaler that was fitted on everything is named by its parameter, and y by its name."""
    pipe = named(scale=SeriesScaler())
    pipe.set_params(lstm__target_scaler=FrozenEstimator(scaler))
    X = AIRLINE[: len(y)]
    assert leaks_of(pipe, X, y) == [("lstm__target_scaler", "passengers(t+1)", "statistics")]
    transformed = TransformedTargetRegressor(table_of_lags(), transformer=FrozenEstimator(scaler))
    assert leaks_of(transformed, X, y) == [("transformer", "passengers(t+1)", "statistics")]


SCALERS = {"standard": StandardScaler(), "minmax": MinMaxScaler(), "robust": RobustScaler()}


@pytest.mark.parametrize("scaler", SCALERS.values(), ids=SCALERS)
def test_scaled_lags(scaler):
    """A scaler after the framing, with coefficients for each lag, is named."""
    # Each row the largest yet: no two lags have seen the same.
    rising = pd.DataFrame({"sales": np.exp(np.arange(80) / 20) + np.sin(np.arange(80))}, index=range(80))
    X, y = make_supervised(rising)
    assert leaks_of(table_of_lags(scaler), X, y, last_third(X)) == [
        (type(scaler).__name__.lower(), "sales", "scaled lags")
    ]
    check_no_leakage(make_pipeline(clone(scaler).set_output(transform="pandas"), table_of_lags()), X, y)


def test_scaled_lags_message():
    """The message says where the scaler belongs."""
    pipe = table_of_lags(StandardScaler())
    assert message_of(pipe, AIRLINE, PASSENGERS) == snapshot("""\
check_no_leakage expects each prediction to use its own past and training rows alone, got 1 leak:
- step 'standardscaler', column 'passengers': it scales each lag of a feature by itself, so that one value is told by several numbers, and each window tells where in the series it lies. Put SeriesScaler before LagFramer.\
""")


@pytest.mark.parametrize("dilation", [1, 2])
def test_scaled_lags_of_a_panel(dilation):
    """Lags are followed within each series, over the rows between them."""
    framer = LagFramer(4, dilation=dilation, flatten=True, **KEYS)
    pipe = make_pipeline(framer, StandardScaler(), SimpleImputer(), Ridge())
    assert leaks_of(pipe, PANEL, FOLLOWING) == [("standardscaler", "value", "scaled lags")]


TARGETS = {
    "y": (
        HIGHS,
        snapshot("""\
check_no_leakage expects each prediction to use its own past and training rows alone, got 1 leak:
- X, column 'tomorrow': it tells y in the same row, up to a line, and is not the past of y. Drop it, or shift it back to when it is known.\
"""),
    ),
    "y in other units": (
        HIGHS * 1.8 + 32,
        snapshot("""\
check_no_leakage expects each prediction to use its own past and training rows alone, got 1 leak:
- X, column 'tomorrow': it tells y in the same row, up to a line, and is not the past of y. Drop it, or shift it back to when it is known.\
"""),
    ),
    "the day after": (
        HIGHS.shift(-1),
        snapshot("""\
check_no_leakage expects each prediction to use its own past and training rows alone, got 1 leak:
- X, column 'tomorrow': it tells y 1 row later, up to a line, and is not the past of y. Drop it, or shift it back to when it is known.\
"""),
    ),
    "two days after": (
        HIGHS.shift(-2),
        snapshot("""\
check_no_leakage expects each prediction to use its own past and training rows alone, got 1 leak:
- X, column 'tomorrow': it tells y 2 rows later, up to a line, and is not the past of y. Drop it, or shift it back to when it is known.\
"""),
    ),
}


@pytest.mark.parametrize(("column", "message"), TARGETS.values(), ids=TARGETS)
def test_target_in_features(column, message):
    """A column that tells y of its row or a later one is named, beside the honest past of y."""
    X = WEATHER.assign(tomorrow=column)[:1400]
    assert message_of(ending(SeriesScaler()), X, HIGHS[:1400], last_third(X)) == message


def test_one_of_several_targets_in_features():
    """Of several outputs the one that a column tells is named."""
    X, y = QUARTER
    assert message_of(ending(SeriesScaler()), X.assign(later=y.iloc[:, 1]), y) == snapshot("""\
check_no_leakage expects each prediction to use its own past and training rows alone, got 1 leak:
- X, column 'later': it tells y (output 1) in the same row, up to a line, and is not the past of y. Drop it, or shift it back to when it is known.\
""")
