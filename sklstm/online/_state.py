"""State that is carried from row to row: networks that can do that, and what they have to forget."""

import numpy as np
import pandas as pd

from sklstm._validation import sequence_features
from sklstm._windows import Windows
from sklstm.estimators import Architecture, LSTMClassifier, LSTMRegressor
from sklstm.online._buffer import Buffer
from sklstm.online._rows import WHO, Rows
from sklstm.preprocessing import SequencePadder, SeriesScaler, To3D

WHOLE_NETWORKS = {
    "bidirectional": "reads windows from their end, too",
    "cnn_lstm": "reads pieces of windows",
    "lstm_fcn": "reads pieces of windows",
}
# Parameters, the fitted attribute that tells what "auto" stands for, and why a state cannot have them.
WHOLE_WINDOWS = {
    "window_scaler": ("window_scaler_", "looks at each window as a whole"),
    "linear_skip": ("linear_steps_", "has a weight for each time step of a window"),
}


def steps_for_time_steps(steps, estimator, framer):
    """Those of the steps after the windows that change a time step; raises if it takes whole windows to predict."""
    who, params = type(estimator).__name__, estimator.get_params()
    if framer is not None and framer.flatten:
        _refuse("LagFramer(flatten=True) makes a table of lags of them")
    if framer is not None and framer.dilation > 1 and framer.n_steps > 1:
        _refuse(f"LagFramer(dilation={framer.dilation}) trains it on rows that lie apart")
    if framer is not None and framer.known_ahead_:
        _refuse(f"what LagFramer(future={framer.future!r}) joins changes where nothing was observed, too")
    if not isinstance(estimator, (LSTMRegressor, LSTMClassifier)):
        _refuse(f"{who} is no LSTMRegressor or LSTMClassifier")
    if params["n_members"] > 1:
        _refuse(f"{who}(n_members={params['n_members']}) has several networks, each of which would carry its own state")
    architecture = Architecture.of(params["architecture"])
    if architecture.is_custom:
        _refuse(f"{who} has a network of your own, of which it cannot tell what a state is")
    if architecture.network in WHOLE_NETWORKS:
        _refuse(f"{who}(architecture={architecture.network!r}) {WHOLE_NETWORKS[architecture.network]}")
    if getattr(architecture, "patch_length", None) is not None:
        _refuse(f"{who} reads patches of {architecture.patch_length} time steps")
    for name, (attribute, does) in WHOLE_WINDOWS.items():
        given = params.get(name)
        if given == "auto" and getattr(estimator, attribute) is not None:
            _refuse(f"{who}({name}='auto') {does}", "Fit with window_scaler=None and linear_skip=False, or pass")
        if given not in (None, False, "auto"):
            _refuse(f"{who}({name}={given!r}) {does}")
    for name, step in steps:
        keeps = isinstance(step, To3D) or (isinstance(step, SequencePadder) and np.isnan(step.value))
        if not keeps and not isinstance(step, SeriesScaler):
            _refuse(f"the step {name!r} ({type(step).__name__}) changes windows as a whole")
    return [(name, step) for name, step in steps if isinstance(step, SeriesScaler)]


def _refuse(why, remedy="Pass"):
    raise ValueError(
        f"{WHO}(mode='state') feeds each time step to the network once, but {why}. {remedy} mode='window'."
    )


class CarryingEstimator:
    """An estimator with stateful=True, which predicts time steps of several series.

    Its prediction for a time step that was not observed is the last one of the series.

    Parameters
    ----------
    estimator : LSTMRegressor or LSTMClassifier
        Fitted.
    """

    def __init__(self, estimator):
        self.estimator = estimator.set_params(stateful=True)
        self.reset()

    def reset(self):
        """Let all series begin anew."""
        # The state of a series without a name, and those of series with names.
        self._states, self._last = [None, None], [None, None]

    def forget(self, label=None):
        """Let one series begin anew."""
        named = label is not None
        states, labels = self._states[named] or (None, None)
        others = labels != label if named and states is not None else np.zeros(1, dtype=bool)
        if not others.any():
            self._states[named] = self._last[named] = None
            return
        self._states[named] = type(self._states[named])([state[others] for state in states], labels[others])
        self._last[named].forget(label)

    def predict(self, X):
        """Predictions for windows of shape (n_samples, 1, n_features) of several series, or of one without a name."""
        groups = getattr(X, "groups", None)
        named = groups is not None
        self.estimator._states = self._states[named]
        predicted = np.asarray(self.estimator.predict(X))
        self._states[named] = self.estimator._states
        if Architecture.of(self.estimator.architecture).network == "many_to_many" and predicted.ndim > 1:
            # NaN where nothing was observed.
            return predicted[:, -1]
        rows = predicted.reshape(len(predicted), -1)
        rows = rows.astype(object) if rows.dtype.kind in "US" else rows
        self._last[named] = self._last[named] or Buffer(1, rows.shape[1], carries=False)
        joined = self._last[named].join(Rows(rows, pd.Index(groups, tupleize_cols=False) if named else None, None))
        told = np.diff(joined.codes, prepend=-1) > 0
        features = sequence_features(X) if isinstance(X, Windows) else slice(None)
        told[joined.new] |= ~np.isnan(np.asarray(X)[joined.order, 0][:, features]).all(axis=1)
        joined = joined._replace(values=joined.values[np.maximum.accumulate(np.where(told, np.arange(len(told)), 0))])
        self._last[named].keep(joined)
        predicted = predicted.copy()
        predicted.reshape(rows.shape)[joined.order] = joined.values[joined.new]
        return predicted
