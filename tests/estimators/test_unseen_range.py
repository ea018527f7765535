"""UnseenRangeWarning: features far outside of what was seen in training."""

import warnings

import numpy as np
import pandas as pd
import pytest
from builders import perceptron
from inline_snapshot import snapshot
from sizes import N_TIMESTEPS, UNITS
from sklearn.pipeline import make_pipeline

from sklstm import (
    KerasRegressor,
    LagFramer,
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMRegressor,
    SeriesForecaster,
    SeriesScaler,
    UnseenRangeWarning,
    make_supervised,
)

N = 60
SALES = pd.DataFrame(
    {"sales": 100 + 10 * np.sin(np.arange(N)), "price": 2 + np.cos(np.arange(N))},
    index=pd.date_range("2026-01-01", periods=N),
)
X, Y = make_supervised(SALES, target="sales")
SMALL = {"units": UNITS, "epochs": 1, "random_state": 0}


def told(call, *args):
    """Messages of the warnings of a call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(*args)
    assert all(warning.category is UnseenRangeWarning for warning in caught)
    return [str(warning.message) for warning in caught]


@pytest.fixture(scope="module", params=["auto", None], ids=["relative windows", "windows as they are"])
def pipe(request):
    model = LSTMRegressor(window_scaler=request.param, **SMALL)
    return make_pipeline(SeriesScaler(), LagFramer(N_TIMESTEPS), model).fit(X, Y)


def test_a_price_four_times_higher(pipe):
    """The feature and its ranges are named, once."""
    higher = X.assign(price=4 * X["price"])
    assert told(pipe.predict, higher) == snapshot(
        [
            "LSTMRegressor got values of feature 'price' up to 5.5, and was trained on values from 0 to 1, as X comes to it. Predictions so far outside mean little: look at the unit, or fit again with such values."
        ]
    )


def test_values_nearby(pipe):
    """Values within the range of training, and not far from it, come without a warning."""
    assert told(pipe.predict, X) == []
    assert told(pipe.predict, X.assign(price=X["price"] + 2)) == []


def test_a_target_that_rises():
    """A target that rises far beyond its range is what relative windows are for; a plain network warns."""
    risen = X.assign(sales=X["sales"] + 500)
    for window_scaler, n_told in ((None, 1), ("last", 0)):
        model = LSTMRegressor(window_scaler=window_scaler, **SMALL)
        model = make_pipeline(SeriesScaler(), LagFramer(N_TIMESTEPS), model).fit(X, Y)
        assert len(told(model.predict, risen)) == n_told


def test_a_forecaster():
    """A forecaster warns of the columns beside its target."""
    forecaster = SeriesForecaster(target="sales", n_steps=N_TIMESTEPS, **SMALL).fit(SALES)
    assert told(forecaster.forecast) == []
    later = SALES.assign(price=-9 * SALES["price"]).set_axis(SALES.index + pd.Timedelta(f"{N}D"))
    assert "feature 'price' down to -" in told(forecaster.update(later).forecast)[0]


def test_other_estimators():
    """Classifiers and Keras' models warn; an autoencoder is there to be shown what is unlike the rest."""
    windows = np.random.default_rng(0).normal(size=(30, N_TIMESTEPS, 2))
    labels = np.arange(30) % 2
    for model in (LSTMClassifier(**SMALL), KerasRegressor(perceptron, epochs=1, random_state=0)):
        model.fit(windows, labels)
        assert told(model.predict, windows) == []
        assert len(told(model.predict, 99 * windows)) == 1
    assert told(LSTMAutoencoder(**SMALL).fit(windows).score_samples, 99 * windows) == []


def test_partial_fit_widens_the_range():
    """Values of further training are seen, too."""
    windows = np.random.default_rng(0).normal(size=(30, N_TIMESTEPS, 2))
    model = LSTMRegressor(**SMALL).fit(windows, windows[:, -1, 0])
    model.partial_fit(50 * windows, windows[:, -1, 0])
    assert told(model.predict, 50 * windows) == []
