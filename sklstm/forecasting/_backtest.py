"""Rolling-origin backtests: forecasts as they would have been made, beside those that need no learning."""

from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import clone

from sklstm._series import SeriesTable, find_moments, find_season, rows_by_code
from sklstm.forecasting._errors import MeanError, find_errors
from sklstm.forecasting._forecaster import SeriesForecaster
from sklstm.forecasting._naive import naive_forecasts

BASELINES = ("persistence", "seasonal naive", "drift")


def backtest(
    forecaster: SeriesForecaster,
    series: ArrayLike,
    *,
    initial: float = 0.6,
    step: int = 1,
    horizon: int | None = None,
    refit: bool | int = False,
    metrics: Sequence[str | Callable] = ("rmse", "mae", "mase"),
    season: int | None = None,
    interval: float | None = None,
) -> "Backtest":
    """Forecast from one origin after the other, as if nothing later were known, and hold that against what came.

    Parameters
    ----------
    forecaster : SeriesForecaster
        It is cloned, and stays as it is.
    series : Series, DataFrame or array of shape (n_rows,) or (n_rows, n_columns)
        Rows in time order; of a panel, origins are times, and the same for all series.
    initial : int or float, default=0.6
        How many rows (of a panel: distinct times), or which share of them, the first fit gets. The first origin is the
        last of these.
    step : int, default=1
        Rows from one origin to the next.
    horizon : int, optional
        How many steps ahead; by default the forecaster's own.
    refit : bool or int, default=False
        Whether to fit anew at each origin, on all that is known by then; a number for every so many origins. Without,
        the first fit makes all forecasts, and its past moves on.
    metrics : sequence of {"rmse", "mae", "mape", "mase"} or callable, default=("rmse", "mae", "mase")
        In the units of the series; "mape" in percent, which has no meaning where values are near zero, and is NaN where
        one is zero; "mase" relative to the mean error of the (seasonal) naive one-step forecast within the first fit's
        rows, series by series, and NaN where that is always right.
    season : int, optional
        Rows in a season; by default what the step of the index suggests: 12 for months, 7 for days.
    interval : float, optional
        Also make intervals, which should hold this share of the values; the forecaster needs `calibration` or
        `quantiles`.

    Returns
    -------
    result : Backtest
        Scores and forecasts; `ForecastDisplay.from_backtest` draws them.

    Raises
    ------
    ValueError
        If no origin has rows before it to fit on and a row after it to compare with.

    See Also
    --------
    SeriesForecaster : What it is for.
    forecast_scorer : For searches over forecasters.

    References
    ----------
    Tashman, 2000, "Out-of-sample tests of forecasting accuracy: an analysis and review", International Journal of
    Forecasting 16(4). Hyndman and Koehler, 2006, "Another look at measures of forecast accuracy", International Journal
    of Forecasting 22(4) ("mase", and what is wrong with "mape").

    Examples
    --------
    >>> from sklstm import SeriesForecaster, backtest
    >>> from sklstm.datasets import load_airline
    >>> forecaster = SeriesForecaster(horizon=12, difference=(1, 12), log=True, epochs=5, random_state=0)
    >>> result = backtest(forecaster, load_airline().data, initial=96, step=12, metrics=["rmse"])
    >>> result.n_origins
    4
    >>> result.scores().index.tolist()
    ['SeriesForecaster', 'persistence', 'seasonal naive', 'drift']
    >>> bool(result.skill()["persistence"] > 0.5)
    True
    """
    for name, value in (("horizon", horizon), ("season", season)):
        if value is not None:
            _check_count(name, value)
    _check_count("step", step)
    data = SeriesTable("backtest", series, forecaster.group, forecaster.time)
    find_errors("backtest", metrics, also=["mase"])
    steps = forecaster.horizon if horizon is None else horizon
    places, times = _places(data)
    first = _first_origin(initial, len(times))
    every = _refit_every(refit)
    origins = np.arange(first, len(times) - 1, step)
    if len(origins) == 0:
        raise ValueError(
            f"backtest(initial={initial!r}) needs a row after the first fit to compare with, got {len(times)} "
            f"{'times' if data.index.n_series > 1 else 'rows'}. Lower initial or pass a longer series."
        )
    if season is None and data.tells_time:
        season = find_season(data.index.ordered_times[: data.index.bounds[1]])
    parts = []
    for part in range(0, len(origins), every or len(origins)):
        chosen = origins[part : part + (every or len(origins))]
        fitted = clone(forecaster).fit(data.table.iloc[np.flatnonzero(places <= chosen[0])])
        parts.append(_forecasts(fitted, data, places, chosen, steps, season, interval))
    forecasts = pd.concat(parts, ignore_index=True)
    if forecasts.empty and fitted._engine.given("future"):
        raise ValueError(
            f"backtest(initial={initial!r}) needs {fitted._engine.n_rows_ahead(steps)} rows after the first fit, from "
            f"which the forecaster reads {', '.join(map(repr, fitted._engine.given('future')))}, got "
            f"{len(times) - first - 1}. Lower initial or the horizon, or pass a longer series."
        )
    scales = _naive_errors(data, fitted.target_, places <= first, season)
    about = {"name": type(forecaster).__name__, "target": fitted.target_, "time_name": _time_name(data)}
    return Backtest(
        forecasts, list(metrics), scales, n_origins=forecasts["origin"].nunique(), interval=interval, **about
    )


