import sys

import numpy as np
import pytest
from inline_snapshot import snapshot
from matplotlib import pyplot as plt
from refusal import refused
from sizes import EPOCHS, N_TIMESTEPS, UNITS
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from sklstm import LSTMClassifier, LSTMRegressor, SeriesForecaster
from sklstm.inspection import TrainingHistoryDisplay

HISTORY = {
    "loss": [0.9, 0.4, 0.2, 0.1],
    "mae": [0.8, 0.6, 0.5, 0.4],
    "val_loss": [1.0, 0.6, 0.5, 0.7],
    "val_mae": [0.9, 0.7, 0.6, 0.8],
}


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


class Trained(BaseEstimator):
    """What has a history, and nothing else."""

    def __init__(self, history=None):
        self.history = history

    def fit(self, X, y=None):
        self.history_ = HISTORY if self.history is None else self.history
        return self


@pytest.fixture(scope="module")
def network(waves):
    """A small network, trained with validation samples."""
    X, y = waves
    return LSTMRegressor(units=UNITS, epochs=EPOCHS, metrics=["mae"], validation=0.2, random_state=0).fit(X, y)


def test_lines():
    """Each list is a line over the epochs, counted from 1; the loss and each metric have a panel."""
    display = TrainingHistoryDisplay.from_history(HISTORY)
    assert list(display.lines_) == ["loss", "val_loss", "mae", "val_mae"]
    for name, line in display.lines_.items():
        np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4])
        np.testing.assert_array_equal(line.get_ydata(), HISTORY[name])
        assert line.axes is display.axes_[int(name.endswith("mae"))]
    assert [axes.get_ylabel() for axes in display.axes_] == ["loss", "mae"]
    assert display.figure_ is display.ax_.figure


@pytest.mark.parametrize(
    ("history", "best"),
    [
        (HISTORY, 3),
        ({"loss": [3, 1, 2]}, 2),
        ({"loss": [3, 2, 1], "val_loss": [np.nan, 2, 3]}, 2),
        ({"loss": [np.nan, np.nan]}, None),
    ],
    ids=["of the validation", "of the training", "not of NaN", "nothing but NaN"],
)
def test_best_epoch(history, best):
    """The best epoch is that of the lowest loss on validation samples, else of the lowest loss, and is marked."""
    display = TrainingHistoryDisplay.from_history(history)
    assert display.best_epoch_ == best
    labels = display.ax_.get_legend_handles_labels()[1]
    assert any(label.startswith(f"best: epoch {best}, ") for label in labels) == (best is not None)


@pytest.mark.parametrize(
    ("losses", "log", "scale"),
    [
        ([1.0, 0.1, 0.01], None, "log"),
        ([1.0, 0.5], None, "linear"),
        ([1.0, 0.0], None, "linear"),
        ([1.0, 0.01], False, "linear"),
        ([1.0, 0.5], True, "log"),
    ],
)
def test_logarithmic(losses, log, scale):
    """The loss has a logarithmic axis where it spans orders of magnitude, or where it is asked for."""
    assert TrainingHistoryDisplay.from_history({"loss": losses}, log=log).ax_.get_yscale() == scale


def test_from_estimator(network):
    """A fitted estimator draws what its history draws, and says that the loss is on the scaled target."""
    display = TrainingHistoryDisplay.from_estimator(network)
    assert display.history == network.history_
    assert list(display.lines_) == ["loss", "val_loss", "mae", "val_mae"]
    assert [axes.get_ylabel() for axes in display.axes_] == [
        "loss, on the scaled target",
        "mae, on the scaled target",
    ]
    same = TrainingHistoryDisplay.from_history(network.history_, scaled_target=True)
    for name, line in display.lines_.items():
        np.testing.assert_array_equal(line.get_ydata(), same.lines_[name].get_ydata())


