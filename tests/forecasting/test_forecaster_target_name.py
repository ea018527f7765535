"""SeriesForecaster names the y that it derives, so that the regressor knows which feature holds its past."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, Persistence, SeriesForecaster, SeriesScaler

SALES = np.random.default_rng(0).normal(100, 9, size=40).cumsum()
SHOP = pd.DataFrame({"visits": 2 * SALES + 1, "sales": SALES, "price": np.random.default_rng(1).normal(size=40)})


@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("target", ["sales", "price"])
def test_y_is_named_after_the_target(target, horizon):
    """Of several features, some of them lines of each other, the target's own is taken at every step of the horizon."""
    pipeline = make_pipeline(SeriesScaler("standard"), LagFramer(2), Persistence())
    forecaster = SeriesForecaster(pipeline, target=target, horizon=horizon, strategy="direct").fit(SHOP)
    pasts = forecaster.pipeline_[-1].pasts_
    assert {past.feature for past in pasts} == {list(SHOP).index(target)}
    assert [past.horizon for past in pasts] == list(range(1, horizon + 1))
    assert_allclose(np.ravel(forecaster.forecast()), SHOP[target].iloc[-1], rtol=1e-6)


def test_names_of_a_panel():
    """The target of a panel is named alike, and windows know the columns that are features."""
    panel = pd.concat([SHOP.assign(shop=shop, day=range(40)) for shop in "ab"], ignore_index=True)
    keys = {"group": "shop", "time": "day"}
    pipeline = make_pipeline(LagFramer(2, **keys), Persistence())
    forecaster = SeriesForecaster(pipeline, target="sales", horizon=2, strategy="direct", **keys).fit(panel)
    assert [past.feature for past in forecaster.pipeline_[-1].pasts_] == [1, 1]
