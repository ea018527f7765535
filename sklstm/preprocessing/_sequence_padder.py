"""SequencePadder: sequences of different lengths to one array."""

from numbers import Integral, Real
from typing import Self

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from sklstm._fit_callbacks import as_task
from sklstm._validation import (
    FLOATS,
    check_3d,
    check_rows_as_sequences,
    check_sequences,
    is_ragged,
    n_dims,
    read_numbers,
    refuse_partly_observed,
    refuse_partly_observed_windows,
)
from sklstm._windows import Windows
from sklstm.preprocessing._base import SeriesTransformer, require_fitted


class SequencePadder(SeriesTransformer):
    """Pad and cut sequences of different lengths to one array of shape (n_samples, max_len, n_features).

    Padding is NaN, "not observed": no value of the data can be taken for it, and the network masks exactly
    those time steps. Windows that have the right length already, such as LagFramer's, pass untouched.

    Networks read features that are static, or known ahead, at the last time step. Whatever is added or cut after it,
    they stay what a sample's own last time step says.

    Parameters
    ----------
    max_len : int, optional
        Time steps of every padded sequence; by default those of the longest sequence seen in `fit`.
    padding : {"pre", "post"}, default="pre"
        Whether short sequences are padded before their first or after their last time step.
    truncating : {"pre", "post"}, default="pre"
        Whether long sequences lose their first or their last time steps.
    value : float, default=nan
        What padding is filled with, and with it time steps that were not observed. A number is for what takes no
        NaN, scikeras for one: choose one that is not in the data, and tell the network (`mask_value` of
        `sklstm.networks`, or a keras.layers.Masking).

    Attributes
    ----------
    max_len_ : int
        Time steps of every padded sequence.
    n_features_in_ : int
        Number of features of each time step.

    See Also
    --------
    SeriesScaler : Scale before padding: it takes ragged sequences as they are.

    Examples
    --------
    >>> from sklstm import SequencePadder
    >>> spoken = [[1, 2, 3, 4], [1, 2, 3], [1]]
    >>> SequencePadder().fit_transform(spoken)[..., 0]
    array([[ 1.,  2.,  3.,  4.],
           [nan,  1.,  2.,  3.],
           [nan, nan, nan,  1.]])
    >>> SequencePadder(max_len=2, padding="post", truncating="post", value=0).fit_transform(spoken)[..., 0]
    array([[1., 2.],
           [1., 2.],
           [1., 0.]])
    """

    _parameter_constraints = {
        "max_len": [Interval(Integral, 1, None, closed="left"), None],
        "padding": [StrOptions({"pre", "post"})],
        "truncating": [StrOptions({"pre", "post"})],
        "value": [Real],
    }

    def __init__(self, max_len=None, *, padding="pre", truncating="pre", value=np.nan):
        self.max_len = max_len
        self.padding = padding
        self.truncating = truncating
        self.value = value

    @as_task
    def fit(self, X, y=None) -> Self:
        """Learn the length of the longest sequence, unless `max_len` sets it.

        Parameters
        ----------
        X : list or object array of array-likes, or array
            Sequences of shape (n_timesteps_i, n_features) or (n_timesteps_i,); or windows of shape
            (n_samples, n_timesteps, n_features); or rows that are sequences of one feature, of shape
            (n_samples, n_timesteps).
        y : None
            Ignored.

        Returns
        -------
        self : SequencePadder
            The fitted padder.

        Raises
        ------
        ValueError
            If a sequence is empty, holds text or infinity, or has other features than the first.
        """
        self._validate_params()
        samples = self._read(X, reset=True)
        self.max_len_ = self.max_len or (max(map(len, samples)) if isinstance(samples, list) else samples.shape[1])
        return self

    def transform(self, X):
        """Pad and cut the sequences.

        Parameters
        ----------
        X : list or object array of array-likes, or array
            As in `fit`, with the same features.

        Returns
        -------
        windows : ndarray or Windows of shape (n_samples, n_timesteps, n_features)
            Of `max_len_` time steps; a view where X is an array that is long enough. Windows where the sequences name
            their features. float32 where all of X is, else float64.

        Raises
        ------
        ValueError
            If a sequence is empty, has other features than in `fit`, or is observed only in part.
        """
        require_fitted(self)
        samples = self._read(X, reset=False)
        if isinstance(samples, list):
            for k, sequence in enumerate(samples):
                refuse_partly_observed(type(self).__name__, sequence, X[k], of=f" of sequence {k}")
            padded = self._pad(samples)
            names = getattr(self, "feature_names_in_", None)
            return self._filled(padded if names is None else Windows.from_array(padded, names))
        refuse_partly_observed_windows(type(self).__name__, samples)
        if samples.shape[1] == self.max_len_ and getattr(X, "ndim", None) == 3 and X.dtype in FLOATS:
            return self._filled(X)
        return self._filled(self._lengthen(samples) if samples.shape[1] < self.max_len_ else self._cut(samples))

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Names of the features of each time step.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the features, where `fit` saw none.

        Returns
        -------
        names : ndarray of str
            The names that came in.
        """
        check_is_fitted(self)
        return _check_feature_names_in(self, input_features)

    def _read(self, X, *, reset):
        """Windows for an array, else a list of sequences of shape (n_timesteps_i, n_features)."""
        if is_ragged(X):
            return check_sequences(self, X, reset=reset)
        X = read_numbers(X)
        if n_dims(X) == 3:
            return check_3d(self, X, reset=reset)
        if n_dims(X) == 2:
            return check_rows_as_sequences(self, X, reset=reset)
        raise ValueError(
            "SequencePadder expects a list of sequences, or X of shape (n_samples, n_timesteps, n_features), "
            f"got shape {np.shape(X)}. Reshape your data: [X] is one sequence."
        )

    def _lengthen(self, samples):
        """Windows that are too short, padded; a view where an array says all that they say."""
        padded = self._pad(np.asarray(samples))
        if self.padding == "post":
            _carry_roles(padded, samples, first=samples.shape[1])
        return samples.with_values(padded).as_view()

    def _cut(self, samples):
        """Windows that are long enough, without what is too much; over the same rows where that can be."""
        if self.truncating == "pre":
            return samples.last(self.max_len_).as_view()
        windows = samples.first(self.max_len_)
        if samples.roles.features:
            # Of windows that overlap, one's last time step lies amid others: each needs its own.
            values = np.asarray(windows)
            _carry_roles(values, samples, first=self.max_len_ - 1)
            windows = windows.with_values(values)
        return windows.as_view()

    def _filled(self, windows):
        """Windows in which nothing is NaN, where `value` is a number; their buffer is filled, so they stay a view."""
        if np.isnan(self.value):
            return windows
        windows = windows if isinstance(windows, Windows) else Windows.from_array(windows)
        return windows.over(np.nan_to_num(windows.buffer, nan=self.value)).as_view()

    def _pad(self, sequences):
        shape = (len(sequences), self.max_len_, self.n_features_in_)
        padded = np.full(shape, self.value, dtype=sequences[0].dtype)
        for sample, sequence in enumerate(sequences):
            kept = sequence[-self.max_len_ :] if self.truncating == "pre" else sequence[: self.max_len_]
            where = slice(self.max_len_ - len(kept), None) if self.padding == "pre" else slice(len(kept))
            padded[sample, where] = kept
        return padded


def _carry_roles(values, samples, first):
    """Put features that have a role, as the last time step of each sample has them, from time step `first` on."""
    features = samples.roles.features
    values[:, first:, features] = np.asarray(samples.last(1))[:, :, features]
