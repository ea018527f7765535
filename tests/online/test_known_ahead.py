"""OnlinePredictor where the next values of features are known: what it says is what a table with these rows says."""

import copy

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_allclose
from refusal import refused
from sizes import EPOCHS, UNITS
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import (
    ForwardFill,
    LagFramer,
    LagRegressor,
    LSTMRegressor,
    OnlinePredictor,
    SeriesForecaster,
    SeriesScaler,
    make_forecast_pipeline,
)

SAME = {"rtol": 1e-5, "atol": 1e-5}
RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(RNG.uniform(1, 9, size=(70, 3)), columns=["sales", "price", "holiday"])
FITTED, NEW = TABLE[:40], TABLE[40:].set_axis(np.arange(1000, 1030))
Y = TABLE["sales"].shift(-1)[:40]


def small(**params):
    return LSTMRegressor(**{"units": UNITS, "epochs": EPOCHS, "random_state": 0} | params)


def ahead_of(table, row, features, horizon):
    """What is known of the rows after one."""
    return table[features].iloc[row + 1 : row + 1 + horizon]


def walk(online, table, features, horizon):
    """Predictions for all rows, each told what is known of the next ones."""
    return np.array(
        [online.update(table.iloc[k], ahead=ahead_of(table, k, features, horizon)) for k in range(len(table))]
    )


@pytest.mark.parametrize(
    ("before", "features", "horizon", "final"),
    [
        ([], ["holiday"], 1, small()),
        ([SeriesScaler()], ["price", "holiday"], 3, small(architecture="encoder_decoder")),
        ([ForwardFill(), StandardScaler().set_output(transform="pandas")], ["holiday"], 2, LagRegressor()),
        ([SeriesScaler("standard")], ["holiday", "price"], 2, LagRegressor()),
    ],
    ids=["one", "scaled", "filled", "no network"],
)
def test_predictions_are_those_of_a_table_with_the_next_rows(before, features, horizon, final):
    """Also at the end, where fewer rows are known, and where nothing was observed; from nothing, and warm."""
    y = np.stack([Y, Y, Y], axis=1) if horizon == 3 else Y
    model = make_pipeline(*before, LagFramer(4, future=features, horizon=horizon), final).fit(FITTED, y)
    rows = NEW.copy()
    other = [name for name in rows if name not in features]
    rows.iloc[[0, 7, 8], [rows.columns.get_loc(name) for name in other]] = np.nan
    assert_allclose(walk(OnlinePredictor(model), rows, features, horizon), model.predict(rows), **SAME)
    rows.index = np.arange(40, 70)
    assert_allclose(walk(OnlinePredictor(model, warm=True), rows, features, horizon), model.predict(rows), **SAME)


def test_ahead_in_any_form():
    """A table, dicts, an array; nothing, and the last value is repeated."""
    framer = LagFramer(3, future=["price", "holiday"], horizon=2)
    model = make_pipeline(SeriesScaler(), framer, LagRegressor()).fit(FITTED, Y)
    table = ahead_of(NEW, 0, ["price", "holiday"], 2)
    first = NEW.iloc[0].to_dict()
    expected = OnlinePredictor(model).update(first, ahead=table)
    for ahead in (
        table[["holiday", "price"]],
        table.to_dict("records"),
        table.to_numpy(),
        NEW[1:3],
        [table.iloc[0], table.iloc[1]],
        table.values.tolist(),
    ):
        assert OnlinePredictor(model).update(first, ahead=ahead) == expected
    assert OnlinePredictor(model).update(first, ahead=[]) == pytest.approx(model.predict(NEW[:1])[0], rel=1e-5)
    assert OnlinePredictor(model).update(first, ahead=table.iloc[0].to_dict()) == pytest.approx(
        model.predict(NEW[:2])[0], rel=1e-5
    )


def test_ahead_without_names():
    """For one feature and one row ahead is a number, alone or in lists."""
    model = make_pipeline(LagFramer(3, future=[2]), LagRegressor()).fit(FITTED.to_numpy(), Y)
    row, known = NEW.to_numpy()[0], NEW.to_numpy()[1, 2]
    expected = OnlinePredictor(model).update(row, ahead=known)
    assert OnlinePredictor(model).update(row, ahead=[known]) == expected
    assert OnlinePredictor(model).update_many([row], ahead=[[[known]]])[0] == expected


