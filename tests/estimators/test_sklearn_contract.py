"""The estimators in scikit-learn's own tools: model selection, ensembles, displays, routing and callbacks."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import sklearn
from builders import perceptron
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sizes import EPOCHS, UNITS
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor, StackingClassifier, VotingClassifier, VotingRegressor
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import (
    PredictionErrorDisplay,
    RocCurveDisplay,
    average_precision_score,
    f1_score,
    get_scorer,
    log_loss,
    make_scorer,
    r2_score,
    roc_auc_score,
)
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    KFold,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import (
    KerasClassifier,
    KerasRegressor,
    LagFramer,
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMRegressor,
    SeriesScaler,
)

N = 42
CODES = np.sort(np.arange(N) % 3)
X = np.random.default_rng(0).normal(size=(N, 4)) + CODES[:, None]
NUMBERS = 5 + X[:, -1]
THREE, TWO = np.array(["a", "b", "c"])[CODES], np.array(["no", "yes"])[(CODES > 1).astype(int)]
FLAGS = (CODES > 1).astype(int)


def regressor(**params):
    return LSTMRegressor(**({"units": UNITS, "epochs": EPOCHS, "random_state": 0} | params))


def classifier(**params):
    return LSTMClassifier(**({"units": UNITS, "epochs": EPOCHS, "random_state": 0} | params))


both_classifiers = pytest.mark.parametrize(
    "model",
    [classifier(), KerasClassifier(perceptron, epochs=EPOCHS, random_state=0)],
    ids=["LSTMClassifier", "KerasClassifier"],
)


@pytest.fixture(scope="module")
def forecast():
    return regressor().fit(X, NUMBERS)


@pytest.fixture(scope="module")
def choice():
    return classifier().fit(X, TWO)


@pytest.fixture
def plots():
    """Draw plots without a screen, and close them afterwards."""
    plt = pytest.importorskip("matplotlib.pyplot")
    with mpl.rc_context({"backend": "Agg"}):
        plt.switch_backend("Agg")
        yield
        plt.close("all")


# --- kinds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "estimator", [LSTMRegressor(), KerasRegressor(), LSTMClassifier(), KerasClassifier(), LSTMAutoencoder()]
)
def test_kinds(estimator):
    """scikit-learn recognises regressors and classifiers before they are fitted."""
    assert is_regressor(estimator) == isinstance(estimator, (LSTMRegressor, KerasRegressor))
    assert is_classifier(estimator) == isinstance(estimator, (LSTMClassifier, KerasClassifier))


def test_clones_are_unfitted_and_alike(choice):
    """A clone has the same parameters and no fitted attribute."""
    again = clone(choice)
    assert again.get_params() == choice.get_params()
    assert not [name for name in vars(again) if name.endswith("_")]


@pytest.mark.parametrize("estimator", [LSTMRegressor(), LSTMClassifier(), KerasRegressor(), KerasClassifier()])
def test_predictors_have_no_set_output(estimator):
    """set_output is for transformers, so regressors and classifiers do not have it."""
    assert not hasattr(estimator, "set_output")


def test_feature_names():
    """Predict raises scikit-learn's error for columns with other names."""
    table = pd.DataFrame(X, columns=["load(t-3)", "load(t-2)", "load(t-1)", "load(t)"])
    model = regressor().fit(table, NUMBERS)
    assert model.feature_names_in_.tolist() == list(table.columns)
    assert refused(model.predict, table.rename(columns={"load(t)": "rain(t)"})) == snapshot(
        "The feature names should match those that were passed during fit.\n"
        "Feature names unseen at fit time:\n- rain(t)\n"
        "Feature names seen at fit time, yet now missing:\n- load(t)\n"
    )


# --- model selection ------------------------------------------------------------------------------


@both_classifiers
def test_folds_of_a_classifier_are_stratified(model):
    """An integer cv means stratified folds, even if samples are sorted by class."""
    by_number = cross_val_score(model, X, THREE, cv=3)
    assert_array_equal(by_number, cross_val_score(model, X, THREE, cv=StratifiedKFold(3)))


@pytest.mark.parametrize(
    ("scoring", "y", "metric"),
    [
        ("roc_auc", TWO, lambda y, p, _: roc_auc_score(y == "yes", p[:, 1])),
        ("roc_auc_ovr", THREE, lambda y, p, _: roc_auc_score(y, p, multi_class="ovr")),
        ("neg_log_loss", THREE, lambda y, p, _: -log_loss(y, p)),
        ("average_precision", FLAGS, lambda y, p, _: average_precision_score(y, p[:, 1])),
        ("f1_macro", THREE, lambda y, _, predicted: f1_score(y, predicted, average="macro")),
    ],
)
@both_classifiers
def test_scorers(model, scoring, y, metric):
    """Each stock scorer gives what its metric gives for the model's probabilities or labels."""
    fitted = clone(model).fit(X, y)
    assert get_scorer(scoring)(fitted, X, y) == pytest.approx(metric(y, fitted.predict_proba(X), fitted.predict(X)))


