import sys

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - it makes the next import possible
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, KFold, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from sklstm.forecasting import forecast_scorer
from sklstm.inspection import SearchDisplay

X = np.arange(24.0)[:, None]
Y = np.zeros(24)
FOLDS = KFold(3)


class Costly(RegressorMixin, BaseEstimator):
    """It errs by as much as its parameters say, and more in later folds."""

    def __init__(self, n_steps=1, units=1, method="a", epochs=1):
        self.n_steps = n_steps
        self.units = units
        self.method = method
        self.epochs = epochs

    def fit(self, X, y):
        if self.n_steps < 0:
            raise ValueError("no")
        self.is_fitted_ = True
        return self

    def predict(self, X):
        error = 10 * self.n_steps + self.units + {"a": 0.5, "b": 0.0}.get(self.method, 0.25)
        return np.full(len(X), error) * (1 + X[0, 0] / 100) / self.epochs


def search(grid, scoring="neg_root_mean_squared_error", kind=GridSearchCV, **params):
    """A fitted search over a small pipeline."""
    pipe = Pipeline([("scale", FunctionTransformer()), ("net", Costly())])
    return kind(pipe, grid, scoring=scoring, cv=FOLDS, **params).fit(X, Y)


GRID = {"net__n_steps": [3, 1, 2], "net__units": [1, 2], "net__method": ["b", "a"]}
# The folds begin at rows 0, 8 and 16.
SPREAD = 1 + np.array([0, 0.08, 0.16])


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def grid_search():
    return search(GRID)


def line_of(display):
    """Where the line of scores goes: errorbar makes objects of numbers."""
    return display.line_[0].get_ydata().astype(float)


def texts(display):
    return [text.get_text() for text in display.texts_]


def test_heat_map(grid_search):
    """Each cell is the best mean error over what else was searched, written in it, positive."""
    display = SearchDisplay.from_estimator(grid_search, x="net__n_steps", y="net__method")
    expected = np.array([[11.0, 21, 31], [11.5, 21.5, 31.5]]) * SPREAD.mean()
    assert_allclose(display.scores_, expected)
    assert_allclose(display.image_.get_array(), expected)
    assert display.scores_.columns.tolist() == ["1", "2", "3"]
    assert display.scores_.index.tolist() == ["b", "a"]
    assert texts(display) == ["11.9", "22.7", "33.5", "12.4", "23.2", "34.0"]
    assert [text.get_position() for text in display.texts_][:2] == [(0, 0), (1, 0)]
    assert display.colorbar_.ax.get_ylabel() == "root mean squared error, lower is better"
    assert display.ax_.get_title(loc="left") == "best over net__units"
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("net__n_steps", "net__method")
    display.figure_.canvas.draw()


def test_best_is_marked(grid_search):
    """The best candidate has a frame, and its score is bold."""
    display = SearchDisplay.from_estimator(grid_search, x="n_steps", y="units")
    (frame,) = display.ax_.patches
    assert frame.get_xy() == (-0.5, -0.5)
    assert [text.get_weight() for text in display.texts_] == ["bold"] + ["normal"] * 5


@pytest.mark.parametrize("kind", [GridSearchCV, RandomizedSearchCV], ids=["grid", "random"])
def test_one_parameter(kind):
    """One parameter makes a line, with the spread over the folds."""
    params = {"n_iter": 3, "random_state": 0} if kind is RandomizedSearchCV else {}
    display = SearchDisplay.from_estimator(search({"net__n_steps": [3, 1, 2]}, kind=kind, **params))
    line, _, (bars,) = display.line_
    assert_array_equal(line.get_xdata(), [1, 2, 3])
    assert_allclose(line_of(display), np.array([11.5, 21.5, 31.5]) * SPREAD.mean())
    spread = 11.5 * SPREAD.std()
    assert_allclose(bars.get_segments()[0][:, 1], 11.5 * SPREAD.mean() + np.array([-spread, spread]))
    assert display.ax_.get_ylabel() == "root mean squared error, lower is better"
    assert display.image_ is display.colorbar_ is None
    assert_array_equal(display.ax_.lines[-1].get_xdata(), [1])


