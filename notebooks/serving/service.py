"""A service of forecasts: a row of observations comes in, a forecast goes out, and /health says how well it goes."""

import os
from collections import deque
from datetime import datetime
from threading import Lock

import numpy as np
from fastapi import FastAPI, HTTPException

import sklstm

# Rows over which the service is watched.
WATCHED = 500


def make_app(path, target):
    """Return the service of a saved Pipeline that forecasts the next value of the feature `target`."""
    pipeline = sklstm.load(path, runtime="onnx")
    scaler = pipeline["scale"]
    low, high = (dict(zip(scaler.feature_names_in_, ends, strict=True)) for ends in (scaler.lower_, scaler.upper_))
    online, lock = sklstm.OnlinePredictor(pipeline, warm=True), Lock()
    # Whether a row has a value that the fit has not seen; squared errors of the forecast and of persistence.
    outside, errors, last = deque(maxlen=WATCHED), deque(maxlen=WATCHED), {}
    app = FastAPI()

    @app.post("/predict")
    def predict(time: datetime, row: dict[str, float | None]):
        row = {name: np.nan if value is None else value for name, value in row.items()}
        # An OnlinePredictor is for one thread at a time.
        with lock:
            try:
                forecast = float(online.update(row, time=time))
            except ValueError as error:
                raise HTTPException(422, str(error)) from None
            now = row[target]
            outside.append(any(value < low[name] or value > high[name] for name, value in row.items()))
            if last and np.isfinite(now - last["value"]):
                errors.append([(now - last["forecast"]) ** 2, (now - last["value"]) ** 2])
            last.update(value=now, forecast=forecast)
        return {"forecast": forecast}

    @app.get("/health")
    def health():
        rmse, of_persistence = np.sqrt(np.mean(errors, axis=0)).tolist() if errors else (None, None)
        return {"rows": len(outside), "out_of_range": sum(outside), "rmse": rmse, "persistence": of_persistence}

    return app


if "MODEL" in os.environ:
    app = make_app(os.environ["MODEL"], os.environ["TARGET"])
