"""Files of each format load, and predict what they did when they were written.

python tests/persistence/test_formats.py writes one of the newest format, beside the forecasts of what it holds.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import sklstm
from sklstm.persistence import VersionWarning
from sklstm.persistence._archive import FORMAT, READERS

DATA = Path(__file__).parent / "data"


def write():
    """Fit a small forecaster of a panel, with intervals, a zone and a column that is known ahead; save it."""
    import pandas as pd

    times = pd.date_range("2026-03-28", periods=48, freq="h", tz="Europe/Rome", name="time")
    t = np.arange(48.0)
    parts = [
        pd.DataFrame({"shop": shop, "sales": k * (20 + t + 5 * np.sin(t)), "promo": t % 3}, index=times)
        for k, shop in enumerate(["Rome", "Milan"], start=1)
    ]
    forecaster = sklstm.SeriesForecaster(
        horizon=2, n_steps=6, units=2, epochs=2, group="shop", future=["promo"], calibration=0.4, random_state=0
    ).fit(pd.concat(parts))
    path = DATA / f"format_{FORMAT}.sklstm"
    sklstm.save(forecaster, path)
    path.with_suffix(".json").write_text(json.dumps(forecasts(forecaster)) + "\n")


def forecasts(forecaster):
    """What it forecasts, with intervals."""
    import pandas as pd

    times = pd.date_range("2026-03-30 01:00", periods=2, freq="h", tz="Europe/Rome", name="time")
    ahead = pd.concat([pd.DataFrame({"shop": shop, "promo": [0.0, 1.0]}, index=times) for shop in ("Rome", "Milan")])
    return forecaster.forecast(future=ahead, interval=0.5)[["sales", "lower", "upper"]].to_numpy().tolist()


@pytest.mark.parametrize("number", READERS)
def test_formats(number):
    """A file of the repository predicts the numbers beside it; newer versions of Keras may round otherwise."""
    path = DATA / f"format_{number}.sklstm"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VersionWarning)
        loaded = sklstm.load(path)
    expected = json.loads(path.with_suffix(".json").read_text())
    np.testing.assert_allclose(forecasts(loaded), expected, rtol=1e-4)


if __name__ == "__main__":
    write()
