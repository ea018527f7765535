"""Plans that are known ahead and properties that do not change, from the table to the network."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, LSTMRegressor, SequencePadder, SeriesScaler, To3D, make_supervised

N_DAYS = 120


@pytest.fixture(scope="module")
def stores():
    """Sales of three stores: a promotion, planned in advance, adds what the size of the store says."""
    rng = np.random.default_rng(0)
    parts = []
    for store, size in (("A", 1.0), ("B", 2.0), ("C", 3.0)):
        promo = rng.integers(0, 2, N_DAYS).astype(float)
        sales = 10 + size * 5 * promo + rng.normal(scale=0.2, size=N_DAYS)
        days = pd.date_range("2026-01-01", periods=N_DAYS)
        parts.append(pd.DataFrame({"date": days, "store": store, "sales": sales, "promo": promo, "size": size}))
    return pd.concat(parts).sort_values(["date", "store"]).reset_index(drop=True)


def model(**roles):
    keys = {"group": "store", "time": "date"}
    lstm = LSTMRegressor(units=8, epochs=25, learning_rate=0.02, random_state=0)
    return make_pipeline(SeriesScaler(**keys), LagFramer(3, **keys, **roles), SequencePadder(), To3D(), lstm)


def test_what_is_known_ahead_is_seen(stores):
    """Only who knows the plan can tell tomorrow's sales; who knows the size too, those of each store."""
    X, y = make_supervised(stores, target="sales", group="store", time="date")
    early = np.asarray(X["date"] < X["date"].iloc[-100])
    # The plan of the day after the last one of a part is not in that part.
    known = X[~early].index[:-3]
    blind = model(static=["size"]).fit(X[early], y[early])
    told = model(static=["size"], future=["promo"]).fit(X[early], y[early])
    assert blind.score(X[~early].loc[known], y[known]) < 0.3

    def score(pipeline):
        predicted = pd.Series(pipeline.predict(X[~early]), index=X[~early].index)[known]
        return 1 - ((predicted - y[known]) ** 2).sum() / ((y[known] - y[known].mean()) ** 2).sum()

    assert score(told) > 0.8


def test_days_that_lie_ahead(stores):
    """Rows of which only the plan is known are appended; the forecast stands at the last row that was observed."""
    ahead = stores[-3:].assign(sales=np.nan, date=stores["date"].max() + pd.Timedelta("1D"))
    X, y = make_supervised(stores, target="sales", group="store", time="date")
    fitted = model(static=["size"], future=["promo"]).fit(X, y)
    forecasts = {}
    for promo in (0.0, 1.0):
        table = pd.concat([stores[-30:], ahead.assign(promo=promo)])
        forecasts[promo] = fitted.predict(table)[-6:-3]
    assert (forecasts[1.0] - forecasts[0.0] > 2).all()
    # Whose plan does not matter, the forecast does not depend on it.
    blind = clone(fitted).set_params(lagframer__future=None, seriesscaler=None).fit(X.drop(columns="promo"), y)
    same = [blind.predict(stores[-30:].drop(columns="promo")) for _ in range(2)]
    assert_array_equal(*same)
