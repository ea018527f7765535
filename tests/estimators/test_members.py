"""Ensembles: members that differ in their seed, their training and their mean."""

import pickle
import signal
import threading

import joblib
import keras
import numpy as np
import pytest
from builders import TABLE, TARGETS, WINDOWS, compiled, perceptron, table_model
from compiled_programs import compiled_programs
from conftest import run_fresh
from inline_snapshot import snapshot
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sizes import EPOCHS, UNITS
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.preprocessing import QuantileTransformer

from sklstm import (
    KerasClassifier,
    KerasRegressor,
    LSTMClassifier,
    LSTMRegressor,
    OnlinePredictor,
    TrainingPlan,
)
from sklstm.estimators import _members

X, y = WINDOWS, TARGETS[:, 0]
SIDES = np.where(y > 0, "up", "down")
SMALL = {"batch_size": 8, "epochs": EPOCHS, "random_state": 0}
ESTIMATORS = {
    "LSTMRegressor": LSTMRegressor(UNITS, dropout=0.2, validation=0.2, **SMALL),
    "LSTMRegressor, xla": LSTMRegressor(UNITS, dropout=0.2, **SMALL | {"epochs": 30}),
    "LSTMClassifier": LSTMClassifier(UNITS, dropout=0.2, **SMALL),
    "KerasRegressor": KerasRegressor(perceptron, target_scaler="standard", **SMALL),
    "KerasRegressor, compiled": KerasRegressor(compiled, **SMALL),
    "KerasRegressor, Keras' fit": KerasRegressor(perceptron, optimizer="nadam", **SMALL),
    "KerasClassifier": KerasClassifier(perceptron, **SMALL),
}


@pytest.fixture(params=ESTIMATORS)
def estimator(request):
    return clone(ESTIMATORS[request.param])


@pytest.fixture
def cores(monkeypatch):
    """Function that sets the number of free cores, and returns the numbers of threads that fits then take.

    With None the cores are those of the machine.
    """
    taken, in_threads = [], _members._train_in_threads

    def train(fits, n_threads):
        taken.append(n_threads)
        return in_threads(fits, n_threads)

    monkeypatch.setattr(_members, "_train_in_threads", train)

    def have(n_cores):
        if n_cores is None:
            return taken
        monkeypatch.setattr("sklstm.training.free_threads", lambda: n_cores)
        return taken

    return have


def target(estimator):
    return SIDES if isinstance(estimator, (LSTMClassifier, KerasClassifier)) else y


def outputs(estimator, features=X):
    """Probabilities or numbers."""
    return getattr(estimator, "predict_proba", estimator.predict)(features)


def ensemble(estimator, **params):
    """A copy with three members."""
    return clone(estimator).set_params(n_members=3, **params)


# --- members --------------------------------------------------------------------------------------


def test_the_first_member_is_the_single_network(estimator):
    """The first member has the bits, and the history, of the estimator with one member."""
    single = clone(estimator).fit(X, target(estimator))
    together = ensemble(estimator).fit(X, target(estimator))
    assert_array_equal(together.predict_members(X)[0], outputs(single))
    assert together.history_ == single.history_
    assert together.n_iter_ == single.n_iter_
    assert together.training_path_ == single.training_path_
    assert_array_equal(together.model_.get_weights()[0], single.model_.get_weights()[0])
    assert_array_equal(single.predict_members(X), outputs(single)[None])


def test_members_differ_in_their_seed(estimator):
    """Each member differs from the others; the first two are the same whatever the number of members is."""
    three = ensemble(estimator).fit(X, target(estimator))
    two = clone(estimator).set_params(n_members=2).fit(X, target(estimator))
    one, other, last = three.predict_members(X)
    assert not np.array_equal(one, other)
    assert not np.array_equal(other, last)
    assert_array_equal(two.predict_members(X), [one, other])
    assert len({member.seed for member in three.members_}) == 3
    assert len({member.history["loss"][-1] for member in three.members_}) == 3


def test_predictions_are_means(estimator):
    """Predictions equal the mean of a loop over the members' networks."""
    together = ensemble(estimator).fit(X, target(estimator))
    expected = []
    for member in together.members_:
        alone = clone(estimator).fit(X, target(estimator))
        alone.members_ = [member]
        expected.append(outputs(alone))
    assert_array_equal(together.predict_members(X), expected)
    assert_allclose(outputs(together), np.mean(expected, axis=0), rtol=1e-6)


