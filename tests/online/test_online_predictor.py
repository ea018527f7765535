"""OnlinePredictor: row by row it says what the fitted model says of the whole series."""

import copy
import pickle

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import run_fresh
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)

from sklstm import (
    ForwardFill,
    LagFramer,
    LSTMClassifier,
    LSTMRegressor,
    OnlinePredictor,
    Persistence,
    SequenceEncoder,
    SequencePadder,
    SeriesScaler,
    To3D,
)
from sklstm.estimators import KerasRegressor
from sklstm.forecasting import SeriesForecaster
from sklstm.preprocessing import Differencer

SAME = {"rtol": 1e-5, "atol": 1e-5}
N_FITTED, N_STEPS = 80, 6
NAMES = ["rain", "temp", "wind"]


def waves(n_rows, seed=0):
    """A table of three features."""
    t = np.arange(n_rows, dtype=float)[:, None]
    noise = np.random.default_rng(seed).normal(0, 0.3, size=(n_rows, 3))
    return pd.DataFrame(10 + 3 * np.sin(t / [3.0, 5.0, 7.0]) + noise, columns=NAMES)


def small(**params):
    return LSTMRegressor(**{"units": 3, "epochs": 2, "random_state": 0} | params)


def steps(lstm, scaler=None, **framing):
    """All of sklstm's steps."""
    framer = LagFramer(**{"n_steps": N_STEPS} | framing)
    return make_pipeline(scaler or SeriesScaler("minmax"), framer, SequencePadder(), To3D(), lstm)


TABLE = waves(N_FITTED + 1000)
FITTED, NEW = TABLE[:N_FITTED], TABLE[N_FITTED:]
Y = TABLE["rain"].shift(-1)[:N_FITTED]
LABELS = np.where(Y.diff() > 0, "up", "down")
GAPPY = NEW[:60].copy()
GAPPY.iloc[[0, 1, 20, 21, 22, *range(40, 50)]] = np.nan


@pytest.fixture(scope="module")
def model():
    return steps(small()).fit(FITTED, Y)


@pytest.fixture(scope="module")
def panel():
    """A model of three series, and 1,000 rows of them and of one that was not fitted, mixed."""
    parts = [waves(60, seed=k).assign(store=name) * [10**k, 1, 1, 1] for k, name in enumerate("ABC")]
    table = pd.concat(parts).sort_index(kind="stable")
    y = table.groupby("store")["rain"].shift(-1).fillna(0)
    lstm = small(target_groups=True)
    model = steps(lstm, SeriesScaler("standard", group="store"), group="store").fit(table, y)
    rows = waves(1000, seed=9).assign(store=np.random.default_rng(1).choice(list("ABCD"), 1000))
    return model, rows.set_index(rows.groupby("store").cumcount())


def cold(table):
    """The same rows, of which no index says that they follow anything."""
    return table.reset_index(drop=True)


# --- windows --------------------------------------------------------------------------------------


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
def test_windows_are_those_of_the_whole_series(model, warm):
    """A thousand rows one by one are predicted as all at once, from nothing or from the fitted rows on."""
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
    model = make_pipeline(LagFramer(3), small()).fit(series, Y)
    online = OnlinePredictor(model)
    assert_allclose([online.update(value) for value in NEW["rain"][:9]], model.predict(cold(NEW)["rain"][:9]), **SAME)


