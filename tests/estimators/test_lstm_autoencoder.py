"""LSTMAutoencoder: codes of windows, reconstruction errors and anomalies."""

import keras
import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from numpy.lib.stride_tricks import sliding_window_view
from numpy.testing import assert_allclose, assert_array_equal
from refusal import refused
from sizes import EPOCHS
from sklearn.base import is_outlier_detector
from sklearn.metrics import make_scorer, roc_auc_score
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline

from sklstm import LagFramer, LSTMAutoencoder, SequencePadder, SeriesScaler, To3D, TrainingPlan, Windows

SAME = {"rtol": 1e-5, "atol": 1e-6}
# Sixty windows of eight time steps and two features.
T = np.arange(67.0)
SERIES = np.stack([np.sin(T / 2), np.cos(T / 2)], axis=1)
X = sliding_window_view(SERIES, 8, axis=0).transpose(0, 2, 1)


def small(**params):
    return LSTMAutoencoder(**({"units": 6, "latent_dim": 3, "epochs": EPOCHS, "random_state": 0} | params))


def steps(**params):
    """Headline pipeline with an autoencoder as its last step."""
    return Pipeline(
        [
            ("scale", SeriesScaler("standard")),
            ("frame", LagFramer(n_steps=24)),
            ("pad", SequencePadder()),
            ("to3d", To3D()),
            ("lstm", LSTMAutoencoder(**params)),
        ]
    )


@pytest.fixture(scope="module")
def fitted():
    return small().fit(X)


# --- anomalies ------------------------------------------------------------------------------------


def planted(seed):
    """Noisy sine of period 20, and which of its rows are anomalies; the first 400 rows hold none."""
    rng, n = np.random.default_rng(seed), 900
    speed, odd = np.full(n, 2 * np.pi / 20), np.zeros(n, dtype=bool)
    # Another frequency, and a jump of the phase.
    speed[760:800] *= 2
    speed[560] += 0.6 * np.pi
    series = np.sin(np.cumsum(speed))
    # A flat stretch, and two spikes.
    series[640:680] = series[640]
    series += rng.normal(scale=0.1, size=n)
    series[[470, 520]] += [2.5, -2.5]
    odd[[470, 520, 560]] = odd[640:680] = odd[760:800] = True
    return series, odd


def test_finds_planted_anomalies():
    """Fitted on rows without anomalies, it separates windows with an anomaly from the others."""
    series, odd = planted(seed=0)
    shown = sliding_window_view(np.append(np.zeros(23, dtype=bool), odd), 24).any(axis=1)
    find = steps(units=16, latent_dim=4, epochs=30, learning_rate=0.02, random_state=0).fit(series[:400, None])
    after = slice(400, None)
    assert roc_auc_score(shown[after], -find.score_samples(series[:, None])[after]) > 0.95
    # Each anomaly has a window beyond the threshold, and the training rows have few.
    found = find.predict(series[:, None]) == -1
    assert all(found[row : row + 24].any() for row in (470, 520, 560, 640, 760))
    assert found[:400].mean() == pytest.approx(0.01, abs=0.005)


@pytest.mark.parametrize("contamination", [0.05, 0.5])
def test_contamination(fitted, contamination):
    """Contamination is the share of anomalies among the samples of fit, and changes only the threshold."""
    model = small(contamination=contamination)
    assert (model.fit_predict(X) == -1).sum() == round(60 * contamination)
    scores = model.score_samples(X)
    assert_array_equal(scores, fitted.score_samples(X))
    assert model.offset_ == -model.threshold_ == np.percentile(scores, 100 * contamination)
    assert_array_equal(model.decision_function(X), scores - model.offset_)
    assert_array_equal(model.predict(X) == -1, model.reconstruction_error(X) > model.threshold_)


def test_contamination_with_min_steps():
    """The threshold depends on samples that stride leaves out, but not on samples with less than min_steps."""
    cut = X.copy()
    cut[:5, :6] = np.nan
    model = small(contamination=0.1, training=TrainingPlan(min_steps=4, stride=3)).fit(cut)
    assert model.offset_ == np.percentile(model.score_samples(cut)[5:], 10)


# --- errors ---------------------------------------------------------------------------------------