def test_members_share_programs():
    """A fit of several members compiles as many programs as that of one."""
    model = LSTMRegressor(units=5, epochs=EPOCHS, random_state=0)
    before = set(compiled_programs())
    ensemble(model).fit(X, y).predict(X)
    assert len(set(compiled_programs()) - before) == 2


def test_a_model_that_was_built():
    """Copies of a keras.Model start from its weights, and differ in the order of their batches."""
    model = KerasRegressor(table_model(), n_members=2, random_state=0, **{"epochs": 2, "batch_size": 8})
    started = clone(model).initialize(TABLE, y).predict_members(TABLE)
    assert_array_equal(started[0], started[1])
    one, other = model.fit(TABLE, y).predict_members(TABLE)
    assert not np.array_equal(one, other)


def test_linear_start_of_members():
    """All members start at the same ridge regression."""
    series = np.sin(np.arange(60) / 3)
    windows, following = np.lib.stride_tricks.sliding_window_view(series[:-1], 6)[..., None], series[6:]
    model = LSTMRegressor(UNITS, n_members=2, random_state=0).initialize(windows, following)
    assert model.linear_steps_ == 6
    one, other = model.predict_members(windows)
    assert_array_equal(one, other)


# --- targets --------------------------------------------------------------------------------------


def test_probabilities():
    """Probabilities are means, add up to 1, and say which label is predicted."""
    three_classes = np.digitize(y, [-1, 1])
    model = ensemble(ESTIMATORS["LSTMClassifier"]).fit(X, three_classes)
    probabilities = model.predict_proba(X)
    assert_allclose(probabilities.sum(axis=1), 1)
    assert_allclose(probabilities, model.predict_members(X).mean(axis=0))
    assert_array_equal(model.predict(X), model.classes_[probabilities.argmax(axis=1)])
    assert model.score(X, three_classes) == np.mean(model.predict(X) == three_classes)


def test_logits():
    """Of a network with logits the probabilities are averaged, not the logits."""

    def logits(meta):
        inputs = keras.Input(meta["X_shape_"][1:])
        return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inputs)))

    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model = KerasClassifier(logits, loss=loss, n_members=3, **SMALL).fit(X, SIDES)
    assert_allclose(model.predict_proba(X), model.predict_members(X).mean(axis=0))


def test_several_columns_of_labels():
    """With several columns of labels there is an array for each."""
    labels = np.stack([SIDES, np.where(TARGETS[:, 1] > 0, "in", "out")], axis=1)
    model = KerasClassifier(perceptron, n_members=3, **SMALL).fit(X, labels)
    members = model.predict_members(X)
    assert [array.shape for array in members] == [(3, 40, 2), (3, 40, 2)]
    for one, mean in zip(members, model.predict_proba(X), strict=True):
        assert_allclose(one.mean(axis=0), mean)


def test_quantiles_ascend():
    """Means over members are put in order, level by level."""
    model = LSTMRegressor(UNITS, quantiles=[0.1, 0.5, 0.9], n_members=3, **SMALL).fit(X, y)
    quantiles = model.predict_quantiles(X)
    assert quantiles.shape == (40, 3)
    assert (np.diff(quantiles, axis=1) >= 0).all()
    alone = []
    for member in model.members_:
        one = pickle.loads(pickle.dumps(model))
        one.members_ = [member]
        alone.append(one.predict_quantiles(X))
    # Sorting keeps the sum of the three.
    assert_allclose(quantiles.sum(axis=1), np.mean(alone, axis=0).sum(axis=1), rtol=1e-6)
    assert_array_equal(model.predict(X), quantiles[:, 1])


def test_nonlinear_scaler_of_the_target():
    """Means are taken in the units of y, also where the scaler of the target is not linear."""
    scaler = QuantileTransformer(n_quantiles=20, output_distribution="normal")
    model = LSTMRegressor(UNITS, target_scaler=scaler, n_members=3, **SMALL).fit(X, y)
    members = model.predict_members(X)
    assert_allclose(model.predict(X), members.mean(axis=0), rtol=1e-6)
    scaled = np.stack([model.target_scaler_.transform(member[:, None]) for member in members]).mean(axis=0)
    assert not np.allclose(model.predict(X), model.target_scaler_.inverse_transform(scaled)[:, 0], rtol=1e-4)
    # What holds for squared errors in these units.
    assert np.mean((model.predict(X) - y) ** 2) <= np.mean((members - y) ** 2)


