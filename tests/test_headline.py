"""The headline call: one stock Pipeline, tuned by one stock search, saved in one pickle."""

import copy
import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - enables the import below
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, root_mean_squared_error
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, LSTMRegressor

SCORINGS = [
    "neg_root_mean_squared_error",
    "neg_mean_absolute_error",
    "r2",
    "neg_median_absolute_error",
    "neg_max_error",
]
SEARCHED = {"frame__n_steps": [6, 12, 24], "scale__method": ["minmax", "standard"], "lstm__units": [2, 3]}


def as_given(X, kind):
    return X if kind == "pandas" else X.to_numpy()


@pytest.mark.parametrize("kind", ["pandas", "numpy"])
def test_headline_search(pipeline, airline, kind):
    """One stock search tunes time steps, scaling and network: each candidate has a score of its own, and it pickles."""
    X, y = airline
    X, y = as_given(X, kind), as_given(y, kind)
    grid = SEARCHED if kind == "pandas" else SEARCHED | {"lstm__units": [2]}
    search = GridSearchCV(pipeline, grid, cv=TimeSeriesSplit(2), scoring=SCORINGS[0])
    search.fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert np.unique(scores).size == np.prod([len(values) for values in grid.values()])
    again = pickle.loads(pickle.dumps(search))
    assert_array_equal(again.predict(X), search.predict(X))
    assert len(search.predict(X)) == len(X)


def test_every_stock_scoring(pipeline, airline):
    """A search takes several stock scorers at once, and scores are in units of y."""
    X, y = airline
    search = GridSearchCV(pipeline, {"frame__n_steps": [6]}, cv=TimeSeriesSplit(2), scoring=SCORINGS, refit=SCORINGS[0])
    search.fit(X, y)
    for scoring in SCORINGS:
        assert np.isfinite(search.cv_results_[f"mean_test_{scoring}"]).all()
    # A month has hundreds of passengers; an error in scaled units would be near 1.
    assert search.best_score_ < -20


def test_every_candidate_is_scored_on_the_same_rows(pipeline, airline):
    """Candidates with different look-backs are scored on the same test rows."""
    X, y = airline
    seen = {}

    def remember(estimator, X, y):
        seen.setdefault(estimator["frame"].n_steps, []).append(X.index)
        return -root_mean_squared_error(y, estimator.predict(X))

    GridSearchCV(pipeline, {"frame__n_steps": [6, 24]}, cv=TimeSeriesSplit(2), scoring=remember).fit(X, y)
    for short, long in zip(seen[6], seen[24], strict=True):
        assert short.equals(long)


@pytest.mark.parametrize("kind", ["pandas", "numpy"])
def test_no_prediction_sees_the_future(fitted_pipeline, airline, kind):
    """A row's prediction does not change when later rows change."""
    X, _ = airline
    X = X.astype(float)
    changed = X.copy()
    changed.iloc[60:] = changed.iloc[60:] * 3 - 100
    model = fitted_pipeline
    with warnings.catch_warnings():
        # An array has no column names: scikit-learn says so.
        warnings.simplefilter("ignore", UserWarning)
        before, after = model.predict(as_given(X, kind)), model.predict(as_given(changed, kind))
    assert_array_equal(before[:60], after[:60])
    assert not np.isclose(before[60:], after[60:]).any()


def test_nothing_fitted_sees_the_test_rows(pipeline, airline):
    """A fitted pipeline does not change if rows after the training rows change."""
    X, y = airline
    changed = X.astype(float)
    changed.iloc[80:] = 1e6
    first, second = clone(pipeline).fit(X[:80], y[:80]), clone(pipeline).fit(changed[:80], y[:80])
    assert_array_equal(first.predict(X[80:]), second.predict(X[80:]))


