"""SeriesScaler in panels: each series by its own coefficients, and keys that stay what they are."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from refusal import refused
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline

from sklstm import LagFramer, SeriesScaler, Windows

NAN = np.nan
METHODS = ["minmax", "standard", "robust", "maxabs", None]
DAYS = pd.date_range("2026-01-01", periods=3)
# Rows of two series, mixed, with their keys between the features.
PANEL = pd.DataFrame(
    {
        "rain": [0.0, 5.0, 20.0, 100.0, 10.0, 150.0],
        "city": ["Rome", "Rome", "Rome", "Oslo", "Rome", "Oslo"],
        "day": [*DAYS, *DAYS],
        "temp": [10.0, 20.0, 30.0, -10.0, 40.0, 10.0],
    },
    index=[5, 3, 8, 1, 0, 7],
)
FEATURES, CITIES = PANEL[["rain", "temp"]], PANEL["city"]
KEYS = {"group": "city", "time": "day"}
TALL = PANEL.set_index(["city", "day"])


def by_itself(scaler, features, groups, fitted=None, fitted_groups=None):
    """A naive loop: the rows of each group, scaled by a plain scaler that was fitted on that group alone."""
    fitted, fitted_groups = (features, groups) if fitted is None else (fitted, fitted_groups)
    scaled = np.full(np.shape(features), NAN)
    for group in set(groups):
        own = np.array([other == group for other in fitted_groups])
        plain = clone(scaler).fit(np.asarray(fitted)[own])
        rows = np.array([other == group for other in groups])
        scaled[rows] = plain.transform(np.asarray(features)[rows])
    return scaled


# --- each series by itself ------------------------------------------------------------------------


@st.composite
def panels(draw):
    """Features and groups of rows in any order; each group observes each feature at least once, where it is long."""
    n_rows, n_features = draw(st.integers(1, 30)), draw(st.integers(1, 3))
    groups = draw(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=n_rows, max_size=n_rows))
    numbers = st.integers(-1000, 1000) | st.just(NAN)
    rows = st.lists(numbers, min_size=n_features, max_size=n_features)
    features = np.array(draw(st.lists(rows, min_size=n_rows, max_size=n_rows)), dtype=float)
    for group in set(groups):
        features[groups.index(group)] = draw(st.lists(st.integers(-9, 9), min_size=n_features, max_size=n_features))
    return features, groups


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=40, deadline=None)
@given(panel=panels(), times=st.booleans())
def test_equals_each_series_by_itself(method, panel, times):
    """Metadata, a column and a level say the same: each group is scaled as by itself, to the bit, and comes back."""
    features, groups = panel
    expected = by_itself(SeriesScaler(method), features, groups)
    by_group = pd.DataFrame(features).groupby(groups)
    static = (by_group.max() == by_group.min()).all().to_numpy()
    expected[:, static] = SeriesScaler(method).fit_transform(features)[:, static]
    beside = SeriesScaler(method)
    np.testing.assert_array_equal(beside.fit_transform(features, groups=groups), expected)
    restored = beside.inverse_transform(expected, groups=groups)
    np.testing.assert_allclose(restored, features, rtol=1e-12, atol=1e-12)

    table = pd.DataFrame(features).add_prefix("x")
    table.insert(features.shape[1] // 2, "who", groups)
    if times:
        table.insert(0, "when", pd.date_range("2026-01-01", periods=len(table)))
    keyed = SeriesScaler(method, group="who", time="when" if times else None)
    scaled = keyed.fit_transform(table)
    np.testing.assert_array_equal(scaled.filter(like="x"), expected)
    pd.testing.assert_frame_equal(keyed.inverse_transform(scaled), table, rtol=1e-12, atol=1e-12)

    tall = table.set_index(["when", "who"] if times else ["who"])
    np.testing.assert_array_equal(keyed.fit_transform(tall), expected)
    pd.testing.assert_frame_equal(keyed.inverse_transform(keyed.transform(tall)), tall, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_scalers_of_groups(method):
    """Each group has a scaler of its own, as if fitted on its rows alone, and one scaler is fitted on all rows."""
    scaler = SeriesScaler(method, **KEYS).fit(PANEL)
    assert list(scaler.scalers_) == ["Rome", "Oslo"]
    rome, oslo = FEATURES[CITIES == "Rome"], FEATURES[CITIES == "Oslo"]
    for own, rows in [(scaler, FEATURES), (scaler.scalers_["Rome"], rome), (scaler.scalers_["Oslo"], oslo)]:
        alone = SeriesScaler(method).fit(rows)
        for name in {name for name in vars(alone) if name.endswith("_")} - {"scaler_", "scalers_"}:
            np.testing.assert_array_equal(getattr(own, name), getattr(alone, name))
    scaled = scaler.transform(PANEL).loc[rome.index, ["rain", "temp"]]
    pd.testing.assert_frame_equal(scaler.scalers_["Rome"].transform(rome), scaled)
    assert SeriesScaler(method).fit(FEATURES).scalers_ == {}


def test_what_changes_in_no_group_keeps_its_differences():
    """The size of a store tells it apart from others: it has one scale for all, and it comes back."""
    panel = pd.DataFrame({"store": ["A", "A", "B", "B"], "sales": [1.0, 3, 10, 30], "size": [5.0, 5, 7, 7]})
    scaler = SeriesScaler(group="store")
    scaled = scaler.fit_transform(panel)
    np.testing.assert_array_equal(scaled["sales"], [0, 1, 0, 1])
    np.testing.assert_array_equal(scaled["size"], [0, 0, 1, 1])
    pd.testing.assert_frame_equal(scaler.inverse_transform(scaled), panel)


def test_dtype_is_kept():
    """float32 features stay float32, beside keys of any type."""
    panel = PANEL.astype({"rain": np.float32, "temp": np.float32, "city": "category"})
    scaled = SeriesScaler(**KEYS).fit_transform(panel)
    assert (scaled.dtypes == panel.dtypes).all()


def test_groups_of_any_type():
    """Numbers, times, pairs and categories name groups."""
    for labels in ([7, 7, 7, 2, 7, 2], list(PANEL["day"]), [(1, c) for c in CITIES], CITIES.astype("category")):
        scaler = SeriesScaler().fit(FEATURES, groups=labels)
        assert list(scaler.scalers_) == list(dict.fromkeys(labels))
        expected = by_itself(SeriesScaler(), FEATURES, list(labels))
        np.testing.assert_array_equal(scaler.transform(FEATURES, groups=labels), expected)


def test_feature_that_a_group_never_shows():
    """Where one group shows nothing of a feature, the coefficients of all rows stand in, and the bounds."""
    panel = PANEL.copy()
    panel.loc[CITIES == "Oslo", "temp"] = NAN
    for method in METHODS:
        scaler = SeriesScaler(method, group="city", time="day", out_of_range="clip").fit(panel)
        oslo, plain = scaler.scalers_["Oslo"], SeriesScaler(method, out_of_range="clip").fit(FEATURES[CITIES == "Oslo"])
        new = pd.DataFrame({"rain": [120.0, 130.0], "temp": [5.0, 25.0], "city": "Oslo", "day": DAYS[:2]})
        expected = new.assign(
            rain=plain.transform(new[["rain", "temp"]])["rain"],
            temp=SeriesScaler(method, out_of_range="clip")
            .fit(panel[["rain", "temp"]])
            .transform(new[["rain", "temp"]])["temp"],
        )
        pd.testing.assert_frame_equal(scaler.transform(new), expected)
        assert (oslo.lower_[1], oslo.upper_[1]) == (scaler.lower_[1], scaler.upper_[1])
        assert (oslo.lower_[0], oslo.upper_[0]) == (plain.lower_[0], plain.upper_[0])


def test_feature_that_no_group_shows():
    """What was never observed at all is refused, as without groups."""
    assert refused(SeriesScaler(**KEYS).fit, PANEL.assign(temp=NAN)) == (
        "SeriesScaler got nothing observed (only NaN) in column 'temp'. Drop the column, or fill it first."
    )


# --- keys -----------------------------------------------------------------------------------------


def test_keys_pass_untouched():
    """Key columns come out where they went in, index and type kept; features are counted and named without them."""
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
    """Keys may lie elsewhere than in fit, in columns or in levels; the output follows X."""
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


def test_levels_that_say_neither():
    """The scaler needs no time: levels beside the group are of any number."""
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
    assert scaler.scalers_ == {}
    np.testing.assert_allclose(scaler.inverse_transform([0.5], columns="rain"), [75])


def test_labels_that_are_no_strings():
    """Columns with numbers for labels keep them; names are made for the features alone."""
    table = pd.DataFrame({7: [1.0, 2.0, 3.0], 0: ["a", "a", "b"], 5: [0.0, 4.0, 4.0]})
    scaler = SeriesScaler(group=0)
    scaled = scaler.fit_transform(table)
    pd.testing.assert_frame_equal(scaled, pd.DataFrame({7: [0.0, 1.0, 0.0], 0: ["a", "a", "b"], 5: [0.0, 1.0, 0.0]}))
    assert list(scaler.get_feature_names_out()) == ["x0", 0, "x1"]


def test_input_is_not_changed():
    """X is after fit, transform and back what it was before."""
    before = PANEL.copy()
    scaler = SeriesScaler(**KEYS).fit(PANEL)
    scaled = scaler.transform(PANEL)
    kept = scaled.copy()
    scaler.inverse_transform(scaled)
    pd.testing.assert_frame_equal(PANEL, before)
    pd.testing.assert_frame_equal(scaled, kept)


def test_set_output():
    """A container that is asked for holds the keys, too; for an array it is made anew."""
    scaled = SeriesScaler(**KEYS).set_output(transform="pandas").fit_transform(PANEL)
    pd.testing.assert_frame_equal(scaled, SeriesScaler(**KEYS).fit_transform(PANEL))
    with sklearn.config_context(transform_output="pandas"):
        scaler = SeriesScaler()
        assert list(scaler.fit_transform(FEATURES.to_numpy(), groups=CITIES)) == ["x0", "x1"]
        pd.testing.assert_frame_equal(SeriesScaler(**KEYS).fit_transform(PANEL), scaled)


# --- sequences ------------------------------------------------------------------------------------


@pytest.mark.parametrize("boxed", [False, True])
def test_sequences_of_groups(boxed):
    """A list of sequences takes a group for each, there and back, also of some of the features."""
    sequences = [FEATURES[:3], FEATURES[CITIES == "Oslo"], FEATURES[4:5]]
    X = sequences
    if boxed:
        X = np.empty(3, dtype=object)
        X[:] = [part.to_numpy() for part in sequences]
    groups = ["Rome", "Oslo", "Rome"]
    scaler = SeriesScaler().fit(X, groups=groups)
    scaled = scaler.transform(X, groups=groups)
    assert type(scaled) is type(X)
    expected = SeriesScaler(group="city", time="day").fit_transform(PANEL)
    for part, wanted in zip(scaled, sequences, strict=True):
        np.testing.assert_array_equal(part, expected.loc[wanted.index, ["rain", "temp"]])
    for part, wanted in zip(scaler.inverse_transform(scaled, groups=groups), sequences, strict=True):
        np.testing.assert_allclose(part, wanted, rtol=1e-12)
    temps = [np.asarray(part)[:, 1] for part in scaled]
    for part, wanted in zip(scaler.inverse_transform(temps, 1, groups), sequences, strict=True):
        np.testing.assert_allclose(part, wanted["temp"], rtol=1e-12)


# --- groups that were not fitted ------------------------------------------------------------------

NEW = PANEL.assign(city=["Rome", "Bern", "Rome", "Oslo", "Bonn", "Oslo"])


@pytest.mark.parametrize("method", METHODS)
def test_unseen_groups_are_pooled(method):
    """A group that was not fitted is scaled by what all fitted rows show, and comes back."""
    scaler = SeriesScaler(method, **KEYS).fit(PANEL)
    scaled = scaler.transform(NEW)
    pooled, own = SeriesScaler(method).fit_transform(FEATURES), scaler.transform(PANEL)[["rain", "temp"]]
    unseen = NEW["city"].isin(["Bern", "Bonn"]).to_numpy()
    np.testing.assert_array_equal(scaled[["rain", "temp"]], np.where(unseen[:, None], pooled, own))
    pd.testing.assert_frame_equal(scaler.inverse_transform(scaled), NEW, rtol=1e-12)


def test_unseen_groups_are_refused():
    """Or it is refused by name, there and back, with the groups that are known."""
    scaler = SeriesScaler(**KEYS, unseen_groups="error").fit(PANEL)
    message = (
        "SeriesScaler(unseen_groups='error') was not fitted on the group 'Bern' (and 1 more). Its groups are: 'Rome', "
        "'Oslo'. Fit it on all of them, or let unseen_groups='pooled' scale the others by the coefficients of all rows."
    )
    assert refused(scaler.transform, NEW) == message
    assert refused(scaler.inverse_transform, NEW) == message
    assert refused(scaler.inverse_transform, [0.0, 1.0], "rain", ["Bern", "Bonn"]) == message
    pd.testing.assert_frame_equal(scaler.transform(PANEL), SeriesScaler(**KEYS).fit_transform(PANEL))


def test_many_groups_are_listed_in_part():
    """Of many known groups the first are named, and the one that is nearest."""
    groups = [f"store {k}" for k in range(100)]
    scaler = SeriesScaler(unseen_groups="error").fit(np.arange(100.0), groups=groups)
    assert refused(scaler.transform, [1.0], groups=["stroe 42"]) == (
        "SeriesScaler(unseen_groups='error') was not fitted on the group 'stroe 42'. Did you mean 'store 42'? "
        "Its groups are: 'store 0', 'store 1', 'store 2', 'store 3', 'store 4', 'store 5', 'store 6', 'store 7' and "
        "92 more. Fit it on all of them, or let unseen_groups='pooled' scale the others by the coefficients of all "
        "rows."
    )


# --- the way back ---------------------------------------------------------------------------------

SCALER = SeriesScaler(**KEYS).fit(PANEL)
OF_TWO = ["Rome", "Oslo"]


@pytest.mark.parametrize("column", ["temp", 1, ["temp"]])
@pytest.mark.parametrize("shape", [(2,), (2, 1), (2, 3), (2, 3, 4)])
def test_predictions_beside_groups(column, shape):
    """Predictions of one target, of any shape, come back in the units of each sample's group."""
    predicted = np.random.default_rng(0).normal(size=shape)
    restored = SCALER.inverse_transform(predicted, columns=column, groups=OF_TWO)
    assert restored.shape == shape
    np.testing.assert_allclose(restored[0], 10 + 30 * predicted[0])
    np.testing.assert_allclose(restored[1], -10 + 20 * predicted[1])


