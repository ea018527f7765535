import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklstm.training import WindowBatches, build_loss, build_optimizer, fit_network


def network():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.set_weights([np.ones((3, 1)), np.zeros(1)])
    return model


def test_equals_keras_fit():
    """Batches in their order train like Keras' own fit on arrays."""
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(size=(20, 3)).astype(np.float32), rng.normal(size=(20, 1)).astype(np.float32)
    ours, theirs = network(), network()
    batches = WindowBatches(lambda samples: inputs[samples], targets, np.arange(20), 8)
    history = fit_network(
        ours,
        batches,
        validation=batches,
        optimizer=build_optimizer("sgd", 0.1),
        loss="mse",
        epochs=3,
        patience=None,
        callbacks=None,
        verbose=0,
    )
    theirs.compile(keras.optimizers.SGD(0.1), "mse")
    expected = theirs.fit(inputs, targets, batch_size=8, epochs=3, shuffle=False, verbose=0)
    assert_allclose(ours.get_weights()[0], theirs.get_weights()[0], rtol=1e-5, atol=1e-6)
    assert_allclose(history["loss"], expected.history["loss"], rtol=1e-5)
    assert len(history["val_loss"]) == 3


def test_an_optimizer_is_copied():
    """An instance gives a fresh one with its settings, a class or a name one with its defaults."""
    given = keras.optimizers.Adam(0.5, beta_1=0.7)
    built = build_optimizer(given, 0.25)
    assert built is not given
    assert built.beta_1 == 0.7
    assert_allclose([float(built.learning_rate), float(given.learning_rate)], [0.25, 0.5])
    assert isinstance(build_optimizer(keras.optimizers.SGD), keras.optimizers.SGD)
    assert isinstance(build_optimizer("RMSprop"), keras.optimizers.RMSprop)


def test_unknown_names():
    """A mistyped optimizer or loss is answered with the nearest one."""
    with pytest.raises(ValueError, match=r"^Keras has no optimizer 'rmspop'\. Did you mean 'rmsprop'\?$"):
        build_optimizer("rmspop")
    with pytest.raises(ValueError, match=r"^Keras has no loss 'hubber'\. Did you mean 'huber'\?$"):
        build_loss("hubber")
