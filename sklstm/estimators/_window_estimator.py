"""What estimators with sklstm's own networks share: which samples they learn from, and when they stop."""

from numbers import Integral, Real

from sklearn.utils._param_validation import HasMethods, Interval

from sklstm._parameters import StrictParameters
from sklstm._series import every_nth
from sklstm.estimators._keras_estimator import KerasEstimator


class WindowEstimator(StrictParameters, KerasEstimator):
    """Base of the estimators whose networks are sklstm's own, with the parameters that all of these have."""

    _parameter_constraints = {
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "optimizer": [str, type, HasMethods(["get_config", "apply_gradients"])],
        "min_steps": [Interval(Integral, 0, None, closed="left")],
        "stride": [Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="left"), None],
        "patience": [Interval(Integral, 0, None, closed="left"), None],
        "callbacks": [list, tuple, dict, type, HasMethods("on_epoch_end"), None],
        "warm_start": ["boolean"],
        "verbose": [Interval(Integral, 0, 2, closed="both"), "boolean"],
        "random_state": ["random_state"],
    }

    def _kept(self, samples):
        """Samples to learn from: each of the stride, if it has enough observed time steps."""
        strided = self._strided(samples)
        if self.min_steps == 0:
            return strided
        kept = strided[samples.n_observed()[strided] >= self.min_steps]
        if len(kept) == 0:
            raise ValueError(
                f"{type(self).__name__}(min_steps={self.min_steps}) leaves nothing to train on: no sample of X, of "
                f"shape {samples.shape}, has so many observed time steps. Lower min_steps, or pass longer sequences."
            )
        return kept

    def _strided(self, samples):
        return every_nth(len(samples), self.stride, samples.windows.groups)

    def _settings(self, network):
        from sklstm.training import Settings, build_loss, build_metrics, build_optimizer

        rate = {} if self.learning_rate is None else {"learning_rate": self.learning_rate}
        loss = self._usual_loss() if self.loss is None else self.loss
        return Settings(build_optimizer(self.optimizer, **rate), build_loss(loss), tuple(build_metrics(self.metrics)))

    def _callbacks(self, watched):
        from sklstm.training import build_callbacks, early_stopping

        callbacks = build_callbacks(self.callbacks)
        if self.patience is not None:
            callbacks.append(early_stopping("val_loss" if watched else "loss", self.patience))
        return callbacks

    def _validation(self):
        return self.validation_fraction, "validation_fraction"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