def steps_on_their_way(lstm):
    """Pipelines of all sorts, by name."""
    return {
        "clipped": steps(lstm, SeriesScaler("minmax", out_of_range="clip")),
        "out of range is not observed": steps(lstm, SeriesScaler("robust", coefficients={"iqr": 2})),
        "maxabs": steps(lstm, SeriesScaler("maxabs")),
        "unscaled": steps(lstm, SeriesScaler(None)),
        "scikit-learn's scalers": make_pipeline(
            StandardScaler(), RobustScaler(), MinMaxScaler(clip=True), MaxAbsScaler(), LagFramer(4), lstm
        ),
        "imputed": make_pipeline(SimpleImputer(), PolynomialFeatures(2), LagFramer(4), lstm),
        "by name": make_pipeline(
            ColumnTransformer([("one", StandardScaler(), ["wind"])], remainder="passthrough"), LagFramer(4), lstm
        ),
        "logarithm": make_pipeline(FunctionTransformer(np.log1p), LagFramer(4), lstm),
        "filled": make_pipeline(ForwardFill(limit=2), SimpleImputer(), LagFramer(4), lstm),
        "differences": make_pipeline(Differencer((1, 3), log=True), SeriesScaler(), LagFramer(4), lstm),
        "scaled windows": make_pipeline(LagFramer(4), SeriesScaler("standard"), To3D(), lstm),
        "cut": make_pipeline(LagFramer(6), SequencePadder(max_len=3), lstm),
        "static": make_pipeline(LagFramer(4, static=["wind"]), lstm),
        "lags": make_pipeline(LagFramer(4, flatten=True), SimpleImputer(), Ridge()),
        "lags for an LSTM": make_pipeline(SeriesScaler(), LagFramer(4, flatten=True), lstm),
        "no windows": make_pipeline(SimpleImputer(), StandardScaler(), Ridge()),
        "nested": Pipeline([("first", make_pipeline(SeriesScaler(), "passthrough")), ("rest", steps(lstm))]),
        "baseline": make_pipeline(SeriesScaler(), LagFramer(4), Persistence()),
        "own level": steps(small(window_scaler="standard", linear_skip=True, relative_to="last")),
        "any Keras model": make_pipeline(
            SimpleImputer(), LagFramer(3), SimpleFirst(), KerasRegressor(dense, epochs=1, random_state=0)
        ),
    }


class SimpleFirst(FunctionTransformer):
    """Windows whose first time steps are full: what lies before the series repeats its first row."""

    def __init__(self):
        super().__init__(first_observed)


def first_observed(windows):
    windows = np.array(windows)
    for window in windows:
        window[np.isnan(window)] = 1.0
    return windows


def dense(meta):
    inputs = keras.Input(meta["X_shape_"][1:])
    return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.LSTM(2)(inputs)))


@pytest.mark.parametrize("name", list(steps_on_their_way(small())))
def test_steps_on_the_way(name):
    """Whatever stands in the Pipeline, a row is predicted as in the whole series, from nothing and from the fitted."""
    model = steps_on_their_way(small(epochs=1))[name].fit(FITTED.assign(wind=2.0), Y)
    rows = GAPPY.assign(wind=2.0) if name == "static" else GAPPY
    rows = rows if name in ("imputed", "filled", "no windows", "lags", "static", "any Keras model") else NEW[:60]
    rows = rows.assign(wind=2.0) if name == "static" else rows
    rows.iloc[7] += 30
    if name == "static":
        rows.loc[:, "wind"] = 2.0
    assert_allclose(OnlinePredictor(model).update_many(rows), model.predict(cold(rows)), **SAME)
    if name in ("clipped", "differences", "static", "scaled windows"):
        assert_allclose(OnlinePredictor(model, warm=True).update_many(rows), model.predict(rows), **SAME)


def test_what_a_fill_knows_of_the_fitted_rows():
    """ForwardFill goes on from its last observations, as far as its limit reaches."""
    fitted = FITTED.copy()
    fitted.iloc[-2:, 0] = np.nan
    model = make_pipeline(ForwardFill(limit=3), SimpleImputer(), LagFramer(4), small(epochs=1))
    model.set_params(simpleimputer__keep_empty_features=True).fit(fitted, Y)
    rows = NEW[:9].copy()
    rows.iloc[:5, 0] = np.nan
    filled = np.array(model[0].transform(rows)["rain"])
    assert_array_equal(np.isnan(filled), [False, True, True, True, True, *[False] * 4])
    online = OnlinePredictor(model, warm=True)._model.steps[0]
    memory, shown = online.begin(None, warm=True), []
    for row in rows.to_numpy():
        row, memory = online.apply(row, memory, None, None, 1)
        shown.append(row[0])
    assert_array_equal(shown, filled)