def test_unscaled_target(waves):
    """Where the target is not scaled, and where it is a class, nothing is said about its scale."""
    X, y = waves
    for network, target in (
        (LSTMRegressor(units=UNITS, epochs=EPOCHS, target_scaler=None, window_scaler=None, random_state=0), y),
        (LSTMClassifier(units=UNITS, epochs=EPOCHS, random_state=0), y > 10),
    ):
        assert TrainingHistoryDisplay.from_estimator(network.fit(X, target)).ax_.get_ylabel() == "loss"


def _forecaster(trained):
    """What holds a Pipeline, as SeriesForecaster does."""
    holder = BaseEstimator()
    holder.pipeline_ = make_pipeline("passthrough", trained)
    return holder


def _search(_):
    X = np.arange(8.0)[:, None]
    search = GridSearchCV(Trained(), {"history": [HISTORY]}, cv=TimeSeriesSplit(2), scoring=lambda *_: 0.0)
    return search.fit(X, X[:, 0])


@pytest.mark.parametrize(
    "hold",
    [lambda trained: trained, lambda trained: make_pipeline("passthrough", trained), _forecaster, _search],
    ids=["itself", "a pipeline", "a forecaster", "a search"],
)
def test_whatever_holds_it(hold):
    """The history is found in a pipeline, a search and a forecaster."""
    display = TrainingHistoryDisplay.from_estimator(hold(Trained().fit(None)))
    assert display.history == HISTORY


def test_series_forecaster():
    """A real SeriesForecaster shows the history of its network."""
    series = 10 + np.sin(np.arange(40.0))
    forecaster = SeriesForecaster(n_steps=N_TIMESTEPS, units=UNITS, epochs=EPOCHS, random_state=0).fit(series)
    display = TrainingHistoryDisplay.from_estimator(forecaster)
    assert display.history == forecaster.pipeline_[-1].history_


def test_where_to_draw():
    """As many axes as panels are taken as they are; one is shared out."""
    _, axes = plt.subplots(1, 2)
    assert TrainingHistoryDisplay.from_history(HISTORY, ax=axes).axes_.tolist() == axes.tolist()
    _, (left, right) = plt.subplots(1, 2)
    display = TrainingHistoryDisplay.from_history(HISTORY, ax=right)
    assert len(display.axes_) == 2
    assert display.figure_ is right.figure
    assert left.lines[:] == right.lines[:] == []
    _, alone = plt.subplots()
    assert TrainingHistoryDisplay.from_history({"loss": [1.0]}, ax=alone).ax_ is alone


def test_nowhere_to_draw():
    """A wrong number of axes, and one that cannot be shared out, are refused."""
    _, axes = plt.subplots(1, 3)
    assert refused(TrainingHistoryDisplay.from_history, HISTORY, ax=axes) == snapshot(
        "TrainingHistoryDisplay draws 2 panels, got 3 axes. Pass 2, or one to be shared out."
    )
    free = plt.figure().add_axes((0.1, 0.1, 0.8, 0.8))
    assert refused(TrainingHistoryDisplay.from_history, HISTORY, ax=free) == snapshot(
        "TrainingHistoryDisplay draws 2 panels, got one Axes that is in no grid, so that it cannot be shared out. Pass "
        "2 axes, or one of plt.subplots()."
    )


