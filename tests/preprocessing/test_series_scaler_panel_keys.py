"""SeriesScaler in panels: key columns, groups as metadata, and errors."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from inline_snapshot import snapshot
from refusal import refused
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline

from sklstm import LagFramer, SeriesScaler, Windows

from .cities import BEYOND, CITIES, FEATURES, KEYS, PANEL, SCALER, by_itself

TALL = PANEL.set_index(["city", "day"])


# --- keys -----------------------------------------------------------------------------------------


def test_keys_pass_untouched():
    """Key columns keep place, index and dtype, and are not counted or named as features."""
    scaler = SeriesScaler(**KEYS).fit(PANEL)
    scaled = scaler.transform(PANEL)
    assert list(scaled) == list(PANEL)
    pd.testing.assert_frame_equal(scaled[["city", "day"]], PANEL[["city", "day"]])
    assert scaler.n_features_in_ == 2
    assert list(scaler.feature_names_in_) == ["rain", "temp"]
    assert list(scaler.get_feature_names_out()) == ["rain", "city", "day", "temp"]
    assert list(scaler.get_feature_names_out(list(PANEL))) == ["rain", "city", "day", "temp"]
    assert list(SeriesScaler(**KEYS).fit(TALL).get_feature_names_out()) == ["rain", "temp"]


def test_keys_may_move():
    """Keys may be in other columns or levels than in fit, and the output is like X."""
    scaler = SeriesScaler(**KEYS).fit(PANEL)
    expected = scaler.transform(PANEL)
    moved = ["day", "rain", "temp", "city"]
    pd.testing.assert_frame_equal(scaler.transform(PANEL[moved]), expected[moved])
    pd.testing.assert_frame_equal(scaler.transform(TALL), expected.set_index(["city", "day"]))
    asked = scaler.set_output(transform="pandas")
    pd.testing.assert_frame_equal(asked.transform(PANEL[moved]), expected[moved])
    pd.testing.assert_frame_equal(asked.transform(TALL), expected.set_index(["city", "day"]))


def test_series_with_a_level():
    """A Series whose index names the groups stays a Series."""
    scaled = SeriesScaler(group="city").fit_transform(TALL["temp"])
    np.testing.assert_array_equal(scaled, by_itself(SeriesScaler(), TALL[["temp"]], CITIES.tolist())[:, 0])
    pd.testing.assert_index_equal(scaled.index, TALL.index)
    assert scaled.name == "temp"


def test_other_levels():
    """The index may have any number of levels beside the group."""
    tall = PANEL.assign(country="x").set_index(["city", "day", "country"])
    np.testing.assert_array_equal(
        SeriesScaler(group="city").fit_transform(tall), by_itself(SeriesScaler(), FEATURES, CITIES.tolist())
    )


def test_time_without_group():
    """A time column alone is no feature either, and one series has no groups."""
    scaler = SeriesScaler(time="day").fit(PANEL.drop(columns="city"))
    expected = SeriesScaler().fit_transform(FEATURES)
    expected.insert(1, "day", PANEL["day"])
    pd.testing.assert_frame_equal(scaler.transform(PANEL.drop(columns="city")), expected)
    assert len(scaler.groups_) == 0
    np.testing.assert_allclose(scaler.inverse_transform([0.5], columns="rain"), [75])


def test_numbered_columns():
    """Columns with numbers as labels keep them; names are made for the features only."""
    table = pd.DataFrame({7: [1.0, 2.0, 3.0], 0: ["a", "a", "b"], 5: [0.0, 4.0, 4.0]})
    scaler = SeriesScaler(group=0)
    scaled = scaler.fit_transform(table)
    pd.testing.assert_frame_equal(scaled, pd.DataFrame({7: [0.0, 1.0, 0.0], 0: ["a", "a", "b"], 5: [0.0, 1.0, 0.0]}))
    assert list(scaler.get_feature_names_out()) == ["x0", 0, "x1"]


def test_input_is_not_changed():
    """fit, transform and inverse_transform leave X unchanged."""
    before = PANEL.copy()
    scaler = SeriesScaler(**KEYS).fit(PANEL)
    scaled = scaler.transform(PANEL)
    kept = scaled.copy()
    scaler.inverse_transform(scaled)
    pd.testing.assert_frame_equal(PANEL, before)
    pd.testing.assert_frame_equal(scaled, kept)


def test_set_output():
    """The container of set_output holds the key columns, too."""
    scaled = SeriesScaler(**KEYS).set_output(transform="pandas").fit_transform(PANEL)
    pd.testing.assert_frame_equal(scaled, SeriesScaler(**KEYS).fit_transform(PANEL))
    with sklearn.config_context(transform_output="pandas"):
        scaler = SeriesScaler()
        assert list(scaler.fit_transform(FEATURES.to_numpy(), groups=CITIES)) == ["x0", "x1"]
        pd.testing.assert_frame_equal(SeriesScaler(**KEYS).fit_transform(PANEL), scaled)


# --- scikit-learn ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda scaler: pickle.loads(pickle.dumps(scaler))], ids=["copy", "pickle"]
)
def test_copies_scale_alike(duplicate):
    """Copies and pickles keep the groups, and can learn further."""
    scaler = SeriesScaler("standard", **KEYS).fit(PANEL)
    twin = duplicate(scaler)
    pd.testing.assert_frame_equal(twin.transform(PANEL), scaler.transform(PANEL))
    pd.testing.assert_frame_equal(
        twin.partial_fit(BEYOND).transform(PANEL), scaler.partial_fit(BEYOND).transform(PANEL)
    )
    assert list(twin.get_feature_names_out()) == list(scaler.get_feature_names_out())


def test_clone():
    """A clone has every parameter, and no groups."""
    twin = clone(SeriesScaler(**KEYS, unseen_groups="error").fit(PANEL))
    assert (twin.group, twin.time, twin.unseen_groups) == ("city", "day", "error")
    assert not hasattr(twin, "groups_")


LONG = pd.DataFrame(
    {
        "city": np.tile(["Rome", "Oslo"], 20),
        "day": np.repeat(pd.date_range("2026-01-01", periods=20), 2),
        "temp": np.arange(40.0) * np.tile([1, -9], 20),
    }
)


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_pipeline_of_a_panel(output):
    """LagFramer finds the key columns after the scaler, and a search scores all rows."""
    pipe = Pipeline(
        [
            ("scale", SeriesScaler(**KEYS)),
            ("frame", LagFramer(2, **KEYS, flatten=True)),
            ("fill", FillZeros()),
            ("ridge", Ridge()),
        ]
    )
    pipe[0].set_output(transform=output)
    lags = np.asarray(pipe[:2].fit_transform(LONG))
    scaled = by_itself(SeriesScaler(), LONG[["temp"]], LONG["city"].tolist())
    np.testing.assert_array_equal(lags[:, 1], scaled[:, 0])
    np.testing.assert_array_equal(lags[2:, 0], scaled[:-2, 0])
    assert np.isnan(lags[:2, 0]).all()
    search = GridSearchCV(pipe, {"scale__method": ["minmax", "standard"]}, cv=TimeSeriesSplit(3), error_score="raise")
    search.fit(LONG, LONG["temp"])
    assert len(search.predict(LONG)) == len(LONG)


class FillZeros(BaseEstimator):
    """Imputer that takes any input."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.nan_to_num(np.asarray(X))

    def __sklearn_is_fitted__(self):
        return True


