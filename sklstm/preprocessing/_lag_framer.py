"""LagFramer: one window of the past for every row of a series."""

from datetime import timedelta
from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from sklstm._fit_callbacks import as_task
from sklstm._lag_names import lag_name
from sklstm._validation import check_series_table, refuse_partly_observed
from sklstm._windows import frame
from sklstm.preprocessing._base import SeriesTransformer
from sklstm.preprocessing._time_axis import check_time_order, continues, find_breaks, learn_time_axis


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
    context : {"auto", "always", "never"}, default="auto"
        Whether windows of new rows reach back into the last ``n_steps - 1`` rows of the fitted series:

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

    Attributes
    ----------
    context_ : ndarray of shape (n_context, n_features)
        The last ``n_steps - 1`` fitted rows, or those since the last hole, in the units of X.
    time_axis_ : TimeAxis or None
        Calendar, step and last time of the fitted index; None without a regular one.
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
    pandas) takes the index away, and new rows start cold.

    Where the index is regular, no window reaches across a hole in it; so the two parts that K-fold leaves
    on either side of a test block are not joined. Windows over such a series come as
    :class:`~sklstm.Windows`, else as a read-only view.

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

    >>> LagFramer(n_steps=12).fit(table)
    Traceback (most recent call last):
        ...
    ValueError: LagFramer(n_steps=12) needs at least 12 rows, got X of shape (5, 1). Lower n_steps or pass a
    longer series.
    """

    _parameter_constraints = {
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "context": [StrOptions({"auto", "always", "never"})],
        "max_gap": [Interval(Real, 0, None, closed="neither"), str, timedelta, None],
        "flatten": ["boolean"],
    }

    def __init__(self, n_steps, *, context="auto", max_gap=None, flatten=False):
        self.n_steps = n_steps
        self.context = context
        self.max_gap = max_gap
        self.flatten = flatten

    @as_task
    def fit(self, X, y=None):
        """Remember the end of the series.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Series table, rows in time order.
        y : None
            Ignored.

        Returns
        -------
        self : LagFramer
            The fitted framer.

        Raises
        ------
        ValueError
            If X has fewer than `n_steps` rows, its index is not ascending, or it holds text or infinity.
        """
        self._remember(X)
        return self

    def fit_transform(self, X, y=None):
        """Remember the end of the series, and frame it. The first row starts cold.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Series table, rows in time order.
        y : None
            Ignored.

        Returns
        -------
        windows : ndarray or Windows of shape (n_rows, n_steps, n_features)
            Or the table of lags, of shape (n_rows, n_steps * n_features), where `flatten`.
        """
        return self._frame(X, self._remember(X), context=None)

    def transform(self, X):
        """Frame the rows of X, each window ending at its row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Series table, rows in time order.

        Returns
        -------
        windows : ndarray or Windows of shape (n_rows, n_steps, n_features)
            Or the table of lags, of shape (n_rows, n_steps * n_features), where `flatten`.

        Raises
        ------
        ValueError
            If the features are not those of `fit`, or a time step is observed only in part.
        """
        check_is_fitted(self)
        rows = check_series_table(self, X, reset=False)
        if self._has_index(X):
            check_time_order(type(self).__name__, X.index)
        reaches_back = self.context == "always" or (
            self.context == "auto" and self._has_index(X) and continues(self.time_axis_, X.index)
        )
        return self._frame(X, rows, self.context_ if reaches_back else None)

    def get_feature_names_out(self, input_features=None):
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
        names = _check_feature_names_in(self, input_features)
        if not self.flatten:
            return names
        return np.array([lag_name(name, lag) for lag in range(1 - self.n_steps, 1) for name in names], dtype=object)

    def _remember(self, X):
        self._validate_params()
        rows = check_series_table(self, X, reset=True)
        if len(rows) < self.n_steps:
            # scikit-learn's own checks look for "n_samples" where one row is too few.
            one_row = " (n_samples=1)" if len(rows) == 1 else ""
            raise ValueError(
                f"{type(self).__name__}(n_steps={self.n_steps}) needs at least {self.n_steps} rows, "
                f"got X of shape {rows.shape}{one_row}. Lower n_steps or pass a longer series."
            )
        self.time_axis_ = None
        if self._has_index(X):
            check_time_order(type(self).__name__, X.index)
            self.time_axis_ = learn_time_axis(X.index, self.max_gap)
        # Rows before the last hole are no context for what follows.
        last_break = max(self._breaks(X), default=0)
        context = rows[max(last_break, len(rows) - self.n_steps + 1) :] if self.n_steps > 1 else rows[:0]
        self.context_ = context.copy()
        return rows

    def _frame(self, X, rows, context):
        if not self.flatten:
            refuse_partly_observed(type(self).__name__, rows, X)
        windows = frame(rows, self.n_steps, self._breaks(X), context)
        if not self.flatten:
            return windows
        return self._contain(np.asarray(windows).reshape(len(rows), -1), X)

    def _breaks(self, X):
        return find_breaks(self.time_axis_, X.index) if self._has_index(X) else []

    @staticmethod
    def _has_index(X):
        return isinstance(X, (pd.DataFrame, pd.Series))
