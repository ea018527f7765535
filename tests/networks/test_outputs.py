"""The output layers of networks, for each kind of target."""

import numpy as np
import pytest
from examples import meta
from inline_snapshot import snapshot
from refusal import refused

from sklstm.networks import encoder_decoder, many_to_many, vanilla


def output_layers(network):
    """Name, size and activation of the output layers of a network."""
    found = [layer for layer in network.layers if layer.name.startswith("output")]
    return [(layer.name, layer.units, layer.activation.__name__) for layer in found]


@pytest.mark.parametrize(
    ("target", "activation", "expected"),
    [
        ("continuous", None, [("outputs", 6, "linear")]),
        ("continuous-multioutput", "relu", [("outputs", 6, "relu")]),
        ("binary", None, [("outputs", 1, "sigmoid")]),
        ("binary", "softmax", [("outputs", 2, "softmax")]),
        ("multiclass", None, [("outputs", 3, "softmax")]),
        ("multilabel-indicator", None, [("outputs", 6, "sigmoid")]),
    ],
)
def test_one_output_for_each_sample(target, activation, expected):
    """A network of one state has a dense layer of the size and activation that the target asks for."""
    network = vanilla(meta(target_type_=target, n_classes_=np.int64(3)), units=2, output_activation=activation)
    assert output_layers(network) == expected


def test_columns_of_classes():
    """Each column of classes has a dense layer of its own."""
    network = vanilla(meta(target_type_="multiclass-multioutput", n_outputs_=2, n_classes_=[3, 4]), units=2)
    assert output_layers(network) == [("output_0", 3, "softmax"), ("output_1", 4, "softmax")]


@pytest.mark.parametrize(
    ("target", "labels", "activation", "expected"),
    [
        ("continuous-multioutput", {}, None, (2, "linear")),
        ("binary", {"n_classes_": 2}, None, (2, "sigmoid")),
        ("multilabel-indicator", {}, None, (2, "sigmoid")),
        ("multiclass-multioutput", {"n_classes_": [2, 2, 1], "n_labels_": 2}, None, (2, "sigmoid")),
        ("multilabel-indicator", {"n_outputs_": 3}, "softmax", (2, "softmax")),
        ("multiclass-multioutput", {"n_outputs_": 3, "n_classes_": [2, 3]}, None, (3, "softmax")),
        ("multiclass", {"n_outputs_": 3, "n_classes_": 3, "n_labels_": 4}, None, (4, "softmax")),
    ],
)
def test_one_output_for_each_time_step(target, labels, activation, expected):
    """All time steps share one dense layer, sized by the labels of all of them."""
    three_steps = meta(**{"target_type_": target, "n_output_steps_": 3, **labels})
    network = encoder_decoder(three_steps, units=2, output_activation=activation)
    assert output_layers(network) == [("outputs", *expected)]
    assert network.output_shape == (None, 3, expected[0])


def test_number_of_output_steps():
    """Each output is one time step, unless the number of output steps is given."""
    for given, shape in (({"n_output_steps_": 3}, (None, 3, 2)), ({"n_output_steps_": None}, (None, 6, 1))):
        assert encoder_decoder(meta(**given), units=2).output_shape == shape


def test_several_labels_for_each_time_step():
    """A softmax cannot choose more than one label for each time step."""
    several = meta(target_type_="multiclass-multioutput", n_output_steps_=3, n_labels_=4)
    assert refused(encoder_decoder, several, units=2) == snapshot(
        "encoder_decoder and many_to_many choose one label for each time step by softmax, got y with 2 for each. "
        "Fit an estimator for each of them."
    )


@pytest.mark.parametrize("network", [vanilla, many_to_many])
def test_unknown_target(network):
    """A target that has no output layer is refused."""
    assert refused(network, meta(target_type_="unknown"), units=2) == snapshot(
        "A network's output is for regression, binary, multiclass, multiclass-onehot, multilabel-indicator or multiclass-multioutput targets, got target_type_='unknown'. See sklearn.utils.multiclass.type_of_target."
    )
