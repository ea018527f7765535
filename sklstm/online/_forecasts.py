"""What a SeriesForecaster makes of the outputs of its pipeline: further steps, and original units."""

from copy import deepcopy
from itertools import takewhile

import numpy as np

from sklstm.forecasting._levels import fill_unobserved
from sklstm.forecasting._series_table import SeriesTable
from sklstm.online._rows import WHO
from sklstm.preprocessing import Differencer


class Forecasts:
    """The last part of a fitted SeriesForecaster's predict, for one row at a time.

    Parameters
    ----------
    forecaster : SeriesForecaster
        Fitted.
    """

    def __init__(self, forecaster):
        recursive = forecaster.strategy == "recursive"
        self.horizon, self._block = forecaster.horizon, 1 if recursive else forecaster.horizon
        self._recursion = deepcopy(forecaster._engine.recursion) if self.goes_on else None
        context = SeriesTable(WHO, forecaster.context_, forecaster.group, forecaster.time)
        self._target = context.columns.index(forecaster.target_)
        steps = [step for _, step in forecaster.pipeline_.steps]
        # Those at the start apply to the target, where they do not leave it as it is.
        self._differencers = [
            deepcopy(step) if self._target in step._differenced else None
            for step in takewhile(lambda step: isinstance(step, Differencer), steps)
        ]
        self.context = _rows_by_series(context)

    @property
    def goes_on(self):
        """Whether forecasts are made of forecasts."""
        return self.horizon > self._block

    def finish(self, prediction, ask, window, label, memories):
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
            What each step remembers after the row: for a Differencer, its last rows.
        """
        forecasts = np.asarray(prediction, dtype=np.float64).reshape(-1)
        while len(forecasts) < self.horizon:
            unknown = np.full((1, self._block, window.shape[1]), np.nan)
            last = forecasts[None, len(forecasts) - self._block :]
            window = self._recursion.go_on(window[None], last, [label], unknown)[0]
            forecasts = np.append(forecasts, np.reshape(ask(window, label), -1))
        forecasts = forecasts[None, : self.horizon]
        for differencer, rows in reversed(list(zip(self._differencers, memories, strict=False))):
            if differencer is not None:
                # Where nothing of the past was observed there is no level to add.
                past = fill_unobserved(rows[None, :, self._target], np.nan)
                forecasts = differencer.restore(past, forecasts)
        return forecasts[0, 0] if self.horizon == 1 else forecasts[0]


def _rows_by_series(context):
    """The last rows that a forecaster knows, with their times: lists by series."""
    values = context.table[context.columns].to_numpy(dtype=np.float64)
    times = context.keys.times if context.tells_time else [None] * len(context)
    return {label: [(values[row], times[row]) for row in rows] for label, rows in context.keys.rows()}


def refuse_state_of_forecasts():
    """Refuse to carry a state where forecasts are made of forecasts."""
    raise ValueError(
        f"{WHO}(mode='state') feeds each time step to the network once, but SeriesForecaster(strategy='recursive') "
        "feeds its own forecasts to it. Pass mode='window', or fit with strategy='direct'."
    )
