"""SeriesScaler in panels: each series by its own coefficients."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from refusal import refused
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from sklstm import SeriesScaler

from .cities import BEYOND, CITIES, DAYS, FEATURES, KEYS, PANEL, SCALER, by_itself

NAN = np.nan
METHODS = ["minmax", "standard", "robust", "maxabs", None]


# --- each series by itself ------------------------------------------------------------------------


@st.composite
def panels(draw):
    """Features and groups of rows in any order, with an observation of each feature in each group."""
    n_rows, n_features = draw(st.integers(1, 30)), draw(st.integers(1, 3))
    groups = draw(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=n_rows, max_size=n_rows))
    numbers = st.integers(-1000, 1000) | st.just(NAN)
    rows = st.lists(numbers, min_size=n_features, max_size=n_features)
    features = np.array(draw(st.lists(rows, min_size=n_rows, max_size=n_rows)), dtype=float)
    for group in set(groups):
        features[groups.index(group)] = draw(st.lists(st.integers(-9, 9), min_size=n_features, max_size=n_features))
    return features, groups


@pytest.mark.parametrize("method", METHODS)
@given(panel=panels(), times=st.booleans())
def test_equals_each_series_by_itself(method, panel, times):
    """Groups as metadata, a column or a level: each group is scaled exactly as by itself, and restored."""
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
def test_coefficients_of_groups(method):
    """Each group has the coefficients of a scaler that is fitted on its rows alone; there are those of all rows, too."""
    scaler = SeriesScaler(method, **KEYS).fit(PANEL)
    assert scaler.groups_.tolist() == ["Rome", "Oslo"]
    of_all = SeriesScaler(method).fit(FEATURES)
    for code, city in enumerate(scaler.groups_):
        alone = SeriesScaler(method).fit(FEATURES[city == CITIES])
        for name, values in scaler.group_coefficients_.items():
            np.testing.assert_array_equal(values[code], getattr(alone, f"{name}_"))
            np.testing.assert_array_equal(getattr(scaler, f"{name}_"), getattr(of_all, f"{name}_"))
    assert len(of_all.groups_) == 0


SCALERS = {"minmax": MinMaxScaler, "standard": StandardScaler, "robust": RobustScaler, "maxabs": MaxAbsScaler}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("method", SCALERS)
def test_groups_against_scikit_learn(method, dtype):
    """Each group is scaled as scikit-learn's scaler scales its rows: NaN, constant features, large levels included."""
    rng = np.random.default_rng(0)
    groups = rng.permutation(np.repeat(np.arange(40), rng.integers(2, 30, 40)))
    X = (rng.normal(size=(len(groups), 3)) * (1 + groups[:, None]) + 1000 * groups[:, None]).astype(dtype)
    X[rng.random(X.shape) < 0.1] = NAN
    X[groups % 3 == 0, 1] = groups[groups % 3 == 0]
    X[[np.argmax(groups == group) for group in range(40)]] = 7
    scaler = SeriesScaler(method)
    scaled = scaler.fit_transform(X, groups=groups)
    assert scaled.dtype == dtype
    tolerance = 1e-12 if dtype == np.float64 else 1e-4
    for group in range(40):
        expected = SCALERS[method]().fit_transform(X[groups == group].astype(np.float64))
        np.testing.assert_allclose(scaled[groups == group], expected, rtol=tolerance, atol=tolerance)
    back = scaler.inverse_transform(scaled, groups=groups)
    np.testing.assert_allclose(back, X, rtol=1e-9, atol=1e-9 if dtype == np.float64 else 1e-2)


def test_pooled():
    """With pooled=True the group is named, comes out as it went in, and all series share the coefficients of all rows."""
    scaler = SeriesScaler("standard", pooled=True, **KEYS)
    scaled = scaler.fit_transform(PANEL)
    pd.testing.assert_frame_equal(scaled[["rain", "temp"]], SeriesScaler("standard").fit_transform(FEATURES))
    assert scaled["city"].tolist() == PANEL["city"].tolist()
    assert len(scaler.groups_) == 0
    pd.testing.assert_frame_equal(scaler.inverse_transform(scaled), PANEL)


