"""OnlinePredictor.update_many: rows of many series are predicted in one batch."""

import numpy as np
import pandas as pd
import pytest
from counted_calls import count_calls
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sizes import EPOCHS, UNITS
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import (
    Differencer,
    ForwardFill,
    LagFramer,
    LagRegressor,
    LSTMRegressor,
    OnlinePredictor,
    SeriesForecaster,
    SeriesScaler,
)

from .streams import SAME

KEYS = {"group": "store", "time": "day"}
N_FITTED = 20


def panel(n_series, n_rows=N_FITTED + 6, *, holes=True):
    """Series of different levels, their rows mixed by day; some are not there, or not observed where there are no holes."""
    days = np.repeat(pd.date_range("2026-01-01", periods=n_rows), n_series)
    table = pd.DataFrame({"store": np.tile(np.arange(n_series), n_rows), "day": days})
    noise = np.random.default_rng(0).uniform(size=len(table))
    table["sales"] = (table["store"] + 5 + noise).where(noise < 0.95)
    return table.dropna().reset_index(drop=True) if holes else table


def halves(table):
    """The rows that are fitted, and those that come later."""
    is_first = table["day"] < table["day"].min() + pd.Timedelta(days=N_FITTED)
    return table[is_first], table[~is_first]


def network(**params):
    return LSTMRegressor(
        UNITS, epochs=EPOCHS, window_scaler=None, linear_skip=False, random_state=0, batch_size=256, **params
    )


def model(*before, final=None, **framing):
    """A pipeline that was fitted on the first rows of a panel."""
    steps = *before, SeriesScaler("standard", **KEYS), LagFramer(3, **KEYS, **framing), final or LagRegressor()
    return lambda table: make_pipeline(*steps).fit(table, table["sales"].to_numpy())


def forecaster(table):
    steps = Differencer(1, **KEYS), LagFramer(3, **KEYS), LagRegressor()
    return SeriesForecaster(make_pipeline(*steps), target="sales", horizon=2, **KEYS).fit(table)


MODELS = {
    "linear": model(),
    "network": model(final=network()),
    "differences": model(Differencer(1, **KEYS)),
    "filled": model(ForwardFill(**KEYS)),
    "elapsed": model(elapsed="D"),
    "on a grid": model(freq="D"),
    "scikit-learn's": model(
        ColumnTransformer(
            [("all", StandardScaler(), ["sales"])], remainder="passthrough", verbose_feature_names_out=False
        ).set_output(transform="pandas")
    ),
    "forecaster": forecaster,
}


