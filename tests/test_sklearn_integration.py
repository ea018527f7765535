"""Integration with scikit-learn and polars: containers, output names, progress bars and HTML representations."""

import re
from inspect import isclass

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sizes import EPOCHS, UNITS
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_validate
from sklearn.preprocessing import StandardScaler

import sklstm
from sklstm import (
    Differencer,
    ForwardFill,
    LagFramer,
    SequenceEncoder,
    SequencePadder,
    SeriesForecaster,
    SeriesScaler,
    To3D,
    Windows,
)

N_ROWS = 12
WEATHER = pd.DataFrame(np.random.default_rng(0).normal(size=(N_ROWS, 2)), columns=["rain", "temp"])
SKY = pd.DataFrame({"sky": list("abca") * 3})
LAGS = ["rain(t-1)", "temp(t-1)", "rain(t)", "temp(t)"]

# Each transformer, a table for it, and the names of its output; None for windows.
TRANSFORMERS = {
    "Differencer": (Differencer(1), WEATHER, ["rain", "temp"]),
    "ForwardFill": (ForwardFill(), WEATHER.where(WEATHER > 0), ["rain", "temp"]),
    "SeriesScaler": (SeriesScaler("standard"), WEATHER, ["rain", "temp"]),
    "SequenceEncoder": (SequenceEncoder(), SKY, ["sky"]),
    "LagFramer, flatten": (LagFramer(2, flatten=True), WEATHER, LAGS),
    "LagFramer": (LagFramer(2), WEATHER, None),
    "SequencePadder": (SequencePadder(), WEATHER, None),
    "To3D": (To3D(n_features=1), WEATHER, None),
}
TABLES = {name: case for name, case in TRANSFORMERS.items() if case[-1] is not None}
WINDOWS = {name: case for name, case in TRANSFORMERS.items() if case[-1] is None}


@pytest.fixture(scope="module")
def pl():
    polars = pytest.importorskip("polars", reason="needs polars, as the extra test has it")
    if not hasattr(StandardScaler().fit(polars.DataFrame({"a": [1.0, 2.0]})), "feature_names_in_"):
        pytest.skip("this scikit-learn does not read the names of this polars")
    return polars


def in_polars(pl, table):
    return pl.DataFrame({name: table[name].tolist() for name in table})


# --- polars ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("transformer", "X", "names"), TRANSFORMERS.values(), ids=TRANSFORMERS)
def test_transformers_take_polars(pl, transformer, X, names):
    """A polars DataFrame gives the values of the pandas DataFrame, in an array, and its names are known."""
    table = in_polars(pl, X)
    expected = clone(transformer).fit(X).transform(X)
    fitted = clone(transformer).fit(table)
    assert_array_equal(np.asarray(fitted.transform(table)), np.asarray(expected))
    if names is not None:
        assert fitted.feature_names_in_.tolist() == X.columns.tolist()
        assert fitted.get_feature_names_out().tolist() == names
        assert type(fitted.transform(table)) is np.ndarray


def test_pipeline_on_polars(pl, pipeline):
    """The headline pipeline predicts the same from polars DataFrames as from arrays, for rows of fit and new rows."""
    y = WEATHER["temp"].to_numpy()
    given = in_polars(pl, WEATHER)
    model = clone(pipeline).set_params(frame__n_steps=3)
    by_arrays = clone(model).fit(WEATHER.to_numpy(), y)
    by_polars = clone(model).fit(given, given["temp"])
    assert by_polars.feature_names_in_.tolist() == ["rain", "temp"]
    assert_array_equal(by_polars.predict(given), by_arrays.predict(WEATHER.to_numpy()))
    # Without an index, new rows have no context.
    assert_array_equal(by_polars.predict(given[6:]), by_arrays.predict(WEATHER.to_numpy()[6:]))
    several = clone(model).fit(given, given.select("temp", "rain"))
    assert_array_equal(several.predict(given), clone(model).fit(WEATHER, WEATHER[["temp", "rain"]]).predict(WEATHER))


def test_cross_validation_on_polars(pl, pipeline):
    """Stock cross-validation gives the same scores for polars DataFrames as for arrays."""
    model, cv = clone(pipeline).set_params(frame__n_steps=2), TimeSeriesSplit(2)
    given = in_polars(pl, WEATHER)
    by_polars = cross_validate(model, given, given["temp"], cv=cv, error_score="raise")["test_score"]
    by_arrays = cross_validate(model, WEATHER.to_numpy(), WEATHER["temp"].to_numpy(), cv=cv)["test_score"]
    assert_array_equal(by_polars, by_arrays)


