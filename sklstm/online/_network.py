"""What follows the windows: the network, or any other estimator, for one window or one time step."""

import numpy as np
import pandas as pd

from sklstm._windows import Windows
from sklstm.estimators._sample_by_sample import SampleBySample, why_no_state
from sklstm.online._rows import WHO
from sklstm.preprocessing import SequencePadder, SeriesScaler, To3D
from sklstm.preprocessing._row_by_row import ScaledRow, with_names


class NetworkServer:
    """An estimator of sklstm's, asked for one window or one time step that needs no more checks.

    Parameters
    ----------
    estimator : KerasEstimator
        Fitted.
    roles : Roles
        What the features of its windows mean.
    panel : bool
        Whether samples tell their series.
    steps : list of ScaledRow
        What a time step goes through first, in the mode "state".
    dilation : int, default=1
        Rows from one time step of a window to the next.
    """

    def __init__(self, estimator, roles, panel, *, steps=(), dilation=1):
        self.estimator = SampleBySample(WHO, estimator)
        self.roles, self.panel, self.steps, self.dilation = roles, panel, steps, dilation

    def predict(self, rows, label):
        """The prediction for a window over rows of shape (n_rows, n_features)."""
        return self.estimator.predict(self._windows(rows[:: self.dilation], label))

    def step(self, row, label, carried):
        """The prediction after one more time step, (n_features,), and what is carried to the next."""
        for step in self.steps:
            row, _ = step.apply(row, None, label, None, 1)
        return self.estimator.step(self._windows(row[None], label), carried)

    def _windows(self, rows, label):
        return one_window(rows, self.roles, label if self.panel else None)


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
    dilation : int, default=1
        Rows from one time step of a window to the next.
    """

    def __init__(self, steps, estimator, roles, panel, *, names, flat, dilation=1):
        self.steps, self.estimator, self.roles, self.panel = steps, estimator, roles, panel
        self.names, self.flat, self.dilation = names, flat, dilation

    def predict(self, rows, label):
        """The prediction for a window over rows of shape (n_rows, n_features)."""
        window = rows[:: self.dilation]
        X = one_window(window, self.roles, label if self.panel else None).as_view()
        if self.flat:
            first = self.steps[0] if self.steps else self.estimator
            X = with_names(np.array(window).reshape(1, -1), self.names if hasattr(first, "feature_names_in_") else None)
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
    if framer is not None and framer.flatten:
        refuse_state("LagFramer(flatten=True) makes a table of lags of them")
    if framer is not None and framer.dilation > 1 and framer.n_steps > 1:
        refuse_state(f"LagFramer(dilation={framer.dilation}) trains it on rows that lie apart")
    why = why_no_state(estimator)
    if why is not None:
        refuse_state(why)
