"""Types and functions that a file may name.

skops trusts numbers, text, containers, arrays, and the estimators of scikit-learn. To these come the classes that are
defined in the packages of sklstm which have fitted state, and some of scikit-learn, NumPy and Python that occur beside
them. A function is only ever named: metrics of scikit-learn's and sklstm's, and networks of sklstm's, are known.
"""

import re
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec

from sklearn.base import BaseEstimator

# Packages and modules of sklstm whose classes hold fitted state, or parameters.
OWN = (
    *("sklstm.preprocessing", "sklstm.model_selection", "sklstm.estimators", "sklstm.forecasting", "sklstm.online"),
    *("sklstm.training", "sklstm._series", "sklstm._windows", "sklstm._own_past", "sklstm.persistence._stand_ins"),
    *("sklstm.persistence._pandas_objects", "sklstm._onnx_network"),
)
_SPLITTERS = (
    *("KFold", "StratifiedKFold", "GroupKFold", "StratifiedGroupKFold", "TimeSeriesSplit", "LeaveOneOut", "LeavePOut"),
    *("LeaveOneGroupOut", "LeavePGroupsOut", "PredefinedSplit", "ShuffleSplit", "StratifiedShuffleSplit"),
    *("GroupShuffleSplit", "RepeatedKFold", "RepeatedStratifiedKFold", "_CVIterableWrapper"),
)
_KERNELS = (
    *("ConstantKernel", "WhiteKernel", "RBF", "Matern", "RationalQuadratic", "ExpSineSquared", "DotProduct"),
    *("Sum", "Product", "Exponentiation", "CompoundKernel"),
)
# Classes beside estimators that only hold what they are given.
OTHERS = frozenset(
    {
        *(f"sklearn.model_selection._split.{name}" for name in _SPLITTERS),
        *(f"sklearn.metrics._scorer.{name}" for name in ("_Scorer", "_PassthroughScorer", "_MultimetricScorer")),
        *(f"sklearn.utils._metadata_requests.{name}" for name in ("MetadataRequest", "MethodMetadataRequest")),
        *(f"sklearn.gaussian_process.kernels.{name}" for name in _KERNELS),
        *(f"sklearn.neural_network._stochastic_optimizers.{name}" for name in ("AdamOptimizer", "SGDOptimizer")),
        *("sklearn.compose._column_transformer.make_column_selector", "sklearn.impute._iterative._ImputerTriplet"),
        *("builtins.range", "numpy.dtype", "datetime.date", "datetime.datetime", "datetime.time", "datetime.timedelta"),
    }
)
# Public modules whose functions, and classes of Keras, a file may name.
NAMED = (
    *("sklearn.metrics", "sklearn.feature_selection", "sklstm.networks"),
    *("keras.optimizers", "keras.optimizers.schedules", "keras.losses", "keras.metrics", "keras.activations"),
    *("keras.initializers", "keras.regularizers", "keras.constraints", "keras.dtype_policies"),
)
CALLBACKS = frozenset(
    f"keras.callbacks.{name}" for name in ("EarlyStopping", "ReduceLROnPlateau", "TerminateOnNaN", "History")
)
METRICS = frozenset(
    f"sklstm.forecasting._metrics.{name}"
    for name in ("coverage_score", "interval_score", "mean_absolute_scaled_error", "pinball_loss")
)
# Modules of scikit-learn that define its estimators.
SKLEARN = re.compile(r"sklearn(?!\.(experimental|externals|datasets|conftest))(\.[a-z0-9_]+)+")
_READERS = ("get", "serialize", "deserialize", "get_scorer")


@lru_cache(4096)
def is_trusted_type(name):
    """Whether a full name is that of a class that sklstm trusts beside those that skops does."""
    return name in OTHERS or is_own_class(name)


@lru_cache(4096)
def is_estimator(name):
    """Whether a full name is that of an estimator of scikit-learn, all of which skops trusts.

    >>> is_estimator("sklearn.linear_model._ridge.Ridge"), is_estimator("sklearn.utils._bunch.Bunch")
    (True, False)
    """
    module, _, kind = name.rpartition(".")
    if not SKLEARN.fullmatch(module) or ".tests" in module or not _exists(module):
        return False
    found = _class_of(module, kind)
    return found is not None and issubclass(found, BaseEstimator)


def is_class(name):
    """Whether a full name, which the user trusts, is that of a class.

    >>> is_class("sklearn.tree._tree.Tree"), is_class("os.system")
    (True, False)
    """
    module, _, kind = name.rpartition(".")
    return _exists(module) and isinstance(getattr(import_module(module), kind, None), type)


def is_own_class(name):
    """Whether a full name is that of a class that is defined in a package of sklstm with fitted state.

    >>> is_own_class("sklstm.preprocessing._lag_framer.LagFramer")
    True
    >>> is_own_class("sklstm.preprocessing._lag_framer.timedelta"), is_own_class("sklstm.cli._threads.os")
    (False, False)
    """
    module, _, kind = name.rpartition(".")
    if not any(module == own or module.startswith(f"{own}.") for own in OWN) or not _exists(module):
        return False
    return _class_of(module, kind) is not None


def _class_of(module, kind):
    """The class of this name that a module defines; None if it has none, or has it from elsewhere."""
    found = getattr(import_module(module), kind, None)
    is_class = isinstance(found, type) and (found.__module__, found.__qualname__) == (module, kind)
    return found if is_class else None


def _exists(module):
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def is_trusted_name(name, trusted=frozenset()):
    """Whether a function or class may be named: one that the user trusts, or a public one of known modules.

    >>> is_trusted_name("sklearn.metrics.mean_squared_error"), is_trusted_name("os.system")
    (True, False)
    """
    if name in trusted or name in CALLBACKS or name in METRICS:
        return True
    module, _, short = name.rpartition(".")
    return module in NAMED and short.isidentifier() and not short.startswith("_") and short not in _READERS


def refuse_untrusted_name(name, trusted=frozenset()):
    """Raise if a function or class may not be named."""
    if not isinstance(name, str) or not is_trusted_name(name, trusted):
        raise UntrustedError([str(name)])


class UntrustedError(ValueError):
    """Names of types and functions that a file holds and that are not trusted."""

    def __init__(self, names):
        super().__init__(names)
        self.names = names


def explain(names):
    """Return what is wrong with a file that holds these names, and how to trust them."""
    listed = ", ".join(f"{name!r}" for name in names)
    return (
        f"holds what is not trusted: {', '.join(names)}. Nothing of it was executed. If you trust whoever wrote the "
        f"file, pass their names: load(path, trusted=[{listed}])"
    )
