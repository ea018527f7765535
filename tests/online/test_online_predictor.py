"""OnlinePredictor: row by row it says what the fitted model says of the whole series."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from conftest import run_fresh
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, LagRegressor, OnlinePredictor, SeriesScaler
from sklstm.preprocessing import Differencer

from .streams import FITTED, GAPPY, NAMES, NEW, SAME, Y, cold, small, steps, timed, waves


@pytest.fixture(scope="module")
def panel():
    """A model of three series, and 200 rows of them and of one that was not fitted, mixed."""
    parts = [waves(60, seed=k).assign(store=name) * [10**k, 1, 1, 1] for k, name in enumerate("ABC")]
    table = pd.concat(parts).sort_index(kind="stable")
    y = table.groupby("store")["rain"].shift(-1).fillna(0)
    lstm = small(target_groups=True)
    model = steps(lstm, SeriesScaler("standard", group="store"), group="store").fit(table, y)
    rows = waves(200, seed=9).assign(store=np.random.default_rng(1).choice(list("ABCD"), 200))
    return model, rows.set_index(rows.groupby("store").cumcount())


# --- windows --------------------------------------------------------------------------------------


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
def test_windows_are_those_of_the_whole_series(model, warm):
    """Rows one by one are predicted as all at once, from nothing or from the fitted rows on."""
    online = OnlinePredictor(model, warm=warm)
    expected = model.predict(NEW if warm else cold(NEW))
    assert_allclose([online.update(row) for row in NEW.to_numpy()], expected, **SAME)


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
def test_rows_in_which_nothing_was_observed(model, warm):
    """Rows of NaN are time steps that were not observed, at the start too."""
    online = OnlinePredictor(model, warm=warm)
    assert_allclose(online.update_many(GAPPY), model.predict(GAPPY if warm else cold(GAPPY)), **SAME)


def test_any_kind_of_row(model):
    """A row is an array, a list, a Series or a dict, in any order of its names."""
    row = NEW.iloc[0]
    kinds = [row.to_numpy(), row.tolist(), row, row[::-1], row.to_dict(), dict(reversed(row.to_dict().items()))]
    predictions = [OnlinePredictor(model).update(kind) for kind in kinds]
    assert_array_equal(predictions, predictions[0])
    assert np.ndim(predictions[0]) == 0


def test_a_number_is_a_row_of_one_feature():
    """A series of one feature comes number by number."""
    series = FITTED["rain"]
    model = make_pipeline(LagFramer(3), LagRegressor()).fit(series, Y)
    online = OnlinePredictor(model)
    assert_allclose([online.update(value) for value in NEW["rain"][:9]], model.predict(cold(NEW)["rain"][:9]), **SAME)


# --- times ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "framing",
    [{}, {"max_gap": "2h"}, {"freq": "h"}, {"elapsed": "h"}, {"freq": "h", "elapsed": "min", "max_gap": "4h"}],
    ids=str,
)
def test_holes_in_time(framing):
    """Told the times, windows reach as far as in the table; warm, from the fitted rows on."""
    table = timed(200, missing=[*range(100, 104), 130, 131, *range(150, 190)])
    fitted, new = table[:80], table[80:].copy()
    new.iloc[5:8] = np.nan
    model = steps(LagRegressor(), SeriesScaler("standard"), n_steps=4, **framing)
    model.fit(fitted, fitted["rain"])
    rows = new.to_numpy()
    online = OnlinePredictor(model, warm=True)
    assert_allclose(online.update_many(rows, times=new.index), model.predict(new), **SAME)
    later = new[1:] if framing.get("elapsed") is None else new
    later.index += pd.Timedelta("400D")
    online = OnlinePredictor(model)
    assert_allclose(online.update_many(later.to_numpy(), times=later.index), model.predict(later), **SAME)


def test_rows_in_the_order_of_time():
    """Rows out of order are refused."""
    online = OnlinePredictor(steps(LagRegressor()).fit(timed(60), waves(60)["rain"]))
    online.update([1.0, 2.0, 3.0], time="2026-05-01 02:00")
    assert refused(online.update, [1.0, 2.0, 3.0], time="2026-05-01 02:00") == snapshot(
        "OnlinePredictor expects rows in time order, got 2026-05-01 02:00:00 after 2026-05-01 02:00:00. Pass each row once, in the order of time; reset() begins anew."
    )


def test_times_of_a_grid():
    """A framer with freq= needs the time of each row, one row for each step."""
    online = OnlinePredictor(steps(LagRegressor(), freq="h").fit(timed(60), waves(60)["rain"]))
    assert refused(online.update, [1.0, 2.0, 3.0]) == snapshot(
        "OnlinePredictor serves LagFramer(freq='h'), which needs to know when each row was. Pass time=."
    )
    online.update([1.0, 2.0, 3.0], time="2026-05-01 02:00")
    assert refused(online.update, [1.0, 2.0, 3.0], time="2026-05-01 02:30") == snapshot(
        "LagFramer(freq='h') expects one row at most for each step, got 2026-05-01 02:00:00 and 2026-05-01 02:30:00 (rows 0 and 1) in one. Pass a shorter freq, or bring them together first: X.resample('h').mean()."
    )
    online.update([1.0, 2.0, 3.0], time="2026-05-01 03:00")


# --- panels ---------------------------------------------------------------------------------------


def test_each_series_has_its_own_window(panel):
    """Rows of several series, mixed, are predicted as in the panel; one that was not fitted, too."""
    model, rows = panel
    online = OnlinePredictor(model)
    values = rows[NAMES].to_numpy()
    got = [online.update(row, group=store) for row, store in zip(values, rows["store"], strict=True)]
    assert_allclose(got, model.set_params(lagframer__context="never").predict(rows), **SAME)
    online = OnlinePredictor(model, warm=True)
    assert_allclose(online.update_many(rows), model.set_params(lagframer__context="always").predict(rows), **SAME)


def test_each_series_has_its_own_state(panel):
    """The state of one series knows nothing of another."""
    model, rows = panel
    rows = cold(rows[:100])
    mixed = OnlinePredictor(model, mode="state").update_many(rows)
    for store, own in rows.groupby("store"):
        alone = OnlinePredictor(model, mode="state").update_many(own[NAMES].to_numpy(), groups=[store] * len(own))
        assert_allclose(mixed[own.index], alone, **SAME)


def test_rows_of_a_panel_say_their_series(panel):
    """A row without a group is refused, and a series that was not fitted where the scaler refuses it."""
    model, rows = panel
    online = OnlinePredictor(model)
    assert refused(online.update, rows[NAMES].iloc[0]) == snapshot(
        "OnlinePredictor serves several series, and cannot tell which one a row is of. Pass group=, as in fit."
    )
    strict = copy.deepcopy(model)
    strict[0].unseen_groups = "error"
    online = OnlinePredictor(strict)
    online.update([1.0, 2.0, 3.0], group="A")
    assert refused(online.update, [1.0, 2.0, 3.0], group="E") == snapshot(
        "SeriesScaler(unseen_groups='error') was not fitted on the group 'E'. Its groups are: 'A', 'B', 'C'. Fit it on "
        "all of them, or let unseen_groups='pooled' scale the others by the coefficients of all rows."
    )
    assert repr(online) == "OnlinePredictor(mode='window', warm=False, 1 series so far)"


@pytest.mark.filterwarnings("ignore::sklstm.UnseenRangeWarning")
def test_one_model_for_many_sensors(model):
    """A model of one series serves many, each with a window of its own."""
    online = OnlinePredictor(model)
    rows = NEW[:20].to_numpy()
    pairs = [
        (online.update(row, group=1), online.update(other, group=2))
        for row, other in zip(rows, -rows[::-1], strict=True)
    ]
    assert_allclose([one for one, _ in pairs], model.predict(cold(NEW[:20])), **SAME)


# --- mid-stream -----------------------------------------------------------------------------------


MODES = ["window", "state"]


@pytest.mark.parametrize("mode", MODES)
def test_pickle_in_mid_stream(model, mode):
    """A pickle is small, holds nothing of TensorFlow, and goes on with the same predictions."""
    online = OnlinePredictor(model, mode=mode, warm=True)
    online.update_many(NEW[:100])
    blob = pickle.dumps(online)
    assert b"tensorflow" not in blob
    assert len(blob) < 20_000
    expected = online.update_many(NEW[100:120])
    assert_allclose(pickle.loads(blob).update_many(NEW[100:120]), expected, rtol=1e-6)


@pytest.mark.slow
def test_goes_on_in_a_fresh_process(model, tmp_path):
    """A pickle in mid-stream is loaded elsewhere without Keras, and goes on with the same predictions."""
    both = [OnlinePredictor(model, mode=mode, warm=True) for mode in MODES]
    for online in both:
        online.update_many(NEW[:100])
    (tmp_path / "online.pkl").write_bytes(pickle.dumps(both))
    NEW[100:120].to_pickle(tmp_path / "rows.pkl")
    code = f"""
        import pandas as pd, pickle, sys
        both = pickle.load(open({str(tmp_path / "online.pkl")!r}, "rb"))
        print("keras" in sys.modules)
        for online in both:
            print(*online.update_many(pd.read_pickle({str(tmp_path / "rows.pkl")!r})).tolist())
    """
    loaded, *lines = run_fresh(code).splitlines()
    assert loaded == "False"
    expected = [online.update_many(NEW[100:120]) for online in both]
    assert_allclose([[float(value) for value in line.split()] for line in lines], expected, rtol=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_copies_and_resets(model, mode):
    """A copy goes its own way; a reset begins anew."""
    online = OnlinePredictor(model, mode=mode)
    first = online.update_many(NEW[:30])
    twin = copy.deepcopy(online)
    expected = online.update_many(NEW[30:40])
    online.update_many(NEW[:9])
    assert_allclose(twin.update_many(NEW[30:40]), expected, rtol=1e-6)
    assert_allclose(online.reset().update_many(NEW[:30]), first, rtol=1e-6)
    online = OnlinePredictor(model, mode=mode)
    for group in "ab":
        online.update_many(NEW[:5], groups=[group] * 5)
    before = online.update(NEW.iloc[5], group="b")
    online.reset("a")
    assert_allclose(online.update(NEW.iloc[0], group="a"), first[0], rtol=1e-6)
    assert before == pytest.approx(first[5], rel=1e-5)


def test_the_model_stays_as_it_is(model):
    """Nothing of the fitted model changes, and a new fit of it changes nothing of the predictor."""
    mine = copy.deepcopy(model)
    expected, before = mine.predict(NEW[:9]), pickle.dumps(mine)
    online = OnlinePredictor(mine, mode="state", warm=True)
    windows = OnlinePredictor(mine, warm=True)
    online.update_many(NEW)
    assert pickle.dumps(mine) == before
    mine.set_params(lagframer__n_steps=2).fit(2 * FITTED, Y)
    assert_allclose(windows.update_many(NEW[:9]), expected, **SAME)


# --- rows that are refused ------------------------------------------------------------------------

GOOD = [9.0, 10.0, 11.0]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            [1.0, 2.0],
            snapshot(
                "OnlinePredictor expects a row of 3 features (rain, temp, wind), got 2. Pass a value for each of them."
            ),
        ),
        (
            5.0,
            snapshot(
                "OnlinePredictor expects a row of 3 features (rain, temp, wind), got 1. Pass a value for each of them."
            ),
        ),
        (
            [GOOD, GOOD],
            snapshot(
                "OnlinePredictor takes one row at a time, got shape (2, 3). Pass each row by itself, or all of them to update_many."
            ),
        ),
        (
            {"rain": 1.0, "tmep": 2.0, "wind": 3.0},
            snapshot(
                "OnlinePredictor got a row with 'tmep', which is no feature. Did you mean 'temp'? The features are: rain, temp, wind."
            ),
        ),
        (
            {"rain": 1.0, "temp": 2.0},
            snapshot(
                "OnlinePredictor got a row without 'wind'. Pass a value for each feature, rain, temp, wind, and NaN for all of them where nothing was observed."
            ),
        ),
        (
            [1.0, "warm", 3.0],
            snapshot(
                "OnlinePredictor expects numbers, got text in column 'temp': 'warm'. Encode it as a number, or pass NaN for all features where nothing was observed."
            ),
        ),
        (
            [1.0, 2.0, np.inf],
            snapshot(
                "OnlinePredictor got inf in column 'wind'. Replace it, or pass NaN for all features where nothing was observed."
            ),
        ),
        (
            {"rain": 1.0, "temp": None, "wind": np.nan},
            snapshot(
                "LagFramer got a time step with some features missing: row 0, NaN in column 'temp', 'wind'. A time step is either observed in every feature or NaN in all of them: impute first, for instance with sklearn.impute.SimpleImputer before this step."
            ),
        ),
    ],
    ids=["too few", "a number", "two rows", "unknown name", "missing name", "text", "inf", "missing in part"],
)
@pytest.mark.parametrize("mode", ["window", "state"])
def test_a_row_that_is_refused_leaves_no_trace(model, mode, row, message):
    """The next row goes on from the one before."""
    online, untouched = (OnlinePredictor(model, mode=mode) for _ in range(2))
    for each in (online, untouched):
        each.update_many(NEW[:9])
    assert refused(online.update, row) == message
    assert_array_equal(online.update_many(NEW[9:20]), untouched.update_many(NEW[9:20]))


def test_what_a_step_refuses_leaves_no_trace():
    """A value out of range, or without a logarithm, is refused in the step's own words."""
    model = steps(LagRegressor(), SeriesScaler(out_of_range="error")).fit(FITTED, Y)
    online = OnlinePredictor(model)
    first = online.update(GOOD)
    assert refused(online.update, [9.0, 99.0, 11.0]) == snapshot(
        "SeriesScaler got values outside the range it knows: 1 in all, first 99 in row 0, column 'temp', which ranges from 6.82613 to 13.6649. Fit on data that covers it, give its bounds as coefficients, or clip."
    )
    assert_array_equal(online.reset().update(GOOD), first)
    model = make_pipeline(Differencer(log=True), LagFramer(3), LagRegressor()).fit(FITTED, Y)
    online, untouched = OnlinePredictor(model), OnlinePredictor(model)
    assert online.update(GOOD) == untouched.update(GOOD)
    assert refused(online.update, [9.0, -1.0, 11.0]) == snapshot(
        "Differencer(log=True) expects values above 0, got -1.0 at row 0, column 'temp'. Pass log=False, leave the "
        "column out of columns, or write NaN where nothing was observed."
    )
    assert online.update(GOOD[::-1]) == untouched.update(GOOD[::-1])


def test_one_warning_for_each_row():
    """A row out of range is warned of once, not again while it is among the rows that later ones look back on."""
    online = OnlinePredictor(steps(LagRegressor(), SeriesScaler(out_of_range="warn")).fit(FITTED, Y))
    online.update(GOOD)
    with pytest.warns(UserWarning, match="values outside the range it knows: 1 in all, first 99 in row 0"):
        online.update([9.0, 99.0, 11.0])
    online.update(GOOD)


def test_names_where_there_are_none():
    """A model that was fitted on an array takes no names."""
    online = OnlinePredictor(steps(LagRegressor()).fit(FITTED.to_numpy(), Y))
    assert refused(online.update, {"rain": 1.0}) == snapshot(
        "OnlinePredictor got a row with names, but what it serves was fitted on features without names. Pass the 3 "
        "values in their order."
    )
    assert np.isfinite(online.update(NEW.iloc[0]))