def test_feature_that_is_constant_in_each_group():
    """A feature that is constant in each group has one scale for all groups, and is restored."""
    panel = pd.DataFrame({"store": ["A", "A", "B", "B"], "sales": [1.0, 3, 10, 30], "size": [5.0, 5, 7, 7]})
    scaler = SeriesScaler(group="store")
    scaled = scaler.fit_transform(panel)
    np.testing.assert_array_equal(scaled["sales"], [0, 1, 0, 1])
    np.testing.assert_array_equal(scaled["size"], [0, 0, 1, 1])
    pd.testing.assert_frame_equal(scaler.inverse_transform(scaled), panel)


def test_dtype_is_kept():
    """float32 features stay float32, with keys of any dtype."""
    panel = PANEL.astype({"rain": np.float32, "temp": np.float32, "city": "category"})
    scaled = SeriesScaler(**KEYS).fit_transform(panel)
    assert (scaled.dtypes == panel.dtypes).all()


def test_groups_of_any_type():
    """Groups may be numbers, times, tuples and categories."""
    for labels in ([7, 7, 7, 2, 7, 2], list(PANEL["day"]), [(1, c) for c in CITIES], CITIES.astype("category")):
        scaler = SeriesScaler().fit(FEATURES, groups=labels)
        assert scaler.groups_.tolist() == list(dict.fromkeys(labels))
        expected = by_itself(SeriesScaler(), FEATURES, list(labels))
        np.testing.assert_array_equal(scaler.transform(FEATURES, groups=labels), expected)


def test_unobserved_feature_of_a_group():
    """A feature without an observation in a group has the coefficients and bounds of all rows."""
    panel = PANEL.copy()
    panel.loc[CITIES == "Oslo", "temp"] = NAN
    for method in METHODS:
        scaler = SeriesScaler(method, group="city", time="day", out_of_range="clip").fit(panel)
        plain = SeriesScaler(method, out_of_range="clip").fit(FEATURES[CITIES == "Oslo"])
        new = pd.DataFrame({"rain": [120.0, 130.0], "temp": [5.0, 25.0], "city": "Oslo", "day": DAYS[:2]})
        expected = new.assign(
            rain=plain.transform(new[["rain", "temp"]])["rain"],
            temp=SeriesScaler(method, out_of_range="clip")
            .fit(panel[["rain", "temp"]])
            .transform(new[["rain", "temp"]])["temp"],
        )
        pd.testing.assert_frame_equal(scaler.transform(new), expected)


def test_unobserved_feature():
    """A feature without any observation raises an error, as without groups."""
    assert refused(SeriesScaler(**KEYS).fit, PANEL.assign(temp=NAN)) == snapshot(
        "SeriesScaler got nothing observed (only NaN) in column 'temp'. Drop the column, or fill it first."
    )


# --- sequences ------------------------------------------------------------------------------------


@pytest.mark.parametrize("boxed", [False, True])
def test_sequences_of_groups(boxed):
    """A list of sequences has one group per sequence, also in inverse_transform and for some features."""
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


# --- unseen groups --------------------------------------------------------------------------------

NEW = PANEL.assign(city=["Rome", "Bern", "Rome", "Oslo", "Bonn", "Oslo"])


@pytest.mark.parametrize("method", METHODS)
def test_unseen_groups_are_pooled(method):
    """A group that was not fitted is scaled by the coefficients of all rows, and restored."""
    scaler = SeriesScaler(method, **KEYS).fit(PANEL)
    scaled = scaler.transform(NEW)
    pooled, own = SeriesScaler(method).fit_transform(FEATURES), scaler.transform(PANEL)[["rain", "temp"]]
    unseen = NEW["city"].isin(["Bern", "Bonn"]).to_numpy()
    np.testing.assert_array_equal(scaled[["rain", "temp"]], np.where(unseen[:, None], pooled, own))
    pd.testing.assert_frame_equal(scaler.inverse_transform(scaled), NEW, rtol=1e-12)


