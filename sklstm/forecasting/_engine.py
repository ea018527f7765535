"""A Pipeline that forecasts: fitted on the later values of its own rows, and carried on by its own forecasts."""

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from sklstm._lag_names import lag_name
from sklstm._series import find_position, warn_lost_rows
from sklstm._warnings import ColdStartWarning, UnseenRangeWarning, warn_user, without
from sklstm.estimators import KerasRegressor, LSTMRegressor
from sklstm.forecasting._late_columns import learn_late_columns
from sklstm.forecasting._levels import difference, restore
from sklstm.forecasting._naive import naive_forecasts
from sklstm.forecasting._recursion import FramedSamples, learn_recursion
from sklstm.preprocessing import Differencer, LagFramer

# Windows are written out to go on by their own forecasts: so many at a time.
CHUNK = 4096
# A forecast that lies further outside of the known values than so many times their range is most likely wrong.
FAR_OFF = 10


class Engine:
    """Fits a Pipeline to forecast a column of a series, and forecasts from any of its rows.

    Parameters
    ----------
    who : str
        Who asks, for messages.
    pipeline : Pipeline or regressor
        Not fitted; it is fitted in place.
    block : int
        How many steps the regressor forecasts at once.

    Attributes
    ----------
    pipeline : Pipeline
        Its steps, without those that do nothing.
    recursion : Recursion or None
        How windows go on by forecasts, where they can.
    seen : list of float of length 2
        Lowest and highest value of the target in fit.
    counts : dict of str to int
        Number of rows, of those that are trained on, and of those that are lost, by the reason.
    """

    def __init__(self, who, pipeline, block):
        steps = pipeline.steps if isinstance(pipeline, Pipeline) else [("regressor", pipeline)]
        self.who, self.block = who, block
        self.pipeline = Pipeline([(name, step) for name, step in steps if step not in (None, "passthrough")])

    # --- its steps --------------------------------------------------------------------------------

    @property
    def _steps(self):
        return [step for _, step in self.pipeline.steps]

    @property
    def _n_differencers(self):
        """How many steps at the start apply to the target, too."""
        return next(k for k, step in enumerate(self._steps) if not isinstance(step, Differencer))

    @property
    def regressor(self):
        """The last step."""
        return self._steps[-1]

    @property
    def framer(self):
        """The step that frames windows; None without one."""
        return next((step for step in self._steps if isinstance(step, LagFramer)), None)

    @property
    def layout(self):
        """What follows what: see `SeriesTable.values_around`."""
        return {} if self.framer is None else {"max_gap": self.framer.max_gap, "freq": self.framer.freq}

    @property
    def rows_back(self):
        """How many rows before its own a forecast looks at."""
        return sum(getattr(step, "rows_back", 0) for step in self._steps)

    @property
    def quantiles(self):
        """Levels of the quantiles that the regressor predicts, or None."""
        return getattr(self.regressor, "quantiles", None)

    @property
    def levels(self):
        """Levels of the quantiles that the regressor predicts, an ndarray of shape (n_quantiles,)."""
        return np.asarray([] if self.quantiles is None else self.quantiles, dtype=np.float64)

    def given(self, role):
        """Names of the columns that are "static", or known ahead ("future")."""
        if self.framer is None:
            return []
        positions = self.framer.known_ahead_ if role == "future" else self.framer.static_
        return [self.framer.feature_names_in_[k] for k in positions]

    def n_rows_ahead(self, n_steps):
        """Number of rows ahead that a forecast of `n_steps` reads of columns known ahead: whole blocks of the network.

        So a forecast of a time step does not depend on the number of steps that are asked for.
        """
        return -(-n_steps // self.block) * self.block if self.given("future") else n_steps

    def are_known_ahead(self, data, n_steps):
        """Mask of the forecasts for which the table holds all rows that columns known ahead are read from.

        Parameters
        ----------
        data : SeriesTable
            Rows to forecast from, and rows to come.
        n_steps : int
            How far ahead.

        Returns
        -------
        known : ndarray of bool of shape (n_rows, n_steps)
            All True without columns that are known ahead.
        """
        known = np.ones((len(data), n_steps), dtype=bool)
        if self.given("future"):
            reached = np.ones(len(data), dtype=bool)
            for k, ahead in enumerate(data.rows_around(range(1, self.n_rows_ahead(n_steps) + 1), **self.layout)):
                reached &= ahead >= 0
                first = k // self.block * self.block
                known[:, first : first + self.block] &= reached[:, None]
        return known

    # --- fit and forecast -------------------------------------------------------------------------

    def fit(self, data, target):
        """Fit the steps.

        Parameters
        ----------
        data : SeriesTable
            The series.
        target : str
            The column to forecast.

        Returns
        -------
        self : Engine
            Itself.
        """
        self.target, self._position = target, list(data.table.columns).index(target)
        differencers = self._steps[: self._n_differencers]
        table, levels = difference(differencers, data, self._position, fit=True)
        values = data.table[target].to_numpy(dtype=np.float64)
        self.seen = [float(np.nanmin(values)), float(np.nanmax(values))] if not np.isnan(values).all() else [np.nan] * 2
        self._late = None
        for step in self._steps[self._n_differencers : -1]:
            if step is self.framer and _keeps_columns(table, data):
                past, known = self._columns_beside_target(data)
                self._late, table = learn_late_columns(self.who, table, target, past, known, data.index)
            table = step.fit_transform(table)
        samples = FramedSamples(table)
        if len(samples) != len(data):
            raise ValueError(
                f"{self.who} expects steps that keep rows, got {len(samples)} samples from {len(data)} rows. Frame "
                "with LagFramer, which has a window for every row."
            )
        rows = self._rows_to_learn_from(data, levels[-1])
        if len(rows) == 0:
            raise ValueError(
                f"{self.who}(horizon={self.block}) needs rows whose next {self.block} values are known, got none in "
                f"{len(data)} rows. Lower the horizon or pass a longer series."
            )
        ahead = data.rows_around(range(1, self.block + 1), **self.layout)
        # Its name tells the regressor which feature holds the past of y.
        columns = {}
        for k, after in enumerate(ahead, start=1):
            after = after[rows]
            columns[lag_name(target, k)] = np.where(after < 0, np.nan, levels[-1][after])
        y = pd.DataFrame(columns)
        self.regressor.fit(samples.take(rows), y if self.block > 1 else y.iloc[:, 0])
        n_trained = getattr(self.regressor, "n_samples_trained_", len(rows))
        self.counts |= {"not trained on: short windows and validation": len(rows) - n_trained, "trained on": n_trained}
        self._lacks_rows = samples.lack_rows_between(self.framer)
        self.recursion = learn_recursion(samples, levels[-1], data.index, self.framer)
        self._labels = data.index.labels
        # Series of which no row was trained on: in units of their own, nothing leads back to theirs.
        self._untrained = None
        if data.index.is_panel and not getattr(self.regressor, "serves_new_series_", True):
            self._untrained = self._labels[np.setdiff1d(np.arange(data.index.n_series), data.index.codes[rows])]
        return self

    def _rows_to_learn_from(self, data, target):
        """Rows to train on: those whose next values are known, as many as are forecast at once.

        Where a hole or a value that was not observed follows, some of them are enough for a network.
        """
        reached, known, seen = np.ones((3, len(data)), dtype=bool)
        some = np.zeros(len(data), dtype=bool)
        values = data.table[self.target].to_numpy(dtype=np.float64)
        for ahead in data.rows_around(range(1, self.block + 1), **self.layout):
            reached &= ahead >= 0
            known &= ~np.isnan(target[ahead])
            seen &= ~np.isnan(values[ahead])
            some |= (ahead >= 0) & ~np.isnan(target[ahead])
        # A series ends before all that is forecast of its last rows.
        left = np.repeat(data.index.bounds[1:], data.index.lengths) - np.arange(len(data)) - 1
        ended = data.index.in_table_order(left < self.block)
        complete = reached & known
        partly = some & ~ended & ~(reached & seen) & isinstance(self.regressor, (LSTMRegressor, KerasRegressor))
        used, across = complete | partly, ~reached & ~ended & ~partly
        if self.framer is None or self.framer.freq is None:
            warn_lost_rows(self.who, data.index, np.count_nonzero(across), 1 if partly.any() else self.block)
        self.counts = {
            "rows": len(data),
            "lost: the end of a series": np.count_nonzero(ended & ~used),
            "lost: a hole in the times follows": np.count_nonzero(across),
            "lost: values that follow are not observed": np.count_nonzero(~used & ~ended & ~across),
            "trained on in part: some values that follow are known": np.count_nonzero(partly & ~complete),
        }
        return np.flatnonzero(used)

    def refuse_new_series(self, data):
        """Raise where rows are of a series that was not fitted, and has no scale."""
        new = np.flatnonzero(data.index.find(self._labels) < 0)
        if len(new) and not getattr(self.regressor, "serves_new_series_", True):
            raise ValueError(
                f"{self.who} got the series {data.index.label(new[0])!r}, which was not in fit: each series is scaled "
                "by itself, and the scale of this one is not known. Fit again with its rows, or pass scaling=None, "
                "which leaves all series in their own units."
            )

    def forecast_at(self, data, rows, n_steps):
        """Forecast from some rows on, in the units of the series.

        Parameters
        ----------
        data : SeriesTable
            With what lies before these rows.
        rows : ndarray of int of shape (n_rows,)
            The last of what is known.
        n_steps : int
            How far ahead.

        Returns
        -------
        forecasts : ndarray of shape (n_rows, n_steps)
        """
        if n_steps > self.block:
            self.refuse_no_recursion(data, n_steps)
        trained = self._trained(data, rows)
        if trained.all():
            forecasts = self._forecast_at(data, rows, n_steps)
        else:
            forecasts = naive_forecasts(data, self.target, rows, n_steps)["persistence"]
            if trained.any():
                forecasts[trained] = self._forecast_at(data, rows[trained], n_steps)
        self._warn_far_off(data, rows, forecasts)
        return forecasts

    def _warn_far_off(self, data, rows, forecasts):
        """Warn of forecasts that lie far outside of the values that were seen."""
        values = data.table[self.target].to_numpy(dtype=np.float64)[rows]
        low, high = np.nanmin([*self.seen, *values]), np.nanmax([*self.seen, *values])
        reach = FAR_OFF * (high - low)
        far = ~((forecasts >= low - reach) & (forecasts <= high + reach))
        if reach > 0 and far.any():
            farthest = forecasts[far][np.argmax(np.nan_to_num(np.abs(forecasts[far] - low), nan=np.inf))]
            warn_user(
                f"{self.who} forecasts {np.count_nonzero(far)} of {far.size} values further than {FAR_OFF} times the "
                f"range of the values that it saw from them, such as {farthest:.3g}, where these lie between {low:.3g} "
                f"and {high:.3g}. Compare with another window_scaler, with log=False or with LagRegressor before you "
                "use it.",
                UserWarning,
            )

    def _forecast_at(self, data, rows, n_steps):
        samples, levels = self._see(data)
        if n_steps > self.block:
            chunks = [rows[first : first + CHUNK] for first in range(0, len(rows), CHUNK)]
            forecasts = np.concatenate([self._go_on(data, samples, chunk, n_steps) for chunk in chunks])
        else:
            forecasts = self._predict(samples.take(rows))[:, :n_steps]
        return self._restore(data, levels, rows, forecasts)

    def _trained(self, data, rows):
        """Mask of the rows whose series the regressor was trained on; a warning names the first one of the others."""
        trained = np.ones(len(rows), dtype=bool)
        if self._untrained is None or len(self._untrained) == 0:
            return trained
        labels = data.labels()[rows]
        trained = self._untrained.get_indexer(pd.Index(labels, tupleize_cols=False)) < 0
        if not trained.all():
            few = pd.unique(pd.Series(labels[~trained]))
            named = f"{few[0]!r}, ..." if len(few) > 1 else repr(few[0])
            warn_user(
                f"{self.who} repeats the last value of {len(few)} series ({named}), which had no row with {self.block} "
                "known values after it in fit. Fit again with more of their rows.",
                UserWarning,
            )
        return trained

    def warn_unknown_ahead(self, data, rows, n_steps):
        """Warn if forecasts of observed rows repeat the last value of a column that is known ahead."""
        observed = data.table[self.target].notna().to_numpy()[rows]
        repeated = observed & ~self.are_known_ahead(data, n_steps)[rows].all(axis=1)
        if repeated.any():
            n_ahead, names = self.n_rows_ahead(n_steps), ", ".join(map(repr, self.given("future")))
            lacking = f"some of the {n_ahead} rows" if n_ahead > 1 else "the row"
            warn_user(
                f"{self.who} forecasts {np.count_nonzero(repeated)} of {len(rows)} rows with the last known value of "
                f"{names} repeated, because the table lacks {lacking} after them. Append rows with the values of "
                f"{names} and NaN in the other columns, or use forecast(future=).",
                UserWarning,
            )

    def quantiles_at(self, data, rows):
        """Quantiles that the regressor predicts from some rows on, in the units of the series.

        Parameters
        ----------
        data : SeriesTable
            With what lies before these rows.
        rows : ndarray of int of shape (n_rows,)
            The last of what is known.

        Returns
        -------
        quantiles : ndarray of shape (n_rows, block, n_quantiles)
            NaN for a series that the regressor was not trained on.
        """
        trained, (samples, levels) = self._trained(data, rows), self._see(data)
        quantiles = np.full((len(rows), self.block, len(self.levels)), np.nan)
        if trained.any():
            known = rows[trained]
            predicted = self.regressor.predict_quantiles(samples.take(known)).reshape(len(known), self.block, -1)
            restored = [self._restore(data, levels, known, quantile) for quantile in np.moveaxis(predicted, -1, 0)]
            quantiles[trained] = np.stack(restored, axis=-1)
        return quantiles

    # --- what is inside ---------------------------------------------------------------------------

    def _see(self, data):
        """What the regressor sees of each row, and the target on its way through differences."""
        table, levels = difference(self._steps[: self._n_differencers], data, self._position)
        for step in self._steps[self._n_differencers : -1]:
            if step is self.framer and self._late is not None:
                table, *_ = self._late.complete(table, data.index)
            # Rows before those that are forecast from, as many as a window looks back on, come first in the table.
            with without(ColdStartWarning):
                table = step.transform(table)
        return FramedSamples(table), levels

    def _columns_beside_target(self, data):
        """Columns whose next values are not known, and those whose next values are, by the parameters of the framer."""
        static, known = (
            {find_position(name, data.columns) for name in told or ()}
            for told in (self.framer.static, self.framer.future)
        )
        others = [(k, name) for k, name in enumerate(data.columns) if k not in static and name != self.target]
        return [name for k, name in others if k not in known], [name for k, name in others if k in known]

    def _restore(self, data, levels, rows, forecasts):
        differencers = self._steps[: self._n_differencers]
        # Where a logarithm overflows, a warning says how far off the forecast is.
        with np.errstate(over="ignore"):
            return restore(differencers, data, self.target, levels, rows, forecasts, **self.layout)

    def _predict(self, samples):
        return np.asarray(self.regressor.predict(samples), dtype=np.float64).reshape(len(samples), -1)

    def _go_on(self, data, samples, rows, n_steps):
        """Forecasts block by block, each from windows that the one before it has moved on."""
        labels, windows = data.labels()[rows], samples.gather(rows)
        places = data.values_around(np.arange(len(data)), range(1, n_steps + 1), **self.layout)[rows]
        places = np.where(np.isnan(places), rows[:, None], places).astype(np.intp)
        newest, parts = samples.newest(), [self._predict(samples.take(rows))]
        while (done := sum(part.shape[1] for part in parts)) < n_steps:
            windows = self.recursion.go_on(windows, parts[-1], labels, newest[places[:, done - self.block : done]])
            # Forecasts of forecasts that go astray are warned of by how far they come.
            with without(UnseenRangeWarning):
                parts.append(self._predict(samples.like(windows, rows)))
        return np.concatenate(parts, axis=1)[:, :n_steps]

    def refuse_no_recursion(self, data, n_steps):
        """Raise where forecasts cannot go on from forecasts."""
        if self.recursion is not None:
            return
        if self._lacks_rows:
            raise ValueError(
                f"{self.who} forecasts {self.block} step{'s' * (self.block > 1)} at once, and to go on to {n_steps} it "
                f"needs the rows between the time steps of LagFramer(dilation={self.framer.dilation}), which a table "
                f"of lags or a copy of windows does not hold. Fit with horizon={n_steps} and strategy='direct', or "
                "pass windows on as they are: flatten=False."
            )
        given = {*self.given("static"), *self.given("future"), self.target}
        other = [name for name in data.columns if name not in given]
        reads = (
            f"to know what follows in {', '.join(map(repr, other))}, too"
            if other
            else "windows in which the target's own series is scaled by one line, and nothing else"
        )
        raise ValueError(
            f"{self.who} forecasts {self.block} step{'s' * (self.block > 1)} at once, and to go on to {n_steps} it "
            f"needs {reads}. Fit with horizon={n_steps} and strategy='direct', name in future= what is known ahead, or "
            "leave out what is not."
        )


def _keeps_columns(table, data):
    """Whether steps have left the columns of the series as they are called."""
    return isinstance(table, pd.DataFrame) and list(table.columns) == list(data.table.columns)
