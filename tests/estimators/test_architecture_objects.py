"""Parameters that are objects: Architecture, CNNLSTM, TrainingPlan and TimeTail."""

import pickle
from functools import partial

import keras
import numpy as np
import pytest
from inline_snapshot import snapshot
from known_networks import constant, trained_on
from numpy.testing import assert_array_equal
from refusal import refused, with_sorted_choices
from sizes import EPOCHS, UNITS
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from sklstm import CNNLSTM, LSTMFCN, Architecture, LSTMAutoencoder, LSTMClassifier, LSTMRegressor, TrainingPlan
from sklstm.model_selection import TimeTail


def small(**params):
    return LSTMRegressor(**({"units": UNITS, "epochs": EPOCHS, "random_state": 0} | params))


def build(meta, units):
    """A network of the user's."""
    inputs = keras.Input((None, 2))
    zeros = keras.ops.where(keras.ops.isnan(inputs), 0.0, inputs)
    return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.LSTM(units)(zeros)))


class Builds:
    """A builder that is no function."""

    def __call__(self, meta, units):
        return build(meta, units)


# --- objects and plain values ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plain", "given"),
    [
        ({"architecture": "stacked"}, {"architecture": Architecture("stacked")}),
        ({"architecture": "cnn_lstm"}, {"architecture": CNNLSTM()}),
        ({"architecture": "lstm_fcn"}, {"architecture": LSTMFCN()}),
        ({"architecture": build}, {"architecture": Architecture(build)}),
        ({"training": None}, {"training": TrainingPlan()}),
        ({"validation": None}, {"validation": TimeTail(0.0)}),
        ({"validation": 0.2}, {"validation": TimeTail(0.2)}),
        ({"validation": 0.2}, {"validation": TimeTail()}),
    ],
)
def test_an_object_and_its_plain_value(plain, given, waves):
    """An object without options gives the same bits as the name, the function or the number."""
    X, y = waves
    one, other = small(**plain).fit(X, y), small(**given).fit(X, y)
    assert_array_equal(other.predict(X), one.predict(X))
    assert other.history_ == one.history_


def test_options_of_the_convolution(waves):
    """Options of CNNLSTM are those of the layer and of the pieces that a sample is cut into."""
    convolution = {"filters": 5, "kernel_size": 2, "subsequence": 3}
    architecture = CNNLSTM(**convolution, output_activation="sigmoid")
    model = small(architecture=architecture, target_scaler="minmax").initialize(*waves).model_
    (layer,) = (layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    # Over time steps of pieces, one piece at a time.
    assert (layer.filters, layer.kernel_size, layer.input.shape[2]) == (5, (1, 2), 3)
    assert model.get_layer("outputs").activation is keras.activations.sigmoid
    assert isinstance(CNNLSTM(), Architecture)


def test_options_of_the_convolutions(waves):
    """Options of LSTMFCN are those of its layers, from the lowest."""
    model = small(architecture=LSTMFCN(filters=(3, 2), kernel_sizes=(4, 1))).initialize(*waves).model_
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv1D)]
    assert [(layer.filters, layer.kernel_size) for layer in convolutions] == [(3, (4,)), (2, (1,))]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"training": TrainingPlan(stride=4)}, range(3, 60, 4)),
        ({"training": TrainingPlan(min_steps=6)}, range(5, 60)),
        ({"training": TrainingPlan(min_steps=6, stride=4)}, range(7, 60, 4)),
        ({"validation": TimeTail(0.2, gap=3)}, range(45)),
        ({"validation": TimeTail(0.2, gap=0)}, range(48)),
        ({"validation": TimeTail(0.2)}, range(43)),
    ],
)
def test_training_samples(params, expected, waves):
    """TrainingPlan and TimeTail say which samples are trained on; by default a gap keeps time steps apart."""
    assert trained_on(small(**params), waves[0]) == list(expected)


# --- searches and copies --------------------------------------------------------------------------