def test_each_series_of_a_panel():
    """What is known is that of the row's own series."""
    panel = pd.concat([TABLE.assign(store=name, sales=TABLE["sales"] * k) for k, name in enumerate("AB", 1)])
    panel = panel.set_axis(np.tile(np.arange(70), 2)).rename_axis("week").reset_index()
    fitted, new = panel[panel["week"] < 40], panel[panel["week"] >= 40].sort_values("week").reset_index(drop=True)
    keys = {"group": "store", "time": "week"}
    scaler, framer = SeriesScaler("standard", **keys), LagFramer(4, future=["holiday"], horizon=2, **keys)
    model = make_pipeline(scaler, framer, LagRegressor()).fit(fitted, fitted["sales"])
    online = OnlinePredictor(model, warm=True)
    got = []
    for _, row in new.iterrows():
        later = new[(new["store"] == row["store"]) & (new["week"] > row["week"])]
        got.append(online.update(row.to_dict(), ahead=later[["holiday"]][:2]))
    assert_allclose(got, model.predict(new), **SAME)


@pytest.mark.parametrize(
    "forecaster",
    [
        SeriesForecaster(
            make_forecast_pipeline(
                future=["holiday"],
                n_steps=5,
                units=UNITS,
                epochs=EPOCHS,
                window_scaler=None,
                linear_skip=False,
                random_state=0,
            ),
            horizon=3,
            target="sales",
        ),
        SeriesForecaster(
            make_pipeline(LagFramer(5, future=["holiday"]), LagRegressor()),
            horizon=3,
            target="sales",
            strategy="recursive",
        ),
    ],
    ids=["direct", "recursive"],
)
def test_forecasters(forecaster):
    """Forecasts of forecasts look ahead from later rows, as far as the horizon."""
    series = TABLE[["sales", "holiday"]]
    forecaster.fit(series[:40])
    online, rows = OnlinePredictor(forecaster, warm=True), series[40:]
    got = walk(online, rows, ["holiday"], 3)
    with pytest.warns(UserWarning, match="the last known value of 'holiday' repeated"):
        whole = forecaster.predict(rows).to_numpy()
    assert_allclose(got[:-3], whole[:-3], **SAME)


ROW = NEW.iloc[0]


