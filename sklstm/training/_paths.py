"""Which way a fit is computed: by rules that look at the fit alone, so that the same fit always gives the same bits."""

import joblib
import keras

from sklstm._network_state import describes_itself
from sklstm._seeds import is_seed
from sklstm.training._batches import SampleBatches
from sklstm.training._epoch_program import Form
from sklstm.training._fast_lstm import is_plain
from sklstm.training._settings import is_of_keras, losses_of, metrics_of
from sklstm.training._stateless import can_be_stateless, has_embedding

# XLA takes about a second to compile, and saves 0.15 ms for each time step of each batch (two cores): one fit gains by
# it from 7,000 of them on. Fits of a search share what is compiled, hence less.
LONG = 600

# XLA compiles for each number of time steps. Where a network takes time steps that were not observed before the first,
# they are filled up to one of few numbers, so that the look-backs of a search share what is compiled; a step then takes
# up to half as long again. Long fits compile for their own number.
SHORT, FEWEST_STEPS = 30_000, 32

# XLA computes on one core. To cut a batch into shares costs 0.25 ms a step: 12 time steps with 32 units (11 million
# operations) took 0.52 ms in place of 0.38, 24 with 32 (21 million) 0.76 and 0.78, 12 with 64 (40 million) 0.78 in
# place of 0.88, 48 with 32 (42 million) 1.07 in place of 1.33, 48 with 128 (620 million) 4.5 in place of 7.4 (two
# cores).
MUCH_WORK = 15_000_000
SMALLEST_SHARE = 8

# Losses that are not the mean of those of the samples.
OF_WHOLE_BATCHES = {"dice", "tversky", "circle"}

# Training is interrupted between two calls only: one takes a fraction of a second, and little memory.
MOST_BATCHES, MOST_BYTES, MOST_WORK = 64, 2**20, 20_000_000_000


def choose_form(network, batches, epochs):
    """How to compile the training of a network.

    Parameters
    ----------
    network : keras.Model
        Compiled.
    batches : keras.utils.PyDataset
        What it is to be trained on.
    epochs : int
        How often.

    Returns
    -------
    form : Form or None
        None where only Keras' own fit knows how to train it.
    """
    if not _has_a_plain_step(network) or not isinstance(batches, SampleBatches):
        return None
    sample, *_ = batches.first()
    n_timesteps = sample.shape[1] if sample.ndim > 2 else 1
    length = epochs * len(batches) * n_timesteps
    if length < LONG or not _takes_filled_batches(network, batches):
        return Form(room=_room(sample.nbytes * batches.batch_size))
    batch_size = _one_size(batches.batch_size, len(batches.samples))
    n_weights = sum(weight.shape.num_elements() for weight in network.trainable_weights)
    work = 6 * batch_size * n_timesteps * n_weights
    n_shards = _n_shards(network, batch_size) if work >= MUCH_WORK else 1
    path = "xla" if n_shards == 1 else "xla-shards"
    filled = None
    if length < SHORT and batches.open_front and _skips_steps(network):
        filled = max(FEWEST_STEPS, 2 ** (n_timesteps - 1).bit_length())
    n_bytes = sample.nbytes * batch_size * (filled or n_timesteps) // n_timesteps
    return Form(path, batch_size, filled, _room(n_bytes, work), n_shards)


def _has_a_plain_step(network):
    """Whether a training step is what Keras' own models do, on TensorFlow."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    own = ("train_step", "test_step", "compute_loss", "compute_metrics", "make_train_function", "make_test_function")
    return (
        all(getattr(type(network), name) is getattr(keras.Model, name) for name in own)
        and len(getattr(network, "inputs", None) or ()) == 1
        and len(network.trainable_variables) > 0
        and can_be_stateless(network.optimizer)
        and not (network.run_eagerly or tf.config.functions_run_eagerly())
    )


def _takes_filled_batches(network, batches):
    """Whether XLA can compile a network, and samples that do not count change nothing of what it learns."""
    if not xla_takes(network):
        return False
    if any(getattr(layer, "activity_regularizer", None) is not None for layer in network._flatten_layers()):
        # It divides by the number of samples.
        return False
    # A generator's state is no more than its seed; other variables are averages over the samples of a batch.
    if not all(map(is_seed, network.non_trainable_variables)):
        return False
    metrics, losses = metrics_of(network, batches.first()), losses_of(network)
    return (
        all(len(output.shape) > 1 for output in network.outputs)
        and all(map(is_of_keras, [*losses, *metrics]))
        and not any(getattr(getattr(loss, "fn", loss), "__name__", "") in OF_WHOLE_BATCHES for loss in losses)
        # The others (AUC, say) know no masks.
        and all(
            type(metric) is keras.metrics.Mean or isinstance(metric, keras.metrics.MeanMetricWrapper)
            for metric in metrics
        )
    )


def xla_takes(network):
    """Whether XLA can compile a network here."""
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        # Not tried: none was to be had.
        return False
    # Keras says of its LSTM and GRU layers what holds for their implementation on a GPU.
    return describes_itself(network) and all(
        layer.supports_jit or isinstance(layer, (keras.layers.LSTM, keras.layers.GRU))
        for layer in network._flatten_layers()
    )


def _skips_steps(network):
    """Whether a network takes any number of time steps, and its recurrent layers skip what no sample has observed."""
    recurrent = [layer for layer in network._flatten_layers() if isinstance(layer, keras.layers.LSTM)]
    return network.input_shape[1] is None and all(map(is_plain, recurrent))


def _n_shards(network, batch_size):
    """Shares that cores compute side by side, where the loss of a batch is the mean of theirs."""
    means = ("mean", "sum_over_batch_size")
    if len(network.outputs) > 1 or has_embedding(network):
        return 1
    if any(getattr(loss, "reduction", "mean") not in means for loss in losses_of(network)):
        return 1
    n_shards = 1
    while 2 * n_shards <= joblib.cpu_count() and batch_size % (2 * n_shards * SMALLEST_SHARE) == 0:
        n_shards *= 2
    return n_shards


def _one_size(batch_size, n_samples):
    """The batch size, or where there are fewer samples the power of two above their number."""
    return min(batch_size, 2 ** (n_samples - 1).bit_length())


def _room(n_bytes, work=0):
    """How many batches to train on in one call."""
    return max(1, min(MOST_BATCHES, MOST_BYTES // n_bytes, MOST_WORK // max(work, 1)))
