"""One row at a time: how it is read, and what the steps before the windows make of it."""

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion
from sklearn.preprocessing import FunctionTransformer

from sklstm._parameters import suggest
from sklstm.preprocessing import SequenceEncoder, SeriesScaler
from sklstm.preprocessing._row_by_row import row_by_row

WHO = "OnlinePredictor"


class RowReader:
    """Rows as arrays, whatever they come as; what does not fit is refused.

    Parameters
    ----------
    names : list of str, or None
        Names of the features, where they have any.
    n_features : int
        How many values a row has.
    group, time : str or None
        Names under which a dict may tell its series and its time.
    numeric : bool
        Whether all features are numbers.
    """

    def __init__(self, names, n_features, group, time, *, numeric):
        self.names, self.n_features, self.group, self.time, self.numeric = names, n_features, group, time, numeric

    def read(self, row, group=None, time=None):
        """Values of shape (n_features,), the series and the time."""
        if isinstance(row, (Mapping, pd.Series)) and (self.names is not None or isinstance(row, Mapping)):
            row, group, time = self._by_name(dict(row), group, time)
        return self.as_numbers(self._as_one_row(row)), group, time

    def _by_name(self, row, group, time):
        if self.names is None:
            raise ValueError(
                f"{WHO} got a row with names, but what it serves was fitted on features without names. Pass the "
                f"{self.n_features} values in their order."
            )
        if self.group is not None and self.group not in self.names:
            group = row.pop(self.group, group)
        if self.time is not None and self.time not in self.names:
            time = row.pop(self.time, time)
        unknown = [name for name in row if name not in self.names]
        if unknown:
            raise ValueError(
                f"{WHO} got a row with {unknown[0]!r}, which is no feature.{suggest(str(unknown[0]), self.names)} "
                f"The features are: {', '.join(self.names)}."
            )
        missing = [name for name in self.names if name not in row]
        if missing:
            raise ValueError(
                f"{WHO} got a row without {missing[0]!r}. Pass a value for each feature, {', '.join(self.names)}, and "
                "NaN for all of them where nothing was observed."
            )
        return [row[name] for name in self.names], group, time

    def _as_one_row(self, row):
        values = np.asarray(row)
        if values.dtype.kind in "USO":
            # NumPy would make text of numbers beside text.
            values = np.asarray(row, dtype=object)
        if values.ndim == 0:
            values = values.reshape(1)
        if values.ndim > 1:
            raise ValueError(
                f"{WHO} takes one row at a time, got shape {values.shape}. Pass each row by itself, or all of them to "
                "update_many."
            )
        if len(values) != self.n_features:
            named = f" ({', '.join(self.names)})" if self.names is not None else ""
            raise ValueError(
                f"{WHO} expects a row of {self.n_features} features{named}, got {len(values)}. Pass a value for each "
                "of them."
            )
        return values

    def as_numbers(self, values):
        """Values of a row as floats; those with text as they are, where text is taken."""
        if values.dtype.kind not in "fiub":
            texts = [k for k, value in enumerate(values) if value is not None and not isinstance(value, _NUMBERS)]
            if texts and not self.numeric:
                return values
            if texts:
                value = values[texts[0]]
                kind = "text" if isinstance(value, (str, bytes)) else type(value).__name__
                raise ValueError(
                    f"{WHO} expects numbers, got {kind} in {self._column(texts[0])}: {value!r}. Encode it as a number, "
                    "or pass NaN for all features where nothing was observed."
                )
        values = values.astype(np.float64)
        if np.isinf(values).any():
            raise ValueError(
                f"{WHO} got inf in {self._column(int(np.argmax(np.isinf(values))))}. Replace it, or pass NaN for all "
                "features where nothing was observed."
            )
        return values

    def _column(self, k):
        return f"column {k if self.names is None else repr(self.names[k])}"


_NUMBERS = (int, float, np.number, np.bool_)


class TransformedRow:
    """Rows through any transformer, with as many rows before them as it looks back over.

    Parameters
    ----------
    step : transformer
        Fitted.
    lookback : int
        How many rows before a row it needs for that row.
    group, time : str or None
        Names of the columns that it is given beside the features, where it was fitted with them.
    """

    def __init__(self, step, lookback, group, time):
        self.step, self.lookback = step, lookback
        self.keys = [name for name in (group, time) if name is not None]
        self.group, self.time = group, time

    @property
    def looks_back(self):
        """Whether a row depends on rows before it."""
        return self.lookback > 0

    @cached_property
    def names(self):
        """Names of its columns, or None."""
        names = getattr(self.step, "feature_names_in_", None)
        return None if names is None else list(names)

    def begin(self, label, *, warm):
        """Rows before the first one: none."""
        return ()

    def apply(self, values, memory, label, time, gap):
        """The row transformed, and the last rows."""
        rows = (*memory, values)
        out = self.step.transform(self._table(rows, label, time))
        if isinstance(out, pd.DataFrame):
            out = out.drop(columns=[name for name in self.keys if name in out.columns]).to_numpy()
        row = out.toarray()[-1] if hasattr(out, "toarray") else np.asarray(out)[-1]
        if row.dtype == object:
            with suppress(TypeError, ValueError):
                row = row.astype(np.float64)
        kept = rows[len(rows) - self.lookback :] if self.lookback else ()
        return row, kept

    def _table(self, rows, label, time):
        if self.names is None:
            return np.array(rows)
        features = [name for name in self.names if name not in self.keys]
        table = pd.DataFrame(dict(zip(features, map(list, zip(*rows, strict=True)), strict=True)))
        for name, value in ((self.group, label), (self.time, time)):
            if name in self.names:
                table[name] = [value] * len(rows)
        return table[self.names]


def row_step(name, step, lookback, group, time):
    """How a step of a Pipeline takes one row.

    Parameters
    ----------
    name : str
        Of the step.
    step : transformer
        Fitted.
    lookback : int or None
        How many rows before it a step looks at of which that is not known; None refuses such a step.
    group, time : str or None
        Keys of the panel.
    """
    known = row_by_row(WHO, step)
    if known is not None:
        return known
    if is_row_wise(step):
        return TransformedRow(step, 0, group, time)
    if lookback is None:
        raise ValueError(
            f"{WHO} cannot tell how many rows the step {name!r} ({type(step).__name__}) looks at to transform one. "
            "Pass lookback=, how many rows before it; 0 for none."
        )
    return TransformedRow(step, lookback, group, time)


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
