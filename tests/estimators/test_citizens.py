"""What scikit-learn's tools do with the estimators."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import sklearn
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor, StackingClassifier, VotingClassifier, VotingRegressor
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import (
    PredictionErrorDisplay,
    RocCurveDisplay,
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


def regressor(**params):
    return LSTMRegressor(**({"units": 3, "epochs": 2, "random_state": 0} | params))


def classifier(**params):
    return LSTMClassifier(**({"units": 3, "epochs": 2, "random_state": 0} | params))


@pytest.fixture(scope="module")
def forecast():
    return regressor().fit(X, NUMBERS)


@pytest.fixture(scope="module")
def choice():
    return classifier().fit(X, TWO)


@pytest.fixture
def plots():
    """Plots are drawn nowhere, and closed again."""
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
    """scikit-learn tells regressors from classifiers, before they are fitted."""
    assert is_regressor(estimator) == isinstance(estimator, (LSTMRegressor, KerasRegressor))
    assert is_classifier(estimator) == isinstance(estimator, (LSTMClassifier, KerasClassifier))


def test_clones_are_unfitted_and_alike(choice):
    """A clone has the parameters and nothing of the fit."""
    again = clone(choice)
    assert again.get_params() == choice.get_params()
    assert not hasattr(again, "network_")


def test_html(forecast):
    """A notebook shows the estimator, and the parameters that were chosen."""
    html = forecast._repr_html_()
    assert "LSTMRegressor" in html
    assert "epochs" in html


def test_containers_of_outputs(forecast):
    """An estimator has no set_output, and its predictions stay arrays whatever scikit-learn is set to."""
    assert not hasattr(forecast, "set_output")
    with sklearn.config_context(transform_output="pandas"):
        predicted = regressor().fit(X, NUMBERS).predict(X)
    assert type(predicted) is np.ndarray
    assert_array_equal(predicted, forecast.predict(X))


def test_feature_names():
    """Columns of other names, or in another order, are refused as scikit-learn refuses them."""
    table = pd.DataFrame(X, columns=["load(t-3)", "load(t-2)", "load(t-1)", "load(t)"])
    model = regressor().fit(table, NUMBERS)
    assert model.feature_names_in_.tolist() == list(table.columns)
    assert refused(model.predict, table.rename(columns={"load(t)": "rain(t)"})) == snapshot(
        "The feature names should match those that were passed during fit.\n"
        "Feature names unseen at fit time:\n- rain(t)\n"
        "Feature names seen at fit time, yet now missing:\n- load(t)\n"
    )


# --- model selection ------------------------------------------------------------------------------


def test_folds_of_a_classifier_are_stratified():
    """A number of folds stands for stratified ones, even where samples are sorted by class."""
    by_number = cross_val_score(classifier(), X, THREE, cv=3)
    assert_array_equal(by_number, cross_val_score(classifier(), X, THREE, cv=StratifiedKFold(3)))


@pytest.mark.parametrize(
    ("scoring", "y", "metric"),
    [
        ("roc_auc", TWO, lambda y, p: roc_auc_score(y == "yes", p[:, 1])),
        ("roc_auc_ovr", THREE, lambda y, p: roc_auc_score(y, p, multi_class="ovr")),
        ("neg_log_loss", THREE, lambda y, p: -log_loss(y, p)),
    ],
)
def test_scorers_take_probabilities(scoring, y, metric):
    """Scorers by name read probabilities, or decisions that agree with them."""
    model = classifier().fit(X, y)
    assert get_scorer(scoring)(model, X, y) == pytest.approx(metric(y, model.predict_proba(X)))
    assert np.isfinite(cross_val_score(classifier(), X, y, cv=2, scoring=scoring)).all()


def test_cross_val_predict():
    """Probabilities of each fold are those of an estimator fitted on the others."""
    folds = StratifiedKFold(2)
    probabilities = cross_val_predict(classifier(), X, THREE, cv=folds, method="predict_proba")
    for rest, fold in folds.split(X, THREE):
        assert_array_equal(probabilities[fold], classifier().fit(X[rest], THREE[rest]).predict_proba(X[fold]))


# --- ensembles and what wraps an estimator --------------------------------------------------------


def test_voting(forecast):
    """A vote of regressors is their mean, a soft vote of classifiers the mean of their probabilities."""
    vote = VotingRegressor([("lstm", regressor()), ("ridge", Ridge())]).fit(X, NUMBERS)
    assert_allclose(vote.predict(X), (forecast.predict(X) + Ridge().fit(X, NUMBERS).predict(X)) / 2)
    members = [("lstm", classifier()), ("logistic", LogisticRegression())]
    soft = VotingClassifier(members, voting="soft").fit(X, THREE)
    expected = np.mean([clone(member).fit(X, THREE).predict_proba(X) for _, member in members], axis=0)
    # Inside a vote the labels are numbers: the same classes, in the same order.
    assert_allclose(soft.predict_proba(X), expected)
    assert_array_equal(soft.predict(X), soft.classes_[expected.argmax(axis=1)])


def test_stacking_and_calibration():
    """Probabilities feed a stack and a calibration."""
    stack = StackingClassifier([("lstm", classifier()), ("logistic", LogisticRegression())], cv=2).fit(X, THREE)
    assert stack.transform(X).shape == (N, 6)
    calibrated = CalibratedClassifierCV(classifier(), cv=2).fit(X, THREE)
    assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)


def test_thresholds(choice):
    """A threshold other than one half moves what is predicted."""
    yes = choice.predict_proba(X)[:, 1]
    high = FixedThresholdClassifier(classifier(), threshold=np.median(yes), response_method="predict_proba")
    assert_array_equal(high.fit(X, TWO).predict(X) == "yes", yes >= np.median(yes))
    tuned = TunedThresholdClassifierCV(classifier(), cv=2, thresholds=5).fit(X, TWO)
    assert 0 <= tuned.best_threshold_ <= 1


def test_bagging():
    """Members of a bag are fitted on draws of the samples, and predict their mean."""
    bag = BaggingRegressor(regressor(), n_estimators=2, random_state=0).fit(X, NUMBERS)
    assert_allclose(bag.predict(X), np.mean([member.predict(X) for member in bag.estimators_], axis=0))


def test_targets_that_are_transformed_or_split(forecast):
    """A transformed target comes back in its units, and several targets may have an estimator each."""
    logged = TransformedTargetRegressor(regressor(), func=np.log, inverse_func=np.exp).fit(X, np.exp(NUMBERS))
    assert_allclose(logged.predict(X), np.exp(forecast.predict(X)), rtol=1e-4)
    several = MultiOutputRegressor(regressor()).fit(X[:, :, None], np.stack([NUMBERS, -NUMBERS], axis=1))
    assert_allclose(several.predict(X[:, :, None])[:, 0], forecast.predict(X))


def test_permutation_importance():
    """The one time step that counts is the one whose shuffling hurts most."""
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
    """A pipeline hands sample_weight and groups to the estimator that asks for them, in fit and in predict."""
    weights, groups = np.linspace(0, 1, N), np.arange(N) // 14
    estimator = regressor(stateful=True).set_fit_request(sample_weight=True, groups=True)
    estimator.set_predict_request(groups=True)
    # Scaler and framer could scale and frame each group by itself: whether they are to must be said.
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


@pytest.mark.usefixtures("routing")
def test_weights_are_routed_through_cross_validation():
    """cross_validate hands each fold its weights, to fit and to a scorer that asks for them."""
    weights = np.linspace(0, 1, N)
    estimator = regressor().set_fit_request(sample_weight=True)
    scorer = make_scorer(r2_score).set_score_request(sample_weight=True)
    scores = cross_validate(
        make_pipeline(SeriesScaler(), estimator),
        X,
        NUMBERS,
        cv=KFold(2),
        scoring=scorer,
        params={"sample_weight": weights},
    )["test_score"]
    for (rest, fold), score in zip(KFold(2).split(X), scores, strict=True):
        scaler = SeriesScaler().fit(X[rest])
        model = regressor().fit(scaler.transform(X[rest]), NUMBERS[rest], sample_weight=weights[rest])
        predicted = model.predict(scaler.transform(X[fold]))
        assert score == pytest.approx(r2_score(NUMBERS[fold], predicted, sample_weight=weights[fold]))


# --- scikit-learn's callbacks ---------------------------------------------------------------------


@pytest.fixture
def callback():
    return pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has no callbacks")


class Recorder:
    """A callback that notes the tasks that begin and end, at any depth."""

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
    """A monitor set on the estimator scores it after each epoch, as it is by then."""
    monitor, recorder = callback.ScoringMonitor(scoring="r2"), Recorder()
    model = regressor(epochs=3).set_callbacks(monitor, recorder).fit(X, NUMBERS)
    assert recorder.begun == [("LSTMRegressor", "fit"), *[("LSTMRegressor", "epoch")] * 3]
    assert sorted(recorder.ended) == sorted(recorder.begun)
    logged = [row["r2"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    shorter = [regressor(epochs=epochs).fit(X, NUMBERS).score(X, NUMBERS) for epochs in (1, 2, 3)]
    assert logged == pytest.approx(shorter)
    assert_array_equal(model.predict(X), regressor(epochs=3).fit(X, NUMBERS).predict(X))


def test_epochs_are_seen_through_a_search(callback, capsys):
    """Callbacks set on a search around a pipeline see each epoch of each of its fits."""
    recorder = Recorder()
    search = GridSearchCV(
        make_pipeline(SeriesScaler(), regressor()), {"lstmregressor__units": [2, 3]}, cv=KFold(2), error_score="raise"
    )
    search.set_callbacks(recorder, callback.ProgressBar(max_propagation_depth=None)).fit(X, NUMBERS)
    # Two epochs of two candidates on two folds, and of the best on all samples.
    assert recorder.begun.count(("LSTMRegressor", "epoch")) == 2 * (2 * 2 + 1)
    assert sorted(recorder.ended) == sorted(recorder.begun)
    assert "LSTMRegressor" in capsys.readouterr().out


def test_callbacks_are_taken_down_after_each_call(callback):
    """What a callback sets up for a call of partial_fit, it takes down again."""
    recorder = Recorder()
    model = classifier().set_callbacks(recorder).partial_fit(X, THREE).partial_fit(X, THREE)
    assert recorder.begun == [("LSTMClassifier", "fit"), ("LSTMClassifier", "epoch")] * 2
    assert recorder.open == 0
    assert not hasattr(model, "_callback_fit_ctx")
