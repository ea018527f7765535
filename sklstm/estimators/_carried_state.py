"""State that goes on from sample to sample, and truncated backpropagation: samples in streams, and in pieces."""

from numbers import Integral
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from sklstm._series import in_series


class StreamState(NamedTuple):
    """States after the last sample of a single stream, a list of ndarray, and the group of this sample, or None."""

    states: list
    group: object


class SeriesStates(NamedTuple):
    """States after the last sample of each series, a list of ndarray of shape (n_series, ...), and their labels."""

    states: list
    labels: pd.Index


class CarriedState:
    """Mixin: what `stateful` and `tbptt` do, in training and in prediction."""

    def reset_states(self) -> Self:
        """Begin anew: with `stateful`, the next sample to predict does not go on from the last one.

        Returns
        -------
        self : estimator instance
            The estimator itself.
        """
        self._states = None
        return self

    def _batches(self, network, data, rng):
        """Batches in streams, for state that is carried and for truncated backpropagation."""
        self._refuse_idle_groups(data.groups)
        if not self.stateful and self.tbptt is None:
            return super()._batches(network, data, rng)
        from sklstm.training import StreamBatches, carrying, sequence_model, shuffled_rows, streams

        size, tbptt = min(self.batch_size, len(data.training)), self._truncation(data.samples)
        trainer = sequence_model(carrying(network, size), tbptt)
        groups, own = self._read_groups(data.groups, len(data.samples)), data.samples.windows.groups

        def batches(samples):
            if self.stateful:
                if groups is None and own is not None:
                    return lambda: streams(in_series(samples, own), size, own)
                return lambda: streams(samples, size, groups)
            return lambda: shuffled_rows(samples, size, rng if self.shuffle else None)

        def batched(samples):
            return StreamBatches(data.samples.gather, data.targets, batches(samples), weights=data.weights)

        return trainer, batched(data.training), batched(data.validation) if len(data.validation) else None

    def _truncation(self, samples):
        """k1 and k2 of TBPTT, or None."""
        if self.tbptt is None:
            return None
        who = f"{type(self).__name__}(tbptt={self.tbptt!r})"
        valid = len(self.tbptt) == 2 and all(isinstance(k, Integral) and k >= 1 for k in self.tbptt)
        if not valid or self.tbptt[0] > self.tbptt[1]:
            raise ValueError(
                f"{type(self).__name__} expects tbptt=(k1, k2) with 1 <= k1 <= k2: an update every k1 time steps, "
                f"whose gradient reaches back over k2. Got tbptt={self.tbptt!r}."
            )
        whole = None
        if self.architecture == "bidirectional":
            whole = "architecture='bidirectional' reads them from their end, too", "architecture='stacked'"
        elif self.architecture == "cnn_lstm" and len(samples.sample_shape) == 2:
            whole = "architecture='cnn_lstm' would cut other subsequences of each piece", "architecture='stacked'"
        elif self._linear_path(samples) is not None:
            whole = "a linear path has a weight for each of their time steps", "linear_skip=False"
        if whole is not None:
            raise ValueError(f"{who} runs samples in pieces, but {whole[0]}. Pass tbptt=None, or {whole[1]}.")
        return tuple(min(int(k), samples.shape[1]) for k in self.tbptt)

    def _refuse_idle_groups(self, groups):
        if groups is not None and not self.stateful:
            raise ValueError(
                f"{type(self).__name__} got groups, which tell where state is not carried on, but stateful=False "
                "carries none. Drop groups, or pass stateful=True."
            )

    def _read_groups(self, groups, n_samples):
        """Groups as an array, one for each sample."""
        if groups is None:
            return None
        groups = np.asarray(groups)
        if groups.shape != (n_samples,):
            raise ValueError(
                f"{type(self).__name__} got {n_samples} samples in X and groups of shape {groups.shape}. Pass a group "
                "for each sample, the series that it is of."
            )
        return groups

    def _outputs(self, X, groups=None):
        self._refuse_idle_groups(groups)
        if not self.stateful:
            return super()._outputs(X)
        from sklstm.training import predict_carrying

        samples = self._read_for_predict(X)
        if groups is None and samples.windows.groups is not None:
            return self._outputs_by_series(samples), samples
        groups = self._read_groups(groups, len(samples))
        before = getattr(self, "_states", None)
        states, group = before if isinstance(before, StreamState) else (None, None)
        if groups is not None:
            if group is not None and groups[0] != group:
                states = None
            group = groups[-1]
        outputs, states = predict_carrying(self.network_, samples.gather, len(samples), states, groups)
        self._states = StreamState(states, group)
        return outputs, samples

    def _outputs_by_series(self, samples):
        """The network's outputs, where each series goes on from its own last state."""
        from sklstm.training import predict_carrying_by_series

        codes, labels = pd.factorize(pd.Index(samples.windows.groups, tupleize_cols=False))
        labels = pd.Index(labels, tupleize_cols=False)
        before, begin = getattr(self, "_states", None), None
        if isinstance(before, SeriesStates):
            places = before.labels.get_indexer(labels)
            begin = [state[places] for state in before.states]
            for state in begin:
                state[places < 0] = 0
        outputs, end = predict_carrying_by_series(self.network_, samples.gather, codes, begin)
        if isinstance(before, SeriesStates):
            waiting = ~before.labels.isin(labels)
            end = [np.concatenate(parts) for parts in zip((s[waiting] for s in before.states), end, strict=True)]
            labels = before.labels[waiting].append(labels)
        self._states = SeriesStates(end, labels)
        return outputs