@pytest.mark.parametrize("fit", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("n_days", [1, 6], ids=["day by day", "at once"])
def test_predictions_are_those_of_the_table(fit, n_days):
    """Rows of many series, warm and with their times, one day at a time or all at once, are predicted as in a table."""
    fitted, new = halves(panel(40, holes=fit is not forecaster))
    served = fit(fitted)
    online = OnlinePredictor(served, warm=True)
    days = (new["day"] - new["day"].min()).dt.days // n_days
    got = np.concatenate([online.update_many(rows) for _, rows in new.groupby(days)])
    assert_allclose(got, served.predict(new).to_numpy() if fit is forecaster else served.predict(new), **SAME)


def test_bits_are_those_of_the_table():
    """Transformers and estimators are asked as in a table: the same bits."""
    fitted, new = halves(panel(10))
    served = MODELS["linear"](fitted)
    assert_array_equal(OnlinePredictor(served, warm=True).update_many(new), served.predict(new))


def test_order_of_rows_that_come_one_by_one():
    """A call for many rows gives, in their order, what calls for each row give."""
    fitted, new = halves(panel(3))
    online = OnlinePredictor(MODELS["network"](fitted))
    new = new.sample(frac=1, random_state=0).sort_values("day", kind="stable")
    one_by_one = [online.update(row) for row in new.to_dict("records")]
    assert_allclose(online.reset().update_many(new), one_by_one, **SAME)
    lists = new["sales"].tolist(), new["store"].tolist(), new["day"].tolist()
    assert_allclose(online.reset().update_many(lists[0], groups=lists[1], times=lists[2]), one_by_one, **SAME)


def test_rows_in_a_list():
    """A list of dicts, or of Series, holds values by their names, and each of them all names."""
    fitted, new = halves(panel(3))
    online, rows = OnlinePredictor(MODELS["linear"](fitted), warm=True), new.to_dict("records")
    expected = online.update_many(new)
    assert_array_equal(online.reset().update_many(rows), expected)
    assert_array_equal(online.reset().update_many(row[::-1] for _, row in new.iterrows()), expected)
    del rows[4]["sales"]
    assert refused(online.update_many, rows) == snapshot(
        "OnlinePredictor got a row without 'sales'. Pass a value for each feature, sales, and NaN for all of them where nothing was observed."
    )


def test_states_of_many_series():
    """Each series goes on from its own state, also where rows of some series are missing."""
    fitted, new = halves(panel(40))
    new = new.assign(sales=new["sales"].where(new.index % 7 > 0))
    served = model(final=network())(fitted)
    online = OnlinePredictor(served, mode="state", warm=True)
    got = np.concatenate([online.update_many(rows) for _, rows in new.groupby("day")])
    assert_allclose(OnlinePredictor(served, mode="state", warm=True).update_many(new), got, **SAME)
    for store in (0, 17):
        own = OnlinePredictor(served, mode="state", warm=True)
        rows = new["store"] == store
        assert_allclose([own.update(row) for row in new[rows].to_dict("records")], got[rows], **SAME)
    again = online.reset(17).update_many(new[new["store"] == 17])
    assert_allclose(again, got[new["store"] == 17], **SAME)


@pytest.mark.parametrize(
    ("name", "mode"),
    [(name, "window") for name in ("linear", "network", "differences", "elapsed", "forecaster")]
    + [("network", "state")],
)
def test_many_series_cost_one_batch(name, mode):
    """A row of each of 500 series takes as many calls of Python functions as a row of each of 5."""
    calls = []
    for n_series in (5, 500):
        fitted, new = halves(panel(n_series, holes=name != "forecaster"))
        online = OnlinePredictor(MODELS[name](fitted), warm=True, mode=mode)
        first, second, third = (rows for _, rows in list(new.groupby("day"))[:3])
        online.update_many(first)
        online.update_many(second)
        calls.append(count_calls(online.update_many, third)[0])
    assert calls[1] < 1.4 * calls[0] + 200


def test_rows_that_are_refused_leave_no_trace():
    """One row that does not fit is an error for all rows of the call, and none is taken."""
    fitted, new = halves(panel(3))
    online, untouched = (OnlinePredictor(MODELS["linear"](fitted), warm=True) for _ in range(2))
    late = pd.concat([new, new[:1]])
    assert refused(online.update_many, late) == snapshot(
        "OnlinePredictor expects rows in time order, got 2026-01-21 00:00:00 after 2026-01-26 00:00:00 of 0. Pass each row once, in the order of time; reset() begins anew."
    )
    assert refused(online.update_many, new.assign(sales="many")) == snapshot(
        "OnlinePredictor expects numbers, got text in column 'sales': 'many'. Encode it as a number, or pass NaN for all features where nothing was observed."
    )
    assert refused(online.update_many, new["sales"], groups=["A"]) == snapshot(
        "OnlinePredictor got 16 rows and 1 groups. Pass one for each row."
    )
    assert_array_equal(online.update_many(new), untouched.update_many(new))


def test_a_forecaster_of_one_series():
    """It serves each series in a call of its own."""
    served = SeriesForecaster(make_pipeline(LagFramer(3), LagRegressor())).fit(np.arange(30.0))
    online = OnlinePredictor(served)
    assert_allclose(online.update_many([1.0, 2.0, 3.0, 4.0], groups=["A"] * 4)[-1], 5, rtol=1e-3)
    assert refused(online.update_many, [1.0, 2.0], groups=["A", "B"]) == snapshot(
        "OnlinePredictor serves a SeriesForecaster of one series, got rows of 2 in one call. Pass those of each series by themselves."
    )


@pytest.mark.parametrize("name", ["linear", "forecaster"])
def test_no_rows_and_series_that_begin_anew(name):
    """A call without rows predicts nothing; a series that is reset goes on from the fitted rows again."""
    fitted, new = halves(panel(3, holes=name != "forecaster"))
    online = OnlinePredictor(MODELS[name](fitted), warm=True)
    assert len(online.update_many([])) == 0
    expected = online.update_many(new)
    again = new["store"] == 1
    for unknown in (1, "no such series"):
        online.reset(unknown)
    assert_allclose(online.update_many(new[again]), expected[again], **SAME)


def test_an_unnamed_series_beside_one_with_a_name():
    """A forecaster of one series goes on from its context for rows without a label, and from nothing for others."""
    series = pd.Series(np.arange(30.0) % 7)
    online = OnlinePredictor(SeriesForecaster(make_pipeline(LagFramer(3), LagRegressor())).fit(series), warm=True)
    first = online.update(2.0)
    assert abs(online.update(2.0, group="A") - first) > 0.1
    assert online.reset("A").update(2.0, group="A") != first
    assert online.reset().update(2.0) == first
