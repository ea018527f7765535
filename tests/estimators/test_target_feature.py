"""Which feature holds the past of y: by the name of y, by target_feature, or because there is only one.

A network of zeros forecasts the last value of that feature in the units of y, so predictions show what was found.
"""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from known_networks import constant, reference
from numpy.testing import assert_allclose
from refusal import refused
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import (
    LagFramer,
    LSTMRegressor,
    Persistence,
    SeriesScaler,
    To3D,
    Windows,
    make_supervised,
    series_to_supervised,
)

N_STEPS = 5
SALES = np.random.default_rng(0).normal(100, 9, size=61).cumsum()
SHOP = pd.DataFrame({"price": np.random.default_rng(1).normal(size=61), "sales": SALES, "visits": 2 * SALES + 1})
X, Y = make_supervised(SHOP, target="sales")
LAST = SALES[:-1]


def framed(table, *steps, **params):
    """Windows of a table, scaled beforehand."""
    return make_pipeline(*steps, SeriesScaler("standard"), LagFramer(N_STEPS, **params)).fit_transform(table)


def last_value(X, y, **params):
    return reference(X, y, **{"window_scaler": "last"} | params)


# --- by the name of y -----------------------------------------------------------------------------


def test_make_supervised_names_y():
    """The name of y is that of the target, with the horizon, and the feature of that name holds its past."""
    assert Y.name == "sales(t+1)"
    assert_allclose(last_value(framed(X), Y), LAST, rtol=1e-6)


def test_a_feature_with_the_same_values_is_not_taken():
    """Another feature is a line of sales, but only the feature that y is named after is shifted with y."""
    windows = framed(X)
    at = np.array(windows[:3])
    at[:, -1] += [10.0, 0.0, 10.0]
    assert_allclose(last_value(windows, Y, at=at), LAST[:3], rtol=1e-6)


@pytest.mark.parametrize(
    "name", ["sales(t+1)", "num__sales(t+1)", "outer__num__sales(t+1)", "cat__sales(t+1)", "sales"], ids=str
)
def test_prefixes(name):
    """A prefix of a ColumnTransformer is left aside, on the side of X and on that of y; columns may be left out."""
    columns = ColumnTransformer([("num", StandardScaler(), ["sales", "price"])]).set_output(transform="pandas")
    windows = framed(X, columns)
    assert windows.names == ("num__sales", "num__price")
    assert_allclose(last_value(windows, Y.rename(name)), LAST, rtol=1e-6)


def test_the_name_without_a_prefix_goes_first():
    """A feature of exactly the name of y goes before one with a prefix."""
    table = X.rename(columns={"price": "num__sales"})
    assert_allclose(last_value(framed(table), Y), LAST, rtol=1e-6)


@pytest.mark.parametrize("horizon", [1, 2, 4])
def test_horizon_in_the_name(horizon):
    """The horizon is the one in the name: the season before the target is as many rows nearer."""
    X, y = make_supervised(SHOP, target="sales", horizon=horizon)
    y = y if horizon == 1 else y.iloc[:, -1]
    expected = pd.Series(SALES[:-horizon]).shift(N_STEPS - horizon)
    predicted = reference(framed(X), y, window_scaler=N_STEPS)
    assert_allclose(predicted[N_STEPS:], expected[N_STEPS:], rtol=1e-6)


@pytest.mark.parametrize("horizon", [1, 3])
def test_shifted_by_hand(horizon):
    """A name without a horizon, as DataFrame.shift leaves it, has the nearest at which y lies on the line."""
    y = SHOP["sales"].shift(-horizon)[:-horizon]
    expected = SHOP["sales"].shift(N_STEPS - horizon)[: len(y)]
    predicted = reference(framed(SHOP[: len(y)]), y, window_scaler=N_STEPS)
    assert_allclose(predicted[N_STEPS:], expected[N_STEPS:], rtol=1e-6)


def test_several_steps():
    """Each step of a horizon is a step of the same series."""
    X, y = make_supervised(SHOP, target="sales", horizon=3)
    assert list(y) == ["sales(t+1)", "sales(t+2)", "sales(t+3)"]
    expected = pd.DataFrame({k: X["sales"].shift(N_STEPS - k) for k in (1, 2, 3)})
    for by_step in (False, True):
        network = partial(constant, by_step=by_step)
        predicted = reference(framed(X), y, window_scaler=N_STEPS, architecture=network)
        assert_allclose(predicted[N_STEPS:], expected[N_STEPS:], rtol=1e-6)


