import keras
import numpy as np
import pytest
from examples import meta
from inline_snapshot import snapshot
from refusal import refused

from sklstm.networks._heads import heads, n_output_steps, step_heads


def layers_of(outputs):
    """Name, size and activation of the layers that outputs come from."""
    outputs = outputs if isinstance(outputs, list) else [outputs]
    made_by = [tensor._keras_history.operation for tensor in outputs]
    return [(layer.name, layer.units, layer.activation.__name__) for layer in made_by]


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
def test_heads(target, activation, expected):
    """One dense layer, of the size and activation that the target asks for."""
    state = keras.Input((4,))
    assert layers_of(heads(meta(target_type_=target, n_classes_=np.int64(3)), state, activation)) == expected


def test_a_head_for_each_column_of_classes():
    """Several columns of classes have a layer each."""
    several = meta(target_type_="multiclass-multioutput", n_outputs_=2, n_classes_=[3, 4])
    assert layers_of(heads(several, keras.Input((4,)))) == [("output_0", 3, "softmax"), ("output_1", 4, "softmax")]


@pytest.mark.parametrize(
    ("target", "labels", "activation", "expected"),
    [
        ("continuous-multioutput", {}, None, [("outputs", 2, "linear")]),
        ("binary", {"n_classes_": 2}, None, [("outputs", 2, "sigmoid")]),
        ("multilabel-indicator", {}, None, [("outputs", 2, "sigmoid")]),
        ("multiclass-multioutput", {"n_classes_": [2, 2, 1], "n_labels_": 2}, None, [("outputs", 2, "sigmoid")]),
        ("multilabel-indicator", {"n_output_steps_": 6}, "softmax", [("outputs", 2, "softmax")]),
        ("multiclass-multioutput", {"n_classes_": [2, 3], "n_output_steps_": 6}, None, [("outputs", 3, "softmax")]),
        ("multiclass", {"n_classes_": 3, "n_labels_": 4, "n_output_steps_": 6}, None, [("outputs", 4, "softmax")]),
    ],
)
def test_step_heads(target, labels, activation, expected):
    """One dense layer for all time steps; labels are those of all of them."""
    three_steps_of_two = meta(**{"target_type_": target, "n_output_steps_": 3, **labels})
    outputs = step_heads(three_steps_of_two, keras.Input((3, 4)), activation)
    assert layers_of(outputs) == expected
    assert outputs.shape == (None, 3, expected[0][1])


def test_steps_of_the_output():
    """Unless it is said how many time steps the outputs make up, each is one."""
    assert n_output_steps({"n_outputs_": 6, "n_output_steps_": 3}) == 3
    assert n_output_steps({"n_outputs_": 6}) == 6


def test_several_labels_for_each_time_step():
    """A softmax cannot tell more than one label for each time step."""
    several = meta(target_type_="multiclass-multioutput", n_output_steps_=3, n_labels_=4)
    assert refused(step_heads, several, keras.Input((3, 4))) == snapshot(
        "encoder_decoder and many_to_many choose one label for each time step by softmax, got y with 2 for each. "
        "Fit an estimator for each of them."
    )


@pytest.mark.parametrize("make", [heads, step_heads])
def test_unknown_target(make):
    """A target that has no output layer is refused."""
    assert refused(make, meta(target_type_="unknown"), keras.Input((3, 4))) == snapshot(
        "A network's output is for regression, binary, multiclass, multilabel-indicator or multiclass-multioutput "
        "targets, got target_type_='unknown'. See sklearn.utils.multiclass.type_of_target."
    )