def test_options_are_tuned(waves):
    """A search tunes options of each object, and leaves the objects that it was given alone."""
    model = small(architecture=Architecture(), training=TrainingPlan(), validation=TimeTail(), epochs=1)
    grid = {"architecture__recurrent_dropout": [0.0, 0.5], "training__stride": [2], "validation__fraction": [0.3]}
    search = GridSearchCV(model, grid, cv=TimeSeriesSplit(2), error_score="raise").fit(*waves)
    assert len(set(search.cv_results_["mean_test_score"])) == 2
    best = search.best_estimator_
    assert best.architecture.recurrent_dropout == search.best_params_["architecture__recurrent_dropout"]
    assert (best.training.stride, best.validation.fraction) == (2, 0.3)
    assert repr(model) == repr(
        small(architecture=Architecture(), training=TrainingPlan(), validation=TimeTail(), epochs=1)
    )


def test_convolution_is_tuned():
    """An option may be set together with its object."""
    model = small().set_params(architecture=CNNLSTM(), architecture__kernel_size=5)
    assert model.architecture.kernel_size == model.get_params()["architecture__kernel_size"] == 5


def test_clones_have_their_own():
    """A clone has objects of its own."""
    model = small(architecture=CNNLSTM(filters=4), training=TrainingPlan(stride=2), validation=TimeTail(gap=1))
    twin = clone(model)
    assert repr(twin) == repr(model)
    twin.set_params(architecture__filters=8, training__stride=3, validation__gap=0)
    assert (model.architecture.filters, model.training.stride, model.validation.gap) == (4, 2, 1)


def test_pickle(waves):
    """A fitted estimator pickles with its objects, and goes on to train."""
    X, y = waves
    objects = {"architecture": Architecture("stacked", recurrent_dropout=0.2), "training": TrainingPlan(stride=2)}
    model = small(**objects, validation=TimeTail(0.2, gap=1)).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    assert repr(again) == repr(model)
    assert_array_equal(again.predict(X), model.predict(X))
    assert_array_equal(again.partial_fit(X, y).predict(X), model.partial_fit(X, y).predict(X))


# --- the fitted network ---------------------------------------------------------------------------


def test_further_training_keeps_the_architecture(waves):
    """An option of the architecture that was set after fit refuses further training; other objects may change."""
    X, y = waves
    model = small(architecture=Architecture("stacked"), training=TrainingPlan(), validation=TimeTail()).fit(X, y)
    model.set_params(architecture__recurrent_dropout=0.5)
    assert refused(model.partial_fit, X, y) == snapshot(
        "LSTMRegressor goes on with the network that it has, but architecture was Architecture(network='stacked') when it was built, and is Architecture(network='stacked', recurrent_dropout=0.5). Set it back, or call fit with warm_start=False to begin anew."
    )
    model.set_params(architecture__recurrent_dropout=0.0, training__stride=2, validation__fraction=0.3)
    assert model.partial_fit(X, y).n_iter_ == EPOCHS + 1


@pytest.mark.parametrize("builder", [build, partial(build), Builds()], ids=["function", "partial", "object"])
def test_further_training_of_a_builder(builder, waves):
    """A network that a function or an object built is trained further, after a pickle too."""
    X, y = waves
    model = small(architecture=Architecture(builder), training=TrainingPlan(min_steps=6)).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.partial_fit(X, y).predict(X), model.partial_fit(X, y).predict(X))


@pytest.mark.parametrize("network", ["many_to_many", "encoder_decoder", constant])
def test_options_after_fit(network, waves):
    """Options of the architecture that are set after fit change no prediction."""
    X, y = waves
    model = small(architecture=Architecture("stacked"), window_scaler="last", target_feature=0).initialize(X, y)
    expected = model.predict(X)
    model.set_params(architecture__network=network, architecture__embedding_dim=3)
    assert_array_equal(model.predict(X), expected)


def test_message_after_fit():
    """A message of predict names the options of the fitted network."""
    X = np.arange(24.0).reshape(8, 3, 1)
    model = small(architecture=Architecture(embedding_dim=2)).initialize(X, X[:, 0, 0])
    model.set_params(architecture__embedding_dim=None)
    assert refused(model.predict, X - 0.5).startswith("LSTMRegressor with Architecture(embedding_dim=2) expects codes")


