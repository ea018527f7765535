"""`sklstm forecast`, `predict` and `backtest` as a user runs them."""

import io
import os
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from command_line import complaint, printed, run, write_repeater
from inline_snapshot import snapshot
from sklearn.pipeline import make_pipeline

import sklstm
from sklstm import LagFramer, LagRegressor, SeriesForecaster
from sklstm.cli import main
from sklstm.datasets import load_airline

SERIES = load_airline().data


@pytest.fixture(scope="module")
def airline(tmp_path_factory):
    """The path of a model of the airline series, and the model."""
    forecaster = SeriesForecaster(make_pipeline(LagFramer(12), LagRegressor())).fit(SERIES).calibrate(SERIES)
    path = tmp_path_factory.mktemp("airline") / "model.sklstm"
    sklstm.save(forecaster, path)
    return path, forecaster


def read_csv(text):
    return pd.read_csv(io.StringIO(text), index_col=0, parse_dates=True)


# --- predict --------------------------------------------------------------------------------------


def test_predict_equals_the_forecaster(airline):
    """`sklstm predict` prints what the forecaster predicts at each row."""
    path, forecaster = airline
    table = read_csv(printed("predict", path, "airline"))
    np.testing.assert_allclose(table, forecaster.predict(SERIES), rtol=1e-6)
    assert table.index.equals(SERIES.index)


def test_predict_writes_a_file(airline, tmp_path):
    """With --out the table goes into a file, and its place is printed."""
    path, out = airline[0], tmp_path / "y.csv"
    assert printed("predict", path, "airline", "--out", out).replace(str(out), "OUT") == snapshot(
        "written to OUT: 144 rows, each with the forecast of what follows it\n"
    )
    assert out.read_text() == printed("predict", path, "airline")


def test_predict_needs_the_columns_of_fit(airline):
    """Data without a column that the forecaster was fitted on is refused."""
    assert complaint("predict", airline[0], "sunspots") == snapshot(
        "sklstm predict: sunspots has no column 'passengers'. It has: sunspots.\n"
    )


def test_no_more_digits_than_are_known(tmp_path):
    """Numbers have seven digits, as networks compute; large ones are whole, and no zero is negative."""
    path = tmp_path / "shop.csv"
    path.write_text("sold\n33.333333333333336\n123456789.4\n-0.0\n1e-9\n1048576\n")
    assert printed("predict", "--trust-pickle", write_repeater(tmp_path), path) == snapshot("""\
,sold(t+1)
0,33.33333
1,123456789
2,0
3,1e-09
4,1048576
""")


# --- forecast -------------------------------------------------------------------------------------


def test_forecast_equals_the_forecaster(airline, tmp_path):
    """`sklstm forecast` prints what comes next, and draws it."""
    path, forecaster = airline
    picture = tmp_path / "forecast.png"
    status, out, err = run("forecast", path, "--steps", "3", "--plot", picture)
    assert (status, err) == (0, f"written to {picture}\n")
    table = read_csv(out)
    np.testing.assert_allclose(table, forecaster.forecast(3), rtol=1e-6)
    assert table.index[0] == pd.Timestamp("1961-01-01")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_forecast_with_intervals(airline, tmp_path):
    """Intervals are two columns more."""
    path, out = airline[0], tmp_path / "y.csv"
    text = printed("forecast", path, "airline", "--interval", "0.9", "--out", out)
    assert text == f"written to {out}: 1 value to come\n"
    assert pd.read_csv(out).columns.tolist() == ["month", "passengers", "lower", "upper"]