def test_unseen_groups_are_refused():
    """With unseen_groups="error" a group that was not fitted raises an error with the known groups."""
    scaler = SeriesScaler(**KEYS, unseen_groups="error").fit(PANEL)
    message = snapshot(
        "SeriesScaler(unseen_groups='error') was not fitted on the group 'Bern' (and 1 more). Its groups are: 'Rome', "
        "'Oslo'. Fit it on all of them, or let unseen_groups='pooled' scale the others by the coefficients of all rows."
    )
    assert refused(scaler.transform, NEW) == message
    assert refused(scaler.inverse_transform, NEW) == message
    assert refused(scaler.inverse_transform, [0.0, 1.0], "rain", ["Bern", "Bonn"]) == message
    pd.testing.assert_frame_equal(scaler.transform(PANEL), SeriesScaler(**KEYS).fit_transform(PANEL))


def test_message_with_many_groups():
    """An error names the first of many groups, and the nearest one."""
    groups = [f"store {k}" for k in range(100)]
    scaler = SeriesScaler(unseen_groups="error").fit(np.arange(100.0), groups=groups)
    assert refused(scaler.transform, [1.0], groups=["stroe 42"]) == snapshot(
        "SeriesScaler(unseen_groups='error') was not fitted on the group 'stroe 42'. Did you mean 'store 42'? "
        "Its groups are: 'store 0', 'store 1', 'store 2', 'store 3', 'store 4', 'store 5', 'store 6', 'store 7' and "
        "92 more. Fit it on all of them, or let unseen_groups='pooled' scale the others by the coefficients of all "
        "rows."
    )


# --- inverse_transform ----------------------------------------------------------------------------

OF_TWO = ["Rome", "Oslo"]


@pytest.mark.parametrize("column", ["temp", 1, ["temp"]])
@pytest.mark.parametrize("shape", [(2,), (2, 1), (2, 3), (2, 3, 4)])
def test_predictions_beside_groups(column, shape):
    """Predictions of one target, of any shape, are restored in the units of each sample's group."""
    predicted = np.random.default_rng(0).normal(size=shape)
    restored = SCALER.inverse_transform(predicted, columns=column, groups=OF_TWO)
    assert restored.shape == shape
    np.testing.assert_allclose(restored[0], 10 + 30 * predicted[0])
    np.testing.assert_allclose(restored[1], -10 + 20 * predicted[1])


def test_a_single_prediction():
    """A single number is restored in the units of its group."""
    assert SCALER.inverse_transform(0.5, "temp", groups=["Oslo"]) == 0


def test_predictions_with_a_group_column():
    """A table of predictions has a column or level with the group, and needs no time."""
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


@pytest.mark.parametrize(("out_of_range", "expected"), [("allow", 1.5), ("clip", 1), ("nan", NAN)])
def test_values_out_of_the_range_of_their_group(out_of_range, expected):
    """Each group has its own bounds."""
    scaler = SeriesScaler(**KEYS, out_of_range=out_of_range).fit(PANEL)
    np.testing.assert_allclose(scaler.transform(BEYOND)["temp"], [0, 1 / 3, 2 / 3, expected, 1, 1])


def test_out_of_range_messages():
    """Errors and warnings name the group, and warnings point at the line of the user."""
    scaler = SeriesScaler(**KEYS, out_of_range="error").fit(PANEL)
    assert refused(scaler.transform, BEYOND) == snapshot(
        "SeriesScaler got values outside the range it knows: 1 in all, first 20 in row 1, column 'temp', which ranges from -10 to 10 in group 'Oslo'. Fit on data that covers it, give its bounds as coefficients, or clip."
    )
    new = BEYOND.assign(city="Bern", temp=[10.0, 20.0, 30.0, 99.0, 40.0, 10.0])
    assert refused(scaler.transform, new) == snapshot(
        "SeriesScaler got values outside the range it knows: 1 in all, first 99 in row 1, column 'temp', which ranges from -10 to 40 in all fitted groups, and 'Bern' is none of them. Fit on data that covers it, give its bounds as coefficients, or clip."
    )
    scaler = SeriesScaler(**KEYS, out_of_range="warn", coefficients={"max": {"temp": 15}})
    scaler.fit(PANEL[CITIES == "Oslo"])
    with pytest.warns(UserWarning, match="outside the range") as warned:
        scaler.transform(BEYOND[CITIES == "Oslo"])
    assert [str(warning.message) for warning in warned] == snapshot(
        [
            "SeriesScaler got values outside the range it knows: 1 in all, first 20 in row 1, column 'temp', which ranges from -10 to 15 in group 'Oslo'."
        ]
    )
    assert warned[0].filename == __file__


