"""Windows and other samples."""

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from net import Net
from refusal import refused

from sklstm import Windows
from sklstm._validation import (
    check_3d,
    check_windows,
)

NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    ("X", "shape"),
    [
        (np.ones((4, 3, 2)), (4, 3, 2)),
        (np.ones((4, 3, 2)).tolist(), (4, 3, 2)),
        ([np.ones((3, 2))] * 4, (4, 3, 2)),
        ([pd.DataFrame({"a": [1, 2]})] * 4, (4, 2, 1)),
        (np.ones((4, 3)), (4, 3, 1)),
        (pd.DataFrame({"a": [1, 2]}), (2, 1, 1)),
        (Windows(np.ones((6, 2)), [0, 1], 3), (2, 3, 2)),
    ],
)
def test_windows(X, shape):
    """Whatever has windows of one length becomes Windows; a table is one feature, its columns are time steps."""
    windows = check_windows(Net(), X, reset=True)
    assert isinstance(windows, Windows)
    assert windows.shape == shape
    assert windows.dtype == np.float64


def test_windows_are_views():
    """Float windows are looked at where they are."""
    X = np.ones((4, 3, 2), np.float32)
    assert np.shares_memory(check_windows(Net(), X, reset=True).buffer, X)


WINDOWS = [
    (
        [[1, 2], [3]],
        "Net expects X of shape (n_samples, n_timesteps, n_features), got 2 sequences of different lengths. "
        "Put a SequencePadder before it.",
    ),
    (
        np.ones(5),
        "Net expects X of shape (n_samples, n_timesteps, n_features), got shape (5,). "
        "Reshape your data: LagFramer makes windows of a series, To3D adds an axis that is missing.",
    ),
    (
        np.ones((1, 2, 3, 4)),
        "Net expects X of shape (n_samples, n_timesteps, n_features), got shape (1, 2, 3, 4). "
        "Reshape your data: LagFramer makes windows of a series, To3D adds an axis that is missing.",
    ),
    (
        np.ones((4, 0, 2)),
        "Net got an empty X: shape (4, 0, 2) is (n_samples, n_timesteps, n_features) and none of them may be 0.",
    ),
    (
        np.array([[["wet"], ["dry"]]]),
        "Net expects numbers, got text in column 0 of X: 'wet' in row 0. Encode the column as numbers, or drop it.",
    ),
    (
        [[[1.0], [2.0]], [[3.0], [INF]]],
        "Net got inf in X at sample 1, time step 1, feature 0. Replace it, or write NaN where nothing was observed.",
    ),
    (
        [[[1.0, 2.0, 3.0]], [[NAN, 2.0, NAN]]],
        "Net got a time step with some features missing: sample 1, time step 0, NaN in feature 0, 2. A time step is "
        "either observed in every feature or NaN in all of them: impute first, before the windows are framed.",
    ),
]


@pytest.mark.parametrize(("X", "message"), WINDOWS)
def test_faulty_windows(X, message):
    """Faulty windows are refused by the names of their axes."""
    assert refused(check_windows, Net(), X, reset=True) == message


@pytest.mark.parametrize("bad", [INF, NAN])
def test_rows_that_no_window_shows(bad):
    """What lies in the buffer but in no window is nobody's business."""
    buffer = np.array([[1.0, 1.0], [2.0, 2.0], [bad, 3.0], [4.0, 4.0]])
    assert len(check_windows(Net(), Windows(buffer, [0], 2), reset=True)) == 1
    assert "sample 1, time step 0" in refused(check_windows, Net(), Windows(buffer, [0, 2], 2), reset=True)


def test_partly_observed_windows_pass_for_scalers():
    """For 3D input alone, a time step may miss some features."""
    assert check_3d(Net(), np.array([[[1.0, NAN]]]), reset=True).shape == (1, 1, 2)


def test_a_table_where_windows_were_fitted():
    """A table of as many columns as windows had features is no row of windows."""
    net = Net()
    check_windows(net, np.ones((4, 3, 2)), reset=True)
    assert refused(check_windows, net, np.ones((10, 2)), reset=False) == snapshot(
        "Net was fitted on windows of 2 features, X of shape (n_samples, n_timesteps, 2), got X of shape (10, 2). Put "
        "LagFramer before it, which makes windows of rows; or To3D(n_steps=1), where each row is a sample of one time "
        "step."
    )