def test_one_of_several_parameters(grid_search):
    """Over one of several parameters the line goes through the best candidates, and it is said so."""
    display = SearchDisplay.from_estimator(grid_search, "method")
    assert_allclose(line_of(display), np.array([11.0, 11.5]) * SPREAD.mean())
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["b", "a"]
    assert display.ax_.get_xlabel() == "net__method\n(best over net__n_steps, net__units)"


def test_halving():
    """Of a halving search each candidate's last round counts, and the winner of the last one is marked."""
    halving = search(
        {"net__n_steps": [1, 2, 3], "net__units": [1, 2]},
        kind=HalvingGridSearchCV,
        resource="net__epochs",
        max_resources=4,
        min_resources=1,
        factor=2,
    )
    display = SearchDisplay.from_estimator(halving, x="n_steps", y="units")
    assert len(display.candidates) == 6
    results = pd.DataFrame(halving.cv_results_)
    for n_steps in (1, 2, 3):
        for units in (1, 2):
            rounds = results[(results["param_net__n_steps"] == n_steps) & (results["param_net__units"] == units)]
            assert_allclose(display.scores_.loc[str(units), str(n_steps)], -rounds["mean_test_score"].iloc[-1])
    assert display.best == halving.best_index_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:One or more of the test scores:UserWarning")
def test_what_was_not_scored():
    """What failed, and what was not tried, is an empty cell."""
    grid = [{"net__n_steps": [1, 2], "net__units": [1]}, {"net__n_steps": [-1, 2], "net__units": [2]}]
    display = SearchDisplay.from_estimator(search(grid), "n_steps", "units")
    # -1 was not tried with 1 unit and failed with 2, and 1 was not tried with 2.
    assert display.scores_.columns.tolist() == ["-1", "1", "2"]
    assert_array_equal(np.isnan(display.scores_), [[True, False, False], [True, True, False]])
    assert [text == "" for text in texts(display)] == [True, False, False, True, True, False]


def test_several_grids():
    """Candidates without a parameter are left out where it is drawn."""
    several = search([{"net__n_steps": [1, 2]}, {"net__units": [3]}])
    display = SearchDisplay.from_estimator(several, "n_steps")
    assert_array_equal(display.line_[0].get_xdata(), [1, 2])


def test_values_of_any_kind():
    """Values are labelled as they are written; numbers come first, in their order."""
    grid = {"net__method": [None, "b", (64, 32), 7, 0.5, Ridge(), True]}
    display = SearchDisplay.from_estimator(search(grid))
    assert display.scores_.columns.tolist() == ["0.5", "7", "None", "b", "(64, 32)", "Ridge()", "True"]
    long = search({"net__method": ["a" * 40, "a" * 41]})
    assert SearchDisplay.from_estimator(long).scores_.columns.tolist() == ["a" * 25 + "..."] * 2


def test_many_values():
    """Where so many values were drawn that cells would be too small, candidates are points."""
    rng = np.random.default_rng(0)
    drawn = {"net__n_steps": rng.uniform(1, 9, size=40).tolist(), "net__units": np.logspace(-3, 3, 40).tolist()}
    many = search(drawn, kind=RandomizedSearchCV, n_iter=30, random_state=0)
    display = SearchDisplay.from_estimator(many, "n_steps", "units")
    points = {tuple(point) for point in display.image_.get_offsets().tolist()}
    assert points == {(params["net__n_steps"], params["net__units"]) for params in many.cv_results_["params"]}
    assert_allclose(sorted(display.image_.get_array()), sorted(-many.cv_results_["mean_test_score"]))
    assert (display.ax_.get_xscale(), display.ax_.get_yscale()) == ("linear", "log")
    best = display.ax_.lines[0]
    assert (best.get_xdata()[0], best.get_ydata()[0]) == tuple(
        many.best_params_[f"net__{x}"] for x in ("n_steps", "units")
    )
    assert texts(display) == []


