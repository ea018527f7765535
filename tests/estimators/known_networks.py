"""Networks whose outputs are known before any training, and what they need."""

import keras
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from sklstm import LSTMRegressor


def observed_values(inputs):
    """Inputs with 0 in place of NaN."""
    return keras.ops.where(keras.ops.isnan(inputs), 0.0, inputs)


def identity(meta, output_shape=None):
    """A network that returns its inputs, of any number of time steps, or its inputs in another shape."""
    *steps, size = meta["X_shape_"][1:]
    inputs = keras.Input((*(None for _ in steps), size))
    same = keras.layers.Dense(size, kernel_initializer="identity")(observed_values(inputs))
    return keras.Model(inputs, same if output_shape is None else keras.layers.Reshape(output_shape)(same))


def certain(meta, units, activation, gain=50.0):
    """A network with an output for each part of its inputs; the scores of an output are `gain` times its inputs."""
    inputs, outputs = keras.Input(meta["X_shape_"][1:]), []
    for size in units:
        first = sum(output.shape[-1] for output in outputs)
        part = observed_values(inputs) if len(units) == 1 else inputs[..., first : first + size]
        sure = keras.initializers.Identity(gain)
        outputs.append(keras.layers.Dense(size, activation, kernel_initializer=sure)(part))
    return keras.Model(inputs, outputs if len(outputs) > 1 else outputs[0])


def constant(meta, value=0.0, by_step=False):
    """A network whose outputs are one number, whatever its inputs and the number of their time steps."""
    inputs = keras.Input((None, meta["X_shape_"][2]))
    outputs = keras.layers.Dense(
        meta["n_outputs_"], kernel_initializer="zeros", bias_initializer=keras.initializers.Constant(value)
    )(observed_values(inputs)[:, -1])
    if by_step:
        outputs = keras.layers.Reshape((meta["n_output_steps_"], -1))(outputs)
    return keras.Model(inputs, outputs)


def one_value(meta, time_step, feature):
    """A network that returns one value of each sample, as the network sees it."""
    inputs = keras.Input(meta["X_shape_"][1:])
    value = observed_values(inputs)[:, time_step, feature : feature + 1]
    return keras.Model(inputs, keras.layers.Dense(1, kernel_initializer="identity")(value))


def reference(X, y, at=None, **params):
    """Predictions of an LSTMRegressor whose network returns 0, for X or for other samples."""
    params = {"architecture": constant, "target_scaler": None, "random_state": 0} | params
    model = LSTMRegressor(**params).initialize(X, y)
    return model.predict(X if at is None else at)


class Remember(TransformerMixin, BaseEstimator):
    """A target scaler that changes nothing, and remembers the targets that it was fitted on."""

    def fit(self, y):
        self.seen_ = np.sort(y[:, 0])
        return self

    def transform(self, y):
        return y

    def inverse_transform(self, y):
        return y


def trained_on(model, X, ahead=0):
    """Positions of the training samples of an LSTMRegressor, if targets reach `ahead` samples beyond the next one."""
    model = model.set_params(target_scaler=Remember(), architecture=constant)
    return model.initialize(X, numbered(X, ahead)).target_scaler_.seen_.astype(int).tolist()


def numbered(X, ahead=0):
    """The number of each sample as its target, or as all of its several targets."""
    y = np.arange(len(X), dtype=float)
    return np.repeat(y[:, None], ahead + 1, axis=1) if ahead else y