def test_forecast_goes_on_from_new_rows(airline, tmp_path):
    """Rows of DATA after the fitted ones are its past."""
    series = SERIES.copy()
    series.loc[pd.Timestamp("1961-01-01")] = 450
    series.to_csv(tmp_path / "more.csv")
    assert read_csv(printed("forecast", airline[0], tmp_path / "more.csv")).index == [pd.Timestamp("1961-02-01")]


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (
            3 * SERIES,
            snapshot(
                "13 of the last 13 rows of MODEL, up to 1960-12-01, have other values or are missing in DATA: the forecast follows 1960-12-01, and is made from the rows of DATA\n"
            ),
        ),
        (
            SERIES.assign(passengers=SERIES["passengers"] + 100 * (SERIES.index >= "1960-10-01")),
            snapshot(
                "3 of the last 13 rows of MODEL, up to 1960-12-01, have other values or are missing in DATA: the forecast follows 1960-12-01, and is made from the rows of DATA\n"
            ),
        ),
        (
            SERIES.drop(index=SERIES.index[-2]),
            snapshot(
                "1 of the last 13 rows of MODEL, up to 1960-12-01, have other values or are missing in DATA: the forecast follows 1960-12-01, and is made from the rows of DATA\n"
            ),
        ),
        (
            SERIES[:100],
            snapshot(
                "DATA ends at 1957-04-01, and MODEL knows rows up to 1960-12-01: the forecast follows 1957-04-01\n"
            ),
        ),
    ],
    ids=["another series", "corrected rows", "a row less", "an earlier end"],
)
def test_forecast_from_other_rows(airline, tmp_path, data, note):
    """Where DATA contradicts the rows that the model knows, forecasts are made from DATA, and a note says so."""
    path, forecaster = airline
    data.to_csv(tmp_path / "data.csv")
    status, out, err = run("forecast", path, tmp_path / "data.csv", "--steps", "2")
    assert status == 0
    assert err.replace(str(path), "MODEL").replace(str(tmp_path / "data.csv"), "DATA") == note
    np.testing.assert_allclose(read_csv(out), forecaster.forecast(2, series=data), rtol=1e-6)


def test_no_note_where_data_are_the_fitted_rows(airline, tmp_path):
    """The rows that were fitted, or their end, leave nothing to tell."""
    expected = printed("forecast", airline[0], "--steps", "2")
    for first in (0, 100, 140):
        SERIES[first:].to_csv(tmp_path / "data.csv")
        assert run("forecast", airline[0], tmp_path / "data.csv", "--steps", "2") == (0, expected, "")


def test_no_matplotlib(airline, tmp_path, monkeypatch):
    """Without matplotlib there is no picture, and the output tells how to get one."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    text = printed("forecast", airline[0], "--plot", tmp_path / "picture.png")
    assert text.endswith("\nno picture: it needs matplotlib, pip install 'sklstm[plot]'\n")
    assert not (tmp_path / "picture.png").exists()


# --- backtest -------------------------------------------------------------------------------------


def test_backtest_shows_scores_and_skill(airline, tmp_path):
    """`sklstm backtest` forecasts from one origin after the other, and prints scores beside those of the baselines."""
    picture, table = tmp_path / "backtest.png", tmp_path / "backtest.csv"
    command = ["backtest", airline[0], "airline", "--initial", "120", "--horizon", "2", "--step", "6"]
    text = printed(*command, "--plot", picture, "--out", table)
    assert text.replace(str(tmp_path), "DIR") == snapshot("""\
airline: forecasts of passengers from 4 origins, the first 1958-12-01

all steps together, in units of passengers
           model RMSE  MAE  MASE
SeriesForecaster 12.9 12.6 0.439
     persistence 57.9 46.9  1.64
  seasonal naive 50.6 47.8  1.67
           drift 54.9 44.2  1.55

RMSE by step
step SeriesForecaster persistence seasonal naive drift
   1             15.1        59.2           55.6  56.9
   2             10.3        56.6           45.0  52.8

