"""One sample at a time: what predict says of it, without its checks."""

import numpy as np
import pytest
from builders import WINDOWS, perceptron
from numpy.testing import assert_allclose, assert_array_equal

from sklstm import LSTMClassifier, LSTMRegressor, Windows
from sklstm.estimators import KerasRegressor, LSTMAutoencoder
from sklstm.estimators._sample_by_sample import SampleBySample, predicts_sample_by_sample, why_no_state

Y = WINDOWS[:, -1, 0] + 3
SMALL = {"units": 2, "epochs": 1, "random_state": 0}


class Rounded(LSTMRegressor):
    """A regressor with a predict of its own."""

    def predict(self, X, groups=None):
        """Whole numbers."""
        return super().predict(X, groups).round()


@pytest.mark.parametrize(
    ("estimator", "y"),
    [
        (LSTMRegressor(**SMALL), Y),
        (LSTMRegressor(**SMALL, quantiles=[0.1, 0.5]), Y),
        (LSTMRegressor(**SMALL), np.stack([Y, -Y], axis=1)),
        (LSTMClassifier(**SMALL), np.where(Y > 3, "up", "down")),
        (KerasRegressor(perceptron, epochs=1, random_state=0), Y),
    ],
    ids=["number", "quantiles", "two numbers", "label", "any Keras model"],
)
def test_a_sample_is_predicted_as_among_others(estimator, y):
    """In the same units, of the same shape."""
    estimator.fit(WINDOWS, y)
    one_by_one = SampleBySample("Somebody", estimator)
    assert predicts_sample_by_sample(estimator)
    predictions = [one_by_one.predict(Windows.from_array(window[None])) for window in WINDOWS]
    expected = estimator.predict(WINDOWS)
    if expected.dtype.kind == "U":
        assert_array_equal(predictions, expected)
    else:
        assert_allclose(predictions, expected, rtol=1e-5)


def test_who_is_not_asked_so():
    """What has a predict of its own, or none that decodes outputs."""
    rounded, autoencoder = Rounded(**SMALL).fit(WINDOWS, Y), LSTMAutoencoder(2, epochs=1).fit(WINDOWS)
    assert not predicts_sample_by_sample(rounded)
    assert not predicts_sample_by_sample(autoencoder)
    assert why_no_state(rounded) == "Rounded has a predict of its own"
    assert why_no_state(autoencoder) == "LSTMAutoencoder is no LSTMRegressor or LSTMClassifier"
    assert why_no_state(LSTMRegressor(**SMALL).fit(WINDOWS, Y)) is None