# --- given coefficients ---------------------------------------------------------------------------


def test_coefficients_are_those_of_all_groups():
    """Given coefficients hold for every group, others are learned from its rows."""
    scaler = SeriesScaler(**KEYS, coefficients={"min": {"temp": -20}}).fit(PANEL)
    np.testing.assert_array_equal(scaler.group_coefficients_["min"], [[0, -20], [100, -20]])
    np.testing.assert_array_equal(scaler.group_coefficients_["max"], [[20, 40], [150, 10]])
    expected = by_itself(SeriesScaler(coefficients={"min": {1: -20}}), FEATURES, CITIES.tolist())
    np.testing.assert_array_equal(scaler.transform(PANEL)[["rain", "temp"]], expected)


def test_coefficients_that_contradict_a_group():
    """An error names the group whose data contradict a given coefficient."""
    assert refused(SeriesScaler(**KEYS, coefficients={"min": {"temp": 15}}).fit, PANEL) == snapshot(
        "SeriesScaler expects min <= max, got min 15 and max 10 for column 'temp' of group 'Oslo'. "
        "Mend coefficients, or give both of them."
    )


# --- chunks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["minmax", "standard", "maxabs", None])
@given(
    panel=panels(), cuts=st.sets(st.integers(1, 29), max_size=4), hidden=st.sets(st.sampled_from("abcd"), max_size=2)
)
def test_chunks_against_the_whole(method, panel, cuts, hidden):
    """Chunks with any groups and any NaN give the coefficients of the whole panel."""
    features, groups = panel
    features[1:][[group in hidden for group in groups[1:]], 0] = NAN
    at_once, by_chunks = SeriesScaler(method).fit(features, groups=groups), SeriesScaler(method)
    for rows in np.split(np.arange(len(groups)), sorted(cut for cut in cuts if cut < len(groups))):
        assert by_chunks.partial_fit(features[rows], groups=[groups[row] for row in rows]) is by_chunks
    assert by_chunks.groups_.tolist() == at_once.groups_.tolist()
    one, other = (scaler.transform(features, groups=groups) for scaler in (by_chunks, at_once))
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_pooled_coefficients_of_chunks():
    """A group without observations has the coefficients of all chunks so far, until it has its own."""
    scaler = SeriesScaler()
    scaler.partial_fit([[0.0, 0.0], [1.0, NAN], [2.0, 10.0]], groups=["a", "b", "a"])
    assert scaler.group_coefficients_["max"][1, 1] == 10
    scaler.partial_fit([[1.0, 50.0]], groups=["a"])
    assert scaler.group_coefficients_["max"][1, 1] == 50
    scaler.partial_fit([[1.0, 7.0], [1.0, 8.0]], groups=["b", "b"])
    assert [scaler.group_coefficients_[name][1, 1] for name in ("min", "max")] == [7, 8]
    scaler.set_params(coefficients={"max": 99}).partial_fit([[1.0, 1.0]], groups=["a"])
    assert scaler.group_coefficients_["max"][1, 1] == 99


def test_fit_forgets_groups():
    """A new fit forgets the groups of the last one."""
    scaler = SeriesScaler().fit([1.0, 2.0], groups=["a", "b"])
    assert scaler.fit([1.0], groups=["c"]).groups_.tolist() == ["c"]
    assert len(scaler.fit([1.0, 2.0]).groups_) == 0


def test_chunks_of_another_kind():
    """Either all chunks have groups, or none."""
    with_groups = SeriesScaler().partial_fit([1.0, 2.0], groups=["a", "b"])
    without = SeriesScaler().partial_fit([1.0, 2.0])
    with pytest.raises(ValueError, match="was fitted on groups"):
        with_groups.partial_fit([3.0])
    with pytest.raises(ValueError, match="was fitted without groups"):
        without.partial_fit([3.0], groups=["a"])
