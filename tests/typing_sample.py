"""What a user writes, for mypy: what it takes for wrong is marked, and it has to complain of each."""

from typing import assert_type

import numpy as np

import sklstm
from sklstm import (
    CNNLSTM,
    LSTMFCN,
    Architecture,
    KerasClassifier,
    LagFramer,
    LagRegressor,
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMRegressor,
    OnlinePredictor,
    PanelTimeSeriesSplit,
    SeasonalNaive,
    SequencePadder,
    SeriesForecaster,
    SeriesScaler,
    To3D,
    TrainingHistoryDisplay,
    TrainingPlan,
    Windows,
    backtest,
    check_no_leakage,
    coverage_score,
    describe_series,
    forecast_scorer,
    interval_score,
    make_forecast_pipeline,
    series_to_supervised,
    suggest_time_steps,
)
from sklstm.datasets import load_airline, load_japanese_vowels
from sklstm.forecasting import Backtest
from sklstm.inspection import SeriesReport, TimeSteps
from sklstm.model_selection import TimeTail


def _estimators(X: np.ndarray, y: np.ndarray) -> None:
    regressor = LSTMRegressor(units=(64, 32), architecture="stacked", epochs=5, random_state=0)
    assert_type(regressor.fit(X, y), LSTMRegressor)
    assert_type(regressor.partial_fit(X, y), LSTMRegressor)
    assert_type(regressor.predict(X), np.ndarray)
    assert_type(regressor.predict_quantiles(X), np.ndarray)
    assert_type(regressor.score(X, y), float)
    assert_type(LSTMClassifier(units=8).fit(X, y).predict(X), np.ndarray)
    assert_type(KerasClassifier(model__hidden=8, epochs=5).fit(X, y), KerasClassifier)
    assert_type(LSTMAutoencoder(latent_dim=4).fit(X).transform(X), np.ndarray)
    LSTMClassifier(architecture=LSTMFCN(filters=(8, 8, 8)))
    LSTMRegressor(architecture=CNNLSTM(filters=8), training=TrainingPlan(stride=4), validation=TimeTail(0.2, gap=3))
    assert_type(Architecture("stacked", recurrent_dropout=0.2), Architecture)
    LSTMRegressor(epcohs=5)  # type: ignore[call-arg]
    LSTMRegressor(stride=4)  # type: ignore[call-arg]
    TrainingPlan(4)  # type: ignore[call-arg]
    LSTMRegressor(32, "stacked")  # type: ignore[call-arg]
    sklstm.LSTMRegresor  # type: ignore[attr-defined]  # noqa: B018 - to ask is the test


def _transformers(X: np.ndarray) -> None:
    assert_type(SeriesScaler("minmax").fit(X), SeriesScaler)
    assert_type(LagFramer(n_steps=12).fit(X), LagFramer)
    assert_type(SequencePadder().fit([X]), SequencePadder)
    assert_type(To3D(n_steps=1).fit(X), To3D)
    assert_type(Windows(X, range(3), n_timesteps=12).shape, tuple[int, int, int])
    LagFramer()  # type: ignore[call-arg]


def _functions(X: np.ndarray) -> None:
    assert_type(describe_series(X, season=12), SeriesReport)
    assert_type(suggest_time_steps(X), TimeSteps)
    steps: list[int] = suggest_time_steps(X)
    assert steps
    series_to_supervised([1, 2, 3], n_in=2).to_numpy()
    series_to_supervised(X, n_in="2")  # type: ignore[arg-type]
    sequences, labels = load_japanese_vowels(split="train", return_X_y=True)
    assert_type(sequences, list[np.ndarray])
    assert_type(labels, np.ndarray)
    load_japanese_vowels(split="training")  # type: ignore[call-overload]
    table, following = load_airline(return_X_y=True)
    check_no_leakage(LSTMRegressor(), table, following, cv=PanelTimeSeriesSplit(3, group="store"))


def _forecasts(series: np.ndarray) -> None:
    forecaster = SeriesForecaster(horizon=12, difference=(1, 12), log=True)
    assert_type(forecaster.fit(series), SeriesForecaster)
    assert_type(SeriesForecaster(make_forecast_pipeline(dropout=0.2), horizon=12).fit(series), SeriesForecaster)
    assert_type(forecaster.update(series), SeriesForecaster)
    assert_type(backtest(forecaster, series, initial=96, metrics=["rmse"]), Backtest)
    assert_type(coverage_score(series, series - 1, series + 1), float)
    assert_type(interval_score(series, series - 1, series + 1, coverage=0.8), float)
    assert_type(LagRegressor().fit(series, series).predict(series), np.ndarray)
    assert_type(SeasonalNaive(season=12).fit(series, series).predict(series), np.ndarray)
    forecast_scorer("mae", steps=3)(forecaster, series)
    backtest(forecaster, series, initial="1956")  # type: ignore[arg-type]


def _displays(model: LSTMRegressor) -> None:
    assert_type(TrainingHistoryDisplay.from_estimator(model), TrainingHistoryDisplay)
    assert_type(OnlinePredictor(model).reset(), OnlinePredictor)


def _files(model: LSTMRegressor) -> None:
    sklstm.save(model, "model.sklstm", onnx=True)
    restored: LSTMRegressor = sklstm.load("model.sklstm", trusted=["my_package.build", LSTMRegressor], runtime="onnx")
    assert_type(restored.fit([[1.0]], [1.0]), LSTMRegressor)
    sklstm.load("model.sklstm", runtime="torch")  # type: ignore[arg-type]