def test_error_is_the_mean_over_what_was_observed(fitted):
    """The error equals a loop over samples, and reconstructions keep NaN."""
    cut = X.copy()
    cut[0, :3] = cut[1, 4] = cut[2, 5:] = cut[3] = np.nan
    rebuilt = fitted.reconstruct(cut)
    assert_array_equal(np.isnan(rebuilt), np.isnan(cut))
    pairs = [(one, other) for one, other in zip(rebuilt, cut, strict=True) if not np.isnan(other).all()]
    expected = [np.mean((one - other)[~np.isnan(other)] ** 2) for one, other in pairs]
    errors = fitted.reconstruction_error(cut)
    assert_allclose(np.delete(errors, 3), expected, **SAME)
    assert errors[3] == 0
    assert_array_equal(fitted.score_samples(cut), -errors)
    assert fitted.score(cut) == -errors.mean()


def test_padding_changes_nothing(fitted):
    """Padding changes neither error, code nor reconstruction of a window."""
    short = X[:, 3:]
    expected = fitted.reconstruction_error(short), fitted.transform(short), fitted.reconstruct(short)
    for where in (slice(3, None), slice(None, 5)):
        long = np.full_like(X, np.nan)
        long[:, where] = short
        assert_allclose(fitted.reconstruction_error(long), expected[0], **SAME)
        assert_allclose(fitted.transform(long), expected[1], **SAME)
        assert_allclose(fitted.reconstruct(long)[:, where], expected[2], **SAME)


def test_training_does_not_depend_on_padding():
    """Padded windows train the same network."""
    padded = np.pad(X, [(0, 0), (4, 0), (0, 0)], constant_values=np.nan)
    expected, model = small().fit(X), small().fit(padded)
    for one, other in zip(model.model_.get_weights(), expected.model_.get_weights(), strict=True):
        assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    assert_allclose(model.history_["loss"], expected.history_["loss"], rtol=1e-5)


@pytest.mark.parametrize("epochs", [1, 60])
def test_loss_is_the_mean_error(epochs):
    """Loss and val_loss are mean errors over samples, on TensorFlow's graph and by XLA."""
    cut = X.copy()
    cut[:5, :6] = cut[50, 2:7] = cut[58] = np.nan
    model = small(epochs=epochs, optimizer="sgd", learning_rate=1e-9, validation=0.2).fit(cut)
    errors = model.reconstruction_error(cut)
    assert model.training_path_ == ("graph" if epochs == 1 else "xla")
    # Of 59 samples with observed time steps the last 12 are for validation; the 7 before share time steps with them.
    training, validation = np.split(np.delete(errors, 58), [-12])
    assert model.history_["loss"][-1] == pytest.approx(training[:-7].mean(), rel=1e-4)
    assert model.history_["val_loss"][-1] == pytest.approx(validation.mean(), rel=1e-4)


# --- codes ----------------------------------------------------------------------------------------


def test_codes_there_and_back(fitted):
    """inverse_transform of transform is the reconstruction, in the dtype of X."""
    codes = fitted.transform(X)
    assert codes.shape == (60, 3)
    assert_allclose(fitted.inverse_transform(codes), fitted.reconstruct(X), **SAME)
    single = fitted.transform(X.astype(np.float32))
    assert (
        single.dtype == fitted.inverse_transform(single).dtype == fitted.reconstruct(X.astype(np.float32)).dtype == "f4"
    )
    assert codes.dtype == fitted.inverse_transform(codes).dtype == fitted.reconstruct(X).dtype == "f8"
    assert_array_equal(small().fit_transform(X), codes)


def test_without_latent_dim_the_code_is_the_state():
    """With latent_dim=None a code has as many numbers as the LSTM has units."""
    model = small(latent_dim=None).fit(X)
    codes = model.transform(X)
    assert codes.shape == (60, 6)
    assert_allclose(model.inverse_transform(codes), model.reconstruct(X), **SAME)


def test_names_and_tables_of_codes(fitted):
    """Codes have names, and set_output gives them as a DataFrame, which inverse_transform takes."""
    names = ["lstmautoencoder0", "lstmautoencoder1", "lstmautoencoder2"]
    assert fitted.get_feature_names_out().tolist() == names
    series = pd.DataFrame(SERIES, columns=["A", "B"], index=pd.date_range("2024", periods=67))
    lags = LagFramer(8, flatten=True).fit_transform(series)[7:]
    model = small().set_output(transform="pandas").fit(lags)
    codes = model.transform(lags)
    assert codes.columns.tolist() == names
    assert codes.index.equals(lags.index)
    assert_allclose(model.inverse_transform(codes), model.reconstruct(lags), **SAME)