def test_feature_names_of_polars(pl, pipeline):
    """Columns in another order raise scikit-learn's error, as with pandas."""
    model = clone(pipeline).set_params(frame__n_steps=2).fit(in_polars(pl, WEATHER), WEATHER["temp"])
    with pytest.raises(ValueError, match="The feature names should match those that were passed during fit"):
        model.predict(in_polars(pl, WEATHER[["temp", "rain"]]))


# --- set_output, get_feature_names_out ------------------------------------------------------------


@pytest.mark.parametrize(("transformer", "X", "names"), TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("container", ["default", "pandas", "polars"])
@pytest.mark.parametrize("given", ["pandas", "polars", "numpy"])
def test_container_of_tables(transformer, X, names, container, given, request):
    """set_output chooses the container of 2D output; by default pandas stays pandas, and the rest becomes an array."""
    if "polars" in (container, given):
        table = in_polars(request.getfixturevalue("pl"), X)
    given_X = {"pandas": X, "polars": None, "numpy": X.to_numpy()}[given]
    given_X = table if given_X is None else given_X
    fitted = clone(transformer).set_output(transform=container).fit(given_X)
    transformed = fitted.transform(given_X)
    expected = np.asarray(clone(transformer).fit(X.to_numpy()).transform(X.to_numpy()), dtype=float)
    assert_array_equal(np.asarray(transformed, dtype=float), expected)
    kind = container if container != "default" else {"pandas": "pandas"}.get(given, "numpy")
    assert type(transformed).__module__.split(".")[0] == kind
    if kind != "numpy":
        assert list(transformed.columns) == fitted.get_feature_names_out().tolist()
        if given != "numpy":
            assert list(transformed.columns) == names
    if kind == "pandas" and given == "pandas":
        assert transformed.index.equals(X.index)


@pytest.mark.parametrize(("transformer", "X", "names"), WINDOWS.values(), ids=WINDOWS)
@pytest.mark.parametrize("container", ["default", "pandas", "polars"])
def test_container_of_windows(transformer, X, names, container):
    """set_output has no effect on 3D output."""
    transformed = clone(transformer).set_output(transform=container).fit(X).transform(X)
    assert isinstance(transformed, (np.ndarray, Windows))
    assert transformed.ndim == 3
    assert_array_equal(np.asarray(transformed), np.asarray(clone(transformer).fit(X).transform(X)))


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_container_of_a_pipeline(pipeline, container, request):
    """set_output on a Pipeline, or in the global configuration, changes no prediction."""
    if container == "polars":
        request.getfixturevalue("pl")
    model = clone(pipeline).set_params(frame__n_steps=3)
    expected = clone(model).fit(WEATHER, WEATHER["temp"]).predict(WEATHER)
    model.set_output(transform=container).fit(WEATHER, WEATHER["temp"])
    assert_array_equal(model.predict(WEATHER), expected)
    with sklearn.config_context(transform_output=container):
        predicted = clone(pipeline).set_params(frame__n_steps=3).fit(WEATHER, WEATHER["temp"]).predict(WEATHER)
    assert type(predicted) is np.ndarray
    assert_array_equal(predicted, expected)


# --- progress -------------------------------------------------------------------------------------


def test_progress_bar_of_a_search(airline, capsys):
    """scikit-learn's progress bar on a search over forecasters shows its fits, and changes no score."""
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has no callbacks")
    series = airline[0]["passengers"]
    model = SeriesForecaster(n_steps=4, units=UNITS, epochs=EPOCHS, random_state=0)
    search = GridSearchCV(model, {"n_steps": [4, 6]}, cv=TimeSeriesSplit(2), error_score="raise")
    expected = clone(search).fit(series).cv_results_["mean_test_score"]
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=None)).fit(series)
    shown = capsys.readouterr().out
    assert "GridSearchCV" in shown
    assert "100%" in shown
    assert_array_equal(search.cv_results_["mean_test_score"], expected)


# --- HTML representation --------------------------------------------------------------------------

REQUIRED = {
    "LagFramer": {"n_steps": 2},
    "KerasRegressor": {"model": None},
    "KerasClassifier": {"model": None},
    "OnlinePredictor": {"model": None},
    "SeasonalNaive": {"season": 12},
}
PUBLIC = [getattr(sklstm, name) for name in sklstm.__all__]
ESTIMATORS = [each for each in PUBLIC if isclass(each) and issubclass(each, BaseEstimator)]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda each: each.__name__)
def test_html(estimator):
    """The HTML names every parameter and holds no link, because sklstm has no public documentation pages."""
    instance = estimator(**REQUIRED.get(estimator.__name__, {}))
    html = instance._repr_html_()
    assert estimator.__name__ in html
    # Before scikit-learn 1.7 the HTML shows only the parameters that were set.
    if '<td class="param">' in html:
        assert set(instance.get_params(deep=False)) <= set(re.findall(r'<td class="param">(\w+)', html))
    assert instance._get_doc_link() == ""
    assert "href=" not in html
