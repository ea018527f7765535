"""The two ends of every network: its input of windows, and the model around its layers."""

import keras


def windows(architecture, meta, n_timesteps=None):
    """Input of windows; the number of time steps is open unless given.

    Returns
    -------
    inputs : KerasTensor of shape (n_samples, n_timesteps, n_features)
    """
    shape = meta["X_shape_"]
    if len(shape) != 3:
        raise ValueError(
            f"{architecture} takes X of shape (n_samples, n_timesteps, n_features), got shape {tuple(shape)}. "
            "For frames pass architecture='cnn_lstm'."
        )
    return keras.Input((n_timesteps, int(shape[2])), name="windows")


def named_model(inputs, outputs, name):
    """Model whose configuration is the same from build to build.

    Keras numbers its operations through a process, and `keras.ops` takes no names: here they are counted anew.
    """
    model = keras.Model(inputs, outputs, name=name)
    for k, operation in enumerate(model.operations):
        if not isinstance(operation, keras.layers.Layer):
            operation.name = f"{type(operation).__name__.lower()}_{k}"
    return model
