"""Transformers before estimators of scikeras, and the move from scikeras by a changed import."""

import json

import pytest
from conftest import run_fresh

pytest.importorskip("scikeras", reason="scikeras is an optional dependency")
pytestmark = pytest.mark.slow

# scikeras patches classes of Keras when it is imported, so that it needs a process of its own.
CODE = """
import json, os, warnings
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.simplefilter("ignore")  # scikit-learn warns that scikeras has no tags
import keras, numpy as np, scikeras.wrappers, sklstm
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline
from sklstm import networks

def pipeline(net):
    return Pipeline([
        ("scale", sklstm.SeriesScaler("minmax")),
        ("frame", sklstm.LagFramer(n_steps=3)),
        ("pad", sklstm.SequencePadder(value=-9.0)),  # scikeras takes no NaN
        ("to3d", sklstm.To3D()),
        ("net", net),
    ])

series = np.sin(np.arange(61.0) / 3)[:, None].astype(np.float32)
X, y = series[:-1], series[1:, 0]
labels = {"two": np.where(y > 0, "up", "down"), "three": np.digitize(y, [-0.5, 0.5])}
common = {"model__units": 4, "verbose": 0, "random_state": 0}
lstm = {"model": networks.vanilla, "model__mask_value": -9.0, "compile__jit_compile": False} | common
# scikeras has no tags, so that cv must be a splitter; one split is enough.
cv = [next(KFold(2).split(X))]

def searched(net, target, grid):
    search = GridSearchCV(pipeline(net), grid, cv=cv).fit(X, target)
    return [bool(np.isfinite(search.cv_results_["mean_test_score"]).all()), list(search.predict(X).shape)]

def dense(meta, units):
    inputs = keras.Input(meta["X_shape_"][1:])
    state = keras.layers.Dense(units, activation="relu")(keras.layers.Flatten()(inputs))
    if meta["target_type_"] == "multiclass":
        return keras.Model(inputs, keras.layers.Dense(meta["n_classes_"], activation="softmax")(state))
    return keras.Model(inputs, keras.layers.Dense(meta["n_outputs_"])(state))

moving = {
    "model": dense,
    "optimizer": "adam", "optimizer__learning_rate": 0.01, "epochs": 3, "batch_size": 20, "validation_split": 0.1,
    "callbacks": [keras.callbacks.EarlyStopping], "callbacks__patience": 5,
}
windows = pipeline(None)[:-1].fit_transform(X)

def moved(module):
    regressor = module.KerasRegressor(loss="mse", **common, **moving).fit(windows, y)
    classifier = module.KerasClassifier(dense, loss="sparse_categorical_crossentropy", **common)
    classifier.fit(windows, labels["three"])
    shapes = [list(regressor.predict(windows).shape), sorted(regressor.history_), len(regressor.history_["loss"])]
    for outputs in (classifier.predict(windows), classifier.predict_proba(windows), classifier.classes_):
        shapes.append(list(outputs.shape))
    return shapes

wrappers = scikeras.wrappers
both = {"frame__n_steps": [2, 4], "net__model__units": [1, 2]}
units = {"net__model__units": [2]}
sparse = "sparse_categorical_crossentropy"
print(json.dumps({
    "regressor": searched(wrappers.KerasRegressor(loss="mse", **lstm), y, both),
    "two": searched(wrappers.KerasClassifier(loss="binary_crossentropy", **lstm), labels["two"], units),
    "three": searched(wrappers.KerasClassifier(loss=sparse, **lstm), labels["three"], units),
    "from": moved(wrappers),
    "to": moved(sklstm),
}))
"""


@pytest.fixture(scope="module")
def results():
    """Results of the process that imports scikeras."""
    return json.loads(run_fresh(CODE).splitlines()[-1])


@pytest.mark.parametrize("task", ["regressor", "two", "three"])
def test_search_over_a_pipeline_with_scikeras(results, task):
    """A stock search over n_steps and units works with scikeras as the last step of the pipeline."""
    assert results[task] == [True, [60]]


def test_move_from_scikeras(results):
    """The same calls of scikeras and of sklstm give the same shapes and the same keys of history_."""
    assert results["to"] == results["from"]
    assert results["to"][:2] == [[60], ["loss", "val_loss"]]
