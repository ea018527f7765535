"""Training and evaluation of a network as functions of plain tensors, compiled once for all fits that are alike."""

import threading
from contextlib import nullcontext
from typing import NamedTuple

import keras

from sklstm.training._fast_lstm import fast_lstms
from sklstm.training._stateless import Updates, has_embedding


class State(NamedTuple):
    """What changes while a network is trained: lists of tensors, in Keras' order."""

    weights: list
    others: list  # seeds, and moving averages of layers
    optimizer: list
    metrics: list

    @classmethod
    def variables(cls, network):
        """The variables of a compiled network."""
        return cls(
            network.trainable_variables,
            network.non_trainable_variables,
            network.optimizer.variables,
            network.metrics_variables,
        )


class Form(NamedTuple):
    """How training is compiled.

    Attributes
    ----------
    path : {"graph", "xla", "xla-shards"}
        By TensorFlow; by XLA, which computes on one core; by XLA for each share of a batch, side by side.
    batch_size : int or None
        XLA takes one shape only: batches are filled up with samples that do not count. TensorFlow takes any.
    n_timesteps : int or None
        Time steps are filled up to so many, with some before the first that were not observed. None leaves them.
    room : int
        How many batches a call has room for.
    n_shards : int
        Into how many shares a batch is cut.
    """

    path: str = "graph"
    batch_size: int | None = None
    n_timesteps: int | None = None
    room: int = 1
    n_shards: int = 1