# --- errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", [LSTMRegressor, LSTMClassifier])
def test_options_of_plain_values(estimator):
    """An option of a plain value is an error that says which object has it."""
    plain = [
        ({"architecture": "stacked"}, "architecture__recurrent_dropout"),
        ({"architecture": "stacked"}, "architecture__network"),
        ({"architecture": "cnn_lstm"}, "architecture__filters"),
        ({"architecture": "lstm_fcn"}, "architecture__filters"),
        ({"architecture": "vanilla"}, "architecture__kernel_sizes"),
        ({"architecture": build}, "architecture__embedding_dim"),
        ({}, "training__stride"),
        ({}, "validation__gap"),
        ({"validation": 0.2}, "validation__gap"),
        ({"validation": 0.2}, "validation__fraction"),
    ]
    messages = [refused(estimator(**params).set_params, **{option: 1}) for params, option in plain]
    assert [message.replace(estimator.__name__, "LSTM") for message in messages] == snapshot(
        [
            "LSTM(architecture='stacked') has no 'recurrent_dropout' to set. Pass an object that has: architecture=Architecture('stacked', recurrent_dropout=...).",
            "LSTM(architecture='stacked') has no 'network' to set. Pass an object that has: architecture=Architecture(network=...).",
            "LSTM(architecture='cnn_lstm') has no 'filters' to set. Pass an object that has: architecture=CNNLSTM(filters=...).",
            "LSTM(architecture='lstm_fcn') has no 'filters' to set. Pass an object that has: architecture=LSTMFCN(filters=...).",
            "LSTM(architecture='vanilla') has no 'kernel_sizes' to set. Pass an object that has: architecture=LSTMFCN(kernel_sizes=...).",
            "LSTM(architecture=build) has no 'embedding_dim' to set. Pass an object that has: architecture=Architecture(build, embedding_dim=...).",
            "LSTM(training=None) has no 'stride' to set. Pass an object that has: training=TrainingPlan(stride=...).",
            "LSTM(validation=None) has no 'gap' to set. Pass an object that has: validation=TimeTail(gap=...).",
            "LSTM(validation=0.2) has no 'gap' to set. Pass an object that has: validation=TimeTail(0.2, gap=...).",
            "LSTM(validation=0.2) has no 'fraction' to set. Pass an object that has: validation=TimeTail(fraction=...).",
        ]
    )


def test_wrong_options(waves):
    """A wrong value of an option is an error of fit that names the object and the option."""
    wrong = [
        {"architecture": Architecture("stakked")},
        {"architecture": Architecture(recurrent_dropout=1.0)},
        {"architecture": Architecture(embedding_dim=0)},
        {"architecture": CNNLSTM(filters=0)},
        {"architecture": LSTMFCN(filters=8)},
        {"training": TrainingPlan(stride=0)},
        {"training": TrainingPlan(min_steps=-1)},
        {"training": TrainingPlan(shuffle=2)},
        {"training": TrainingPlan(tbptt=3)},
        {"validation": TimeTail(1.0)},
        {"validation": TimeTail(gap=-1)},
    ]
    assert [with_sorted_choices(refused(small(**params).fit, *waves)) for params in wrong] == snapshot(
        [
            "The 'network' parameter of Architecture must be a str among {'bidirectional', 'cnn_lstm', 'encoder_decoder', 'lstm_fcn', 'many_to_many', 'stacked', 'vanilla'} or a callable. Got 'stakked' instead.",
            "The 'recurrent_dropout' parameter of Architecture must be a float in the range [0.0, 1.0). Got 1.0 instead.",
            "The 'embedding_dim' parameter of Architecture must be an int in the range [1, inf) or None. Got 0 instead.",
            "The 'filters' parameter of CNNLSTM must be an int in the range [1, inf). Got 0 instead.",
            "The 'filters' parameter of LSTMFCN must be an instance of 'list', an instance of 'tuple' or an instance of 'numpy.ndarray'. Got 8 instead.",
            "The 'stride' parameter of TrainingPlan must be an int in the range [1, inf). Got 0 instead.",
            "The 'min_steps' parameter of TrainingPlan must be an int in the range [0, inf) or a str among {'auto'}. Got -1 instead.",
            "The 'shuffle' parameter of TrainingPlan must be an instance of 'bool' or an instance of 'numpy.bool'. Got 2 instead.",
            "The 'tbptt' parameter of TrainingPlan must be an instance of 'tuple', an instance of 'list' or None. Got 3 instead.",
            "The 'fraction' parameter of TimeTail must be a float in the range [0.0, 1.0). Got 1.0 instead.",
            "The 'gap' parameter of TimeTail must be an int in the range [0, inf) or None. Got -1 instead.",
        ]
    )


