"""The command line: ``sklstm describe``, ``tune``, ``forecast``, ``backtest`` and ``predict``."""

import argparse
import sys


def main(argv=None):
    """Run a command, and return its exit status."""
    args = _parser().parse_args(argv)
    try:
        args.run(args)
    except (ValueError, OSError) as error:
        print(f"sklstm {args.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    return 0


def _run_describe(args):
    from sklstm.cli._describe import describe

    describe(args)


def _run_tune(args):
    from sklstm.cli._tune import tune

    tune(args)


def _run_predict(args):
    from sklstm.cli._predict import predict

    predict(args)


def _run_forecast(args):
    from sklstm.cli._forecast import forecast

    forecast(args)


def _run_backtest(args):
    from sklstm.cli._backtest import backtest

    backtest(args)


def _parser():
    parser = argparse.ArgumentParser(prog="sklstm", description="LSTMs for scikit-learn users, from the command line.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    describe = commands.add_parser(
        "describe",
        help="what a series is like, and what that means for scaling, trend, season and time steps",
        description="Print a table of statistics, a column for each column of DATA, what to do about them and the "
        "calls that do it, and the time steps to search.",
    )
    describe.set_defaults(run=_run_describe)
    describe.add_argument("data", metavar="DATA", help="a shipped data set, or a .csv or .parquet file")
    _add_time(describe)
    describe.add_argument("--target", metavar="COL", help="column whose time steps are suggested; all if left out")
    describe.add_argument("--season", type=_positive, metavar="N", help="rows in a season; looked for if left out")
    describe.add_argument("--plot", metavar="FILE", help="draw the columns, and how they relate to their past")

    tune = commands.add_parser(
        "tune",
        help="search time steps, scaling and network together, and test the winner once",
        description="Search time steps, scaling and network in one cross-validated grid search over time, hold the "
        "winner against persistence, seasonal naive and Ridge on the last rows, and write the fitted forecaster, the "
        "table of candidates and a picture.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    tune.set_defaults(run=_run_tune)
    tune.add_argument("data", metavar="DATA", help="airline, sunspots, seattle_weather, or a .csv or .parquet file")
    _add_time(tune)
    tune.add_argument("--target", metavar="COL", help="column to forecast; needed where there are several")
    tune.add_argument(
        "--future", nargs="+", metavar="COL", help="columns that are known ahead: calendar, price plans, promotions"
    )
    tune.add_argument("--horizon", type=_positive, default=1, metavar="H", help="how many rows ahead to forecast")
    tune.add_argument("--time-steps", type=_positive, nargs="+", default=[6, 12, 24], metavar="N", help="look-backs")
    scalings = ["minmax", "standard", "robust", "maxabs"]
    tune.add_argument("--scaling", nargs="+", default=["standard"], choices=scalings, help="of the series")
    tune.add_argument(
        "--window-scaling",
        nargs="+",
        default=["last"],
        choices=["none", "last", "mean", "standard"],
        help="of each window by its own level and spread, for series with a trend",
    )
    tune.add_argument(
        "--difference",
        nargs="+",
        choices=["none", "trend", "season"],
        help="what to take from the target first; none and season (none and trend without one) if left out",
    )
    tune.add_argument("--units", type=_positive, nargs="+", default=[32], metavar="N", help="sizes of the LSTM")
    tune.add_argument("--epochs", type=_positive, metavar="N", help="passes over the training rows; 20 by default")
    tune.add_argument("--cv", type=_folds, default=3, metavar="K", help="folds, each tested on rows after its own")
    tune.add_argument("--test-fraction", type=_fraction, default=0.33, metavar="F", help="share of rows for the test")
    tune.add_argument("--season", type=_positive, metavar="N", help="rows in a season; from the frequency if left out")
    tune.add_argument(
        "--jobs", type=_positive, metavar="N", help="fits at a time; as many as there are cores if left out"
    )
    tune.add_argument("--seed", type=int, default=0, metavar="N", help="same seed, same networks")
    tune.add_argument("--out", metavar="DIR", help="where results go; sklstm-DATA if left out")

    forecast = commands.add_parser(
        "forecast",
        help="what comes next, by a tuned forecaster",
        description="Print the values that follow the series that MODEL was fitted on, or that follow DATA, where that "
        "goes on from there, as CSV.",
    )
    forecast.set_defaults(run=_run_forecast)
    _add_model(forecast)
    forecast.add_argument("data", metavar="DATA", nargs="?", help="the series up to now; new rows are its past")
    _add_time(forecast)
    forecast.add_argument("--steps", type=_positive, metavar="N", help="how many; the horizon if left out")
    forecast.add_argument("--interval", type=_fraction, metavar="P", help="share of values that intervals are to hold")
    forecast.add_argument(
        "--future", metavar="FILE", help="a table of the columns that tune got with --future, at the times to come"
    )
    forecast.add_argument("--plot", metavar="FILE", help="draw the forecast behind its past")
    forecast.add_argument("--out", metavar="FILE", help="write the CSV to a file")

    backtest = commands.add_parser(
        "backtest",
        help="how good the forecasts would have been, beside doing nothing",
        description="Fit the forecaster of MODEL anew on the first rows of DATA, forecast from one row after the other "
        "as if nothing later were known, and hold that against what came.",
    )
    backtest.set_defaults(run=_run_backtest)
    _add_model(backtest)
    backtest.add_argument("data", metavar="DATA", help="a shipped data set, or a .csv or .parquet file")
    _add_time(backtest)
    backtest.add_argument("--initial", type=_rows, default=0.6, metavar="N", help="rows of the first fit, or a share")
    backtest.add_argument("--step", type=_positive, default=1, metavar="N", help="rows from one origin to the next")
    backtest.add_argument("--horizon", type=_positive, metavar="H", help="rows ahead; the forecaster's if left out")
    backtest.add_argument(
        "--refit", type=_positive, nargs="?", const=1, default=False, metavar="N", help="fit anew at every N-th origin"
    )
    backtest.add_argument(
        "--season", type=_positive, metavar="N", help="rows in a season; by the frequency if left out"
    )
    backtest.add_argument("--interval", type=_fraction, metavar="P", help="share of values that intervals are to hold")
    backtest.add_argument("--plot", metavar="FILE", help="draw what was forecast, one row ahead")
    backtest.add_argument("--out", metavar="FILE", help="write every forecast to a CSV file")

    predict = commands.add_parser(
        "predict",
        help="forecasts at each row, by a tuned forecaster",
        description="Print the forecast of the next values at each row of DATA, as CSV.",
    )
    predict.set_defaults(run=_run_predict)
    _add_model(predict)
    predict.add_argument("data", metavar="DATA", help="a shipped data set, or a .csv or .parquet file")
    _add_time(predict)
    predict.add_argument("--out", metavar="FILE", help="write the CSV to a file")
    return parser


def _add_model(parser):
    parser.add_argument("model", metavar="MODEL", help="forecaster.sklstm, as sklstm tune wrote it")
    parser.add_argument(
        "--trust-pickle", action="store_true", help="read a MODEL that is a pickle, which executes the code in it"
    )


def _add_time(parser):
    parser.add_argument("--time", metavar="COL", help="column that tells when; the first one with dates if left out")


def _positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {number}")
    return number


def _folds(text):
    number = int(text)
    if number < 2:
        raise argparse.ArgumentTypeError(f"expected 2 folds or more, got {number}")
    return number


def _rows(text):
    """A number of rows, or a share of them."""
    return int(text) if text.isdigit() else _fraction(text)


def _fraction(text):
    number = float(text)
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError(f"expected a share between 0 and 1, got {text}")
    return number
