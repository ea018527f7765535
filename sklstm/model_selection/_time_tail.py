"""TimeTail: the samples at the end, to watch while training."""

from numbers import Integral, Real

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval

from sklstm._parameters import StrictParameters


class TimeTail(StrictParameters, BaseEstimator):
    """Watch the samples at the end instead of training on them: `validation` of the LSTM estimators.

    ``validation=0.2`` is ``validation=TimeTail(0.2)``. Options are tuned as ``validation__fraction``.

    Parameters
    ----------
    fraction : float, default=0.2
        Share of the samples. In panels, those of the last times of all series.
    gap : int, optional
        Samples before these that are left out of both; by default those that share time steps with them, of which
        recordings of their own have none. In panels, times before theirs.

    See Also
    --------
    LSTMRegressor, LSTMClassifier, LSTMAutoencoder : Take it as `validation`.
    PanelTimeSeriesSplit : Folds of a panel in time, for a search.

    Examples
    --------
    >>> from sklstm import LSTMRegressor
    >>> from sklstm.model_selection import TimeTail
    >>> model = LSTMRegressor(validation=TimeTail(0.2, gap=12), patience=5)
    """

    _parameter_constraints = {
        "fraction": [Interval(Real, 0, 1, closed="left")],
        "gap": [Interval(Integral, 0, None, closed="left"), None],
    }

    def __init__(self, fraction=0.2, *, gap=None):
        self.fraction = fraction
        self.gap = gap
