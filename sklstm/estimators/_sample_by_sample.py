"""A fitted estimator for one sample at a time, without the checks that X goes through in predict."""

import copy

import numpy as np

from sklstm.estimators._architecture import Architecture
from sklstm.estimators._keras_estimator import KerasEstimator
from sklstm.estimators._lstm_estimator import LSTMEstimator
from sklstm.estimators._samples import Samples


class SampleBySample:
    """Predictions for samples that are known to fit.

    Parameters
    ----------
    who : str
        Who asks, for messages.
    estimator : regressor or classifier of sklstm
        Fitted; it is copied, and shares no state with the copy.
    """

    def __init__(self, who, estimator):
        self.who = who
        self.estimator = copy.copy(estimator)
        self.estimator.network_ = copy.copy(estimator.network_)

    def predict(self, windows):
        """The prediction for Windows of one sample."""
        from sklstm.training import predict_outputs

        estimator, samples = self.estimator, self._samples(windows)
        outputs = predict_outputs(
            estimator.network_, samples.gather, 1, lengths=estimator._lengths(samples), **estimator._predict_params()
        )
        return estimator._target.decode(outputs, samples)[0]

    def step(self, windows, carried):
        """The prediction after one more time step, and what is carried to the next.

        Parameters
        ----------
        windows : Windows of shape (1, 1, n_features)
            The time step.
        carried : object
            As the last call returned it; None at the start.
        """
        from sklstm.training import one_step

        samples = self._samples(windows)
        inputs = samples.gather(slice(1))
        states, outputs = carried or (None, None)
        # What was not observed changes no state, and the last outputs stand.
        if outputs is None or not np.isnan(inputs).any():
            outputs, states = one_step(self.estimator.network_, inputs, states)
        prediction = self.estimator._target.decode(outputs, samples)[0]
        return prediction[-1] if self._has_an_axis_of_input_steps() else prediction, (states, outputs)

    def _samples(self, windows):
        from sklstm.training import prepare_process

        prepare_process(f"{self.who}.update")
        if isinstance(self.estimator, LSTMEstimator):
            self.estimator._reader.check_codes(type(self.estimator).__name__, windows)
        samples, scaling = Samples(windows), self.estimator._scaling
        return samples if scaling is None else scaling.apply(samples)

    def _has_an_axis_of_input_steps(self):
        by_step = Architecture.of(self.estimator._built_from["architecture"]).network == "many_to_many"
        return by_step and len(self.estimator._target.shape) > 0


def predicts_sample_by_sample(estimator):
    """Whether a fitted estimator may be asked so: one of sklstm's, whose predict is not overridden."""
    if not (isinstance(estimator, KerasEstimator) and hasattr(getattr(estimator, "_target", None), "decode")):
        return False
    return type(estimator).predict.__module__.startswith("sklstm.")


def why_no_state(estimator):
    """Why a fitted estimator cannot take a sequence time step by time step, carrying its state; None where it can.

    It can where its network sees of each time step, and says after it, the same as in whole windows.
    """
    who = type(estimator).__name__
    if not isinstance(estimator, LSTMEstimator):
        return f"{who} is no LSTMRegressor or LSTMClassifier"
    if not predicts_sample_by_sample(estimator):
        return f"{who} has a predict of its own"
    built = estimator._built_from
    architecture = Architecture.of(built["architecture"]).network
    if callable(architecture):
        return f"{who} has a network of your own, of which it cannot tell what a state is"
    if architecture in ("bidirectional", "cnn_lstm"):
        reads = "reads windows from their end, too" if architecture == "bidirectional" else "reads pieces of windows"
        return f"{who}(architecture={architecture!r}) {reads}"
    usual = {
        "window_scaler": "scales each window by its own level",
        "linear_skip": "has a weight for each time step of a window",
    }
    for name, does in usual.items():
        if built.get(name) not in (None, False):
            return f"{who}({name}={built[name]!r}) {does}"
    return None
