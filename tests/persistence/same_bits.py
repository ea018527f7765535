"""Whether fitted objects compute the same bits in another process, by each way to store them.

python tests/persistence/same_bits.py prints the table, with the largest differences of predictions by ONNX graphs.
"""

import hashlib
import json
import os
import pickle
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cloudpickle
import joblib
import numpy as np
import pandas as pd
from fitted_objects import OBJECTS, TRUSTED

import sklstm


def _pickle(fitted, path):
    path.write_bytes(pickle.dumps(fitted))


def _cloudpickle(fitted, path):
    path.write_bytes(cloudpickle.dumps(fitted))


def _unpickle(path):
    return pickle.loads(path.read_bytes())


def _load(path):
    return sklstm.load(path, trusted=TRUSTED)


# By name: a function that writes a file, and one that reads it.
WAYS = {
    "pickle": (_pickle, _unpickle),
    "joblib": (joblib.dump, joblib.load),
    "cloudpickle": (_cloudpickle, _unpickle),
    "archive": (sklstm.save, _load),
}


def digest(outputs):
    """Text that is the same for the same bits."""
    found = hashlib.sha256()
    for output in outputs:
        found.update(_as_bytes(output))
    return found.hexdigest()


def _as_bytes(output):
    if isinstance(output, (pd.DataFrame, pd.Series)):
        parts = [output.index, output.dtypes if output.ndim > 1 else output.name, getattr(output, "columns", None)]
        numbers = output.to_numpy()
        return repr(
            [list(part) if part is not None else None for part in parts if not isinstance(part, str)]
        ).encode() + _as_bytes(numbers)
    if isinstance(output, list):
        return b"".join(map(_as_bytes, output))
    array = np.asarray(output)
    values = repr(array.tolist()).encode() if array.dtype == object else array.tobytes()
    return f"{array.dtype} {array.shape}".encode() + values


def store(folder, names=tuple(OBJECTS)):
    """Fit objects and store each in all ways; digests of what they compute, or the reason that there is no file."""
    expected, reasons = {}, {}
    for number, name in enumerate(names):
        fit, compute = OBJECTS[name]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = fit()
            for way, (write, _) in WAYS.items():
                try:
                    write(fitted, folder / f"{number}.{way}")
                except Exception as reason:
                    reasons[name, way] = f"{type(reason).__name__}: {reason}"
            expected[name] = digest(compute(fitted))
    return expected, reasons


def restore(folder, names):
    """Load each file, and return the digests of what the objects compute, or why there are none."""
    found = {}
    for number, name in enumerate(names):
        for way, (_, read) in WAYS.items():
            path = folder / f"{number}.{way}"
            if path.exists():
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        found[f"{name}|{way}"] = digest(OBJECTS[name][1](read(path)))
                except Exception as reason:
                    found[f"{name}|{way}"] = f"{type(reason).__name__}: {reason}"
    return found


def compare(names=tuple(OBJECTS)):
    """Return for each object and way "same", or what is not the same."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent)
        expected, reasons = store(folder, names)
        command = [sys.executable, __file__, str(folder), json.dumps(list(names))]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout.splitlines()[-1])
    table = {}
    for name in names:
        for way in WAYS:
            value = reasons.get((name, way)) or found[f"{name}|{way}"]
            table[name, way] = "same" if value == expected[name] else "other bits" if len(value) == 64 else value
    return table


def serve():
    """Return for each object the largest difference of what its ONNX graphs compute, or why there is none."""
    import serve_files
    from make_files import make_files

    with tempfile.TemporaryDirectory() as folder:
        make_files(folder)
        command = [sys.executable, serve_files.__file__, folder, "--blocked"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["differences"]
    return {name: value if isinstance(value, str) else f"{value:.0e}" for name, value in found.items()}


def main():
    """Print a table: a row for each object, a column for each way."""
    table, differences = compare(), serve()
    print("| fitted |", " | ".join([*WAYS, "ONNX"]), "|")
    print("|---|" + "---|" * (len(WAYS) + 1))
    for name in OBJECTS:
        print(f"| {name} |", " | ".join([*(table[name, way] for way in WAYS), differences[name]]), "|")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(restore(Path(sys.argv[1]), json.loads(sys.argv[2]))))
    else:
        main()
