"""SeriesForecaster: a series in, its future out."""

from numbers import Integral, Real
from typing import Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklstm._fit_callbacks import CallbackSupportMixin, FitTasks, with_callbacks
from sklstm._lag_names import lag_name
from sklstm._parameters import StrictParameters
from sklstm._series import SeriesTable, find_target, of_series, with_levels_of
from sklstm.forecasting._choose_settings import choose_settings
from sklstm.forecasting._engine import Engine
from sklstm.forecasting._minima import SeriesMinima
from sklstm.forecasting._scored_forecasts import ScoredForecasts
from sklstm.forecasting._shared_parameters import known_columns, share_target
from sklstm.forecasting._short_parameters import ShortParameters
from sklstm.forecasting._times_to_come import rows_to_come


class SeriesForecaster(ScoredForecasts, ShortParameters, StrictParameters, CallbackSupportMixin, BaseEstimator):
    """Forecast a series from its own past: scaling, windows and network inside, targets made and kept apart inside.

    Give it a series (or a table of several columns, or a panel of many series), ask it for what comes next. It holds a
    stock Pipeline, built from the short parameters, which can be searched, or passed by you: then every parameter of
    its steps can be searched.

    Parameters
    ----------
    pipeline : Pipeline, optional
        Transformers that keep rows, and a regressor of sklstm's: `LagRegressor` takes any of scikit-learn's. None, the
        default: the result of `make_forecast_pipeline`, which has more parameters, for the short ones here: `static`,
        `future`, and those from `n_steps` on, `calibration` excepted. With a pipeline the short parameters must keep
        their defaults. `fit` passes `group`, `time`, `freq`, `horizon` and `strategy` to steps that leave them at their
        defaults; a step that has another value is an error. A `Differencer` at the start applies to the target, and to
        the target alone unless it names `columns`. A scaler without `group` scales each series by itself if it is not
        `pooled` and the last step is an `LSTMRegressor`, which then scales the target likewise; otherwise all series
        alike.
    horizon : int, default=1
        How many time steps ahead `fit` learns to forecast.
    target : str or int, optional
        The column to forecast, where the series has several.
    strategy : {"direct", "recursive", "encoder_decoder"}, default="direct"
        All steps at once, by an output for each; the next step only, and on from there by its own forecasts; or all
        steps by a network that decodes them one after the other (a pipeline must end in an `LSTMRegressor` for it).
    group, time : str, optional
        Columns or index levels of a panel: which series a row is of, and when it was.
    freq : str, offset of pandas or int, optional
        The step from row to row of all series, such as ``"B"`` or a ``CustomBusinessDay`` with the holidays of an
        exchange. Time steps without a row are not observed. By default the step is found, and no window crosses a hole.
    static : sequence of str, optional
        Columns that do not change within a series.
    future : sequence of str, optional
        Columns whose next values are known: calendar, price plans.
    n_steps : int or "auto", default="auto"
        The look-back: time steps in each window. "auto" chooses it on the series: among 12, 24, and one to three
        seasons (hours have days and weeks) the one with which a ridge regression on the same windows has the lowest
        leave-one-out error. More than 48 time steps are read in patches of a season by the LSTM (`Architecture`), and
        one by one by the linear path.
    scaling : {"minmax", "standard", "robust", "maxabs"} or None, default="standard"
        How features are scaled; in panels each series by itself.
    difference : int, sequence of int or None, default=None
        Learn the differences from so many rows before, one after the other: ``(1, 12)`` takes a trend and the season of
        months out. Forecasts are summed up again.
    log : bool or "auto", default="auto"
        Learn the logarithm. Forecasts are exponentials again: medians rather than means. "auto" does so where a ridge
        regression then forecasts three folds of the series better by 5 % and by two standard errors.
    units : int or sequence of int, default=32
        Size of the LSTM's state.
    window_scaler : {"auto", "last", "mean", "standard"}, int or None, default="auto"
        How each window is scaled by its own level and spread, as in `LSTMRegressor`. "auto" is "last"; it is None where
        `difference` has taken the level out, and for a single series without a trend that a ridge regression forecasts
        better without it, as for `log`.
    quantiles, epochs, batch_size
        As in `LSTMRegressor`.
    n_members : int, default=1
        Number of networks, which differ in their seeds alone; forecasts are means over them. ``pipeline_[-1]`` has each
        of them, and `predict_members`.
    calibration : float, optional
        Fraction of the rows, from the end, by which to learn how far forecasts miss, for the intervals of `forecast`
        and `predict_interval`. These rows are cut into two folds, and each is forecast by a copy that is fitted on
        all rows before it: two more fits. Then all rows are fitted. With `quantiles`, intervals between quantiles are
        calibrated. By default there is no calibration.
    random_state : int, RandomState instance or None, default=None
        Seeds the network.

    Attributes
    ----------
    pipeline_ : Pipeline
        The fitted steps.
    target_ : str
        Name of the column that is forecast.
    context_ : DataFrame
        The last rows of each series, as many as a forecast looks back on.
    residuals_ : ConformalScores or None
        Sizes of the latest residuals of calibration, by series and step; None without calibration.
    quantile_scores_ : list of ConformalScores
        Scores of the latest intervals between each pair of `quantiles`; empty without quantiles or calibration.
    minima_ : SeriesMinima
        Lowest value of the target in each series, in `fit` and `update`.
    n_steps_, window_scaler_, log_, patch_length_
        Look-back, window scaling, logarithm and patches that were given or chosen; only without a `pipeline`.
    n_features_in_ : int
        Number of columns of the series, those that say group and time included.
    feature_names_in_ : ndarray of shape (n_columns,)
        Their names, where they are text.

    See Also
    --------
    backtest : How good it is, from many origins, beside what doing nothing forecasts.
    make_forecast_pipeline : The Pipeline that the short parameters stand for, to change and pass as `pipeline`.
    sklstm.preprocessing.make_supervised : The same targets as X and y, for a Pipeline by itself.

    References
    ----------
    Taieb, Bontempi, Atiya and Sorjamaa, 2012, "A review and comparison of strategies for multi-step ahead time series
    forecasting", Expert Systems with Applications 39(8) (`strategy`).

    Examples
    --------
    >>> from sklstm import SeriesForecaster
    >>> from sklstm.datasets import load_airline
    >>> passengers = load_airline().data["passengers"]
    >>> forecaster = SeriesForecaster(horizon=3, n_steps=12, units=8, epochs=20, random_state=0)
    >>> forecaster.fit(passengers[:-3]).forecast().index
    DatetimeIndex(['1960-10-01', '1960-11-01', '1960-12-01'], dtype='datetime64[us]', name='month', freq=None)
    >>> forecaster.predict(passengers).columns.tolist()
    ['passengers(t+1)', 'passengers(t+2)', 'passengers(t+3)']

    Short parameters are set and searched by their names:

    >>> deeper = forecaster.set_params(n_steps=24, units=16)

    With `make_forecast_pipeline`, every parameter of the steps can be set and searched:

    >>> from sklstm import make_forecast_pipeline
    >>> forecaster = SeriesForecaster(make_forecast_pipeline(n_steps=12, units=8), horizon=3)
    >>> deeper = forecaster.set_params(pipeline__frame__n_steps=24, pipeline__lstm__dropout=0.2)
    """

    _parameter_constraints = {
        "pipeline": [HasMethods(["fit", "predict"]), None],
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "strategy": [StrOptions({"direct", "recursive", "encoder_decoder"})],
        "calibration": [Interval(Real, 0, 1, closed="neither"), None],
        "n_steps": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "log": ["boolean", StrOptions({"auto"})],
    }

    def __init__(
        self,
        pipeline=None,
        *,
        horizon=1,
        target=None,
        strategy="direct",
        group=None,
        time=None,
        freq=None,
        static=None,
        future=None,
        n_steps="auto",
        scaling="standard",
        difference=None,
        log="auto",
        units=32,
        window_scaler="auto",
        quantiles=None,
        epochs="auto",
        batch_size=32,
        n_members=1,
        calibration=None,
        random_state=None,
    ):
        self.pipeline = pipeline
        self.horizon = horizon
        self.target = target
        self.strategy = strategy
        self.group = group
        self.time = time
        self.freq = freq
        self.static = static
        self.future = future
        self.n_steps = n_steps
        self.scaling = scaling
        self.difference = difference
        self.log = log
        self.units = units
        self.window_scaler = window_scaler
        self.quantiles = quantiles
        self.epochs = epochs
        self.batch_size = batch_size
        self.n_members = n_members
        self.calibration = calibration
        self.random_state = random_state

    @property
    def pipeline_(self):
        """The fitted steps."""
        check_is_fitted(self)
        return self._engine.pipeline

    @property
    def can_go_on_(self):
        """Whether forecasts can go on from forecasts, further than the horizon."""
        check_is_fitted(self)
        return self._engine.recursion is not None

    @property
    def layout_(self):
        """What follows what in a series: `max_gap` and `freq` of the step that frames it."""
        check_is_fitted(self)
        return self._engine.layout

    def summary(self) -> pd.Series:
        """Return how many rows of the series the regressor was trained on, and how many were lost, by the reason.

        Returns
        -------
        summary : Series
            Numbers of rows. Each row is in one entry beside ``rows``, except those that are trained on in part, which
            are among those trained on.

        Examples
        --------
        >>> import numpy as np
        >>> import pandas as pd
        >>> from sklstm import SeriesForecaster
        >>> days = pd.date_range("2026-01-01", periods=60)
        >>> sales = pd.Series(np.sin(np.arange(60.0)), days, name="sales")
        >>> sales.iloc[20] = np.nan
        >>> SeriesForecaster(horizon=7, n_steps=7, units=4, epochs=1, random_state=0).fit(sales).summary()
        rows                                                      60
        lost: the end of a series                                  7
        lost: a hole in the times follows                          0
        lost: values that follow are not observed                  0
        trained on in part: some values that follow are known      7
        not trained on: short windows and validation              13
        trained on                                                40
        Name: rows, dtype: int64
        """
        check_is_fitted(self)
        return pd.Series(self._engine.counts, name="rows")

    # --- fit --------------------------------------------------------------------------------------

    @with_callbacks
    def fit(self, series, y=None) -> Self:
        """Learn to forecast the values that follow each row.

        Transformers are fitted on all rows, the regressor on those whose next `horizon` values are known.

        Parameters
        ----------
        series : Series, DataFrame or array of shape (n_rows,) or (n_rows, n_columns)
            Rows in time order; of a panel, those of each series. A row that is NaN was not observed. Before the first
            and after the last observation of the target nothing is; in between, a column that begins later or ends
            earlier than the target has its mean there, and a warning says of how many values.
        y : None
            There is none: the targets are later rows of the series.

        Returns
        -------
        self : SeriesForecaster
            The fitted forecaster.

        Raises
        ------
        ValueError
            If the series is too short or out of order, its target is not named, or a step refuses it.
        """
        if y is not None:
            raise ValueError(
                "SeriesForecaster takes a series and derives y from it, got y too. Call fit(series), and leave y out "
                "of a search as well; for X and y of your own use the Pipeline by itself."
            )
        self._validate_params()
        task = FitTasks(self, series, None)
        data = SeriesTable(type(self).__name__, series, self.group, self.time)
        calibrated = self._calibration(data)
        # A fit that fails leaves what was fitted before.
        self._engine = self._fitted_engine(data)
        self.target_ = self._engine.target
        self.n_features_in_ = data.table.shape[1]
        if all(isinstance(name, str) for name in data.table.columns) and data.named:
            self.feature_names_in_ = np.array(data.table.columns, dtype=object)
        self._columns = list(data.table.columns)
        self._indexed = data.indexed
        self._steps = data.find_steps(self.freq)
        self.residuals_, *self.quantile_scores_ = calibrated
        self.minima_ = SeriesMinima(data.table[self.target_].to_numpy(dtype=np.float64), data.index)
        self._remember(data)
        task.end()
        return self

    def _fitted_engine(self, data):
        """The steps, fitted on a series, and what is to be forecast of it."""
        who = type(self).__name__
        pipeline, candidates = self.build_pipeline(), data.columns
        if self.target is None:
            # Columns that are static or known ahead are not the target.
            other = known_columns(pipeline)
            candidates = [column for column in data.columns if column not in other] or data.columns
        target = candidates[find_target(who, data.table[candidates], self.target)]
        horizon = 1 if self.strategy == "recursive" else self.horizon
        setting = self._choose_setting(data, target, horizon)
        if setting is not None:
            pipeline = self.build_pipeline(setting)
        pipeline = share_target(pipeline, target)
        engine = Engine(who, pipeline, horizon).fit(data, target)
        if setting is not None:
            self.n_steps_, self.window_scaler_, self.log_, self.patch_length_ = setting
        if self.strategy == "recursive" and self.horizon > 1:
            engine.refuse_no_recursion(data, self.horizon)
        return engine

    def _choose_setting(self, data, target, horizon):
        """Look-back, window scaling and logarithm; None with a pipeline."""
        if self.pipeline is not None:
            return None
        difference = () if self.difference is None else tuple(np.atleast_1d(self.difference).tolist())
        return choose_settings(
            data,
            target,
            horizon,
            difference=difference,
            by_series=self.scaling is not None,
            layout={"freq": self.freq},
            n_steps=self.n_steps,
            window_scaler=self.window_scaler,
            log=self.log,
        )

    # --- forecasts --------------------------------------------------------------------------------

    def predict(self, series, steps=None):
        """Forecast, at each row, the values that follow it.

        Parameters
        ----------
        series : Series, DataFrame or array of shape (n_rows,) or (n_rows, n_columns)
            Rows in time order. Where their index goes on from what was fitted, or from the last `update`, they have
            that as their past; else they start cold. Columns that are known ahead (`future`) are read in the rows that
            follow each row. At the end of the series, append rows in which the other columns are NaN; without them, the
            last known value is repeated, and a warning says for how many rows.
        steps : int, optional
            How many values ahead; beyond the horizon forecasts go on from forecasts. By default the horizon.

        Returns
        -------
        forecasts : DataFrame of shape (n_rows, steps)
            In the units of the series, with its index; columns ``sales(t+1)``, ``sales(t+2)`` and so on. An array for
            an array.

        Raises
        ------
        ValueError
            If the columns are not those of `fit`, rows are out of order, or what lies beyond the horizon cannot be
            forecast, because other columns would have to be known.
        """
        data, table, rows = self._rows_of(series)
        steps = self._n_steps(steps)
        self._engine.warn_unknown_ahead(table, rows, steps)
        return self._framed(data, self._engine.forecast_at(table, rows, steps))

    def forecast(self, steps=None, *, series=None, future=None, interval=None) -> pd.DataFrame:
        """Forecast what follows the last row of the series that was fitted, of the last `update`, or of other rows.

        Parameters
        ----------
        steps : int, optional
            How many time steps; by default the horizon. Beyond it forecasts go on from forecasts.
        series : Series, DataFrame or array of shape (n_rows,) or (n_rows, n_columns), optional
            Rows to forecast from, as for `predict`: of some of the series, say, or of new ones. The forecaster stays as
            it is. By default the last rows that it knows, of all series.
        future : DataFrame, optional
            The values of the columns that are known ahead (`future`), at the times to come; of a panel, for each
            series. It holds the whole horizon, also for fewer `steps`, and beyond it a multiple of the horizon: a
            network that forecasts several steps at once reads the values of all of them. Where the times of the series
            are irregular, its index says which times these are.
        interval : float, optional
            Fraction of the values that intervals are to hold, such as 0.9. `predict_interval` tells how they are made.

        Returns
        -------
        forecast : DataFrame
            One row for each time step to come (and for each series of a panel), with the target, and with an interval
            the columns ``lower`` and ``upper``; in the units of the series. Its index is that of the series, with the
            times to come; rows are counted from 0 where a column has the times.

        Raises
        ------
        ValueError
            As for `predict` and `predict_interval`; and if values that have to be known ahead are missing.

        Examples
        --------
        >>> from sklstm import SeriesForecaster
        >>> from sklstm.datasets import load_airline
        >>> passengers = load_airline().data["passengers"]
        >>> forecaster = SeriesForecaster(horizon=3, n_steps=12, units=8, epochs=5, random_state=0)
        >>> forecaster.fit(passengers[:120]).forecast(1).index[0]
        Timestamp('1959-01-01 00:00:00')
        >>> forecaster.forecast(1, series=passengers[100:]).index[0]
        Timestamp('1961-01-01 00:00:00')
        """
        check_is_fitted(self)
        steps, known = self._n_steps(steps), self._engine.given("future")
        context, step_of, new = (self._context(), self._steps, None) if series is None else self._past_of(series)
        n_ahead = self._engine.n_rows_ahead(steps)
        roles = {"known": known, "static": self._engine.given("static")}
        ahead = rows_to_come(context, step_of, n_ahead, future=future, block=self._engine.block, **roles)
        rows = context.last_rows(1)
        table = context.like(pd.concat([context.table, ahead])) if known else context
        if interval is None:
            columns = {self.target_: self._engine.forecast_at(table, rows, steps)}
        else:
            if new is not None:
                new = np.append(new, np.zeros(len(table) - len(new), dtype=bool))
            forecasts = self._interval_at(table, rows, steps, interval, new)
            columns = dict(zip([self.target_, "lower", "upper"], forecasts, strict=True))
        keys = [name for name in (self.group, self.time) if name is not None and name in ahead.columns]
        forecast = ahead.loc[np.arange(len(ahead)) % n_ahead < steps, keys].copy()
        has_series = forecast.index.nlevels > 1 or (self.group is not None and forecast.index.name == self.group)
        if self.time in keys and not has_series:
            # Times are in a column, and the labels of the last rows that are known say nothing of those to come.
            forecast.index = pd.RangeIndex(len(forecast), name=forecast.index.name)
        for name, values in columns.items():
            forecast[name] = values.ravel()
        return forecast

    def update(self, new_rows) -> Self:
        """Move on in time, without training: what comes next is forecast from the end of these rows.

        Parameters
        ----------
        new_rows : Series, DataFrame or array
            Rows that follow what was fitted, with the same columns. A series of a panel that is new begins here, where
            all series are in one scale (``scaling=None``).

        Returns
        -------
        self : SeriesForecaster
            The forecaster itself.

        Raises
        ------
        ValueError
            If they do not come after the rows that are known, are another step apart (gaps are allowed: rows that were
            not observed), or are of a new series whose scale is not known.
        """
        check_is_fitted(self)
        data, context = self._read(new_rows), self._context()
        if not data.indexed:
            data = context.like(data.table.set_axis(data.table.index + context.table.index[-1] + 1))
        steps = self._steps_with(data, "update")
        _refuse_earlier(data, context)
        self._steps = steps
        table = context.like(pd.concat([context.table, with_levels_of(context.table, data.table)]))
        self._move_on(table, np.arange(len(table)) >= len(context))
        self.minima_ = self.minima_.update(table.table[self.target_].to_numpy(dtype=np.float64), table.index)
        self._remember(table)
        return self

    # --- what is inside ---------------------------------------------------------------------------

    def _read(self, series):
        """A series whose columns are those of fit."""
        table = series
        if isinstance(series, pd.Series) and len(self._columns) == 1:
            table = series.rename(self._columns[0])
        data = SeriesTable(type(self).__name__, table, self.group, self.time)
        if set(data.table.columns) != set(self._columns):
            raise ValueError(
                f"SeriesForecaster was fitted on the columns {self._columns}, got {list(data.table.columns)}. Pass the "
                "same columns."
            )
        if list(data.table.columns) != self._columns:
            data = data.like(data.table[self._columns])
        self._engine.refuse_new_series(data)
        return data

    def _context(self):
        context = SeriesTable(type(self).__name__, self.context_, self.group, self.time)
        context.indexed = self._indexed
        return context

    def _remember(self, data):
        """Keep the last rows: as many as forecasts look back on from the last one observed, and a horizon before it."""
        n_rows = 1 + self._engine.rows_back + self.horizon + data.longest_silence(self.target_)
        self.context_ = data.table.iloc[np.sort(data.last_rows(n_rows))].copy()

    def _rows_of(self, series):
        """A series, the same with its past before it, and where its own rows are in that."""
        check_is_fitted(self)
        data = self._read(series)
        table, n_context = data.after(self._context()) if data.indexed else (data, 0)
        return data, table, np.arange(n_context, len(table))

    def _past_of(self, series):
        """Rows that are passed in, with their past before them, their KnownSteps, and a mask of those that are new."""
        data, table, rows = self._rows_of(series)
        steps = self._steps_with(data, "forecast")
        # Rows that do not follow what was fitted may be those that were: their residuals tell nothing.
        new = np.arange(len(table)) >= rows[0] if rows[0] > 0 else None
        if data.index.is_panel:
            # Series by series, in the order in which they were passed.
            order = np.argsort(data.index.labels.get_indexer(table.labels()), kind="stable")
            table, new = table.take(order), new if new is None else new[order]
        return table, steps, new

    def _steps_with(self, data, method):
        """KnownSteps with those of series that are new in some rows; raises if the rows have another step."""
        data.refuse_another_step(self._steps, method)
        return self._steps.with_series_of(data.find_steps_on(self._steps.timeline))

    def _n_steps(self, steps):
        steps = self.horizon if steps is None else steps
        if not isinstance(steps, Integral) or isinstance(steps, bool) or steps < 1:
            raise ValueError(f"SeriesForecaster expects steps to be an int of 1 or more, got {steps!r}.")
        return int(steps)

    def _framed(self, data, forecasts):
        if not data.indexed:
            return forecasts
        columns = [lag_name(self.target_, step) for step in range(1, forecasts.shape[1] + 1)]
        return pd.DataFrame(forecasts, index=data.table.index, columns=columns)


def _refuse_earlier(data, context):
    """Raise if the rows of a series do not come after the last one that is known."""
    if not (data.tells_time and context.tells_time):
        return
    places = data.index.find(context.index.labels)
    first = data.index.ordered_times[data.index.bounds[:-1]]
    last = context.index.ordered_times[context.index.bounds[1:] - 1][places]
    late = np.asarray(first > last, dtype=bool) | (places < 0)
    if not late.all():
        code = int(np.argmax(~late))
        raise ValueError(
            f"SeriesForecaster.update expects rows after {last[code]}{of_series(data.index.label(code))}, the last "
            f"that it knows, got {first[code]}. Pass only what is new."
        )
