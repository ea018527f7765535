"""A fitted model as OnlinePredictor asks it: its own steps, for the last rows of series."""

from copy import deepcopy
from datetime import timedelta
from functools import cached_property

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from sklstm._series import SeriesTable
from sklstm._windows import Windows
from sklstm.online._rows import WHO, RowReader, Rows
from sklstm.online._state import CarryingEstimator, steps_for_time_steps
from sklstm.preprocessing import (
    Differencer,
    ForwardFill,
    LagFramer,
    SequenceEncoder,
    SequencePadder,
    SeriesScaler,
    To3D,
)

# Steps that look back, which take groups beside arrays, and context=.
LOOKING_BACK = (ForwardFill, Differencer, LagFramer)
# Steps that take numbers, and leave each feature in its place.
NUMERIC = (SeriesScaler, *LOOKING_BACK, MinMaxScaler, StandardScaler, RobustScaler, MaxAbsScaler)


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
    framer : LagFramer or None
        Step that frames windows.
    panel : bool
        Whether rows have to tell their series.
    n_rows : int
        Number of rows to keep of each series.
    carries : bool
        Whether observations before these rows count, too.
    keeps_places : bool
        Whether the steps before the framer leave each feature in its place.
    """

    def __init__(self, fitted, mode, warm, n_steps, lookback):
        fitted = deepcopy(fitted)
        self.mode, self.warm = mode, warm
        self.forecaster = fitted if hasattr(fitted, "pipeline_") else None
        *steps, (_, self.final) = _flat_steps(fitted if self.forecaster is None else fitted.pipeline_)
        is_network = hasattr(self.final, "network_")
        before, self.framer, after = _split(steps, is_network)
        if warm and self.framer is None:
            raise ValueError(
                f"{WHO}(warm=True) goes on from the rows that a LagFramer has kept, and {type(fitted).__name__} has "
                "none. Pass warm=False, and feed it the last rows first."
            )
        keyed = [fitted, *(step for _, step in before), self.framer]
        keys = [_first(getattr(step, name, None) for step in keyed) for name in ("group", "time")]
        self.panel = any(len(getattr(step, "groups_", ())) for step in keyed)
        self.keys = dict(zip(("group", "time"), keys, strict=True))
        windowless = self.framer is None and not is_network
        first = [step for _, step in (*before, ("", self.framer), *after, ("", self.final)) if step is not None][0]
        self.reader = self._make_reader(first, keys, bare=self.framer is None and is_network and not before)
        back = sum(_rows_back(name, step, lookback) for name, step in before)
        self.carries = any(isinstance(step, ForwardFill) for _, step in before)
        if windowless and (back or self.carries):
            raise ValueError(
                f"{WHO} got a model without a LagFramer, whose {type(self.final).__name__} takes rows by themselves, "
                "but with a step that looks at the rows before them. Put LagFramer(n_steps=1, flatten=True) before the "
                "estimator."
            )
        if mode == "state":
            after = steps_for_time_steps(after, self.final, self.framer)
            self.fitted_context = None if self.framer is None else self.framer.context_
            self.framer = LagFramer(1) if self.framer is None else self.framer.set_params(n_steps=1)
            self.final = CarryingEstimator(self.final)
        elif getattr(self.final, "stateful", False):
            raise ValueError(
                f"{WHO}(mode='window') begins each window anew, but {type(self.final).__name__}(stateful=True) carries "
                "a state from row to row. Pass mode='state', or set_params(stateful=False)."
            )
        elif not windowless:
            self.framer = self.framer or LagFramer(1)
            self.framer.n_steps = self._find_n_steps(n_steps, after, type(fitted).__name__)
        if self.framer is not None and not hasattr(self.framer, "n_features_in_"):
            self.framer.fit(np.zeros((self.framer.n_steps, self._n_features(first))))
        self.keeps_places = all(isinstance(step, NUMERIC) for _, step in before)
        self.steps = [step for _, step in before] + [self.framer] * (not windowless) + [step for _, step in after]
        back += 0 if self.framer is None else self.framer.rows_back
        self.carries |= getattr(self.framer, "elapsed", None) is not None
        if self.forecaster is not None:
            # Its own context is as long: the values before a gap say what lies in it.
            longest = SeriesTable(WHO, fitted.context_, *keys).index.lengths.max()
            back = max(back + self.forecaster.horizon, int(longest))
            self.forecaster.pipeline_.steps[:] = [(str(k), step) for k, step in enumerate([*self.steps, self.final])]
        self.n_rows = back + (back > 0 or self.carries)

    # --- reading ----------------------------------------------------------------------------------

    def _make_reader(self, first, keys, *, bare):
        """RowReader of the rows that the first step takes."""
        if self.forecaster is not None:
            features = [name for name in self.forecaster.context_.columns if name not in keys]
            named = hasattr(self.forecaster, "feature_names_in_")
            return RowReader(features if named else None, len(features), *keys, numeric=True)
        if bare:
            return RowReader(None, self._n_features(first), *keys, numeric=not isinstance(first, SequenceEncoder))
        names = getattr(first, "feature_names_in_", None)
        if names is not None:
            # Other libraries' transformers have been given the keys as features.
            names = [name for name in names if isinstance(first, NUMERIC) or name not in keys]
        numeric = isinstance(first, NUMERIC) or not is_row_wise(first)
        return RowReader(names, int(first.n_features_in_ if names is None else len(names)), *keys, numeric=numeric)

    def _n_features(self, first):
        """Number of features of the time steps of a network."""
        final = getattr(self.final, "estimator", self.final)
        shape = deepcopy(final).model_.input_shape
        if len(shape) != 3:
            raise ValueError(
                f"{WHO} feeds {type(final).__name__} windows of rows, but it was fitted on samples of another "
                "shape. Fit it on X of shape (n_samples, n_timesteps, n_features)."
            )
        if shape[-1] != final.n_features_in_ and not isinstance(first, To3D):
            raise ValueError(
                f"{WHO} takes rows for time steps, but {type(final).__name__} was fitted on a table of "
                f"{final.n_features_in_} columns. Fit it on X of shape (n_samples, n_timesteps, n_features), or "
                "behind a LagFramer."
            )
        return shape[-1]

    def _find_n_steps(self, given, after, who):
        """Number of time steps of a window."""
        known = self.framer.n_steps if hasattr(self.framer, "n_features_in_") else None
        known = known or _first(getattr(step, "max_len_", None) for _, step in after)
        known = known or _first(getattr(step, "shape_", (None,))[0] for _, step in after)
        known = known or getattr(self.final, "linear_steps_", None)
        if known is None and given is None:
            raise ValueError(
                f"{WHO} cannot tell from {who} how many time steps its windows have. Pass n_steps=, or a Pipeline with "
                "a LagFramer."
            )
        if None not in (known, given) and known != given:
            raise ValueError(
                f"{WHO}(n_steps={given}) got a model whose windows have {known} time steps. Leave n_steps out."
            )
        return known or given

    # --- predicting -------------------------------------------------------------------------------

    @cached_property
    def named(self):
        """The steps for tables with names; series come beside them."""
        return [_without_keys(deepcopy(step)) for step in self.steps]

    @cached_property
    def nameless(self):
        """The steps for arrays; None if one of them goes by names."""
        steps = [_without_names(deepcopy(step)) for step in self.named]
        return None if any(hasattr(step, "feature_names_in_") for step in (*steps, self.final)) else steps

    def predict(self, joined):
        """Predictions for the new ones of joined rows, in the order of these: an ndarray of shape (n_rows, ...)."""
        if self.forecaster is not None:
            return self._forecast(joined)
        groups = self._groups(joined)
        if joined.times is None and self.nameless is not None:
            try:
                return np.asarray(self.final.predict(self._transform(self.nameless, joined.values, joined, groups)))
            except ValueError:
                # Asked again with names, a step says which column it refuses.
                pass
        return np.asarray(self.final.predict(self._transform(self.named, self._table(joined), joined, groups)))

    def _groups(self, joined):
        """The series of each row, as the steps take it; None for a single series."""
        if self.panel:
            return pd.Index(joined.labels, tupleize_cols=False).take(joined.codes)
        return joined.codes if len(joined.labels) > 1 else None

    def _table(self, joined):
        """Rows as a DataFrame, whose index tells the time if that is known, else the rows that messages name."""
        index = joined.times
        if index is None:
            index = np.full(len(joined.values), "before", dtype=object)
            index[joined.new] = joined.order.astype(str)
        return pd.DataFrame(joined.values, index, self.reader.names).infer_objects()

    def _transform(self, steps, X, joined, groups):
        """What the steps make of the new rows."""
        context = "never" if not self.warm else "always" if joined.times is None else "auto"
        for step in steps:
            if isinstance(step, LOOKING_BACK):
                step.context = context
            if isinstance(step, LagFramer) and self.mode == "state" and not self.panel and joined.labels != [None]:
                groups = pd.Index(joined.labels, tupleize_cols=False)[joined.codes]
            if groups is not None and (isinstance(step, LOOKING_BACK) or len(getattr(step, "groups_", ()))):
                X = step.transform(X, groups=groups)
            else:
                X = self._transform_with_keys(step, X, joined)
            if isinstance(step, LagFramer):
                X, groups = _take(X, joined.new), None
        return X if self.framer is not None else _take(X, joined.new)

    def _transform_with_keys(self, step, X, joined):
        """The same of a step that has seen the keys as columns."""
        names = getattr(step, "feature_names_in_", ())
        keys = [name for name in self.keys.values() if name is not None and name in names]
        if not keys or not isinstance(X, pd.DataFrame):
            return step.transform(X)
        told = {self.keys["group"]: self._groups(joined), self.keys["time"]: joined.times}
        X = step.transform(X.assign(**{name: told[name] for name in keys})[names])
        return X.drop(columns=[name for name in keys if name in X.columns]) if isinstance(X, pd.DataFrame) else X

    # --- forecasters ------------------------------------------------------------------------------

    def _forecast(self, joined):
        """Forecasts of a SeriesForecaster after the new rows."""
        table, horizon = self._table(joined), self.forecaster.horizon
        columns, names = self.forecaster.context_.columns, self.forecaster.context_.index.names
        table.columns = [name for name in columns if name not in self.keys.values()]
        told = {self.keys["group"]: self._groups(joined), self.keys["time"]: joined.times}
        told = {name: values for name, values in told.items() if name is not None}
        for name, values in told.items():
            if values is None:
                raise ValueError(f"{WHO} serves SeriesForecaster(time={name!r}). Pass time=, when each row was.")
        if len(names) > 1:
            table.index = pd.MultiIndex.from_arrays([told.get(name, table.index) for name in names], names=names)
        table = table.assign(**{name: values for name, values in told.items() if name in columns})[columns]
        if len(joined.labels) > 1 and not self.panel:
            raise ValueError(
                f"{WHO} serves a SeriesForecaster of one series, got rows of {len(joined.labels)} in one call. Pass "
                "those of each series by themselves."
            )
        for step in self.steps:
            if isinstance(step, LOOKING_BACK):
                step.context = "never"
        data = SeriesTable(WHO, table, *self.keys.values())
        forecasts = self.forecaster._engine.forecast_at(data, joined.new, horizon)
        return forecasts[:, 0] if horizon == 1 else forecasts

    def context(self, label=None):
        """The last rows that a forecaster knows, as Rows; of one series or of all."""
        data = SeriesTable(WHO, self.forecaster.context_, *self.keys.values())
        order = data.index.rows(np.arange(len(data)))
        order = order if label is None or not self.panel else order[data.labels()[order] == label]
        values = data.table[data.columns].to_numpy(dtype=np.float64)[order]
        labels = pd.Index(data.labels(), tupleize_cols=False)[order] if self.panel else None
        return Rows(values, labels, data.index.times[order] if data.tells_time else None)

    # --- state ------------------------------------------------------------------------------------

    def see_context(self, label=None):
        """Let the network see the last rows that were fitted, of one series or of all, and carry the state after them."""
        context, labels = self.fitted_context, self.framer.groups_
        if not self.panel and label is None:
            X = context[:, None]
        else:
            context, labels = (of if label is None else of[labels == label] for of in (context, labels))
            X = Windows(context.reshape(-1, context.shape[-1]), range(context[..., 0].size), 1)
            X.groups, X.times = np.repeat(labels, context.shape[1]), np.arange(len(X))
        for step in self.steps[self.steps.index(self.framer) + 1 :]:
            X = step.transform(X)
        if len(X):
            self.final.predict(X)


# --- steps ----------------------------------------------------------------------------------------


def _flat_steps(fitted):
    """Steps of a Pipeline, and of Pipelines in it, that do something."""
    if not isinstance(fitted, Pipeline):
        return [(type(fitted).__name__.lower(), fitted)]
    return [
        inner if isinstance(step, Pipeline) else (name, step)
        for name, step in fitted.steps
        if not (step is None or isinstance(step, str))
        for inner in (_flat_steps(step) if isinstance(step, Pipeline) else [None])
    ]


def _split(steps, is_network):
    """Steps before the windows, the LagFramer or None, and steps after it."""
    for cut, (_, step) in enumerate(steps):
        if isinstance(step, LagFramer):
            return steps[:cut], step, steps[cut + 1 :]
    # Rows are time steps up to what takes samples.
    cuts = [k for k, (_, step) in enumerate(steps) if isinstance(step, (SequencePadder, To3D))] if is_network else []
    cut = cuts[0] if cuts else len(steps)
    return steps[:cut], None, steps[cut:]


def _rows_back(name, step, lookback):
    """Number of rows before a row that a step looks at; observations that ForwardFill carries on do not count."""
    if isinstance(step, ForwardFill):
        if isinstance(step.limit, (str, timedelta, np.timedelta64)):
            raise ValueError(
                f"{WHO} fills rows by their number, got ForwardFill(limit={step.limit!r}), a duration. Give the limit "
                "as a number of rows."
            )
        return step.limit or 0
    if isinstance(step, Differencer) or is_row_wise(step):
        return getattr(step, "rows_back", 0)
    if lookback is None:
        raise ValueError(
            f"{WHO} cannot tell how many rows the step {name!r} ({type(step).__name__}) looks at to transform one. "
            "Pass lookback=, how many rows before it; 0 for none."
        )
    return lookback


def is_row_wise(step):
    """Whether a step is known to transform each row by itself.

    >>> from sklearn.preprocessing import FunctionTransformer, QuantileTransformer
    >>> is_row_wise(QuantileTransformer()), is_row_wise(FunctionTransformer(np.log1p))
    (True, True)
    >>> is_row_wise(FunctionTransformer(np.cumsum))
    False
    """
    if isinstance(step, str) or step is None:
        return True
    if isinstance(step, (ColumnTransformer, FeatureUnion)):
        parts = getattr(step, "transformers_", None) or step.transformer_list
        return all(is_row_wise(part[1]) for part in parts)
    if hasattr(step, "steps"):
        return all(is_row_wise(part) for _, part in step.steps)
    if isinstance(step, FunctionTransformer):
        return step.func is None or isinstance(step.func, np.ufunc)
    return isinstance(step, (SequenceEncoder, SeriesScaler)) or type(step).__module__.split(".")[0] == "sklearn"


def _without_keys(step):
    """A step of sklstm's that is told of series beside its rows."""
    if isinstance(step, (SeriesScaler, *LOOKING_BACK)):
        step.set_params(group=None, time=None)
    return step


def _without_names(step):
    """A step that takes arrays and gives arrays."""
    if isinstance(step, LagFramer):
        step.set_params(static=step.static_ or None, future=step.known_ahead_ or None)
    if isinstance(step, (SeriesScaler, *LOOKING_BACK)) and hasattr(step, "feature_names_in_"):
        del step.feature_names_in_
    return step.set_output(transform="default") if hasattr(step, "set_output") else step


def _take(X, rows):
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def _first(values):
    return next((value for value in values if value is not None), None)
