"""LagFramer: one window of the past for every row of a series."""

from datetime import timedelta
from numbers import Integral, Real
from typing import Self

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from sklstm._fit_callbacks import as_task
from sklstm._lag_names import lag_name
from sklstm._series import (
    Layout,
    SeriesIndex,
    as_numbers,
    labels_as_array,
    read_series_index,
    refuse_short,
    refuse_without_groups,
    tells_time,
)
from sklstm._validation import check_series_table, refuse_partly_observed
from sklstm._warnings import ColdStartWarning, warn_user
from sklstm._windows import Roles
from sklstm.preprocessing._base import SeriesTransformer, require_fitted
from sklstm.preprocessing._named_features import parameter_positions

# Of windows that are masked to a larger fraction, nobody wants to learn.
MOST_MASKED = 0.5
# Rows drawn at random leave many holes; a few belong to the series.
FEWEST_HOLES = 5


class LagFramer(SeriesTransformer):
    """Frame a series table into windows: one per row, ending at that row.

    A row's window holds the row and the ``n_steps - 1`` rows before it. Rows are preserved: the first
    windows, which begin before the series does, hold NaN ("not observed") where there is nothing to see,
    and the network masks exactly those time steps. So every ``n_steps`` of a grid search is scored on the
    very same rows.

    Windows are views of one buffer: framing takes memory and time for the rows, whatever ``n_steps`` is.

    Parameters
    ----------
    n_steps : int
        Time steps in each window (the look-back), the current row included.
    dilation : int, default=1
        Rows from one time step of a window to the next, ``sampling_rate`` in Keras: with 3 a window holds the row, the
        third row before it, the sixth, and so on, back over ``(n_steps - 1) * dilation`` rows.
    context : {"auto", "always", "never"}, default="auto"
        Whether windows of new rows reach back into the last ``(n_steps - 1) * dilation`` rows of the fitted series:

        - ``"auto"``: if the index of a DataFrame or Series says that the new rows follow them, by the same
          step (integers, timestamps, periods; business days over weekends and holidays). An array has no
          index and starts cold.
        - ``"always"``: the rows given to `transform` are taken to follow the fitted ones. So not for rows that
          were fitted: they would see the end of their own series.
        - ``"never"``: they start cold.
    max_gap : int, str, Timedelta or None, default=None
        The longest step in time from a row to the row that follows it: windows reach across holes up to that,
        and no further. A duration for times (``"4D"`` for trading hours, with nights, weekends and a holiday
        between them), a number for integers and periods. None: the step that a regular index has; any step where
        it is irregular.
    flatten : bool, default=False
        Whether to return the windows as a table of lags with a column for each feature and lag, as any
        scikit-learn regressor takes them: ``passengers(t-1)``, ``passengers(t)``.
    group : str, optional
        Column or index level that tells the series of a panel apart. No window holds rows of two series, and each
        series has its own context. It is no feature. Beside arrays, series come as metadata: ``groups``.
    time : str, optional
        Column or index level that tells when, in place of the index. It is no feature.
    freq : str, timedelta, offset of pandas or int, optional
        Lay irregular rows on a regular grid, ``"h"`` for hours, or a ``CustomBusinessDay`` with the holidays of an
        exchange: time steps without a row are not observed. There is still a window for each row, which ends at its
        time step.
    elapsed : str, timedelta or int, optional
        Add a feature ``elapsed``: the time since the observation before, in this unit (``"h"`` for hours); 0 where
        there is none before.
    static : sequence of str or int, optional
        Features that do not change within a series: the network joins their last value after its recurrent layers.
    future : sequence of str or int, optional
        Features whose next values are known (calendar, price plans). Each row also gets those of the next `horizon`
        rows, ``holiday(t+1)``, which the network sees at its outputs; after the end of X the last one known is
        repeated. For the time that lies ahead append rows in which the other features are NaN.
    horizon : int, default=1
        How many rows ahead `future` is known.

    Attributes
    ----------
    context_ : ndarray of shape (n_context, n_features), or (n_groups, rows_back, n_features)
        The last `rows_back` fitted rows, or those since the last hole, in the units of X. In a panel those of each
        series, NaN before its start.
    groups_ : ndarray of shape (n_groups,)
        Labels of the series of a panel. Empty for a single series.
    step_ : str or None
        Step from row to row that was found, in a panel that of most series: ``"1 month"``, ``"1 business day"``. None
        without a regular one.
    n_features_in_ : int
        Number of features of the series table.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has them.

    See Also
    --------
    series_to_supervised : The lag table of a whole series at once, for a look at it.
    sklstm.preprocessing.make_supervised : The rows and the values that follow them, as X and y.

    Notes
    -----
    A step before this one that returns arrays (scikit-learn's transformers do, unless ``set_output`` asks for
    pandas) takes the index away, and new rows start cold. Where rows start cold though the rows before them are most
    likely there, or holes leave most time steps of the training windows masked, there is a `ColdStartWarning`.

    Where the index is regular, no window reaches across a hole in it; so the two parts that K-fold leaves
    on either side of a test block are not joined. Windows over an array of one series come as a read-only view where
    no hole and no `dilation` is in the way, all others as :class:`~sklstm.Windows`, which know the names of their
    features. A series of a panel that was not fitted starts cold.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import LagFramer
    >>> series = np.arange(1.0, 5.0).reshape(-1, 1)
    >>> LagFramer(n_steps=3).fit_transform(series)[..., 0]
    array([[nan, nan,  1.],
           [nan,  1.,  2.],
           [ 1.,  2.,  3.],
           [ 2.,  3.,  4.]])

    New rows that follow the fitted ones look back into them:

    >>> import pandas as pd
    >>> table = pd.DataFrame({"passengers": [1.0, 2.0, 3.0, 4.0, 5.0]})
    >>> framer = LagFramer(n_steps=3, flatten=True).fit(table[:3])
    >>> framer.transform(table[3:])
       passengers(t-2)  passengers(t-1)  passengers(t)
    3              2.0              3.0            4.0
    4              3.0              4.0            5.0

    Every second row:

    >>> LagFramer(n_steps=2, dilation=2, flatten=True).fit_transform(table)
       passengers(t-2)  passengers(t)
    0              NaN            1.0
    1              NaN            2.0
    2              1.0            3.0
    3              2.0            4.0
    4              3.0            5.0

    Several series in one table:

    >>> panel = pd.DataFrame({"store": ["A", "B", "A", "B"], "sales": [1.0, 10.0, 2.0, 20.0]})
    >>> LagFramer(n_steps=2, group="store", flatten=True).fit_transform(panel)
       sales(t-1)  sales(t)
    0         NaN       1.0
    1         NaN      10.0
    2         1.0       2.0
    3        10.0      20.0

    >>> LagFramer(n_steps=12).fit(table)
    Traceback (most recent call last):
        ...
    ValueError: LagFramer(n_steps=12) needs at least 12 rows, got X of shape (5, 1). Lower n_steps or pass a
    longer series.
    """

    _parameter_constraints = {
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "dilation": [Interval(Integral, 1, None, closed="left")],
        "context": [StrOptions({"auto", "always", "never"})],
        "max_gap": [Interval(Real, 0, None, closed="neither"), str, timedelta, None],
        "flatten": ["boolean"],
        "group": [str, Integral, tuple, None],
        "time": [str, Integral, tuple, None],
        "freq": [Interval(Integral, 1, None, closed="left"), str, timedelta, pd.offsets.BaseOffset, None],
        "elapsed": [Interval(Real, 0, None, closed="neither"), str, timedelta, None],
        "static": [list, tuple, np.ndarray, None],
        "future": [list, tuple, np.ndarray, None],
        "horizon": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        n_steps,
        *,
        dilation=1,
        context="auto",
        max_gap=None,
        flatten=False,
        group=None,
        time=None,
        freq=None,
        elapsed=None,
        static=None,
        future=None,
        horizon=1,
    ):
        self.n_steps = n_steps
        self.dilation = dilation
        self.context = context
        self.max_gap = max_gap
        self.flatten = flatten
        self.group = group
        self.time = time
        self.freq = freq
        self.elapsed = elapsed
        self.static = static
        self.future = future
        self.horizon = horizon

    @as_task
    def fit(self, X, y=None, groups=None) -> Self:
        """Remember the end of the series.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Series table, rows in time order; those of several series may be mixed.
        y : None
            Ignored.
        groups : array-like of shape (n_rows,), optional
            The series of each row, beside an array.

        Returns
        -------
        self : LagFramer
            The fitted framer.

        Raises
        ------
        ValueError
            If no series of X has as many rows as a window spans, times do not ascend, or X holds text or infinity.
        """
        self._frame(X, groups, reset=True)
        return self

    @as_task
    def partial_fit(self, X, y=None, groups=None) -> Self:
        """Remember the end of one more chunk of a series that does not fit into memory.

        Frame a chunk before this, by `transform`: its windows reach back into the chunk before.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The rows that follow, as in `fit`.
        y : None
            Ignored.
        groups : array-like of shape (n_rows,), optional
            The series of each row, beside an array.

        Returns
        -------
        self : LagFramer
            The framer, fitted on all chunks so far.
        """
        self._frame(X, groups, reset=not hasattr(self, "_ends"), remember=True)
        return self

    def fit_transform(self, X, y=None, groups=None):
        """Remember the end of the series, and frame it. The first row starts cold.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Series table, rows in time order; those of several series may be mixed.
        y : None
            Ignored.
        groups : array-like of shape (n_rows,), optional
            The series of each row, beside an array.

        Returns
        -------
        windows : ndarray or Windows of shape (n_rows, n_steps, n_features)
            Or the table of lags, of shape (n_rows, n_steps * n_features), where `flatten`.
        """
        return self._as_asked(self._frame(X, groups, reset=True), X)

    def transform(self, X, groups=None):
        """Frame the rows of X, each window ending at its row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Series table, rows in time order; those of several series may be mixed.
        groups : array-like of shape (n_rows,), optional
            The series of each row, beside an array.

        Returns
        -------
        windows : ndarray or Windows of shape (n_rows, n_steps, n_features)
            Or the table of lags, of shape (n_rows, n_steps * n_features), where `flatten`.

        Raises
        ------
        ValueError
            If the features are not those of `fit`, or a time step is observed only in part.
        """
        require_fitted(self)
        return self._as_asked(self._frame(X, groups), X)

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Names of the features of a window; of its lags, oldest first, where `flatten`.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the features, where `fit` saw none.

        Returns
        -------
        names : ndarray of str
            Such as ``passengers(t-1)``.
        """
        check_is_fitted(self)
        if input_features is not None:
            # The step before passes on what says group and time, which are no features.
            input_features = [name for name in input_features if name not in (self.group, self.time)]
        names = self._with_added_names(_check_feature_names_in(self, input_features))
        if not self.flatten:
            return names
        lags = range(-self.rows_back, 1, self.dilation)
        return np.array([lag_name(name, lag) for lag in lags for name in names], dtype=object)

    def _with_added_names(self, names):
        """Names of the features, and of those that `elapsed` and `future` add."""
        added = ["elapsed"] if self.elapsed is not None else []
        added += [lag_name(names[k], lag) for lag in range(1, self.horizon + 1) for k in self.known_ahead_]
        return np.array([*names, *added], dtype=object)

    @property
    def rows_back(self):
        """Number of rows that a window reaches back over: ``(n_steps - 1) * dilation``."""
        return (self.n_steps - 1) * self.dilation

    @property
    def known_ahead_(self):
        """Positions of the features whose next values are known, a list of int."""
        return self._positions("future")

    @property
    def static_(self):
        """Positions of the features that do not change within a series, a list of int."""
        return self._positions("static")

    def times_ahead(self, times, steps, groups=None) -> pd.Index:
        """Return the times that lie some time steps after other times, by the step of the fitted series.

        Parameters
        ----------
        times : pd.Index of shape (n_times,)
            Times of rows.
        steps : ndarray of int of shape (n_times,)
            Number of time steps from each of them.
        groups : array-like of shape (n_times,), optional
            The series of each of them.

        Returns
        -------
        times : pd.Index of shape (n_times,)
            Later times. Of a series without a regular step they have no more than the right order.
        """
        check_is_fitted(self)
        codes, labels = (None, None) if groups is None else pd.factorize(pd.Index(groups, tupleize_cols=False))
        index = SeriesIndex(len(times), codes, None if labels is None else pd.Index(labels, tupleize_cols=False))
        return self._ends.times_ahead(index, times, steps, self.freq)

    # --- framing ----------------------------------------------------------------------------------

    def _frame(self, X, groups, *, reset=False, remember=False):
        """Windows of all rows of X, in their order; where `reset` or `remember`, the ends of its series are kept."""
        who = type(self).__name__
        if reset:
            self._validate_params()
        table, index = read_series_index(who, X, self.group, self.time, groups)
        rows = check_series_table(self, table, reset=reset)
        if not reset:
            refuse_without_groups(who, index, self._ends.labels)
        elif self.freq is None:
            dilated = self.dilation > 1
            params = f"n_steps={self.n_steps}" + f", dilation={self.dilation}" * dilated
            remedy = f"Lower n_steps{' or dilation' * dilated} or pass a longer series."
            refuse_short(f"{who}({params})", self.rows_back + 1, index, rows.shape, remedy)
        context, ends = ("never", None) if reset else (self.context, self._ends)
        layout = Layout(
            who, index, self.rows_back + 1, max_gap=self.max_gap, freq=self.freq, context=context, ends=ends
        )
        self._warn_cold(layout, reset)
        rows, roles = self._with_features(table, rows, layout)
        windows = layout.frame(rows)
        if reset or remember:
            self._remember(layout, windows, rows, anew=reset)
        return self._in_order(windows, index, roles)

    def _warn_cold(self, layout, reset):
        """Warn where windows lack rows that the user most likely has."""
        who = type(self).__name__
        if reset:
            masked, by_holes, n_holes = layout.masked_by_holes()
            if masked > MOST_MASKED and by_holes > MOST_MASKED / 2 and n_holes >= FEWEST_HOLES:
                warn_user(
                    f"{who}(n_steps={self.n_steps}) leaves {masked:.0%} of the time steps of its windows masked, "
                    f"because they begin anew at {n_holes} holes in the times of {layout.index.n_rows} rows. Rows "
                    "drawn at random are no series: split in time, with TimeSeriesSplit, or pass max_gap= to reach "
                    "across holes.",
                    ColdStartWarning,
                )
        elif self.context == "auto" and (n_cold := layout.count_cold_rows()):
            warn_user(
                f"{who}(n_steps={self.n_steps}) frames {n_cold} rows that begin in the midst of the fitted rows, and "
                "starts cold: their windows lack the rows before them. Pass these rows, too, and take the last "
                "predictions: predict(X)[-1:] in place of predict(X[-1:]); or pass context='never'.",
                ColdStartWarning,
            )

    def _with_features(self, table, rows, layout):
        """Rows by series, with the features that are added, and what they mean."""
        static, future = self.static_, self.known_ahead_
        known = [*static, *future]
        usual = np.delete(rows, known, axis=1) if known else rows
        if not self.flatten:
            named = isinstance(table, pd.DataFrame) and known
            shown = table.drop(columns=table.columns[known]) if named else table
            refuse_partly_observed(type(self).__name__, usual, shown)
        order = layout.index.order
        rows, usual = rows[order], usual[order]
        if not known and self.elapsed is None:
            return rows, Roles()
        self._refuse_unusual(rows, usual, static, future)
        observed = ~np.isnan(usual).all(axis=1)
        columns, ahead = [rows], ()
        if self.elapsed is not None:
            columns.append(layout.elapsed(self.elapsed, observed)[:, None])
        if future:
            leads = layout.leads(rows[:, future], self.horizon)
            first = sum(column.shape[1] for column in columns)
            places = first + np.arange(leads.shape[1]).reshape(self.horizon, len(future))
            ahead = tuple(map(tuple, places.tolist()))
            # A time step that lies ahead is not observed in any feature: what is known of it, earlier rows hold.
            columns[0] = rows.copy()
            columns[0][np.ix_(~observed, future)] = np.nan
            columns.append(leads)
        roles = Roles(tuple(static), ahead, tuple(future))
        return np.concatenate(columns, axis=1).astype(rows.dtype, copy=False), roles

    def _remember(self, layout, windows, rows, *, anew):
        ends = layout.find_ends(windows, rows)
        self._ends = ends if anew else self._ends.updated_by(ends)
        self.context_ = self._ends.shown_context()
        self.groups_ = labels_as_array(self._ends.labels)
        self.step_ = self._ends.timeline.describe_commonest(self._ends.steps)

    def _in_order(self, windows, index, roles):
        """Windows in the order of the table; those of a panel or with a dilation know their series and their time."""
        windows = windows.every(self.dilation).with_roles(roles)
        if hasattr(self, "feature_names_in_"):
            windows = windows.with_names(self._with_added_names(self.feature_names_in_))
        if not index.is_panel and windows.reach == windows.n_timesteps:
            return windows
        starts, times, groups = windows.starts, np.arange(index.n_rows), None
        # By times estimators find the samples that share rows with validation samples, however far windows reach.
        if index.is_panel:
            starts, groups = index.in_table_order(starts), index.labels_of_rows()
            times = index.in_table_order(times - np.repeat(index.bounds[:-1], index.lengths))
            times = as_numbers(index.times) if tells_time(index.times) else times
        return windows.of_series(starts, times, groups)

    def _as_asked(self, windows, X):
        """Windows, or where `flatten` the table of lags, in its container."""
        if not self.flatten:
            return windows.as_view()
        return self._contain(np.asarray(windows).reshape(len(windows), -1), X)

    # --- parameters and checks --------------------------------------------------------------------

    def _positions(self, name):
        """Positions of the features that a parameter names."""
        given = getattr(self, name)
        return [] if given is None else parameter_positions(self, name, given)

    def _refuse_unusual(self, rows, usual, static, future):
        """What static and known-future features cannot be."""
        who = type(self).__name__
        if self.flatten and (static or future):
            name = "static" if static else "future"
            raise ValueError(
                f"{who}({name}={getattr(self, name)!r}, flatten=True): a table of lags has no place for them. Drop one "
                "of the two, and join them to the table."
            )
        if usual.shape[1] == 0:
            raise ValueError(
                f"{who} expects features that are neither static nor future, got none. The target's own series belongs "
                "there."
            )
        for name, positions in (("static", static), ("future", future)):
            missing = np.isnan(rows[:, positions])
            if missing.any():
                feature = getattr(self, name)[np.flatnonzero(missing.any(axis=0))[0]]
                raise ValueError(
                    f"{who}({name}={getattr(self, name)!r}) expects every value to be known, got NaN in {feature!r}. "
                    f"Fill it first, or take it out of {name}."
                )