def _huge(y_true, y_pred):
    return 7.0


@pytest.mark.parametrize(
    ("scoring", "label"),
    [
        ("neg_mean_absolute_error", "mean absolute error, lower is better"),
        ("r2", "r2, higher is better"),
        (None, "R squared, higher is better"),
        (make_scorer(mean_absolute_error, greater_is_better=False), "mean absolute error, lower is better"),
        (make_scorer(_huge), "huge, higher is better"),
    ],
    ids=["negated", "a score", "its own", "a negated scorer", "a scorer"],
)
def test_what_a_score_is_called(scoring, label):
    """Errors are called without the sign that scikit-learn gives them."""
    display = SearchDisplay.from_estimator(search({"net__n_steps": [1, 2]}, scoring))
    assert display.ax_.get_ylabel() == label


def test_score_of_a_classifier():
    """A classifier's own score is the accuracy."""
    accuracy = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=FOLDS).fit(X, np.arange(24) % 2)
    assert SearchDisplay.from_estimator(accuracy).ax_.get_ylabel() == "accuracy, higher is better"


class Forecasting(BaseEstimator):
    """What a search over forecasters asks for."""

    def __init__(self, n_steps=1):
        self.n_steps = n_steps

    def fit(self, series, y=None):
        return self

    def forecast(self, steps=None):
        """Not asked for."""

    def score(self, series, y=None):
        return 0.5

    def compare(self, series, steps=None):
        return np.zeros((3, 1)), np.full((3, 1), float(self.n_steps)), np.zeros(3)


@pytest.mark.parametrize(
    ("scoring", "label"),
    [
        (forecast_scorer("rmse"), "RMSE, lower is better"),
        (forecast_scorer(mean_absolute_error), "mean absolute error, lower is better"),
        (None, "R squared, higher is better"),
    ],
    ids=["by name", "by function", "its own"],
)
def test_score_of_a_forecaster(scoring, label):
    """The errors of forecasts are shown as they are, too."""
    display = SearchDisplay.from_estimator(
        GridSearchCV(Forecasting(), {"n_steps": [1, 2]}, scoring=scoring, cv=FOLDS).fit(X)
    )
    assert display.ax_.get_ylabel() == label
    assert_allclose(line_of(display), [0.5, 0.5] if scoring is None else [1, 2])


def test_several_scores():
    """Of several scores the one of refit= is drawn, or the one that is asked for."""
    scoring = {"error": "neg_mean_absolute_error", "fit": "r2"}
    several = search({"net__n_steps": [1, 2]}, scoring, refit="error")
    display = SearchDisplay.from_estimator(several)
    assert display.ax_.get_ylabel() == "error, lower is better"
    assert_allclose(line_of(display), -several.cv_results_["mean_test_error"])
    assert SearchDisplay.from_estimator(several, metric="fit").ax_.get_ylabel() == "fit, higher is better"
    draw = SearchDisplay.from_estimator
    assert refused(draw, several, metric="errors") == snapshot(
        "SearchDisplay.from_estimator got metric='errors', which the search has not scored. Did you mean 'error'? Its "
        "scores are: error, fit."
    )
    without = search({"net__n_steps": [1, 2]}, scoring, refit=False)
    assert refused(draw, without) == snapshot(
        "SearchDisplay.from_estimator got a search with several scores. Pass metric=, one of: error, fit."
    )
    assert len(draw(without, metric="error").scores_.columns) == 2


def test_where_to_draw(grid_search):
    """The axes that are passed are drawn on."""
    _, (_, ax) = plt.subplots(1, 2)
    assert SearchDisplay.from_estimator(grid_search, "n_steps", "units", ax=ax).ax_ is ax


