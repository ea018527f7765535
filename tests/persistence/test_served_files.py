"""Files with ONNX graphs, in a process that cannot import TensorFlow or Keras: the same predictions."""

import json
import subprocess
import sys

import numpy as np
import pytest
import serve_files
from conftest import run_fresh
from fitted_objects import OBJECTS
from inline_snapshot import snapshot
from make_files import make_files

import sklstm


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """What serve_files.py prints in a process of its own."""
    folder = tmp_path_factory.mktemp("files")
    make_files(folder)
    command = [sys.executable, serve_files.__file__, str(folder), "--blocked"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("name", OBJECTS)
def test_predictions(served, name):
    """Predictions differ from those of Keras by rounding in single precision."""
    assert served["differences"][name] <= serve_files.TOLERANCE


@pytest.mark.slow
def test_nothing_is_loaded(served):
    """Neither TensorFlow nor Keras is imported."""
    assert served["loaded"] == []


BLOCKED = """
import sys
sys.modules |= dict.fromkeys(("tensorflow", "keras"))
import numpy as np
import sklstm
X = np.ones((8, 3, 1))
"""


@pytest.mark.slow
def test_training_needs_tensorflow():
    """Without TensorFlow fit says what to install, and how to predict."""
    code = "try: sklstm.LSTMRegressor().fit(X, X[:, 0, 0])\nexcept ImportError as error: print(error)"
    assert run_fresh(BLOCKED + code).strip() == snapshot(
        "LSTMRegressor.fit needs Keras and TensorFlow, got ModuleNotFoundError: import of keras halted; None in sys.modules. pip install tensorflow. Without it, sklstm.load(path, runtime='onnx') predicts by a file that was saved with onnx=True."
    )


@pytest.mark.slow
def test_predictions_of_keras_need_tensorflow(tmp_path):
    """Without TensorFlow predict says so, where the file was loaded to be predicted by Keras."""
    path = str(tmp_path / "regressor.sklstm")
    X = np.ones((8, 3, 1))
    sklstm.save(sklstm.LSTMRegressor(2, epochs=1, random_state=0).fit(X, X[:, 0, 0]), path)
    code = f"""
import warnings
warnings.simplefilter("ignore")
try: sklstm.load({path!r}).predict(X)
except ImportError as error: print(error)
"""
    assert run_fresh(BLOCKED + code).strip() == snapshot(
        "LSTMRegressor.predict needs Keras and TensorFlow, got ModuleNotFoundError: import of keras halted; None in sys.modules. pip install tensorflow. Without it, sklstm.load(path, runtime='onnx') predicts by a file that was saved with onnx=True."
    )
