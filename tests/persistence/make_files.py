"""Fit objects of all kinds, save them with ONNX graphs, and write down what they compute.

python tests/persistence/make_files.py FOLDER, where TensorFlow is installed; then serve_files.py where it is not.
"""

import os
import sys
import warnings
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from fitted_objects import OBJECTS, TRUSTED

import sklstm

# Objects of which the script writes files: of each kind of estimator, and of each way to predict.
KINDS = (
    "LSTMRegressor",
    "LSTMRegressor, carried state",
    "LSTMClassifier",
    "LSTMAutoencoder",
    "KerasRegressor",
    "Pipeline of scikit-learn's steps",
    "GridSearchCV",
    "SeriesForecaster, intervals, members",
    "SeriesForecaster, panel, known ahead",
    "SeriesForecaster, panel, recursive",
    "OnlinePredictor, times",
    "OnlinePredictor, state",
)


def make_files(folder, names=tuple(OBJECTS)):
    """Write a file for each object, as it is before it computes, and what Keras computes: expected.sklstm."""
    expected = {}
    for number, name in enumerate(names):
        fit, compute = OBJECTS[name]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            path = Path(folder) / f"{number}.sklstm"
            sklstm.save(fit(), path, onnx=True)
            expected[name] = compute(sklstm.load(path, trusted=TRUSTED))
    sklstm.save(expected, Path(folder) / "expected.sklstm")


if __name__ == "__main__":
    make_files(sys.argv[1], KINDS)
