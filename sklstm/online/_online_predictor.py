"""OnlinePredictor: one observation at a time, in production."""

from typing import Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sklstm.online._model import observed_in_part, read_model
from sklstm.online._rows import WHO
from sklstm.online._series import ANEW, Clock, History, Series, as_time
from sklstm.preprocessing._row_by_row import series_end

MODES = ("window", "state")


class OnlinePredictor:
    """Predict one observation at a time: a row goes in, the prediction for it comes out.

    It remembers what the model needs of the rows before, for each series by itself, so that nobody keeps tables of
    them; and it leaves out what is the same for every row, so that a prediction takes less than a millisecond. The
    fitted model is copied, and never changed.

    Parameters
    ----------
    fitted : Pipeline or estimator
        Fitted: a Pipeline with a LagFramer; or an LSTM estimator that was fitted on windows, for which each row is a
        time step. A search gives its best estimator.
    mode : {"window", "state"}, default="window"
        What the network sees of the past:

        - ``"window"``: the last `n_steps` rows, as in training. Predictions are those of ``fitted.predict`` on the
          whole series.
        - ``"state"``: all rows so far. Each goes through the network once, and the state of its LSTM layers is
          carried on; predictions are those of the network for the whole sequence.
    warm : bool, default=False
        Whether the first row follows the last one that was fitted. Else nothing is known of the past. In the mode
        ``"state"`` the state is that after the last ``n_steps - 1`` fitted rows, which are what the model keeps.
    n_steps : int, optional
        Time steps of a window, where no LagFramer says it.
    lookback : int, optional
        How many rows before a row the transformers of your own look at to transform it: 0 where each row stands for
        itself. scikit-learn's and sklstm's are known.

    See Also
    --------
    LagFramer : Windows of whole tables; its `context` lets new tables follow the fitted one.

    Notes
    -----
    A predictor pickles and copies in mid-stream, and goes on with the next row. It is not made for several threads at
    once: give each its own.

    Holes are seen where `update` is told the time: then windows begin anew where those of the LagFramer do.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklstm import LagFramer
    >>> from sklstm.online import OnlinePredictor
    >>> series = np.arange(20.0)
    >>> model = make_pipeline(LagFramer(n_steps=1, flatten=True), Ridge(alpha=1e-9)).fit(series[:-1], series[1:])
    >>> online = OnlinePredictor(model, warm=True)
    >>> [round(float(online.update(value)), 3) for value in (19.0, 20.0)]
    [20.0, 21.0]
    >>> online.update([1.0, 2.0])
    Traceback (most recent call last):
        ...
    ValueError: OnlinePredictor expects a row of 1 features, got 2. Pass a value for each of them.
    """

    def __init__(self, fitted, *, mode="window", warm=False, n_steps=None, lookback=None):
        if mode not in MODES:
            raise ValueError(f"{WHO} expects mode to be 'window' or 'state', got {mode!r}.")
        fitted = getattr(fitted, "best_estimator_", fitted)
        if not hasattr(fitted, "predict"):
            raise TypeError(
                f"{WHO} expects a fitted Pipeline or estimator that predicts, got {type(fitted).__name__}. Fit one "
                "with an estimator as its last step."
            )
        check_is_fitted(fitted, msg=f"{WHO} got a %(name)s that is not fitted. Call its fit first.")
        self.mode, self.warm = mode, warm
        self._model = read_model(fitted, mode, warm, n_steps, lookback)
        if mode == "state" and self._model.forecasts is not None and self._model.forecasts.n_repeated:
            raise ValueError(
                f"{WHO}(mode='state') feeds each time step to the network once, but "
                "SeriesForecaster(strategy='recursive') feeds its own forecasts to it. Pass mode='window', or fit "
                "with strategy='direct'."
            )
        self._series = {}

    def __repr__(self):
        return f"{WHO}(mode={self.mode!r}, warm={self.warm}, {len(self._series)} series so far)"

    def update(self, row, group=None, time=None, *, ahead=None):
        """Predict for one more row.

        Parameters
        ----------
        row : array-like of shape (n_features,), dict, Series or number
            The values of all features, in their order or by their names; NaN in all of them where nothing was
            observed. A number where there is one feature.
        group : hashable, optional
            The series that it is of. A dict may hold it under the name that the model has for it.
        time : timestamp, period or int, optional
            When it was, so that holes are seen. A dict may hold it, too.
        ahead : DataFrame, list of dict, array-like of shape (n_rows, n_known) or number, optional
            Where the model has ``LagFramer(future=...)``: what is known of these features in the next rows, the
            nearest first. As many rows as its `horizon`, or that of a SeriesForecaster; where there are fewer, the
            last one is repeated. A dict or a number is one row.

        Returns
        -------
        prediction : number, label or ndarray
            As the model predicts for this row.

        Raises
        ------
        ValueError
            If the row does not fit the model, or what is known ahead is not told. It is not taken, and the next one
            goes on from the one before it.
        """
        values, group, time = self._model.reader.read(row, group, time)
        if self._model.panel and group is None:
            raise ValueError(
                f"{WHO} serves several series, and cannot tell which one a row is of. Pass group=, as in fit."
            )
        time = as_time(time, self._model.framer)
        given = self._read_ahead(ahead)
        series = self._series.get(group)
        if series is None:
            series = self._begin(group)
        prediction = self._advance(series, values, group, time, given)
        self._series[group] = series
        return prediction

    def update_many(self, rows, groups=None, times=None, ahead=None) -> np.ndarray:
        """Predict for several rows, one after the other.

        Parameters
        ----------
        rows : DataFrame, array-like of shape (n_rows, n_features), or iterable of rows
            Each as in `update`.
        groups, times : sequence of length n_rows, optional
            Of each row.
        ahead : sequence of length n_rows, optional
            For each row, what is known of the next ones.

        Returns
        -------
        predictions : ndarray of shape (n_rows, ...)
            Where a row is refused, those before it have been taken.
        """
        rows = (
            rows.to_dict("records") if isinstance(rows, pd.DataFrame) and self._model.reader.names is not None else rows
        )
        rows = list(rows.to_numpy() if isinstance(rows, (pd.DataFrame, pd.Series)) else rows)
        groups, times, ahead = ([None] * len(rows) if of is None else of for of in (groups, times, ahead))
        each = zip(rows, groups, times, ahead, strict=True)
        return np.array([self.update(row, group, time, ahead=known) for row, group, time, known in each])

    def reset(self, group=None) -> Self:
        """Forget the rows so far: the next one is the first.

        Parameters
        ----------
        group : hashable, optional
            The series to begin anew; by default all of them.

        Returns
        -------
        self : OnlinePredictor
            The predictor itself.
        """
        if group is None:
            self._series = {}
        else:
            self._series.pop(group, None)
        return self

    # --- one row ----------------------------------------------------------------------------------

    def _begin(self, label):
        """A series of which no row was seen."""
        model = self._model
        warm = self.warm and model.forecasts is None
        steps = [step.begin(label, warm=warm) for step in model.steps]
        series = Series(steps, History(model.n_rows, model.n_features), Clock(model.framer, label, warm=warm))
        end = series_end(model.framer, label) if warm else None
        for row in () if end is None else end.context:
            self._move_on(series, row.astype(np.float64), label)
        if self.warm and model.forecasts is not None:
            for values, time in model.forecasts.last_rows(label):
                self._advance(series, values, label, time, (), ask=False)
        return series

    def _read_ahead(self, ahead):
        """What is known of the next rows, as they come in; None where the model does not ask for it."""
        known_ahead = self._model.known_ahead
        if known_ahead is not None:
            return known_ahead.read(ahead)
        if ahead is not None:
            raise ValueError(
                f"{WHO} got ahead, but serves a model that joins nothing of the next rows. Leave ahead out, or fit "
                "with LagFramer(future=...)."
            )
        return None

    def _advance(self, series, values, label, time, given, *, ask=True):
        """The prediction after one more row of a series, where it is asked for; the series moves on."""
        model, memories = self._model, []
        gap = series.clock.gap(model.framer, time, label)
        for step, memory in zip(model.steps, series.steps, strict=True):
            values, memory = step.apply(values, memory, label, time, gap)
            memories.append(memory)
        observed = self._is_observed(values)
        if model.framer is not None and model.framer.elapsed is not None:
            values = np.append(values, series.clock.elapsed(model.framer, time) if observed else np.nan)
        steps_ahead = None
        if model.known_ahead is not None:
            known = model.known_ahead.transformed(values, given, memories, label, time)
            values, steps_ahead = model.known_ahead.joined(values, known, observed)
        prediction = self._move_on(series, values, label, gap, memories, steps_ahead, ask=ask)
        # From here on nothing fails.
        series.steps, series.clock.last = memories, time
        if observed and time is not None:
            series.clock.observe(time)
        return prediction

    def _move_on(self, series, row, label, gap=1, memories=(), steps_ahead=None, *, ask=False):
        """The same for a time step as the network takes it."""
        server, forecasts = self._model.server, self._model.forecasts
        window, prediction = None, None
        if self.mode == "state":
            prediction, carried = server.step(row, label, None if gap >= ANEW else series.carried)
        else:
            window, carried = series.history.place(row, gap), None
            prediction = server.predict(window, label) if ask else None
        if ask and forecasts is not None:
            prediction = forecasts.finish(prediction, server.predict, window, label, memories, steps_ahead)
        if window is not None:
            series.history.commit()
        series.carried = carried
        return prediction

    def _is_observed(self, values):
        """Whether a time step shows anything; one that shows it in part is refused where a network masks others."""
        model = self._model
        missing = pd.isna(values)
        if not missing.any():
            return True
        if model.masks and observed_in_part(missing, model.always_known):
            known = "static ones" if model.known_ahead is None else "static ones and those known ahead"
            columns = ", ".join(model.column(k) for k in np.flatnonzero(missing))
            raise ValueError(
                f"{WHO} got a row with some features missing: NaN in column {columns}. A time step is either observed "
                f"in every feature or NaN in all of them, but for {known}, which are always known: impute first, "
                "for instance with sklearn.impute.SimpleImputer before LagFramer."
            )
        return not np.delete(missing, model.always_known).all()