def test_repr():
    """The representation counts epochs, and names what there is."""
    assert repr(TrainingHistoryDisplay(history=HISTORY)) == (
        "TrainingHistoryDisplay(4 epochs of loss, mae, val_loss, val_mae)"
    )
    assert repr(TrainingHistoryDisplay(history={"loss": [1.0]})) == "TrainingHistoryDisplay(1 epoch of loss)"


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (
            LSTMRegressor(),
            snapshot(
                "TrainingHistoryDisplay.from_estimator needs a fitted estimator, got LSTMRegressor that is not fitted. Call its fit first."
            ),
        ),
        (
            make_pipeline(LSTMRegressor()),
            snapshot(
                "TrainingHistoryDisplay.from_estimator needs a fitted estimator, got LSTMRegressor that is not fitted. Call its fit first."
            ),
        ),
        (
            Ridge(),
            snapshot(
                "TrainingHistoryDisplay.from_estimator needs a fitted estimator, got Ridge that is not fitted. Call its fit first."
            ),
        ),
    ],
    ids=["network", "pipeline", "any"],
)
def test_not_fitted(estimator, message):
    """What is not fitted has no history yet."""
    assert refused(TrainingHistoryDisplay.from_estimator, estimator, error=NotFittedError) == message


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (
            Ridge().fit([[1.0], [2.0]], [1.0, 2.0]),
            snapshot(
                "TrainingHistoryDisplay.from_estimator expects an estimator with a history_, or what ends in one, got Ridge. Pass LSTMRegressor, LSTMClassifier, KerasRegressor or KerasClassifier, or a Pipeline, a search or a SeriesForecaster of one."
            ),
        ),
        (
            make_pipeline("passthrough"),
            snapshot(
                "TrainingHistoryDisplay.from_estimator expects an estimator with a history_, or what ends in one, got Pipeline. Pass LSTMRegressor, LSTMClassifier, KerasRegressor or KerasClassifier, or a Pipeline, a search or a SeriesForecaster of one."
            ),
        ),
        (
            7,
            snapshot(
                "TrainingHistoryDisplay.from_estimator expects an estimator with a history_, or what ends in one, got int. Pass LSTMRegressor, LSTMClassifier, KerasRegressor or KerasClassifier, or a Pipeline, a search or a SeriesForecaster of one."
            ),
        ),
    ],
    ids=["another estimator", "a pipeline of none", "a number"],
)
def test_no_history(estimator, message):
    """What never has a history is refused."""
    assert refused(TrainingHistoryDisplay.from_estimator, estimator) == message


def test_a_search_without_refit():
    """A search that kept no estimator says so."""
    X = np.arange(8.0)[:, None]
    search = GridSearchCV(Ridge(), {"alpha": [1.0]}, cv=TimeSeriesSplit(2), refit=False).fit(X, X[:, 0])
    assert refused(TrainingHistoryDisplay.from_estimator, search) == snapshot(
        "TrainingHistoryDisplay.from_estimator needs the best estimator of GridSearchCV, which refit=False did not "
        "keep. Search with refit=True, or fit the estimator by itself."
    )


@pytest.mark.parametrize(
    ("history", "message"),
    [
        (
            {"acc": [1.0]},
            snapshot(
                "TrainingHistoryDisplay.from_history expects a dict with a list for 'loss', got one of ['acc']. Pass history_ of an estimator whose fit has run epochs."
            ),
        ),
        (
            [1.0],
            snapshot(
                "TrainingHistoryDisplay.from_history expects a dict with a list for 'loss', got list. Pass history_ of an estimator whose fit has run epochs."
            ),
        ),
        (
            {"loss": []},
            snapshot(
                "TrainingHistoryDisplay.from_history got a history of no epochs. Pass history_ of an estimator whose fit has run epochs."
            ),
        ),
        (
            {"loss": [1.0, 2.0], "val_loss": [1.0]},
            snapshot(
                "TrainingHistoryDisplay.from_history expects a value of each for every epoch, got lists of different lengths: loss 2, val_loss 1. Training went on with other metrics or another validation; draw those that are whole: from_history({'loss': history['loss']})."
            ),
        ),
    ],
    ids=["no loss", "a list", "no epochs", "lengths"],
)
def test_broken_history(history, message):
    """A history without a loss, without epochs or with holes is refused."""
    assert refused(TrainingHistoryDisplay.from_history, history) == message


def test_no_matplotlib(monkeypatch):
    """Without matplotlib it is said how to get it."""
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    assert refused(TrainingHistoryDisplay.from_history, HISTORY, error=ImportError) == snapshot(
        "TrainingHistoryDisplay.from_history needs matplotlib: pip install 'sklstm[plot]'"
    )
    assert refused(TrainingHistoryDisplay(history=HISTORY).plot, error=ImportError) == snapshot(
        "TrainingHistoryDisplay.plot needs matplotlib: pip install 'sklstm[plot]'"
    )
