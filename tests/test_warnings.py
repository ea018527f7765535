"""A warning points at the line that the user wrote, however deep it comes from."""

import sys
import warnings

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, LSTMRegressor
from sklstm._warnings import warn_user

RNG = np.random.default_rng(0)
SERIES, Y = RNG.normal(size=(24, 2)), RNG.normal(size=24)


def here():
    """The line that this is called from."""
    return sys._getframe(1).f_lineno


def test_names_the_line_that_calls():
    """The nearest line that is not sklstm's, with category and message as they were given."""
    line = here() + 2
    with pytest.warns(FutureWarning, match="rains") as told:
        warn_user("it rains", FutureWarning)
    assert (str(told[0].message), told[0].filename, told[0].lineno) == ("it rains", __file__, line)


def test_names_the_line_through_pipelines_and_searches():
    """scikit-learn's own lines are passed over, and those of joblib, which runs its searches."""
    pipeline = make_pipeline(LagFramer(n_steps=3), LSTMRegressor(2, stateful=True, epochs=1, random_state=0))
    search = GridSearchCV(pipeline, {"lstmregressor__units": [2]}, cv=2)
    for model, calls in ((pipeline[-1], 1), (pipeline, 1), (search, 5)):
        X = SERIES if model is not pipeline[-1] else LagFramer(n_steps=3).fit_transform(SERIES)
        line = here() + 2
        with pytest.warns(UserWarning, match="windows that overlap") as told:
            model.fit(X, Y)
        assert {(warning.filename, warning.lineno) for warning in told} == {(__file__, line)}
        assert len(told) == calls


def test_without_a_line_of_the_user():
    """Where all lines are the libraries', the warning is given all the same."""
    namespace = {"__name__": "sklstm.somewhere", "warn_user": warn_user}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        exec("warn_user('it snows', UserWarning)", namespace)
    assert [str(warning.message) for warning in told] == ["it snows"]