class Last(RegressorMixin, BaseEstimator):
    """Regressor that predicts the scaled target that it is given."""

    def fit(self, X, y):
        self.is_fitted_ = True
        return self

    def predict(self, X):
        return np.asarray(X)[:, -1]


def test_metadata_routing():
    """A Pipeline routes groups to fit, transform and inverse_transform."""
    X, groups = FEATURES.to_numpy(), CITIES.to_numpy()
    expected = by_itself(SeriesScaler(), X, groups)
    with sklearn.config_context(enable_metadata_routing=True):
        scaler = SeriesScaler().set_fit_request(groups=True).set_transform_request(groups=True)
        scaler.set_partial_fit_request(groups=True).set_inverse_transform_request(groups=True, columns=True)
        pipe = make_pipeline(scaler, Last()).fit(X, X[:, 1], groups=groups)
        np.testing.assert_array_equal(pipe.predict(X, groups=groups), expected[:, 1])
        backwards = make_pipeline(scaler).fit(X, groups=groups)
        restored = backwards.inverse_transform(expected[:, 1], groups=groups, columns="x1")
        np.testing.assert_allclose(restored, X[:, 1], rtol=1e-12)
        np.testing.assert_array_equal(backwards.fit_transform(X, groups=groups), expected)


def test_groups_by_position():
    """Groups are the third argument of fit and fit_transform, and the second of transform."""
    X, groups = FEATURES.to_numpy(), CITIES.to_numpy()
    expected = by_itself(SeriesScaler(), X, groups)
    np.testing.assert_array_equal(SeriesScaler().fit(X, None, groups).transform(X, groups), expected)
    np.testing.assert_array_equal(SeriesScaler().fit_transform(X, None, groups), expected)
    np.testing.assert_array_equal(SeriesScaler().partial_fit(X, None, groups).transform(X, groups), expected)


# --- errors ---------------------------------------------------------------------------------------

ROWS = FEATURES.to_numpy()