class EpochProgram:
    """Many training steps in one call, and the evaluation of a batch.

    Both take the state as tensors and return it: nothing is captured, and nothing is changed in place. So any fit of a
    network of the same layers may run the program, several at the same time if they like. A step means what Keras' own
    `train_step` means: loss, metrics, masks and updates are those of the network and of its optimizer.

    Parameters
    ----------
    network : keras.Model
        Compiled, its optimizer built. It is traced, and its metrics make their variables; nothing else changes.
    batch : tuple (inputs, targets[, weights])
        One like all that will come.
    form : Form
        How to compile.

    Attributes
    ----------
    fresh_optimizer, fresh_metrics : list of ndarray
        Their state before the first step.
    """

    def __init__(self, network, batch, form):
        make_metric_variables(network, batch)
        self._has_metrics = len(network.metrics_variables) > len(network.metrics[0].variables)
        self.form = form
        self._network = network
        self._updates = Updates(network.optimizer, network.trainable_variables, as_one=not has_embedding(network))
        self.fresh_optimizer = [value.numpy() for value in self._updates.fresh()]
        self.fresh_metrics = [variable.numpy() for variable in network.metrics_variables]
        self._signature = batch_signature(network, batch, form)
        # To evaluate, any number is taken.
        self._any_number = batch_signature(network, batch, Form())
        self._evaluate, self._tracing = None, threading.Lock()
        with fast_lstms(network) if form.batch_size else nullcontext():
            self._learn = self._traced_learn()
        # It goes its own way from here.
        self._network = None

    def learn(self, state, batches, n_batches, n_last):
        """Learn from some batches, one after the other.

        Parameters
        ----------
        state : State
            Of tensors.
        batches : tuple (inputs, targets[, weights])
            Arrays of shape (n_batches, n_samples, ...); by XLA of shape (room, batch_size, ...).
        n_batches, n_last : int
            How many batches count, and how many samples of the last one.

        Returns
        -------
        state : State
            After the last batch.
        logs : dict of str to tf.Tensor
            Loss and metrics over all batches since the metrics were fresh.
        """
        import tensorflow as tf

        return self._learn(state, batches, tf.constant(n_batches), tf.constant(n_last))

    def evaluate(self, state, batch, network):
        """Loss and metrics with one more batch, as ``(state, logs)``.

        The network, one like that of the program, is what is traced when first it is asked for.
        """
        with self._tracing:
            if self._evaluate is None:
                make_metric_variables(network, batch)
                self._network = network
                self._evaluate = self._traced_evaluate()
                self._network = None
        metrics, logs = self._evaluate(state._replace(optimizer=[]), batch)
        return state._replace(metrics=metrics), logs

    # --- tracing ----------------------------------------------------------------------------------

    def _traced_learn(self):
        import tensorflow as tf

        form, gradients, update = self.form, self._gradients, self._update
        if form.path == "xla-shards":
            # A program of XLA for what runs side by side, and one for what follows; the loop is TensorFlow's.
            gradients, update = (tf.function(part, jit_compile=True, autograph=False) for part in (gradients, update))

        def learn(state, batches, n_batches, n_last):
            def step(k, state):
                at = k, n_batches, n_last
                parts = [gradients(state, batches, at, share) for share in map(tf.constant, range(form.n_shards))]
                return k + 1, State(*update(state, batches, at, parts))

            _, state = tf.while_loop(
                lambda k, _: k < n_batches, step, (0, self._updates.pack(state)), parallel_iterations=1
            )
            state = self._updates.unpack(state)
            return state, self._logs(state)

        room = form.room if form.batch_size else None
        calls = keras.tree.map_structure(lambda spec: _spec((room, *spec.shape), spec.dtype), self._signature)
        count = _spec((), "int32")
        variables = State.variables(self._network)
        return self._traced(learn, variables, calls, count, count, jit_compile=form.path == "xla" or None)

    def _traced_evaluate(self):
        def evaluate(state, batch):
            x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
            with self._scope(state) as scope:
                outputs = self._network(x, training=False)
                loss = self._network.compute_loss(x, y, outputs, weights, training=False)
                self._loss_tracker.update_state(loss, sample_weight=keras.ops.shape(x)[0])
                self._network.compute_metrics(x, y, outputs, weights)
            metrics = _current(scope, self._network.metrics_variables)
            return metrics, self._logs(state._replace(metrics=metrics))

        return self._traced(evaluate, State.variables(self._network)._replace(optimizer=[]), self._any_number)

    def _traced(self, function, variables, *signature, **options):
        """A function as one program. TensorFlow counts, and complains of, what is traced when it is first called."""
        import tensorflow as tf

        state = keras.tree.map_structure(lambda variable: _spec(variable.shape, variable.dtype), variables)
        program = tf.function(function, input_signature=[state, *signature], autograph=False, **options)
        return program.get_concrete_function()

    # --- a step -----------------------------------------------------------------------------------

    def _gradients(self, state, batches, at, share):
        """What a share of a batch says about the weights: a dict.

        It holds the gradients of the mean loss over what is present, that loss, and over how many values it is the
        mean; outputs and which of their values count; and what of the state changes with a look at the batch.
        """
        import tensorflow as tf

        network = self._network
        batch, present = self._samples(batches, at, share)
        x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
        if self.form.n_shards > 1:
            # Dropout draws its own numbers in each share.
            state = state._replace(others=[_shifted(seed, share) for seed in state.others])
        trained = self._updates.weights(state)
        with self._scope(state._replace(weights=trained)) as scope:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(trained)
                outputs = network(x, training=True)
                masks = [_mask(output, present) for output in keras.tree.flatten(outputs)]
                _set_masks(outputs, masks)
                loss = network.compute_loss(x, y, outputs, weights, training=True)
            gradients = tape.gradient(loss, trained)
        return {
            "gradients": self._updates.gradients(gradients, trained),
            "loss": loss,
            "count": tf.constant(1.0) if masks[0] is None else tf.reduce_sum(tf.cast(masks[0], tf.float32)),
            # Who asks for no metrics looks at the loss only.
            "outputs": outputs if self._has_metrics else None,
            "masks": masks if self._has_metrics else None,
            "others": _current(scope, network.non_trainable_variables),
            "metrics": _current(scope, network.metrics_variables),
        }

    def _update(self, state, batches, at, parts):
        """The state after a step, from what the shares of a batch say."""
        import tensorflow as tf

        network = self._network
        batch, present = self._samples(batches, at)
        x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
        said = parts[0] if len(parts) == 1 else _joined(parts)
        state = state._replace(others=said["others"], metrics=said["metrics"])
        n_present = tf.shape(x)[0] if present is None else tf.reduce_sum(tf.cast(present, tf.int32))
        with self._scope(state._replace(weights=self._updates.weights(state))) as scope:
            self._loss_tracker.update_state(said["loss"], sample_weight=n_present)
            if self._has_metrics:
                _set_masks(said["outputs"], said["masks"])
                network.compute_metrics(x, y, said["outputs"], weights)
        state = self._updates.apply(state, said["gradients"])
        return state._replace(metrics=_current(scope, network.metrics_variables))

    def _samples(self, batches, at, share=None):
        """A batch or a share of it, and which of its samples are present; None where all are."""
        import tensorflow as tf

        k, n_batches, n_last = at
        size, n_shares = self.form.batch_size, 1 if share is None else self.form.n_shards
        if size is None:
            return keras.tree.map_structure(lambda column: column[k], batches), None
        size, share = size // n_shares, 0 if share is None else share

        def pick(column):
            # By tf.gather: of a slice XLA would want to know the place as it compiles.
            return tf.gather(tf.reshape(column, (-1, size, *column.shape[2:])), k * n_shares + share)

        present = tf.where(k + 1 < n_batches, self.form.batch_size, n_last)
        return keras.tree.map_structure(pick, batches), tf.range(size) + share * size < present

    def _scope(self, state):
        """Within it the network's variables have the values of a state."""
        weights, others, _, metrics = State.variables(self._network)
        pairs = zip([*weights, *others, *metrics], [*state.weights, *state.others, *state.metrics], strict=True)
        return keras.StatelessScope(state_mapping=list(pairs), collect_losses=True)

    def _logs(self, state):
        with self._scope(state):
            return self._network.get_metrics_result()

    @property
    def _loss_tracker(self):
        return self._network.metrics[0]