def test_text_goes_through_the_encoders_that_were_fitted():
    """Categories come as they are, where an encoder stands first."""
    rows = NEW[:30].assign(sky=np.where(NEW["rain"][:30] > 10, "clear", "grey"))
    fitted = FITTED.assign(sky=np.where(FITTED["rain"] > 10, "clear", "grey"))
    encoder = ColumnTransformer([("sky", OneHotEncoder(sparse_output=False), ["sky"])], remainder="passthrough")
    for first in (encoder, SequenceEncoder("onehot")):
        model = make_pipeline(first, LagFramer(4), small(epochs=1)).fit(fitted, Y)
        assert_allclose(OnlinePredictor(model).update_many(rows), model.predict(cold(rows)), **SAME)


def test_transformers_of_ones_own_say_how_far_they_look():
    """A step that is not known is refused until it is said how many rows it looks back over."""
    model = make_pipeline(FunctionTransformer(rolling), LagFramer(4), small(epochs=1)).fit(FITTED, Y)
    assert refused(OnlinePredictor, model) == (
        "OnlinePredictor cannot tell how many rows the step 'functiontransformer' (FunctionTransformer) looks at to "
        "transform one. Pass lookback=, how many rows before it; 0 for none."
    )
    online = OnlinePredictor(model, lookback=2)
    assert_allclose(online.update_many(NEW[:60]), model.predict(cold(NEW[:60])), **SAME)


def rolling(table):
    return table.rolling(3, min_periods=1).mean()


def test_a_bare_estimator_takes_rows_for_time_steps():
    """Windows of a bare LSTM are made of the rows, as LagFramer makes them."""
    framer = LagFramer(N_STEPS).fit(FITTED)
    model = small().fit(framer.transform(FITTED), Y)
    expected = model.predict(framer.transform(cold(NEW[:60])))
    assert_allclose(OnlinePredictor(model, n_steps=N_STEPS).update_many(NEW[:60].to_numpy()), expected, **SAME)
    padded = make_pipeline(SeriesScaler(), SequencePadder(), small()).fit(framer.transform(FITTED)[10:], Y[10:])
    online = OnlinePredictor(padded)
    rows = LagFramer(N_STEPS).fit(FITTED).transform(cold(NEW[:60]))
    assert_allclose(online.update_many(NEW[:60].to_numpy()), padded.predict(rows), **SAME)


def test_several_outputs_and_labels():
    """Several outputs come as an array, labels as labels; a forest on lags, too."""
    for model, y in (
        (steps(small(epochs=1)), np.stack([Y, -Y], axis=1)),
        (steps(small(epochs=1, architecture="encoder_decoder")), np.stack([Y, Y, Y], axis=1)),
        (steps(small(epochs=1, architecture="many_to_many")), np.stack([Y] * N_STEPS, axis=1)),
        (steps(small(epochs=1, quantiles=[0.1, 0.5, 0.9])), Y),
        (steps(LSTMClassifier(3, epochs=1, random_state=0)), LABELS),
        (steps(LSTMClassifier(3, epochs=1, random_state=0)), np.stack([LABELS, LABELS], axis=1)),
        (make_pipeline(LagFramer(3, flatten=True), RandomForestClassifier(5, random_state=0)), LABELS),
    ):
        model.fit(FITTED, y)
        expected, online = model.predict(cold(NEW[:20])), OnlinePredictor(model)
        got = [online.update(row) for row in NEW[:20].to_numpy()]
        assert np.shape(got[0]) == expected.shape[1:]
        assert np.asarray(got).dtype.kind == expected.dtype.kind
        if expected.dtype.kind == "f":
            assert_allclose(got, expected, **SAME)
        else:
            assert_array_equal(got, expected)


