"""scikit-learn's own callbacks (1.9 and newer): progress bars and monitors see each fit as a task, and its epochs."""

from collections.abc import Callable
from functools import wraps
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeVar

Fit = TypeVar("Fit", bound=Callable)

if not TYPE_CHECKING and find_spec("sklearn.callback"):
    from sklearn.callback import CallbackSupportMixin, with_callbacks
else:
    # scikit-learn before 1.9 has no callbacks, and to type checkers a method is what it was.
    class CallbackSupportMixin:
        """Nothing to support."""

    def with_callbacks(method: Fit) -> Fit:
        """Leave a method as it is."""
        return method


__all__ = ["CallbackSupportMixin", "FitTasks", "as_task", "with_callbacks"]


class FitTasks:
    """Tell scikit-learn's callbacks, where there are any, of the fit and of its epochs.

    Parameters
    ----------
    estimator : estimator
        Being fitted.
    X, y : array-like
        What it is fitted on.
    epochs : int or "auto", default=0
        Number of epochs that are planned; "auto" if it follows from the training samples.
    """

    def __init__(self, estimator, X, y, epochs=0):
        self.estimator = estimator
        self.data = {"X": X, "y": y}
        self.root = self.epoch = None
        if getattr(estimator, "_skl_callbacks", None):
            self.root = estimator._init_callback_context(max_subtasks=None if epochs == "auto" else epochs)
            self.root.call_on_fit_task_begin(estimator=estimator, **self.data)

    def begin_epoch(self):
        """An epoch begins."""
        self.epoch = self.root.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def end_epoch(self, attributes):
        """An epoch has ended; ``attributes()`` is what the estimator would have been fitted to. True: stop here."""
        return self.epoch.call_on_fit_task_end(
            estimator=self.estimator, **self.data, reconstruction_attributes=attributes
        )

    def end(self):
        """The fit has ended."""
        if self.root is not None:
            self.root.call_on_fit_task_end(
                estimator=self.estimator, **self.data, reconstruction_attributes=lambda: vars(self.estimator)
            )


def as_task(fit: Fit) -> Fit:
    """Let scikit-learn's callbacks see the fit of a transformer."""

    @with_callbacks
    @wraps(fit)
    def fit_as_task(self, X, y=None, *args, **metadata):
        task = FitTasks(self, X, y)
        fit(self, X, y, *args, **metadata)
        task.end()
        return self

    return fit_as_task  # type: ignore[return-value]  # it takes what fit takes
