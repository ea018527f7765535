"""`sklstm tune` as a user runs it: what it searches, prints and writes, and what it refuses."""

import numpy as np
import pandas as pd
import pytest
from command_line import Terminal, complaint, printed, run
from inline_snapshot import snapshot
from sklearn.model_selection import TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline

import sklstm
from sklstm import LagFramer, LagRegressor, SeriesForecaster, SeriesScaler, forecast_scorer
from sklstm.cli import main
from sklstm.datasets import load_airline

QUICK = ["--epochs", "2", "--units", "2", "--cv", "2"]


# --- a shipped data set, on a terminal ------------------------------------------------------------


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """What `sklstm tune airline`, made small, prints and draws on a terminal, and its folder."""
    out = tmp_path_factory.mktemp("tuned")
    options = [*QUICK, "--time-steps", "3", "6", "--difference", "none", "--jobs", "2", "--out", out]
    status, text, drawn = run("tune", "airline", *options, stream=Terminal)
    assert status == 0, drawn
    return text, drawn, out


@pytest.fixture(scope="module")
def candidates(tuned):
    """The table of candidates."""
    return pd.read_csv(tuned[2] / "candidates.csv")


def test_candidates_and_rivals_are_printed(tuned):
    """Every candidate is shown with its score, and beside it what it has to beat."""
    text = tuned[0]
    assert text.startswith(
        "airline: 144 rows of passengers, 1949-01-01 to 1960-12-01\n"
        "each row forecasts the next value of passengers; the rows from 1957-01-01 on are kept for the test\n"
    )
    for rival in ("Ridge", "seasonal naive (12)", "persistence"):
        assert text.count(rival) >= 2
    assert "test RMSE on the last 48 rows, opened once" in text


def test_what_does_not_apply_is_left_blank(tuned):
    """Baselines have no time steps, no scaling and no units."""
    (line,) = [line for line in tuned[0].split("test RMSE")[0].splitlines() if "persistence" in line]
    assert len(line.split()) == 3


def test_known_figures(tuned):
    """On the last third persistence errs by 48.0 passengers, seasonal naive by 41.9."""
    table = tuned[0].split("test RMSE")[1]
    figures = {line.split("  ")[0].strip(): line.split()[-2] for line in table.splitlines() if "naive" in line}
    assert "41.9" in figures.values()
    assert "48.0" in table


def test_progress_on_a_terminal(tuned):
    """Where somebody watches, a bar grows in place."""
    bars = [f"\r2 candidates x 2 folds, 2 at a time [{'#' * n:.<30}] {k}/4" for k, n in enumerate((0, 8, 15, 22, 30))]
    assert tuned[1] == "".join(bars) + "\n"


def test_what_is_written(tuned, candidates):
    """The fitted forecaster, the table of candidates and a picture are written, and the place is printed."""
    text, _, out = tuned
    assert f"written to {out}: forecaster.sklstm, candidates.csv, forecast.png" in text
    assert (candidates["model"] == "LSTM").sum() == 2
    assert candidates["RMSE"].notna().all()
    assert (out / "forecast.png").read_bytes().startswith(b"\x89PNG")


def test_the_forecaster_knows_all_rows(tuned):
    """All rows are fitted for what comes next, and the test rows tell how sure it is, two seasons ahead."""
    forecaster = sklstm.load(tuned[2] / "forecaster.sklstm")
    assert forecaster.n_steps in (3, 6)
    forecast = forecaster.forecast(24, interval=0.8)
    assert forecast.index[0] == pd.Timestamp("1961-01-01")
    assert np.isfinite(forecast).all(axis=None)


def test_ridge_is_the_best_of_its_look_backs(candidates):
    """Ridge is cross-validated on the folds of the LSTM, with each look-back, and the best one is shown."""
    known = load_airline().data[:96]
    cv, scoring = TimeSeriesSplit(2, test_size=24), forecast_scorer("rmse")
    errors = {}
    for n_steps in (3, 6):
        model = SeriesForecaster(make_pipeline(SeriesScaler("standard"), LagFramer(n_steps), LagRegressor()))
        errors[n_steps] = -cross_val_score(model, known, cv=cv, scoring=scoring).mean()
    ridge = candidates.set_index("model").loc["Ridge"]
    assert ridge["RMSE"] == pytest.approx(min(errors.values()))
    assert ridge["time steps"] == min(errors, key=errors.get)