skill (1 is perfect, 0 is no better): 0.78 against persistence, 0.75 against seasonal naive, 0.77 against drift
written to DIR/backtest.csv: every forecast
written to DIR/backtest.png: forecasts of the next row
""")
    assert len(pd.read_csv(table)) == 8
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def weekly(tmp_path_factory):
    """A folder with a model of one of two columns, and their file: it cannot go on from its own forecasts."""
    folder = tmp_path_factory.mktemp("weekly")
    days = pd.date_range("2026-01-01", periods=60, name="day")
    sold = np.resize(np.arange(7.0), 60) + np.sqrt(np.arange(60))
    table = pd.DataFrame({"sold": sold, "number of visits": np.arange(60.0)}, index=days)
    table.to_csv(folder / "shop.csv")
    forecaster = SeriesForecaster(make_pipeline(LagFramer(7), LagRegressor()), target="sold").fit(table)
    sklstm.save(forecaster, folder / "model.sklstm")
    return folder


def test_backtest_with_intervals(weekly):
    """Intervals of a backtest are learned from the rows that it fits."""
    assert "coverage" in printed("backtest", weekly / "model.sklstm", weekly / "shop.csv", "--interval", "0.8")


def test_backtest_with_intervals_further_than_the_horizon(airline):
    """Intervals of steps that the forecaster was not tuned for are refused."""
    command = ["backtest", airline[0], "airline", "--horizon", "2", "--interval", "0.8"]
    assert complaint(*command) == snapshot(
        "sklstm backtest: intervals in a backtest reach as far as the forecaster was tuned for, horizon 1. Leave --interval out, or tune again with --horizon 2.\n"
    )


@pytest.mark.parametrize("command", ["forecast", "backtest"])
def test_further_than_the_horizon(weekly, command):
    """Steps that would need the other columns' future are refused, with what to tune instead."""
    options = ["--steps", "3"] if command == "forecast" else [weekly / "shop.csv", "--horizon", "3"]
    model = weekly / "model.sklstm"
    assert complaint(command, model, *options, model=model).partition(": ")[2] == snapshot(
        "MODEL forecasts the next row, and cannot go on to 3 without knowing what follows in 'number of visits', too. Tune again with --horizon 3, or, where that is known ahead, with --future 'number of visits'.\n"
    )


# --- what is known ahead --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def promoted(tmp_path_factory):
    """A folder with a model of sales by the hour, through a change to summer time, and files of what is known ahead."""
    folder = tmp_path_factory.mktemp("promoted")
    hours = pd.date_range("2024-03-30", periods=72, freq="h", tz="Europe/Berlin", name="time")
    promo = np.random.default_rng(0).integers(0, 2, 72).astype(float)
    table = pd.DataFrame({"promo": promo, "sales": 10 + 5 * promo}, index=hours)
    written = table.set_axis(pd.Index([hour.isoformat() for hour in hours], name="time"))
    written[:60].to_csv(folder / "sales.csv")
    written.loc[written.index[60:], ["promo"]].to_csv(folder / "plan.csv")
    written[60:65].to_csv(folder / "more.csv")
    forecaster = SeriesForecaster(target="sales", future=["promo"], n_steps=3, units=2, epochs=1, random_state=0)
    forecaster.fit(table[:60].tz_convert("UTC"))
    forecaster.calibrate(table[:60].tz_convert("UTC"), steps=10)
    sklstm.save(forecaster, folder / "model.sklstm")
    return folder


def test_forecast_with_a_plan(promoted):
    """The plan takes forecasts on."""
    text = printed("forecast", promoted / "model.sklstm", "--future", promoted / "plan.csv", "--steps", "3")
    assert [line.split(",")[0] for line in text.splitlines()] == [
        "time",
        "2024-04-01 11:00:00+00:00",
        "2024-04-01 12:00:00+00:00",
        "2024-04-01 13:00:00+00:00",
    ]


def test_forecast_with_a_plan_from_new_rows(promoted):
    """New rows whose times have one offset only follow the fitted ones, which had several."""
    options = ["--future", promoted / "plan.csv", "--steps", "1"]
    text = printed("forecast", promoted / "model.sklstm", promoted / "more.csv", *options)
    assert text.startswith("time,sales\n2024-04-01 16:00:00+00:00,")


