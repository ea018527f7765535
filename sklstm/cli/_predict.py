"""`sklstm predict`: use a pipeline that `sklstm tune` wrote, in a process of its own."""

import pickle
from pathlib import Path

import pandas as pd
from sklearn.pipeline import Pipeline

from sklstm.cli._console import load_keras_silently
from sklstm.cli._series_file import read_series


def predict(args):
    """Run the command: a forecast of the next value for each row, as CSV."""
    pipeline = load_pipeline(args.model)
    series = read_series(args.data, time=args.time, columns=list(pipeline.feature_names_in_))
    load_keras_silently()
    forecast = pd.Series(pipeline.predict(series.table), index=series.table.index, name="forecast of the next row")
    if args.out is None:
        print(forecast.to_csv(), end="")
    else:
        forecast.to_csv(args.out)
        print(f"written to {args.out}: {len(forecast)} forecasts, each of the value after its row")


def load_pipeline(path):
    """The fitted pipeline in a pickle. Unpickling runs code: only load files that you trust.

    Raises
    ------
    ValueError
        If there is no such file, or it holds no fitted pipeline.
    """
    if not Path(path).is_file():
        raise ValueError(f"there is no file {path!r}. Write one with: sklstm tune DATA --out DIR")
    try:
        pipeline = pickle.loads(Path(path).read_bytes())
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError) as broken:
        raise ValueError(f"{path!r} is no pipeline that sklstm can load: {broken}") from None
    if not isinstance(pipeline, Pipeline) or not hasattr(pipeline, "feature_names_in_"):
        raise ValueError(f"{path!r} holds a {type(pipeline).__name__}, not a pipeline fitted on a DataFrame.")
    return pipeline
