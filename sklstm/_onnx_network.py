"""A network as an ONNX graph: plain data that onnxruntime predicts with, where Keras is not even installed."""

from functools import cached_property

import numpy as np

# Names of the graph's inputs and outputs.
INPUT, OUTPUT, BEFORE, AFTER = "samples", "output_{}", "before_{}", "after_{}"
# Key of a tensor whose values are in another file. Names in graphs of sklstm are numbers, so it occurs nowhere else.
EXTERNAL = b"location"


class OnnxNetwork:
    """A fitted network that predicts, in place of a NetworkState.

    Its attributes never change, so copies are the object itself.

    Parameters
    ----------
    graph : ndarray of uint8
        The ONNX graph, serialized. It takes float32.
    input_shape : tuple of int or None
        Shape of the inputs, samples first; None where it is open.
    n_outputs : int
        Number of outputs.
    state_sizes : tuple of int
        Numbers in each state that is carried from one sample to the next; empty where none is.
    takes_nan : bool
        Whether the network looks for NaN, time steps that were not observed.
    parts : dict of str to OnnxNetwork
        Graphs of parts of the network, by the name of the function that cuts them.
    """

    def __init__(self, graph, input_shape, n_outputs=1, state_sizes=(), takes_nan=True, parts=None):
        self.graph = graph
        self.input_shape = input_shape
        self.n_outputs = n_outputs
        self.state_sizes = state_sizes
        self.takes_nan = takes_nan
        self.parts = {} if parts is None else parts

    @cached_property
    def _session(self):
        import onnxruntime

        graph = self.graph.tobytes()
        if EXTERNAL in graph:
            raise ValueError(
                "The ONNX graph reads its weights from a file of its own, which sklstm never writes: the archive was "
                "changed. Do not use it, or ask who made it."
            )
        options = onnxruntime.SessionOptions()
        # On two cores, more threads made no batch of up to 1,024 windows faster: LSTMs compute step by step.
        options.intra_op_num_threads = 1
        # Freed memory goes back at once, as with NumPy.
        options.enable_cpu_mem_arena = False
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def run(self, inputs, states=None):
        """Predict.

        Parameters
        ----------
        inputs : ndarray of float32 of shape (n_samples, ...)
            Samples.
        states : list of ndarray of shape (n_samples, units), optional
            States that the samples go on from; zero without them.

        Returns
        -------
        outputs : list of ndarray of shape (n_samples, ...)
            One for each output of the network.
        states : list of ndarray of shape (n_samples, units)
            States after the samples.
        """
        before = self.zero_states(len(inputs)) if states is None else states
        given = {BEFORE.format(k): state for k, state in enumerate(before)}
        returned = self._session.run(self._names(after=states is not None), {INPUT: inputs, **given})
        return returned[: self.n_outputs], returned[self.n_outputs :]

    def _names(self, after):
        """Names of the outputs to compute."""
        names = [OUTPUT.format(k) for k in range(self.n_outputs)]
        return names + [AFTER.format(k) for k in range(len(self.state_sizes))] if after else names

    def zero_states(self, n_samples):
        """Return the states at the beginning of a sequence."""
        return [np.zeros((n_samples, size), np.float32) for size in self.state_sizes]

    def part(self, cut, *args):
        """Return a part of the network as a network of its own: that of ``cut(model, *args)``."""
        return self.parts[cut.__name__]

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __getstate__(self):
        return {name: value for name, value in vars(self).items() if name != "_session"}