class Backtest:
    """What `backtest` returned: forecasts, observations and scores.

    Parameters
    ----------
    forecasts : DataFrame
        A row for each origin, step and series.
    metrics : list of str or callable
        Measures of error, as `backtest` takes them.
    scales : dict of label to float
        Error of the naive forecast in each series, for "mase".
    name : str
        What the forecaster is called.
    target : str
        What is forecast.
    time_name : str, optional
        What its time is called.
    n_origins : int
        How many origins there were.
    interval : float, optional
        The share of the values that intervals should hold.

    Attributes
    ----------
    forecasts : DataFrame
        Columns ``origin`` (time or row of the last value that was known), ``step``, ``time`` (which is forecast),
        ``observed``, ``forecast``, those of the baselines, ``lower`` and ``upper`` where there are intervals, and
        ``series`` in a panel.
    models : list of str
        Columns of `forecasts` that hold one: the forecaster's, and the baselines'.

    See Also
    --------
    backtest : Makes it.

    Examples
    --------
    >>> from sklstm import SeriesForecaster, backtest
    >>> from sklstm.datasets import load_sunspots
    >>> forecaster = SeriesForecaster(n_steps=11, epochs=2, random_state=0)
    >>> result = backtest(forecaster, load_sunspots().data, initial=300, step=2, metrics=["mae"])
    >>> result.forecasts.columns.tolist()
    ['origin', 'step', 'time', 'observed', 'forecast', 'persistence', 'drift']
    >>> result.residuals()[0].shape
    (5, 1)
    """

    def __init__(self, forecasts, metrics, scales, *, name, target, time_name=None, n_origins, interval=None):
        self.forecasts = forecasts
        self.name = name
        self.target = target
        self.time_name = time_name
        self.n_origins = n_origins
        self.interval = interval
        self.models = ["forecast", *(model for model in BASELINES if model in forecasts)]
        self._metrics = metrics
        self._scales = scales

    def scores(self, by=None) -> pd.DataFrame:
        """Errors of the forecaster and of the baselines, in the units of the series.

        Parameters
        ----------
        by : {"step", "series", "origin"}, optional
            What to tell apart; by default nothing.

        Returns
        -------
        scores : DataFrame
            A row for each model (and each step, series or origin), a column for each metric; with intervals also
            ``coverage``, the share of values that they held, and ``width``, how wide they were.

        Raises
        ------
        ValueError
            If the forecasts cannot be told apart by it.
        """
        table, groups = self.forecasts, self._groups("scores", by)
        truth, columns = table["observed"].to_numpy(), {}
        for name, error in find_errors("backtest", self._metrics, also=["mase"]).items():
            columns[name] = np.stack([self._error(groups, error, truth, model) for model in self.models], axis=1)
        if "lower" in table:
            # Only the forecaster has intervals.
            lower, upper = table["lower"].to_numpy(), table["upper"].to_numpy()
            others = np.full((len(groups.keys), len(self.models) - 1), np.nan)
            columns["coverage"] = np.column_stack([groups.mean((lower <= truth) & (truth <= upper)), others])
            columns["width"] = np.column_stack([groups.mean(upper - lower), others])
        models = [self.name, *self.models[1:]]
        index = models if by is None else pd.MultiIndex.from_product([groups.keys, models], names=[by, "model"])
        return pd.DataFrame({name: values.ravel() for name, values in columns.items()}, index=index)

    def skill(self, by=None):
        """How much of the baselines' root mean squared error is saved: 1 is perfect, 0 no better, below 0 worse.

        Parameters
        ----------
        by : {"step", "series", "origin"}, optional
            What to tell apart; by default nothing.

        Returns
        -------
        skill : Series or DataFrame
            By the name of the baseline; NaN where that is always right.
        """
        groups, truth = self._groups("skill", by), self.forecasts["observed"].to_numpy()
        ours, *theirs = (groups.mean((truth - self.forecasts[model].to_numpy()) ** 2) for model in self.models)
        # Of what errs by nothing there is nothing to save.
        shares = {
            model: np.divide(ours, square, out=np.full_like(ours, np.nan), where=square > 0)
            for model, square in zip(self.models[1:], theirs, strict=True)
        }
        skill = pd.DataFrame({model: 1 - np.sqrt(share) for model, share in shares.items()}, index=groups.keys)
        return skill.iloc[0].rename("skill") if by is None else skill

    def residuals(self) -> tuple[np.ndarray, np.ndarray]:
        """Observed minus forecast, as the intervals of a forecaster are learned from.

        Returns
        -------
        residuals : ndarray of shape (n_forecasts, n_steps)
            NaN where nothing was observed.
        labels : ndarray of shape (n_forecasts,)
            The series of each; None where there is one only.
        """
        table, keys = self.forecasts, ["origin"]
        if "series" in table:
            keys = ["series", "origin"]
        missed = (table["observed"] - table["forecast"]).groupby([*(table[key] for key in keys), table["step"]]).first()
        wide = missed.unstack()
        labels = wide.index.get_level_values(0) if "series" in table else [None] * len(wide)
        return wide.to_numpy(), np.array(labels, dtype=object)

    def __repr__(self):
        scores = self.scores().to_string(float_format=lambda value: f"{value:.3g}")
        return f"Backtest of {self.target} from {self.n_origins} origins\n{scores}"

    def _repr_html_(self):
        return self.scores().to_html(float_format=lambda value: f"{value:.3g}")

    def _groups(self, method, by):
        known = [name for name in ("step", "series", "origin") if name in self.forecasts]
        if by is not None and by not in known:
            raise ValueError(f"Backtest.{method} expects by to be one of {', '.join(map(repr, known))}, got {by!r}.")
        codes, keys = np.zeros(len(self.forecasts), dtype=np.intp), pd.RangeIndex(1)
        if by is not None:
            codes, keys = pd.factorize(self.forecasts[by])
        return Groups(codes, keys, self.forecasts["observed"].notna().to_numpy())

    def _error(self, groups, error, truth, model):
        """One measure of one model, for each group."""
        forecast = self.forecasts[model].to_numpy()
        if error is None:
            scale = self._scales.iloc[0]
            if "series" in self.forecasts:
                scale = self._scales.reindex(self.forecasts["series"]).to_numpy()
            return groups.mean(np.abs(truth - forecast) / scale)
        if isinstance(error, MeanError):
            return error.finish(groups.mean(error.misses(truth, forecast)))
        return np.array([error(truth[rows], forecast[rows]) if len(rows) else np.nan for rows in groups.rows()])


