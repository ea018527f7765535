"""Windows and other samples of three axes."""

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from refusal import refused
from sklearn.dummy import DummyRegressor

from sklstm import LagRegressor, Windows

NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    ("X", "n_timesteps", "n_features"),
    [
        (np.ones((4, 3, 2)), 3, 2),
        (np.ones((4, 3, 2)).tolist(), 3, 2),
        ([np.ones((3, 2))] * 4, 3, 2),
        ([pd.DataFrame({"a": [1, 2]})] * 4, 2, 1),
        (np.ones((4, 3)), 3, 1),
        (pd.DataFrame({"a": [1, 2, 3, 4]}), 1, 1),
        (Windows(np.ones((6, 2)), [0, 1, 3, 2], 3), 3, 2),
    ],
    ids=["array", "nested lists", "arrays", "tables", "rows", "table", "Windows"],
)
def test_samples(X, n_timesteps, n_features):
    """Whatever has windows of one length is taken for them; the columns of a table are time steps of one feature."""
    model = LagRegressor().fit(X, np.arange(4.0))
    assert model.n_timesteps_ == n_timesteps
    assert model.regressor_.n_features_in_ == n_timesteps * n_features
    assert model.predict(X).shape == (4,)


def test_faulty_windows():
    """Faulty windows are refused by the names of their axes."""
    faulty = [
        [[1, 2], [3]],
        np.ones(5),
        np.ones((1, 2, 3, 4)),
        np.ones((4, 0, 2)),
        np.array([[["wet"], ["dry"]]]),
        [[[1.0], [2.0]], [[3.0], [INF]]],
        [[[1.0, 2.0, 3.0]], [[NAN, 2.0, NAN]]],
    ]
    assert [refused(LagRegressor().fit, X, [1.0, 2.0]) for X in faulty] == snapshot(
        [
            "LagRegressor expects X of shape (n_samples, n_timesteps, n_features), got 2 sequences of different lengths. Put a SequencePadder before it.",
            "LagRegressor expects X of shape (n_samples, n_timesteps, n_features), got shape (5,). Reshape your data: LagFramer makes windows of a series, To3D adds an axis that is missing.",
            "LagRegressor expects X of shape (n_samples, n_timesteps, n_features), got shape (1, 2, 3, 4). Reshape your data: LagFramer makes windows of a series, To3D adds an axis that is missing.",
            "LagRegressor got an empty X: shape (4, 0, 2) is (n_samples, n_timesteps, n_features) and none of them may be 0.",
            "LagRegressor expects numbers, got text in column 0 of X: 'wet' in row 0. Encode the column as numbers, or drop it.",
            "LagRegressor got inf in X at sample 1, time step 1, feature 0. Replace it, or write NaN where nothing was observed.",
            "LagRegressor got a time step with some features missing: sample 1, time step 0, NaN in feature 0, 2. A time step is either observed in every feature or NaN in all of them: impute first, before the windows are framed.",
        ]
    )


@pytest.mark.parametrize("bad", [INF, NAN])
def test_rows_that_no_window_shows(bad):
    """Rows of the buffer that lie in no window are not looked at."""
    buffer = np.array([[1.0, 1.0], [2.0, 2.0], [bad, 3.0], [4.0, 4.0]])
    model = LagRegressor(DummyRegressor()).fit(Windows(buffer, [0], 2), [2.0])
    with pytest.raises(ValueError, match="sample 1, time step 0"):
        model.fit(Windows(buffer, [0, 2], 2), [2.0, 4.0])


def test_a_table_where_windows_were_fitted():
    """A table of as many columns as windows had features is no row of windows."""
    model = LagRegressor().fit(np.ones((4, 3, 2)), np.arange(4.0))
    assert refused(model.predict, np.ones((10, 2))) == snapshot(
        "LagRegressor was fitted on windows of 2 features, X of shape (n_samples, n_timesteps, 2), got X of shape (10, 2). Put LagFramer before it, which makes windows of rows; or To3D(n_steps=1), where each row is a sample of one time step."
    )
