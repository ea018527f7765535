"""OnlinePredictor in the mode "state": each time step goes through the network once."""

import copy

import keras
import numpy as np
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sizes import EPOCHS, UNITS
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, LSTMClassifier, LSTMRegressor, OnlinePredictor, Persistence, SequencePadder

from .streams import FITTED, GAPPY, LABELS, N_FITTED, N_STEPS, NEW, SAME, TABLE, Y, small, steps

# --- state ----------------------------------------------------------------------------------------


def by_one_pass(model, rows):
    """What an LSTM of Keras' own says after each row of one sequence, in the units of y."""
    network = keras.Sequential([keras.Input((None, 3)), keras.layers.LSTM(UNITS, return_sequences=True)])
    lstm, head = model[-1].network_.weights[:3], model[-1].network_.weights[3:]
    network.set_weights(lstm)
    states = network(model[0].transform(rows).to_numpy(dtype=np.float32)[None]).numpy()[0]
    return model[-1].target_scaler_.inverse_transform(states @ head[0] + head[1])[:, 0]


def test_a_state_is_that_of_one_pass(model):
    """Rows one by one are one pass over the sequence, of the network and of Keras' own layer."""
    got = OnlinePredictor(model, mode="state").update_many(NEW)
    assert_allclose(got, by_one_pass(model, NEW), **SAME)
    scaled = model[0].transform(NEW).to_numpy()
    for k in (0, 5, 199):
        assert_allclose(got[k : k + 1], model[-1].predict(scaled[None, : k + 1]), **SAME)


@pytest.mark.parametrize(
    ("lstm", "y"),
    [
        (small(architecture="stacked"), Y),
        (small(architecture="encoder_decoder"), np.stack([Y, Y], axis=1)),
        (small(quantiles=[0.1, 0.9]), Y),
        (LSTMClassifier(UNITS, epochs=EPOCHS, random_state=0), LABELS),
    ],
    ids=["stacked", "encoder_decoder", "quantiles", "labels"],
)
def test_a_state_carries_where_nothing_was_observed(lstm, y):
    """Rows of NaN change no state, whatever the network; the sequence up to each row says the same."""
    model = steps(lstm).fit(FITTED, y)
    scaled = model[0].transform(GAPPY).to_numpy()
    sequences = np.full((60, 60, 3), np.nan)
    for row in range(60):
        sequences[row, 59 - row :] = scaled[: row + 1]
    got, expected = OnlinePredictor(model, mode="state").update_many(GAPPY), model[-1].predict(sequences)
    if expected.dtype.kind == "f":
        assert_allclose(got, expected, **SAME)
    else:
        assert_array_equal(got, expected)


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


@pytest.mark.parametrize("panel", [False, True], ids=["one series", "panel"])
def test_a_warm_state_with_static_features(panel):
    """What does not change in a series is told with each time step, also of the context."""
    keys = {"group": "store"} if panel else {}
    table = FITTED.assign(wind=2.0, **({"store": "A"} if panel else {}))
    model = make_pipeline(LagFramer(N_STEPS, static=["wind"], **keys), small()).fit(table, Y)
    rows = NEW[:9].assign(wind=2.0)
    online = OnlinePredictor(model, mode="state", warm=True)
    groups = ["A"] * 9 if panel else None
    got = online.update_many(rows, groups=groups)
    assert_allclose(online.reset().update_many(rows[:5], groups=groups and groups[:5]), got[:5], **SAME)
    assert np.abs(got[0] - OnlinePredictor(model, mode="state").update_many(rows[:1], groups=groups and ["A"])) > 1e-4


def test_a_bare_estimator_needs_no_windows_for_its_state(model):
    """It takes rows, with no number of time steps; with a stateful one, too."""
    bare = copy.deepcopy(model[-1])
    rows = model[0].transform(NEW[:20]).to_numpy()
    expected = by_one_pass(model, NEW[:20])
    assert_allclose(OnlinePredictor(bare, mode="state").update_many(rows), expected, **SAME)
    bare.set_params(stateful=True)
    assert_allclose(OnlinePredictor(bare, mode="state").update_many(rows), expected, **SAME)
    assert_allclose([bare.predict(row[None, None])[0] for row in rows], expected, **SAME)
    assert refused(OnlinePredictor, bare, n_steps=3) == snapshot(
        "OnlinePredictor(mode='window') begins each window anew, but LSTMRegressor(stateful=True) carries a state from "
        "row to row. Pass mode='state', or set_params(stateful=False)."
    )


class Rounded(LSTMRegressor):
    """A regressor with its own predict."""

    def predict(self, X, groups=None):
        """Predict whole numbers."""
        return super().predict(X, groups).round()


