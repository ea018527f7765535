"""A fitted SeriesForecaster for one row at a time: what it makes of the outputs of its pipeline."""

from copy import deepcopy
from itertools import takewhile

import numpy as np

from sklstm._series import SeriesTable, place_of
from sklstm.forecasting._levels import fill_unobserved
from sklstm.preprocessing import Differencer


class Forecasts:
    """The last part of predict, after that of the pipeline: forecasts of forecasts, and original units.

    Parameters
    ----------
    who : str
        Who asks, for messages.
    forecaster : SeriesForecaster
        Fitted.

    Attributes
    ----------
    horizon : int
        How many values are forecast.
    n_repeated : int
        How many of them are made of forecasts.
    """

    def __init__(self, who, forecaster):
        self.horizon = forecaster.horizon
        self.n_repeated = self.horizon - 1 if forecaster.strategy == "recursive" else 0
        self._recursion = deepcopy(forecaster._engine.recursion) if self.n_repeated else None
        context = SeriesTable(who, forecaster.context_, forecaster.group, forecaster.time)
        self._target = context.columns.index(forecaster.target_)
        steps = [step for _, step in forecaster.pipeline_.steps]
        # Those at the start apply to the target, too.
        self._differencers = [deepcopy(step) for step in takewhile(lambda step: isinstance(step, Differencer), steps)]
        self._index = context.index
        self._values = context.table[context.columns].to_numpy(dtype=np.float64)[context.index.order]
        self._times = context.index.ordered_times if context.tells_time else None

    def last_rows(self, label):
        """The last rows of a series that the forecaster knows, and their times: a list of tuple (values, time).

        It is empty for a series that the forecaster does not know. Times are None where nothing tells the time.
        """
        code = place_of(label, self._index.labels)
        if code is None:
            return []
        rows = range(*self._index.bounds[code : code + 2])
        return [(self._values[row], None if self._times is None else self._times[row]) for row in rows]

    def finish(self, prediction, ask, window, label, memories, steps_ahead):
        """Forecasts of the next `horizon` values, (horizon,); a number where that is 1.

        Parameters
        ----------
        prediction : number or ndarray of shape (n_steps,)
            What the pipeline predicts for the newest window.
        ask : callable
            ``ask(window, label)`` predicts for another.
        window : ndarray of shape (n_steps, n_features), or None
            The newest one.
        label : object
            The series.
        memories : list
            What each step remembers after the row: for a Differencer, its LastRows.
        steps_ahead : ndarray of shape (n_repeated, n_features), or None
            The time steps that follow, of which all is read that is known ahead; None where nothing is.
        """
        forecasts = np.asarray(prediction, dtype=np.float64).reshape(-1)
        for step in range(self.n_repeated):
            ahead = None if steps_ahead is None else steps_ahead[None, step : step + 1]
            window = self._recursion.go_on(window[None], forecasts[None, -1:], [label], ahead)[0]
            forecasts = np.append(forecasts, np.reshape(ask(window, label), -1))
        forecasts = forecasts[None, : self.horizon]
        for differencer, rows in reversed(list(zip(self._differencers, memories, strict=False))):
            # Where nothing of the past was observed there is no level to add.
            past = fill_unobserved(rows.level[None, :, self._target], np.nan)
            forecasts = differencer.restore(past, forecasts, column=self._target)
        return forecasts[0, 0] if self.horizon == 1 else forecasts[0]
