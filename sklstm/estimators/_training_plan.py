"""TrainingPlan: which samples an epoch goes through, in which order, and how far gradients reach."""

from numbers import Integral

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions

from sklstm._parameters import StrictParameters
from sklstm._series import every_nth


class TrainingPlan(StrictParameters, BaseEstimator):
    """How training goes through the samples: `training` of the LSTM estimators.

    Options are tuned as ``training__stride``.

    Parameters
    ----------
    stride : int, default=1
        Train on every `stride`-th sample only, counted back from the last one of each series, those to watch
        included: of windows that overlap, the next one tells little that is new. predict answers for every sample.
    min_steps : int or "auto", default="auto"
        Samples with fewer observed time steps are left out. "auto" is 1; where `LSTMRegressor` learns relative to the
        target's own past it is 90 % of the usual number, unless fewer than a quarter of the samples have that many.
    shuffle : bool, default=True
        Whether to mix the samples before each epoch. Where their lengths differ much, those of like length come
        together.
    tbptt : tuple (k1, k2), optional
        Truncated backpropagation through time: an update every k1 time steps, whose gradient reaches back over k2.
        A network with one output for a sample has a loss at the end only: one update, back over k2. Memory is
        bounded by k2.

    See Also
    --------
    LSTMRegressor, LSTMClassifier, LSTMAutoencoder : Take it as `training`.

    References
    ----------
    Sutskever, 2013, "Training Recurrent Neural Networks", PhD thesis, University of Toronto, and Williams and Peng,
    1990, "An Efficient Gradient-Based Algorithm for On-Line Training of Recurrent Network Trajectories", Neural
    Computation 2(4) (`tbptt`).

    Examples
    --------
    >>> from sklstm import LSTMRegressor, TrainingPlan
    >>> LSTMRegressor(training=TrainingPlan(stride=4)).set_params(training__min_steps=12)
    LSTMRegressor(training=TrainingPlan(min_steps=12, stride=4))
    """

    _parameter_constraints = {
        "stride": [Interval(Integral, 1, None, closed="left")],
        "min_steps": [Interval(Integral, 0, None, closed="left"), StrOptions({"auto"})],
        "shuffle": ["boolean"],
        "tbptt": [tuple, list, None],
    }

    def __init__(self, *, stride=1, min_steps="auto", shuffle=True, tbptt=None):
        self.stride = stride
        self.min_steps = min_steps
        self.shuffle = shuffle
        self.tbptt = tbptt

    @property
    def least_steps(self):
        """Observed time steps that any sample must have."""
        return 1 if self.min_steps == "auto" else self.min_steps

    def kept(self, who, samples):
        """Positions of the samples to learn from: each of the stride, if it has enough observed time steps.

        Parameters
        ----------
        who : str
            The estimator, for messages.
        samples : Samples
            All samples.

        Returns
        -------
        kept : ndarray of int of shape (n_kept,)
            Ascending.

        Raises
        ------
        ValueError
            If no sample has `min_steps` observed time steps.
        """
        kept = every_nth(len(samples), self.stride, samples.windows.groups)
        if self.least_steps == 0:
            return kept
        kept = kept[samples.n_observed()[kept] >= self.least_steps]
        if len(kept) == 0:
            raise ValueError(
                f"{who}(training=TrainingPlan(min_steps={self.min_steps})) leaves nothing to train on: no sample of X, "
                f"of shape {samples.shape}, has so many observed time steps. Lower min_steps, or pass longer sequences."
            )
        return kept