def test_names_that_suggest_one():
    """What is not known is refused with the nearest name."""
    messages = [
        complaint("tune", *arguments.split())
        for arguments in ("arline", "seattle_weather --target temp_mux", "airline --time-steps 72")
    ]
    assert messages == snapshot(
        [
            "sklstm tune: there is no file 'arline', and no shipped data set of that name. Did you mean 'airline'? Shipped are: airline, sunspots, seattle_weather.\n",
            "sklstm tune: seattle_weather has no column 'temp_mux'. Did you mean 'temp_max'? It has: precipitation, temp_max, temp_min, wind.\n",
            "sklstm tune: airline is too short: with --cv 3 and --test-fraction 0.33 the first fold trains on 48 rows, and needs 72. Lower --time-steps or --cv, or bring a longer series.\n",
        ]
    )


# --- files ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """What tune prints of sales that grow with a weekly pattern, beside columns of text and of nothing; and its folder.

    Three days were not observed.
    """
    folder = tmp_path_factory.mktemp("shop")
    days = np.arange(90)
    sold = np.exp(0.02 * days + np.random.default_rng(0).normal(0, 0.01, 90)) * np.resize([3, 4, 4, 5, 8, 11, 9], 90)
    table = pd.DataFrame({"sold": sold, "note": "x", "empty": np.nan}, pd.date_range("2026-01-01", periods=90))
    table.iloc[[40, 41, 80], :2] = np.nan
    table.to_csv(folder / "shop.csv", index_label="day")
    return printed("tune", folder / "shop.csv", *QUICK, "--time-steps", "3", "--out", folder / "out"), folder


def test_the_only_column_of_numbers_is_the_target(shop):
    """Columns of text, or of nothing, are left out and named; what remains is the target; gaps are counted."""
    assert shop[0].startswith(
        "left out: column 'note' holds text\n"
        "left out: column 'empty' is empty\n"
        "forecast is 'sold', the only other column\n"
        "not observed: 3 of 90 rows\n"
        "shop: 90 rows of sold, 2026-01-01 to 2026-03-31\n"
    )


def test_gaps_are_left_to_the_library(shop):
    """Every candidate has a score, in spite of rows that were not observed."""
    candidates = pd.read_csv(shop[1] / "out" / "candidates.csv")
    assert candidates["differences"].tolist()[:3].count("1, 7 of log") == 1
    assert candidates["RMSE"].notna().all()


def test_the_season_of_days(shop):
    """Without --season the times tell it."""
    assert "seasonal naive (7)" in shop[0]


def test_ridge_takes_the_best_differences(shop):
    """Growth and a weekly pattern are gone in the differences of the logarithm, which Ridge tries like the LSTM."""
    candidates = pd.read_csv(shop[1] / "out" / "candidates.csv").set_index("model")
    assert candidates.loc["Ridge", "differences"] == "1, 7 of log"


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    """What tune prints of two columns without times, two rows ahead; the table and its folder."""
    folder = tmp_path_factory.mktemp("numbered")
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"sold": rng.normal(size=60).cumsum(), "visits": rng.normal(size=60)})
    table.iloc[55] = np.nan
    table.to_csv(folder / "plain.csv", index=False)
    command = ["tune", folder / "plain.csv", "--target", "sold", "--horizon", "2", "--time-steps", "3"]
    return printed(*command, *QUICK, "--out", folder / "out"), table, folder


def test_several_columns(numbered):
    """All columns are read, one is forecast; the hint asks for no more steps than can be forecast."""
    text, _, folder = numbered
    assert text.startswith(
        "not observed: 1 of 60 rows\n"
        "plain: 60 rows of sold, visits, 0 to 59\n"
        "each row forecasts the next 2 values of sold; the rows from 40 on are kept for the test\n"
    )
    assert text.endswith(f": sklstm forecast {folder}/out/forecaster.sklstm {folder}/plain.csv\n")


def test_no_season(numbered):
    """Rows without times have no season, and no seasonal naive."""
    candidates = pd.read_csv(numbered[2] / "out" / "candidates.csv")
    assert candidates["model"].unique().tolist() == ["LSTM", "Ridge", "persistence"]
    assert sorted(candidates["differences"].dropna().unique()) == ["1", "none"]


def test_persistence_by_hand(numbered):
    """The last value of a training part forecasts the first of the test part, and so on from row to row."""
    _, table, folder = numbered
    values = table["sold"].to_numpy()[:40]
    by_fold = []
    for train, test in TimeSeriesSplit(2, test_size=10).split(values):
        missed = [values[t + k] - values[t] for t in range(train[-1], test[-1]) for k in (1, 2) if t + k <= test[-1]]
        by_fold.append(np.sqrt(np.mean(np.square(missed))))
    candidates = pd.read_csv(folder / "out" / "candidates.csv").set_index("model")
    expected = [np.mean(by_fold), np.std(by_fold)]
    np.testing.assert_allclose(candidates.loc["persistence", ["RMSE", "spread over folds"]].astype(float), expected)


def test_a_season_that_nothing_tells(numbered):
    """The difference over a season needs a season."""
    path = numbered[2] / "plain.csv"
    assert complaint("tune", path, "--target", "sold", "--difference", "season", file=path) == snapshot(
        "sklstm tune: --difference season needs a season, and the times of the rows suggest none: pass --season N.\n"
    )


# --- what is known ahead --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def promoted(tmp_path_factory):
    """What tune prints of sales by the hour, through a change to summer time, with promotions known ahead."""
    folder = tmp_path_factory.mktemp("promoted")
    hours = pd.date_range("2024-03-30", periods=60, freq="h", tz="Europe/Berlin")
    promo = np.random.default_rng(0).integers(0, 2, 60)
    table = pd.DataFrame({"time": [hour.isoformat() for hour in hours], "promo": promo, "sales": 10 + 5 * promo})
    table.to_csv(folder / "sales.csv", index=False)
    command = ["tune", folder / "sales.csv", "--future", "promo", "--time-steps", "3", "--difference", "trend"]
    return printed(*command, *QUICK, "--jobs", "1", "--out", folder / "out"), folder


def test_known_ahead_is_no_target(promoted):
    """The column that is not known ahead is the target; without a terminal the number of fits is printed."""
    assert promoted[0].startswith(
        "times of column 'time' have several offsets from UTC, and are read as UTC\n"
        "sales: 60 rows of promo, sales, 2024-03-29 23:00:00+00:00 to 2024-04-01 10:00:00+00:00\n"
        "each row forecasts the next value of sales; the rows from 2024-03-31 15:00:00+00:00 on are kept for the test\n"
        "1 candidates x 2 folds, 1 at a time\n"
    )


def test_a_plan_is_asked_for(promoted):
    """The hint for `sklstm forecast` names the table of what is known ahead."""
    text, folder = promoted
    assert text.replace(str(folder), "DIR").endswith(
        "sklstm forecast DIR/out/forecaster.sklstm DIR/sales.csv --steps 12 --future FILE\n"
        "FILE is a table of promo at the times to come\n"
    )


def test_ridge_knows_what_is_known_ahead(promoted):
    """Sales that follow from the promotion of their own hour are forecast by Ridge with hardly an error."""
    candidates = pd.read_csv(promoted[1] / "out" / "candidates.csv").set_index("model")
    assert candidates.loc["Ridge", "RMSE"] < 0.01 * candidates.loc["persistence", "RMSE"]


def test_no_season_where_folds_are_shorter(promoted):
    """A season longer than the shortest fold, of 20 hours, leaves seasonal naive out."""
    assert "seasonal naive" not in promoted[0]


# --- arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("tune airline --cv 1", snapshot("sklstm tune: error: argument --cv: expected 2 folds or more, got 1")),
        ("tune airline --epochs 0", snapshot("sklstm tune: error: argument --epochs: expected 1 or more, got 0")),
        (
            "tune airline --test-fraction 2",
            snapshot("sklstm tune: error: argument --test-fraction: expected a share between 0 and 1, got 2"),
        ),
        ("", snapshot("sklstm: error: the following arguments are required: COMMAND")),
    ],
    ids=["folds", "epochs", "share", "no command"],
)
def test_wrong_arguments(arguments, message, capsys):
    """Arguments out of their range are refused before anything is read."""
    with pytest.raises(SystemExit, match="2"):
        main(arguments.split())
    assert capsys.readouterr().err.splitlines()[-1] == message
