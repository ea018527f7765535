"""Classes of short and long sequences from few samples: every architecture beside MiniRocket.

The sets are those of published training and test parts that aeon ships, and the Japanese vowels of sklstm: 20 to 270
training samples, 7 to 361 time steps, 1 to 12 features. Nothing is tuned on any of them: features are scaled by their
mean and spread in the training part, sequences of different lengths are padded with NaN, and LSTMClassifier has its
defaults but for the architecture. MiniRocket, which takes sequences of one length, gets them stretched to the longest.

An accuracy is the mean over three seeds, on the test part; that on the training part stands behind it, as it shows
whether a network learns at all. Seconds are of all fits and predictions of one seed, compilation included.

Run it: python benchmarks/sequence_classification.py, or with the names of sets and architectures to leave out others.
It needs pip install aeon tensorflow.
"""

import json
import os
import sys
import time
from importlib import import_module

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from _report import in_fresh_process, print_machine, print_table

SETS = (
    "UnitTest",
    "ItalyPowerDemand",
    "JapaneseVowels",
    "BasicMotions",
    "GunPoint",
    "ArrowHead",
    "PickupGestureWiimoteZ",
)
ARCHITECTURES = ("vanilla", "stacked", "bidirectional", "cnn_lstm", "lstm_fcn")
ROCKET = "MiniRocket"
SEEDS = (0, 1, 2)


def load(name, split):
    """Sequences, a list of arrays (n_timesteps_i, n_features), and their labels."""
    if name == "JapaneseVowels":
        from sklstm.datasets import load_japanese_vowels

        return load_japanese_vowels(split=split, return_X_y=True)
    from aeon.datasets import load_classification

    X, y = load_classification(name, split=split)
    return [np.asarray(sequence, dtype=np.float64).T for sequence in X], y


def lstm(architecture, seed):
    """The whole of what a user writes: scaling, padding, and a classifier with its defaults."""
    from sklearn.pipeline import make_pipeline

    from sklstm import LSTMClassifier, SequencePadder, SeriesScaler

    classifier = LSTMClassifier(architecture=architecture, random_state=seed)
    return make_pipeline(SeriesScaler("standard"), SequencePadder(), classifier)


def rocket(seed):
    """MiniRocket with the classifier that aeon gives it."""
    from aeon.classification.convolution_based import MiniRocketClassifier

    return MiniRocketClassifier(random_state=seed)


def stretched(sequences, n_timesteps):
    """Sequences of one length as aeon takes them, (n_samples, n_features, n_timesteps)."""
    at = [np.linspace(0, len(sequence) - 1, n_timesteps) for sequence in sequences]
    return np.array(
        [
            [np.interp(t, np.arange(len(sequence)), feature) for feature in sequence.T]
            for t, sequence in zip(at, sequences, strict=True)
        ]
    )


def measure(name, method, seed):
    """In a process of its own: accuracies on the test and the training part, and seconds."""
    (X, y), (X_test, y_test) = load(name, "train"), load(name, "test")
    if method == ROCKET:
        longest = max(map(len, [*X, *X_test]))
        X, X_test = stretched(X, longest), stretched(X_test, longest)
    model = rocket(seed) if method == ROCKET else lstm(method, seed)
    start = time.perf_counter()
    model.fit(X, y)
    accuracies = [np.mean(np.asarray(model.predict(part)) == labels) for part, labels in ((X_test, y_test), (X, y))]
    return [*map(float, accuracies), time.perf_counter() - start]


def main(chosen):
    """Print accuracies by set, then their means, seconds and ratios by method."""
    sets = [name for name in SETS if name in chosen] or SETS
    methods = [name for name in (*ARCHITECTURES, ROCKET) if name in chosen] or (*ARCHITECTURES, ROCKET)
    print_machine(*map(import_module, ("sklstm", "numpy", "sklearn", "aeon", "keras", "tensorflow")))
    results = {
        (name, method): np.array([in_fresh_process(__file__, name, method, seed) for seed in SEEDS])
        for name in sets
        for method in methods
    }
    rows = []
    for name in sets:
        X = load(name, "train")[0]
        means = [results[name, method].mean(axis=0) for method in methods]
        cells = [f"{test:.3f} ({training:.2f})" for test, training, _ in means]
        rows.append([name, f"{len(X)} x {max(map(len, X))} x {X[0].shape[1]}", *cells])
    print_table(["test accuracy (training accuracy)", "samples x time steps x features", *methods], rows)
    by_method = {method: np.mean([results[name, method].mean(axis=0) for name in sets], axis=0) for method in methods}
    reference = by_method[methods[-1]]
    rows = [
        [method, f"{test:.3f}", f"{test / reference[0]:.2f}", f"{seconds:.1f} s", f"{seconds / reference[2]:.1f}"]
        for method, (test, _, seconds) in by_method.items()
    ]
    print_table(["mean over sets", "test accuracy", "ratio", "a set takes", "ratio"], rows)


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[3].isdigit():
        print(json.dumps(measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
    else:
        main(sys.argv[1:])
