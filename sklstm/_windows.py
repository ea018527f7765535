"""Windows as views: a buffer of rows, and where in it each window starts. Pure NumPy."""

from collections.abc import Iterator
from typing import NamedTuple, Self

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.lib.stride_tricks import as_strided

# A chunk of windows that is gathered at once stays near this size, so that passing over all windows
# of a long series needs no more memory than a few processor caches.
CHUNK_BYTES = 4 * 2**20


class Roles(NamedTuple):
    """What some features of windows mean, beside the values of their time steps; positions of features.

    Attributes
    ----------
    static : tuple of int
        They do not change within a sample: its last time step says all.
    future : tuple of tuple of int
        What is known of the time steps ahead: for each of them, the nearest first, the features of a sample's last
        time step that hold its values.
    known : tuple of int
        Features whose values at later time steps `future` holds. They are values of their time steps, as others are.
    """

    static: tuple = ()
    future: tuple = ()
    known: tuple = ()

    @property
    def features(self):
        """All features that are no values of their time steps."""
        return [*self.static, *(feature for step in self.future for feature in step)]


class Windows(NDArrayOperatorsMixin):
    """Overlapping windows over a buffer of rows, gathered only when they are asked for.

    It behaves like an array of shape (n_samples, n_timesteps, n_features): ``shape``, ``len``, indexing, arithmetic,
    ``reshape`` and ``numpy.asarray``. Memory is that of the buffer, however long the windows are. Indexing by samples
    returns Windows; arithmetic and ``reshape`` return arrays.

    Parameters
    ----------
    buffer : ndarray of shape (n_buffer_rows, n_features)
        The rows that the windows look at.
    starts : ndarray or range of shape (n_samples,)
        Position in `buffer` of the first time step of each window.
    n_timesteps : int
        Length of every window.
    roles : Roles, optional
        Features that are static, or known ahead.
    times, groups : ndarray of shape (n_samples,), optional
        When each window ends, as numbers that ascend with time; and, in panels, the series that it is of.
    dilation : int, default=1
        Rows of the buffer from one time step of a window to the next: 2 for every second row.
    names : sequence of str of length n_features, optional
        Names of the features.

    See Also
    --------
    LagFramer : Makes windows of a series table, one for each row.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import Windows
    >>> windows = Windows(np.arange(5.0)[:, None], starts=np.array([0, 2]), n_timesteps=3)
    >>> windows.shape
    (2, 3, 1)
    >>> np.asarray(windows)[..., 0]
    array([[0., 1., 2.],
           [2., 3., 4.]])

    Time steps that lie two rows apart:

    >>> np.asarray(Windows(np.arange(6.0)[:, None], starts=[0, 1], n_timesteps=3, dilation=2))[..., 0]
    array([[0., 2., 4.],
           [1., 3., 5.]])
    """

    def __init__(self, buffer, starts, n_timesteps, roles=None, times=None, groups=None, dilation=1, names=None):
        self.buffer = buffer
        self._starts = starts if isinstance(starts, range) else np.asarray(starts, dtype=np.intp)
        self.n_timesteps = n_timesteps
        self.roles = roles or Roles()
        self.times = times
        self.groups = groups
        self.dilation = dilation
        self.names = None if names is None else tuple(names)

    @classmethod
    def from_array(cls, X, names=None) -> Self:
        """Windows over the rows of an array of shape (n_samples, n_timesteps, n_features).

        Where windows of `X` overlap in memory, as LagFramer's and sliding_window_view's do, each row
        is in the buffer once. Nothing is copied unless the rows of `X` lie scattered in memory.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_timesteps, n_features)
            Windows as an array.
        names : sequence of str of length n_features, optional
            Names of the features.

        Returns
        -------
        windows : Windows
            Over the memory of `X`, where that can be.
        """
        n_samples, n_timesteps, n_features = X.shape
        hop = _hop(X)
        if hop is None:
            X, hop = np.ascontiguousarray(X), n_timesteps
        n_rows = (n_samples - 1) * hop + n_timesteps
        strides = (n_features * X.itemsize, X.itemsize)
        buffer = as_strided(X, (n_rows, n_features), strides, writeable=False)
        return cls(buffer, np.arange(n_samples) * hop, n_timesteps, names=names)

    @property
    def starts(self) -> np.ndarray:
        """Position in `buffer` of the first time step of each window, an ndarray of shape (n_samples,)."""
        if isinstance(self._starts, range):
            # Where windows begin at every row, that need not be written down until someone asks.
            begin = self._starts
            self._starts = np.arange(begin.start, begin.stop, begin.step, dtype=np.intp)
        return self._starts

    @property
    def reach(self) -> int:
        """Number of buffer rows from the first time step of a window to its last, both included."""
        return 1 + (self.n_timesteps - 1) * self.dilation

    @property
    def shape(self) -> tuple[int, int, int]:
        """A tuple (n_samples, n_timesteps, n_features)."""
        return (len(self), self.n_timesteps, self.buffer.shape[1])

    @property
    def dtype(self) -> np.dtype:
        """That of the buffer."""
        return self.buffer.dtype

    @property
    def size(self) -> int:
        """Number of values in all windows."""
        return int(np.prod(self.shape))

    ndim = 3

    def __len__(self):
        return len(self._starts)

    def __repr__(self):
        names = "" if self.names is None else f", names={list(self.names)}"
        return f"Windows(shape={self.shape}, dtype={self.dtype}, over {len(self.buffer)} rows{names})"

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError("Windows cannot become one array without a copy.")
        return self.gather(slice(None)).astype(self.dtype if dtype is None else dtype, copy=False)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        arrays = [np.asarray(given) if isinstance(given, Windows) else given for given in inputs]
        return getattr(ufunc, method)(*arrays, **kwargs)

    def __getitem__(self, key):
        samples, *rest = key if isinstance(key, tuple) else (key,)
        if samples is Ellipsis or any(np.ndim(axis) for axis in rest):
            # Where several axes are indexed by arrays, NumPy's own rules decide.
            return np.asarray(self)[key]
        starts = self.starts[samples]
        if starts.ndim == 0:
            return self.buffer[starts : starts + self.reach : self.dilation][tuple(rest)]
        times, groups = (None if of is None else of[samples] for of in (self.times, self.groups))
        chosen = self._like(starts=starts, times=times, groups=groups)
        if all(axis is Ellipsis for axis in rest):
            return chosen
        return np.asarray(chosen)[(slice(None), *rest)]

    def gather(self, samples) -> np.ndarray:
        """The windows of some samples as one array.

        Parameters
        ----------
        samples : array-like or slice
            Which ones: indices, a mask or a slice.

        Returns
        -------
        windows : ndarray of shape (n_gathered, n_timesteps, n_features)
            A copy.
        """
        n_rows, n_features = self.buffer.shape
        row, item = self.buffer.strides
        # Windows from all rows, whether or not there are any such: to take from them copies whole windows at once.
        shape = (max(0, n_rows - self.reach + 1), self.n_timesteps, n_features)
        strides = (row, self.dilation * row, item)
        return as_strided(self.buffer, shape, strides, writeable=False)[self.starts[samples]]

    def chunks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """All windows, in chunks that take little memory.

        Yields
        ------
        samples : slice
            Which samples.
        windows : ndarray of shape (n_gathered, n_timesteps, n_features)
            Their windows.
        """
        window_bytes = max(1, self.n_timesteps * self.buffer.shape[1] * self.buffer.itemsize)
        size = max(1, CHUNK_BYTES // window_bytes)
        for first in range(0, len(self), size):
            samples = slice(first, first + size)
            yield samples, self.gather(samples)

    def shown(self) -> np.ndarray:
        """Rows of the buffer that lie in any window.

        Returns
        -------
        mask : ndarray of bool of shape (n_buffer_rows,)
            True for these rows.
        """
        n_rows, dilation = len(self.buffer), self.dilation
        n_padded = _padded(n_rows, dilation)
        begin = np.bincount(self.starts, minlength=n_padded)
        end = np.bincount(self.starts + self.n_timesteps * dilation, minlength=n_padded)
        return np.cumsum((begin - end).reshape(-1, dilation), axis=0).ravel()[:n_rows] > 0

    def count(self, rows) -> np.ndarray:
        """Count the time steps of each window that are among some rows of the buffer.

        Parameters
        ----------
        rows : ndarray of bool of shape (n_buffer_rows,)
            True for these rows.

        Returns
        -------
        counts : ndarray of int of shape (n_samples,)
            From 0 to n_timesteps.
        """
        dilation = self.dilation
        # Row r holds how many of the rows r - dilation, r - 2 * dilation, and so on, are True.
        before = np.zeros(_padded(len(rows), dilation), dtype=np.intp)
        before[dilation : dilation + len(rows)] = rows
        np.cumsum(before.reshape(-1, dilation), axis=0, out=before.reshape(-1, dilation))
        return before[self.starts + self.n_timesteps * dilation] - before[self.starts]

    def overlap(self) -> bool:
        """Whether two windows that follow one another share rows of the buffer.

        Returns
        -------
        overlap : bool
            Never across the series of a panel.
        """
        # Windows of several series may come in any order, and those that share rows are a multiple of dilation apart.
        starts = self.starts if self.groups is None and self.dilation == 1 else np.sort(self.starts)
        if self.dilation > 1:
            starts = starts[np.argsort(starts % self.dilation, kind="stable")]
        hops = np.diff(starts)
        return bool(((hops > 0) & (hops % self.dilation == 0) & (hops < self.reach)).any())

    def over(self, buffer) -> "Windows":
        """The same windows over another buffer, a scaled one, say.

        Parameters
        ----------
        buffer : ndarray of shape (n_buffer_rows, n_features)
            As many rows as there are.

        Returns
        -------
        windows : Windows
            With starts, roles, times, groups and names of these.
        """
        return self._like(buffer=buffer)

    def with_values(self, array) -> "Windows":
        """What is known of these samples, over other values.

        Parameters
        ----------
        array : ndarray of shape (n_samples, n_timesteps, n_features)
            The values of each sample.

        Returns
        -------
        windows : Windows
            With roles, times, groups and names of these.
        """
        other = Windows.from_array(array)
        return self._like(buffer=other.buffer, starts=other.starts, n_timesteps=other.n_timesteps, dilation=1)

    def with_roles(self, roles) -> "Windows":
        """The same windows, where some features have a meaning of their own.

        Parameters
        ----------
        roles : Roles
            Features that are static, or known ahead.

        Returns
        -------
        windows : Windows
            Over the same buffer.
        """
        return self._like(roles=roles)

    def with_names(self, names) -> "Windows":
        """Return the same windows with names of their features.

        Parameters
        ----------
        names : sequence of str of length n_features, or None
            Names of the features.

        Returns
        -------
        windows : Windows
            Over the same buffer.
        """
        return self._like(names=None if names is None else tuple(names))

    def of_series(self, starts, times, groups) -> "Windows":
        """Return windows over the same buffer with other starts, times and series.

        Parameters
        ----------
        starts : ndarray of int of shape (n_samples,)
            Position in `buffer` of the first time step of each window.
        times, groups : ndarray of shape (n_samples,), or None
            As for `Windows`.

        Returns
        -------
        windows : Windows
            With roles, dilation and names of these.
        """
        return self._like(starts=starts, times=times, groups=groups)

    def reshape(self, *shape) -> np.ndarray:
        """Return the windows as an array of another shape.

        Parameters
        ----------
        *shape : int or tuple of int
            As for `numpy.ndarray.reshape`.

        Returns
        -------
        array : ndarray
            A copy.
        """
        return np.asarray(self).reshape(*shape)

    def astype(self, dtype) -> "Windows":
        """Return the same windows over a buffer of another dtype.

        Parameters
        ----------
        dtype : dtype
            Such as ``numpy.float32``.

        Returns
        -------
        windows : Windows
            With starts, roles, times, groups and names of these.
        """
        return self.over(self.buffer.astype(dtype))

    def last(self, n_timesteps) -> "Windows":
        """The same windows, cut to their last time steps.

        Parameters
        ----------
        n_timesteps : int
            How many remain.

        Returns
        -------
        windows : Windows
            Over the same buffer.
        """
        starts = self.starts + (self.n_timesteps - n_timesteps) * self.dilation
        return self._like(starts=starts, n_timesteps=n_timesteps)

    def first(self, n_timesteps) -> "Windows":
        """The same windows, cut to their first time steps.

        Parameters
        ----------
        n_timesteps : int
            How many remain.

        Returns
        -------
        windows : Windows
            Over the same buffer.
        """
        return self._like(n_timesteps=n_timesteps)

    def every(self, dilation) -> "Windows":
        """The same windows with every so many of their time steps, counted back from the last one.

        Parameters
        ----------
        dilation : int
            Time steps from one that remains to the next.

        Returns
        -------
        windows : Windows
            Over the same buffer.
        """
        dropped, kept = (self.n_timesteps - 1) % dilation, (self.n_timesteps - 1) // dilation + 1
        starts = self.starts + dropped * self.dilation if dropped else self._starts
        return self._like(starts=starts, n_timesteps=kept, dilation=self.dilation * dilation)

    def without_dilation(self) -> "Windows":
        """The same windows with all rows between their first time step and their last.

        Returns
        -------
        windows : Windows
            Over the same buffer.
        """
        return self._like(n_timesteps=self.reach, dilation=1)

    def _like(self, **changed):
        """Windows that differ from these in what is given."""
        attributes = ("buffer", "n_timesteps", "roles", "times", "groups", "dilation", "names")
        same = {name: getattr(self, name) for name in attributes}
        return Windows(**same | {"starts": self._starts} | changed)

    def as_view(self) -> "np.ndarray | Windows":
        """The windows as a read-only array, where an array can say what they say.

        Returns
        -------
        windows : ndarray of shape (n_samples, n_timesteps, n_features), or Windows
            A view of the buffer. Themselves where they start at uneven distances, where time steps lie several rows
            apart, or where they know roles, times, groups or names.
        """
        # Read back from an array, rows between time steps would be lost, and with them what windows share.
        if self.reach > self.n_timesteps:
            return self
        if any(known is not None for known in (self.names, self.groups, self.times)) or self.roles != Roles():
            return self
        starts = self._starts
        hop = int(starts[1] - starts[0]) if len(self) > 1 else 0
        if hop < 0 or not (isinstance(starts, range) or np.all(np.diff(starts) == hop)):
            return self
        row, item = self.buffer.strides
        origin = self.buffer[starts[0] :] if len(self) else self.buffer
        return as_strided(origin, self.shape, (hop * row, row, item), writeable=False)


def _padded(n_rows, dilation):
    """Smallest multiple of `dilation` that has room for `n_rows` rows and `dilation` more."""
    return -(-(n_rows + dilation) // dilation) * dilation


def _hop(X):
    """Rows from the start of one window of `X` to the start of the next, where they share memory."""
    n_samples, n_timesteps, n_features = X.shape
    row = n_features * X.itemsize
    per_sample, per_step, per_feature = X.strides
    steps_adjoin = n_timesteps == 1 or per_step == row
    features_adjoin = n_features == 1 or per_feature == X.itemsize
    if not (X.size and steps_adjoin and features_adjoin):
        return None
    if n_samples == 1:
        return n_timesteps
    hop, remainder = divmod(per_sample, row)
    return hop if remainder == 0 and 0 < hop <= n_timesteps else None


def frame(rows, n_steps, breaks=(), contexts=None, slots=None):
    """One window per row, ending at that row; time steps before the start are NaN.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        A floating-point series table.
    n_steps : int
        Length of the windows.
    breaks : sequence of int
        Positions of rows that do not follow the row before them: no window reaches across.
    contexts : tuple (rows, gaps, context), optional
        Rows that begin anew but follow earlier ones, the number of time steps from the last of these to each (1: the
        row follows it), and the earlier ones, an ndarray of shape (n_following, n_context, n_features).
    slots : ndarray of int of shape (n_rows,), optional
        Time step of each row, ascending between breaks; time steps without a row are NaN. By default row after row.

    Returns
    -------
    windows : Windows of shape (n_rows, n_steps, n_features)
        Over a buffer in which the windows of each row end where the row is.
    """
    ends = row_positions(len(rows), n_steps, breaks, slots)
    buffer = np.full((ends[-1] + 1, rows.shape[1]), np.nan, dtype=rows.dtype)
    one_by_one = isinstance(ends, range)
    buffer[slice(ends.start, ends.stop) if one_by_one else ends] = rows
    if contexts is not None and len(contexts[0]):
        first, gaps, context = contexts
        n_context = context.shape[1]
        # Time steps back from each row. The nearest earlier one lies `gap` back, and a window shows n_steps - 1.
        back = np.asarray(gaps)[:, None] + np.arange(n_context)[::-1]
        shown = back < n_steps
        buffer[(np.asarray(ends)[first][:, None] - back)[shown]] = context[shown]
    return Windows(buffer, range(len(rows)) if one_by_one else ends - n_steps + 1, n_steps)


def row_positions(n_rows, n_steps, breaks=(), slots=None):
    """Where in its buffer `frame` puts each row: ascending, with room for a window before each that begins anew."""
    if len(breaks) == 0 and slots is None:
        return range(n_steps - 1, n_steps - 1 + n_rows)
    advance = np.ones(n_rows, dtype=np.intp)
    if slots is not None:
        advance[1:] = np.diff(slots)
    advance[[0, *breaks]] = n_steps
    return np.cumsum(advance) - 1
