"""ColdStartWarning: windows that lack rows which the user most likely has."""

import warnings

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from sizes import UNITS
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import KFold, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import (
    ColdStartWarning,
    LagFramer,
    LagRegressor,
    LSTMRegressor,
    OnlinePredictor,
    SeriesForecaster,
    SeriesScaler,
    check_no_leakage,
    make_supervised,
)

N, N_STEPS = 80, 6
SALES = pd.DataFrame(
    {"sales": 100 + 10 * np.sin(np.arange(N)) + np.random.default_rng(0).normal(size=N)},
    index=pd.date_range("2026-01-01", periods=N, name="day"),
)
X, Y = make_supervised(SALES)


def told(call, *args, **params):
    """Messages of the warnings of a call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(*args, **params)
    assert all(warning.category is ColdStartWarning for warning in caught)
    return [str(warning.message) for warning in caught]


@pytest.fixture
def framer():
    return LagFramer(N_STEPS).fit(X)


def test_rows_from_the_midst(framer):
    """A part of the fitted rows starts cold, with a warning; the count is that of the rows that lack others."""
    assert told(framer.transform, X[-1:]) == snapshot(
        [
            "LagFramer(n_steps=6) frames 1 rows that begin in the midst of the fitted rows, and starts cold: their windows lack the rows before them. Pass these rows, too, and take the last predictions: predict(X)[-1:] in place of predict(X[-1:]); or pass context='never'."
        ]
    )
    assert told(framer.transform, X[10:40])[0].startswith("LagFramer(n_steps=6) frames 5 rows")


def test_rows_that_lack_nothing(framer):
    """All fitted rows, rows that follow, a recording of later times and context='never' come without a warning."""
    later = SALES.set_axis(SALES.index + pd.Timedelta("400D"))
    for rows in (X, X[:30], SALES[N - 1 :], later):
        assert told(framer.transform, rows) == []
    assert told(framer.set_params(context="never").transform, X[-1:]) == []


def test_rows_of_a_panel():
    """Series that begin in the midst are counted, others are not."""
    panel = pd.concat([X.assign(store=store) for store in "ABC"])
    framer = LagFramer(N_STEPS, group="store").fit(panel)
    part = panel[(panel["store"] != "B") | (panel.index >= panel.index[20])]
    assert told(framer.transform, part)[0].startswith("LagFramer(n_steps=6) frames 5 rows")


def test_shuffled_folds():
    """Rows drawn at random leave most windows masked; splits in time do not."""
    model = make_pipeline(LagFramer(N_STEPS), LagRegressor())
    random = told(cross_val_score, model, X, Y, cv=KFold(3, shuffle=True, random_state=0))
    assert random[0] == snapshot(
        "LagFramer(n_steps=6) leaves 61% of the time steps of its windows masked, because they begin anew at 19 holes in the times of 52 rows. Rows drawn at random are no series: split in time, with TimeSeriesSplit, or pass max_gap= to reach across holes."
    )
    assert told(cross_val_score, model, X, Y, cv=TimeSeriesSplit(3)) == []


def test_holes_that_leave_most_steps():
    """A few holes, and rows on a grid, come without a warning."""
    some = X.drop(X.index[[20, 50]])
    assert told(LagFramer(N_STEPS).fit, some) == []
    assert told(LagFramer(N_STEPS, freq="D").fit, X[::4]) == []
    assert told(LagFramer(N_STEPS, max_gap="9D").fit, X.drop(X.index[3::4])) == []


def to_arrays():
    return ColumnTransformer([("scale", StandardScaler(), ["sales"])])


@pytest.mark.parametrize("last", [LSTMRegressor(units=UNITS, epochs=1, random_state=0), LagRegressor()])
def test_a_step_that_takes_the_times_away(last):
    """Arrays between a table and its framer are named, with the remedy, which helps."""
    pipe = make_pipeline(to_arrays(), LagFramer(N_STEPS), last)
    (message,) = told(pipe.fit, X[:60], Y[:60])
    assert message.replace(type(last).__name__, "MODEL") == snapshot(
        "MODEL got y with times, and windows of rows without: a step before LagFramer returns arrays, so that new rows start cold, without the fitted rows before them. Let the steps return tables, pipeline.set_output(transform='pandas'), or pass y as an array."
    )
    pipe.set_output(transform="pandas")
    assert told(pipe.fit, X[:60], Y[:60]) == []
    np.testing.assert_allclose(pipe.predict(X[60:]), pipe.predict(X)[60:], rtol=1e-4)
    arrays = make_pipeline(LagFramer(N_STEPS), last)
    assert told(arrays.fit, X.to_numpy(), Y.to_numpy()) == []


def test_those_that_look_back_themselves():
    """A forecaster, a predictor of single rows and the leak check know what lies before."""
    forecaster = SeriesForecaster(make_pipeline(LagFramer(N_STEPS), LagRegressor())).fit(SALES[:60])
    assert told(forecaster.predict, SALES[60:70]) == []
    assert told(forecaster.update(SALES[60:70]).forecast) == []
    pipe = make_pipeline(SeriesScaler(), LagFramer(N_STEPS), LagRegressor()).fit(X[:60], Y[:60])
    online = OnlinePredictor(pipe, warm=True)
    for time, row in SALES[60:70].iterrows():
        assert told(online.update, row, time=time) == []
    shuffled = KFold(3, shuffle=True, random_state=0)
    with pytest.raises(Exception, match="fold"):
        check_no_leakage(pipe, X, Y, shuffled)


def test_warnings_are_turned_off(framer):
    """The class of the warning is public."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ColdStartWarning)
        framer.transform(X[-1:])