class Rounded(LSTMRegressor):
    """A regressor with a predict of its own."""

    def predict(self, X, groups=None):
        """Whole numbers."""
        return super().predict(X, groups).round()


def test_a_predict_of_ones_own_is_asked():
    """What a subclass makes of predictions holds here, too."""
    model = make_pipeline(LagFramer(4), Rounded(3, epochs=1, random_state=0)).fit(FITTED, Y)
    assert_array_equal(OnlinePredictor(model).update_many(NEW[:20]), model.predict(cold(NEW[:20])))


def test_the_best_of_a_search():
    """A search serves its best estimator."""
    search = GridSearchCV(steps(small(epochs=1)), {"lagframer__n_steps": [2, 3]}, cv=TimeSeriesSplit(2)).fit(FITTED, Y)
    assert_allclose(OnlinePredictor(search).update_many(NEW[:9]), search.predict(cold(NEW[:9])), **SAME)


# --- times ----------------------------------------------------------------------------------------


def timed(n_rows, missing=()):
    table = waves(n_rows, seed=3).set_index(pd.date_range("2026-01-01", periods=n_rows, freq="h"))
    return table.drop(table.index[list(missing)])


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
    model = steps(small(epochs=1), SeriesScaler("standard"), n_steps=4, **framing)
    model.fit(fitted, fitted["rain"])
    rows = new.to_numpy()
    online = OnlinePredictor(model, warm=True)
    assert_allclose(online.update_many(rows, times=new.index), model.predict(new), **SAME)
    later = new[1:] if framing.get("elapsed") is None else new
    later.index += pd.Timedelta("400D")
    online = OnlinePredictor(model)
    assert_allclose(online.update_many(later.to_numpy(), times=later.index), model.predict(later), **SAME)


def test_times_that_do_not_fit(model):
    """Rows out of order are refused, and rows without a time where it is needed."""
    online = OnlinePredictor(steps(small(epochs=1)).fit(timed(60), waves(60)["rain"]))
    online.update([1.0, 2.0, 3.0], time="2026-05-01 02:00")
    assert refused(online.update, [1.0, 2.0, 3.0], time="2026-05-01 02:00") == (
        "OnlinePredictor expects rows in time order, got 2026-05-01 02:00:00 after 2026-05-01 02:00:00. Pass each row "
        "once, in the order of time; reset() begins anew."
    )
    online = OnlinePredictor(steps(small(epochs=1), freq="h").fit(timed(60), waves(60)["rain"]))
    assert refused(online.update, [1.0, 2.0, 3.0]) == (
        "OnlinePredictor serves LagFramer(freq='h'), which needs to know when each row was. Pass time=."
    )
    online.update([1.0, 2.0, 3.0], time="2026-05-01 02:00")
    assert refused(online.update, [1.0, 2.0, 3.0], time="2026-05-01 02:30") == (
        "OnlinePredictor serves LagFramer(freq='h'), which has one row at most for each step, got 2026-05-01 02:00:00 "
        "and 2026-05-01 02:30:00 in one. Pass one row for each step."
    )
    online.update([1.0, 2.0, 3.0], time="2026-05-01 03:00")


# --- state ----------------------------------------------------------------------------------------


def by_one_pass(model, rows):
    """What an LSTM of Keras' own says after each row of one sequence, in the units of y."""
    network = keras.Sequential([keras.Input((None, 3)), keras.layers.LSTM(3, return_sequences=True)])
    lstm, head = model[-1].network_.weights[:3], model[-1].network_.weights[3:]
    network.set_weights(lstm)
    states = network(model[0].transform(rows).to_numpy(dtype=np.float32)[None]).numpy()[0]
    return model[-1].target_scaler_.inverse_transform(states @ head[0] + head[1])[:, 0]


def test_a_state_is_that_of_one_pass(model):
    """A thousand rows one by one are one pass over the sequence, of the network and of Keras' own layer."""
    got = OnlinePredictor(model, mode="state").update_many(NEW)
    assert_allclose(got, by_one_pass(model, NEW), **SAME)
    scaled = model[0].transform(NEW).to_numpy()
    for k in (0, 5, 6, 99, 999):
        assert_allclose(got[k : k + 1], model[-1].predict(scaled[None, : k + 1]), **SAME)