def test_a_state_of_an_estimator_with_its_own_predict():
    """A subclass predicts by its own method."""
    plain = {"window_scaler": None, "linear_skip": False}
    model = steps(Rounded(UNITS, epochs=EPOCHS, random_state=0, **plain)).fit(FITTED, Y)
    plain = steps(small()).fit(FITTED, Y)
    expected = OnlinePredictor(plain, mode="state").update_many(NEW[:20]).round()
    assert_array_equal(OnlinePredictor(model, mode="state").update_many(NEW[:20]), expected)


def test_series_with_and_without_a_name(model):
    """A model of one series carries a state for each sensor, and one for rows of none."""
    online = OnlinePredictor(model, mode="state")
    expected = OnlinePredictor(model, mode="state").update_many(NEW[:20])
    got = [(online.update(row), online.update(row, group="a")) for row in NEW[:10].to_numpy()]
    assert_allclose(got, np.stack([expected[:10]] * 2, axis=1), **SAME)
    online.reset("a")
    assert_allclose(online.update_many(NEW[10:15]), expected[10:15], **SAME)
    assert_allclose(online.update_many(NEW[:5], groups=["a"] * 5), expected[:5], **SAME)


FOLLOWING = TABLE["rain"][1 : N_FITTED + 1].to_numpy()


def refuse_state(model):
    return refused(OnlinePredictor, model, mode="state")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"window_scaler": "mean"},
            snapshot(
                "OnlinePredictor(mode='state') feeds each time step to the network once, but LSTMRegressor(window_scaler='mean') looks at each window as a whole. Pass mode='window'."
            ),
        ),
        (
            {"window_scaler": 2},
            snapshot(
                "OnlinePredictor(mode='state') feeds each time step to the network once, but LSTMRegressor(window_scaler=2) looks at each window as a whole. Pass mode='window'."
            ),
        ),
        (
            {"linear_skip": True},
            snapshot(
                "OnlinePredictor(mode='state') feeds each time step to the network once, but LSTMRegressor(linear_skip=True) has a weight for each time step of a window. Pass mode='window'."
            ),
        ),
        (
            {"architecture": "bidirectional"},
            snapshot(
                "OnlinePredictor(mode='state') feeds each time step to the network once, but LSTMRegressor(architecture='bidirectional') reads windows from their end, too. Pass mode='window'."
            ),
        ),
        (
            {"architecture": "cnn_lstm"},
            snapshot(
                "OnlinePredictor(mode='state') feeds each time step to the network once, but LSTMRegressor(architecture='cnn_lstm') reads pieces of windows. Pass mode='window'."
            ),
        ),
        (
            {"architecture": "lstm_fcn"},
            snapshot(
                "OnlinePredictor(mode='state') feeds each time step to the network once, but LSTMRegressor(architecture='lstm_fcn') reads pieces of windows. Pass mode='window'."
            ),
        ),
    ],
    ids=lambda params: str(*params.values()) if isinstance(params, dict) else "",
)
def test_networks_of_whole_windows(params, message):
    """A network that looks at windows as a whole cannot be fed time step by time step."""
    assert refuse_state(steps(small(target_feature="rain", **params)).fit(FITTED, FOLLOWING)) == message


def last_value(meta):
    """A network without a state."""
    inputs = keras.Input(meta["X_shape_"][1:])
    observed = keras.ops.where(keras.ops.isnan(inputs), 0.0, inputs)
    return keras.Model(inputs, keras.layers.Dense(1)(observed[:, -1]))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            make_pipeline(LagFramer(N_STEPS, flatten=True), small()),
            snapshot(
                "OnlinePredictor(mode='state') feeds each time step to the network once, but LagFramer(flatten=True) makes a table of lags of them. Pass mode='window'."
            ),
        ),
        (
            make_pipeline(LagFramer(N_STEPS), SequencePadder(value=-9.0), small()),
            snapshot(
                "OnlinePredictor(mode='state') feeds each time step to the network once, but the step 'sequencepadder' (SequencePadder) changes windows as a whole. Pass mode='window'."
            ),
        ),
        (
            make_pipeline(LagFramer(N_STEPS), small(architecture=last_value)),
            snapshot(
                "OnlinePredictor(mode='state') feeds each time step to the network once, but LSTMRegressor has a network of your own, of which it cannot tell what a state is. Pass mode='window'."
            ),
        ),
        (
            make_pipeline(LagFramer(2), Persistence("rain")),
            snapshot(
                "OnlinePredictor(mode='state') feeds each time step to the network once, but Persistence is no LSTMRegressor or LSTMClassifier. Pass mode='window'."
            ),
        ),
    ],
    ids=["flatten", "padder", "own network", "baseline"],
)
def test_steps_of_whole_windows(model, message):
    """Nor can windows that another step changes, or what is no network."""
    assert refuse_state(model.fit(FITTED, FOLLOWING)) == message
