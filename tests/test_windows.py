"""Windows: they behave like an array, and copy nothing until necessary."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import KFold, cross_val_score
from sklearn.utils import _safe_indexing

from sklstm import Windows

SERIES = np.arange(24.0).reshape(12, 2)


def sliding(rows, n_timesteps):
    """NumPy's own windows over rows, of shape (n_samples, n_timesteps, n_features)."""
    return sliding_window_view(rows, n_timesteps, axis=0).swapaxes(1, 2)


@st.composite
def windows_and_starts(draw):
    """Windows at random places of a random buffer."""
    n_rows, n_features = draw(st.integers(1, 12)), draw(st.integers(1, 3))
    dilation = draw(st.integers(1, 4))
    reach = draw(st.integers(0, (n_rows - 1) // dilation)) * dilation + 1
    starts = draw(st.lists(st.integers(0, n_rows - reach), min_size=1, max_size=8))
    buffer = np.arange(float(n_rows * n_features)).reshape(n_rows, n_features)
    windows = Windows(buffer, starts, (reach - 1) // dilation + 1, dilation=dilation)
    assert windows.reach == reach
    return windows, np.stack([buffer[start : start + reach : dilation] for start in starts])


# --- from an array, and back ----------------------------------------------------------------------

ARRAYS = {
    "contiguous": SERIES.reshape(3, 4, 2),
    "overlapping": sliding(SERIES, 4),
    "overlapping with a hop": sliding(SERIES, 4)[::3],
    "with gaps between": sliding(SERIES, 2)[::5],
    "every second time step": SERIES.reshape(2, 6, 2)[:, ::2],
    "backwards": SERIES.reshape(3, 4, 2)[::-1],
    "one feature of two": SERIES.reshape(3, 4, 2)[:, :, 1:],
    "Fortran order": np.asfortranarray(SERIES.reshape(3, 4, 2)),
    "single sample": SERIES[None],
    "single time step": SERIES[:, None],
    "single feature": SERIES[:, :1].reshape(3, 4, 1),
    "overlapping single feature": sliding(SERIES[:, :1], 5),
    "all the same": np.broadcast_to(SERIES[:4], (3, 4, 2)),
    "no sample": SERIES.reshape(3, 4, 2)[:0],
    "no time step": SERIES.reshape(3, 4, 2)[:, :0],
    "no feature": SERIES.reshape(3, 4, 2)[:, :, :0],
    "float32": SERIES.reshape(3, 4, 2).astype(np.float32),
}


@pytest.mark.parametrize("X", ARRAYS.values(), ids=ARRAYS)
def test_from_array(X):
    """Windows of an array equal that array, whatever its memory layout."""
    windows = Windows.from_array(X)
    assert windows.shape == X.shape
    assert windows.dtype == X.dtype
    assert len(windows) == len(X)
    np.testing.assert_array_equal(np.asarray(windows), X)
    np.testing.assert_array_equal(windows.as_view(), X)


@pytest.mark.parametrize("layout", ["contiguous", "overlapping", "overlapping with a hop", "single sample"])
def test_from_array_copies_nothing(layout):
    """Windows of an array with adjacent rows share its memory."""
    X = ARRAYS[layout]
    windows = Windows.from_array(X)
    assert np.shares_memory(windows.buffer, X)
    assert np.shares_memory(windows.as_view(), X)


def test_overlapping_windows_keep_each_row_once():
    """The buffer of sliding windows has as many rows as the series."""
    assert Windows.from_array(sliding(SERIES, 5)).buffer.shape == SERIES.shape


@given(arrays(np.float64, st.tuples(*[st.integers(0, 4)] * 3), elements=st.floats(-9, 9)), st.permutations(range(3)))
def test_from_array_of_any_shape_and_order(X, axes):
    """Windows equal the array for every shape and every order of axes in memory."""
    X = X.transpose(axes)
    np.testing.assert_array_equal(np.asarray(Windows.from_array(X)), X)
    np.testing.assert_array_equal(Windows.from_array(X).as_view(), X)


# --- like an array --------------------------------------------------------------------------------

KEYS = [
    0,
    -1,
    np.int64(1),
    slice(None),
    slice(1, None, 2),
    slice(None, None, -1),
    slice(5, 5),
    [0, 2],
    [],
    np.array([2, 2, 0]),
    np.array([True, False, True]),
    Ellipsis,
    (0, ...),
    ([0, 2], ...),
    (slice(None), slice(None), 1),
    (slice(None), -1),
    (slice(None), -1, 0),
    (slice(None), slice(1, 3)),
    (slice(None), np.array([0, 1])),
    (slice(None), slice(None), [1, 0]),
    ([0, 1], [2, 3]),
    ([0, 1], [2, 3], [1, 1]),
    (np.array([True, False, True]), slice(None), 0),
    (0, slice(None), [0, 1]),
    (0, 1),
    (0, 1, 1),
    (..., 0),
    (..., slice(1)),
    ([2, 0], 1),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_indexing(key):
    """Indexing gives what NumPy gives, for every key."""
    array = sliding(SERIES, 4)[[0, 3, 8]]
    np.testing.assert_array_equal(Windows(SERIES, [0, 3, 8], 4)[key], array[key])


@given(windows_and_starts(), st.data())
def test_indexing_by_samples_is_free(case, data):
    """A selection of samples is Windows over the same buffer."""
    windows, array = case
    chosen = data.draw(st.lists(st.integers(-len(array), len(array) - 1)))
    part = windows[chosen]
    assert isinstance(part, Windows)
    assert part.buffer is windows.buffer
    np.testing.assert_array_equal(part, array[chosen])
    np.testing.assert_array_equal(windows.gather(chosen), array[chosen])


def test_an_index_too_large():
    """A sample that does not exist raises an IndexError, as for an array."""
    with pytest.raises(IndexError, match=r"^index 3 is out of bounds for axis 0 with size 3$"):
        Windows(SERIES, [0, 3, 8], 4)[3]


def test_iteration():
    """Iteration goes over all windows."""
    windows = Windows(SERIES, [0, 3], 4)
    np.testing.assert_array_equal(list(windows), np.asarray(windows))


def test_conversion():
    """numpy.asarray makes an array of the dtype of the buffer, or of a given one."""
    windows = Windows(SERIES, [0, 3], 4)
    assert np.asarray(windows).dtype == np.float64
    assert np.asarray(windows, dtype=np.float32).dtype == np.float32
    assert np.array(windows, copy=True).flags.writeable
    assert windows.ndim == np.ndim(windows) == 3


def test_conversion_without_a_copy():
    """numpy.asarray with copy=False raises an error."""
    with pytest.raises(ValueError, match=r"^Windows cannot become one array without a copy\.$"):
        np.asarray(Windows(SERIES, [0, 3], 4), copy=False)


def test_repr():
    """`repr` shows shape, dtype and the number of rows of the buffer."""
    assert repr(Windows(SERIES, [0, 3], 4)) == "Windows(shape=(2, 4, 2), dtype=float64, over 12 rows)"


def test_pickle():
    """Windows survive pickling."""
    windows = Windows(SERIES, [0, 3], 4)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(windows)), windows)


def test_scikit_learn_can_index_windows():
    """Cross-validation takes Windows as X, and passes Windows to each fit."""
    windows = Windows(SERIES, np.arange(9), 4)
    y = np.arange(9.0)
    assert isinstance(_safe_indexing(windows, [1, 2]), Windows)

    class Sees(DummyRegressor):
        def fit(self, X, y):
            assert isinstance(X, Windows)
            return super().fit(X, y)

    scores = cross_val_score(Sees(), windows, y, cv=KFold(3), scoring="neg_mean_absolute_error")
    np.testing.assert_allclose(scores, [-4.5, -2 / 3, -4.5])


# --- parts, and other buffers ---------------------------------------------------------------------


@given(windows_and_starts(), st.data())
def test_first_and_last(case, data):
    """`first` and `last` cut the array to its first or last time steps."""
    windows, array = case
    length = data.draw(st.integers(1, windows.n_timesteps))
    np.testing.assert_array_equal(windows.first(length), array[:, :length])
    np.testing.assert_array_equal(windows.last(length), array[:, -length:])


@given(windows_and_starts())
def test_over(case):
    """The windows over a doubled buffer are the doubled windows."""
    windows, array = case
    np.testing.assert_array_equal(windows.over(windows.buffer * 2), array * 2)


@given(windows_and_starts())
def test_shown(case):
    """`shown` marks the rows of the buffer that lie in a window."""
    windows, array = case
    np.testing.assert_array_equal(windows.shown(), np.isin(windows.buffer[:, 0], array[..., 0]))


@given(windows_and_starts(), st.data())
def test_count(case, data):
    """`count` says how many time steps of each window are among some rows."""
    windows, array = case
    rows = np.array(data.draw(st.lists(st.booleans(), min_size=len(windows.buffer), max_size=len(windows.buffer))))
    marked = np.isin(array[..., 0], windows.buffer[rows, 0])
    np.testing.assert_array_equal(windows.count(rows), marked.sum(axis=1))


@given(windows_and_starts(), st.integers(1, 4))
def test_every(case, dilation):
    """`every` keeps every so many time steps, back from the last."""
    windows, array = case
    np.testing.assert_array_equal(windows.every(dilation), array[:, ::-1][:, ::dilation][:, ::-1])


@given(windows_and_starts())
def test_without_dilation(case):
    """`without_dilation` shows all rows from the first time step to the last, and `every` takes them out again."""
    windows, array = case
    whole = windows.without_dilation()
    assert (whole.n_timesteps, whole.dilation) == (windows.reach, 1)
    np.testing.assert_array_equal(whole.every(windows.dilation), array)


@given(windows_and_starts())
def test_overlap(case):
    """Ascending windows overlap where two that start at different rows share rows."""
    windows, _ = case
    windows = windows[np.argsort(windows.starts)]
    distinct = np.unique(windows.starts)
    rows = [set(range(start, start + windows.reach, windows.dilation)) for start in distinct]
    shared = any(one & other for k, one in enumerate(rows) for other in rows[:k])
    assert windows.overlap() == shared


@given(windows_and_starts())
def test_other_values(case):
    """Windows with other values lie side by side, whatever the dilation was."""
    windows, array = case
    other = windows.with_values(-array)
    assert other.dilation == 1
    np.testing.assert_array_equal(other, -array)


def test_chunks(monkeypatch):
    """Chunks cover every window once, in order, and stay near their size in memory."""
    windows = Windows(SERIES, np.arange(9), 4)
    # A smaller size than that of the library: windows of several megabytes would make the test slow.
    monkeypatch.setattr("sklstm._windows.CHUNK_BYTES", 3 * windows[0].nbytes + 1)
    chunks = list(windows.chunks())
    assert [samples for samples, _ in chunks] == [slice(0, 3), slice(3, 6), slice(6, 9)]
    np.testing.assert_array_equal(np.concatenate([chunk for _, chunk in chunks]), np.asarray(windows))


def test_chunks_of_large_windows(monkeypatch):
    """A window that is larger than a chunk is a chunk."""
    monkeypatch.setattr("sklstm._windows.CHUNK_BYTES", 1)
    assert [len(chunk) for _, chunk in Windows(SERIES, np.arange(3), 4).chunks()] == [1, 1, 1]


# --- views ----------------------------------------------------------------------------------------


@given(windows_and_starts())
def test_as_view_holds_the_same(case):
    """as_view equals the windows."""
    windows, array = case
    np.testing.assert_array_equal(windows.as_view(), array)


@pytest.mark.parametrize("starts", [[0], [0, 1, 2], [1, 4, 7], [2, 2, 2], []], ids=str)
def test_as_view_of_even_hops(starts):
    """Windows that follow an even hop are a read-only view of their buffer."""
    view = Windows(SERIES, starts, 4).as_view()
    assert isinstance(view, np.ndarray)
    assert np.shares_memory(view, SERIES) or not starts
    assert not view.flags.writeable


@pytest.mark.parametrize("starts", [[0, 1, 3], [3, 2, 1]], ids=str)
def test_as_view_of_uneven_hops(starts):
    """Windows with uneven or negative hops stay Windows."""
    windows = Windows(SERIES, starts, 4)
    assert windows.as_view() is windows


def test_as_view_of_dilated_windows():
    """Windows whose time steps lie apart stay Windows, so that they do not forget the rows between."""
    windows = Windows(SERIES, [0, 1, 2], 3, dilation=2)
    assert windows.as_view() is windows


@pytest.mark.parametrize("buffer", [np.asfortranarray(SERIES), SERIES[::2], np.repeat(SERIES, 2, axis=1)[:, ::2]])
def test_as_view_of_a_scattered_buffer(buffer):
    """as_view is right for a buffer of any memory layout."""
    windows = Windows(buffer, [0, 1, 2], 3)
    np.testing.assert_array_equal(windows.as_view(), np.asarray(windows))


# --- names, and what arrays do --------------------------------------------------------------------

NAMED = Windows(SERIES, [0, 1, 2, 5], 4, names=["sales", "price"])
KEEPING_NAMES = {
    "samples": lambda windows: windows[1:],
    "over": lambda windows: windows.over(windows.buffer / 2),
    "with_values": lambda windows: windows.with_values(np.asarray(windows)),
    "with_roles": lambda windows: windows.with_roles(None),
    "of_series": lambda windows: windows.of_series([0, 1], np.arange(2), np.array(["a", "a"])),
    "last": lambda windows: windows.last(2),
    "first": lambda windows: windows.first(2),
    "every": lambda windows: windows.every(2),
    "without_dilation": lambda windows: windows.every(2).without_dilation(),
    "astype": lambda windows: windows.astype(np.float32),
    "as_view": lambda windows: windows[:3].as_view(),
    "pickle": lambda windows: pickle.loads(pickle.dumps(windows)),
}


@pytest.mark.parametrize("change", KEEPING_NAMES.values(), ids=KEEPING_NAMES)
def test_names_are_kept(change):
    """Whatever returns Windows returns them with the names of their features."""
    assert change(NAMED).names == ("sales", "price")


def test_names():
    """Windows have no names unless they are given."""
    assert Windows.from_array(np.asarray(NAMED)).names is None
    assert Windows.from_array(np.asarray(NAMED), ["sales", "price"]).names == NAMED.names
    assert NAMED.with_names(None).names is None
    assert repr(NAMED) == "Windows(shape=(4, 4, 2), dtype=float64, over 12 rows, names=['sales', 'price'])"


def test_arithmetic():
    """Windows take part in arithmetic, comparisons and functions of NumPy as their array does."""
    array = np.asarray(NAMED)
    np.testing.assert_array_equal(2 * NAMED - array.mean(), 2 * array - array.mean())
    np.testing.assert_array_equal(NAMED - NAMED.last(1), array - array[:, -1:])
    np.testing.assert_array_equal(NAMED > 5, array > 5)
    np.testing.assert_array_equal(np.sqrt(NAMED), np.sqrt(array))
    np.testing.assert_array_equal(np.nanmean(NAMED, axis=1), array.mean(axis=1))


def test_shape_and_type():
    """Windows are reshaped to arrays, and cast to Windows."""
    array = np.asarray(NAMED)
    for shape in ((4, -1), ((4, 8),)):
        np.testing.assert_array_equal(NAMED.reshape(*shape), array.reshape(4, 8))
    assert NAMED.size == array.size
    assert NAMED.astype(np.float32).dtype == np.float32