@pytest.mark.parametrize(
    ("lstm", "y"),
    [
        (small(architecture="stacked"), Y),
        (small(architecture="encoder_decoder"), np.stack([Y, Y], axis=1)),
        (small(quantiles=[0.1, 0.9]), Y),
        (LSTMClassifier(3, epochs=1, random_state=0), LABELS),
    ],
    ids=["stacked", "encoder_decoder", "quantiles", "labels"],
)
def test_a_state_carries_where_nothing_was_observed(lstm, y):
    """Rows of NaN change no state, whatever the network; the sequence up to each row says the same."""
    model = steps(lstm).fit(FITTED, y)
    online, scaled = OnlinePredictor(model, mode="state"), model[0].transform(GAPPY).to_numpy()
    for k, row in enumerate(GAPPY.to_numpy()):
        prediction, expected = online.update(row), model[-1].predict(scaled[None, : k + 1])[0]
        if expected.dtype.kind == "f":
            assert_allclose(prediction, expected, **SAME)
        else:
            assert prediction == expected


def test_a_state_of_a_label_for_each_time_step():
    """Of many-to-many networks a row gets the newest output."""
    model = make_pipeline(LagFramer(4), small(architecture="many_to_many")).fit(FITTED, np.stack([Y] * 4, axis=1))
    got = OnlinePredictor(model, mode="state").update_many(GAPPY)
    whole = model[-1].predict(GAPPY.to_numpy()[None])[0]
    assert_allclose(got, whole, **SAME)


def test_a_warm_state_has_seen_the_context(model):
    """It begins after the rows that the framer has kept."""
    online = OnlinePredictor(model, mode="state", warm=True)
    assert_allclose(online.update_many(NEW[:50]), by_one_pass(model, TABLE[N_FITTED - N_STEPS + 1 :][:55])[5:], **SAME)


def test_a_bare_estimator_needs_no_windows_for_its_state(model):
    """It takes rows, with no number of time steps; with a stateful one, too."""
    bare = copy.deepcopy(model[-1])
    rows = model[0].transform(NEW[:20]).to_numpy()
    expected = by_one_pass(model, NEW[:20])
    assert_allclose(OnlinePredictor(bare, mode="state").update_many(rows), expected, **SAME)
    bare.set_params(stateful=True)
    assert_allclose(OnlinePredictor(bare, mode="state").update_many(rows), expected, **SAME)
    assert_allclose([bare.predict(row[None, None])[0] for row in rows], expected, **SAME)
    assert refused(OnlinePredictor, bare, n_steps=3) == (
        "OnlinePredictor(mode='window') begins each window anew, but LSTMRegressor(stateful=True) carries a state from "
        "row to row. Pass mode='state', or set_params(stateful=False)."
    )


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (steps(small(window_scaler="mean")), "LSTMRegressor(window_scaler='mean') scales each window by its own level"),
        (steps(small(relative_to="last")), "LSTMRegressor(relative_to='last') looks for a value in the window"),
        (steps(small(linear_skip=True)), "LSTMRegressor(linear_skip=True) has a weight for each time step of a window"),
        (
            steps(small(architecture="bidirectional")),
            "LSTMRegressor(architecture='bidirectional') reads windows from their end, too",
        ),
        (steps(small(architecture="cnn_lstm")), "LSTMRegressor(architecture='cnn_lstm') reads pieces of windows"),
        (
            make_pipeline(LagFramer(4, flatten=True), small()),
            "LagFramer(flatten=True) makes a table of lags of them",
        ),
        (
            make_pipeline(LagFramer(4), SequencePadder(value=-9.0), small()),
            "the step 'sequencepadder' (SequencePadder) changes windows as a whole",
        ),
        (make_pipeline(LagFramer(2), Persistence()), "Persistence is no LSTMRegressor or LSTMClassifier"),
    ],
    ids=["window_scaler", "relative_to", "linear_skip", "bidirectional", "cnn_lstm", "flatten", "padder", "baseline"],
)
def test_no_state_where_it_makes_no_sense(model, why):
    """What looks at windows as a whole cannot be fed time step by time step."""
    model.fit(FITTED, TABLE["rain"][1 : N_FITTED + 1].to_numpy())
    assert refused(OnlinePredictor, model, mode="state") == (
        f"OnlinePredictor(mode='state') feeds each time step to the network once, but {why}. Pass mode='window'."
    )


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
    assert refused(online.update, rows[NAMES].iloc[0]) == (
        "OnlinePredictor serves several series, and cannot tell which one a row is of. Pass group=, as in fit."
    )
    strict = copy.deepcopy(model)
    strict[0].unseen_groups = "error"
    online = OnlinePredictor(strict)
    online.update([1.0, 2.0, 3.0], group="A")
    assert refused(online.update, [1.0, 2.0, 3.0], group="E") == (
        "SeriesScaler(unseen_groups='error') was not fitted on the group 'E'. Its groups are: 'A', 'B', 'C'. Fit it on "
        "all of them, or let unseen_groups='pooled' scale the others by the coefficients of all rows."
    )
    assert repr(online) == "OnlinePredictor(mode='window', warm=False, 1 series so far)"


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