def test_more_steps_than_rows_show():
    """Steps beyond a short series are those that their names say."""
    X, y = make_supervised(SHOP[:16], target="sales", horizon=12)
    predicted = last_value(make_pipeline(SeriesScaler(), LagFramer(2)).fit_transform(X), y)
    assert_allclose(predicted, np.repeat(SALES[:4, None], 12, axis=1), rtol=1e-6)


def test_several_targets():
    """Each column of y has the feature that it is named after."""
    y = SHOP[["sales", "price"]].shift(-1)[:-1]
    for named in (y, y.add_suffix("(t+1)")):
        assert_allclose(last_value(framed(X), named), SHOP[["sales", "price"]][:-1], rtol=1e-6, atol=1e-9)


def test_table_of_lags():
    """Columns of lags name their features; y of series_to_supervised follows the last of them."""
    supervised = series_to_supervised(SHOP[["price", "sales"]], n_in=2)
    lags, y = supervised.filter(like="(t-"), supervised["sales(t)"]
    assert_allclose(last_value(lags, y), SALES[1:-1], rtol=1e-6)
    assert_allclose(last_value(To3D().fit_transform(lags), y), SALES[1:-1], rtol=1e-6)


# --- by target_feature, or the only one -----------------------------------------------------------


def test_by_position_and_by_name():
    """Arrays have positions, DataFrames have names, too; both go before the name of y."""
    arrays = framed(X.to_numpy()), Y.to_numpy()
    assert isinstance(arrays[0], np.ndarray)
    assert_allclose(last_value(*arrays, target_feature=1), LAST, rtol=1e-6)
    for feature in ("sales", 1, "num__sales"):
        assert_allclose(last_value(framed(X), Y.rename("price"), target_feature=feature), LAST, rtol=1e-6)


def test_one_feature_for_each_output():
    """A sequence says for each output which feature holds its past."""
    y = SHOP[["sales", "price"]].to_numpy()[1:]
    predicted = last_value(framed(X.to_numpy()), y, target_feature=[1, 0])
    assert_allclose(predicted, SHOP[["sales", "price"]][:-1], rtol=1e-6, atol=1e-9)
    assert refused(last_value, framed(X.to_numpy()), y, target_feature=[1, 0, 2]) == snapshot(
        "LSTMRegressor(window_scaler='last') got target_feature=[1, 0, 2] of length 3 and y with 2 outputs. Pass one feature, or one for each output."
    )


def test_the_only_feature_that_changes():
    """Without names the only feature that is neither static nor known ahead holds the past."""
    table = X.assign(size=7.0)[["price", "size", "sales"]]
    windows = framed(table, static=["size"], future=["price"])
    for y in (Y.to_numpy(), Y.rename("anything")):
        assert_allclose(last_value(windows, y), LAST, rtol=1e-6)
    arrays = framed(table[["sales", "size"]].to_numpy(), static=[1])
    assert_allclose(last_value(arrays, Y.to_numpy()), LAST, rtol=1e-6)


def test_linear_skip_reads_the_named_feature():
    """The linear path is the one from the feature that is named."""
    windows = framed(X)
    model = LSTMRegressor(2, linear_skip=True, epochs=1, random_state=0).fit(windows, Y)
    same = clone(model).set_params(target_feature=1).fit(np.asarray(windows), Y.to_numpy())
    assert_allclose(model.predict(windows), same.predict(windows), rtol=1e-5)


# --- rows -----------------------------------------------------------------------------------------


def test_weights_of_zero():
    """Of rows with weight 0 no y is used, whatever stands there, also where every second row has it."""
    weights = np.resize([1.0, 0.0], len(Y))
    strange = Y.where(weights > 0, 1e6)
    model = LSTMRegressor(2, window_scaler="last", epochs=1, random_state=0)
    found = clone(model).fit(framed(X), strange, sample_weight=weights)
    expected = clone(model).fit(framed(X), Y, sample_weight=weights)
    assert_allclose(found.window_scaler_.slope_, np.std(LAST), rtol=1e-6)
    assert_allclose(found.predict(framed(X)), expected.predict(framed(X)))


def test_every_second_window():
    """The horizon counts rows, not the windows that are left."""
    windows = framed(X)[::2]
    y = Y.rename("sales")[::2]
    series = SHOP["sales"].shift(-2)[:-2][::2]
    # One row after a window no other window ends.
    assert refused(last_value, windows, y) == snapshot(
        "LSTMRegressor(window_scaler='last') needs the target's own past, but y 'sales' does not lie on a line of feature 'sales' at any of 1 to 400 rows later. Pass X and y in time order (TimeSeriesSplit, shuffle=False), say by target_feature which feature holds the past, or pass window_scaler=None."
    )
    predicted = reference(windows[: len(series)], series, window_scaler=N_STEPS)
    # A season before a target two rows ahead lies three rows back.
    assert_allclose(predicted[2:], SHOP["sales"].shift(3)[:-2][::2][2:], rtol=1e-6)


