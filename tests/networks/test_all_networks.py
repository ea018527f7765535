"""Facts that hold for every network."""

import random
import re

import keras
import numpy as np
import pytest
from conftest import run_fresh
from examples import ALL, MANY_TO_ONE, ROLES, features, meta, padded, windows
from keras import layers
from numpy.testing import assert_allclose, assert_array_equal

from sklstm.networks import encoder_decoder

every = pytest.mark.parametrize("network", ALL, ids=lambda network: network.__name__)
STEPWISE = ALL[-2:]
TARGETS = {
    "continuous": ({"n_outputs_": 1, "n_output_steps_": 1}, (1,)),
    "continuous-multioutput": ({}, (6,)),
    "binary": ({"n_outputs_": 1, "n_output_steps_": 1, "n_classes_": 2}, (1,)),
    "multiclass": ({"n_outputs_": 1, "n_output_steps_": 1, "n_classes_": 3, "n_labels_": 3}, (3,)),
    "multilabel-indicator": ({"n_classes_": [2] * 6, "n_labels_": 2}, (6,)),
}


@pytest.mark.parametrize("target", TARGETS)
@every
def test_shape_of_outputs(network, target):
    """Outputs have a row for each sample; two networks have one for each time step of it."""
    params, shape = TARGETS[target]
    if network in STEPWISE:
        shape = (6, 1) if params.get("n_outputs_", 6) == 6 else (1, *shape)
    X = windows()[:, : shape[0]] if network in STEPWISE else windows()
    model = network(meta(X_shape_=X.shape, target_type_=target, **params), units=3)
    assert model(X).shape == (5, *shape)


@every
def test_columns_of_classes(network):
    """Each column of classes has an output; networks with an output for each time step take columns for time steps."""
    target = meta(target_type_="multiclass-multioutput", n_classes_=[3, 4, 2, 2, 2, 2], n_labels_=4)
    outputs = network(target, units=3)(windows())
    if network in STEPWISE:
        assert outputs.shape == (5, 6, 4)
    else:
        assert [output.shape for output in outputs] == [(5, n) for n in target["n_classes_"]]


@pytest.mark.parametrize("network", [*MANY_TO_ONE, encoder_decoder], ids=lambda network: network.__name__)
def test_padding_does_not_count(network):
    """Time steps that were not observed change nothing, however many there are and wherever they are."""
    model = network(meta(), units=3)
    expected = model(windows())
    for before, after in ((4, 0), (0, 5), (2, 3)):
        assert_allclose(model(padded(windows(), before, after)), expected, rtol=1e-5, atol=1e-5)


@every
def test_gaps_do_not_spread(network):
    """Outputs of a sample do not depend on the other samples of its batch, nor on their gaps."""
    model, X = network(meta(), units=3), windows()
    X[1, :3] = X[2, 2] = X[3, 4:] = X[4] = np.nan
    outputs = np.asarray(model(X))
    assert np.isfinite(outputs).all()
    for k in range(5):
        assert_allclose(model(X[k : k + 1])[0], outputs[k], rtol=1e-5, atol=1e-6)


@every
def test_builds_are_alike(network):
    """Two builds with one seed have one configuration and the same weights, and draw nothing from Python's generator."""
    params = {"units": 3, "dropout": 0.1, "recurrent_dropout": 0.1, "seed": 0}
    configs, weights = [], []
    state = random.getstate()
    for _ in range(2):
        model = network(meta(), **params)
        configs.append(model.to_json())
        weights.append(model.get_weights())
    assert random.getstate() == state
    assert configs[0] == configs[1]
    for one, same in zip(*weights, strict=True):
        assert_array_equal(one, same)
    assert keras.models.model_from_json(configs[0]).to_json() == configs[0]


@every
def test_each_layer_has_its_own_seed(network):
    """All seeds of a network are different: of initializers and of dropout."""
    config = network(meta(), units=3, dropout=0.1, recurrent_dropout=0.1, seed=0).to_json()
    seeds = re.findall(r'"seed": (\w+)', config)
    assert len(set(seeds)) == len(seeds) >= 5
    assert "null" not in seeds


@every
def test_layers_take_any_mask(network):
    """No LSTM layer uses cuDNN, which refuses padding before a window; without dropout no layer drops anything."""
    model = network(meta(), units=3)
    found = [*model.layers]
    for layer in model.layers:
        found += [layer.forward_layer, layer.backward_layer] if isinstance(layer, layers.Bidirectional) else []
    lstms = [layer for layer in found if isinstance(layer, layers.LSTM)]
    assert lstms
    assert not any(layer.use_cudnn for layer in lstms)
    assert not any(isinstance(layer, layers.Dropout) for layer in found)


@pytest.mark.slow
def test_load_where_sklstm_is_not(tmp_path):
    """Saved networks are plain Keras: a process that cannot import sklstm loads them, and they take NaN there.

    So are a linear path, features with a role, and embeddings of codes.
    """
    X, with_roles = padded(windows()[:, 2:], before=2), features()
    with_roles[:, :, 0] = np.random.default_rng(1).integers(0, 4, size=(5, 6))
    with_roles[:, :2] = np.nan
    for network in ALL:
        path = {} if network is ALL[-1] else {"linear_path": ((0,) * (6 if network in MANY_TO_ONE else 1), 6)}
        role = meta(X_shape_=with_roles.shape, **ROLES, n_categories_=(4,))
        models = {
            "plain": (network(meta(), units=3, dropout=0.1, **path), X),
            "roles": (network(role, units=3, embedding_dim=2, embedding_features=(0,)), with_roles),
        }
        for kind, (model, inputs) in models.items():
            model.save(tmp_path / f"{network.__name__}-{kind}.keras")
            np.savez(tmp_path / f"{network.__name__}-{kind}.npz", inputs=inputs, outputs=model(inputs))
    run_fresh(f"""
        import sys
        sys.modules["sklstm"] = None
        from pathlib import Path
        import keras, numpy as np
        saved = sorted(Path({str(tmp_path)!r}).glob("*.keras"))
        assert len(saved) == {2 * len(ALL)}
        for file in saved:
            arrays = np.load(file.with_suffix(".npz"))
            outputs = keras.models.load_model(file, safe_mode=True)(arrays["inputs"])
            np.testing.assert_allclose(outputs, arrays["outputs"], rtol=1e-5, atol=1e-6)
    """)
