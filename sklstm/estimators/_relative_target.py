"""What a regressor forecasts relative to: the target's own past in the windows."""

from numbers import Integral

import numpy as np
import pandas as pd

from sklstm._own_past import are_scaled_by_series, find_own_past
from sklstm._past_values import last_season
from sklstm.estimators._window_scaling import WindowScaler, WindowScaling

# What window_scaler="auto" stands for where the target's own past is known.
AUTOMATIC = "last"
# Windows are trained on that are observed to this fraction at least of the usual one.
FULL = 0.9
# Unless that leaves fewer than this fraction of them.
FEWEST_FULL = 0.25


class RelativeTarget(WindowScaling):
    """Windows and y relative to the target's own past, where LSTMRegressor is asked for it.

    Parameters
    ----------
    architecture : Architecture
        Which of its outputs are time steps.
    window_scaler, linear_skip, target_feature, target_groups
        As for LSTMRegressor.
    plan : TrainingPlan
        Its `stride`, and which windows are left out.
    carries_state : bool
        Whether training goes on from window to window, or goes through them in pieces.

    Attributes
    ----------
    pasts : list of OwnPast
        For each output, the feature that holds its past; none where nothing asks for it.
    lines : OwnLines or None
        What leads to the units of y in each series, where these are scaled by themselves.
    linear_steps : int or None
        Time steps of the linear path.
    """

    def __init__(self, architecture, window_scaler, linear_skip, target_feature, target_groups, plan, carries_state):
        self.given_scaler, self.given_skip = window_scaler, linear_skip
        # A season is for y alone.
        self.season = window_scaler if isinstance(window_scaler, Integral) else None
        super().__init__(None if self.season else window_scaler)
        self.architecture = architecture
        self.linear_skip = linear_skip
        self.target_feature = target_feature
        self.given_groups = target_groups
        self.by_series = target_groups is True
        self.plan = plan
        self.carries_state = carries_state
        self.pasts, self.lines, self.linear_steps = [], None, None

    def fit(self, samples, y, y_names, rows, no_numbers):
        """Find the past of each target, and learn the typical level and spread of windows.

        Parameters
        ----------
        samples : Samples
            All samples.
        y : ndarray
            As it was read.
        y_names : list of str or None
            Names of its outputs.
        rows : ndarray of int
            Samples to learn from.
        no_numbers : list of int
            Features that stay as they are and that cannot hold a past: static, known ahead, or codes.
        """
        windows = samples.windows
        given = windows, y, y_names, rows, no_numbers
        if isinstance(self.given_groups, str):
            self.by_series = len(samples.sample_shape) == 2 and self._has_series_of_own_units(*given)
        self._refuse_no_series(windows)
        found = self._find_automatic(samples, given)
        if found is None:
            self._refuse_own_past_of_each_step()
            found = self._find_pasts(*given)
        self.pasts, self.lines = found
        self.linear_steps = samples.shape[1] if self.linear_skip else None
        if self.method is not None:
            self.scaler = WindowScaler(self.method).fit(windows[rows], self.pasts, kept=no_numbers)

    @property
    def relative_features(self):
        """Those that hold the target's past, if y is learned relative to it."""
        return [past.feature for past in self.pasts] if self.changes_y else []

    def full_windows(self, samples, rows):
        """Those of some samples that are observed to `FULL` of the usual number of time steps, if they are enough."""
        if self.plan.min_steps != "auto" or not self.pasts or len(rows) == 0:
            return rows
        n_observed = samples.n_observed()[rows]
        full = rows[n_observed >= FULL * np.median(n_observed)]
        return full if len(full) >= FEWEST_FULL * len(rows) else rows

    def apply(self, samples):
        """Samples that the network takes shifted and divided."""
        if self.linear_steps not in (None, samples.shape[1]):
            raise ValueError(
                f"LSTMRegressor(linear_skip=True) was fitted on windows of {self.linear_steps} time steps, got X of "
                f"shape {samples.shape} (n_samples, n_timesteps, n_features). A linear path has a weight for each "
                "time step: pass windows of that length."
            )
        self._refuse_no_series(samples.windows)
        return super().apply(samples)

    def linear_path(self, n_copies):
        """Features that go to the outputs by a linear path, each so many times; None for no path."""
        return [past.feature for past in self.pasts for _ in range(n_copies)] if self.linear_skip else None

    # --- the units of y ---------------------------------------------------------------------------

    @property
    def changes_y(self):
        """Whether y is learned relative to anything."""
        return self.scaler is not None or self.season is not None

    def series(self, samples):
        """The series of each sample, where each has a scale of y of its own; else None."""
        # Relative to its own past, y is in the units of X, which has one scale for all series.
        return samples.windows.groups if self.by_series and not self.changes_y else None

    def level_and_spread(self, samples, shape):
        """What is taken from the targets of each sample, and what they are divided by; in the units of y.

        Parameters
        ----------
        samples : Samples
            As `apply` returns them.
        shape : tuple of int
            Of the arranged y of a sample: (n_outputs,) or (n_steps, n_outputs).

        Returns
        -------
        level, spread : ndarray
            Of the shape (n_samples, n_outputs) or (n_samples, n_steps or 1, n_outputs); the spread may be 1.
        """
        *steps, n_outputs = shape
        level, spread = 0.0, 1.0
        if self.scaler is not None:
            level, spread = self.scaler.of_target(samples.shift, samples.spread)
            if steps:
                level, spread = level[:, None, :n_outputs], spread[:, None, :n_outputs]
        if self.season is not None:
            level = self._references(samples.windows, steps, n_outputs)
        if self.lines is not None:
            slope, offset = self._own_lines(samples.windows.groups)
            if steps:
                slope, offset = slope[:, None, :n_outputs], offset[:, None, :n_outputs]
            level, spread = slope * level + offset, spread * np.abs(slope)
        return level, spread

    def _own_lines(self, groups):
        """Slopes and offsets from the units that X has in the series of each sample to those of y."""
        groups = pd.Index(groups, tupleize_cols=False)
        places = self.lines.labels.get_indexer(groups)
        if (places < 0).any():
            raise ValueError(
                f"LSTMRegressor(target_groups=True) reads off y in which units each series comes that was scaled "
                f"by itself, got series {groups[int(np.argmax(places < 0))]!r}, which was not in fit. Fit on it, too, "
                "or scale all series alike (SeriesScaler without group)."
            )
        return self.lines.slopes[places], self.lines.offsets[places]

    def _references(self, windows, steps, n_outputs):
        """The value that each target is relative to, of the shape of an arranged y."""
        # The first step's past is that of all.
        n_steps, pasts = (steps[0], self.pasts[:n_outputs]) if steps else (1, self.pasts)
        references = np.empty((len(windows), n_steps, len(pasts)))
        for samples, chunk in windows.chunks():
            for step in range(n_steps):
                for output, past in enumerate(pasts):
                    references[samples, step, output] = self._reference(chunk, past, step, windows.dilation)
        # Where nothing was observed, the difference is from the usual level.
        levels = [past.level for past in pasts]
        references = np.where(np.isnan(references), levels, references)
        return references if steps else references[:, 0]

    def _reference(self, windows, past, step, dilation):
        ahead = past._replace(horizon=past.horizon + step)
        who = f"LSTMRegressor(window_scaler={self.season})"
        return last_season(windows, ahead, self.season, dilation=dilation, who=who)

    # --- the past of y ----------------------------------------------------------------------------

    def _find_automatic(self, samples, given):
        """Replace "auto": the last value and a linear path where the target's own past is found, else nothing.

        Returns what `_find_pasts` finds for `given`; None if nothing is automatic, or no past can serve it.
        """
        automatic = [isinstance(value, str) and value == "auto" for value in (self.given_scaler, self.given_skip)]
        if not any(automatic):
            return None
        scales, skips = automatic
        if scales:
            self.method = AUTOMATIC
        if skips:
            # With a season windows keep their levels, beyond which a linear path would extrapolate.
            self.linear_skip = not self.architecture.is_custom and self.season is None
        found = self._search_pasts(given) if self._may_have_past(samples) else None
        if found is None:
            self.method = None if scales else self.method
            self.linear_skip = False if skips else self.linear_skip
        return found

    def _may_have_past(self, samples):
        """Whether what is automatic can be had at all."""
        windows = len(samples.sample_shape) == 2 and samples.shape[1] > 1
        return windows and self.architecture.network != "many_to_many" and not self.carries_state

    def _search_pasts(self, given):
        """What `_find_pasts` finds; None where it finds nothing, or what nobody has asked for."""
        try:
            pasts, lines = self._find_pasts(*given)
        except ValueError:
            return None
        # Where each series has units of its own, only those of fit can be predicted: the user has to ask for that.
        is_wanted = lines is None or self.given_scaler not in ("auto", None) or self.given_skip is True
        return (pasts, lines) if is_wanted else None

    def _refuse_no_series(self, windows):
        if self.by_series and windows.groups is None:
            raise ValueError(
                "LSTMRegressor scales y for each series by itself (target_groups), but X does not tell which one a "
                "sample is of. Put LagFramer(group=...) right before it, or pass target_groups=False."
            )

    def _refuse_own_past_of_each_step(self):
        """What "many_to_many" cannot have: its time steps have no common past."""
        options = {"linear_skip": self.linear_skip, "window_scaler": self.season}
        given = [f"{name}={value!r}" for name, value in options.items() if value not in (None, False)]
        if given and self.architecture.network == "many_to_many":
            raise ValueError(
                f"LSTMRegressor(architecture='many_to_many') has an output for each time step of X, and so no one past "
                f"for {given[0]}. Drop it, or use architecture='encoder_decoder'."
            )

    def _find_pasts(self, windows, y, names, rows, no_numbers):
        """The own past of each target, where something asks for it, and what leads to its units in each series."""
        given = {"window_scaler": self.season or self.method, "linear_skip": self.linear_skip}
        usual = {"window_scaler": None, "linear_skip": False}
        asking = [name for name in usual if given[name] != usual[name]]
        if not asking:
            return [], None
        y, names = self._one_step(y, names)
        who = f"LSTMRegressor({', '.join(f'{name}={given[name]!r}' for name in asking)})"
        remedy = "pass " + " and ".join(f"{name}={usual[name]}" for name in asking)
        if windows.groups is not None and not self.by_series:
            remedy = f"pass target_groups=True for series that are scaled each by itself, or {remedy}"
        return find_own_past(
            who,
            windows,
            y,
            names,
            self.target_feature,
            learned=self._rows_up_to_the_last(windows, rows),
            excluded=no_numbers,
            by_series=self.by_series,
            remedy=remedy,
        )

    def _has_series_of_own_units(self, windows, y, names, rows, no_numbers):
        """Whether a scaler took the level of each series out of the target's own past."""
        learned = self._rows_up_to_the_last(windows, rows)
        y, names = self._one_step(y, names)
        return are_scaled_by_series(windows, y, names, self.target_feature, learned=learned, excluded=no_numbers)

    def _one_step(self, y, names):
        """Outputs whose past is searched for, of shape (n_samples, n_outputs), and their names."""
        if self.architecture.answers_steps:
            # The steps of an output are one series: the step that surely lies ahead of the window shows its past.
            step = -1 if self.architecture.network == "many_to_many" else 0
            y = y.reshape(len(y), y.shape[1] if y.ndim > 1 else 1, -1)[:, step]
            names = None if names is None else [names[step]]
        return y.reshape(len(y), -1), names

    def _rows_up_to_the_last(self, windows, training):
        """Samples to train on, and with a stride those between them: their y is in the same units."""
        if self.plan.stride == 1:
            return training
        if windows.times is None:
            return np.arange(training[-1] + 1)
        return np.flatnonzero(windows.times <= windows.times[training].max())