def test_repr(grid_search):
    """The representation tells which scores are shown, and over what."""
    assert repr(SearchDisplay.from_estimator(grid_search, "n_steps", "units")) == (
        "SearchDisplay(root mean squared error of 12 candidates over net__n_steps and net__units)"
    )
    assert repr(SearchDisplay.from_estimator(grid_search, "n_steps")) == (
        "SearchDisplay(root mean squared error of 12 candidates over net__n_steps)"
    )


def test_drawn_again(grid_search):
    """A display that is made of its parts draws the same."""
    first = SearchDisplay.from_estimator(grid_search, "n_steps", "units")
    parts = {name: getattr(first, name) for name in ("candidates", "x", "y", "score_name", "lower_is_better")}
    again = SearchDisplay(**parts).plot()
    pd.testing.assert_frame_equal(first.scores_, again.scores_)
    assert again.ax_.patches[0].get_xy() == first.ax_.patches[0].get_xy()


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (
            None,
            None,
            snapshot(
                "SearchDisplay.from_estimator needs to know which parameters to draw over: pass x=, and y= for a heat map, of: net__method, net__n_steps, net__units."
            ),
        ),
        (None, "units", snapshot("SearchDisplay.from_estimator got y='units' and no x. Pass x=, or both.")),
        (
            "n_step",
            None,
            snapshot(
                "SearchDisplay.from_estimator got x='n_step', which the search was not over. Did you mean 'n_steps'? Its parameters are: net__method, net__n_steps, net__units."
            ),
        ),
        (
            "units",
            "net__units",
            snapshot(
                "SearchDisplay.from_estimator got 'net__units' for both x and y. Pass two parameters, or x alone."
            ),
        ),
    ],
    ids=["none of three", "no x", "unknown", "twice"],
)
def test_parameters_refused(grid_search, x, y, message):
    """A parameter that is not there, or not told, is refused."""
    assert refused(SearchDisplay.from_estimator, grid_search, x, y) == message


def test_ambiguous_parameter():
    """A short name that several parameters end in is refused."""
    pipe = Pipeline([("first", Ridge()), ("second", Ridge())])

    class Search(BaseEstimator):
        cv_results_ = {
            "param_first__alpha": np.ma.array([1.0, 2.0]),
            "param_second__alpha": np.ma.array([1.0, 2.0]),
            "mean_test_score": np.array([1.0, 2.0]),
            "std_test_score": np.array([1.0, 2.0]),
        }
        estimator = pipe

    assert refused(SearchDisplay.from_estimator, Search(), "alpha") == snapshot(
        "SearchDisplay.from_estimator got x='alpha', which several parameters end in: first__alpha, second__alpha. "
        "Pass one of these."
    )


def test_not_fitted():
    """A search that is not fitted, and what is no search, are refused."""
    draw = SearchDisplay.from_estimator
    assert refused(draw, GridSearchCV(Ridge(), {"alpha": [1.0]}), error=NotFittedError) == snapshot(
        "SearchDisplay.from_estimator needs a fitted search, got GridSearchCV that is not fitted. Call its fit first."
    )
    assert refused(draw, Ridge()) == snapshot(
        "SearchDisplay.from_estimator expects a fitted search with cv_results_, such as GridSearchCV or "
        "RandomizedSearchCV, got Ridge."
    )


def test_no_scores():
    """A search without a single score has nothing to show."""
    candidates = pd.DataFrame({"alpha": [1.0, 2.0], "score": np.nan, "spread": np.nan})
    assert refused(SearchDisplay(candidates=candidates, x="alpha").plot) == snapshot(
        "SearchDisplay got no candidate with a score: every fit has failed, or was not scored."
    )


def test_no_matplotlib(monkeypatch, grid_search):
    """Without matplotlib it is said how to get it."""
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    assert refused(SearchDisplay.from_estimator, grid_search, error=ImportError) == snapshot(
        "SearchDisplay.from_estimator needs matplotlib: pip install 'sklstm[plot]'"
    )
