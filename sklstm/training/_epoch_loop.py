"""The loop over epochs: calls of a compiled program, and what Keras' callbacks are told in between."""

import keras
import numpy as np

from sklstm.training._epoch_program import State, make_metric_variables
from sklstm.training._lengths import trim
from sklstm.training._stopping import raise_if_stopping

# Evaluation keeps nothing for a gradient: it takes more at once than training does.
EVALUATED_AT_ONCE, EVALUATED_BYTES = 1024, 16 * 2**20
# Where lengths differ fewer at once, in order of length, are faster.
EVALUATED_BY_LENGTH = 256


class EpochLoop:
    """Training of a network by a program.

    The state is in tensors, between two calls of the program too. Callbacks find it in the network's variables, and may
    change it there.

    Parameters
    ----------
    network : keras.Model
        Compiled; trained in place.
    program : EpochProgram
        Of the same layers and settings.
    optimizer_state : list of ndarray, optional
        Where the optimizer goes on from; without it, where a fresh one does.
    callbacks : list of keras.callbacks.Callback
        Who looks on. One that looks at batches sees each of them; Keras' own see as many as a call takes.
    room : int, optional
        How many batches a call takes; as many as the program has room for, if not given.
    """

    def __init__(self, network, program, optimizer_state=None, callbacks=(), room=None):
        import tensorflow as tf

        self.network = network
        self.program = program
        self.callbacks = list(callbacks)
        self._by_batch = any(map(looks_at_batches, callbacks))
        self._room = 1 if self._by_batch else room or program.form.room
        self._fresh_metrics = [tf.constant(value) for value in program.fresh_metrics]
        if optimizer_state is None:
            # What comes before the numbers for each weight (the learning rate, say) is this optimizer's own.
            own = [variable.numpy() for variable in network.optimizer.variables]
            optimizer_state = own + program.fresh_optimizer[len(own) :]
        weights, others, *_ = State.variables(network)
        optimizer = [tf.constant(value) for value in optimizer_state]
        self._state = State(_values(weights), _values(others), optimizer, self._fresh_metrics)
        self._shown = None

    def run(self, batches, validation, epochs, verbose=0):
        """Train for some epochs, or until a callback or the user stops it.

        Parameters
        ----------
        batches, validation : SampleBatches
            What to train on; what to evaluate after each epoch, or None.
        epochs : int
            How many.
        verbose : {0, 1, 2}, default=0
            As for Keras' fit.

        Returns
        -------
        history : dict of str to list of float
            Loss and metrics of each epoch that came to its end.
        optimizer_state : list of ndarray
            Where the optimizer can go on from.
        interrupted : bool
            Whether the user interrupted it. The network has the weights of that moment.
        """
        network = self.network
        network.stop_training = False
        if self.callbacks:
            network.optimizer.build(network.trainable_variables)
            make_metric_variables(network, batches.first())
        watchers = keras.callbacks.CallbackList(
            self.callbacks,
            add_history=True,
            add_progbar=verbose != 0,
            verbose=verbose,
            epochs=epochs,
            steps=len(batches),
            model=network,
        )
        interrupted, logs = False, None
        self._tell(watchers.on_train_begin)
        try:
            # keras.callbacks.BackupAndRestore says where to go on.
            for epoch in range(network._initial_epoch or 0, epochs):
                self._tell(watchers.on_epoch_begin, epoch)
                logs = self._learn(batches, watchers)
                if validation is not None:
                    logs |= self._evaluate(validation, watchers)
                batches.on_epoch_end()
                self._tell(watchers.on_epoch_end, epoch, logs)
                if network.stop_training:
                    break
        except KeyboardInterrupt:
            interrupted = True
        self._tell(watchers.on_train_end, logs)
        self._show()
        return network.history.history, [value.numpy() for value in self._state.optimizer], interrupted

    def _learn(self, batches, watchers):
        """Go through all batches once; the loss and metrics."""
        watched = len(watchers.callbacks) > 1
        tell = self._tell if self._by_batch else _call
        self._state = self._state._replace(metrics=self._fresh_metrics)
        for first, n_batches, arrays, n_last in calls(batches, self.program.form, self._room):
            raise_if_stopping()
            tell(watchers.on_train_batch_begin, first)
            self._state, logs = self.program.learn(self._state, arrays, n_batches, n_last)
            if watched:
                logs = _numbers(logs)
                tell(watchers.on_train_batch_end, first + n_batches - 1, logs)
            if self.network.stop_training:
                break
        return _numbers(logs)

    def _evaluate(self, batches, watchers):
        """Loss and metrics of all batches."""
        self._tell(watchers.on_test_begin)
        tell = self._tell if self._by_batch else _call
        state = self._state._replace(metrics=self._fresh_metrics)
        one, *_ = batches.first()
        at_once = EVALUATED_BY_LENGTH if batches.trims else EVALUATED_AT_ONCE
        size, samples = max(batches.batch_size, min(at_once, EVALUATED_BYTES // one.nbytes)), batches.by_length()
        for k, first in enumerate(range(0, len(samples), size)):
            tell(watchers.on_test_batch_begin, k)
            inputs, *rest = batches.pick(samples[first : first + size])
            batch = trim(inputs) if batches.trims else inputs, *rest
            state, logs = self.program.evaluate(state, batch, self.network)
            tell(watchers.on_test_batch_end, k, logs)
        logs = _numbers(logs)
        self._tell(watchers.on_test_end, logs)
        return {f"val_{name}": value for name, value in logs.items()}

    # --- callbacks --------------------------------------------------------------------------------

    def _tell(self, hook, *args):
        """Tell callbacks, which find the state in the network's variables, and may change it there."""
        if not self.callbacks:
            hook(*args)
            return
        self._show()
        hook(*args)
        weights, others, optimizer, _ = State.variables(self.network)
        self._state = State(_values(weights), _values(others), _values(optimizer), self._state.metrics)
        self._shown = self._state

    def _show(self):
        """Write the state to the network's variables."""
        if self._shown is self._state:
            return
        weights, others, optimizer, _ = State.variables(self.network)
        shown = [*weights, *others, *(optimizer if self.network.optimizer.built else ())]
        for variable, value in zip(shown, [value for part in self._state[:3] for value in part], strict=False):
            variable.value.assign(value)
        self._shown = self._state


def looks_at_batches(callback):
    """Whether a callback does something at each batch, so that it has to see all of them."""
    if isinstance(callback, (keras.callbacks.ModelCheckpoint, keras.callbacks.BackupAndRestore)):
        return callback.save_freq != "epoch"
    hooks = [f"on_{kind}batch_{when}" for kind in ("", "train_", "test_") for when in ("begin", "end")]
    # These are content with what they see after a call.
    content = (keras.callbacks.Callback, keras.callbacks.TerminateOnNaN, keras.callbacks.ProgbarLogger)
    known = {getattr(kind, hook) for kind in content for hook in hooks}
    return any(getattr(getattr(callback, hook), "__func__", None) not in known for hook in hooks)


def calls(batches, form, room):
    """Yield what to pass to a program, call by call: (first batch, n_batches, arrays, samples in the last batch).

    Parameters
    ----------
    batches : SampleBatches
        All that is to be learned from in an epoch.
    form : Form
        With a batch size arrays have its one shape, and hold what does not count; without, a short batch at the end
        comes in a call of its own.
    room : int
        How many batches in a call, at most.
    """
    samples = batches.samples
    if form.batch_size is None:
        size = batches.batch_size
        n_full, n_rest = divmod(len(samples), size)
        # Batches of a call are of one length.
        room = 1 if batches.trims else room
        for first in range(0, n_full, room):
            n_batches = min(room, n_full - first)
            yield first, n_batches, _trimmed(batches, samples[first * size :], n_batches, size), size
        if n_rest:
            yield n_full, 1, _trimmed(batches, samples[-n_rest:], 1, n_rest), n_rest
        return
    size = form.batch_size
    for first in range(0, len(batches), room):
        n_batches = min(room, len(batches) - first)
        left = samples[first * size :]
        inputs, *rest = _stacked(batches, left, n_batches, size)
        arrays = _with_time_steps(inputs, form.n_timesteps), *rest
        arrays = keras.tree.map_structure(lambda array: _with_room(array, form.room), arrays)
        yield first, n_batches, arrays, min(size, len(left) - (n_batches - 1) * size)


def _stacked(batches, samples, n_batches, size):
    """Arrays of shape (n_batches, size, ...); samples begin anew where there are too few."""
    arrays = batches.pick(np.resize(samples[: n_batches * size], n_batches * size))
    return keras.tree.map_structure(lambda array: array.reshape(n_batches, size, *array.shape[1:]), arrays)


def _trimmed(batches, samples, n_batches, size):
    """The same, without time steps at the front that no sample has observed, where that makes no difference."""
    inputs, *rest = _stacked(batches, samples, n_batches, size)
    return trim(inputs) if batches.trims else inputs, *rest


def _with_time_steps(inputs, n_timesteps):
    """Inputs with time steps that were not observed before their first."""
    if n_timesteps in (None, inputs.shape[2]):
        return inputs
    n_batches, size, given, n_features = inputs.shape
    filled = np.full((n_batches, size, n_timesteps, n_features), np.nan, inputs.dtype)
    filled[:, :, n_timesteps - given :] = inputs
    return filled


def _with_room(array, room):
    """As many batches as there is room for; what the others hold does not matter."""
    if len(array) == room:
        return array
    roomy = np.zeros((room, *array.shape[1:]), array.dtype)
    roomy[: len(array)] = array
    return roomy


def _call(hook, *args):
    hook(*args)


def _values(variables):
    import tensorflow as tf

    return [tf.identity(variable.value) for variable in variables]


def _numbers(logs):
    return {name: float(value) for name, value in logs.items()}
