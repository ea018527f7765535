"""A training loop that enters one compiled step for each batch, and does as little as it can around it."""

from functools import cached_property

import keras


class BatchLoop:
    """Keras' fit, without the data pipeline that it builds for each epoch.

    What a step learns is Keras' own `train_step`, so losses, metrics, masks and callbacks mean the same. On two cores a
    step of a small network takes about 2 ms, and 8 by Keras' fit, which needs another 20 ms for each epoch.

    Parameters
    ----------
    network : keras.Model
        Compiled, on TensorFlow.
    batch : tuple (inputs, targets[, weights])
        One like all that will come, but for the number of samples, and of time steps where the network leaves it open.
    """

    def __init__(self, network, batch):
        import tensorflow as tf

        inputs, *rest = batch
        signature = (
            tf.TensorSpec((None, *network.input_shape[1:]), inputs.dtype),
            *keras.tree.map_structure(lambda array: tf.TensorSpec((None, *array.shape[1:]), array.dtype), tuple(rest)),
        )
        if network.output_shape[1:2] == (None,):
            # One output per time step: targets and weights are as long as the inputs.
            signature = keras.tree.map_structure(lambda spec: _with_open_steps(tf, spec), signature)
        self.network = network
        # Metrics make their variables when they first see numbers, which a compiled step does not show them.
        network.test_step(keras.tree.map_structure(lambda array: tf.constant(array[:1]), batch))
        self._signature = signature
        self._learn = self._traced(network.train_step)

    @cached_property
    def _watch(self):
        return self._traced(self.network.test_step)

    def _traced(self, step):
        """A step as one program. TensorFlow counts, and complains of, what is traced when it is first called."""
        import tensorflow as tf

        return tf.function(step, input_signature=[self._signature], autograph=False).get_concrete_function()

    def fit(self, batches, validation, epochs, callbacks, verbose):
        """Train, and return Keras' history of losses and metrics: a dict of lists."""
        network = self.network
        network.stop_training = False
        watchers = keras.callbacks.CallbackList(
            callbacks,
            add_history=True,
            add_progbar=verbose != 0,
            verbose=verbose,
            epochs=epochs,
            steps=len(batches),
            model=network,
        )
        watchers.on_train_begin()
        logs = {}
        for epoch in range(epochs):
            network.reset_metrics()
            watchers.on_epoch_begin(epoch)
            for k in range(len(batches)):
                watchers.on_train_batch_begin(k)
                logs = self._learn(batches[k])
                # A callback that asks for a number waits for it; the loop does not.
                watchers.on_train_batch_end(k, logs)
                if network.stop_training:
                    break
            logs = {name: float(value) for name, value in logs.items()}
            if validation is not None:
                logs |= {f"val_{name}": value for name, value in self._evaluate(validation, watchers).items()}
            batches.on_epoch_end()
            watchers.on_epoch_end(epoch, logs)
            if network.stop_training:
                break
        watchers.on_train_end(logs)
        return network.history.history

    def _evaluate(self, batches, watchers):
        self.network.reset_metrics()
        watchers.on_test_begin()
        logs = {}
        for k in range(len(batches)):
            watchers.on_test_batch_begin(k)
            logs = self._watch(batches[k])
            watchers.on_test_batch_end(k, logs)
        logs = {name: float(value) for name, value in logs.items()}
        watchers.on_test_end(logs)
        return logs


def _with_open_steps(tf, spec):
    shape = spec.shape.as_list()
    return tf.TensorSpec([None for _ in shape[:2]] + shape[2:], spec.dtype)
