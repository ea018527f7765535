"""OnlinePredictor: one observation at a time, in production."""

from typing import Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sklstm.online._buffer import Buffer
from sklstm.online._model import Model
from sklstm.online._rows import WHO, Rows

MODES = ("window", "state")


class OnlinePredictor:
    """Predict one observation at a time.

    It keeps the last raw rows of each series, as many as the model looks back on, and asks the model's own steps and
    estimator for the newest row. So predictions are those of ``fitted.predict`` on a table of all rows, and one takes
    about a millisecond. The fitted model is copied, and never changed.

    Parameters
    ----------
    fitted : Pipeline, estimator or SeriesForecaster
        A fitted model: a Pipeline with a LagFramer; or an LSTM estimator that was fitted on windows, for which each
        row is a time step. A search gives its best estimator.
    mode : {"window", "state"}, default="window"
        What the network sees of the past:

        - ``"window"``: the last `n_steps` rows, as in training. Predictions are those of ``fitted.predict`` on the
          whole series.
        - ``"state"``: all rows so far. Each goes through the network once, and the state of its LSTM layers is carried
          on, as with ``stateful=True``; predictions are those of the network for the whole sequence.
    warm : bool, default=False
        Whether the first row follows the last one that was fitted. If not, nothing is known of the past. In the mode
        ``"state"`` the state is that after the last ``n_steps - 1`` fitted rows, which are what the model keeps.
    n_steps : int, optional
        Number of time steps of a window, if no LagFramer says it.
    lookback : int, optional
        Number of rows before a row that your own transformers look at to transform it: 0 if each row stands for
        itself. The transformers of scikit-learn and sklstm are known.

    See Also
    --------
    LagFramer : Windows of whole tables; its `context` lets new tables follow the fitted one.

    Notes
    -----
    A predictor pickles and copies in mid-stream, and goes on with the next row. It is not made for several threads at
    once: give each its own.

    Windows begin anew at the holes at which those of the LagFramer do, if `update` is told the time of each row of a
    series. A state is carried across holes.

    A row alone and the same row among others may differ in the last bit, because matrix products of other sizes are
    added up in another order.

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
        self._model = Model(fitted, mode, warm, n_steps, lookback)
        self.reset()

    def __repr__(self):
        return f"{WHO}(mode={self.mode!r}, warm={self.warm}, {len(self._buffer.places)} series so far)"

    def update(self, row, group=None, time=None, *, ahead=None):
        """Predict for one more row.

        Parameters
        ----------
        row : array-like of shape (n_features,), dict, Series or number
            The values of all features, in their order or by their names; NaN in all of them where nothing was
            observed. A number if there is one feature.
        group : hashable, optional
            The series of the row. A dict may hold it under the name that the model has for it.
        time : timestamp, period or int, optional
            Time of the row, so that holes are seen. A dict may hold it, too.
        ahead : DataFrame, list of dict, array-like of shape (n_rows, n_known) or number, optional
            If the model has ``LagFramer(future=...)``: the values of these features in the next rows, the nearest
            first. As many rows as its `horizon`, or that of a SeriesForecaster; of fewer the last one is repeated. A
            dict or a number is one row.

        Returns
        -------
        prediction : number, label or ndarray
            As the model predicts for this row.

        Raises
        ------
        ValueError
            If the row does not fit the model, or what is known ahead is not told. The row is not taken, and the next
            one goes on from the one before it.
        """
        rows = self._model.reader.read_row(row, group, time)
        return self._predict(rows, None if ahead is None and self._model.known_ahead is None else [ahead])[0]

    def update_many(self, rows, groups=None, times=None, ahead=None) -> np.ndarray:
        """Predict for several rows, of one series or of many, in one batch.

        Rows of a series follow one another in time. The rows of all series go through the steps of the model together,
        and through the network in one call, so that a row of each of 500 series costs little more than one row.

        Parameters
        ----------
        rows : DataFrame, array-like of shape (n_rows, n_features), or list of dict
            Each row as in `update`. A DataFrame may hold series and times in columns.
        groups, times : sequence of length n_rows, optional
            Series and time of each row.
        ahead : sequence of length n_rows, optional
            For each row, what is known of the next ones, as in `update`. Then the rows of a series are predicted one
            after the other.

        Returns
        -------
        predictions : ndarray of shape (n_rows, ...)
            The prediction for each row, in the order of the rows.

        Raises
        ------
        ValueError
            If a row does not fit the model. Then none of the rows is taken; with `ahead`, those before it are.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.linear_model import Ridge
        >>> from sklearn.pipeline import make_pipeline
        >>> from sklstm import LagFramer
        >>> from sklstm.online import OnlinePredictor
        >>> series = np.arange(20.0)
        >>> model = make_pipeline(LagFramer(n_steps=1, flatten=True), Ridge(alpha=1e-9)).fit(series[:-1], series[1:])
        >>> OnlinePredictor(model).update_many([3.0, 7.0, 4.0], groups=["A", "B", "A"]).round(3)
        array([4., 8., 5.])
        """
        rows = self._model.reader.read_table(rows, groups, times)
        if len(rows.values) == 0:
            return np.empty(0)
        if ahead is None and self._model.known_ahead is None:
            return self._predict(rows)
        ahead = [None] * len(rows.values) if ahead is None else list(ahead)
        labels = np.zeros(len(ahead)) if rows.labels is None else rows.labels
        place = pd.Series(labels).groupby(labels, dropna=False).cumcount().to_numpy()
        order = np.argsort(place, kind="stable")
        parts = np.split(order, np.cumsum(np.bincount(place))[:-1])
        predictions = np.concatenate([self._predict(rows.take(part), [ahead[k] for k in part]) for part in parts])
        return predictions[np.argsort(order)]

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
            self._buffer = Buffer(self._model.n_rows, self._model.reader.n_features, carries=self._model.carries)
            self._begun = not self.warm
            if self.mode == "state":
                self._model.final.reset()
            return self
        self._buffer.forget(group)
        if self.mode == "state":
            self._model.final.forget(group)
        if self.warm and self._begun:
            self._begin(group)
        return self

    def _begin(self, group=None):
        """Take in what the model knows of the past, of one series or of all of them."""
        self._begun = True
        if self._model.forecaster is None:
            if self.mode == "state":
                self._model.see_context(group)
            return
        rows = self._model.context(group)
        if len(rows.values) and self.mode == "state":
            self._predict(rows)
        elif len(rows.values):
            self._buffer.keep(self._buffer.join(rows))

    def _predict(self, rows, ahead=None):
        """Predictions for new rows, in their order; `ahead` has what is known of the next ones, for each."""
        if not self._begun:
            self._begin()
        if self._model.panel and (rows.labels is None or pd.isna(rows.labels).any()):
            raise ValueError(
                f"{WHO} serves several series, and cannot tell which one a row is of. Pass group=, as in fit."
            )
        for name in ("freq", "elapsed"):
            if rows.times is None and getattr(self._model.framer, name, None) is not None:
                raise ValueError(
                    f"{WHO} serves LagFramer({name}={getattr(self._model.framer, name)!r}), which needs to know when "
                    "each row was. Pass time=."
                )
        joined = self._buffer.join(rows, None if ahead is None else self._read_ahead(rows, ahead))
        predictions = self._model.predict(joined)
        self._buffer.keep(joined)
        return predictions if len(predictions) == 1 else predictions[np.argsort(joined.order)]

    def _read_ahead(self, rows, ahead):
        """Rows that follow each of the new ones, with what is known of them."""
        if self._model.known_ahead is None:
            raise ValueError(
                f"{WHO} got ahead, but serves a model that joins nothing of the next rows. Leave ahead out, or fit "
                "with LagFramer(future=...)."
            )
        given = [self._model.known_ahead.read(known) for known in ahead]
        follows = np.repeat(np.arange(len(given)), [len(known) for known in given])
        values = self._model.known_ahead.rows(rows.values[follows], np.concatenate(given))
        times = None
        if rows.times is not None:
            labels = None if rows.labels is None else pd.Index(rows.labels, tupleize_cols=False)[follows]
            step = np.concatenate([np.arange(len(known)) for known in given]) + 1
            times = self._model.framer.times_ahead(rows.times[follows], step, labels)
        return Rows(values, follows, times)