def test_in_a_pipeline():
    """A pipeline gives a code, a score and a label for each row, the first rows included."""
    pipeline = steps(units=6, latent_dim=3, epochs=1, random_state=0).fit(SERIES)
    assert pipeline.transform(SERIES).shape == (67, 3)
    assert pipeline.score_samples(SERIES).shape == pipeline.predict(SERIES).shape == (67,)
    assert pipeline[-1].n_timesteps_ == 24


def test_panels():
    """Stride and validation work with windows of several series."""
    panel = np.column_stack([np.repeat([0.0, 1.0], 40), np.tile(np.arange(40.0), 2), np.tile(SERIES[:40], (2, 1))])
    table = pd.DataFrame(panel, columns=["series", "time", "east", "north"])
    find = make_pipeline(
        LagFramer(n_steps=4, group="series", time="time"), small(training=TrainingPlan(stride=2), validation=0.2)
    )
    assert np.isfinite(find.fit(table).score_samples(table)).all()
    assert set(find[-1].history_) == {"loss", "val_loss"}


# --- the contract of an estimator -----------------------------------------------------------------


def test_kind_and_tags():
    """Its tags are those of an outlier detector and transformer of 3D arrays that needs no y."""
    tags = small().__sklearn_tags__()
    assert is_outlier_detector(small())
    assert tags.input_tags.three_d_array
    assert tags.input_tags.allow_nan
    assert tags.requires_fit
    assert tags.transformer_tags is not None
    assert not tags.target_tags.required


def test_model_is_plain_keras(fitted, tmp_path):
    """model_ saves and loads, also after transform and inverse_transform, and computes the reconstruction."""
    fitted.inverse_transform(fitted.transform(X))
    fitted.model_.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_allclose(loaded(X.astype(np.float32)), fitted.reconstruct(X), **SAME)


def test_windows_are_not_expanded(fitted):
    """Windows that are views give the same bits as arrays."""
    views = Windows(SERIES, np.arange(60), 8)
    model = small().fit(views)
    assert_array_equal(model.transform(views), fitted.transform(X))


def test_early_stopping():
    """A fit without improvement ends after patience more epochs."""
    model = small(epochs=9, patience=2, optimizer="sgd", learning_rate=1e-12, validation=0.2).fit(X)
    assert model.n_iter_ < 9


def test_interrupted():
    """After an interrupted fit the estimator has a threshold."""

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    model = small(callbacks=[Interrupt()])
    with pytest.raises(KeyboardInterrupt, match="LSTMAutoencoder was interrupted in epoch 1"):
        model.fit(X)
    assert model.offset_ == np.percentile(model.score_samples(X), 1)


def test_warm_start():
    """warm_start continues from the last weights, also with longer windows, and computes a new threshold."""
    model = small().fit(X)
    weights, loss, offset = model.model_.get_weights(), model.history_["loss"], model.offset_
    model.set_params(warm_start=True).fit(X)
    assert (model.n_iter_, model.history_["loss"][:2]) == (4, loss)
    assert model.history_["loss"][3] < loss[1]
    assert not np.array_equal(model.model_.get_weights()[0], weights[0])
    assert model.offset_ != offset
    longer = sliding_window_view(SERIES, 10, axis=0).transpose(0, 2, 1)
    assert model.fit(longer).inverse_transform(model.transform(longer)).shape == longer.shape
    assert refused(model.set_params(units=7).fit, X) == snapshot(
        "LSTMAutoencoder goes on with the network that it has, but units was 6 when it was built, and is 7. Set it "
        "back, or call fit with warm_start=False to begin anew."
    )


@pytest.mark.parametrize(
    "scoring",
    [None, lambda model, X, y=None: -np.median(model.score_samples(X))],
    ids=["its own score", "a scorer"],
)
def test_searches_without_labels(scoring):
    """A grid search without y compares candidates by their error on later rows."""
    search = GridSearchCV(
        steps(units=6, epochs=1, random_state=0),
        {"lstm__latent_dim": [2, 3], "frame__n_steps": [4, 6]},
        cv=TimeSeriesSplit(2),
        scoring=scoring,
        error_score="raise",
    )
    search.fit(SERIES)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.transform(SERIES).shape == (67, search.best_params_["lstm__latent_dim"])


def test_searches_with_labels():
    """A grid search with known anomalies compares candidates by a scorer."""
    known = np.where(np.arange(60) % 9 == 8, -1, 1)
    scorer = make_scorer(roc_auc_score, response_method="decision_function")
    search = GridSearchCV(
        small(), {"contamination": [0.1, 0.2]}, cv=TimeSeriesSplit(2), scoring=scorer, error_score="raise"
    )
    ranks = search.fit(X, known).cv_results_["mean_test_score"]
    # ROC AUC does not depend on the threshold.
    assert ranks[0] == ranks[1]


