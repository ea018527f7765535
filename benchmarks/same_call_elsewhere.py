"""The call at the top of the README, as near as it can be written with other Keras wrappers for scikit-learn.

Their windows are made by a FunctionTransformer, whose look-back is searched as in the README: first one window for each
row, NaN where the series had not begun; then full windows only, fewer than there are rows; then zeros in the place of
NaN. y is scaled by TransformedTargetRegressor. A cell is what came of it: an RMSE in thousands of passengers, or the
error. The series has a trend, beyond which none of these networks forecasts; sklstm's does, since it learns changes
from the last value, and starts at a ridge regression. The row "a plain LSTM" is sklstm without both.

Run it: python benchmarks/same_call_elsewhere.py
"""

import os
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import scikeras
import sklearn
import tensorflow as tf
from _report import print_machine, print_table
from keras.wrappers import SKLearnRegressor
from scikeras.wrappers import KerasRegressor
from sklearn.base import is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

import sklstm
from sklstm import LagFramer, LSTMRegressor, Persistence, SequencePadder, SeriesScaler, To3D
from sklstm.datasets import load_airline

EPOCHS = 100
CV = TimeSeriesSplit(3)


def full_windows(table, n_steps):
    """Windows of shape (n_rows - n_steps + 1, n_steps, n_features)."""
    return np.lib.stride_tricks.sliding_window_view(np.asarray(table, np.float32), n_steps, axis=0).swapaxes(1, 2)


def one_for_each_row(table, n_steps, before=np.nan):
    """Windows of shape (n_rows, n_steps, n_features); `before` stands for what was before the start."""
    start = np.full((n_steps - 1, table.shape[1]), before)
    return full_windows(np.concatenate([start, table]), n_steps)


def build(units=32, compiled=False):
    """The network of the README's call."""
    network = keras.Sequential([keras.Input((None, 1)), keras.layers.LSTM(units), keras.layers.Dense(1)])
    if compiled:
        network.compile("adam", "mse")
    return network


def build_for_keras(X, y):
    """The same, as keras.wrappers asks for it: compiled."""
    return build(compiled=True)


ELSEWHERE = {
    "scikeras": KerasRegressor(build, loss="mse", optimizer="adam", epochs=EPOCHS, verbose=0, random_state=0),
    "keras.wrappers": SKLearnRegressor(build_for_keras, fit_kwargs={"epochs": EPOCHS, "verbose": 0}),
}
FRAMING = {
    "one window for each row": (one_for_each_row, {}),
    "full windows only": (full_windows, {}),
    "zeros before the start": (one_for_each_row, {"before": 0.0}),
}


def search(pipe, grid):
    """What a stock grid search comes to: its best RMSE, or the error that ends it."""
    X, y = load_airline(return_X_y=True)
    searched = GridSearchCV(pipe, grid, cv=CV, scoring="neg_root_mean_squared_error", error_score="raise")
    return outcome(lambda: f"RMSE {-searched.fit(X, y).best_score_:.1f}")


def outcome(call):
    """What a call returns, or what its error says, shortened."""
    try:
        return str(call())
    except Exception as error:
        said, _, _ = str(error).strip().splitlines()[-1].partition(" Its parameters are")
        return f"`{said}`"


def ours(**params):
    """The README's call; `params` are for the network."""
    pipe = Pipeline(
        [
            ("scale", SeriesScaler("minmax")),
            ("frame", LagFramer(n_steps=12)),
            ("pad", SequencePadder()),
            ("to3d", To3D()),
            ("lstm", LSTMRegressor(units=32, target_scaler="standard", random_state=0, **params)),
        ]
    )
    return search(pipe, {"frame__n_steps": [6, 12, 24], "scale__method": ["minmax", "standard"]})


def theirs(estimator, framing):
    """The same call with windows made by hand."""
    frame, params = FRAMING[framing]
    lstm = TransformedTargetRegressor(estimator, transformer=StandardScaler())
    pipe = Pipeline([("scale", MinMaxScaler()), ("frame", FunctionTransformer(frame)), ("lstm", lstm)])
    return search(pipe, {"frame__kw_args": [params | {"n_steps": n_steps} for n_steps in (6, 12, 24)]})


def main():
    """Run every call, and print a table."""
    print_machine(sklstm, sklearn, keras, tf, scikeras)
    warnings.simplefilter("ignore")
    rows = [
        [framing, "" if k else ours(), *(theirs(each, framing) for each in ELSEWHERE.values())]
        for k, framing in enumerate(FRAMING)
    ]
    rows.append(["a plain LSTM", ours(window_scaler=None, linear_skip=False, epochs=EPOCHS), "", ""])
    rows.append(["baseline: `Persistence()`", search(Pipeline([("naive", Persistence())]), {}), "", ""])
    mistyped = [
        lambda: LSTMRegressor(epcohs=9),
        lambda: f"taken: epcohs={KerasRegressor(build, epcohs=9).get_params()['epcohs']}",
        lambda: SKLearnRegressor(build_for_keras, epcohs=9),
    ]
    rows.append(["`epcohs=9`", *map(outcome, mistyped)])
    known = [is_regressor(each) for each in (LSTMRegressor(), *ELSEWHERE.values())]
    rows.append(["a regressor to scikit-learn", *("yes" if each else "no" for each in known)])
    print_table(["the call at the top of the README", "sklstm", *ELSEWHERE], rows)


if __name__ == "__main__":
    main()
