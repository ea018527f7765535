"""Static features, those known ahead, and codes: where networks read them, and where they join."""

import keras
import numpy as np
import pytest
from examples import ALL, MANY_TO_ONE, ROLES, copied, features, meta, padded
from keras import layers
from numpy.testing import assert_allclose

from sklstm.networks import cnn_lstm, encoder_decoder, many_to_many, set_linear_path, vanilla

every = pytest.mark.parametrize("network", ALL, ids=lambda network: network.__name__)
many_to_one = pytest.mark.parametrize("network", MANY_TO_ONE, ids=lambda network: network.__name__)

# Features without a role in ROLES, static ones, and those known ahead.
CHANGING, STATIC, FUTURE = [0, 3], [1], [4, 2, 6, 5]


def with_roles(**changes):
    return meta(**({"X_shape_": (5, 6, 7)} | ROLES | changes))


def codes():
    """Five windows of six time steps and two features: codes below four, and a number."""
    X = features(2)
    X[:, :, 0] = np.random.default_rng(1).integers(0, 4, size=(5, 6))
    return X


def weights(model, name):
    return [np.asarray(weight) for weight in model.get_layer(name).get_weights()]


def recurrent(model):
    """The layers with weights that read time steps, by name."""
    kinds = (layers.LSTM, layers.Bidirectional, layers.Conv1D, layers.Conv2D)
    return {layer.name: layer for layer in model.layers if isinstance(layer, kinds)}


def joined(model, state, known):
    """Outputs of the dense layers of a network for a state and known features."""
    both = np.concatenate([state, known], axis=-1)
    kernel, bias = weights(model, "together")
    both = np.concatenate([both, np.maximum(both @ kernel + bias, 0)], axis=-1)
    kernel, bias = weights(model, "outputs")
    return both @ kernel + bias


# --- roles ----------------------------------------------------------------------------------------


@many_to_one
def test_join_the_last_state(network):
    """The recurrent layers read the other features only; what is known joins their last state."""
    X = features()
    model = network(with_roles(), units=4)
    bare = copied(network(meta(), units=4), **recurrent(model))
    state = keras.Model(bare.input, bare.get_layer("outputs").input)(X[:, :, CHANGING])
    assert_allclose(model(X), joined(model, state, X[:, -1, STATIC + FUTURE]), rtol=1e-5, atol=1e-5)