def test_labels_of_time_steps():
    """A label for each time step has the mean probability of the members at this step."""
    steps = np.where(X[:, :, 0] > 0, "up", "down")
    model = LSTMClassifier(UNITS, architecture="many_to_many", n_members=2, **SMALL).fit(X, steps)
    assert model.predict(X).shape == steps.shape
    assert_allclose(model.predict_proba(X), model.predict_members(X).mean(axis=0))


# --- threads --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["LSTMRegressor", "LSTMRegressor, xla", "LSTMClassifier", "KerasRegressor"])
def test_threads_have_the_bits_of_a_loop(name, cores):
    """Members in threads have the bits of members that are trained one after the other."""
    model = ensemble(ESTIMATORS[name])
    taken = cores(1)
    alone = clone(model).fit(X, target(model)).predict_members(X)
    assert taken == []
    cores(2)
    assert_array_equal(model.fit(X, target(model)).predict_members(X), alone)
    assert taken == [2]


@pytest.mark.parametrize("params", [{"optimizer": "nadam"}, {"verbose": 2}])
def test_one_after_the_other(params, cores, capsys):
    """What Keras' own fit trains, and what prints its progress, is trained one after the other."""
    taken = cores(2)
    ensemble(ESTIMATORS["KerasRegressor"], **params).fit(X, y)
    assert taken == []


def test_shares_of_batches_take_all_cores(cores, monkeypatch):
    """A program that computes shares of a batch on several cores is not run beside others."""
    monkeypatch.setattr("sklstm.training._paths.MUCH_WORK", 0)
    monkeypatch.setattr("sklstm.training._paths.joblib.cpu_count", lambda: 2)
    taken = cores(2)
    model = ensemble(ESTIMATORS["LSTMRegressor, xla"], batch_size=16, epochs=60).fit(X, y)
    assert model.training_path_ == "xla-shards"
    assert taken == []


