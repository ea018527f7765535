"""What is known of the rows that follow one: how it is read, and what windows show of it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sklstm._parameters import suggest
from sklstm.online._rows import WHO, TransformedRow


class KnownAhead:
    """Features whose next values are known, as LagFramer(future=...) joins them.

    Parameters
    ----------
    framer : LagFramer
        Fitted, with such features.
    reader : RowReader
        Reads rows.
    steps : list
        What each row goes through before the framer.
    n_repeated : int, default=0
        How many forecasts are made of forecasts.
    """

    def __init__(self, framer, reader, steps, n_repeated=0):
        self.reader, self.steps, self.n_repeated = reader, steps, n_repeated
        self.features, self.horizon = framer.known_ahead_, framer.horizon
        # Forecasts of forecasts look ahead from the rows that they go on to.
        self.n_rows = framer.horizon + n_repeated
        self.who = f"{WHO} serves LagFramer(future={framer.future!r}, horizon={framer.horizon}), and"
        names = getattr(framer, "feature_names_in_", None)
        self.names = None if names is None else [str(names[k]) for k in self.features]
        self.columns = self._columns()

    def _columns(self):
        """Where in a row that comes in the features stand."""
        if not any(isinstance(step, TransformedRow) for step in self.steps):
            return list(self.features)
        known = self.reader.names or ()
        lost = [name for name in self.names or ("what is known ahead",) if name not in known]
        if lost:
            raise ValueError(
                f"{self.who} cannot tell which feature of a row becomes {lost[0]!r}. Keep its name through the steps "
                "before, or predict with a table that has the next rows: fitted.predict."
            )
        return [known.index(name) for name in self.names]

    # --- what is given ----------------------------------------------------------------------------

    def read(self, ahead):
        """What is given of the next rows, (n_given, n_features)."""
        given = self._as_rows(ahead)
        n_given, n_features = given.shape
        if n_features != len(self.features) or n_given > self.n_rows:
            self._refuse_shape(np.shape(ahead))
        missing = pd.isna(given).any(axis=0)
        if missing.any():
            k = int(np.argmax(missing))
            raise ValueError(
                f"{self.who} expects every value of ahead to be known, got NaN in "
                f"{f'column {k}' if self.names is None else repr(self.names[k])}. Pass fewer rows where less is known."
            )
        return given

    def _as_rows(self, ahead):
        if ahead is None:
            raise ValueError(
                f"{self.who} needs their values in the next {self.n_rows} rows. Pass ahead=: {self._forms()}; or [] "
                "where nothing is known, and the last value is repeated."
            )
        if isinstance(ahead, Mapping) or (isinstance(ahead, pd.Series) and len(self.features) > 1):
            ahead = [ahead]
        if isinstance(ahead, pd.DataFrame) and self.names is not None:
            ahead = ahead.to_dict("records") if len(ahead) else []
        if isinstance(ahead, (list, tuple)) and ahead and all(isinstance(row, (Mapping, pd.Series)) for row in ahead):
            ahead = [self._by_name(row) for row in ahead]
        rows = np.asarray(ahead)
        if rows.dtype.kind in "USO":
            # NumPy would make text of numbers beside text.
            rows = np.asarray(ahead, dtype=object)
        if rows.size == 0:
            return np.empty((0, len(self.features)))
        if rows.ndim == 2:
            return rows
        # A single axis is that of the rows of one feature, or that of the features of one row.
        one_axis = rows.reshape(-1, 1) if len(self.features) == 1 else rows.reshape(1, -1)
        if rows.ndim > 2 or (len(self.features) > 1 and self.n_rows > 1):
            self._refuse_shape(rows.shape)
        return one_axis

    def _by_name(self, row):
        for name in self.names or ():
            if name not in row:
                raise ValueError(
                    f"{self.who} got ahead without {name!r}.{suggest(name, map(str, row.keys()))} Pass a value for "
                    f"each of {', '.join(self.names)}."
                )
        if self.names is None:
            raise ValueError(
                f"{self.who} got ahead with names, but it was fitted on features without names. Pass an array of "
                f"shape {self._shape()}."
            )
        return [row[name] for name in self.names]

    def _shape(self):
        return f"({self.n_rows}, {len(self.features)})"

    def _forms(self):
        return f"a table with columns of these names, a dict for each row, or an array of shape {self._shape()}"

    def _refuse_shape(self, shape):
        raise ValueError(
            f"{self.who} expects ahead to hold {len(self.features)} values for each of the next {self.n_rows} rows, at "
            f"most, got shape {shape}. Pass {self._forms()}."
        )

    # --- what windows show of it ------------------------------------------------------------------

    def transformed(self, row, given, memories, label, time):
        """A row and what is given of the next ones as the framer takes them: an ndarray (1 + n_given, n_features).

        Parameters
        ----------
        row : ndarray
            After all steps.
        given : ndarray of shape (n_given, n_features)
            As they come in.
        memories : list
            What each step remembers after the row.
        label, time : object
            Of the row.
        """
        known = [row[self.features]]
        for values in given:
            ahead = np.full(self.reader.n_features, np.nan, dtype=object)
            ahead[self.columns] = values
            ahead, after = self.reader.as_numbers(ahead), []
            for step, memory in zip(self.steps, memories, strict=True):
                ahead, memory = step.apply(ahead, memory, label, time, 1)
                after.append(memory)
            memories = after
            known.append(ahead[self.features])
        return np.array(known)

    def joined(self, row, known, observed):
        """A row with what it shows of the next ones, and the time steps that forecasts go on to.

        Parameters
        ----------
        row : ndarray of shape (n_features_before,)
            After all steps.
        known : ndarray of shape (1 + n_given, n_features)
            From `transformed`.
        observed : bool
            Whether the row shows anything; else what is known of it is shown by the rows before it only.

        Returns
        -------
        row : ndarray of shape (n_all_features,)
        steps_ahead : ndarray of shape (n_repeated, n_all_features)
            Of them all is NaN but what they show of the rows after them.
        """
        row = row.copy()
        if not observed:
            row[self.features] = np.nan
        steps_ahead = np.full((self.n_repeated, len(row)), np.nan)
        leads = np.array([self._leads(known, since) for since in range(1 + self.n_repeated)])
        return np.append(row, leads[0]), np.concatenate([steps_ahead, leads[1:]], axis=1)

    def _leads(self, known, since):
        """What the row so many after the first shows of the next `horizon` ones; the last one known is repeated."""
        last = len(known) - 1
        return np.concatenate([known[min(since + lead, last)] for lead in range(1, self.horizon + 1)])
