"""The commands as a user runs them: what they print, what they write, what they say when something is wrong."""

import contextlib
import io
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from sklstm import LagFramer, LagRegressor, SeriesForecaster
from sklstm.cli import main
from sklstm.datasets import load_airline

FILES = ["{folder}/model.pkl", "{folder}/shop.csv"]
QUICK = ["--time-steps", "3", "6", "--epochs", "2", "--units", "2", "--difference", "none", "--cv", "2"]


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """What `sklstm tune airline`, made small, prints and writes: (stdout, folder)."""
    out = tmp_path_factory.mktemp("tuned")
    command = [sys.executable, "-m", "sklstm", "tune", "airline", *QUICK, "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout, out


def test_tune_shows_candidates_and_rivals(tuned):
    """Every candidate is shown with its score, and beside it what it has to beat."""
    printed, _ = tuned
    assert printed.startswith("airline: 144 rows of passengers, 1949-01-01 to 1960-12-01\n")
    assert "2 candidates x 2 folds" in printed
    for rival in ("Ridge", "seasonal naive (12)", "persistence"):
        assert printed.count(rival) >= 2
    assert "test RMSE on the last 48 rows, opened once" in printed


def test_tune_tells_the_known_figures(tuned):
    """On the last third persistence errs by 48.0 passengers, seasonal naive by 41.9."""
    table = tuned[0].split("test RMSE")[1]
    figures = {line.split("  ")[0].strip(): line.split()[-2] for line in table.splitlines() if "naive" in line}
    assert "41.9" in figures.values()
    assert "48.0" in table


def test_tune_writes_forecaster_table_and_picture(tuned):
    """The fitted forecaster, the table of candidates and a picture are written, and the place is said."""
    printed, out = tuned
    assert f"written to {out}: forecaster.pkl, candidates.csv, forecast.png" in printed
    candidates = pd.read_csv(out / "candidates.csv")
    assert (candidates["model"] == "LSTM").sum() == 2
    assert candidates["RMSE"].notna().all()
    assert (out / "forecast.png").read_bytes().startswith(b"\x89PNG")
    forecaster = pickle.loads((out / "forecaster.pkl").read_bytes())
    assert forecaster.n_steps in (3, 6)
    # All rows are fitted for what comes next, and the test rows tell how sure it is.
    assert forecaster.context_.index[-1] == pd.Timestamp("1960-12-01")
    assert len(forecaster.residuals_.by_series[None][0]) == 48


def test_predict_equals_the_forecaster(tuned, capsys, tmp_path):
    """`sklstm predict` prints, or writes, what the forecaster predicts for each row."""
    _, out = tuned
    assert main(["predict", str(out / "forecaster.pkl"), "airline"]) == 0
    printed = pd.read_csv(io.StringIO(capsys.readouterr().out), index_col="month", parse_dates=True)
    series = load_airline().data
    expected = pickle.loads((out / "forecaster.pkl").read_bytes()).predict(series)
    np.testing.assert_allclose(printed, expected, rtol=1e-6)
    assert printed.index.equals(series.index)

    assert main(["predict", str(out / "forecaster.pkl"), "airline", "--out", str(tmp_path / "forecast.csv")]) == 0
    assert capsys.readouterr().out == (
        f"written to {tmp_path / 'forecast.csv'}: 144 rows, each with the forecast of what follows it\n"
    )
    assert len(pd.read_csv(tmp_path / "forecast.csv")) == 144


def test_predict_wants_the_columns_of_fit(tuned, capsys):
    """Data without a column that the forecaster was fitted on is refused."""
    assert main(["predict", str(tuned[1] / "forecaster.pkl"), "sunspots"]) == 2
    assert capsys.readouterr().err == "sklstm predict: sunspots has no column 'passengers'. It has: sunspots.\n"


def test_forecast_equals_the_forecaster(tuned, capsys, tmp_path):
    """`sklstm forecast` prints what comes next, with intervals, and draws it."""
    path = str(tuned[1] / "forecaster.pkl")
    picture = tmp_path / "forecast.png"
    assert main(["forecast", path, "--steps", "3", "--plot", str(picture)]) == 0
    printed = pd.read_csv(io.StringIO(capsys.readouterr().out), index_col="month", parse_dates=True)
    forecaster = pickle.loads((tuned[1] / "forecaster.pkl").read_bytes())
    np.testing.assert_allclose(printed, forecaster.forecast(3), rtol=1e-6)
    assert printed.index[0] == pd.Timestamp("1961-01-01")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert main(["forecast", path, "airline", "--interval", "0.9", "--out", str(tmp_path / "y.csv")]) == 0
    assert capsys.readouterr().out == f"written to {tmp_path / 'y.csv'}: 1 value to come\n"
    assert pd.read_csv(tmp_path / "y.csv").columns.tolist() == ["month", "passengers", "lower", "upper"]


def test_forecast_goes_on_from_new_rows(tuned, capsys, tmp_path):
    """Rows of DATA after the fitted ones are its past."""
    series = load_airline().data
    series.loc[pd.Timestamp("1961-01-01")] = 450
    series.to_csv(tmp_path / "more.csv")
    assert main(["forecast", str(tuned[1] / "forecaster.pkl"), str(tmp_path / "more.csv")]) == 0
    assert "\n1961-02-01," in capsys.readouterr().out


def test_backtest_shows_scores_and_skill(tuned, capsys, tmp_path):
    """`sklstm backtest` fits on the first rows, and holds forecasts against what came, and doing nothing."""
    picture, table = tmp_path / "backtest.png", tmp_path / "backtest.csv"
    command = ["backtest", str(tuned[1] / "forecaster.pkl"), "airline", "--initial", "120", "--horizon", "2"]
    assert main([*command, "--step", "6", "--plot", str(picture), "--out", str(table)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("airline: forecasts of passengers from 4 origins, the first 1958-12-01\n")
    for part in ("all steps together, in units of passengers", "RMSE by step", "seasonal naive", "skill (1 is perfect"):
        assert part in printed
    assert len(pd.read_csv(table)) == 8
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_tune_reads_a_file_with_several_columns(tmp_path, capsys):
    """A CSV with a time column is enough; columns of text are left out and named."""
    rng = np.random.default_rng(0)
    days = pd.date_range("2026-01-01", periods=60, name="day")
    table = pd.DataFrame({"sold": rng.normal(size=60).cumsum(), "visits": rng.normal(size=60), "note": "x"}, index=days)
    table.to_csv(tmp_path / "shop.csv")
    out = ["--out", str(tmp_path / "out")]
    assert main(["tune", str(tmp_path / "shop.csv"), "--target", "sold", *QUICK, "--jobs", "1", *out]) == 0
    printed = capsys.readouterr().out
    assert "left out: column 'note' holds text" in printed
    assert "shop: 60 rows of sold, visits, 2026-01-01 to 2026-03-01" in printed
    assert "seasonal naive (7)" in printed


@pytest.fixture(scope="module")
def promoted(tmp_path_factory):
    """What tune makes of sales by the hour, through a change to summer time, with promotions that are known ahead."""
    folder = tmp_path_factory.mktemp("promoted")
    hours = pd.date_range("2024-03-30", periods=72, freq="h", tz="Europe/Berlin")
    table = pd.DataFrame({"time": [hour.isoformat() for hour in hours], "promo": np.resize([0, 0, 1, 0, 1], 72)})
    table["sales"] = 10 + 5 * table["promo"].shift(fill_value=0)
    table[:60].to_csv(folder / "sales.csv", index=False)
    table.loc[60:, ["time", "promo"]].to_csv(folder / "plan.csv", index=False)
    table.loc[60:64].to_csv(folder / "more.csv", index=False)
    command = ["tune", str(folder / "sales.csv"), "--future", "promo", "--time-steps", "3", "--epochs", "2"]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        quick = ["--difference", "none", "trend", "--units", "2", "--cv", "2", "--jobs", "1"]
        assert main([*command, *quick, "--out", str(folder / "out")]) == 0
    return printed.getvalue(), folder


def test_tune_with_what_is_known_ahead(promoted):
    """`--future` says what is known ahead; the rest is the target, and what to pass to forecast is said."""
    printed, folder = promoted
    assert printed.startswith(
        "times of column 'time' have several offsets from UTC, and are read as UTC\n"
        "sales: 60 rows of promo, sales, 2024-03-29 23:00:00+00:00 to 2024-04-01 10:00:00+00:00\n"
        "each row forecasts the next value of sales; "
    )
    assert printed.endswith(
        f"sklstm forecast {folder}/out/forecaster.pkl {folder}/sales.csv --steps 12 --future FILE\n"
        "FILE is a table of promo at the times to come\n"
    )


def test_forecast_with_what_is_known_ahead(promoted, capsys):
    """The plan takes forecasts on, also from new rows whose times have one offset only."""
    folder = promoted[1]
    command = ["forecast", str(folder / "out" / "forecaster.pkl")]
    options = ["--future", str(folder / "plan.csv"), "--steps", "3"]
    assert main([*command, *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [lines[0], *(line.split(",")[0] for line in lines[1:])] == [
        "time,sales",
        "2024-04-01 11:00:00+00:00",
        "2024-04-01 12:00:00+00:00",
        "2024-04-01 13:00:00+00:00",
    ]
    assert main([*command, str(folder / "more.csv"), *options]) == 0
    assert "\n2024-04-01 16:00:00+00:00," in capsys.readouterr().out


def test_backtest_and_predict_with_what_is_known_ahead(promoted, capsys):
    """The other commands take what is known ahead from the rows of DATA themselves."""
    folder = promoted[1]
    model, data = str(folder / "out" / "forecaster.pkl"), str(folder / "sales.csv")
    assert main(["backtest", model, data, "--initial", "50", "--horizon", "3"]) == 0
    assert "sales: forecasts of sales from 10 origins" in capsys.readouterr().out
    assert main(["predict", model, data]) == 0
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 61
    assert printed.err == "times of column 'time' have several offsets from UTC, and are read as UTC\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--steps", "3"],
            "{model} needs what is known ahead of 'promo': pass --future FILE, a table with this column at the times "
            "to come.",
        ),
        (
            ["--future", "{folder}/plan.csv", "--steps", "13"],
            "{model} expects --future FILE to hold every time to come, got no 2024-04-01 23:00:00+00:00. Add the row, "
            "or forecast fewer steps.",
        ),
        (
            ["--future", "{folder}/plan.csv", "--steps", "11", "--interval", "0.5"],
            "{model} knows intervals up to 10 rows ahead, got --steps 11. Forecast fewer, or tune again with --horizon "
            "11.",
        ),
    ],
)
def test_forecast_without_what_is_known_ahead(promoted, capsys, options, message):
    """What is lacking is said in terms of the command line."""
    folder = promoted[1]
    model = folder / "out" / "forecaster.pkl"
    assert main(["forecast", str(model), *(option.format(folder=folder) for option in options)]) == 2
    assert capsys.readouterr().err == f"sklstm forecast: {message.format(model=model)}\n"


@pytest.fixture(scope="module")
def weekly(tmp_path_factory):
    """A forecaster, by Ridge, of one of two columns, and its file: it cannot go on from its own forecasts."""
    folder = tmp_path_factory.mktemp("weekly")
    days = pd.date_range("2026-01-01", periods=60, name="day")
    table = pd.DataFrame(
        {"sold": np.resize(np.arange(7.0), 60) + np.sqrt(np.arange(60)), "number of visits": np.arange(60.0)},
        index=days,
    )
    table.to_csv(folder / "shop.csv")
    pipeline = Pipeline([("frame", LagFramer(n_steps=7)), ("ridge", LagRegressor())])
    forecaster = SeriesForecaster(pipeline, target="sold").fit(table)
    (folder / "model.pkl").write_bytes(pickle.dumps(forecaster))
    return folder


@pytest.mark.parametrize(
    "command", [["forecast", "{folder}/model.pkl", "--steps", "3"], ["backtest", *FILES, "--horizon", "3"]]
)
def test_further_than_the_horizon(weekly, capsys, command):
    """Steps that would need the other columns' future are refused, with what to tune instead."""
    assert main([part.format(folder=weekly) for part in command]) == 2
    assert capsys.readouterr().err == (
        f"sklstm {command[0]}: {weekly}/model.pkl forecasts the next row, and cannot go on to 3 without knowing what "
        "follows in 'number of visits', too. Tune again with --horizon 3, or, where that is known ahead, with --future "
        "'number of visits'.\n"
    )


def test_backtest_with_intervals(weekly, capsys):
    """Intervals of a backtest are learned from the rows that it fits."""
    assert main(["backtest", *(part.format(folder=weekly) for part in FILES), "--interval", "0.8"]) == 0
    assert "coverage" in capsys.readouterr().out


def test_backtest_with_intervals_further_than_the_horizon(tuned, capsys):
    """Intervals of steps that the forecaster was not tuned for are refused."""
    command = ["backtest", str(tuned[1] / "forecaster.pkl"), "airline", "--horizon", "2", "--interval", "0.8"]
    assert main(command) == 2
    assert capsys.readouterr().err == (
        "sklstm backtest: intervals in a backtest reach as far as the forecaster was tuned for, horizon 1. Leave "
        "--interval out, or tune again with --horizon 2.\n"
    )


def test_plan_for_a_forecaster_that_needs_none(weekly, capsys, tmp_path):
    """Of a plan that the forecaster was not tuned for only the times are taken, and that is said."""
    plan = tmp_path / "plan.csv"
    plan.write_text("day,promo\n2026-03-02,1\n")
    assert main(["forecast", f"{weekly}/model.pkl", "--future", str(plan)]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("day,sold\n2026-03-02,")
    assert printed.err == f"{weekly}/model.pkl was tuned without --future: of {plan} only the times are taken\n"


def test_forecast_from_other_times(weekly, capsys, tmp_path):
    """Rows whose times cannot follow the fitted ones are refused."""
    for time, kind in (("2026-03-02T00:00Z", "times in a time zone"), ("5", "rows without times")):
        path = tmp_path / "more.csv"
        path.write_text(f"day,sold,number of visits\n{time},3,60\n")
        assert main(["forecast", f"{weekly}/model.pkl", str(path)]) == 2
        assert capsys.readouterr().err == (
            f"sklstm forecast: {path} has {kind}, and the forecaster was fitted on times without a time zone. Bring "
            "times of the same kind, or name their column with --time.\n"
        )


def test_tune_with_gaps(tmp_path, capsys):
    """Rows that were not observed are counted, and left to the library."""
    table = load_airline().data.astype(float)
    table.iloc[[20, 21, 130]] = np.nan
    table.to_csv(tmp_path / "airline.csv")
    quick = ["--time-steps", "3", "--epochs", "2", "--units", "2", "--cv", "2", "--jobs", "1"]
    assert main(["tune", str(tmp_path / "airline.csv"), *quick, "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("not observed: 3 of 144 rows\nairline: 144 rows of passengers")
    assert "1, 12 of log" in printed
    candidates = pd.read_csv(tmp_path / "out" / "candidates.csv")
    assert candidates["RMSE"].notna().all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["arline"],
            "there is no file 'arline', and no shipped data set of that name. Did you mean 'airline'? "
            "Shipped are: airline, sunspots, seattle_weather.",
        ),
        (
            ["seattle_weather", "--target", "temp_mux"],
            "seattle_weather has no column 'temp_mux'. Did you mean 'temp_max'? It has: precipitation, temp_max, "
            "temp_min, wind.",
        ),
        (
            ["airline", "--time-steps", "72"],
            "airline is too short: with --cv 3 and --test-fraction 0.33 the first fold trains on 48 rows, and needs "
            "72. Lower --time-steps or --cv, or bring a longer series.",
        ),
    ],
)
def test_errors(arguments, message, capsys):
    """What is wrong is said in a line, and nothing is written."""
    assert main(["tune", *arguments]) == 2
    assert capsys.readouterr().err == f"sklstm tune: {message}\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "day,sold\n2026-01-01,1\n2026-01-02,many\n2026-01-03,3\n",
            "{path} expects numbers, got text in column 'sold' of the table: 'many' in row 2026-01-02 00:00:00. Encode "
            "the column as numbers, or drop it.",
        ),
        (
            "day,sold,visits\n2026-01-01,1,2\n",
            "{path} has several columns (sold, visits): say which to forecast, --target sold.",
        ),
        ("day,note\n2026-01-01,a\n", "{path} holds no column of numbers."),
        (
            "day,sold\n2026-01-01,1\n",
            "{path} is too short: with --cv 3 and --test-fraction 0.33 the first fold trains on 0 rows, and needs 24. "
            "Lower --time-steps or --cv, or bring a longer series.",
        ),
        (
            "day,sold\n2026-01-02,1\n2026-01-01,2\n",
            "{path} expects rows in time order, got 2026-01-01 (row 1) after 2026-01-02 (row 0). Sort the file by day.",
        ),
    ],
)
def test_errors_in_a_file(content, message, capsys, tmp_path):
    """A file that cannot be used is refused with the place that is wrong."""
    path = tmp_path / "shop.csv"
    path.write_text(content)
    assert main(["tune", str(path)]) == 2
    assert capsys.readouterr().err == f"sklstm tune: {message.format(path=path)}\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no pickle", "'{path}' is no forecaster that sklstm can load: "),
        (pickle.dumps({"a": 1}), "'{path}' holds a dict, not a SeriesForecaster fitted on a DataFrame."),
        (None, "there is no file '{path}'. Write one with: sklstm tune DATA --out DIR"),
    ],
)
def test_no_model(content, message, capsys, tmp_path):
    """A file that holds no fitted forecaster is refused."""
    path = tmp_path / "model.pkl"
    if content is not None:
        path.write_bytes(content)
    assert main(["predict", str(path), "airline"]) == 2
    assert capsys.readouterr().err.startswith(f"sklstm predict: {message.format(path=path)}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tune", "airline", "--cv", "1"], "argument --cv: expected 2 folds or more, got 1"),
        (["tune", "airline", "--epochs", "0"], "argument --epochs: expected 1 or more, got 0"),
        (
            ["tune", "airline", "--test-fraction", "2"],
            "argument --test-fraction: expected a share between 0 and 1, got 2",
        ),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_wrong_arguments(arguments, message, capsys):
    """Arguments out of their range are refused before anything is read."""
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert message in capsys.readouterr().err