def test_a_single_prediction():
    """A number has one group."""
    assert SCALER.inverse_transform(0.5, "temp", groups=["Oslo"]) == 0


def test_predictions_beside_their_group():
    """A table of predictions carries its group; it needs no time, and columns tell what it predicts."""
    ahead = pd.DataFrame({"t+1": [0.5, 0.5], "city": OF_TWO, "t+2": [1.0, 0.0]}, index=["mon", "tue"])
    expected = ahead.assign(**{"t+1": [25.0, 0.0], "t+2": [40.0, -10.0]})
    pd.testing.assert_frame_equal(SCALER.inverse_transform(ahead, columns="temp"), expected)
    pd.testing.assert_frame_equal(
        SCALER.inverse_transform(ahead.set_index("city"), columns="temp"), expected.set_index("city")
    )
    some = pd.DataFrame({"city": OF_TWO, "temp": [0.5, 0.5]})
    pd.testing.assert_frame_equal(SCALER.inverse_transform(some), some.assign(temp=[25.0, 0.0]))
    swapped = SCALER.transform(PANEL)[["temp", "city", "rain"]]
    pd.testing.assert_frame_equal(SCALER.inverse_transform(swapped), PANEL[["temp", "city", "rain"]])
    series = pd.Series([0.5, 0.5], index=["mon", "tue"], name="yhat")
    pd.testing.assert_series_equal(
        SCALER.inverse_transform(series, "temp", OF_TWO), pd.Series([25.0, 0.0], index=["mon", "tue"], name="yhat")
    )


