"""Lowest values of series: intervals of values that were never negative do not reach below zero."""

import numpy as np


class SeriesMinima:
    """Lowest observed value of each series.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        Values in the order of the table; NaN is not observed.
    index : SeriesIndex
        Rows of the series.

    Attributes
    ----------
    labels : pd.Index of shape (n_series,), or None
        Names of the series; None for a single one without a name.
    values : ndarray of shape (n_series,)
        Lowest value of each series; NaN if none was observed.
    """

    def __init__(self, values, index):
        self.labels = index.labels
        self.values = np.fmin.reduceat(values[index.order], index.bounds[:-1])

    def update(self, values, index):
        """Minima that include the values of new rows, of known and of new series.

        Parameters
        ----------
        values, index
            As in the constructor.

        Returns
        -------
        minima : SeriesMinima
            This object is not changed.
        """
        new = SeriesMinima(values, index)
        if self.labels is None:
            new.values = np.fmin(new.values, self.values)
            return new
        labels = self.labels.append(new.labels[index.find(self.labels) < 0])
        merged = np.full(len(labels), np.nan)
        merged[: len(self.values)] = self.values
        places = labels.get_indexer(new.labels)
        merged[places] = np.fmin(merged[places], new.values)
        new.labels, new.values = labels, merged
        return new

    def find_floors(self, index):
        """Lower limit of the values of each series.

        Parameters
        ----------
        index : SeriesIndex
            Rows of the series.

        Returns
        -------
        floors : ndarray of shape (n_series,)
            0 for a series whose values were never negative, otherwise minus infinity. A series without a known value
            has the limit of all series together.
        """
        lowest = np.append(self.values, np.fmin.reduce(self.values))
        own = lowest[index.find(self.labels)]  # -1, the last one, for a series that is not known
        return np.where(np.where(np.isnan(own), lowest[-1], own) >= 0, 0.0, -np.inf)