def test_wrong_options_of_other_estimators(waves):
    """Options are checked for each estimator that takes them."""
    X, y = waves
    plan = TrainingPlan(stride=0)
    message = refused(small(training=plan).fit, X, y)
    assert refused(LSTMClassifier(training=plan).fit, X, y > 10) == message
    assert refused(LSTMAutoencoder(training=plan).fit, X) == message


def test_wrong_objects(waves):
    """What is no plain value and no such object is refused, classes too."""
    for name, wrong in [("training", 3), ("training", TrainingPlan), ("validation", 1.0), ("validation", "last")]:
        with pytest.raises(ValueError, match=f"^The '{name}' parameter of LSTMRegressor must be "):
            small(**{name: wrong}).fit(*waves)
    assert refused(small(architecture=CNNLSTM).fit, *waves, error=TypeError) == snapshot(
        "LSTMRegressor expects an object, got architecture=CNNLSTM, a class. Pass architecture=CNNLSTM()."
    )


def test_mistyped_options():
    """A mistyped option is an error that suggests the right name, in set_params too."""
    assert refused(TrainingPlan, strid=2, error=TypeError) == snapshot(
        "TrainingPlan has no parameter 'strid'. Did you mean 'stride'? Its parameters are: min_steps, shuffle, stride, tbptt."
    )
    assert refused(small(training=TrainingPlan()).set_params, training__strid=2) == snapshot(
        "TrainingPlan has no parameter 'strid'. Did you mean 'stride'? Its parameters are: min_steps, shuffle, stride, tbptt."
    )
    assert refused(Architecture, "cnn_lstm", filters=2, error=TypeError) == snapshot(
        "Architecture has no parameter 'filters'. Pass CNNLSTM(filters=...)."
    )
    assert refused(TimeTail, fration=0.2, error=TypeError) == snapshot(
        "TimeTail has no parameter 'fration'. Did you mean 'fraction'? Its parameters are: fraction, gap."
    )


def test_options_passed_as_parameters():
    """An option that one may take for a parameter is an error that says how it is written."""
    names = ("recurrent_dropout", "filters", "stride", "validation_split", "validation_gap")
    messages = []
    for name in names:
        with pytest.raises(TypeError) as caught:
            LSTMRegressor(**{name: 0.2})
        messages.append(str(caught.value))
    assert messages == snapshot(
        [
            "LSTMRegressor has no parameter 'recurrent_dropout'. Pass architecture=Architecture(recurrent_dropout=...).",
            "LSTMRegressor has no parameter 'filters'. Pass architecture=CNNLSTM(filters=...).",
            "LSTMRegressor has no parameter 'stride'. Pass training=TrainingPlan(stride=...).",
            "LSTMRegressor has no parameter 'validation_split'. Pass validation=0.2, the share of the samples at the end that are watched.",
            "LSTMRegressor has no parameter 'validation_gap'. Pass validation=TimeTail(0.2, gap=...).",
        ]
    )


def test_a_list_that_is_changed_in_place():
    """Another list of features is another network, however long it is, and also where it was changed in place."""
    X = np.random.default_rng(0).integers(0, 3, (20, 3, 40)).astype(float)
    features = list(range(35))
    model = LSTMRegressor(UNITS, architecture=Architecture(embedding_dim=1, embedding_features=features), epochs=1)
    model.fit(X, X[:, -1, 0])
    features[-1] = 39
    with pytest.raises(ValueError, match="goes on with the network that it has"):
        model.partial_fit(X, X[:, -1, 0])
