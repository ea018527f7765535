"""Commands of sklstm, run in the process of the tests."""

import contextlib
import io
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from sklstm import LagFramer, SeriesForecaster
from sklstm.cli import main


class Terminal(io.StringIO):
    """A stream that somebody watches."""

    def isatty(self):
        return True


def run(*arguments, stream=io.StringIO):
    """Run a command; return its exit status, its output and what it wrote to stderr, a stream of this kind."""
    out, err = io.StringIO(), stream()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([str(argument) for argument in arguments])
    return status, out.getvalue(), err.getvalue()


def printed(*arguments):
    """Return the output of a command that succeeds and writes nothing to stderr."""
    status, out, err = run(*arguments)
    assert (status, err) == (0, ""), err
    return out


def complaint(*arguments, **paths):
    """Return the message of a command that fails and prints nothing; each path reads as its name in capitals."""
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    for name, path in paths.items():
        err = err.replace(str(path), name.upper())
    return err


class Repeater(BaseEstimator):
    """Forecast that each value stays, and 0 where nothing was observed."""

    def fit(self, X, y):
        """Learn nothing."""
        return self

    def predict(self, X):
        """The last value of each window."""
        return np.nan_to_num(np.asarray(X)[:, -1, 0])


def write_repeater(folder, column="sold"):
    """Write a model that forecasts that each value of a column stays, and return its path."""
    path = Path(folder) / "repeater.pkl"
    forecaster = SeriesForecaster(make_pipeline(LagFramer(1), Repeater()))
    path.write_bytes(pickle.dumps(forecaster.fit(pd.DataFrame({column: [1.0, 2.0, 3.0]}))))
    return path


def read(file, *options, column="sold"):
    """Read a column of a file by `sklstm predict`; return a Series by times as text, and the notes.

    The model forecasts that each value stays, so that what is printed is what was read.
    """
    status, out, err = run("predict", "--trust-pickle", write_repeater(Path(file).parent, column), file, *options)
    assert status == 0, err
    return pd.read_csv(io.StringIO(out), index_col=0).squeeze(axis=1), err.splitlines()
