"""OnlinePredictor in the mode "state": each time step goes through the network once."""

import copy

import keras
import numpy as np
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_allclose
from refusal import refused
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, LSTMClassifier, OnlinePredictor, Persistence, SequencePadder

from .streams import FITTED, GAPPY, LABELS, N_FITTED, N_STEPS, NEW, SAME, TABLE, Y, small, steps

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
    assert refused(OnlinePredictor, bare, n_steps=3) == snapshot(
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
