"""A warning points at the line that the user wrote, however deep it comes from."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklstm import LagRegressor

# Named columns that may be time steps or features: the regressor warns.
TABLE = pd.DataFrame(np.random.default_rng(0).normal(size=(24, 2)), columns=["rain", "temp"])
Y = TABLE["rain"]


def here():
    """Return the number of the line that calls this."""
    return sys._getframe(1).f_lineno


def regressor():
    return LagRegressor(DummyRegressor())


def test_names_the_line_that_calls():
    """The warning points at the nearest line that is not sklstm's."""
    line = here() + 2
    with pytest.warns(UserWarning, match="takes the 2 columns of X") as told:
        regressor().fit(TABLE, Y)
    assert [(warning.filename, warning.lineno) for warning in told] == [(__file__, line)]


def test_names_the_line_through_pipelines_and_searches():
    """Lines of scikit-learn and of joblib, which runs its searches, are passed over."""
    pipeline = make_pipeline("passthrough", regressor())
    search = GridSearchCV(pipeline, {"lagregressor__regressor__strategy": ["mean"]}, cv=2)
    for model, n_fits in ((pipeline, 1), (search, 3)):
        line = here() + 2
        with pytest.warns(UserWarning, match="takes the 2 columns of X") as told:
            model.fit(TABLE, Y)
        assert [(warning.filename, warning.lineno) for warning in told] == [(__file__, line)] * n_fits