def test_cross_val_predict():
    """The probabilities of a fold are those of an estimator fitted on the other folds."""
    folds = StratifiedKFold(2)
    probabilities = cross_val_predict(classifier(), X, THREE, cv=folds, method="predict_proba")
    for rest, fold in folds.split(X, THREE):
        assert_array_equal(probabilities[fold], classifier().fit(X[rest], THREE[rest]).predict_proba(X[fold]))


def test_validation_samples_pass_the_steps_of_the_pipeline():
    """The validation loss in a pipeline is that of a fit on samples transformed by hand."""
    far = 1000 + 50 * X
    model = KerasRegressor(perceptron, validation_split=0.25, validation_gap=0, epochs=EPOCHS, random_state=0)
    pipe = make_pipeline(StandardScaler(), clone(model)).fit(far, NUMBERS)
    by_hand = clone(model).fit(StandardScaler().fit_transform(far), NUMBERS)
    assert pipe[-1].history_["val_loss"] == by_hand.history_["val_loss"]


# --- ensembles and meta-estimators ----------------------------------------------------------------


def test_voting(forecast):
    """VotingRegressor predicts the mean of its members, VotingClassifier the mean of their probabilities."""
    vote = VotingRegressor([("lstm", regressor()), ("ridge", Ridge())]).fit(X, NUMBERS)
    assert_allclose(vote.predict(X), (forecast.predict(X) + Ridge().fit(X, NUMBERS).predict(X)) / 2)
    members = [("lstm", classifier()), ("logistic", LogisticRegression())]
    soft = VotingClassifier(members, voting="soft").fit(X, THREE)
    expected = np.mean([clone(member).fit(X, THREE).predict_proba(X) for _, member in members], axis=0)
    # VotingClassifier encodes the labels as integers: the same classes, in the same order.
    assert_allclose(soft.predict_proba(X), expected)
    assert_array_equal(soft.predict(X), soft.classes_[expected.argmax(axis=1)])


def test_stacking_and_calibration():
    """StackingClassifier and CalibratedClassifierCV use the probabilities."""
    stack = StackingClassifier([("lstm", classifier()), ("logistic", LogisticRegression())], cv=2).fit(X, THREE)
    assert stack.transform(X).shape == (N, 6)
    calibrated = CalibratedClassifierCV(classifier(), cv=2).fit(X, THREE)
    assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)


def test_thresholds(choice):
    """A decision threshold other than one half changes the predicted labels."""
    yes = choice.predict_proba(X)[:, 1]
    high = FixedThresholdClassifier(classifier(), threshold=np.median(yes), response_method="predict_proba")
    assert_array_equal(high.fit(X, TWO).predict(X) == "yes", yes >= np.median(yes))
    tuned = TunedThresholdClassifierCV(classifier(), cv=2, thresholds=5).fit(X, TWO)
    assert 0 <= tuned.best_threshold_ <= 1


def test_bagging():
    """BaggingRegressor predicts the mean of its members."""
    bag = BaggingRegressor(regressor(), n_estimators=2, random_state=0).fit(X, NUMBERS)
    assert_allclose(bag.predict(X), np.mean([member.predict(X) for member in bag.estimators_], axis=0))


def test_targets_that_are_transformed_or_split(forecast):
    """TransformedTargetRegressor predicts in units of y, and MultiOutputRegressor fits an estimator per target."""
    logged = TransformedTargetRegressor(regressor(), func=np.log, inverse_func=np.exp).fit(X, np.exp(NUMBERS))
    assert_allclose(logged.predict(X), np.exp(forecast.predict(X)), rtol=1e-4)
    several = MultiOutputRegressor(regressor()).fit(X[:, :, None], np.stack([NUMBERS, -NUMBERS], axis=1))
    assert_allclose(several.predict(X[:, :, None])[:, 0], forecast.predict(X))


def test_permutation_importance():
    """The time step that determines the target has the largest importance."""
    model = regressor(units=8, epochs=30, learning_rate=0.03).fit(X, NUMBERS)
    importances = permutation_importance(model, X, NUMBERS, n_repeats=3, random_state=0).importances_mean
    assert importances.argmax() == 3


@pytest.mark.usefixtures("plots")
def test_displays(forecast, choice):
    """scikit-learn's displays draw from a fitted estimator."""
    errors = PredictionErrorDisplay.from_estimator(forecast, X, NUMBERS, subsample=None)
    assert_array_equal(errors.y_pred, forecast.predict(X))
    curve = RocCurveDisplay.from_estimator(choice, X, TWO)
    assert curve.roc_auc == pytest.approx(roc_auc_score(TWO == "yes", choice.predict_proba(X)[:, 1]))