@pytest.mark.parametrize("mode", ["window", "state"])
def test_goes_on_in_a_fresh_process(model, mode, tmp_path):
    """A pickle in mid-stream goes on elsewhere with the same predictions, and holds nothing of TensorFlow."""
    online = OnlinePredictor(model, mode=mode, warm=True)
    online.update_many(NEW[:100])
    blob = pickle.dumps(online)
    assert b"tensorflow" not in blob
    assert len(blob) < 20_000
    (tmp_path / "online.pkl").write_bytes(blob)
    NEW[100:120].to_pickle(tmp_path / "rows.pkl")
    code = f"""
        import pandas as pd, pickle, sys
        online = pickle.load(open({str(tmp_path / "online.pkl")!r}, "rb"))
        print("keras" in sys.modules)
        print(*online.update_many(pd.read_pickle({str(tmp_path / "rows.pkl")!r})).tolist())
    """
    loaded, predictions = run_fresh(code).splitlines()
    assert loaded == "False"
    expected = online.update_many(NEW[100:120])
    assert_allclose([float(value) for value in predictions.split()], expected, rtol=1e-6)


@pytest.mark.parametrize("mode", ["window", "state"])
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
    mine.set_params(lagframer__n_steps=2, lstmregressor__units=2).fit(2 * FITTED, Y)
    assert_allclose(windows.update_many(NEW[:9]), expected, **SAME)


# --- rows that are refused ------------------------------------------------------------------------