# --- errors ---------------------------------------------------------------------------------------


def test_wrong_contamination():
    """Contamination is above 0 and at most 0.5."""
    assert [refused(small(contamination=share).fit, X) for share in (0, 0.7)] == snapshot(
        [
            "The 'contamination' parameter of LSTMAutoencoder must be a float in the range (0.0, 0.5]. Got 0 instead.",
            "The 'contamination' parameter of LSTMAutoencoder must be a float in the range (0.0, 0.5]. Got 0.7 instead.",
        ]
    )


def test_mistyped_parameter():
    """A mistyped parameter raises an error that suggests the right name."""
    assert refused(LSTMAutoencoder, latent_dims=2, error=TypeError) == snapshot(
        "LSTMAutoencoder has no parameter 'latent_dims'. Did you mean 'latent_dim'? Its parameters are: batch_size, callbacks, contamination, dropout, epochs, latent_dim, learning_rate, optimizer, patience, random_state, training, units, validation, verbose, warm_start."
    )


def test_other_features(fitted):
    """Transform raises an error for another number of features than in fit."""
    assert refused(fitted.transform, X[:, :, :1]) == snapshot(
        "X has 1 features, but LSTMAutoencoder is expecting 2 features as input: got X of shape (60, 8, 1)."
    )


def test_wrong_codes(fitted):
    """inverse_transform raises an error for arrays that are no codes."""
    shapes = [(4, 2), (60, 8, 2), (3,), (0, 3)]
    assert [refused(fitted.inverse_transform, np.zeros(shape)) for shape in shapes] == snapshot(
        [
            "LSTMAutoencoder expects codes of shape (n_samples, 3), as transform returns them, got shape (4, 2). Pass what transform returned.",
            "LSTMAutoencoder expects codes of shape (n_samples, 3), as transform returns them, got shape (60, 8, 2). Pass what transform returned.",
            "LSTMAutoencoder expects codes of shape (n_samples, 3), as transform returns them, got shape (3,). Pass what transform returned.",
            "LSTMAutoencoder expects codes of shape (n_samples, 3), as transform returns them, got shape (0, 3). Pass what transform returned.",
        ]
    )


def test_bad_values():
    """Empty arrays, infinity and partly observed time steps raise an error that names the place."""
    assert refused(small().fit, X[:0]) == snapshot(
        "LSTMAutoencoder got an empty X: shape (0, 8, 2) is (n_samples, n_timesteps, n_features) and none of them may "
        "be 0."
    )
    bad = X.copy()
    bad[4, 1, 0] = np.inf
    assert refused(small().fit, bad) == snapshot(
        "LSTMAutoencoder got inf in X at sample 4, time step 1, feature 0. Replace it, or write NaN where nothing was "
        "observed."
    )
    bad[4, 1, 0] = np.nan
    assert refused(small().fit, bad) == snapshot(
        "LSTMAutoencoder got a time step with some features missing: sample 4, time step 1, NaN in feature 0. A time "
        "step is either observed in every feature or NaN in all of them: impute first, before the windows are framed."
    )


def test_nothing_to_train_on():
    """min_steps raises an error if it leaves no sample to train on."""
    assert refused(small(training=TrainingPlan(min_steps=9)).fit, X) == snapshot(
        "LSTMAutoencoder(training=TrainingPlan(min_steps=9)) leaves nothing to train on: no sample of X, of shape (60, 8, 2), has so many "
        "observed time steps. Lower min_steps, or pass longer sequences."
    )


def test_no_truncated_backpropagation():
    """Truncated backpropagation raises an error, as a window is rebuilt from its end."""
    assert refused(small(training=TrainingPlan(tbptt=(2, 4))).fit, X) == snapshot(
        "LSTMAutoencoder rebuilds a window from its end, got training=TrainingPlan(tbptt=(2, 4)), which would cut it in "
        "pieces. Pass TrainingPlan(tbptt=None)."
    )


def test_features_with_a_role():
    """Static features and features known ahead raise an error."""
    windows = LagFramer(8, static=[1]).fit_transform(SERIES)
    assert refused(small().fit, windows) == snapshot(
        "LSTMAutoencoder rebuilds features that change from time step to time step, got windows in which features [1] "
        "are static or known ahead. Leave them out of X, or out of what LagFramer is told of them."
    )