@pytest.mark.parametrize(
    ("params", "X", "groups", "message"),
    [
        (
            {"group": "town"},
            PANEL,
            None,
            snapshot(
                "SeriesScaler(group='town') is neither a column nor a level of the index of X. "
                "Its columns are: ['rain', 'city', 'day', 'temp'], its levels: [None]."
            ),
        ),
        (
            {"time": "days"},
            PANEL,
            None,
            snapshot(
                "SeriesScaler(time='days') is neither a column nor a level of the index of X. Did you mean 'day'? "
                "Its columns are: ['rain', 'city', 'day', 'temp'], its levels: [None]."
            ),
        ),
        (
            {"group": "city"},
            ROWS,
            None,
            snapshot(
                "SeriesScaler(group='city') looks for a column or a level of the index, got X of type ndarray, which has "
                "no names. Pass a DataFrame, or groups= beside an array."
            ),
        ),
        (
            {"group": "city"},
            PANEL.drop(columns="day"),
            CITIES,
            snapshot("SeriesScaler(group='city') got groups= too. Name a column, or pass groups, not both."),
        ),
        (
            {},
            ROWS,
            ["Rome"],
            snapshot("SeriesScaler got 6 rows in X and 1 groups. Pass a group for each row, the series that it is of."),
        ),
        (
            {"group": "city"},
            PANEL.replace({"city": {"Oslo": None}}),
            None,
            snapshot("SeriesScaler got no group (NaN) for row 3. Drop the row, or say which series it is of."),
        ),
        (
            {"group": "city"},
            PANEL,
            None,
            snapshot(
                "SeriesScaler expects numbers, got times in column 'day' of X. Make them the index: X.set_index('day')."
            ),
        ),
        (
            {"group": "city"},
            ROWS.reshape(2, 3, 2),
            None,
            snapshot(
                "SeriesScaler takes the series of a panel as a table, got windows of shape (2, 3, 2). "
                "Put SeriesScaler before LagFramer."
            ),
        ),
        (
            {},
            Windows(ROWS, [0, 1], 3),
            ["Rome", "Oslo"],
            snapshot(
                "SeriesScaler takes the series of a panel as a table, got windows of shape (2, 3, 2). "
                "Put SeriesScaler before LagFramer."
            ),
        ),
        (
            {"group": "city"},
            [PANEL[:4], PANEL[4:]],
            None,
            snapshot(
                "SeriesScaler(group='city') looks for a column or a level of the index, got 2 sequences. "
                "Pass groups=, one for each sequence."
            ),
        ),
        (
            {"group": "city", "time": "day"},
            PANEL[["city", "day"]],
            None,
            snapshot(
                "SeriesScaler got no features, only the columns ['city', 'day'], which are keys. "
                "Pass a table with columns beside them."
            ),
        ),
        (
            {"group": ["city"]},
            PANEL,
            None,
            snapshot(
                "The 'group' parameter of SeriesScaler must be an instance of 'str', an instance of 'int', an "
                "instance of 'tuple' or None. Got ['city'] instead."
            ),
        ),
    ],
    ids=[
        "no such group",
        "no such time",
        "no names",
        "twice",
        "too few",
        "NaN",
        "time is a feature",
        "windows",
        "windows beside groups",
        "sequences",
        "no features",
        "names",
    ],
)
def test_faulty_panels(params, X, groups, message):
    """Unknown or invalid keys raise an error."""
    assert refused(SeriesScaler(**params).fit, X, groups=groups) == message


def test_groups_in_fit_alone():
    """`transform` and inverse_transform need groups if fit had them, and only then."""
    fitted, plain = SeriesScaler().fit(ROWS, groups=CITIES), SeriesScaler().fit(ROWS)
    no_groups, groups = (
        snapshot(
            "SeriesScaler was fitted on groups, and cannot tell which of them the rows of X are of. Pass groups= here too."
        ),
        snapshot("SeriesScaler was fitted without groups, got groups. Pass them to fit too, or nowhere."),
    )
    for name in ("transform", "inverse_transform"):
        assert refused(getattr(fitted, name), ROWS) == no_groups
        assert refused(getattr(plain, name), ROWS, groups=CITIES) == groups


def test_other_features():
    """Columns other than the fitted features raise an error, whatever the keys."""
    message = refused(SCALER.transform, PANEL.rename(columns={"temp": "warmth"}))
    assert message == snapshot(
        "The feature names should match those that were passed during fit.\n"
        "Feature names unseen at fit time:\n- warmth\n"
        "Feature names seen at fit time, yet now missing:\n- temp\n"
    )
    assert refused(SCALER.get_feature_names_out, ["rain", "temp"]) == snapshot(
        "SeriesScaler was fitted on the columns ['rain', 'city', 'day', 'temp'], got input_features ['rain', 'temp']. "
        "Pass the same names, or none."
    )
    assert refused(SCALER.inverse_transform, PANEL[["city", "day"]].assign(snow=1.0)) == snapshot(
        "SeriesScaler was not fitted on a column 'snow'. Its columns are: rain, temp."
    )
