"""Transformers one row at a time: OnlinePredictor predicts each row as the Pipeline does in a table."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from sklstm import Differencer, ForwardFill, LagFramer, LagRegressor, OnlinePredictor, SeriesScaler

TABLE = pd.DataFrame(np.random.default_rng(0).uniform(1, 9, size=(60, 2)), columns=["a", "b"])
TABLE.iloc[45:48] = np.nan
FITTED, NEW = TABLE[:30], TABLE[30:]
TARGET = FITTED["a"] - 2 * FITTED["b"]


@pytest.mark.parametrize(
    "step",
    [
        SeriesScaler("standard"),
        SeriesScaler("minmax", coefficients={"min": {"a": 3.0}, "max": {"a": 5.0}}, out_of_range="clip"),
        MinMaxScaler((0.2, 0.8), clip=True),
        StandardScaler(with_mean=False),
        RobustScaler(with_centering=False),
        MaxAbsScaler(),
        ForwardFill(limit=2),
        ForwardFill(),
        Differencer((1, 3)),
        Differencer(2, log=True, columns=["b"]),
    ],
    ids=str,
)
def test_rows_are_those_of_the_table(step):
    """From nothing, and after the fitted rows, each row is predicted as in the table."""
    model = make_pipeline(step.set_output(transform="pandas"), LagFramer(1), LagRegressor()).fit(FITTED, TARGET)
    cold = NEW.set_axis(np.arange(-500, -500 + len(NEW)))
    assert_allclose(OnlinePredictor(model).update_many(NEW), model.predict(cold), rtol=1e-9)
    assert_allclose(OnlinePredictor(model, warm=True).update_many(NEW), model.predict(NEW), rtol=1e-9)


def test_each_series_has_its_own_scale():
    """A row is scaled like its series, and by the scale of all rows where its series was not fitted."""
    fitted = FITTED.assign(store=np.repeat(["x", "y"], 15))
    model = make_pipeline(SeriesScaler(group="store"), LagFramer(1, group="store"), LagRegressor())
    model.fit(fitted, TARGET)
    rows = NEW.assign(store=np.resize(["x", "y", "new"], len(NEW)))
    assert_allclose(OnlinePredictor(model).update_many(rows), model.predict(rows), rtol=1e-9)
