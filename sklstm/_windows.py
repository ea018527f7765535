"""Windows as views: a buffer of rows, and where in it each window starts. Pure NumPy."""

from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

# A chunk of windows that is gathered at once stays near this size, so that passing over all windows
# of a long series needs no more memory than a few processor caches.
CHUNK_BYTES = 4 * 2**20


class Windows:
    """Overlapping windows over a buffer of rows, gathered only when they are asked for.

    It behaves like an array of shape (n_samples, n_timesteps, n_features) as far as scikit-learn needs
    one: ``shape``, ``len``, indexing by samples, and ``numpy.asarray``. Memory is that of the buffer,
    however long the windows are.

    Parameters
    ----------
    buffer : ndarray of shape (n_buffer_rows, n_features)
        The rows that the windows look at.
    starts : ndarray of shape (n_samples,)
        Position in `buffer` of the first time step of each window.
    n_timesteps : int
        Length of every window.

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
    """

    def __init__(self, buffer, starts, n_timesteps):
        self.buffer = buffer
        self.starts = np.asarray(starts, dtype=np.intp)
        self.n_timesteps = n_timesteps

    @classmethod
    def from_array(cls, X):
        """Windows over the rows of an array of shape (n_samples, n_timesteps, n_features).

        Where windows of `X` overlap in memory, as LagFramer's and sliding_window_view's do, each row
        is in the buffer once. Nothing is copied unless the rows of `X` lie scattered in memory.
        """
        n_samples, n_timesteps, n_features = X.shape
        hop = _hop(X)
        if hop is None:
            X, hop = np.ascontiguousarray(X), n_timesteps
        n_rows = (n_samples - 1) * hop + n_timesteps
        strides = (n_features * X.itemsize, X.itemsize)
        buffer = as_strided(X, (n_rows, n_features), strides, writeable=False)
        return cls(buffer, np.arange(n_samples) * hop, n_timesteps)

    @property
    def shape(self):
        return (len(self.starts), self.n_timesteps, self.buffer.shape[1])

    @property
    def dtype(self):
        return self.buffer.dtype

    ndim = 3

    def __len__(self):
        return len(self.starts)

    def __repr__(self):
        return f"Windows(shape={self.shape}, dtype={self.dtype}, over {len(self.buffer)} rows)"

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError("Windows cannot become one array without a copy.")
        return self.gather(slice(None)).astype(self.dtype if dtype is None else dtype, copy=False)

    def __getitem__(self, key):
        samples, *rest = key if isinstance(key, tuple) else (key,)
        if samples is Ellipsis or any(np.ndim(axis) for axis in rest):
            # Where several axes are indexed by arrays, NumPy's own rules decide.
            return np.asarray(self)[key]
        starts = self.starts[samples]
        if starts.ndim == 0:
            return self.buffer[starts : starts + self.n_timesteps][tuple(rest)]
        chosen = Windows(self.buffer, starts, self.n_timesteps)
        if all(axis is Ellipsis for axis in rest):
            return chosen
        return np.asarray(chosen)[(slice(None), *rest)]

    def gather(self, samples):
        """The windows of these samples (indices, mask or slice) as one array."""
        n_rows, n_features = self.buffer.shape
        row, item = self.buffer.strides
        # Windows from all rows, whether or not there are any such: to take from them copies whole windows at once.
        shape = (max(0, n_rows - self.n_timesteps + 1), self.n_timesteps, n_features)
        return as_strided(self.buffer, shape, (row, row, item), writeable=False)[self.starts[samples]]

    def chunks(self):
        """Yield ``(samples, windows)``: slices of samples, each with its windows as an array."""
        window_bytes = max(1, self.n_timesteps * self.buffer.shape[1] * self.buffer.itemsize)
        size = max(1, CHUNK_BYTES // window_bytes)
        for first in range(0, len(self), size):
            samples = slice(first, first + size)
            yield samples, self.gather(samples)

    def shown(self):
        """Mask of shape (n_buffer_rows,): the rows of the buffer that lie in any window."""
        n_rows = len(self.buffer)
        begin = np.bincount(self.starts, minlength=n_rows + 1)
        end = np.bincount(self.starts + self.n_timesteps, minlength=n_rows + 1)
        return np.cumsum(begin - end)[:n_rows] > 0

    def overlap(self):
        """Whether a window begins before the one before it has ended, among the same rows."""
        hops = np.diff(self.starts)
        return bool(((hops > 0) & (hops < self.n_timesteps)).any())

    def over(self, buffer):
        """The same windows over another buffer (scaled, say) of as many rows."""
        return Windows(buffer, self.starts, self.n_timesteps)

    def last(self, n_timesteps):
        """The same windows, cut to their last `n_timesteps` time steps."""
        return Windows(self.buffer, self.starts + self.n_timesteps - n_timesteps, n_timesteps)

    def first(self, n_timesteps):
        """The same windows, cut to their first `n_timesteps` time steps."""
        return Windows(self.buffer, self.starts, n_timesteps)

    def as_view(self):
        """The windows as a read-only array view, or themselves where their starts follow no even hop."""
        hop = int(self.starts[1] - self.starts[0]) if len(self) > 1 else 0
        if hop < 0 or np.any(np.diff(self.starts) != hop):
            return self
        row, item = self.buffer.strides
        origin = self.buffer[self.starts[0] :] if len(self) else self.buffer
        return as_strided(origin, self.shape, (hop * row, row, item), writeable=False)


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


def frame(rows, n_steps, breaks=(), context=None):
    """One window per row, ending at that row; time steps before the start are NaN.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        A floating-point series table.
    n_steps : int
        Length of the windows.
    breaks : sequence of int
        Positions of rows that do not follow the row before them: no window reaches across.
    context : ndarray of shape (n_context, n_features), optional
        The rows just before the first one; no more than the last ``n_steps - 1`` of them are seen.

    Returns
    -------
    windows : read-only ndarray view, or Windows where there are breaks
        Of shape (n_rows, n_steps, n_features).
    """
    n_rows, n_features = rows.shape
    before = n_steps - 1
    buffer = np.full((n_rows + (1 + len(breaks)) * before, n_features), np.nan, dtype=rows.dtype)
    edges = [0, *breaks, n_rows]
    for segment, (first, stop) in enumerate(pairwise(edges), start=1):
        buffer[first + segment * before : stop + segment * before] = rows[first:stop]
    if context is not None:
        context = context[max(0, len(context) - before) :]
        buffer[before - len(context) : before] = context
    if len(breaks) == 0:
        return sliding_window_view(buffer, n_steps, axis=0).transpose(0, 2, 1)
    segments = np.repeat(np.arange(len(edges) - 1), np.diff(edges))
    return Windows(buffer, np.arange(n_rows) + segments * before, n_steps)
