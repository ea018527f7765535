"""Sequences of 10 to 400 time steps: batches by length beside all of them padded to 400, in random order.

Ten thousand sequences of 3 features, their lengths drawn uniformly, each with a number to predict: the mean of the
products of its first two features, where recent time steps count more. The network is an LSTM of 32 units and a dense
layer, trained by Adam on the mean squared error in batches of 32.

- sklstm: SeriesScaler, SequencePadder, To3D and LSTMRegressor in a Pipeline, on the list of arrays. Samples of like
  length come together, and the network skips what no sample of a batch has observed.
- sklstm, in random order: the same, with the rule that chooses batches by length switched off.
- Keras fit, as written by hand: sequences scaled by the mean and spread of all their time steps, padded in front with a
  number, a Masking layer, and shuffled by Keras.

An epoch is (time of a long fit - time of a shorter one) / epochs in between, both after a fit that compiles: so what
each fit costs once is out of it. sklstm begins with a new network in each fit; Keras goes on with the one that it has
compiled. Predictions are of all sequences, the second time.

Each side has a process of its own, as often as ROUNDS says, in turns; the best times count. The losses are those after
the long fit of the first turn: they differ by seeds and by batches, and show that all sides learn the same.

Run it: python benchmarks/ragged_sequences.py, or with a number of sequences other than 10,000.
It needs pip install ".[benchmarks]".
"""

import json
import os
import sys
import time
from importlib import import_module

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from _report import in_fresh_process, interleave, print_machine, print_table

N_SEQUENCES, LENGTHS, N_FEATURES = 10_000, (10, 400), 3
UNITS, BATCH = 32, 32
SHORTER, MORE_EPOCHS = 3, 4
ROUNDS = 1
# What Masking takes for padding; no scaled value is near it.
PADDING = -999.0


def make_sequences(n_sequences):
    """A list of arrays (n_timesteps_i, n_features), and a number for each."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(LENGTHS[0], LENGTHS[1] + 1, n_sequences)
    sequences = [(5 + 2 * rng.normal(size=(length, N_FEATURES))).astype(np.float32) for length in lengths]
    y = []
    for sequence in sequences:
        recent = 0.9 ** np.arange(len(sequence))[::-1]
        y.append(np.average((sequence[:, 0] - 5) * (sequence[:, 1] - 5), weights=recent))
    return sequences, np.array(y, dtype=np.float32)


def sklstm_sides(sequences, y):
    """Functions that fit a Pipeline for some epochs, returning the loss of each, and that predict."""
    from sklearn.pipeline import Pipeline

    from sklstm import LSTMRegressor, SequencePadder, SeriesScaler, To3D

    lstm = LSTMRegressor(UNITS, batch_size=BATCH, target_scaler="standard", random_state=0)
    steps = [("scale", SeriesScaler("standard")), ("pad", SequencePadder()), ("to3d", To3D()), ("lstm", lstm)]
    pipe = Pipeline(steps)

    def fit(epochs):
        pipe.set_params(lstm__epochs=epochs).fit(sequences, y)
        return pipe[-1].history_["loss"]

    return fit, lambda: pipe.predict(sequences)


def random_order_sides(sequences, y):
    """The same without batches by length."""
    from sklstm.training import _lengths

    _lengths.FEWEST_SAVED = np.inf
    return sklstm_sides(sequences, y)


def keras_sides(sequences, y):
    """The same as written by hand for Keras, all padded to the longest."""
    import keras

    steps = np.concatenate(sequences)
    mean, std = steps.mean(axis=0), steps.std(axis=0)
    padded = np.full((len(sequences), LENGTHS[1], N_FEATURES), PADDING, np.float32)
    for row, sequence in zip(padded, sequences, strict=True):
        row[-len(sequence) :] = (sequence - mean) / std
    scaled = (y - y.mean()) / y.std()
    layers = [keras.layers.Masking(PADDING), keras.layers.LSTM(UNITS), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((None, N_FEATURES)), *layers])
    model.compile(optimizer="adam", loss="mse")

    def fit(epochs):
        return model.fit(padded, scaled, batch_size=BATCH, epochs=epochs, verbose=0).history["loss"]

    return fit, lambda: model.predict(padded, verbose=0)


SIDES = {
    "sklstm": sklstm_sides,
    "sklstm, in random order": random_order_sides,
    "Keras fit, as written by hand": keras_sides,
}


def measure(side, n_sequences):
    """In a process of its own: seconds of a shorter and of a long fit and of predictions, and the loss, of one side."""
    fit, predict = SIDES[side](*make_sequences(n_sequences))
    measured, many = {}, SHORTER + MORE_EPOCHS
    for name, call in (
        ("compiling", lambda: fit(many)),
        ("shorter", lambda: fit(SHORTER)),
        ("long", lambda: fit(many)),
        ("first prediction", predict),
        ("prediction", predict),
    ):
        start = time.perf_counter()
        result = call()
        measured[name] = time.perf_counter() - start
        if name == "compiling":
            # Keras goes on with its network: of all sides this is the loss after as many epochs.
            measured["loss"] = result[-1]
    return measured


def main(n_sequences=N_SEQUENCES):
    """Measure every side, and print what an epoch and a prediction take."""
    print_machine(*map(import_module, ("sklstm", "numpy", "keras", "tensorflow")))
    measured = interleave(
        lambda side: in_fresh_process(__file__, side, n_sequences), [(side,) for side in SIDES], ROUNDS
    )
    times = {}
    for (side,), results in measured.items():
        shorter, long, predicted = (min(r[name] for r in results) for name in ("shorter", "long", "prediction"))
        times[side] = (long - shorter) / MORE_EPOCHS, predicted, results[0]["loss"]
    epoch, prediction, _ = times["sklstm"]
    rows = [
        [side, f"{e:.2f} s", f"{e / epoch:.1f}", f"{p:.2f} s", f"{p / prediction:.1f}", f"{loss:.2f}"]
        for side, (e, p, loss) in times.items()
    ]
    header = [f"{n_sequences:,} sequences of {LENGTHS[0]} to {LENGTHS[1]} time steps", "an epoch", "ratio"]
    print_table([*header, "predictions", "ratio", f"loss after {SHORTER + MORE_EPOCHS} epochs"], rows)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
    else:
        main(*map(int, sys.argv[1:]))
