"""The service of the guide, asked by HTTP requests."""

import sys
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sizes import EPOCHS, UNITS
from sklearn.pipeline import Pipeline

import sklstm
from sklstm import LagFramer, LSTMRegressor, SeriesScaler
from sklstm.datasets import load_seattle_weather

SERVING = Path(__file__).parents[2] / "notebooks" / "serving"


@pytest.fixture(scope="module")
def weather():
    """Training rows and the rows that follow, and the pipeline that was fitted on the former."""
    X, y = load_seattle_weather(return_X_y=True)
    lstm = LSTMRegressor(UNITS, epochs=EPOCHS, window_scaler="last", random_state=0)
    steps = [("scale", SeriesScaler("standard")), ("frame", LagFramer(n_steps=6)), ("lstm", lstm)]
    return Pipeline(steps).fit(X[:"2012"], y[:"2012"]), X["2013":][:20]


@pytest.fixture
def client(weather, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(SERVING)
    from service import make_app

    sklstm.save(weather[0], tmp_path / "model.sklstm", onnx=True)
    yield TestClient(make_app(tmp_path / "model.sklstm", "temp_max"))
    del sys.modules["service"]


def ask(client, time, row):
    return client.post("/predict", params={"time": str(time)}, json=row)


def test_forecasts(client, weather):
    """Forecasts are those of the pipeline, and its errors stand beside those of persistence."""
    pipeline, rows = weather
    served = [ask(client, time, row.to_dict()).json()["forecast"] for time, row in rows.iterrows()]
    np.testing.assert_allclose(served, pipeline.predict(rows), rtol=1e-5, atol=1e-4)
    truth, before = rows["temp_max"].to_numpy()[1:], rows["temp_max"].to_numpy()[:-1]
    health = client.get("/health").json()
    assert health["rows"] == 20
    assert health["rmse"] == pytest.approx(np.sqrt(np.mean((truth - served[:-1]) ** 2)))
    assert health["persistence"] == pytest.approx(np.sqrt(np.mean((truth - before) ** 2)))


def test_observations_out_of_range(client, weather):
    """Rows with a value that the fit has not seen are counted; null is a value that was not observed."""
    row = weather[1].iloc[0].to_dict()
    ask(client, "2013-01-01", row)
    ask(client, "2013-01-02", row | {"temp_max": 99.0})
    assert ask(client, "2013-01-03", dict.fromkeys(row)).status_code == 200
    assert client.get("/health").json()["out_of_range"] == 1


def test_a_row_that_does_not_fit(client, weather):
    """A row without a feature is refused with the message of OnlinePredictor."""
    row = weather[1].iloc[0].drop("wind").to_dict()
    answer = ask(client, "2013-01-01", row)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("OnlinePredictor got a row without 'wind'.")
