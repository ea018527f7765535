"""Architecture: which network, and the options that few users need."""

from functools import cache
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions

from sklstm._parameters import StrictParameters

NAMES = ("vanilla", "stacked", "bidirectional", "cnn_lstm", "lstm_fcn", "encoder_decoder", "many_to_many")
# Time steps that were not observed make no difference to these at the front of a sample.
OPEN_FRONT = ("vanilla", "stacked", "bidirectional", "lstm_fcn")
# Parameters of Architecture that CNNLSTM and LSTMFCN lack.
NOT_OF_CONVOLUTIONS = ("network", "patch_length")
# Options of CNNLSTM alone.
CNN_OPTIONS = ("filters", "kernel_size", "subsequence")
# Options of LSTMFCN alone, but for `filters`, which CNNLSTM has, too.
FCN_OPTIONS = ("filters", "kernel_sizes")


class Architecture(StrictParameters, BaseEstimator):
    """The network of LSTMRegressor and LSTMClassifier, with the options that few users need.

    ``architecture="stacked"`` is ``architecture=Architecture("stacked")``. Options are tuned as
    ``architecture__recurrent_dropout``.

    Parameters
    ----------
    network : {"vanilla", "stacked", "bidirectional", "cnn_lstm", "lstm_fcn", "encoder_decoder", "many_to_many"} or \
            callable, default="vanilla"
        The first five have outputs for a sample, the last two for each time step of y: "encoder_decoder" for as many
        as y has, "many_to_many" for each time step of X. A function that builds a keras.Model takes what it asks for
        by name, of ``meta`` (a dict: see `sklstm.networks`), ``units`` and ``dropout`` of the estimator, ``seed`` (an
        int that follows from its `random_state`), and the options below.
    recurrent_dropout : float, default=0.0
        Share of the LSTM's state that is dropped from time step to time step in training.
    patch_length : int, optional
        Consecutive time steps that the LSTM reads as one, counted from the end of each sample; one by one by default.
        With the hours of a day it reads a look-back of two weeks in 14 steps. Not for "cnn_lstm", which has
        `subsequence`, nor for "many_to_many".
    pooling : {"auto", "last", "mean"}, default="auto"
        Whether the outputs of "vanilla", "stacked", "bidirectional" and "cnn_lstm" read the last state alone ("last"),
        or beside it the mean of the states of all observed time steps ("mean"), which reaches the early time steps of
        long samples. "auto" is "mean" for a classifier of samples of at least 32 time steps that carries no state,
        and "last" otherwise.
    output_activation : str, optional
        Of the last layer; by default what y asks for: linear, sigmoid or softmax.
    embedding_dim : int, optional
        How many numbers stand for a code, where X holds codes of categories (words, events), as SequenceEncoder makes
        them: whole numbers from 0 on. The network learns them, for each feature by itself.
    embedding_features : sequence of int, optional
        Positions of the features that hold codes; by default all that are neither static nor known ahead.

    See Also
    --------
    CNNLSTM : The options of "cnn_lstm".
    LSTMFCN : The options of "lstm_fcn".

    Examples
    --------
    >>> from sklstm import Architecture, LSTMRegressor
    >>> LSTMRegressor(architecture=Architecture("stacked", recurrent_dropout=0.2), units=(16, 8))
    LSTMRegressor(architecture=Architecture(network='stacked',
                                            recurrent_dropout=0.2),
                  units=(16, 8))
    """

    _elsewhere = {
        **{name: f"LSTMFCN({name}=...)" for name in FCN_OPTIONS},
        **{name: f"CNNLSTM({name}=...)" for name in CNN_OPTIONS},
    }
    _parameter_constraints = {
        "network": [StrOptions(set(NAMES)), callable],
        "recurrent_dropout": [Interval(Real, 0, 1, closed="left")],
        "patch_length": [Interval(Integral, 1, None, closed="left"), None],
        "pooling": [StrOptions({"auto", "last", "mean"})],
        "output_activation": [str, None],
        "embedding_dim": [Interval(Integral, 1, None, closed="left"), None],
        "embedding_features": [list, tuple, np.ndarray, None],
    }

    def __init__(
        self,
        network="vanilla",
        *,
        recurrent_dropout=0.0,
        patch_length=None,
        pooling="auto",
        output_activation=None,
        embedding_dim=None,
        embedding_features=None,
    ):
        self.network = network
        self.recurrent_dropout = recurrent_dropout
        self.patch_length = patch_length
        self.pooling = pooling
        self.output_activation = output_activation
        self.embedding_dim = embedding_dim
        self.embedding_features = embedding_features

    @classmethod
    def of(cls, given):
        """An Architecture as it is, or that of a name or a function.

        Parameters
        ----------
        given : str, callable or Architecture
            As `architecture` of the estimators.

        Returns
        -------
        architecture : Architecture
            All that give a name share one, which nobody changes.
        """
        if isinstance(given, Architecture):
            return given
        return _named(given) if isinstance(given, str) else cls(given)

    @property
    def is_custom(self):
        """Whether a function of the user's builds the network."""
        return callable(self.network)

    @property
    def may_answer_each_step(self):
        """Whether the network may have an output for each time step of X."""
        return self.is_custom or self.network == "many_to_many"

    @property
    def answers_steps(self):
        """Whether the network, one of sklstm's, has outputs for each of several time steps."""
        return self.network in ("encoder_decoder", "many_to_many")

    @property
    def takes_frames(self):
        """Whether samples may have more axes than time steps and features."""
        return self.is_custom or self.network == "cnn_lstm"

    @property
    def has_open_front(self):
        """Whether time steps that were not observed make no difference at the front of a sample."""
        return self.network in OPEN_FRONT

    def options(self):
        """What the builder of the network may ask for, by name.

        Returns
        -------
        options : dict of str to object
            All parameters but `network`.
        """
        return {name: value for name, value in self.get_params(deep=False).items() if name != "network"}