# --- values out of range --------------------------------------------------------------------------

BEYOND = PANEL.assign(temp=[10.0, 20.0, 30.0, 20.0, 40.0, 10.0])
OUTSIDE = (
    "SeriesScaler got values outside the range it knows: 1 in all, first 20 in row 1, column 'temp', which ranges "
)
REMEDY = "Fit on data that covers it, give its bounds as coefficients, or clip."


@pytest.mark.parametrize(("out_of_range", "expected"), [("allow", 1.5), ("clip", 1), ("nan", NAN)])
def test_values_out_of_the_range_of_their_group(out_of_range, expected):
    """Each group has its own bounds: what is usual in Rome is too warm for Oslo."""
    scaler = SeriesScaler(**KEYS, out_of_range=out_of_range).fit(PANEL)
    np.testing.assert_allclose(scaler.transform(BEYOND)["temp"], [0, 1 / 3, 2 / 3, expected, 1, 1])


def test_out_of_range_is_refused_and_warned_of():
    """Messages name the group, in the user's own line."""
    scaler = SeriesScaler(**KEYS, out_of_range="error").fit(PANEL)
    assert refused(scaler.transform, BEYOND) == f"{OUTSIDE}from -10 to 10 in group 'Oslo'. {REMEDY}"
    new = BEYOND.assign(city="Bern", temp=[10.0, 20.0, 30.0, 99.0, 40.0, 10.0])
    assert refused(scaler.transform, new) == (
        f"{OUTSIDE.replace('20', '99')}from -10 to 40 in all fitted groups, and 'Bern' is none of them. {REMEDY}"
    )
    scaler = SeriesScaler(**KEYS, out_of_range="warn", coefficients={"max": {"temp": 15}})
    scaler.fit(PANEL[CITIES == "Oslo"])
    with pytest.warns(UserWarning, match="outside the range") as warned:
        scaler.transform(BEYOND[CITIES == "Oslo"])
    assert [str(warning.message) for warning in warned] == [f"{OUTSIDE}from -10 to 15 in group 'Oslo'."]
    assert warned[0].filename == __file__