def panel(lengths, slopes):
    """Series of some lengths, each scaled by itself: windows, and what follows."""
    rng = np.random.default_rng(0)
    parts = []
    for k, (length, slope) in enumerate(zip(lengths, slopes, strict=True)):
        values = slope * rng.normal(size=length + 1).cumsum() + 10 * slope
        parts.append(pd.DataFrame({"shop": f"s{k}", "day": range(length + 1), "price": 1.0, "sales": values}))
    X, y = make_supervised(pd.concat(parts, ignore_index=True), target="sales", group="shop", time="day")
    keys = {"group": "shop", "time": "day"}
    scaled = SeriesScaler("standard", **keys).fit_transform(X)
    return X, LagFramer(2, **keys).fit_transform(scaled), y


def test_short_series_do_not_stop_a_panel():
    """A series of three rows has a line of its own, one of one or two has the usual one, at its own level."""
    X, windows, y = panel([40, 30, 3, 2, 1], [1.0, 50.0, 5.0, 5.0, 5.0])
    predicted = reference(windows, y, target_groups=True, window_scaler="last")
    assert_allclose(predicted[:73], X["sales"][:73], rtol=1e-6)
    assert np.abs(predicted - y)[73:].max() < 60


def test_a_short_series_beside_a_long_one():
    """The line of a long series is not taken for that of a short one, which is scaled by itself."""
    X, windows, y = panel([400, 4], [1.0, 50.0])
    assert_allclose(reference(windows, y, target_groups=True, window_scaler="last"), X["sales"], rtol=1e-6)


def test_short_series_on_the_line_of_all():
    """Where all series are scaled alike, one line holds for those of one row, too."""
    X, _, y = panel([40, 30, 2, 1], [1.0, 50.0, 5.0, 5.0])
    windows = make_pipeline(SeriesScaler(), LagFramer(2, group="shop", time="day")).fit_transform(
        X.assign(shop=X["shop"].astype("category").cat.codes)
    )
    assert_allclose(reference(windows, y, window_scaler="last"), X["sales"], rtol=1e-5)


# --- errors ---------------------------------------------------------------------------------------

WINDOWS = framed(X)
ERRORS = {
    "no names": (
        np.asarray(WINDOWS),
        Y.to_numpy(),
        "auto",
        snapshot(
            "LSTMRegressor(window_scaler='last') needs the target's own past, but nothing says which of the features [0, 1, 2] holds it: y has no name. Pass target_feature, by position, or pass window_scaler=None."
        ),
    ),
    "no name of y": (
        WINDOWS,
        Y.to_numpy(),
        "auto",
        snapshot(
            "LSTMRegressor(window_scaler='last') needs the target's own past, but nothing says which of the features ['price', 'sales', 'visits'] holds it: y has no name. Pass target_feature, by name or position, or pass window_scaler=None."
        ),
    ),
    "a name of none": (
        WINDOWS,
        Y.rename("total(t+1)"),
        "auto",
        snapshot(
            "LSTMRegressor(window_scaler='last') needs the target's own past, but nothing says which of the features ['price', 'sales', 'visits'] holds it: y is named 'total(t+1)'. Pass target_feature, by name or position, or pass window_scaler=None."
        ),
    ),
    "a name of two": (
        WINDOWS.with_names(["a__sales", "b__sales", "visits"]),
        Y,
        "auto",
        snapshot(
            "LSTMRegressor(window_scaler='last') needs the target's own past, but nothing says which of the features ['a__sales', 'b__sales', 'visits'] holds it: y is named 'sales(t+1)'. Pass target_feature, by name or position, or pass window_scaler=None."
        ),
    ),
    "an unknown name": (
        WINDOWS,
        Y,
        "sale",
        snapshot(
            "LSTMRegressor(window_scaler='last') needs the target's own past, got target_feature='sale', but the features that may hold it are ['price', 'sales', 'visits']. Pass one of these, by name or position, or pass window_scaler=None."
        ),
    ),
    "a name without names": (
        np.asarray(WINDOWS),
        Y.to_numpy(),
        "sales",
        snapshot(
            "LSTMRegressor(window_scaler='last') needs the target's own past, got target_feature='sales', but the features that may hold it are [0, 1, 2]. Pass one of these, by position, or pass window_scaler=None."
        ),
    ),
    "an unknown position": (
        np.asarray(WINDOWS),
        Y.to_numpy(),
        3,
        snapshot(
            "LSTMRegressor(window_scaler='last') needs the target's own past, got target_feature=3, but the features that may hold it are [0, 1, 2]. Pass one of these, by position, or pass window_scaler=None."
        ),
    ),
    "another horizon": (
        WINDOWS,
        Y.rename("sales(t+2)"),
        "auto",
        snapshot(
            "LSTMRegressor(window_scaler='last') needs the target's own past, but y 'sales(t+2)' does not lie on a line of feature 'sales' 2 rows later. Pass X and y in time order (TimeSeriesSplit, shuffle=False), say by target_feature which feature holds the past, or pass window_scaler=None."
        ),
    ),
    "another feature": (
        WINDOWS,
        Y,
        "price",
        snapshot(
            "LSTMRegressor(window_scaler='last') needs the target's own past, but y 'sales(t+1)' does not lie on a line of feature 'price' 1 row later. Pass X and y in time order (TimeSeriesSplit, shuffle=False), say by target_feature which feature holds the past, or pass window_scaler=None."
        ),
    ),
    "shuffled": (
        WINDOWS,
        Y.sample(frac=1, random_state=0),
        "auto",
        snapshot(
            "LSTMRegressor(window_scaler='last') needs the target's own past, but y 'sales(t+1)' does not lie on a line of feature 'sales' 1 row later. Pass X and y in time order (TimeSeriesSplit, shuffle=False), say by target_feature which feature holds the past, or pass window_scaler=None."
        ),
    ),
    "one row": (
        WINDOWS[:1],
        Y[:1],
        "auto",
        snapshot(
            "LSTMRegressor(window_scaler='last') needs the target's own past, and at least 2 pairs of y 'sales(t+1)' and a later value of feature 'sales' to learn its units from; got 0 in 1 samples. Pass more of the series, or pass window_scaler=None."
        ),
    ),
    "two rows": (
        WINDOWS[:2],
        Y[:2],
        "auto",
        snapshot(
            "LSTMRegressor(window_scaler='last') needs the target's own past, and at least 2 pairs of y 'sales(t+1)' and a later value of feature 'sales' to learn its units from; got 1 in 2 samples. Pass more of the series, or pass window_scaler=None."
        ),
    ),
}


