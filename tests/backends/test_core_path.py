"""The core path on any backend of Keras: `KERAS_BACKEND=jax pytest -n 0 tests/backends`, or torch.

Without the variable Keras runs on TensorFlow, on which the other tests show the same facts: these repeat them nightly.
"""

import os
import pickle

import keras
import numpy as np
import pytest
from conftest import run_fresh
from inline_snapshot import snapshot
from numpy.testing import assert_array_equal
from refusal import refused
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score

from sklstm import (
    KerasRegressor,
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMRegressor,
    OnlinePredictor,
    SeriesForecaster,
    TrainingPlan,
)

BACKEND = keras.backend.backend()
pytestmark = [pytest.mark.nightly] if BACKEND == "tensorflow" else []
WINDOWS = np.random.default_rng(0).normal(size=(30, 5, 2))
LAST = WINDOWS[:, -1, 0]
SMALL = {"units": 2, "epochs": 2, "random_state": 0}
CV, SCORING = TimeSeriesSplit(2), "neg_root_mean_squared_error"


def test_the_backend_is_the_one_asked_for():
    """Keras runs on the backend that the environment names."""
    assert os.environ.get("KERAS_BACKEND", "tensorflow") == BACKEND


def test_how_it_is_trained(fitted_pipeline):
    """TensorFlow trains by programs compiled here, any other backend by Keras' own fit."""
    assert fitted_pipeline["lstm"].training_path_ == ("graph" if BACKEND == "tensorflow" else "keras")


def test_predictions(fitted_pipeline, pipeline, airline):
    """One for each row, the same bits for the same seed, and in the units of y."""
    X, y = airline
    predicted = fitted_pipeline.predict(X)
    assert predicted.shape == y.shape
    assert_array_equal(clone(pipeline).fit(X[:100], y[:100]).predict(X), predicted)
    assert 100 < predicted.mean() < 400


def test_it_learns():
    """A target that is the last time step is learned."""
    model = LSTMRegressor(units=4, epochs=25, learning_rate=0.05, random_state=0).fit(WINDOWS, LAST)
    assert model.history_["loss"][-1] < model.history_["loss"][0] / 4
    assert model.score(WINDOWS, LAST) > 0.7


def test_copies_predict_the_same_bits(fitted_pipeline, airline):
    """A pickle predicts what the original predicts."""
    X, _ = airline
    assert_array_equal(pickle.loads(pickle.dumps(fitted_pipeline)).predict(X), fitted_pipeline.predict(X))


def test_fresh_process(fitted_pipeline, airline, tmp_path):
    """In a fresh process on the same backend the pickle predicts the same bits."""
    X, _ = airline
    X.to_pickle(tmp_path / "X.pkl")
    (tmp_path / "pipeline.pkl").write_bytes(pickle.dumps(fitted_pipeline))
    run_fresh(f"""
        import pickle
        import numpy as np, pandas as pd
        where = {str(tmp_path)!r}
        model = pickle.load(open(where + "/pipeline.pkl", "rb"))
        np.save(where + "/predicted.npy", model.predict(pd.read_pickle(where + "/X.pkl")))
    """)
    assert_array_equal(np.load(tmp_path / "predicted.npy"), fitted_pipeline.predict(X))


def test_cross_validation_and_search(pipeline, airline):
    """Stock cross-validation and a stock search score each candidate alike."""
    search = GridSearchCV(
        pipeline, {"frame__n_steps": [4, 6]}, cv=CV, scoring=SCORING, error_score="raise", refit=False
    )
    search.fit(*airline)
    longer = clone(pipeline).set_params(frame__n_steps=6)
    by_fold = cross_val_score(longer, *airline, cv=CV, scoring=SCORING)
    assert by_fold.mean() == pytest.approx(search.cv_results_["mean_test_score"][1])


def test_series_forecaster(airline):
    """A series in, its future out, also further than the horizon."""
    passengers = airline[0]["passengers"]
    forecaster = SeriesForecaster(horizon=3, n_steps=6, **SMALL).fit(passengers[:-3])
    assert forecaster.forecast().index.equals(passengers.index[-3:])
    assert np.isfinite(forecaster.forecast(6).to_numpy()).all()


@pytest.mark.parametrize(
    "params",
    [
        {"architecture": "stacked", "units": (2, 2)},
        {"architecture": "bidirectional"},
        {"dropout": 0.2, "validation": 0.2, "patience": 1},
        {"quantiles": [0.1, 0.5, 0.9]},
        {"stateful": True},
    ],
    ids=lambda params: next(iter(params)),
)
def test_networks(params):
    """Other networks, regularisation, quantiles and a carried state are trained, go on, and predict."""
    model = LSTMRegressor(**SMALL | params).fit(WINDOWS, LAST)
    assert np.isfinite(model.predict(WINDOWS)).all()
    n_epochs = model.n_iter_
    assert model.partial_fit(WINDOWS, LAST).n_iter_ == n_epochs + 1


def test_the_targets_own_past(pipeline, airline):
    """Windows scaled by their own level, and the linear path beside the network."""
    X, y = airline
    model = clone(pipeline).set_params(lstm__window_scaler="standard", lstm__linear_skip=True).fit(X, y)
    assert np.isfinite(model.predict(X)).all()


def test_masked_time_steps():
    """Time steps that were not observed before a window make no difference."""
    model = LSTMRegressor(**SMALL).fit(WINDOWS, LAST)
    longer = np.concatenate([np.full((30, 3, 2), np.nan), WINDOWS], axis=1)
    np.testing.assert_allclose(model.predict(longer), model.predict(WINDOWS), rtol=1e-5)


def test_other_estimators():
    """Classes, an autoencoder and any Keras model are trained and predict."""
    assert LSTMClassifier(**SMALL).fit(WINDOWS, LAST > 0).predict_proba(WINDOWS).shape == (30, 2)
    assert LSTMAutoencoder(**SMALL).fit(WINDOWS).transform(WINDOWS).shape == (30, 2)

    def build(meta):
        inputs = keras.Input(meta["X_shape_"][1:])
        return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.LSTM(2)(inputs)))

    assert KerasRegressor(build, epochs=2, random_state=0).fit(WINDOWS, LAST).predict(WINDOWS).shape == (30,)


def test_one_observation_at_a_time(fitted_pipeline, airline):
    """Rows that follow the training rows are predicted online as they are all together."""
    X, _ = airline
    online = OnlinePredictor(fitted_pipeline, warm=True)
    updated = [online.update(X.iloc[row]) for row in range(100, 103)]
    np.testing.assert_allclose(np.ravel(updated), fitted_pipeline.predict(X[100:103]), rtol=1e-5)


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow has truncated backpropagation")
def test_what_needs_tensorflow():
    """Truncated backpropagation is refused, with the remedy."""
    message = refused(
        LSTMRegressor(training=TrainingPlan(tbptt=(2, 4)), **SMALL).fit, WINDOWS, LAST, error=RuntimeError
    )
    assert message.replace(f"runs on {BACKEND}", "runs on jax") == snapshot(
        "Truncated backpropagation needs Keras on TensorFlow, and Keras runs on jax. Set the environment variable "
        "KERAS_BACKEND=tensorflow before Keras is imported, or pass tbptt=None."
    )