# --- metadata routing -----------------------------------------------------------------------------


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("routing")
def test_weights_and_groups_are_routed_through_a_pipeline():
    """A pipeline passes sample_weight and groups to the estimator that requests them, in fit and in predict."""
    weights, groups = np.linspace(0, 1, N), np.arange(N) // 14
    estimator = regressor(stateful=True).set_fit_request(sample_weight=True, groups=True)
    estimator.set_predict_request(groups=True)
    # SeriesScaler and LagFramer take groups too, so each must say that it does not request them.
    before = [
        step.set_fit_request(groups=False).set_transform_request(groups=False)
        for step in (SeriesScaler(), LagFramer(n_steps=1))
    ]
    pipeline = make_pipeline(*before, estimator)
    predicted = pipeline.fit(X, NUMBERS, sample_weight=weights, groups=groups).predict(X, groups=groups)
    steps = LagFramer(n_steps=1).fit_transform(SeriesScaler().fit_transform(X))
    alone = regressor(stateful=True).fit(steps, NUMBERS, sample_weight=weights, groups=groups)
    assert_array_equal(predicted, alone.predict(steps, groups=groups))
    assert not np.allclose(predicted, alone.reset_states().predict(steps))


def test_weights_are_routed_through_cross_validation(pipeline):
    """cross_validate passes each fold its weights: to the network's fit, past the transformers, and to a scorer."""
    y, weights = NUMBERS, np.linspace(0, 1, N)
    with sklearn.config_context(enable_metadata_routing=True):
        model = clone(pipeline).set_params(frame__n_steps=2)
        model["lstm"].set_fit_request(sample_weight=True)
        scorer = make_scorer(r2_score).set_score_request(sample_weight=True)
        params = {"sample_weight": weights}
        scores = cross_validate(model, X, y, cv=KFold(2), scoring=scorer, params=params)["test_score"]
    for (rest, fold), score in zip(KFold(2).split(X), scores, strict=True):
        by_hand = clone(pipeline).set_params(frame__n_steps=2)
        predicted = by_hand.fit(X[rest], y[rest], lstm__sample_weight=weights[rest]).predict(X[fold])
        assert score == pytest.approx(r2_score(y[fold], predicted, sample_weight=weights[fold]))


# --- scikit-learn's callbacks ---------------------------------------------------------------------


@pytest.fixture
def callback():
    return pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has no callbacks")


class Recorder:
    """Callback that records the tasks that begin and end, at any depth."""

    max_propagation_depth = None

    def __init__(self):
        self.begun, self.ended, self.open = [], [], 0

    def setup(self, estimator, context):
        self.open += 1

    def teardown(self, estimator, context):
        self.open -= 1

    def on_fit_task_begin(self, estimator, context):
        self.begun.append((context.estimator_name, context.task_name))

    def on_fit_task_end(self, estimator, context):
        self.ended.append((context.estimator_name, context.task_name))


def test_epochs_are_tasks_of_a_fit(callback):
    """A ScoringMonitor on the estimator scores it after each epoch."""
    monitor, recorder = callback.ScoringMonitor(scoring="r2"), Recorder()
    model = regressor(epochs=3).set_callbacks(monitor, recorder).fit(X, NUMBERS)
    assert recorder.begun == [("LSTMRegressor", "fit"), *[("LSTMRegressor", "epoch")] * 3]
    assert sorted(recorder.ended) == sorted(recorder.begun)
    logged = [row["r2"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    shorter = [regressor(epochs=epochs).fit(X, NUMBERS).score(X, NUMBERS) for epochs in (1, 2, 3)]
    assert logged == pytest.approx(shorter)
    assert_array_equal(model.predict(X), regressor(epochs=3).fit(X, NUMBERS).predict(X))


def test_epochs_are_seen_through_a_search(callback, capsys):
    """Callbacks on a search around a pipeline see each epoch of each fit."""
    recorder = Recorder()
    search = GridSearchCV(
        make_pipeline(SeriesScaler(), regressor()),
        {"lstmregressor__learning_rate": [0.01, 0.02]},
        cv=KFold(2),
        error_score="raise",
    )
    search.set_callbacks(recorder, callback.ProgressBar(max_propagation_depth=None)).fit(X, NUMBERS)
    # Two epochs of two candidates on two folds, and two of the refit on all samples.
    assert recorder.begun.count(("LSTMRegressor", "epoch")) == EPOCHS * (2 * 2 + 1)
    assert sorted(recorder.ended) == sorted(recorder.begun)
    assert "LSTMRegressor" in capsys.readouterr().out


def test_callbacks_are_taken_down_after_each_call(callback):
    """Each call of partial_fit calls setup and teardown of a callback."""
    recorder = Recorder()
    model = classifier().set_callbacks(recorder).partial_fit(X, THREE).partial_fit(X, THREE)
    assert recorder.begun == [("LSTMClassifier", "fit"), ("LSTMClassifier", "epoch")] * 2
    assert recorder.open == 0
    assert not hasattr(model, "_callback_fit_ctx")
