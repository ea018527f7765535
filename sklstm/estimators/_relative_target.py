"""What a regressor forecasts relative to: the target's own past in the windows."""

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sklstm._own_past import find_own_past, target_names
from sklstm._past_values import last_season, last_value
from sklstm.estimators._built_in_networks import BY_STEP
from sklstm.estimators._samples import pieces


class RelativeTarget:
    """Mixin: y is learned relative to its own past, where `window_scaler` or `relative_to` say so, or `linear_skip`."""

    def _prepare(self, samples, y=None, training=None, anew=False):
        if anew:
            self._refuse_own_past_of_each_step()
            self._pasts, self._lines = self._find_pasts(samples, y, training)
            self.linear_steps_ = samples.shape[1] if self.linear_skip else None
            # What was fitted holds until the next fit, whatever is set in between.
            self._relative_to = self.relative_to
            self._scaled_by_series = self.target_groups
        elif self.linear_steps_ not in (None, samples.shape[1]):
            raise ValueError(
                f"LSTMRegressor(linear_skip=True) was fitted on windows of {self.linear_steps_} time steps, got X of "
                f"shape {samples.shape} (n_samples, n_timesteps, n_features). A linear path has a weight for each "
                "time step: pass windows of that length."
            )
        self._refuse_no_series(samples.windows)
        return super()._prepare(samples, y, training, anew)

    def _read_y(self, y, samples, anew, classes):
        if anew:
            # Arrays have no names: those of the outputs are read before y becomes one.
            self._target_names = target_names(y)
        return super()._read_y(y, samples, anew, classes)

    @property
    def serves_new_series_(self):
        """Whether it predicts for series of a panel that were not in fit: not where each has units of its own."""
        check_is_fitted(self)
        return self._lines is None

    def _refuse_no_series(self, windows):
        if self._scaled_by_series and windows.groups is None:
            raise ValueError(
                "LSTMRegressor(target_groups=True) scales y for each series by itself, but X does not tell which one a "
                "sample is of. Put LagFramer(group=...) right before it, or pass target_groups=False."
            )

    def _series(self, samples):
        # Divided by the spread of its own window, y has one scale in all series.
        shared = self.window_scaler_ is not None and self.window_scaler_.method == "standard"
        return samples.windows.groups if self._scaled_by_series and not shared else None

    def _refuse_own_past_of_each_step(self):
        """What "many_to_many" cannot have: its time steps have no common past."""
        options = {"linear_skip": self.linear_skip, "relative_to": self.relative_to}
        given = [f"{name}={value!r}" for name, value in options.items() if value not in (None, False)]
        if given and self.architecture == "many_to_many":
            raise ValueError(
                f"LSTMRegressor(architecture='many_to_many') has an output for each time step of X, and so no one past "
                f"for {given[0]}. Drop it, or use architecture='encoder_decoder'."
            )

    def _find_pasts(self, samples, y, training):
        """The own past of each target, where something asks for it, and what leads to its units in each series."""
        usual = {"window_scaler": None, "relative_to": None, "linear_skip": False}
        asking = [name for name in usual if getattr(self, name) != usual[name]]
        if not asking:
            return [], None
        names = self._target_names
        if self.architecture in BY_STEP:
            # The steps of an output are one series: the step that surely lies ahead of the window shows its past.
            step = -1 if self.architecture == "many_to_many" else 0
            y = y.reshape(len(y), y.shape[1] if y.ndim > 1 else 1, -1)[:, step]
            names = None if names is None else [names[step]]
        who = f"LSTMRegressor({', '.join(f'{name}={getattr(self, name)!r}' for name in asking)})"
        remedy = "pass " + " and ".join(f"{name}={usual[name]}" for name in asking)
        if samples.windows.groups is not None and not self.target_groups:
            remedy = f"pass target_groups=True for series that are scaled each by itself, or {remedy}"
        return find_own_past(
            who,
            samples.windows,
            y.reshape(len(y), -1),
            names,
            self.target_feature,
            learned=self._rows_up_to_the_last(samples.windows, training),
            excluded=self._no_values(samples.windows),
            by_series=self.target_groups,
            remedy=remedy,
        )

    def _rows_up_to_the_last(self, windows, training):
        """Samples to train on, and with a stride those between them: their y is in the same units."""
        if self.stride == 1:
            return training
        if windows.times is None:
            return np.arange(training[-1] + 1)
        return np.flatnonzero(windows.times <= windows.times[training].max())

    def _linear_path(self, samples):
        if not self.linear_skip:
            return None
        return [past.feature for past in self._pasts for _ in range(self._target.n_copies)], samples.shape[1]

    def _relate(self, y, samples):
        if self.window_scaler_ is None and self._relative_to is None:
            return y
        # As the network learns it.
        related = np.empty(y.shape, dtype=np.float32)
        for part in pieces(len(y)):
            level, spread = self._level_and_spread(samples.part(part))
            related[part] = (y[part] - level) / spread
        return related

    def _unrelate(self, y, samples):
        level, spread = self._level_and_spread(samples)
        return y if level is None else y * spread + level

    def _level_and_spread(self, samples):
        """What is taken from the targets of each sample, and what they are divided by; in the units of y."""
        level, spread = None, 1.0
        if self.window_scaler_ is not None:
            level, spread = self.window_scaler_.of_target(samples.shift, samples.spread)
            if self._target.by_step:
                n_outputs = self._target.n_values_per_step
                level, spread = level[:, None, :n_outputs], spread[:, None, :n_outputs]
        if self._relative_to is not None:
            level = self._references(samples.windows)
        if level is not None and self._lines is not None:
            slope, offset = self._own_lines(samples.windows.groups)
            level = slope * level + offset
            if self.window_scaler_ is not None and self.window_scaler_.method == "standard":
                spread = spread * np.abs(slope)
        return level, spread

    def _own_lines(self, groups):
        """Slopes and offsets from the units that X has in the series of each sample to those of y."""
        groups = pd.Index(groups, tupleize_cols=False)
        places = self._lines.labels.get_indexer(groups)
        if (places < 0).any():
            raise ValueError(
                f"LSTMRegressor(target_groups=True) reads off y in which units each series comes that was scaled "
                f"by itself, got series {groups[int(np.argmax(places < 0))]!r}, which was not in fit. Fit on it, too, "
                "or scale all series alike (SeriesScaler without group)."
            )
        lines = np.stack([self._lines.slopes[places], self._lines.offsets[places]])
        return lines[:, :, None, : self._target.n_values_per_step] if self._target.by_step else lines

    def _references(self, windows):
        """The value that each target is relative to, (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)."""
        n_steps, pasts = 1, self._pasts
        if self._target.by_step:
            # The first step's past is that of all.
            n_steps, pasts = self._target.meta["n_output_steps_"], pasts[: self._target.n_values_per_step]
        references = np.empty((len(windows), n_steps, len(pasts)))
        for samples, chunk in windows.chunks():
            for step in range(n_steps):
                for output, past in enumerate(pasts):
                    references[samples, step, output] = self._reference(chunk, past, step, windows.dilation)
        # Where nothing was observed, the difference is from the usual level.
        levels = [past.level for past in pasts]
        references = np.where(np.isnan(references), levels, references)
        return references if self._target.by_step else references[:, 0]

    def _reference(self, windows, past, step, dilation):
        if self._relative_to == "last":
            return last_value(windows, past)
        ahead = past._replace(horizon=past.horizon + step)
        who = f"LSTMRegressor(relative_to={self._relative_to})"
        return last_season(windows, ahead, self._relative_to, dilation=dilation, who=who)