GOOD = [9.0, 10.0, 11.0]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            [1.0, 2.0],
            "OnlinePredictor expects a row of 3 features (rain, temp, wind), got 2. Pass a value for each of them.",
        ),
        (5.0, "OnlinePredictor expects a row of 3 features (rain, temp, wind), got 1. Pass a value for each of them."),
        (
            [GOOD, GOOD],
            "OnlinePredictor takes one row at a time, got shape (2, 3). Pass each row by itself, or all of them to "
            "update_many.",
        ),
        (
            {"rain": 1.0, "tmep": 2.0, "wind": 3.0},
            "OnlinePredictor got a row with 'tmep', which is no feature. Did you mean 'temp'? The features are: rain, "
            "temp, wind.",
        ),
        (
            {"rain": 1.0, "temp": 2.0},
            "OnlinePredictor got a row without 'wind'. Pass a value for each feature, rain, temp, wind, and NaN for "
            "all of them where nothing was observed.",
        ),
        (
            [1.0, "warm", 3.0],
            "OnlinePredictor expects numbers, got text in column 'temp': 'warm'. Encode it as a number, or pass NaN "
            "for all features where nothing was observed.",
        ),
        (
            [1.0, 2.0, np.inf],
            "OnlinePredictor got inf in column 'wind'. Replace it, or pass NaN for all features where nothing was "
            "observed.",
        ),
        (
            {"rain": 1.0, "temp": None, "wind": np.nan},
            "OnlinePredictor got a row with some features missing: NaN in column 'temp', 'wind'. A time step is either "
            "observed in every feature or NaN in all of them, but for static ones, which are always known: impute "
            "first, for instance with sklearn.impute.SimpleImputer before LagFramer.",
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
    model = steps(small(epochs=1), SeriesScaler(out_of_range="error")).fit(FITTED, Y)
    online = OnlinePredictor(model)
    first = online.update(GOOD)
    assert refused(online.update, [9.0, 99.0, 11.0]).startswith(
        "SeriesScaler got values outside the range it knows: 1 in all, first 99 in row 0, column 'temp', which ranges"
    )
    assert_array_equal(online.reset().update(GOOD), first)
    model = make_pipeline(Differencer(log=True), LagFramer(3), small(epochs=1)).fit(FITTED, Y)
    online, untouched = OnlinePredictor(model), OnlinePredictor(model)
    assert online.update(GOOD) == untouched.update(GOOD)
    assert refused(online.update, [9.0, -1.0, 11.0]) == (
        "Differencer(log=True) expects values above 0, got -1.0 at row 0, column 'temp'. Pass log=False, leave the "
        "column out of columns, or write NaN where nothing was observed."
    )
    assert online.update(GOOD[::-1]) == untouched.update(GOOD[::-1])


def test_names_where_there_are_none():
    """A model that was fitted on an array takes no names."""
    online = OnlinePredictor(steps(small(epochs=1)).fit(FITTED.to_numpy(), Y))
    assert refused(online.update, {"rain": 1.0}) == (
        "OnlinePredictor got a row with names, but what it serves was fitted on features without names. Pass the 3 "
        "values in their order."
    )
    assert np.isfinite(online.update(NEW.iloc[0]))


# --- models that are refused ----------------------------------------------------------------------


def test_models_that_cannot_be_served(model):
    """What is not fitted, cannot predict, or does not say how long its windows are."""
    assert refused(OnlinePredictor, steps(small()), error=NotFittedError) == (
        "OnlinePredictor got a Pipeline that is not fitted. Call its fit first."
    )
    assert refused(OnlinePredictor, StandardScaler(), error=TypeError) == (
        "OnlinePredictor expects a fitted Pipeline or estimator that predicts, got StandardScaler. Fit one with an "
        "estimator as its last step."
    )
    assert refused(OnlinePredictor, model, mode="windows") == (
        "OnlinePredictor expects mode to be 'window' or 'state', got 'windows'."
    )
    assert refused(OnlinePredictor, model[-1]) == (
        "OnlinePredictor cannot tell from LSTMRegressor how many time steps its windows have. Pass n_steps=, or a "
        "Pipeline with a LagFramer."
    )
    assert refused(OnlinePredictor, model, n_steps=3) == (
        "OnlinePredictor(n_steps=3) got a model whose windows have 6 time steps. Leave n_steps out."
    )
    assert refused(OnlinePredictor, model[-1], n_steps=3, warm=True) == (
        "OnlinePredictor(warm=True) goes on from the rows that a LagFramer has kept, and LSTMRegressor has none. Pass "
        "warm=False, and feed it the last rows first."
    )


def test_models_of_another_kind():
    """What was fitted on something else than windows, and what measures durations."""
    table = small(epochs=1).fit(FITTED.to_numpy(), Y)
    assert refused(OnlinePredictor, table, n_steps=3) == (
        "OnlinePredictor takes rows for time steps, but LSTMRegressor was fitted on a table of 3 columns. Fit it on X "
        "of shape (n_samples, n_timesteps, n_features), or behind a LagFramer."
    )
    filled = make_pipeline(ForwardFill(limit="2h"), LagFramer(3), small(epochs=1)).fit(timed(30), waves(30)["rain"])
    assert refused(OnlinePredictor, filled) == (
        "OnlinePredictor fills rows by their number, got ForwardFill(limit='2h'), a duration. Give the limit as a "
        "number of rows."
    )
    no_windows = make_pipeline(ForwardFill(), StandardScaler(), Ridge()).fit(FITTED, Y)
    assert refused(OnlinePredictor, no_windows) == (
        "OnlinePredictor got a model without a LagFramer, whose Ridge takes rows by themselves, but with a step that "
        "looks at the rows before them. Put LagFramer(n_steps=1, flatten=True) before the estimator."
    )


# --- forecasters ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "params",
    [
        {"horizon": 1},
        {"horizon": 3},
        {"horizon": 3, "strategy": "encoder_decoder"},
        {"horizon": 3, "difference": (1, 4), "log": True},
        {"horizon": 3, "strategy": "recursive", "difference": 1},
    ],
    ids=str,
)
def test_forecasts_row_by_row(params):
    """A forecaster forecasts after each row what it does in the whole series; warm, after what it knows last."""
    series = TABLE["rain"]
    forecaster = SeriesForecaster(**params, n_steps=5, units=3, epochs=1, random_state=0).fit(series[:N_FITTED])
    rows = series[N_FITTED : N_FITTED + 40]
    back = 12
    expected = forecaster.predict(cold(rows).set_axis(np.arange(-500, -460))).to_numpy()
    got = OnlinePredictor(forecaster).update_many(rows).reshape(40, -1)
    assert_allclose(got[back:], expected[back:], **SAME)
    expected = forecaster.predict(rows).to_numpy()
    assert_allclose(OnlinePredictor(forecaster, warm=True).update_many(rows).reshape(40, -1), expected, **SAME)
    forecaster.update(rows[:20])
    online = OnlinePredictor(forecaster, warm=True)
    got = [online.update(value, time=int(time)) for time, value in rows[20:].items()]
    assert_allclose(np.reshape(got, (20, -1)), expected[20:], **SAME)


