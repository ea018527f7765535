"""Compute with the files of make_files.py by their ONNX graphs, and compare with what Keras computed.

python tests/persistence/serve_files.py FOLDER, where TensorFlow is not installed; it prints the largest differences. With
--blocked, it does as if it were not installed.
"""

import json
import sys
import warnings
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    if "--blocked" in sys.argv:
        sys.modules |= dict.fromkeys(("tensorflow", "keras", "tf2onnx", "onnx"))

import numpy as np
import pandas as pd
from fitted_objects import OBJECTS, TRUSTED

import sklstm

# Relative to 1 and more: that of single precision, through the units of y.
TOLERANCE = 1e-5


def largest_difference(one, other):
    """Largest difference of two results, relative to values above 1; infinite where they are not of a kind."""
    if isinstance(one, (list, tuple)):
        return max((largest_difference(*pair) for pair in zip(one, other, strict=True)), default=0.0)
    if isinstance(one, pd.DataFrame):
        return largest_difference([one[name] for name in one], [other[name] for name in other])
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape:
        return np.inf
    if one.dtype.kind not in "fiub" or other.dtype.kind not in "fiub":
        return 0.0 if (one.astype(str) == other.astype(str)).all() else np.inf
    one, other = one.astype(float), other.astype(float)
    if (np.isnan(one) != np.isnan(other)).any():
        return np.inf
    return float(np.nanmax(abs(one - other) / np.maximum(1, abs(other)), initial=0.0))


def serve_files(folder):
    """Largest difference of each object from what Keras computed, or the error that it raises, by its name."""
    expected, found = sklstm.load(Path(folder) / "expected.sklstm", runtime="onnx"), {}
    # In the order in which the files were written.
    for number, (name, outputs) in enumerate(expected.items()):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                fitted = sklstm.load(Path(folder) / f"{number}.sklstm", trusted=TRUSTED, runtime="onnx")
                found[name] = largest_difference(OBJECTS[name][1](fitted), outputs)
            except Exception as error:
                found[name] = f"{type(error).__name__}: {error}"
    return found


def main(folder):
    """Print the differences as JSON, and return how many are too large."""
    found = serve_files(folder)
    loaded = [name for name in ("tensorflow", "keras") if sys.modules.get(name) is not None]
    print(json.dumps({"loaded": loaded, "differences": found}, indent=1))
    return len(loaded) + sum(isinstance(value, str) or value > TOLERANCE for value in found.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
