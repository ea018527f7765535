import keras
from examples import meta
from inline_snapshot import snapshot
from keras import ops
from refusal import refused

from sklstm.networks._model import named_model, windows


def test_windows_have_an_open_number_of_time_steps():
    """The number of features is the last of X's axes; the number of time steps is open unless it is given."""
    assert windows("vanilla", meta()).shape == (None, None, 2)
    assert windows("vanilla", meta(), 6).shape == (None, 6, 2)


def test_frames_are_refused():
    """Only one architecture reads frames, and the message says which."""
    assert refused(windows, "vanilla", meta(X_shape_=(5, 6, 8, 8))) == snapshot(
        "vanilla takes X of shape (n_samples, n_timesteps, n_features), got shape (5, 6, 8, 8). "
        "For frames pass architecture='cnn_lstm'."
    )


def test_operations_are_counted_anew():
    """Names of operations do not depend on what was built before; names of layers stay."""
    for _ in range(2):
        inputs = keras.Input((2,), name="inputs")
        outputs = keras.layers.Dense(1, name="outputs")(ops.abs(ops.abs(inputs)))
        model = named_model(inputs, outputs, name="model")
        assert [operation.name for operation in model.operations] == ["inputs", "absolute_1", "absolute_2", "outputs"]