# --- what the domain knows ------------------------------------------------------------------------


def test_coefficients_are_those_of_all_groups():
    """What is given holds for every group, the rest is learned from its rows."""
    scaler = SeriesScaler(**KEYS, coefficients={"min": {"temp": -20}}).fit(PANEL)
    for name, low, high in [("Rome", [0, -20], [20, 40]), ("Oslo", [100, -20], [150, 10])]:
        np.testing.assert_array_equal(scaler.scalers_[name].min_, low)
        np.testing.assert_array_equal(scaler.scalers_[name].max_, high)
        assert scaler.scalers_[name].lower_[1] == -20
    expected = by_itself(SeriesScaler(coefficients={"min": {1: -20}}), FEATURES, CITIES.tolist())
    np.testing.assert_array_equal(scaler.transform(PANEL)[["rain", "temp"]], expected)


def test_coefficients_that_contradict_a_group():
    """A limit that one group's data contradict is refused by the name of that group."""
    assert refused(SeriesScaler(**KEYS, coefficients={"min": {"temp": 15}}).fit, PANEL) == (
        "SeriesScaler expects min <= max, got min 15 and max 10 for column 'temp' of group 'Oslo'. "
        "Mend coefficients, or give both of them."
    )


# --- chunks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["minmax", "standard", "maxabs", None])
@settings(max_examples=40, deadline=None)
@given(
    panel=panels(), cuts=st.sets(st.integers(1, 29), max_size=4), hidden=st.sets(st.sampled_from("abcd"), max_size=2)
)
def test_chunks_teach_what_the_whole_teaches(method, panel, cuts, hidden):
    """Whichever groups a chunk holds, and whatever it shows of them, all chunks teach what the whole does."""
    features, groups = panel
    features[1:][[group in hidden for group in groups[1:]], 0] = NAN
    at_once, by_chunks = SeriesScaler(method).fit(features, groups=groups), SeriesScaler(method)
    for rows in np.split(np.arange(len(groups)), sorted(cut for cut in cuts if cut < len(groups))):
        assert by_chunks.partial_fit(features[rows], groups=[groups[row] for row in rows]) is by_chunks
    assert list(by_chunks.scalers_) == list(at_once.scalers_)
    one, other = (scaler.transform(features, groups=groups) for scaler in (by_chunks, at_once))
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)
    for name in at_once.scalers_:
        for bound in ("lower_", "upper_"):
            np.testing.assert_array_equal(
                getattr(by_chunks.scalers_[name], bound), getattr(at_once.scalers_[name], bound)
            )


