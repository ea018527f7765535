"""Known-ahead and static features, from the table to the network."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, LSTMRegressor, SequencePadder, SeriesScaler, To3D, make_supervised

N_DAYS = 120


@pytest.fixture(scope="module")
def stores():
    """Sales of three stores: a planned promotion adds sales in proportion to the size of the store."""
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
    # One batch an epoch: so short a fit is done before a program of XLA is compiled.
    lstm = LSTMRegressor(units=8, epochs=100, batch_size=512, learning_rate=0.03, random_state=0)
    return make_pipeline(SeriesScaler(**keys), LagFramer(3, **keys, **roles), SequencePadder(), To3D(), lstm)


@pytest.fixture(scope="module")
def fitted(stores):
    """A pipeline that knows the plan and the size, fitted on the first days."""
    X, y = make_supervised(stores, target="sales", group="store", time="date")
    early = np.asarray(X["date"] < X["date"].iloc[-100])
    return model(static=["size"], future=["promo"]).fit(X[early], y[early])


def test_future_features_help(stores, fitted):
    """Tomorrow's sales are predicted from the planned promotion, and not without it."""
    X, y = make_supervised(stores, target="sales", group="store", time="date")
    early = np.asarray(X["date"] < X["date"].iloc[-100])
    # The plan of the day after the last one of a part is not in that part.
    known = X[~early].index[:-3]

    def score(pipeline):
        predicted = pd.Series(pipeline.predict(X[~early]), index=X[~early].index)[known]
        return 1 - ((predicted - y[known]) ** 2).sum() / ((y[known] - y[known].mean()) ** 2).sum()

    assert score(model(static=["size"]).fit(X[early], y[early])) < 0.3
    assert score(fitted) > 0.8


def test_days_that_lie_ahead(stores, fitted):
    """Appended rows hold the plan only; the forecast stands at the last observed row."""
    ahead = stores[-3:].assign(sales=np.nan, date=stores["date"].max() + pd.Timedelta("1D"))
    low, high = (fitted.predict(pd.concat([stores[-30:], ahead.assign(promo=promo)]))[-6:-3] for promo in (0.0, 1.0))
    assert (high - low > 2).all()