def test_context_is_carried_to_the_test_rows(fitted_pipeline, airline):
    """Rows that follow the training rows are predicted as in one continuous series."""
    X, _ = airline
    apart = fitted_pipeline.predict(X[100:])
    joined = fitted_pipeline.predict(X)[100:]
    np.testing.assert_allclose(apart, joined, rtol=1e-6)
    # After a gap of one month there is no context.
    cold = fitted_pipeline.predict(X[101:])
    assert not np.isclose(cold[0], joined[1])


def test_series_shorter_than_the_window(fitted_pipeline, airline):
    """A new series shorter than the window gets finite predictions: missing time steps are masked."""
    series = airline[0].iloc[:3].set_index(pd.date_range("1990", periods=3, freq="MS"))
    predicted = fitted_pipeline.predict(series)
    assert np.isfinite(predicted).all()


def test_ridge_on_the_same_lags(pipeline, airline):
    """LagFramer(flatten=True) gives a table of lags for any scikit-learn regressor."""
    X, y = airline
    ridge = make_pipeline(clone(pipeline["scale"]), LagFramer(n_steps=12, flatten=True), SimpleImputer(), Ridge())
    assert np.isfinite(cross_val_score(ridge, X, y, cv=TimeSeriesSplit(3))).all()


# Folds of KFold lack the rows before them.
@pytest.mark.filterwarnings("ignore::sklstm.ColdStartWarning")
def test_cross_val_score_and_predict(pipeline, airline):
    """cross_val_score works with TimeSeriesSplit, and cross_val_predict with KFold."""
    X, y = airline
    assert len(cross_val_score(pipeline, X, y, cv=TimeSeriesSplit(2), scoring=SCORINGS[1])) == 2
    assert cross_val_predict(pipeline, X, y, cv=KFold(3)).shape == y.shape


def test_halving_search_over_epochs(pipeline, airline):
    """HalvingGridSearchCV takes the number of epochs as its resource."""
    X, y = airline
    search = HalvingGridSearchCV(
        pipeline,
        {"frame__n_steps": [6, 12]},
        resource="lstm__epochs",
        max_resources=4,
        min_resources=2,
        factor=2,
        cv=TimeSeriesSplit(2),
        scoring=SCORINGS[0],
    )
    assert search.fit(X, y).best_params_["lstm__epochs"] in (2, 4)


def test_copies_predict_the_same_bits(fitted_pipeline, airline, tmp_path):
    """Copies by pickle, joblib and deepcopy predict the same bits; clone keeps the parameters."""
    X, _ = airline
    expected = fitted_pipeline.predict(X)
    joblib.dump(fitted_pipeline, tmp_path / "pipeline.joblib")
    assert_array_equal(joblib.load(tmp_path / "pipeline.joblib").predict(X), expected)
    assert_array_equal(copy.deepcopy(fitted_pipeline).predict(X), expected)
    assert_array_equal(pickle.loads(pickle.dumps(fitted_pipeline)).predict(X), expected)
    assert clone(fitted_pipeline)["lstm"].get_params() == fitted_pipeline["lstm"].get_params()


def test_series_with_many_features_and_many_horizons(pipeline):
    """From several features and for several horizons, predictions have the rows and columns of y."""
    from sklstm.datasets import load_seattle_weather
    from sklstm.preprocessing import make_supervised

    X, y = make_supervised(load_seattle_weather().data[:200], horizon=3, target="temp_max")
    assert clone(pipeline).fit(X, y).predict(X).shape == (197, 3)


def test_scores_in_units_of_y(airline):
    """Scores are in units of y after window_scaler and target_scaler, even if the network has hardly learned."""
    X, y = airline
    model = LSTMRegressor(units=2, epochs=1, window_scaler="last", random_state=0)
    windows = LagFramer(n_steps=6).fit_transform(X)
    model.fit(windows[:100], y[:100])
    scorer = make_scorer(root_mean_squared_error)
    assert scorer(model, windows[100:], y[100:]) < 100
    assert pd.Series(model.predict(windows[100:])).between(200, 800).all()