def test_stand_ins_follow_the_chunks():
    """Coefficients that stand in for a group's own are those of all chunks so far, until it has its own."""
    scaler = SeriesScaler()
    scaler.partial_fit([[0.0, 0.0], [1.0, NAN], [2.0, 10.0]], groups=["a", "b", "a"])
    assert scaler.scalers_["b"].max_[1] == 10
    scaler.partial_fit([[1.0, 50.0]], groups=["a"])
    assert scaler.scalers_["b"].max_[1] == 50
    scaler.partial_fit([[1.0, 7.0], [1.0, 8.0]], groups=["b", "b"])
    assert (scaler.scalers_["b"].min_[1], scaler.scalers_["b"].max_[1]) == (7, 8)
    scaler.set_params(coefficients={"max": 99}).partial_fit([[1.0, 1.0]], groups=["a"])
    assert scaler.scalers_["b"].max_[1] == 99


def test_scaler_of_a_group_learns_on():
    """A group's own scaler, taken by itself, keeps what stands in for what it has not seen."""
    scaler = SeriesScaler().fit([[0.0, 0.0], [1.0, NAN], [2.0, 10.0]], groups=["a", "b", "a"])
    alone = copy.deepcopy(scaler.scalers_["b"]).partial_fit([[5.0, NAN]])
    np.testing.assert_array_equal([alone.min_, alone.max_], [[1, 0], [5, 10]])