def test_forecasts_of_a_panel():
    """Each series goes on from its own past, in its own units."""
    parts = [waves(60, seed=k)[["rain"]].assign(store=name, day=range(60)) for k, name in enumerate("AB")]
    table = pd.concat(parts, ignore_index=True)
    forecaster = SeriesForecaster(
        horizon=2,
        target="rain",
        group="store",
        time="day",
        n_steps=4,
        units=3,
        epochs=1,
        window_scaler=None,
        linear_skip=False,
        random_state=0,
    ).fit(table)
    rows = pd.concat([waves(20, seed=k)[["rain"]].assign(store=n, day=range(60, 80)) for k, n in enumerate("BA")])
    rows = rows.reset_index(drop=True)
    expected = forecaster.predict(rows).to_numpy()
    assert_allclose(OnlinePredictor(forecaster, warm=True).update_many(rows), expected, **SAME)


def test_forecasts_of_forecasts_leave_no_state():
    """A forecaster that feeds on its own forecasts is refused in the mode "state", a direct one is not."""
    params = {"n_steps": 5, "units": 3, "epochs": 1, "window_scaler": None, "linear_skip": False, "random_state": 0}
    series = TABLE["rain"][:N_FITTED]
    recursive = SeriesForecaster(horizon=2, strategy="recursive", **params).fit(series)
    assert refused(OnlinePredictor, recursive, mode="state") == (
        "OnlinePredictor(mode='state') feeds each time step to the network once, but "
        "SeriesForecaster(strategy='recursive') feeds its own forecasts to it. Pass mode='window', or fit with "
        "strategy='direct'."
    )
    direct = SeriesForecaster(horizon=2, difference=1, **params).fit(series)
    assert OnlinePredictor(direct, mode="state", warm=True).update(10.0).shape == (2,)