class Groups(NamedTuple):
    """Rows of forecasts by what is told apart.

    Attributes
    ----------
    codes : ndarray of int of shape (n_rows,)
        Group of each row.
    keys : pd.Index of shape (n_groups,)
        What the groups are.
    observed : ndarray of bool of shape (n_rows,)
        Rows whose truth is known. Only these count; a group without any has no score.
    """

    codes: np.ndarray
    keys: pd.Index
    observed: np.ndarray

    def mean(self, values):
        """Mean of the values, an ndarray of shape (n_rows,), of each group: of shape (n_groups,)."""
        codes = self.codes[self.observed]
        sums = np.bincount(codes, weights=values[self.observed], minlength=len(self.keys))
        counts = np.bincount(codes, minlength=len(self.keys))
        return np.divide(sums, counts, out=np.full(len(self.keys), np.nan), where=counts > 0)

    def rows(self):
        """Positions of the rows of each group, a list of ndarray: for measures that need them all at once."""
        rows = np.flatnonzero(self.observed)
        return [rows[own] for own in rows_by_code(self.codes[rows], len(self.keys))]


def _places(data):
    """When each row was, counted from 0 over all times, and these times."""
    if data.index.n_series == 1 or data.index.times is None:
        times = pd.RangeIndex(len(data)) if data.index.times is None else data.index.times
        return np.arange(len(data)), times
    codes, times = pd.factorize(data.index.times, sort=True)
    return codes, times