@pytest.mark.parametrize(("X", "y", "feature", "message"), ERRORS.values(), ids=ERRORS)
def test_errors(X, y, feature, message):
    """An error says what is missing or does not fit, and what to pass."""
    assert refused(last_value, X, y, target_feature=feature) == message


def test_many_features_are_not_listed():
    """An error lists the first of many features."""
    windows = Windows.from_array(np.zeros((9, 2, 1000)))
    assert refused(last_value, windows, np.arange(9.0)) == snapshot(
        "LSTMRegressor(window_scaler='last') needs the target's own past, but nothing says which of the features [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, ...] holds it: y has no name. Pass target_feature, by position, or pass window_scaler=None."
    )


def test_a_series_that_is_nearly_all_watched():
    """A series of which only a sample or two is trained on is read in its own units all the same."""
    rng = np.random.default_rng(0)
    walks = rng.normal(size=(4, 40)).cumsum(axis=1) * np.array([[1], [10], [100], [3]])
    table = pd.DataFrame({"store": np.repeat([1, 2, 3, 4], 40), "sales": walks.ravel()})
    y = table.groupby("store")["sales"].shift(-1).rename("sales(t+1)")
    table, y = table[y.notna()], y[y.notna()]
    slopes = []
    for validation in (0.18, 0.2, 0.22):
        regressor = LSTMRegressor(
            2, epochs=1, target_groups=True, window_scaler="last", validation=validation, random_state=0
        )
        steps = make_pipeline(SeriesScaler(group="store"), LagFramer(8, group="store"), regressor)
        levels = steps.fit(table, y).predict(table)[-20:] - y.to_numpy()[-20:]
        slopes.append(np.abs(levels).max())
    assert max(slopes) < 3 * min(slopes)


@pytest.mark.parametrize(
    "series",
    [
        np.cumsum(np.random.default_rng(0).random(200) < 0.9),
        np.arange(200) % 7 + 1,
        np.where(np.random.default_rng(1).random(200) < 0.1, np.random.default_rng(2).random(200), 0.0),
    ],
    ids=["counter", "weekdays", "rare"],
)
def test_horizon_of_whole_and_rare_numbers(series):
    """The horizon that all pairs agree with goes before a nearer one that most agree with."""
    series = pd.Series(series, name="orders", dtype=float)
    model = make_pipeline(LagFramer(5), Persistence()).fit(series.to_frame()[:-3], series.shift(-3)[:-3])
    assert [(past.horizon, round(past.slope, 3), round(past.offset, 3)) for past in model[-1].pasts_] == [(3, 1, 0)]
