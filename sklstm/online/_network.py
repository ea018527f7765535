"""What follows the windows: the network, or any other estimator, for one window or one time step."""

import copy

import numpy as np
import pandas as pd

from sklstm._windows import Windows
from sklstm.online._rows import WHO, ScaledRow, as_table
from sklstm.online._step import one_step
from sklstm.preprocessing import SequencePadder, SeriesScaler, To3D


class NetworkServer:
    """An estimator of sklstm's, asked for one sample that needs no more checks.

    Parameters
    ----------
    estimator : KerasEstimator
        Fitted; it is copied, and shares no state with the copy.
    roles : Roles
        What the features of its windows mean.
    panel : bool
        Whether samples tell their series.
    steps : list of ScaledRow
        What a time step goes through first, in the mode "state".
    """

    def __init__(self, estimator, roles, panel, steps=()):
        self.estimator = copy.copy(estimator)
        self.estimator.network_ = copy.copy(estimator.network_)
        self.roles, self.panel, self.steps = roles, panel, steps
        self._begin()

    def _begin(self):
        # What the estimator's own predict makes of outputs stays its own.
        self._twin = copy.copy(self.estimator)
        self._twin._outputs = self._give
        self._given = None

    def __getstate__(self):
        return {name: value for name, value in vars(self).items() if name not in ("_twin", "_given")}

    def __setstate__(self, state):
        vars(self).update(state)
        self._begin()

    def predict(self, window, label):
        """The prediction for a window, (n_steps, n_features)."""
        from sklstm.training import predict_outputs

        estimator = self.estimator
        samples = self._samples(window, label)
        outputs = predict_outputs(
            estimator.network_, samples.gather, 1, lengths=estimator._lengths(samples), **estimator._predict_params()
        )
        return self._decoded(outputs, samples)

    def step(self, row, label, carried):
        """The prediction after one more time step, (n_features,), and where that leaves the state."""
        for step in self.steps:
            row, _ = step.apply(row, None, label, None, 1)
        samples = self._samples(row[None], label)
        states, outputs = carried or (None, None)
        # What was not observed changes no state, and the last outputs stand.
        if outputs is None or not np.isnan(row).any():
            outputs, states = one_step(self.estimator.network_, samples.gather(slice(1)), states)
        prediction = self._decoded(outputs, samples)
        if self._by_input_step():
            prediction = prediction[-1]
        return prediction, (states, outputs)

    def _by_input_step(self):
        shape = self.estimator._target.shape
        return self.estimator._built_from["architecture"] == "many_to_many" and len(shape) > 0

    def _samples(self, rows, label):
        from sklstm.estimators._samples import Samples
        from sklstm.training import refuse_fork

        refuse_fork(f"{WHO}.update")
        windows = one_window(rows, self.roles, label if self.panel else None)
        if getattr(self.estimator, "_codes", None):
            self.estimator._read_codes(windows, reset=False)
        return self.estimator._prepare(Samples(windows))

    def _decoded(self, outputs, samples):
        self._given = outputs, samples
        return self._twin.predict(None)[0]

    def _give(self, X, groups=None):
        return self._given


def one_window(rows, roles, label=None):
    """Rows of shape (n_steps, n_features) as Windows of one sample, of a series where it has a label."""
    if label is None:
        return Windows(rows, range(1), len(rows), roles)
    times = np.zeros(1, dtype=np.int64)
    return Windows(rows, range(1), len(rows), roles, times, pd.Index([label]).to_numpy())


class StepsServer:
    """Any steps and any estimator: each is asked in turn.

    Parameters
    ----------
    steps : list of transformer
        What comes after the windows.
    estimator : estimator
        The last one.
    roles, panel
        As for NetworkServer.
    names : list of str or None
        Names of the columns, where windows come as a table of lags.
    flat : bool
        Whether they do.
    """

    def __init__(self, steps, estimator, roles, panel, *, names, flat):
        self.steps, self.estimator, self.roles, self.panel = steps, estimator, roles, panel
        self.names, self.flat = names, flat

    def predict(self, window, label):
        """The prediction for a window, (n_steps, n_features)."""
        X = one_window(window, self.roles, label if self.panel else None).as_view()
        if self.flat:
            first = self.steps[0] if self.steps else self.estimator
            X = as_table(np.array(window).reshape(1, -1), self.names if hasattr(first, "feature_names_in_") else None)
        for step in self.steps:
            X = step.transform(X)
        return self.estimator.predict(X)[0]


def keeps_windows(step, n_steps):
    """Whether a step returns windows of so many time steps as they are."""
    if isinstance(step, SequencePadder):
        return step.max_len_ == n_steps and np.isnan(step.value)
    return isinstance(step, To3D) and step.shape_[0] == n_steps


def steps_for_time_steps(steps):
    """Those of the steps after the windows that change a time step, as they take one row."""
    changing = []
    for name, step in steps:
        if isinstance(step, To3D) or (isinstance(step, SequencePadder) and np.isnan(step.value)):
            continue
        if not isinstance(step, SeriesScaler):
            refuse_state(f"the step {name!r} ({type(step).__name__}) changes windows as a whole")
        changing.append(ScaledRow(step))
    return changing


def refuse_state(why):
    """Refuse to carry a state."""
    raise ValueError(f"{WHO}(mode='state') feeds each time step to the network once, but {why}. Pass mode='window'.")


def check_carries(estimator, framer):
    """Refuse the mode "state" where the network would see something else than it learned from."""
    from sklstm.estimators import LSTMClassifier, LSTMRegressor

    if not isinstance(estimator, (LSTMClassifier, LSTMRegressor)):
        refuse_state(f"{type(estimator).__name__} is no LSTMRegressor or LSTMClassifier")
    if framer is not None and framer.flatten:
        refuse_state("LagFramer(flatten=True) makes a table of lags of them")
    built, who = estimator._built_from, type(estimator).__name__
    architecture = built["architecture"]
    if callable(architecture):
        refuse_state(f"{who} has a network of your own, of which it cannot tell what a state is")
    if architecture in ("bidirectional", "cnn_lstm"):
        reads = "reads windows from their end, too" if architecture == "bidirectional" else "reads pieces of windows"
        refuse_state(f"{who}(architecture={architecture!r}) {reads}")
    usual = {"window_scaler": "scales each window by its own level", "relative_to": "looks for a value in the window"}
    usual["linear_skip"] = "has a weight for each time step of a window"
    for name, does in usual.items():
        if built.get(name) not in (None, False):
            refuse_state(f"{who}({name}={built[name]!r}) {does}")