def _forecasts(fitted, data, places, origins, steps, season, interval):
    """Forecasts of a fitted forecaster from some origins, in a long table."""
    engine = fitted._engine
    layout = engine.layout
    kept, table = _known_by(data, places, origins[-1], steps, engine)
    rows = np.flatnonzero(np.isin(places[kept], origins))
    if interval is None:
        columns = {"forecast": engine.forecast_at(table, rows, steps)}
    else:
        # Intervals move on with every row, also between the origins.
        since = np.flatnonzero((places[kept] >= origins[0]) & (places[kept] <= origins[-1]))
        forecasts = fitted._interval_at(table, since, steps, interval, new=places[kept] > origins[0])
        at = np.isin(since, rows)
        columns = {name: part[at] for name, part in zip(("forecast", "lower", "upper"), forecasts, strict=True)}
    everywhere = kept[rows]
    columns |= naive_forecasts(data, fitted.target_, everywhere, steps, season, **layout)
    values = data.table[fitted.target_].to_numpy(dtype=np.float64)
    ahead = range(1, steps + 1)
    columns["observed"] = data.values_around(values, ahead, **layout)[everywhere]
    when = data.values_around(np.arange(len(data)), ahead, **layout)[everywhere]
    long = {"origin": np.repeat(_times_of(data, everywhere), steps), "step": np.tile(ahead, len(rows))}
    if data.index.n_series > 1:
        long = {"series": np.repeat(data.labels()[everywhere], steps)} | long
    result = pd.DataFrame(long | {name: forecast.ravel() for name, forecast in columns.items()})
    known = ~np.isnan(when.ravel()) & engine.are_known_ahead(table, steps)[rows].ravel()
    result = result[known]
    result.insert(list(result).index("step") + 1, "time", _times_of(data, when.ravel()[known].astype(np.intp)))
    first = ["observed", "forecast", *(name for name in ("lower", "upper") if name in result)]
    order = [name for name in result if name not in first]
    baselines = [name for name in BASELINES if name in result]
    return result[[*(name for name in order if name not in baselines), *first, *baselines]]


def _known_by(data, places, last, steps, engine):
    """The rows up to the last origin, and a table of them; and of those after it what is known ahead."""
    ahead = engine.given("future")
    kept = np.flatnonzero(places <= (last + engine.n_rows_ahead(steps) if ahead else last))
    if not ahead:
        return kept, data.take(kept)
    table = data.table.iloc[kept].copy()
    unknown = [name for name in data.columns if name not in {*ahead, *engine.given("static")}]
    table[unknown] = np.where((places[kept] > last)[:, None], np.nan, table[unknown].to_numpy(dtype=np.float64))
    return kept, data.like(table)


def _time_name(data):
    return None if data.index.times is None else data.index.times.name


def _times_of(data, rows):
    times = pd.RangeIndex(len(data)) if data.index.times is None else data.index.times
    return times[rows]


def _naive_errors(data, target, fitted, season):
    """Mean error of the one-step (seasonal) naive forecast within the fitted rows of each series."""
    values = data.table[target].to_numpy(dtype=np.float64)
    before = data.values_around(values, [-(season or 1)])[:, 0]
    missed = np.where(fitted, np.abs(values - before), np.nan)
    _, mean, _ = find_moments(missed[data.index.order][:, None], data.index.bounds)
    # A series that never changes has no scale.
    errors = np.where(mean[:, 0] > 0, mean[:, 0], np.nan)
    return pd.Series(errors, index=data.index.labels if data.index.is_panel else [None])


def _first_origin(initial, n_times):
    """Place of the last row of the first fit."""
    if isinstance(initial, Integral) and not isinstance(initial, bool) and initial >= 1:
        return initial - 1
    if isinstance(initial, Real) and not isinstance(initial, bool) and 0 < initial < 1:
        return max(0, round(initial * n_times) - 1)
    raise ValueError(
        f"backtest expects initial to be an int of 1 or more, or a share between 0 and 1, got {initial!r}."
    )


def _check_count(name, value):
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"backtest expects {name} to be an int of 1 or more, got {value!r}.")


def _refit_every(refit):
    """How many origins one fit forecasts from; None for all of them."""
    if isinstance(refit, (bool, np.bool_)):
        return 1 if refit else None
    if isinstance(refit, Integral) and refit >= 1:
        return int(refit)
    raise ValueError(f"backtest expects refit to be True, False or an int of 1 or more, got {refit!r}.")