def test_error_in_a_thread(cores):
    """An error in the training of a member is raised, and the estimator stays as it was."""

    class Fails(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if threading.current_thread() is not threading.main_thread():
                raise RuntimeError("no room left")

    cores(2)
    model = ensemble(ESTIMATORS["LSTMRegressor"]).fit(X, y)
    expected = model.predict_members(X)
    with pytest.raises(RuntimeError, match="no room left"):
        model.set_params(callbacks=Fails()).fit(X, y)
    assert_array_equal(model.predict_members(X), expected)
    assert [member.n_iter for member in model.members_] == [EPOCHS] * 3


def test_search_in_threads(pipeline, airline, cores):
    """A search in threads has the scores of one job, and its fits start no threads of their own."""
    taken, scores = cores(None), []
    grid, cv = {"lstm__n_members": [1, 2]}, TimeSeriesSplit(2)
    for n_jobs in (1, 2):
        taken.clear()
        with joblib.parallel_config("threading"):
            search = GridSearchCV(pipeline, grid, cv=cv, n_jobs=n_jobs, refit=False).fit(*airline)
        scores.append(search.cv_results_["mean_test_score"])
    assert taken == []
    assert_array_equal(*scores)


@pytest.mark.slow
def test_search_in_processes(pipeline, airline):
    """A search in two processes gives the scores of one process."""
    scores = []
    for n_jobs in (None, 2):
        search = GridSearchCV(pipeline, {"lstm__n_members": [2]}, cv=TimeSeriesSplit(2), n_jobs=n_jobs).fit(*airline)
        scores.append(search.cv_results_["mean_test_score"])
    assert_array_equal(*scores)


# --- going on -------------------------------------------------------------------------------------


def test_partial_fit_continues_each_member(estimator):
    """Another epoch of an ensemble is another epoch of each of its members, also after a pickle."""
    model = ensemble(estimator).fit(X, target(estimator))
    again = pickle.loads(pickle.dumps(model)).partial_fit(X, target(estimator))
    expected = []
    for member in model.members_:
        alone = clone(estimator).fit(X, target(estimator))
        alone.members_ = [member]
        expected.append(outputs(alone.partial_fit(X, target(estimator))))
    assert_array_equal(again.predict_members(X), expected)
    epochs = estimator.epochs + 1
    assert [member.n_iter for member in again.members_] == [epochs] * 3
    assert [member.n_iter for member in model.members_] == [epochs - 1] * 3


def test_warm_start():
    """With warm_start each member continues."""
    model = ensemble(ESTIMATORS["LSTMClassifier"], warm_start=True).fit(X, SIDES).fit(X, SIDES)
    assert [member.n_iter for member in model.members_] == [2 * EPOCHS] * 3


def test_the_number_of_members_is_fixed():
    """A network that is trained further keeps its number of members."""
    model = ensemble(ESTIMATORS["LSTMRegressor"]).fit(X, y)
    assert refused(model.set_params(n_members=5).partial_fit, X, y) == snapshot(
        "LSTMRegressor goes on with the network that it has, but n_members was 3 when it was built, and is 5. Set it back, or call fit with warm_start=False to begin anew."
    )
    model = KerasRegressor(perceptron, warm_start=True, **SMALL).fit(X, y)
    assert refused(model.set_params(n_members=2).fit, X, y) == snapshot(
        "KerasRegressor goes on with the network that it has, but n_members was 1 when it was built, and is 2. Set it back, or call fit with warm_start=False to begin anew."
    )


def test_clone_and_initialize(estimator):
    """A clone has no members; initialize makes them without training."""
    model = ensemble(estimator).fit(X, target(estimator))
    copied = clone(model)
    assert not hasattr(copied, "members_")
    assert copied.n_members == 3
    copied.initialize(X, target(estimator))
    assert [member.n_iter for member in copied.members_] == [0] * 3
    assert copied.predict_members(X).shape == model.predict_members(X).shape


@pytest.mark.slow
def test_pickle_in_a_new_process(tmp_path):
    """An ensemble predicts the same bits in a new process."""
    model = ensemble(ESTIMATORS["LSTMRegressor"]).fit(X, y)
    joblib.dump((model, X, model.predict_members(X)), tmp_path / "model.joblib")
    printed = run_fresh(f"""
        import joblib, numpy as np
        model, X, expected = joblib.load({str(tmp_path / "model.joblib")!r})
        print(np.array_equal(model.predict_members(X), expected), len(model.members_))
    """)
    assert printed.split() == ["True", "3"]


def test_patience_of_each_member():
    """Each member stops by its own validation loss."""
    model = LSTMRegressor(UNITS, learning_rate=0.02, patience=2, validation=0.2, **SMALL | {"epochs": 40})
    model = ensemble(model).fit(X, y)
    for member in model.members_:
        assert member.n_iter == np.argmin(member.history["val_loss"]) + 1 + model.patience
    assert len({min(member.history["val_loss"]) for member in model.members_}) == 3


def test_callbacks_are_copied_for_each_member():
    """Each member has callbacks of its own; the estimator's stay as they are."""
    seen = []

    class Sees(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append(self)

    callback = Sees()
    ensemble(ESTIMATORS["LSTMRegressor"], callbacks=callback).fit(X, y)
    assert len({id(one) for one in seen}) == 3
    assert callback not in seen


def test_sample_weight():
    """Samples of weight 0 are left out of all members."""
    weights = np.r_[np.ones(30), np.zeros(10)]
    model = ensemble(ESTIMATORS["KerasRegressor"])
    weighed = clone(model).fit(X, y, sample_weight=weights).predict_members(X)
    assert_allclose(model.fit(X[:30], y[:30]).predict_members(X), weighed, rtol=1e-4, atol=1e-5)


def test_scikit_learn_callbacks_see_one_member():
    """scikit-learn's callbacks see the epochs of the first member."""
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has no callbacks")
    monitor = callback.ScoringMonitor(scoring="r2")
    single = clone(ESTIMATORS["LSTMRegressor"])
    ensemble(single).set_callbacks(monitor).fit(X, y)
    assert sorted(row["task_name"] for row in monitor.get_logs().data) == ["epoch", "epoch", "fit"]


def test_no_convergence():
    """A warning tells that the loss of a member became infinite."""
    model = KerasRegressor(perceptron, optimizer=keras.optimizers.SGD(1e30), n_members=2, **SMALL)
    with pytest.warns(UserWarning, match="did not converge"):
        model.fit(X, y)


# --- interrupts -----------------------------------------------------------------------------------


class InterruptsSecond(keras.callbacks.Callback):
    """Raise KeyboardInterrupt in the second epoch of the second training."""

    begun = []

    def on_train_begin(self, logs=None):
        self.begun.append(self)

    def on_epoch_end(self, epoch, logs=None):
        if self in self.begun[1:2] and epoch == 1:
            raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["LSTMRegressor", "KerasRegressor, Keras' fit"])
def test_an_interrupt_ends_all_training(name, cores):
    """New members whose training has ended stay; the estimator predicts, pickles and continues."""
    cores(1)
    InterruptsSecond.begun.clear()
    model = ensemble(ESTIMATORS[name], callbacks=InterruptsSecond)
    assert refused(model.fit, X, y, error=KeyboardInterrupt).endswith(
        "was interrupted in the training of its members; it is fitted as far as it came."
    )
    assert [member.n_iter for member in model.members_] == [EPOCHS]
    assert_array_equal(model.predict(X), clone(ESTIMATORS[name]).fit(X, y).predict(X))
    again = pickle.loads(pickle.dumps(model.set_params(callbacks=None))).partial_fit(X, y)
    assert [member.n_iter for member in again.members_] == [EPOCHS + 1]


def test_an_interrupt_of_later_training(cores):
    """Members that training had not yet come to keep the weights that they had."""
    cores(1)
    InterruptsSecond.begun.clear()
    model = ensemble(ESTIMATORS["LSTMRegressor"], warm_start=True).fit(X, y)
    before = model.predict_members(X)
    refused(model.set_params(callbacks=InterruptsSecond).fit, X, y, error=KeyboardInterrupt)
    after = model.predict_members(X)
    assert [member.n_iter for member in model.members_] == [2 * EPOCHS, EPOCHS + 1, EPOCHS]
    assert_array_equal(after[2], before[2])
    assert not np.array_equal(after[0], before[0])


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="Windows sends no signal to a thread")
def test_an_interrupt_of_threads():
    """Ctrl-C while members are trained in threads stops them, and keeps those whose training had begun."""
    said = run_fresh("""
        import signal, threading
        import keras, numpy as np
        from sklstm import LSTMRegressor
        from sklstm.estimators import _members

        presses, taken, in_threads = iter([True]), [], _members._train_in_threads

        def train(fits, n_threads):
            taken.append(n_threads)
            return in_threads(fits, n_threads)

        _members._train_in_threads = train
        import sklstm.training
        sklstm.training.free_threads = lambda: 2

        class PressesOnce(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                if epoch == 2 and next(presses, False):
                    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

        # A process that was started in the background may ignore the signal.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        X, y = np.random.default_rng(0).normal(size=(40, 6, 2)), np.arange(40.0)
        model = LSTMRegressor(2, n_members=3, epochs=100_000, batch_size=8, callbacks=PressesOnce, random_state=0)
        try:
            model.fit(X, y)
        except KeyboardInterrupt as error:
            assert "was interrupted" in str(error)
        else:
            raise AssertionError("not interrupted")
        assert taken == [2]
        assert len(model.members_) == 2
        assert all(member.n_iter < 100_000 for member in model.members_)
        assert np.isfinite(model.predict(X)).all()
        assert len(model.set_params(callbacks=None).partial_fit(X, y).members_) == 2
        print("stopped")
    """)
    assert said.endswith("stopped\n")