def batch_signature(network, batch, form):
    """What a batch looks like in a form; time steps are open where they are in the network, and the size may be."""
    inputs, *rest = batch
    shape, open_outputs = network.input_shape[1:], network.output_shape[1:2] == (None,)
    if form.batch_size is not None:
        shape, open_outputs = inputs.shape[1:], False
    if form.n_timesteps is not None:
        shape = (form.n_timesteps, *shape[1:])

    def spec(array):
        # One output per time step: targets and weights are as long as the inputs.
        steps = [None] if open_outputs and array.ndim > 1 else array.shape[1:2]
        return _spec((form.batch_size, *steps, *array.shape[2:]), array.dtype)

    return _spec((form.batch_size, *shape), inputs.dtype), *keras.tree.map_structure(spec, tuple(rest))


def _spec(shape, dtype):
    import tensorflow as tf

    return tf.TensorSpec(shape, dtype)


def make_metric_variables(network, batch):
    """Let metrics make their variables, which they do when they first see numbers."""
    import tensorflow as tf

    x, y, weights = keras.utils.unpack_x_y_sample_weight(keras.tree.map_structure(lambda array: array[:1], batch))
    shapes = network.output_shape if isinstance(network.output_shape, list) else [network.output_shape]
    steps = x.shape[1] if x.ndim > 1 else None
    outputs = [tf.zeros((1, *(steps if size is None else size for size in shape[1:]))) for shape in shapes]
    outputs = keras.tree.pack_sequence_as(network.outputs, outputs) if len(outputs) > 1 else outputs[0]
    network.compute_loss(x, y, outputs, weights)
    network.compute_metrics(x, y, outputs, weights)
    network.reset_metrics()


def _mask(output, present):
    """Which values of an output the loss counts: those that Keras' layers let through, of samples that are present."""
    import tensorflow as tf

    mask = getattr(output, "_keras_mask", None)
    if present is None:
        return mask
    per_sample = tf.reshape(present, (-1, *(1,) * (len(output.shape) - 2)))
    return tf.broadcast_to(per_sample, tf.shape(output)[:-1]) if mask is None else mask & per_sample


def _set_masks(outputs, masks):
    """Attach masks to outputs, where Keras' losses and metrics look for them."""
    for output, mask in zip(keras.tree.flatten(outputs), masks, strict=True):
        if mask is not None:
            output._keras_mask = mask


def _joined(parts):
    """What the shares of a batch say together: means weigh as many values as they are the mean of."""
    import tensorflow as tf

    counts = tf.stack([part["count"] for part in parts])
    shares = tf.unstack(tf.math.divide_no_nan(counts, tf.reduce_sum(counts)))

    def mean(*values):
        return None if values[0] is None else tf.add_n([w * value for w, value in zip(shares, values, strict=True)])

    return parts[0] | {
        "gradients": [mean(*values) for values in zip(*(part["gradients"] for part in parts), strict=True)],
        "loss": mean(*(part["loss"] for part in parts)),
        "outputs": None if parts[0]["outputs"] is None else tf.concat([part["outputs"] for part in parts], 0),
        "masks": None if parts[0]["masks"] is None else [tf.concat([part["masks"][0] for part in parts], 0)],
    }


def _shifted(seed, k):
    """The state of Keras' generator number k of several that start from one state."""
    import tensorflow as tf

    return seed + tf.cast(tf.stack([k, 0]), seed.dtype)


def _current(scope, variables):
    return [scope.get_current_value(variable) for variable in variables]
