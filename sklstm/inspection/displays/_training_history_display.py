"""TrainingHistoryDisplay: loss and metrics over the epochs of a training."""

from numbers import Integral
from typing import Self

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline

from sklstm.inspection.displays._axes import COLOURS, QUIET, count_whole, finish, grid_of, import_pyplot, make_panels

# A linear axis shows nothing of a curve below a fiftieth of its height.
LOG_FROM = 50
VALIDATION = "val_"


class TrainingHistoryDisplay:
    """Loss and metrics over the epochs of a training, and the best epoch.

    Use `from_estimator` or `from_history` to make one. There is a panel for the loss and one for each metric, and in
    each a line for the training samples and, where there are any, one for the validation samples.

    Parameters
    ----------
    history : dict of str to list of float
        Loss and metrics of each epoch, those on validation samples as ``val_loss`` and so on: the `history_` of an
        estimator.
    scaled_target : bool, default=False
        Whether they were computed on the scaled target, not in the units of y; the labels say so.

    Attributes
    ----------
    best_epoch_ : int
        The epoch, counted from 1, of the lowest ``val_loss``; of the lowest ``loss`` where there is no other.
    lines_ : dict of str to Line2D
        By the names of `history`.
    axes_ : ndarray of Axes of shape (n_panels,)
        The loss first, then a panel for each metric.
    ax_ : Axes
        The panel of the loss.
    figure_ : Figure
        Where they are.

    See Also
    --------
    ForecastDisplay : What came out of the training.
    sklearn.model_selection.LearningCurveDisplay : Scores over the number of samples.

    Examples
    --------
    >>> from sklstm.inspection import TrainingHistoryDisplay
    >>> history = {"loss": [0.9, 0.4, 0.2, 0.1], "val_loss": [1.0, 0.6, 0.5, 0.7]}
    >>> display = TrainingHistoryDisplay.from_history(history)
    >>> display
    TrainingHistoryDisplay(4 epochs of loss, val_loss)
    >>> display.best_epoch_
    3
    """

    def __init__(self, *, history, scaled_target=False):
        self.history = history
        self.scaled_target = scaled_target

    @classmethod
    def from_estimator(cls, estimator, *, log=None, ax=None) -> Self:
        """Draw the history of a fitted estimator.

        Parameters
        ----------
        estimator : estimator instance
            LSTMRegressor, LSTMClassifier or any other with a `history_`; or what holds one, all fitted: a Pipeline
            that ends in it, a search (its best one), a SeriesForecaster.
        log : bool, optional
            Whether the axes of the losses are logarithmic; by default where they span orders of magnitude.
        ax : Axes or array-like of Axes, optional
            Where to draw: as many as there are panels, or one whose place they share.

        Returns
        -------
        display : TrainingHistoryDisplay
            As drawn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If it has no history.
        """
        who = f"{cls.__name__}.from_estimator"
        import_pyplot(who)
        network = _find_network(who, estimator)
        display = cls(history=_check_history(who, network.history_), scaled_target=_scales_target(network))
        return display.plot(ax, log=log)

    @classmethod
    def from_history(cls, history, *, scaled_target=False, log=None, ax=None) -> Self:
        """Draw a history that is at hand.

        Parameters
        ----------
        history : dict of str to list of float
            As `history_` of an estimator, or `history` of what Keras' fit returns.
        scaled_target : bool, default=False
            Whether it was computed on the scaled target.
        log, ax
            As for `from_estimator`.

        Returns
        -------
        display : TrainingHistoryDisplay
            As drawn.

        Raises
        ------
        ValueError
            If it holds no loss, or lists of different lengths.
        """
        who = f"{cls.__name__}.from_history"
        import_pyplot(who)
        return cls(history=_check_history(who, history), scaled_target=scaled_target).plot(ax, log=log)

    def plot(self, ax=None, *, log=None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes or array-like of Axes, optional
            Where to draw: as many as there are panels, or one whose place they share.
        log : bool, optional
            Whether the axis of the losses is logarithmic; by default where they span orders of magnitude.

        Returns
        -------
        display : TrainingHistoryDisplay
            The display itself.
        """
        names = ["loss", *(name for name in self.history if name != "loss" and not self._is_twin(name))]
        self.axes_ = make_panels(type(self).__name__, ax, grid_of(len(names)), _figsize(len(names)))
        self.ax_ = self.axes_[0]
        self.figure_ = self.ax_.figure
        watched = "val_loss" if "val_loss" in self.history else "loss"
        self.best_epoch_ = _lowest(self.history[watched])
        self.lines_ = {}
        for name, axes in zip(names, self.axes_, strict=True):
            self._draw(axes, name)
        self._mark_best(watched)
        losses = np.concatenate([self.history[name] for name in ("loss", watched)])
        if log or (log is None and _spans_orders(losses)):
            self.ax_.set_yscale("log")
        for axes in self.axes_:
            finish(axes, legend=axes is self.ax_)
        return self

    def _is_twin(self, name):
        return name.startswith(VALIDATION) and name.removeprefix(VALIDATION) in self.history

    def _draw(self, axes, name):
        """A panel: a line for training, and one for validation."""
        twins = [(name, "training", COLOURS[1], 1.5), (VALIDATION + name, "validation", COLOURS[0], 2)]
        for twin, label, colour, width in twins:
            if twin in self.history:
                values = self.history[twin]
                marker = "o" if len(values) < 3 else None
                epochs = np.arange(1, len(values) + 1)
                (self.lines_[twin],) = axes.plot(
                    epochs, values, color=colour, linewidth=width, marker=marker, label=label
                )
        scaled = self.scaled_target and name != "learning_rate"
        axes.set(xlabel="epoch", ylabel=name.replace("_", " ") + (", on the scaled target" if scaled else ""))
        count_whole(axes.xaxis)

    def _mark_best(self, watched):
        if self.best_epoch_ is None:
            return
        for axes in self.axes_:
            axes.axvline(self.best_epoch_, color=QUIET, linewidth=1, linestyle="--", zorder=1)
        value = self.history[watched][self.best_epoch_ - 1]
        self.ax_.plot(
            self.best_epoch_,
            value,
            color=self.lines_[watched].get_color(),
            marker="o",
            markeredgecolor="white",
            linestyle="none",
            label=f"best: epoch {self.best_epoch_}, {value:.3g}",
            zorder=4,
        )

    def __repr__(self):
        n_epochs = len(next(iter(self.history.values()), ()))
        return f"{type(self).__name__}({n_epochs} epoch{'s' * (n_epochs != 1)} of {', '.join(self.history)})"


def _figsize(n_panels):
    return (7, 4) if n_panels == 1 else (10, 3.6 * -(-n_panels // 2))


def _lowest(values):
    """Epoch of the lowest value, from 1; None where none is a number."""
    values = np.asarray(values, dtype=float)
    return None if np.isnan(values).all() else int(np.nanargmin(values)) + 1


def _spans_orders(losses):
    losses = losses[np.isfinite(losses)]
    return losses.size > 0 and losses.min() > 0 and losses.max() > LOG_FROM * losses.min()


def _check_history(who, history):
    """The history, with lists of one length."""
    if not isinstance(history, dict) or "loss" not in history:
        got = f"one of {list(history)}" if isinstance(history, dict) else f"{type(history).__name__}"
        raise ValueError(
            f"{who} expects a dict with a list for 'loss', got {got}. Pass history_ of an estimator whose fit has run "
            "epochs."
        )
    lengths = {name: len(values) for name, values in history.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(
            f"{who} expects a value of each for every epoch, got lists of different lengths: {told}. Training went on "
            "with other metrics or another validation; draw those that are whole: "
            "from_history({'loss': history['loss']})."
        )
    if lengths["loss"] == 0:
        raise ValueError(f"{who} got a history of no epochs. Pass history_ of an estimator whose fit has run epochs.")
    return {name: list(values) for name, values in history.items()}


def _find_network(who, estimator):
    """What has a history, in whatever holds it."""
    while not hasattr(estimator, "history_"):
        if isinstance(estimator, Pipeline):
            inner = estimator.steps[-1][1]
        else:
            holders = ("best_estimator_", "pipeline_", "regressor_", "estimator_")
            inner = next((getattr(estimator, name) for name in holders if hasattr(estimator, name)), None)
        if inner is None or isinstance(inner, str):
            raise _no_history(who, estimator)
        estimator = inner
    return estimator


def _no_history(who, estimator):
    name = type(estimator).__name__
    if hasattr(estimator, "cv_results_"):
        return ValueError(
            f"{who} needs the best estimator of {name}, which refit=False did not keep. Search with refit=True, or fit "
            "the estimator by itself."
        )
    # What could have a history after its fit has no fitted state yet.
    may_be_fitted = hasattr(estimator, "fit") and not isinstance(estimator, Pipeline)
    if may_be_fitted and not any(attribute.endswith("_") for attribute in vars(estimator)):
        return NotFittedError(f"{who} needs a fitted estimator, got {name} that is not fitted. Call its fit first.")
    return ValueError(
        f"{who} expects an estimator with a history_, or what ends in one, got {name}. Pass LSTMRegressor, "
        "LSTMClassifier, KerasRegressor or KerasClassifier, or a Pipeline, a search or a SeriesForecaster of one."
    )


def _scales_target(network):
    """Whether the network learned another target than y itself."""
    relative = isinstance(getattr(network, "window_scaler", None), Integral)
    return relative or any(getattr(network, name, None) is not None for name in ("target_scaler_", "window_scaler_"))