@pytest.mark.parametrize(
    ("row", "ahead", "message"),
    [
        (
            ROW,
            None,
            snapshot(
                "OnlinePredictor serves LagFramer(future=['price', 'holiday'], horizon=2), and needs their values in the next 2 rows. Pass ahead=: a table with columns of these names, a dict for each row, or an array of shape (2, 2); or [] where nothing is known, and the last value is repeated."
            ),
        ),
        (
            ROW,
            np.zeros((3, 2)),
            snapshot(
                "OnlinePredictor serves LagFramer(future=['price', 'holiday'], horizon=2), and expects ahead to hold 2 values for each of the next 2 rows, at most, got shape (3, 2). Pass a table with columns of these names, a dict for each row, or an array of shape (2, 2)."
            ),
        ),
        (
            ROW,
            np.zeros((2, 3)),
            snapshot(
                "OnlinePredictor serves LagFramer(future=['price', 'holiday'], horizon=2), and expects ahead to hold 2 values for each of the next 2 rows, at most, got shape (2, 3). Pass a table with columns of these names, a dict for each row, or an array of shape (2, 2)."
            ),
        ),
        (
            ROW,
            [1.0, 2.0],
            snapshot(
                "OnlinePredictor serves LagFramer(future=['price', 'holiday'], horizon=2), and expects ahead to hold 2 values for each of the next 2 rows, at most, got shape (2,). Pass a table with columns of these names, a dict for each row, or an array of shape (2, 2)."
            ),
        ),
        (
            ROW,
            1,
            snapshot(
                "OnlinePredictor serves LagFramer(future=['price', 'holiday'], horizon=2), and expects ahead to hold 2 values for each of the next 2 rows, at most, got shape (). Pass a table with columns of these names, a dict for each row, or an array of shape (2, 2)."
            ),
        ),
        (
            ROW,
            [{"price": 1.0, "holidy": 2.0}],
            snapshot(
                "OnlinePredictor serves LagFramer(future=['price', 'holiday'], horizon=2), and got ahead without 'holiday'. Did you mean 'holidy'? Pass a value for each of price, holiday."
            ),
        ),
        (
            ROW,
            [[1.0, np.nan]],
            snapshot(
                "OnlinePredictor serves LagFramer(future=['price', 'holiday'], horizon=2), and expects every value of ahead to be known, got NaN in 'holiday'. Pass fewer rows where less is known."
            ),
        ),
        (
            ROW,
            [["cheap", 1.0]],
            snapshot(
                "OnlinePredictor expects numbers, got text in column 'price': 'cheap'. Encode it as a number, or pass NaN for all features where nothing was observed."
            ),
        ),
        (
            ROW.where(ROW.index != "price"),
            [],
            snapshot(
                "LagFramer(future=['price', 'holiday']) expects every value to be known, got NaN in 'price'. Fill it first, or take it out of future."
            ),
        ),
    ],
    ids=["nothing", "rows", "features", "one axis", "a number", "unknown name", "NaN", "text", "missing in part"],
)
def test_what_is_refused_leaves_no_trace(row, ahead, message):
    """Each message says what is looked for; the row is not taken."""
    framer = LagFramer(3, future=["price", "holiday"], horizon=2)
    online = OnlinePredictor(make_pipeline(framer, LagRegressor()).fit(FITTED, Y))
    expected = copy.deepcopy(online).update(ROW, ahead=[])
    assert refused(online.update, row, ahead=ahead) == message
    assert online.update(ROW, ahead=[]) == expected


def of_windows(*steps):
    """A model of the table."""
    return make_pipeline(*steps).fit(FITTED, Y)


def test_nothing_to_know_ahead():
    """A model that joins nothing of the next rows is told nothing of them."""
    online = OnlinePredictor(of_windows(LagFramer(3), LagRegressor()))
    assert refused(online.update, ROW, ahead=[1.0]) == snapshot(
        "OnlinePredictor got ahead, but serves a model that joins nothing of the next rows. Leave ahead out, or fit with LagFramer(future=...)."
    )


def test_no_state_with_what_is_known_ahead():
    """What is known ahead changes where nothing was observed, too."""
    model = of_windows(LagFramer(3, future=["holiday"]), small())
    assert refused(OnlinePredictor, model, mode="state") == snapshot(
        "OnlinePredictor(mode='state') feeds each time step to the network once, but what LagFramer(future=['holiday']) joins changes where nothing was observed, too. Pass mode='window'."
    )


def test_names_that_are_lost_on_the_way():
    """A feature that is known ahead keeps its name through the steps before."""
    renamed = ColumnTransformer([("all", StandardScaler(), list(TABLE))]).set_output(transform="pandas")
    model = of_windows(renamed, LagFramer(3, future=["all__holiday"]), LagRegressor())
    assert refused(OnlinePredictor, model) == snapshot(
        "OnlinePredictor serves LagFramer(future=['all__holiday'], horizon=1), and cannot tell which feature of a row becomes 'all__holiday'. Keep its name through the steps before, or predict with a table that has the next rows: fitted.predict."
    )
    kept = renamed.set_params(verbose_feature_names_out=False)
    model = of_windows(kept, LagFramer(3, future=["holiday"]), LagRegressor())
    assert_allclose(walk(OnlinePredictor(model), NEW, ["holiday"], 1), model.predict(NEW), **SAME)


def test_names_where_there_are_none():
    """A model that was fitted on an array is told no names."""
    nameless = make_pipeline(LagFramer(3, future=[2]), LagRegressor()).fit(FITTED.to_numpy(), Y)
    assert refused(OnlinePredictor(nameless).update, NEW.to_numpy()[0], ahead={"holiday": 1.0}) == snapshot(
        "OnlinePredictor serves LagFramer(future=[2], horizon=1), and got ahead with names, but it was fitted on features without names. Pass an array of shape (1, 1)."
    )