def test_backtest_with_what_is_known_ahead(promoted):
    """A backtest takes what is known ahead from the rows of DATA themselves."""
    text = printed("backtest", promoted / "model.sklstm", promoted / "sales.csv", "--initial", "50", "--horizon", "3")
    assert "sales: forecasts of sales from 10 origins" in text


def test_predict_with_what_is_known_ahead(promoted):
    """So does predict, whose notes go to stderr."""
    status, out, err = run("predict", promoted / "model.sklstm", promoted / "sales.csv")
    assert (status, len(out.splitlines())) == (0, 61)
    assert err == snapshot("""\
times of column 'time' have several offsets from UTC, and are read as UTC
SeriesForecaster forecasts 1 of 60 rows with the last known value of 'promo' repeated, because the table lacks the row after them. Append rows with the values of 'promo' and NaN in the other columns, or use forecast(future=).
""")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--steps", "3"],
            snapshot(
                "sklstm forecast: model.sklstm needs what is known ahead of 'promo': pass --future FILE, a table with this column at the times to come.\n"
            ),
        ),
        (
            ["--future", "plan.csv", "--steps", "13"],
            snapshot(
                "sklstm forecast: model.sklstm expects --future FILE to hold 13 times after 2024-04-01 10:00:00+00:00, got 12. Add the missing rows, or forecast fewer steps.\n"
            ),
        ),
        (
            ["--future", "plan.csv", "--steps", "11", "--interval", "0.5"],
            snapshot(
                "sklstm forecast: model.sklstm knows intervals up to 10 rows ahead, got --steps 11. Forecast fewer, or tune again with --horizon 11.\n"
            ),
        ),
    ],
    ids=["no plan", "a short plan", "far intervals"],
)
def test_forecast_without_what_is_known_ahead(promoted, monkeypatch, options, message):
    """What is lacking is named in terms of the command line."""
    monkeypatch.chdir(promoted)
    assert complaint("forecast", "model.sklstm", *options) == message


def test_a_plan_that_is_not_needed(weekly, tmp_path):
    """Of a plan that the forecaster was not tuned for only the times are taken, with a note."""
    plan = tmp_path / "plan.csv"
    plan.write_text("day,promo\n2026-03-02,1\n")
    status, out, err = run("forecast", weekly / "model.sklstm", "--future", plan)
    assert (status, err) == (
        0,
        f"{weekly}/model.sklstm was tuned without --future: of {plan} only the times are taken\n",
    )
    assert out.startswith("day,sold\n2026-03-02,")


@pytest.mark.parametrize(
    ("time", "message"),
    [
        (
            "2026-03-02T00:00Z",
            snapshot(
                "sklstm forecast: FILE has times in a time zone, and the forecaster was fitted on times without a time zone. Bring times of the same kind, or name their column with --time.\n"
            ),
        ),
        (
            "5",
            snapshot(
                "sklstm forecast: FILE has rows without times, and the forecaster was fitted on times without a time zone. Bring times of the same kind, or name their column with --time.\n"
            ),
        ),
    ],
    ids=["a zone", "no times"],
)
def test_forecast_from_other_times(weekly, tmp_path, time, message):
    """Rows whose times cannot follow the fitted ones are refused."""
    path = tmp_path / "more.csv"
    path.write_text(f"day,sold,number of visits\n{time},3,60\n")
    assert complaint("forecast", weekly / "model.sklstm", path, file=path) == message