def test_fit_forgets_groups():
    """To fit anew forgets the groups, and to fit without groups leaves none."""
    scaler = SeriesScaler().fit([1.0, 2.0], groups=["a", "b"])
    assert list(scaler.fit([1.0], groups=["c"]).scalers_) == ["c"]
    assert scaler.fit([1.0, 2.0]).scalers_ == {}


def test_chunks_of_another_kind():
    """Chunks have groups all, or none of them."""
    with_groups = SeriesScaler().partial_fit([1.0, 2.0], groups=["a", "b"])
    without = SeriesScaler().partial_fit([1.0, 2.0])
    assert refused(with_groups.partial_fit, [3.0]) == UNKNOWN
    assert refused(without.partial_fit, [3.0], groups=["a"]) == NO_GROUPS


# --- scikit-learn ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda scaler: pickle.loads(pickle.dumps(scaler))], ids=["copy", "pickle"]
)
def test_copies_scale_alike(duplicate):
    """Copies and pickles keep the groups, and learn on."""
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
    assert not hasattr(twin, "scalers_")


LONG = pd.DataFrame(
    {
        "city": np.tile(["Rome", "Oslo"], 20),
        "day": np.repeat(pd.date_range("2026-01-01", periods=20), 2),
        "temp": np.arange(40.0) * np.tile([1, -9], 20),
    }
)


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_pipeline_of_a_panel(output):
    """LagFramer finds the keys behind the scaler, whose groups it frames; a stock search scores on all rows."""
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
    """A stock imputer would do; this one takes whatever it gets."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.nan_to_num(np.asarray(X))

    def __sklearn_is_fitted__(self):
        return True


class Last(RegressorMixin, BaseEstimator):
    """Predicts what it is given: the scaled target."""

    def fit(self, X, y):
        self.is_fitted_ = True
        return self

    def predict(self, X):
        return np.asarray(X)[:, -1]


def test_metadata_routing():
    """Groups travel through a stock pipeline where they are requested, to fit, transform and back."""
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


# --- what is refused ------------------------------------------------------------------------------

UNKNOWN = (
    "SeriesScaler was fitted on groups, and cannot tell which of them the rows of X are of. Pass groups= here too."
)
NO_GROUPS = "SeriesScaler was fitted without groups, got groups. Pass them to fit too, or nowhere."
ROWS = FEATURES.to_numpy()


@pytest.mark.parametrize(
    ("params", "X", "groups", "message"),
    [
        (
            {"group": "town"},
            PANEL,
            None,
            "SeriesScaler(group='town') is neither a column nor a level of the index of X. "
            "Its columns are: ['rain', 'city', 'day', 'temp'], its levels: [None].",
        ),
        (
            {"time": "days"},
            PANEL,
            None,
            "SeriesScaler(time='days') is neither a column nor a level of the index of X. Did you mean 'day'? "
            "Its columns are: ['rain', 'city', 'day', 'temp'], its levels: [None].",
        ),
        (
            {"group": "city"},
            ROWS,
            None,
            "SeriesScaler(group='city') looks for a column or a level of the index, got X of type ndarray, which has "
            "no names. Pass a DataFrame, or groups= beside an array.",
        ),
        (
            {"group": "city"},
            PANEL.drop(columns="day"),
            CITIES,
            "SeriesScaler(group='city') got groups= too. Name a column, or pass groups, not both.",
        ),
        (
            {},
            ROWS,
            ["Rome"],
            "SeriesScaler got 6 rows in X and 1 groups. Pass a group for each row, the series that it is of.",
        ),
        (
            {"group": "city"},
            PANEL.replace({"city": {"Oslo": None}}),
            None,
            "SeriesScaler got no group (NaN) for row 3. Drop the row, or say which series it is of.",
        ),
        (
            {"group": "city"},
            PANEL,
            None,
            "SeriesScaler expects numbers, got times in column 'day' of X. Make them the index: X.set_index('day').",
        ),
        (
            {"group": "city"},
            ROWS.reshape(2, 3, 2),
            None,
            "SeriesScaler takes the series of a panel as a table, got windows of shape (2, 3, 2). "
            "Put SeriesScaler before LagFramer.",
        ),
        (
            {},
            Windows(ROWS, [0, 1], 3),
            ["Rome", "Oslo"],
            "SeriesScaler takes the series of a panel as a table, got windows of shape (2, 3, 2). "
            "Put SeriesScaler before LagFramer.",
        ),
        (
            {"group": "city"},
            [PANEL[:4], PANEL[4:]],
            None,
            "SeriesScaler(group='city') looks for a column or a level of the index, got 2 sequences. "
            "Pass groups=, one for each sequence.",
        ),
        (
            {"group": "city", "time": "day"},
            PANEL[["city", "day"]],
            None,
            "SeriesScaler got no features, only the columns ['city', 'day'], which are keys. "
            "Pass a table with columns beside them.",
        ),
        (
            {"group": ["city"]},
            PANEL,
            None,
            "The 'group' parameter of SeriesScaler must be an instance of 'str', an instance of 'int', an "
            "instance of 'tuple' or None. Got ['city'] instead.",
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
    """Keys that are not there, not known, or not of a table are refused."""
    assert refused(SeriesScaler(**params).fit, X, groups=groups) == message


def test_groups_in_fit_alone():
    """What was fitted with groups is scaled with groups, and what was not is not."""
    fitted = SeriesScaler().fit(ROWS, groups=CITIES)
    assert refused(fitted.transform, ROWS) == UNKNOWN
    assert refused(fitted.inverse_transform, ROWS) == UNKNOWN
    plain = SeriesScaler().fit(ROWS)
    assert refused(plain.transform, ROWS, groups=CITIES) == NO_GROUPS
    assert refused(plain.inverse_transform, ROWS, groups=CITIES) == NO_GROUPS


def test_other_features():
    """scikit-learn's own check of names holds for the features, whatever the keys."""
    message = refused(SCALER.transform, PANEL.rename(columns={"temp": "warmth"}))
    assert message == (
        "The feature names should match those that were passed during fit.\n"
        "Feature names unseen at fit time:\n- warmth\n"
        "Feature names seen at fit time, yet now missing:\n- temp\n"
    )
    assert refused(SCALER.get_feature_names_out, ["rain", "temp"]) == (
        "SeriesScaler was fitted on the columns ['rain', 'city', 'day', 'temp'], got input_features ['rain', 'temp']. "
        "Pass the same names, or none."
    )
    assert refused(SCALER.inverse_transform, PANEL[["city", "day"]].assign(snow=1.0)) == (
        "SeriesScaler was not fitted on a column 'snow'. Its columns are: rain, temp."
    )
