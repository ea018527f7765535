"""Differencer: trend and season taken out of a series by differences, and put back."""

from numbers import Integral
from typing import Self

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklstm._fit_callbacks import as_task
from sklstm._series import (
    Layout,
    find_known_values,
    find_starts,
    labels_as_array,
    read_series_index,
    refuse_short,
    refuse_without_groups,
)
from sklstm._validation import check_series_table, n_dims, place, read_numbers
from sklstm._windows import frame
from sklstm.preprocessing._base import SeriesTransformer, require_fitted
from sklstm.preprocessing._differences import difference, follow, lag_coefficients, undo_differences
from sklstm.preprocessing._keyed_tables import KeyedTableMixin
from sklstm.preprocessing._named_features import parameter_positions


class Differencer(KeyedTableMixin, SeriesTransformer):
    """Replace the values of a series table by their differences from earlier ones.

    A network learns a series best whose level does not change. The difference from the row before takes a trend
    out, the one from a season before a season, and logarithms make of growth by a percentage a steady step.
    Rows are preserved: those whose past does not reach back far enough are NaN, "not observed", in every feature but
    those of `keep`.

    Parameters
    ----------
    lags : int, sequence of int or None, default=1
        Differences that are taken one after the other: 1 is that from the row before, 12 that from the same month
        a year ago, ``(1, 12)`` takes both a trend and a season out. None or ``()``: no difference.
    log : bool, default=False
        Whether to take the natural logarithm first. All values must be above 0.
    columns : str, int or list of them, optional
        Features to difference, by name or position. The others keep their values. None: all features but `keep`.
    keep : str, int or list of them, optional
        Features that keep their values in every row, also where there is no difference: what never changes and what is
        known ahead, `static` and `future` of LagFramer. They do not tell whether a row was observed.
    context : {"auto", "always", "never"}, default="auto"
        Whether new rows are differenced from the last rows of the fitted series:

        - ``"auto"``: if the index of a DataFrame or Series says that they follow them. An array has no index and
          starts cold.
        - ``"always"``: the rows given to `transform` are taken to follow the fitted ones. So not for rows that were
          fitted.
        - ``"never"``: they start cold.
    group : str, optional
        Column or index level that tells the series of a panel apart: no difference is taken between two of them.
        It is no feature, and comes out as it went in. Beside arrays, series come as metadata: ``groups``.
    time : str, optional
        Column or index level that tells when, in place of the index. It is no feature, and comes out as it went in.

    Attributes
    ----------
    context_ : ndarray of shape (n_context, n_features), or (n_groups, rows_back, n_features)
        The last ``rows_back`` fitted rows, or those since the last hole, in the units of X. In a panel those of each
        series, NaN before its start.
    head_ : ndarray of shape (n_kept, n_features)
        Fitted rows that have no difference, in the units of X: the first ``rows_back`` ones, and those after a hole
        or after what was not observed; in a panel series by series.
    groups_ : ndarray of shape (n_groups,)
        Labels of the series of a panel. Empty for a single series.
    n_features_in_ : int
        Number of features of the series table.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has them.

    See Also
    --------
    LagFramer : Frames what comes out; decides by the same rule whether rows follow the fitted ones.
    LSTMRegressor : With ``window_scaler=12`` it learns the difference from 12 time steps before, of the target alone.

    Notes
    -----
    With the backshift operator B, ``lags=(1, 12)`` is :math:`(1 - B)(1 - B^{12})` [1]_.

    No difference is taken across a hole in a regular index.

    It changes X alone: y stays as it is. `restore` brings forecasts of differences back to original units.

    References
    ----------
    .. [1] G. E. P. Box, G. M. Jenkins, Time Series Analysis, Forecasting and Control, revised edition, 1976,
       chapters 4 and 9.

    Examples
    --------
    Each quarter sells 2 more than the one before, and the fourth 50 on top of that:

    >>> import pandas as pd
    >>> from sklstm import Differencer
    >>> quarters = pd.period_range("2024Q1", periods=8, freq="Q")
    >>> table = pd.DataFrame({"sales": [100.0, 102, 104, 156, 108, 110, 112, 164]}, index=quarters)
    >>> seasonal = Differencer(lags=4)
    >>> seasonal.fit_transform(table)["sales"].tolist()
    [nan, nan, nan, nan, 8.0, 8.0, 8.0, 8.0]

    New rows that follow the fitted ones have them for their past:

    >>> seasonal.fit(table[:6]).transform(table[6:])
            sales
    2025Q3    8.0
    2025Q4    8.0
    >>> seasonal.inverse_transform(seasonal.transform(table[6:]))
            sales
    2025Q3  112.0
    2025Q4  164.0

    Forecasts of differences become sales again: those of three quarters, from the four before them.

    >>> seasonal.restore([[108.0, 110, 112, 164]], [[8.0, 8.0, 9.0]])
    array([[116., 118., 121.]])

    >>> Differencer(lags=(1, 12)).fit(table)
    Traceback (most recent call last):
        ...
    ValueError: Differencer(lags=(1, 12)) needs at least 14 rows, got X of shape (8, 1). Choose shorter lags or pass a
    longer series.
    """

    _parameter_constraints = {
        "lags": [Interval(Integral, 1, None, closed="left"), tuple, list, np.ndarray, None],
        "log": ["boolean"],
        "columns": [str, Integral, tuple, list, np.ndarray, None],
        "keep": [str, Integral, tuple, list, np.ndarray, None],
        "context": [StrOptions({"auto", "always", "never"})],
        "group": [str, Integral, tuple, None],
        "time": [str, Integral, tuple, None],
    }

    def __init__(self, lags=1, *, log=False, columns=None, keep=None, context="auto", group=None, time=None):
        self.lags = lags
        self.log = log
        self.columns = columns
        self.keep = keep
        self.context = context
        self.group = group
        self.time = time

    @property
    def rows_back(self):
        """How many earlier rows a row that comes out depends on: the sum of the lags."""
        return sum(self._all_lags())

    @as_task
    def fit(self, X, y=None, groups=None) -> Self:
        """Remember where each series begins and ends.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features) or (n_rows,)
            Series table, rows in time order; those of several series may be mixed.
        y : None
            Ignored.
        groups : array-like of shape (n_rows,), optional
            The series of each row, beside an array.

        Returns
        -------
        self : Differencer
            The fitted transformer.

        Raises
        ------
        ValueError
            If no series of X has a row more than the sum of `lags`, `columns` or `keep` name no feature, times do not
            ascend, X holds text or infinity, or a value that has no logarithm where `log`.
        """
        self._difference(X, groups, reset=True)
        return self

    def fit_transform(self, X, y=None, groups=None):
        """Remember where each series begins and ends, and difference it. The first row starts cold.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features) or (n_rows,)
            Series table, rows in time order; those of several series may be mixed.
        y : None
            Ignored.
        groups : array-like of shape (n_rows,), optional
            The series of each row, beside an array.

        Returns
        -------
        differences : array-like of the shape of X
            The same kind as X: a DataFrame or Series with its index, or an array.
        """
        return self._difference(X, groups, reset=True)

    def transform(self, X, groups=None):
        """Difference X.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features) or (n_rows,)
            Series table, rows in time order; those of several series may be mixed.
        groups : array-like of shape (n_rows,), optional
            The series of each row, beside an array.

        Returns
        -------
        differences : array-like of the shape of X
            The same kind as X: a DataFrame or Series with its index, or an array.

        Raises
        ------
        ValueError
            If the features are not those of `fit`, or as there.
        """
        require_fitted(self)
        return self._difference(X, groups, reset=False)

    def inverse_transform(self, X, groups=None):
        """Bring a table of differences back to original units.

        Its rows begin where the fitted ones begin, and take their first values from there, or follow the fitted
        ones. An array does the first where it begins with NaN, as `fit_transform` gives it, else the second.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features) or (n_rows,)
            Differences, as `transform` gives them.
        groups : array-like of shape (n_rows,), optional
            The series of each row, beside an array.

        Returns
        -------
        X_original : array-like of the shape of X
            The same kind as X. NaN where a difference that is needed is NaN.

        Raises
        ------
        ValueError
            If the values before the rows of X are not known.
        """
        check_is_fitted(self)
        _, index, differences = self._read(X, groups, reset=False, named=False)
        restored = self._undo(self._layout(index, self._ends), differences[index.order])
        return self._like(index.in_table_order(restored), X)

    def restore(self, past, differences, column=None):
        """Bring forecasts of the differences of one column back to its original units.

        Parameters
        ----------
        past : array-like of shape (n_samples, n_past)
            The values before each forecast, in original units, oldest first: `rows_back` of them, or more.
        differences : array-like of shape (n_samples, n_steps)
            Forecasts of the time steps that follow them, in units of differences.
        column : str or int, optional
            Which column it is, by name or position: one that is not differenced keeps its values. By default one that
            is.

        Returns
        -------
        values : ndarray of shape (n_samples, n_steps)
            In original units; NaN where a value of the past that is needed is NaN.

        Raises
        ------
        ValueError
            If the past is too short, not as long as the forecasts, or has no logarithm where `log`; if a column is
            unknown.

        Examples
        --------
        >>> from sklstm import Differencer
        >>> series = [1.0, 2.0, 4.0, 7.0]
        >>> Differencer().fit(series).restore([[4.0, 7.0]], [[4.0, 5.0, 6.0]])
        array([[11., 16., 22.]])
        """
        check_is_fitted(self)
        past, differences = np.asarray(past), np.asarray(differences)
        self._refuse_misshapen(past, differences)
        dtype = np.result_type(past, differences)
        dtype = dtype if dtype.kind == "f" else np.float64
        if column is not None and not set(parameter_positions(self, "column", column)) <= set(self._differenced):
            return differences.astype(dtype)
        past = past[:, past.shape[1] - self.rows_back :].astype(np.float64)
        if self.log:
            if (past <= 0).any():
                sample, _ = np.argwhere(past <= 0)[0]
                raise ValueError(
                    f"{type(self).__name__}(log=True).restore expects a past above 0, got {past[past <= 0][0]} in "
                    f"sample {sample}. Pass it in original units."
                )
            past = np.log(past)
        values = follow(past, differences, self._all_lags())
        return (np.exp(values) if self.log else values).astype(dtype)

    # --- there ------------------------------------------------------------------------------------

    def _difference(self, X, groups, *, reset):
        if reset:
            self._validate_params()
        features, index, rows = self._read(X, groups, reset=reset)
        if reset:
            self._kept = [] if self.keep is None else parameter_positions(self, "keep", self.keep)
            self._differenced = self._positions()
            self._remember_columns(X)
            least, remedy = self.rows_back + 1, "Choose shorter lags or pass a longer series."
            refuse_short(f"{type(self).__name__}(lags={self.lags!r})", least, index, rows.shape, remedy)
        self._refuse_without_logarithm(rows, features)
        layout = self._layout(index, None if reset else self._ends, self.context)
        in_order = rows[index.order]
        windows = layout.frame(in_order)
        made = self._changed(windows.buffer)[windows.starts + self.rows_back]
        if reset:
            self._remember(layout, windows, in_order, made)
        return self._contain(index.in_table_order(made), X)

    def _read(self, X, groups, *, reset, named=True):
        """Features of X, the SeriesIndex of its rows, and their values; arrays need no names unless `named`."""
        who = type(self).__name__
        features, index = read_series_index(who, X, self.group, self.time, groups)
        rows = check_series_table(self, features if named else self._with_names(features), reset=reset)
        if not reset:
            refuse_without_groups(who, index, self._ends.labels)
        return features, index, rows

    def _layout(self, index, ends, context="auto"):
        return Layout(type(self).__name__, index, self.rows_back + 1, context=context, ends=ends)

    def _changed(self, buffer):
        """Differences of the rows of a buffer; a row that needs one that was not observed is not observed."""
        usual = np.setdiff1d(np.arange(buffer.shape[1]), self._kept)
        # A column that is NaN where a row is NaN in every feature shows, differenced, which rows need such a row.
        unobserved = np.where(np.isnan(buffer[:, usual]).all(axis=1), np.nan, 0)[:, None]
        changed = buffer.copy()
        changed[:, self._differenced] = difference(self._logarithm(buffer)[:, self._differenced], self._all_lags())
        lost = np.isnan(difference(unobserved, self._all_lags()))[:, 0]
        changed[np.ix_(lost, usual)] = np.nan
        return changed

    def _logarithm(self, rows):
        """Rows with the logarithm of what is differenced, where `log`."""
        if not self.log:
            return rows
        rows = rows.copy()
        rows[:, self._differenced] = np.log(rows[:, self._differenced])
        return rows

    def _remember(self, layout, windows, rows, made):
        """Keep the end of each series, and its rows that have no difference."""
        self._ends = layout.find_ends(windows, rows)
        self._starts = find_starts(layout, rows, (np.isnan(made) & ~np.isnan(rows)).any(axis=1))
        self.context_ = self._ends.shown_context()
        self.head_ = self._starts.values
        self.groups_ = labels_as_array(self._ends.labels)

    # --- and back ---------------------------------------------------------------------------------

    def _undo(self, layout, differences):
        """Values of rows that are sorted by series, in the precision of the differences."""
        contexts, known_rows, known = None, np.empty(0, dtype=np.intp), differences[:0]
        if self.rows_back:
            unobserved = np.isnan(differences[:, self._differenced]).all(axis=1)
            who = f"{type(self).__name__}.inverse_transform"
            contexts, known_rows, known = find_known_values(who, layout, self._starts, self._ends, unobserved)
            first, gaps, context = contexts
            logs = self._logarithm(context.astype(np.float64).reshape(-1, differences.shape[1]))
            contexts = first, gaps, logs.reshape(context.shape)
        windows = frame(differences.astype(np.float64), self.rows_back + 1, layout.breaks, contexts)
        places = windows.starts + self.rows_back
        values = windows.buffer[:, self._differenced]
        logs = np.full(differences.shape, np.nan)
        logs[known_rows] = self._logarithm(known)
        undo_differences(
            values, places, lag_coefficients(self._all_lags()), logs[:, self._differenced], stretches=layout.anew
        )
        restored = differences.copy()
        restored[known_rows] = np.where(np.isnan(restored[known_rows]), known, restored[known_rows])
        restored[:, self._differenced] = np.exp(values[places]) if self.log else values[places]
        return restored

    def _with_names(self, X):
        """An array under the names that were fitted: predictions, and what a network gives, have none."""
        array = read_numbers(X)
        array = array[:, None] if n_dims(array) == 1 and isinstance(array, np.ndarray) else array
        names = getattr(self, "feature_names_in_", None)
        if names is None or not isinstance(array, np.ndarray) or array.shape[1:] != names.shape:
            return X
        return pd.DataFrame(array, columns=names)

    # --- parameters and checks --------------------------------------------------------------------

    def _all_lags(self):
        """The lags as a tuple."""
        if self.lags is None:
            return ()
        lags = (self.lags,) if isinstance(self.lags, Integral) else tuple(self.lags)
        if not all(isinstance(lag, Integral) and lag >= 1 for lag in lags):
            raise ValueError(
                f"{type(self).__name__} expects lags to be whole numbers of at least 1, got {self.lags!r}. Pass one, "
                "several, or None for no difference."
            )
        return tuple(map(int, lags))

    def _positions(self):
        """Positions of the features to difference, ascending."""
        who = type(self).__name__
        if self.columns is None:
            positions = [k for k in range(self.n_features_in_) if k not in self._kept]
        else:
            positions = sorted(set(parameter_positions(self, "columns", self.columns)))
        if not positions and self.columns is None:
            raise ValueError(f"{who}(keep={self.keep!r}) leaves no feature to difference. Keep fewer.")
        if not positions:
            raise ValueError(
                f"{who}(columns={self.columns!r}) names no feature. Name those to difference, or pass columns=None for "
                "all."
            )
        if set(positions) & set(self._kept):
            raise ValueError(
                f"{who}(columns={self.columns!r}, keep={self.keep!r}) names a feature in both. Difference it, or keep "
                "it."
            )
        return positions

    def _refuse_without_logarithm(self, rows, X):
        if not self.log:
            return
        none = rows[:, self._differenced] <= 0
        if none.any():
            row, column = np.argwhere(none)[0]
            column = self._differenced[column]
            raise ValueError(
                f"{type(self).__name__}(log=True) expects values above 0, got {rows[row, column]} at "
                f"{place((row, column), X)}. Pass log=False, leave the column out of columns, or write NaN where "
                "nothing was observed."
            )

    def _refuse_misshapen(self, past, differences):
        who = f"{type(self).__name__}(lags={self.lags!r}).restore"
        if differences.ndim != 2:
            raise ValueError(f"{who} expects differences of shape (n_samples, n_steps), got {differences.shape}.")
        if past.ndim != 2 or len(past) != len(differences) or past.shape[1] < self.rows_back:
            raise ValueError(
                f"{who} expects past of shape ({len(differences)}, {self.rows_back}) or longer, got {past.shape}. Pass "
                f"the last {self.rows_back} values before each of the forecasts, oldest first."
            )
