"""Estimators that predict by ONNX graphs: the same predictions, and what they refuse."""

import copy
import pickle

import numpy as np
import pytest
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sizes import EPOCHS, N_TIMESTEPS, UNITS
from sklearn.pipeline import make_pipeline

import sklstm
from sklstm import LagFramer, LSTMAutoencoder, LSTMClassifier, LSTMRegressor, OnlinePredictor, SeriesScaler

SMALL = {"units": UNITS, "epochs": EPOCHS, "random_state": 0}
SAME = {"rtol": 1e-5, "atol": 1e-5}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, N_TIMESTEPS, 2)).astype(np.float32)
Y = X[:, -1, 0]
TABLE = RNG.normal(size=(60, 2)).cumsum(axis=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def regressor():
    return LSTMRegressor(**SMALL).fit(X, Y)


@pytest.fixture(scope="module")
def path(folder, regressor):
    """A file with a graph."""
    sklstm.save(regressor, folder / "regressor.sklstm", onnx=True)
    return folder / "regressor.sklstm"


@pytest.fixture
def served(path):
    return sklstm.load(path, runtime="onnx")


def serve(fitted, folder):
    """A fitted object, saved with graphs and loaded to be served."""
    sklstm.save(fitted, folder / "served.sklstm", onnx=True)
    return sklstm.load(folder / "served.sklstm", runtime="onnx")


# --- predictions ----------------------------------------------------------------------------------


def test_predictions(served, regressor):
    """Predictions differ by rounding in single precision, for a sample and for thousands."""
    assert_allclose(served.predict(X), regressor.predict(X), **SAME)
    assert_allclose(served.predict(X[:1]), regressor.predict(X[:1]), **SAME)
    many = np.resize(X, (3000, *X.shape[1:]))
    assert_allclose(served.predict(many), regressor.predict(many), **SAME)
    assert served.score(X, Y) == pytest.approx(regressor.score(X, Y), abs=1e-5)


def test_classes(folder):
    """Labels are the same, and probabilities differ by rounding."""
    fitted = LSTMClassifier(architecture="bidirectional", **SMALL).fit(X, np.where(Y > 0, "up", "down"))
    served = serve(fitted, folder)
    assert_array_equal(served.predict(X), fitted.predict(X))
    assert_allclose(served.predict_proba(X), fitted.predict_proba(X), **SAME)


def test_autoencoder(folder):
    """Codes, windows of codes, rebuilt windows and anomalies are those of Keras."""
    fitted = LSTMAutoencoder(latent_dim=2, **SMALL).fit(X)
    served = serve(fitted, folder)
    codes = fitted.transform(X)
    assert_allclose(served.transform(X), codes, **SAME)
    assert_allclose(served.inverse_transform(codes), fitted.inverse_transform(codes), **SAME)
    assert_allclose(served.reconstruct(X), fitted.reconstruct(X), **SAME)
    assert_allclose(served.score_samples(X), fitted.score_samples(X), **SAME)


@pytest.mark.parametrize("mode", ["window", "state"])
def test_online_predictions(folder, mode):
    """A loaded pipeline serves an OnlinePredictor, by windows and by a state, also of several series."""
    lstm = LSTMRegressor(window_scaler=None, linear_skip=False, **SMALL)
    fitted = make_pipeline(SeriesScaler("minmax"), LagFramer(N_TIMESTEPS), lstm).fit(TABLE, TABLE[:, 0])
    ours, theirs = (OnlinePredictor(model, mode=mode, warm=True) for model in (serve(fitted, folder), fitted))
    rows = TABLE[:8] + 0.5
    for row in rows[:4]:
        assert_allclose(ours.update(row), theirs.update(row), **SAME)
    groups = list("ababcacb")
    assert_allclose(ours.update_many(rows, groups), theirs.update_many(rows, groups), **SAME)


def test_states_of_keras_go_on(folder):
    """A predictor that Keras has fed goes on from its states when it is served."""
    lstm = LSTMRegressor(window_scaler=None, linear_skip=False, **SMALL)
    fitted = make_pipeline(LagFramer(N_TIMESTEPS), lstm).fit(TABLE, TABLE[:, 0])
    theirs = OnlinePredictor(fitted, mode="state")
    theirs.update_many(TABLE[:10])
    ours = serve(theirs, folder)
    assert_allclose(ours.update_many(TABLE[10:]), theirs.update_many(TABLE[10:]), **SAME)


def test_copies(served):
    """Copies and pickles predict alike; they hold no session of onnxruntime."""
    expected = served.predict(X)
    assert_array_equal(copy.deepcopy(served).predict(X), expected)
    assert_array_equal(pickle.loads(pickle.dumps(served)).predict(X), expected)


# --- files ----------------------------------------------------------------------------------------


def test_both_runtimes(path, regressor):
    """A file with graphs also loads with Keras, with the same bits."""
    assert_array_equal(sklstm.load(path).predict(X), regressor.predict(X))


def test_save_changes_nothing(folder):
    """What is saved with graphs has none itself."""
    fitted = LSTMRegressor(**SMALL).fit(X, Y)
    before = pickle.dumps(fitted)
    sklstm.save(fitted, folder / "unchanged.sklstm", onnx=True)
    assert pickle.dumps(fitted) == before


def test_a_file_without_graphs(folder, regressor):
    """A file that was saved without graphs is not served."""
    sklstm.save(regressor, folder / "plain.sklstm")
    assert refused(sklstm.load, folder / "plain.sklstm", runtime="onnx") == snapshot(
        "LSTMRegressor has no ONNX graph to be served by. Save it with sklstm.save(fitted, path, onnx=True), where TensorFlow is installed."
    )


def test_a_model_that_was_changed(folder, path):
    """A graph is forgotten when the weights of its network change."""
    fitted = sklstm.load(path)
    fitted.model_.set_weights([2 * weight for weight in fitted.model_.get_weights()])
    sklstm.save(fitted, folder / "changed.sklstm")
    with pytest.raises(ValueError, match="has no ONNX graph"):
        sklstm.load(folder / "changed.sklstm", runtime="onnx")
    sklstm.save(fitted, folder / "changed.sklstm", onnx=True)
    assert_allclose(sklstm.load(folder / "changed.sklstm", runtime="onnx").predict(X), fitted.predict(X), **SAME)


def test_saved_where_it_is_served(folder, served):
    """What was loaded to be served is saved and loaded so again, but not with Keras."""
    sklstm.save(served, folder / "again.sklstm")
    assert_array_equal(sklstm.load(folder / "again.sklstm", runtime="onnx").predict(X), served.predict(X))
    assert refused(sklstm.load, folder / "again.sklstm") == snapshot(
        "LSTMRegressor was saved after it had been loaded with runtime='onnx', without its Keras network. Load this file with runtime='onnx', or the file that was saved after training."
    )


# --- what a graph cannot do -----------------------------------------------------------------------


def test_no_model(served):
    """A served estimator has no Keras model."""
    assert refused(lambda: served.model_, error=AttributeError) == snapshot(
        "LSTMRegressor was loaded with runtime='onnx', and has no Keras model. Load it with sklstm.load(path, runtime='keras')."
    )


def test_training_does_not_go_on(served):
    """A served estimator does not train on; it trains anew."""
    served.set_params(warm_start=True)
    assert refused(served.fit, X, Y) == snapshot(
        "LSTMRegressor was loaded with runtime='onnx', which predicts only. Load it with sklstm.load(path, runtime='keras') to go on training, or call fit with warm_start=False."
    )
    served.set_params(warm_start=False).fit(X, Y)
    assert served.model_.count_params() > 0


def test_a_graph_without_a_state(folder):
    """A graph that carries no state refuses to predict with stateful=True."""
    served = serve(LSTMRegressor(architecture="bidirectional", **SMALL).fit(X, Y), folder).set_params(stateful=True)
    assert refused(served.predict, X) == snapshot(
        "The ONNX graph of this network carries no state from one sample to the next. Fit with stateful=True, save again with onnx=True, and load that file; or pass stateful=False."
    )


def test_weights_in_another_file(served, tmp_path):
    """A graph that reads its weights from a file beside it is refused, and reads nothing."""
    import onnx

    graph = onnx.load_from_string(served.network_.graph.tobytes())
    weight = max(graph.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    onnx.external_data_helper.set_external_data(weight, location=str(tmp_path / "secret"))
    weight.ClearField("raw_data")
    changed = type(served.network_)(np.frombuffer(graph.SerializeToString(), np.uint8), served.network_.input_shape)
    assert refused(changed.run, X[:1]) == snapshot(
        "The ONNX graph reads its weights from a file of its own, which sklstm never writes: the archive was changed. Do not use it, or ask who made it."
    )
