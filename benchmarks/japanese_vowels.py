"""Nine speakers by sequences of 7 to 29 time steps: padding, scaling and network tuned by one stock GridSearchCV.

Run it: python benchmarks/japanese_vowels.py
It prints the accuracy on the published test part, which the search never sees, beside what two figures from the
literature and a model without memory reach.
"""

import time

import keras
import numpy as np
import sklearn
from _report import print_machine, print_table
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import LSTMClassifier, SequencePadder, SeriesScaler
from sklstm.datasets import load_japanese_vowels

# titu1994/MLSTM-FCN and hfawaz/dl-4-tsc, on the same split.
PUBLISHED = {"LSTM-FCN (published)": 0.99, "MLP (published)": 0.98}


def search():
    """Scaling, units and dropout, over three folds of the training part that hold every speaker alike."""
    lstm = LSTMClassifier(architecture="bidirectional", epochs=80, batch_size=16, learning_rate=0.003, random_state=0)
    pipeline = Pipeline([("pad", SequencePadder()), ("scale", SeriesScaler("standard")), ("lstm", lstm)])
    grid = {"scale__method": ["standard", "robust"], "lstm__units": [32, 64], "lstm__dropout": [0.3, 0.5]}
    return GridSearchCV(pipeline, grid, cv=StratifiedKFold(3, shuffle=True, random_state=0))


def means(X):
    """Mean and spread of each sequence: all that a model without memory sees."""
    return np.array([np.r_[sequence.mean(axis=0), sequence.std(axis=0)] for sequence in X])


def main():
    """Search on the training part, and test once."""
    print_machine(np, sklearn, keras)
    X, y = load_japanese_vowels(split="train", return_X_y=True)
    X_test, y_test = load_japanese_vowels(split="test", return_X_y=True)
    begin = time.perf_counter()
    found = search().fit(X, y)
    seconds = time.perf_counter() - begin
    predicted = found.predict(X_test)
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(means(X), y)
    scores = {
        "sklstm, bidirectional": accuracy_score(y_test, predicted),
        "logistic regression on means and spreads": linear.score(means(X_test), y_test),
        **PUBLISHED,
    }
    print(f"{len(found.cv_results_['params'])} candidates x 3 folds and the refit: {seconds:.0f} s")
    print(f"best: {found.best_params_}, cross-validated accuracy {found.best_score_:.3f}\n")
    print_table(["Japanese vowels, test accuracy", ""], [[name, f"{score:.3f}"] for name, score in scores.items()])
    print("confusion matrix, one row for each true speaker")
    print(confusion_matrix(y_test, predicted))
    assert scores["sklstm, bidirectional"] >= 0.97


if __name__ == "__main__":
    main()
