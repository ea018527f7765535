"""A fitted model as OnlinePredictor asks it: its own steps, for the last rows of series."""

from copy import copy, deepcopy
from functools import cached_property
from itertools import accumulate

import numpy as np
import pandas as pd

from sklstm._series import SeriesTable
from sklstm._windows import Roles, Windows
from sklstm.online._rows import WHO, KnownAhead, RowReader, Rows
from sklstm.online._state import CarryingEstimator, steps_for_time_steps
from sklstm.online._steps import (
    LOOKING_BACK,
    NUMERIC,
    find_n_features,
    find_n_steps,
    flat_steps,
    is_row_wise,
    rows_back,
    split,
    take,
    transform,
    without_keys,
    without_names,
)
from sklstm.preprocessing import Differencer, ForwardFill, LagFramer, SequenceEncoder, SeriesScaler


class Model:
    """A copy of a fitted model, and how much of the past it looks at.

    Parameters
    ----------
    fitted, mode, warm, n_steps, lookback
        As for OnlinePredictor.

    Attributes
    ----------
    reader : RowReader
        Reader of rows.
    known_ahead : KnownAhead or None
        Reader of what is known of the next rows, if the model joins that.
    framer : LagFramer or None
        Step that frames windows.
    final : estimator
        Last step.
    forecaster : SeriesForecaster or None
        The model, if it is one.
    panel : bool
        Whether rows have to tell their series.
    n_rows : int
        Number of rows to keep of each series.
    carries : bool
        Whether observations before these rows count, too.
    """

    def __init__(self, fitted, mode, warm, n_steps, lookback):
        fitted = deepcopy(fitted)
        self.mode, self.warm = mode, warm
        self.forecaster = fitted if hasattr(fitted, "pipeline_") else None
        *steps, (_, self.final) = flat_steps(fitted if self.forecaster is None else fitted.pipeline_)
        is_network = hasattr(self.final, "network_")
        before, self.framer, after = split(steps, is_network=is_network)
        who, first = type(fitted).__name__, steps[0][1] if steps else self.final
        if warm and self.framer is None:
            raise ValueError(
                f"{WHO}(warm=True) goes on from the rows that a LagFramer has kept, and {who} has none. Pass "
                "warm=False, and feed it the last rows first."
            )
        keyed = [fitted, *(step for _, step in before), self.framer]
        self.panel = any(len(getattr(step, "groups_", ())) for step in keyed)
        self.group, self.time = (
            next(filter(None, (getattr(step, name, None) for step in keyed)), None) for name in ("group", "time")
        )
        n_features = None
        if self.framer is None and is_network:
            n_features = find_n_features(deepcopy(self.final), first)
        self.reader = self._make_reader(first, n_features if not before else None)
        looks_back = [rows_back(name, step, lookback) for name, step in before]
        back = sum(looks_back)
        self.carries = any(isinstance(step, ForwardFill) for _, step in before)
        if self.framer is None and not is_network and (back or self.carries):
            raise ValueError(
                f"{WHO} got a model without a LagFramer, whose {type(self.final).__name__} takes rows by themselves, "
                "but with a step that looks at the rows before them. Put LagFramer(n_steps=1, flatten=True) before the "
                "estimator."
            )
        self.known_ahead = None
        if self.framer is not None and self.framer.known_ahead_:
            keeps_places = all(isinstance(step, NUMERIC) for _, step in before)
            self.known_ahead = KnownAhead(self.framer, self.reader, self._n_repeated, keeps_places=keeps_places)
        if mode == "state":
            after = self._carry_state(after)
        elif getattr(self.final, "stateful", False):
            raise ValueError(
                f"{WHO}(mode='window') begins each window anew, but {type(self.final).__name__}(stateful=True) carries "
                "a state from row to row. Pass mode='state', or set_params(stateful=False)."
            )
        elif self.framer is not None or is_network:
            n_steps = find_n_steps(n_steps, self.framer, after, self.final, who)
        if self.framer is None and is_network:
            self.framer = LagFramer(n_steps or 1)
            self.framer.fit(np.zeros((self.framer.n_steps, n_features)))
        framers = [] if self.framer is None else [self.framer]
        self.steps = [*(step for _, step in before), *framers, *(step for _, step in after)]
        back += sum(framer.rows_back for framer in framers)
        self.carries |= any(framer.elapsed is not None for framer in framers)
        if self.forecaster is not None:
            # As long as its own context: the values before a gap say what lies in it.
            longest = SeriesTable(WHO, fitted.context_, self.group, self.time).index.lengths.max()
            back = max(back + fitted.horizon, int(longest))
            fitted.pipeline_.steps[:] = [(str(k), step) for k, step in enumerate([*self.steps, self.final])]
        self.n_rows = back + (back > 0 or self.carries)
        # What the steps before each one look back on, the framer included.
        lags = accumulate(looks_back, initial=0)
        _refuse_carrying_behind_lags([*(step for _, step in before), self.framer], lags)
        for step in self.steps:
            if isinstance(step, (Differencer, LagFramer)) and step._ends is not None:
                step._ends = step._ends.without_guesses()

    def __getstate__(self):
        return {name: value for name, value in vars(self).items() if name not in ("named", "nameless")}

    def _make_reader(self, first, n_features):
        """RowReader of the rows that the first step takes; `n_features` if that takes windows."""
        keys = self.group, self.time
        if self.forecaster is not None:
            names = [name for name in self.forecaster.context_.columns if name not in keys]
            named, n_features = hasattr(self.forecaster, "feature_names_in_"), len(names)
            return RowReader(names if named else None, n_features, *keys, numeric=True)
        numeric = isinstance(first, NUMERIC) or not is_row_wise(first)
        if n_features is not None:
            return RowReader(None, n_features, *keys, numeric=not isinstance(first, SequenceEncoder))
        names = getattr(first, "feature_names_in_", None)
        if names is not None:
            # Other libraries' transformers have been given the keys as features.
            names = [name for name in names if isinstance(first, NUMERIC) or name not in keys]
        return RowReader(names, int(first.n_features_in_ if names is None else len(names)), *keys, numeric=numeric)

    @property
    def _n_repeated(self):
        """Number of forecasts that are made of forecasts."""
        return self.forecaster.horizon - 1 if getattr(self.forecaster, "strategy", None) == "recursive" else 0

    # --- predicting -------------------------------------------------------------------------------

    @cached_property
    def named(self):
        """The steps for tables with names; series come beside them."""
        return [without_keys(step) for step in self.steps]

    @cached_property
    def nameless(self):
        """The steps for arrays; None if one of them goes by names."""
        steps = [without_names(step) for step in self.named]
        return None if any(hasattr(step, "feature_names_in_") for step in (*steps, self.final)) else steps

    def predict(self, joined):
        """Predictions for the new ones of joined rows, in the order of these: an ndarray of shape (n_rows, ...)."""
        if self.forecaster is not None:
            return self._forecast(joined)
        if joined.times is None and self.nameless is not None:
            try:
                return np.asarray(self.final.predict(self._transform(self.nameless, joined.values, joined)))
            except ValueError:
                # Asked again with names, a step says which column it refuses.
                pass
        return np.asarray(self.final.predict(self._transform(self.named, self._table(joined), joined)))

    def _transform(self, steps, X, joined):
        """What the steps make of the new rows."""
        context, groups = "never" if not self.warm else "always" if joined.times is None else "auto", None
        if self.panel or len(joined.labels) > 1:
            groups = self._groups(joined)
        for step in steps:
            if isinstance(step, LOOKING_BACK):
                step.context = context
            if isinstance(step, SeriesScaler) and step.out_of_range == "warn" and len(X) == len(joined.values):
                # Of the rows that are kept it has warned before.
                transform(step, take(X, joined.new), None if groups is None else groups[joined.new])
                step = copy(step).set_params(out_of_range="allow")
            if isinstance(step, LagFramer):
                named = self.mode == "state" and joined.labels != [None]
                X, groups = take(transform(step, X, self._groups(joined) if named else groups), joined.new), None
            elif isinstance(X, pd.DataFrame) and not isinstance(step, NUMERIC):
                X = self._transform_with_keys(step, X, joined)
            else:
                X = transform(step, X, groups)
        return X if self.framer is not None else take(X, joined.new)

    def _transform_with_keys(self, step, X, joined):
        """What a step makes of rows that has perhaps been given the keys as features."""
        keys = {self.group: self._groups(joined), self.time: joined.times}
        keys = {name: keys[name] for name in getattr(step, "feature_names_in_", ()) if name in keys}
        X = step.transform(X.assign(**keys)[step.feature_names_in_] if keys else X)
        return X.drop(columns=keys, errors="ignore") if isinstance(X, pd.DataFrame) else X

    def _groups(self, joined):
        """The series of each row, as steps take it."""
        return pd.Index(joined.labels, tupleize_cols=False).take(joined.codes)

    def _table(self, joined):
        """Rows as a DataFrame, whose index tells the time if that is known, else the rows that messages name."""
        index = joined.times
        if index is None:
            index = np.full(len(joined.values), "before", dtype=object)
            index[joined.new] = joined.order.astype(str)
        table = pd.DataFrame(joined.values, index, self.reader.names)
        return table.infer_objects() if joined.values.dtype == object else table

    # --- forecasters ------------------------------------------------------------------------------

    def _forecast(self, joined):
        """Forecasts of a SeriesForecaster after the new rows: an ndarray of shape (n_rows,) or (n_rows, horizon)."""
        context = self.forecaster.context_
        if len(joined.labels) > 1 and not self.panel:
            raise ValueError(
                f"{WHO} serves a SeriesForecaster of one series, got rows of {len(joined.labels)} in one call. Pass "
                "those of each series by themselves."
            )
        if self.time is not None and joined.times is None:
            raise ValueError(f"{WHO} serves SeriesForecaster(time={self.time!r}). Pass time=, when each row was.")
        for step in self.steps:
            if isinstance(step, LOOKING_BACK):
                step.context = "never"
        table = self._table(joined)
        keys = {self.group: self._groups(joined), self.time: joined.times}
        if context.index.nlevels > 1:
            levels = [keys.get(name, table.index) for name in context.index.names]
            table.index = pd.MultiIndex.from_arrays(levels, names=context.index.names)
        table.columns = [name for name in context.columns if name not in keys]
        columns = {name: keys[name] for name in context.columns if name in keys}
        table = table.assign(**columns)[context.columns] if columns else table
        data = SeriesTable(WHO, table, self.group, self.time)
        forecasts = self.forecaster._engine.forecast_at(data, joined.new, self.forecaster.horizon)
        return forecasts[:, 0] if self.forecaster.horizon == 1 else forecasts

    def context(self, label=None):
        """The last rows that a forecaster knows, as Rows; of one series or of all."""
        data = SeriesTable(WHO, self.forecaster.context_, self.group, self.time)
        rows = data.index.rows(np.arange(len(data)))
        if label is not None:
            # A series with a label is none that was fitted, unless these have labels.
            rows = rows[data.labels()[rows] == label]
        values = data.table[data.columns].to_numpy(dtype=np.float64)[rows]
        labels = pd.Index(data.labels(), tupleize_cols=False)[rows] if self.panel else None
        return Rows(values, labels, data.index.times[rows] if data.tells_time else None)

    # --- state ------------------------------------------------------------------------------------

    def _carry_state(self, after):
        """Let each time step go through the network once; the steps after the framer that change time steps."""
        if self._n_repeated:
            raise ValueError(
                f"{WHO}(mode='state') feeds each time step to the network once, but "
                "SeriesForecaster(strategy='recursive') feeds its own forecasts to it. Pass mode='window', or fit with "
                "strategy='direct'."
            )
        after = steps_for_time_steps(after, self.final, self.framer)
        self.final = CarryingEstimator(self.final)
        if self.framer is not None:
            self._fitted_context = self.framer.context_
            self.framer.set_params(n_steps=1)
        return after

    def see_context(self, label=None):
        """Let the network see the last rows that were fitted, of one series or of all, and carry the state on."""
        rows, groups = self._fitted_context.reshape(-1, self._fitted_context.shape[-1]), None
        if self.panel:
            groups = np.repeat(self.framer.groups_, self._fitted_context.shape[1])
        if label is not None:
            # A series with a label is none that was fitted, unless these have labels.
            chosen = groups == label if self.panel else slice(0)
            rows, groups = rows[chosen], groups[chosen] if self.panel else None
        X = Windows(rows, range(len(rows)), 1, Roles(tuple(self.framer.static_)), groups=groups)
        if len(X):
            for step in self.steps[self.steps.index(self.framer) + 1 :]:
                X = step.transform(X)
            self.final.predict(X)


def _refuse_carrying_behind_lags(steps, lags):
    """Refuse steps that carry what a step makes of several rows: one row is kept of all before the last ones."""
    for step, lag in zip(steps, lags, strict=True):
        carries = isinstance(step, ForwardFill) and step.limit is None
        if lag and (carries or getattr(step, "elapsed", None) is not None):
            option = "ForwardFill() without a limit" if carries else f"LagFramer(elapsed={step.elapsed!r})"
            remedy = "Give it a limit, or put it first" if carries else "Leave elapsed out"
            raise ValueError(
                f"{WHO} keeps the last rows, which do not tell what {option} carries on from a step that looks back on "
                f"rows. {remedy}, or predict on whole tables: fitted.predict."
            )