# --- refusals -------------------------------------------------------------------------------------


def test_carried_state_is_refused():
    """A state that is carried on takes one network."""
    model = LSTMRegressor(UNITS, n_members=3, **SMALL)
    assert refused(clone(model).set_params(stateful=True).fit, X, y) == snapshot(
        "LSTMRegressor(n_members=3) trains networks on batches of whole samples, got stateful=True, which carries a state from one batch to the next. Pass n_members=1, or stateful=False."
    )
    assert refused(clone(model).set_params(training=TrainingPlan(tbptt=(2, 4))).fit, X, y) == snapshot(
        "LSTMRegressor(n_members=3) trains networks on batches of whole samples, got tbptt=(2, 4), which carries a state from one batch to the next. Pass n_members=1, or TrainingPlan(tbptt=None)."
    )
    assert refused(model.fit(X, y).set_params(stateful=True).predict, X) == snapshot(
        "LSTMRegressor(n_members=3) trains networks on batches of whole samples, got stateful=True, which carries a state from one batch to the next. Pass n_members=1, or stateful=False."
    )


def test_online_state_is_refused():
    """OnlinePredictor carries the state of one network."""
    plain = {"linear_skip": False, "window_scaler": None}
    model = LSTMRegressor(UNITS, n_members=3, **plain, **SMALL).fit(X[:, :1], y)
    assert refused(OnlinePredictor, model, mode="state") == snapshot(
        "OnlinePredictor(mode='state') feeds each time step to the network once, but LSTMRegressor(n_members=3) has several networks, each of which would carry its own state. Pass mode='window'."
    )


@pytest.mark.parametrize("estimator", [LSTMRegressor(n_members=0), KerasClassifier(perceptron, n_members=1.5)])
def test_range_of_n_members(estimator):
    """The number of members is an integer from 1 on."""
    with pytest.raises(ValueError, match=r"The 'n_members' parameter of \w+ must be an int in the range \[1, inf\)"):
        estimator.fit(X, target(estimator))
