"""Truncated backpropagation through time."""

import keras
from keras import ops, tree

from sklstm.training._carried_state import CarryingModel, states, write_states


class TruncatedModel(CarryingModel):
    """A carrying network, trained by truncated backpropagation through time, TBPTT(k1, k2).

    A network with an output for each time step learns at each k1-th time step, t = k1, 2 * k1, ..., and at the last
    one: from the loss of the time steps since it learned before, by the gradient through these and the time steps
    before them, k2 for a full chunk of k1. The state that the gradient ends at is a constant, as the weights of that
    time left it. So k1 = k2 = n_timesteps is full backpropagation, and memory grows with k2 but not with n_timesteps.

    A network with one output for each sample has a loss at the end only: it learns once for each batch, by the
    gradient through the last k2 time steps that were observed; k1 has no effect. So does one that decodes a number of
    outputs of its own from each sample.

    Inputs are ``(windows, keep)``, as for CarryingModel. Samples with keep = 0 start from zero: all of them, where
    samples do not go on from one another. Windows may hold NaN for time steps that were not observed if the network
    takes it. Only recurrent layers may join time steps, as sequences are run through the network in pieces.

    Parameters
    ----------
    network : keras.Model
        From `carrying`, with an open number of time steps. It is trained in place.
    k1 : int
        Time steps from one update to the next. The loss of an update is that which Keras computes for these time steps:
        its mean over them, unless the loss or the weights say otherwise.
    k2 : int
        Time steps that the gradient goes back, at least k1.

    References
    ----------
    Williams & Peng, 1990, "An efficient gradient-based algorithm for on-line training of recurrent network
    trajectories", Neural Computation 2(4) (BPTT(h; h')).
    Sutskever, 2013, "Training Recurrent Neural Networks", PhD thesis, University of Toronto (section 2.8.6, and the
    names k1 and k2).
    """

    def __init__(self, network, k1, k2):
        if keras.backend.backend() != "tensorflow":
            raise RuntimeError(
                f"Truncated backpropagation needs Keras on TensorFlow, and Keras runs on {keras.backend.backend()}. "
                "Set the environment variable KERAS_BACKEND=tensorflow before Keras is imported, or pass tbptt=None."
            )
        if not 1 <= k1 <= k2:
            raise ValueError(
                f"TBPTT(k1, k2) goes back over the k1 time steps since the last update, or more: 1 <= k1 <= k2. Got "
                f"k1={k1}, k2={k2}. Pass tbptt=({max(1, k1)}, {max(1, k1, k2)})."
            )
        n_timesteps = network.inputs[0].shape[1]
        if n_timesteps is not None:
            raise ValueError(
                f"TBPTT(k1, k2) runs sequences in pieces, and model {network.name!r} takes exactly {n_timesteps} time "
                "steps at once. Pass a network whose number of time steps is open, or tbptt=None."
            )
        super().__init__(network)
        self.k1 = k1
        self.k2 = k2
        self.per_step = all(len(output.shape) > 2 and output.shape[1] is None for output in network.outputs)
        # XLA would ask for the number of time steps of every piece beforehand.
        self.supports_jit = False

    def train_step(self, data):
        """Learn from one batch: once for each chunk of k1 time steps, or once."""
        (windows, keep), targets, weights = keras.utils.unpack_x_y_sample_weight(data)
        # A loop cannot make the optimizer's variables.
        if not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)
        self.keep_states(keep)
        windows = self.of_batch_size(windows)
        if self.per_step:
            self._learn_by_chunks(windows, targets, weights)
        else:
            self._learn_at_end(windows, targets, weights)
        return self.get_metrics_result()

    def _learn_by_chunks(self, windows, targets, weights):
        import tensorflow as tf

        n_timesteps = tf.shape(windows)[1]
        weights = _by_step(weights, n_timesteps)
        carried = states(self.network)

        def chunk(start, done):
            """Learn from the time steps after `done`, by a gradient that ends at `start`, where the states are."""
            stop = tf.minimum(done + self.k1, n_timesteps)
            before = [tf.identity(state.value) for state in carried]
            gradients = self._gradients(
                windows[:, start:stop], _cut(targets, done, stop), _cut(weights, done, stop), last=stop - done
            )
            if self.k1 == self.k2:
                next_start = stop
            else:
                # What the next sample goes on from is the state at the end.
                next_start = tf.where(stop < n_timesteps, tf.maximum(stop + self.k1 - self.k2, 0), n_timesteps)
                write_states(self.network, before)
                self._advance(windows, start, next_start)
            self.optimizer.apply(gradients, self.trainable_variables)
            return next_start, stop

        tf.while_loop(lambda start, done: done < n_timesteps, chunk, [tf.constant(0), tf.constant(0)])

    def _learn_at_end(self, windows, targets, weights):
        import tensorflow as tf

        windows = _observed_last(windows)
        n_timesteps = tf.shape(windows)[1]
        start = tf.maximum(n_timesteps - self.k2, 0)
        self._advance(windows, tf.constant(0), start)
        gradients = self._gradients(windows[:, start:], targets, weights)
        self.optimizer.apply(gradients, self.trainable_variables)

    def _gradients(self, windows, targets, weights, last=None):
        """Gradients of the loss of the last outputs (None: of all); the states move to the end of the windows."""
        import tensorflow as tf

        with tf.GradientTape() as tape:
            outputs = self.network(windows, training=True)
            if last is not None:
                outputs = tree.map_structure(lambda output: output[:, -last:], outputs)
            loss = self.compute_loss(x=windows, y=targets, y_pred=outputs, sample_weight=weights, training=True)
            scaled_loss = self.optimizer.scale_loss(loss)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss, sample_weight=tf.shape(windows)[0])
        self.compute_metrics(windows, targets, outputs, sample_weight=weights)
        return tape.gradient(scaled_loss, self.trainable_variables)

    def _advance(self, windows, start, stop):
        """Carry the states from one time step to another without a gradient, in pieces of k2 as memory is."""
        import tensorflow as tf

        def piece(done):
            end = tf.minimum(done + self.k2, stop)
            self.network(windows[:, done:end], training=True)
            return end

        tf.while_loop(lambda done: done < stop, piece, [start])


def _cut(arrays, start, stop):
    """Some time steps of targets or weights, (batch_size, n_timesteps, ...)."""
    return tree.map_structure(lambda array: None if array is None else array[:, start:stop], arrays)


def _by_step(weights, n_timesteps):
    """Weights as (batch_size, n_timesteps), where they are (batch_size,): Keras does not spread them out itself."""
    return tree.map_structure(
        lambda array: (
            array if array is None or len(array.shape) > 1 else ops.repeat(array[:, None], n_timesteps, axis=1)
        ),
        weights,
    )


def _observed_last(windows):
    """Windows with the time steps that were not observed, all NaN, moved to the front; the others keep their order."""
    import tensorflow as tf

    inside_a_step = tuple(range(2, len(windows.shape)))
    observed = ops.logical_not(ops.all(ops.isnan(windows), axis=inside_a_step))
    order = tf.argsort(tf.cast(observed, tf.int32), axis=1, stable=True)
    return tf.gather(windows, order, batch_dims=1)


def sequence_model(network, tbptt=None):
    """A carrying network to be trained by Keras' own fit, with truncated backpropagation where ``tbptt=(k1, k2)``."""
    return CarryingModel(network) if tbptt is None else TruncatedModel(network, *tbptt)
