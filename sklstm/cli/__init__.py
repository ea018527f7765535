"""The command line: ``sklstm tune DATA`` and ``sklstm predict MODEL DATA``."""

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


def _run_tune(args):
    from sklstm.cli._tune import tune

    tune(args)


def _run_predict(args):
    from sklstm.cli._predict import predict

    predict(args)


def _parser():
    parser = argparse.ArgumentParser(prog="sklstm", description="LSTMs for scikit-learn users, from the command line.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    tune = commands.add_parser(
        "tune",
        help="search time steps, scaling and network together, and test the winner once",
        description="Search time steps, scaling and network in one cross-validated grid search over time, hold the "
        "winner against persistence, seasonal naive and Ridge on the last rows, and write the fitted pipeline, the "
        "table of candidates and a picture.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    tune.set_defaults(run=_run_tune)
    tune.add_argument("data", metavar="DATA", help="airline, sunspots, seattle_weather, or a .csv or .parquet file")
    _add_time(tune)
    tune.add_argument("--target", metavar="COL", help="column to forecast; needed where there are several")
    tune.add_argument("--time-steps", type=_positive, nargs="+", default=[6, 12, 24], metavar="N", help="look-backs")
    scalings = ["minmax", "standard", "robust", "maxabs"]
    tune.add_argument("--scaling", nargs="+", default=["standard"], choices=scalings, help="of the series")
    tune.add_argument(
        "--window-scaling",
        nargs="+",
        default=["mean", "standard"],
        choices=["none", "last", "mean", "standard"],
        help="of each window by its own level and spread, for series with a trend",
    )
    tune.add_argument("--units", type=_positive, nargs="+", default=[32], metavar="N", help="sizes of the LSTM")
    tune.add_argument("--epochs", type=_positive, default=100, metavar="N", help="passes over the training rows")
    tune.add_argument("--cv", type=_folds, default=3, metavar="K", help="folds, each tested on rows after its own")
    tune.add_argument("--test-fraction", type=_fraction, default=0.33, metavar="F", help="share of rows for the test")
    tune.add_argument("--season", type=_positive, metavar="N", help="rows in a season; from the frequency if left out")
    tune.add_argument(
        "--jobs", type=_positive, metavar="N", help="fits at a time; as many as there are cores if left out"
    )
    tune.add_argument("--seed", type=int, default=0, metavar="N", help="same seed, same networks")
    tune.add_argument("--out", metavar="DIR", help="where results go; sklstm-DATA if left out")

    predict = commands.add_parser(
        "predict",
        help="forecast with a tuned pipeline",
        description="Print a forecast of the next value for each row of DATA, as CSV. MODEL is a pickle, and "
        "unpickling runs code: only load what you trust.",
    )
    predict.set_defaults(run=_run_predict)
    predict.add_argument("model", metavar="MODEL", help="pipeline.pkl, as sklstm tune wrote it")
    predict.add_argument("data", metavar="DATA", help="a shipped data set, or a .csv or .parquet file")
    _add_time(predict)
    predict.add_argument("--out", metavar="FILE", help="write the CSV to a file")
    return parser


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


def _fraction(text):
    number = float(text)
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError(f"expected a share between 0 and 1, got {text}")
    return number