@cache
def _named(name):
    """The Architecture of a name; all that use it share one, which nobody changes. predict has no time to make it."""
    return Architecture(name)


class CNNLSTM(Architecture):
    """A convolution over pieces of each sample, or over frames, then an LSTM: "cnn_lstm" with its own options.

    Parameters
    ----------
    filters, kernel_size : int, default=32 and 3
        Of the convolution.
    subsequence : int, optional
        Time steps in each piece that a sample is cut into; by default about the square root of all.
    recurrent_dropout, pooling, output_activation, embedding_dim, embedding_features
        As for `Architecture`.

    See Also
    --------
    sklstm.networks.cnn_lstm : The network.

    Examples
    --------
    >>> from sklstm import CNNLSTM, LSTMRegressor
    >>> LSTMRegressor(architecture=CNNLSTM(filters=16)).set_params(architecture__kernel_size=5)
    LSTMRegressor(architecture=CNNLSTM(filters=16, kernel_size=5))
    """

    network = "cnn_lstm"

    _parameter_constraints = {
        "filters": [Interval(Integral, 1, None, closed="left")],
        "kernel_size": [Interval(Integral, 1, None, closed="left")],
        "subsequence": [Interval(Integral, 1, None, closed="left"), None],
    } | {name: valid for name, valid in Architecture._parameter_constraints.items() if name not in NOT_OF_CONVOLUTIONS}

    def __init__(
        self,
        *,
        filters=32,
        kernel_size=3,
        subsequence=None,
        recurrent_dropout=0.0,
        pooling="auto",
        output_activation=None,
        embedding_dim=None,
        embedding_features=None,
    ):
        self.filters = filters
        self.kernel_size = kernel_size
        self.subsequence = subsequence
        self.recurrent_dropout = recurrent_dropout
        self.pooling = pooling
        self.output_activation = output_activation
        self.embedding_dim = embedding_dim
        self.embedding_features = embedding_features


class LSTMFCN(Architecture):
    """An LSTM beside convolutions with batch normalisation: "lstm_fcn" with its own options.

    Parameters
    ----------
    filters : sequence of int, default=(128, 256, 128)
        Number of filters of each convolution, from the lowest.
    kernel_sizes : sequence of int, default=(8, 5, 3)
        Number of time steps that each convolution covers, one for each of `filters`.
    recurrent_dropout, output_activation, embedding_dim, embedding_features
        As for `Architecture`.

    See Also
    --------
    sklstm.networks.lstm_fcn : The network.

    Examples
    --------
    >>> from sklstm import LSTMClassifier, LSTMFCN
    >>> LSTMClassifier(8, architecture=LSTMFCN(filters=(16, 32, 16)))
    LSTMClassifier(architecture=LSTMFCN(filters=(16, 32, 16)), units=8)
    """

    network = "lstm_fcn"
    # The convolutions have an average of their own.
    pooling = "last"

    _parameter_constraints = {
        "filters": [list, tuple, np.ndarray],
        "kernel_sizes": [list, tuple, np.ndarray],
    } | {
        name: valid
        for name, valid in Architecture._parameter_constraints.items()
        if name not in (*NOT_OF_CONVOLUTIONS, "pooling")
    }

    def __init__(
        self,
        *,
        filters=(128, 256, 128),
        kernel_sizes=(8, 5, 3),
        recurrent_dropout=0.0,
        output_activation=None,
        embedding_dim=None,
        embedding_features=None,
    ):
        self.filters = filters
        self.kernel_sizes = kernel_sizes
        self.recurrent_dropout = recurrent_dropout
        self.output_activation = output_activation
        self.embedding_dim = embedding_dim
        self.embedding_features = embedding_features
