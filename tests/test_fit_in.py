"""How sklstm fits in: polars, containers and names of output, progress of a search, how estimators are shown."""

import re
from inspect import isclass

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_array_equal
from refusal import refused
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import make_scorer, r2_score
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

# Every transformer, a table for it, and the names of its output: None where this is no table.
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
NO_TABLES = {name: case for name, case in TRANSFORMERS.items() if case[-1] is None}


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
    """A polars DataFrame has names and no index: it is transformed as a DataFrame that nothing follows, to an array."""
    table = in_polars(pl, X)
    expected = clone(transformer).fit(X).transform(X)
    fitted = clone(transformer).fit(table)
    assert_array_equal(np.asarray(fitted.transform(table)), np.asarray(expected))
    if names is not None:
        assert fitted.feature_names_in_.tolist() == X.columns.tolist()
        assert fitted.get_feature_names_out().tolist() == names
        assert type(fitted.transform(table)) is np.ndarray


def test_a_pipeline_on_polars(pl, pipeline):
    """The headline pipeline on polars DataFrames predicts what it predicts on arrays, known rows or new ones."""
    y = WEATHER["temp"].to_numpy()
    given = in_polars(pl, WEATHER)
    model = clone(pipeline).set_params(frame__n_steps=3)
    by_arrays = clone(model).fit(WEATHER.to_numpy(), y)
    by_polars = clone(model).fit(given, given["temp"])
    assert by_polars.feature_names_in_.tolist() == ["rain", "temp"]
    assert_array_equal(by_polars.predict(given), by_arrays.predict(WEATHER.to_numpy()))
    # There is no index to say that rows follow: they start cold.
    assert_array_equal(by_polars.predict(given[6:]), by_arrays.predict(WEATHER.to_numpy()[6:]))
    several = clone(model).fit(given, given.select("temp", "rain"))
    assert_array_equal(several.predict(given), clone(model).fit(WEATHER, WEATHER[["temp", "rain"]]).predict(WEATHER))


def test_a_search_on_polars(pl, pipeline):
    """Stock cross-validation cuts polars DataFrames as it cuts arrays."""
    model, cv = clone(pipeline).set_params(frame__n_steps=2), TimeSeriesSplit(2)
    given = in_polars(pl, WEATHER)
    by_polars = cross_validate(model, given, given["temp"], cv=cv, error_score="raise")["test_score"]
    by_arrays = cross_validate(model, WEATHER.to_numpy(), WEATHER["temp"].to_numpy(), cv=cv)["test_score"]
    assert_array_equal(by_polars, by_arrays)


def test_other_names_on_polars(pl, pipeline):
    """Columns in another order are refused, as of any DataFrame."""
    model = clone(pipeline).set_params(frame__n_steps=2).fit(in_polars(pl, WEATHER), WEATHER["temp"])
    assert refused(model.predict, in_polars(pl, WEATHER[["temp", "rain"]])).startswith(
        "The feature names should match those that were passed during fit."
    )


# --- set_output, get_feature_names_out ------------------------------------------------------------


@pytest.mark.parametrize(("transformer", "X", "names"), TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("container", ["default", "pandas", "polars"])
@pytest.mark.parametrize("given", ["pandas", "polars", "numpy"])
def test_tables_come_in_the_container_asked_for(transformer, X, names, container, given, request):
    """Output of two axes: set_output decides; without it a DataFrame of pandas stays one, and all else is an array."""
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


@pytest.mark.parametrize(("transformer", "X", "names"), NO_TABLES.values(), ids=NO_TABLES)
@pytest.mark.parametrize("container", ["default", "pandas", "polars"])
def test_windows_come_as_they_are(transformer, X, names, container):
    """Output of three axes: no container holds it, and set_output changes nothing."""
    transformed = clone(transformer).set_output(transform=container).fit(X).transform(X)
    assert isinstance(transformed, (np.ndarray, Windows))
    assert transformed.ndim == 3
    assert_array_equal(np.asarray(transformed), np.asarray(clone(transformer).fit(X).transform(X)))


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_a_container_for_a_whole_pipeline(pipeline, container, request):
    """set_output on a Pipeline, or for all by set_config, changes no prediction."""
    if container == "polars":
        request.getfixturevalue("pl")
    model = clone(pipeline).set_params(frame__n_steps=3)
    expected = clone(model).fit(WEATHER, WEATHER["temp"]).predict(WEATHER)
    model.set_output(transform=container).fit(WEATHER, WEATHER["temp"])
    assert_array_equal(model.predict(WEATHER), expected)
    with sklearn.config_context(transform_output=container):
        assert_array_equal(
            clone(pipeline).set_params(frame__n_steps=3).fit(WEATHER, WEATHER["temp"]).predict(WEATHER), expected
        )


# --- metadata routing -----------------------------------------------------------------------------


def test_weights_go_past_the_transformers(pipeline):
    """In the headline pipeline only the network asks for sample_weight; a grid search hands it on, to each fold."""
    X, y, weights = WEATHER, WEATHER["temp"], np.linspace(0, 1, N_ROWS)
    with sklearn.config_context(enable_metadata_routing=True):
        model = clone(pipeline).set_params(frame__n_steps=2)
        model["lstm"].set_fit_request(sample_weight=True)
        scorer = make_scorer(r2_score).set_score_request(sample_weight=False)
        search = GridSearchCV(model, {"lstm__units": [2]}, cv=TimeSeriesSplit(2), scoring=scorer, error_score="raise")
        predicted = search.fit(X, y, sample_weight=weights).predict(X)
    plain = clone(pipeline).set_params(frame__n_steps=2)
    assert_array_equal(predicted, clone(plain).fit(X, y, lstm__sample_weight=weights).predict(X))
    assert not np.allclose(predicted, plain.fit(X, y).predict(X))


# --- progress -------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["pipeline", "forecaster"])
def test_a_progress_bar_through_a_search(what, pipeline, airline, capsys):
    """scikit-learn's own progress bar, set on a search, counts its fits, whatever is inside."""
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has no callbacks")
    if what == "pipeline":
        search = GridSearchCV(clone(pipeline), {"frame__n_steps": [4, 6]}, cv=TimeSeriesSplit(2), error_score="raise")
        given = airline
    else:
        model = SeriesForecaster(n_steps=4, units=2, epochs=2, random_state=0)
        search = GridSearchCV(model, {"n_steps": [4, 6]}, cv=TimeSeriesSplit(2), error_score="raise")
        given = (airline[0]["passengers"],)
    expected = clone(search).fit(*given).cv_results_["mean_test_score"]
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=None)).fit(*given)
    shown = capsys.readouterr().out
    assert "GridSearchCV" in shown
    assert "100%" in shown
    assert_array_equal(search.cv_results_["mean_test_score"], expected)


# --- how they are shown ---------------------------------------------------------------------------

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
    """The HTML names every parameter, and leads nowhere: sklstm has no pages of its own in public."""
    shown = estimator(**REQUIRED.get(estimator.__name__, {}))
    html = shown._repr_html_()
    assert estimator.__name__ in html
    # Before scikit-learn 1.7 only what was set is shown.
    if '<td class="param">' in html:
        assert set(shown.get_params(deep=False)) <= set(re.findall(r'<td class="param">(\w+)', html))
    assert shown._get_doc_link() == ""
    assert "href=" not in html