def test_join_each_state_of_many_to_many():
    """The static value stands beside each state; of what is known ahead a time step has its own."""
    X = features()
    model = many_to_many(with_roles(), units=4)
    bare = copied(many_to_many(meta(), units=4), **recurrent(model))
    states = keras.Model(bare.input, bare.get_layer("outputs").input)(X[:, :, CHANGING])
    fixed = np.repeat(X[:, -1:, STATIC], 6, axis=1)
    known = np.concatenate([fixed, X[:, :, FUTURE]], axis=-1)
    assert_allclose(model(X), joined(model, states, known), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("n_steps", [2, 3])
def test_decoder(n_steps):
    """Each step of the output has what is known of it where that is known of each, else the state has all."""
    by_step = n_steps == 2
    sequence, fixed = keras.Input((None, 2)), keras.Input((1,))
    leads = keras.Input((n_steps, 2) if by_step else (4,))
    state = layers.LSTM(4, name="encoder")(sequence)
    state = layers.Concatenate()([state, fixed] if by_step else [state, fixed, leads])
    states = layers.RepeatVector(n_steps)(state)
    if by_step:
        states = layers.Concatenate()([states, leads])
    states = layers.LSTM(3, return_sequences=True, name="decoder")(states)
    plain = keras.Model([sequence, fixed, leads], layers.Dense(1, name="outputs")(states))
    model = copied(
        encoder_decoder(with_roles(n_outputs_=n_steps, n_output_steps_=n_steps), units=(4, 3)),
        **{name: plain.get_layer(name) for name in ("encoder", "decoder", "outputs")},
    )
    X = features()
    known = X[:, -1, FUTURE].reshape(5, 2, 2) if by_step else X[:, -1, FUTURE]
    assert_allclose(model(X), plain([X[:, :, CHANGING], X[:, -1, STATIC], known]), rtol=1e-5, atol=1e-6)


@many_to_one
def test_one_role_alone(network):
    """Static features work without features known ahead, and the reverse."""
    X = features(2)
    for role in ({"static_": (1,)}, {"future_": ((1,),)}):
        model, changed = network(meta() | role, units=3), X.copy()
        expected = model(X)
        changed[:, :-1, 1] += 1
        assert_allclose(model(changed), expected, rtol=1e-5, atol=1e-6)
        changed[:, -1, 1] += 1
        assert not np.allclose(model(changed), expected)


@pytest.mark.parametrize("network", [*MANY_TO_ONE, encoder_decoder], ids=lambda network: network.__name__)
def test_say_nothing_of_what_was_observed(network):
    """A time step was not observed where the other features are NaN, whatever those with a role hold."""
    model, X = network(with_roles(), units=3), features()
    around = padded(X, before=3)
    known = around.copy()
    known[:, :3, STATIC + FUTURE] = 1.0
    expected = model(X)
    assert_allclose(model(around), expected, rtol=1e-5, atol=1e-5)
    assert_allclose(model(known), expected, rtol=1e-5, atol=1e-5)


@every
def test_nan_is_zero(network):
    """A missing value of a feature with a role counts as zero, and leaves the time step observed."""
    model, X = network(with_roles(), units=3), features()
    X[:, -1, [1, 5]] = np.nan
    zero = X.copy()
    zero[:, -1, [1, 5]] = 0
    outputs = model(X)
    assert np.isfinite(outputs).all()
    assert_allclose(outputs, model(zero), rtol=1e-5, atol=1e-6)


def test_a_number_that_stands_for_nan():
    """With a mask value, too, the features without a role tell what was observed."""
    model, X = vanilla(with_roles(), units=3, mask_value=-9.0), features()
    filled = padded(X, before=2)
    filled[:, :2, CHANGING] = -9.0
    filled[:, :2, STATIC + FUTURE] = 1.0
    assert_allclose(model(filled), model(X), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("network", [*MANY_TO_ONE, encoder_decoder], ids=lambda network: network.__name__)
def test_linear_path(network):
    """Its features are positions in the whole input."""
    decoded = network is encoder_decoder
    path = (3,) * (1 if decoded else 6)
    model, X = network(with_roles(), units=3, linear_path=(path, 6)), features()
    coefficients = np.arange(36.0).reshape(6, 6)
    set_linear_path(
        model,
        path,
        coefficients[:, :, None] if decoded else coefficients[:, None],
        np.zeros((6, 1) if decoded else (1, 6)),
    )
    expected = X[:, :, 3] @ coefficients
    assert_allclose(np.asarray(model(X)).reshape(expected.shape), expected, rtol=1e-4, atol=1e-4)


# --- codes ----------------------------------------------------------------------------------------


@every
def test_embeddings_take_the_place_of_codes(network):
    """A network of codes is a network of what their embeddings hold, numbers beside them."""
    X = codes()
    model = network(meta(n_categories_=(4,)), units=3, embedding_dim=2, embedding_features=[0])
    (table,) = weights(model, "embedding_0")
    assert table.shape == (4, 2)
    looked_up = np.concatenate([X[:, :, 1:], table[X[:, :, 0].astype(int)]], axis=-1)
    bare = copied(network(meta(X_shape_=(5, 6, 3)), units=3), outputs=model.get_layer("outputs"), **recurrent(model))
    assert_allclose(model(X), bare(looked_up.astype(np.float32)), rtol=1e-5, atol=1e-6)
    X[:2, :3] = looked_up[:2, :3] = np.nan
    assert_allclose(model(X), bare(looked_up.astype(np.float32)), rtol=1e-5, atol=1e-6)


def test_all_features_are_codes():
    """Without further word every feature that changes is embedded, each in its own way."""
    model = vanilla(meta(X_shape_=(5, 6, 3), static_=(1,), n_categories_=(4, 7)), units=3, embedding_dim=2)
    X = np.random.default_rng(0).integers(0, 4, size=(5, 6, 3)).astype(np.float32)
    tables = [weights(model, f"embedding_{k}")[0] for k in (0, 2)]
    assert [table.shape for table in tables] == [(4, 2), (7, 2)]
    looked_up = np.concatenate([table[X[:, :, k].astype(int)] for table, k in zip(tables, (0, 2), strict=True)], -1)
    state = copied(keras.Sequential([keras.Input((6, 4)), layers.LSTM(3, name="lstm")]), **recurrent(model))
    assert_allclose(model(X), joined(model, state(looked_up), X[:, -1, [1]]), rtol=1e-5, atol=1e-6)


def test_cuts_of_codes_do_not_depend_on_padding():
    """The first category does not show where nothing was observed."""
    model = cnn_lstm(meta(n_categories_=(4, 3)), units=3, filters=3, embedding_dim=2, subsequence=4)
    X = np.random.default_rng(0).integers(0, 3, size=(5, 6, 2)).astype(np.float32)
    for before, after in ((1, 0), (0, 4), (3, 2)):
        assert_allclose(model(padded(X, before, after)), model(X), rtol=1e-5, atol=1e-5)
