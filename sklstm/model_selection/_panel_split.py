"""PanelTimeSeriesSplit: train on what was, test on what came next, in all series of a panel at once."""

from collections.abc import Iterator
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils._param_validation import Interval, validate_parameter_constraints

from sklstm._series import read_series_index, tells_time
from sklstm._windows import Windows


class PanelTimeSeriesSplit(BaseCrossValidator):
    """Split a panel by time: train rows are those of earlier times of all series, test rows those of the next.

    scikit-learn's TimeSeriesSplit cuts by row, so that in a table of several series it trains on some of them and
    tests on others. Here all sizes are counted in distinct times, and every series is cut at the same ones; on a
    single series both give the same folds.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    time : str, optional
        Column or index level that tells when. By default the index does; of a MultiIndex, the level that is not
        `group`.
    group : str, optional
        Column or index level that tells the series apart. The cut does not depend on it: it says which level of a
        MultiIndex is not the time.
    max_train_size : int, optional
        Distinct times in a training part, at most: the last ones. By default all.
    test_size : int, optional
        Distinct times in each test part. By default ``n_times // (n_splits + 1)``.
    gap : int, default=0
        Distinct times left out between training and test part. Targets that lie `horizon` steps ahead need
        ``gap=horizon - 1``.

    See Also
    --------
    sklearn.model_selection.TimeSeriesSplit : The same for a single series.

    Notes
    -----
    Series may begin and end at any time. One that begins late is in the test part of a fold before it was in any
    training part, as a new series is in real life; one that ended early is in no later test part.

    The times have to reach the splitter: put it where X is a DataFrame. For arrays that were made of one, the folds
    can be computed from the DataFrame: ``cv=list(PanelTimeSeriesSplit().split(table))``.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklstm import PanelTimeSeriesSplit
    >>> index = pd.MultiIndex.from_product([["north", "south"], [2021, 2022, 2023]], names=["store", "year"])
    >>> table = pd.DataFrame({"sales": [1.0, 2.0, 3.0, 10.0, 20.0, 30.0]}, index=index)
    >>> for train, test in PanelTimeSeriesSplit(n_splits=2, group="store").split(table):
    ...     print(train, test)
    [0 3] [1 4]
    [0 1 3 4] [2 5]

    >>> next(PanelTimeSeriesSplit(n_splits=3, group="store").split(table))
    Traceback (most recent call last):
        ...
    ValueError: PanelTimeSeriesSplit(n_splits=3) leaves folds without test rows: X has 3 distinct times, and needs at
    least 4, one for each test part and one to train on. Lower n_splits, or pass a longer panel.
    """

    _parameter_constraints = {
        "n_splits": [Interval(Integral, 2, None, closed="left")],
        "time": [str, Integral, tuple, None],
        "group": [str, Integral, tuple, None],
        "max_train_size": [Interval(Integral, 1, None, closed="left"), None],
        "test_size": [Interval(Integral, 1, None, closed="left"), None],
        "gap": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(self, n_splits=5, *, time=None, group=None, max_train_size=None, test_size=None, gap=0):
        self.n_splits = n_splits
        self.time = time
        self.group = group
        self.max_train_size = max_train_size
        self.test_size = test_size
        self.gap = gap

    def split(self, X, y=None, groups=None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the rows of each fold, in the order of the table.

        Parameters
        ----------
        X : DataFrame or Series of shape (n_rows, n_features)
            A panel, in any order of rows; or the Windows that LagFramer has made of one.
        y : None
            Ignored.
        groups : None
            Ignored: rows are cut by time alone.

        Yields
        ------
        train : ndarray of int of shape (n_train,)
            Positions of the rows to train on.
        test : ndarray of int of shape (n_test,)
            Positions of the rows to test on, all later.

        Raises
        ------
        ValueError
            If nothing tells the times, or there are too few of them for so many folds.
        """
        validate_parameter_constraints(self._parameter_constraints, vars(self), caller_name=type(self).__name__)
        ranks, distinct = self._read_times(X).factorize(sort=True)
        n_times = len(distinct)
        test_size = self._size_of_tests(n_times)
        for start in range(n_times - self.n_splits * test_size, n_times, test_size):
            stop = start - self.gap
            first = 0 if self.max_train_size is None else stop - self.max_train_size
            train = (first <= ranks) & (ranks < stop)
            test = (start <= ranks) & (ranks < start + test_size)
            yield np.flatnonzero(train), np.flatnonzero(test)

    def get_n_splits(self, X=None, y=None, groups=None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : None
            Ignored.

        Returns
        -------
        n_splits : int
            The parameter.
        """
        return self.n_splits

    def _read_times(self, X):
        """The time of each row, none of them missing."""
        who = type(self).__name__
        if isinstance(X, Windows) and X.times is not None:
            return pd.Index(X.times)
        if not isinstance(X, (pd.DataFrame, pd.Series)):
            raise ValueError(
                f"{who} cuts by time, got X of type {type(X).__name__}, which has no times. Pass a DataFrame whose "
                "index, or column time=, tells them; or make the folds of one for an array of the same rows: "
                f"cv=list({who}(...).split(table))."
            )
        _, index = read_series_index(who, X, self.group, self.time)
        times = index.times
        if times is not None:
            self._refuse_no_times(times, n_series=index.n_series)
            return times
        raise ValueError(
            f"{who}(group={self.group!r}) got X whose index is the group, and nothing else that tells when. Pass "
            "time=, the column that does."
        )

    def _refuse_no_times(self, times, n_series):
        """Raise where what should be times does not order rows in time."""
        who = type(self).__name__
        missing = times.isna()
        if missing.any():
            raise ValueError(
                f"{who} got no time (NaN) for row {int(np.argmax(missing))}. Drop the row, or give it its time."
            )
        if not tells_time(times) and not pd.api.types.is_float_dtype(times):
            raise ValueError(
                f"{who} expects times, or numbers that ascend with time, got {times[0]!r} in row 0, of type "
                f"{times.dtype}. Convert them, pd.to_datetime, or name another column or level: time=."
            )
        numbered = self.time is None and pd.api.types.is_integer_dtype(times)
        if numbered and n_series > 1 and times.is_unique:
            raise ValueError(
                f"{who}(group={self.group!r}) got {n_series} series, and an index in which no time comes twice: it "
                "seems to number the rows. Pass time=, the column or level that tells when."
            )

    def _size_of_tests(self, n_times):
        """Distinct times in each test part."""
        who, n_splits = type(self).__name__, self.n_splits
        test_size = n_times // (n_splits + 1) if self.test_size is None else self.test_size
        if test_size == 0:
            raise ValueError(
                f"{who}(n_splits={n_splits}) leaves folds without test rows: X has {n_times} distinct times, and needs "
                f"at least {n_splits + 1}, one for each test part and one to train on. Lower n_splits, or pass a "
                "longer panel."
            )
        needed = n_splits * test_size + self.gap
        if n_times <= needed:
            raise ValueError(
                f"{who}(n_splits={n_splits}, test_size={self.test_size}, gap={self.gap}) leaves the first fold without "
                f"training rows: X has {n_times} distinct times, and {n_splits} test parts of {test_size} with a gap "
                f"of {self.gap} before them take {needed}. Lower n_splits, test_size or gap, or pass a longer panel."
            )
        return test_size
