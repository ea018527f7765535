"""To3D: whatever comes in, (n_samples, n_timesteps, n_features) comes out."""

from numbers import Integral
from typing import Self

import numpy as np
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from sklstm._fit_callbacks import as_task
from sklstm._lag_names import columns_without_number, read_lag_columns, read_numbered_columns
from sklstm._validation import FLOATS, check_3d, check_series_table, n_dims, stack_sequences
from sklstm._windows import Windows
from sklstm.preprocessing._base import SeriesTransformer, require_fitted


class To3D(SeriesTransformer):
    """Give X the shape that an LSTM takes: (n_samples, n_timesteps, n_features).

    What has three axes already passes untouched. A table has two, and which of them is missing cannot be
    seen: it has to be said, unless the names of the columns say it, in any order: lags (``A(t-1)``, ``A(t)``), or
    several features with numbered time steps (``spend_1``, ``bonus_1``, ``spend_2``, ``bonus_2``).

    Parameters
    ----------
    n_features : int, optional
        Number of features. 1: the columns are time steps. More: the columns hold all features of the first
        time step, then all of the second, and so on, whatever numbers are in their names.
    n_steps : int, optional
        Number of time steps. 1: the columns are features of a single time step. Else as for `n_features`.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of a table; number of features of what has three axes.
    shape_ : tuple (n_timesteps, n_features)
        Shape of each sample.

    See Also
    --------
    SequencePadder : Makes ragged sequences one array.
    LagFramer : Makes windows of a series.

    Notes
    -----
    Numbered names end in the number, after ``_``, a blank, ``.`` or nothing. Time steps ascend by number, and features
    are in order of their first appearance. Every feature has to have the same time steps. Columns of a single name,
    ``sensor_1`` to ``sensor_8``, may be time steps as well as features, and names of lags (``sales_lag_1``) count back
    in time: both are left to `n_features` and `n_steps`.

    A table whose rows are the time steps of a single sample becomes that sample where both `n_steps` and
    `n_features` say so. A table of many windows' worth of rows is no case for reshaping: LagFramer frames
    it, and keeps a sample for every row.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklstm import To3D
    >>> table = np.zeros((100, 12))
    >>> To3D(n_features=1).fit_transform(table).shape  # 12 time steps
    (100, 12, 1)
    >>> To3D(n_steps=1).fit_transform(table).shape  # 12 features
    (100, 1, 12)
    >>> To3D(n_features=4).fit_transform(table).shape  # 3 time steps of 4 features
    (100, 3, 4)

    >>> lags = pd.DataFrame({"A(t)": [3], "A(t-1)": [1], "B(t-1)": [2], "B(t)": [4]})
    >>> np.asarray(To3D().fit_transform(lags))
    array([[[1., 2.],
            [3., 4.]]])

    >>> customers = pd.DataFrame({"spend_1": [5], "spend_2": [6], "bonus_1": [0], "bonus_2": [1]})
    >>> np.asarray(To3D().fit_transform(customers))
    array([[[5., 0.],
            [6., 1.]]])

    >>> To3D(n_features=2, n_steps=10).fit_transform(np.zeros((10, 2))).shape  # one sample
    (1, 10, 2)

    >>> To3D().fit(table)
    Traceback (most recent call last):
        ...
    ValueError: To3D cannot tell what the 12 columns of X, of shape (100, 12), are. If they are time steps of one
    feature: To3D(n_features=1) makes (100, 12, 1). If they are features at one time step: To3D(n_steps=1) makes
    (100, 1, 12). If they are both, time step after time step: To3D(n_features=...) with a divisor of 12. If X is a
    series, put LagFramer before To3D.
    """

    _parameter_constraints = {
        "n_features": [Interval(Integral, 1, None, closed="left"), None],
        "n_steps": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(self, n_features=None, n_steps=None):
        self.n_features = n_features
        self.n_steps = n_steps

    @as_task
    def fit(self, X, y=None) -> Self:
        """Learn what the columns of X are.

        Parameters
        ----------
        X : array-like
            Windows of shape (n_samples, n_timesteps, n_features), a table of shape (n_samples, n_columns),
            or the values of a single sample, of shape (n_timesteps,).
        y : None
            Ignored.

        Returns
        -------
        self : To3D
            The fitted transformer.

        Raises
        ------
        ValueError
            If the axes cannot be told apart, or X does not have the shape that the parameters promise.
        """
        self._validate_params()
        self._shape(X, reset=True)
        return self

    def transform(self, X):
        """Give X its three axes.

        Parameters
        ----------
        X : array-like
            As in `fit`.

        Returns
        -------
        windows : ndarray or Windows of shape (n_samples, n_timesteps, n_features)
            X itself where it has three axes, else a view or a copy: Windows where the columns name the features.

        Raises
        ------
        ValueError
            If X does not have the columns that it had in `fit`.
        """
        require_fitted(self)
        return self._shape(X, reset=False)

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Names of the features of each time step.

        Parameters
        ----------
        input_features : array-like of str, optional
            Ignored: the names are those that the columns tell, or ``x0``, ``x1``, and so on.

        Returns
        -------
        names : ndarray of str of shape (n_features,)
            One for each feature.
        """
        check_is_fitted(self)
        names = self._named_columns[1] if self._named_columns else [f"x{k}" for k in range(self.shape_[1])]
        return np.array(names, dtype=object)

    def _shape(self, X, *, reset):
        X = stack_sequences("To3D", X)
        if n_dims(X) == 3:
            windows = check_3d(self, X, reset=reset)
            self._expect(windows.shape)
            if reset:
                self._named_columns, self.shape_ = None, windows.shape[1:]
            return X if X.dtype in FLOATS else windows.as_view()
        if n_dims(X) > 3:
            raise ValueError(
                f"To3D expects X of at most 3 dimensions, got shape {X.shape}. "
                "Bring further axes into the features: X.reshape(n_samples, n_timesteps, -1)."
            )
        one_sample = n_dims(X) == 1
        table = check_series_table(self, np.reshape(X, (1, -1)) if one_sample else X, reset=reset)
        if reset:
            self._named_columns = self._read_names()
            self.shape_ = self._sample_shape(table.shape, n_features=1 if one_sample else None)
        if table.size == np.prod(self.shape_) and len(table) == self.shape_[0] > 1:
            return self._with_names(table[None])
        if table.shape[1] != np.prod(self.shape_):
            raise ValueError(
                f"{self._name()} was fitted on one sample with a row for each of its {self.shape_[0]} time steps, "
                f"got X of shape {table.shape}. Pass as many rows, or samples with three axes."
            )
        if self._named_columns:
            table = table[:, self._named_columns[0]]
        return self._with_names(table.reshape(len(table), *self.shape_))

    def _with_names(self, array):
        """Windows that know the names of their features, where the columns of the table name them."""
        names = self._named_columns[1] if self._named_columns else getattr(self, "feature_names_in_", ())
        return Windows.from_array(array, names) if len(names) == array.shape[2] else array

    def _read_names(self):
        """Order of the columns and features, where the names of the columns tell; else None."""
        names = getattr(self, "feature_names_in_", ())
        lags = read_lag_columns("To3D", names)
        if lags is not None or self.n_features is not None or self.n_steps is not None:
            return lags
        return read_numbered_columns("To3D", names)

    def _sample_shape(self, table_shape, n_features=None):
        """(n_timesteps, n_features) of each sample of a table, by the parameters or by the names of its columns."""
        n_rows, n_columns = table_shape
        n_features, n_steps = self.n_features or n_features, self.n_steps
        if self._named_columns:
            n_features = len(self._named_columns[1])
            shape = (n_columns // n_features, n_features)
            self._expect((n_rows, *shape))
            return shape
        if n_columns == 1 and n_features is None and n_steps is None:
            return (1, 1)
        if n_features is None and n_steps is None:
            raise ValueError(
                f"To3D cannot tell what the {n_columns} columns of X, of shape {table_shape}, are. "
                f"If they are time steps of one feature: To3D(n_features=1) makes {(n_rows, n_columns, 1)}. "
                f"If they are features at one time step: To3D(n_steps=1) makes {(n_rows, 1, n_columns)}. "
                "If they are both, time step after time step: To3D(n_features=...) with a divisor of "
                f"{n_columns}. If X is a series, put LagFramer before To3D.{self._hint()}"
            )
        if n_features is None:
            n_features = n_columns // n_steps
        if n_steps is None:
            n_steps = n_columns // n_features
        if table_shape != (n_steps, n_features) and n_steps * n_features != n_columns:
            raise ValueError(
                f"{self._name()} expects a table with a column for each feature of each time step, got X of shape "
                f"{table_shape}: {n_columns} columns do not divide that way. "
                "If X is a series, put LagFramer before To3D."
            )
        return (n_steps, n_features)

    def _hint(self):
        """What keeps the names of the columns from telling, where it is little."""
        others = columns_without_number(getattr(self, "feature_names_in_", ()))
        if not others:
            return ""
        return (
            f" All columns but {', '.join(map(repr, others))} are named like features at numbered time steps: without "
            "what has no number To3D() takes them as such."
        )

    def _expect(self, shape):
        """Raise where X, of this 3D shape, is not what the parameters promise."""
        for asked, axis, name in ((self.n_steps, 1, "n_steps"), (self.n_features, 2, "n_features")):
            if asked is not None and shape[axis] != asked:
                raise ValueError(
                    f"{self._name()} got X of shape {shape} (n_samples, n_timesteps, n_features), which has "
                    f"{shape[axis]} on the axis of {name}. Leave {name} out, or mend the shape of X."
                )

    def _name(self):
        asked = {"n_features": self.n_features, "n_steps": self.n_steps}
        return f"To3D({', '.join(f'{name}={value}' for name, value in asked.items() if value is not None)})"