# --- models ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no model", snapshot("sklstm predict: 'MODEL' is no archive of sklstm.save.\n")),
        (
            pickle.dumps({"a": 1}),
            snapshot(
                "sklstm predict: 'MODEL' is a pickle, which executes code when it is loaded. If you trust it, pass --trust-pickle.\n"
            ),
        ),
        (None, snapshot("sklstm predict: there is no file 'MODEL'. Write one with: sklstm tune DATA --out DIR\n")),
    ],
    ids=["no model", "a pickle", "no file"],
)
def test_no_model(content, message, tmp_path):
    """A file that is no archive is refused."""
    path = tmp_path / "model.sklstm"
    if content is not None:
        path.write_bytes(content)
    assert complaint("predict", path, "airline", model=path) == message


def test_other_objects(tmp_path):
    """An archive of something else, and a pickle of it that is trusted, is refused."""
    path = tmp_path / "model"
    path.write_bytes(pickle.dumps({"a": 1}))
    assert complaint("predict", "--trust-pickle", path, "airline", model=path) == snapshot(
        "sklstm predict: 'MODEL' holds a dict, not a SeriesForecaster fitted on a DataFrame.\n"
    )
    path.write_bytes(b"\x80")
    assert complaint("predict", "--trust-pickle", path, "airline", model=path) == snapshot(
        "sklstm predict: 'MODEL' is no forecaster that sklstm can load: pickle data was truncated\n"
    )
    sklstm.save({"a": 1}, path)
    assert complaint("predict", path, "airline", model=path) == snapshot(
        "sklstm predict: 'MODEL' holds a dict, not a SeriesForecaster fitted on a DataFrame.\n"
    )


def test_pickles_that_are_trusted(airline, tmp_path):
    """A pickle predicts as an archive does, where it is trusted."""
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(airline[1]))
    assert printed("predict", "--trust-pickle", path, "airline") == printed("predict", airline[0], "airline")


def test_archives_of_other_versions(airline, monkeypatch):
    """Another version of sklstm is told of, and the command goes on."""
    monkeypatch.setattr("sklstm.persistence._archive._versions", lambda: {"sklstm": "9.0"})
    path = airline[0].with_name("old.sklstm")
    sklstm.save(airline[1], path)
    monkeypatch.undo()
    status, out, err = run("predict", path, "airline")
    assert (status, out) == (0, printed("predict", airline[0], "airline"))
    assert err.startswith("SeriesForecaster was saved by sklstm 9.0, and is loaded by sklstm ")


# --- the program ----------------------------------------------------------------------------------


def test_stderr_is_back_after_keras_was_loaded(airline, capfd):
    """What native code writes to stderr is lost while Keras is loaded, and not afterwards."""
    assert main(["predict", str(airline[0]), "sunspots"]) == 2
    os.write(2, b"news")
    assert capfd.readouterr().err.endswith("It has: sunspots.\nnews")


@pytest.mark.slow
def test_the_program_ends_with_the_status_of_the_command():
    """A command that fails ends the process with status 2, after its message."""
    done = subprocess.run(
        [sys.executable, "-m", "sklstm", "tune", "arline"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("sklstm tune: there is no file 'arline'")


def test_a_command_that_is_stopped(tmp_path, monkeypatch):
    """Ctrl-C ends a command with status 130, and no traceback."""

    def stop(*_, **__):
        raise KeyboardInterrupt

    (tmp_path / "shop.csv").write_text("day,sold\n")
    monkeypatch.setattr(pd, "read_csv", stop)
    assert run("describe", tmp_path / "shop.csv") == (130, "", "\nstopped\n")


@pytest.mark.slow
def test_a_fresh_process_has_no_notes_of_tensorflow(tmp_path):
    """`python -m sklstm` predicts with a network as this process does, and writes nothing to stderr."""
    path = tmp_path / "model.sklstm"
    forecaster = SeriesForecaster(n_steps=3, units=2, epochs=1, random_state=0).fit(SERIES)
    sklstm.save(forecaster, path)
    command = [sys.executable, "-m", "sklstm", "predict", str(path), "airline"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    np.testing.assert_allclose(read_csv(done.stdout), read_csv(printed("predict", path, "airline")), rtol=1e-5)
