"""A mistyped parameter is an error, wherever it is typed."""

from inspect import signature

import pytest
from inline_snapshot import snapshot
from refusal import refused
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from sklstm import KerasRegressor, LagFramer, Persistence, SeriesScaler
from sklstm._parameters import StrictParameters, suggest

SCALER = "Its parameters are: coefficients, feature_range, group, method, out_of_range, time, unseen_groups."


class Outer(StrictParameters, BaseEstimator):
    """An estimator with a part of its own."""

    def __init__(self, inner=None):
        self.inner = inner


def test_suggestion():
    """The nearest known name is offered, and nothing where none is near."""
    assert suggest("n_step", ["n_steps", "context"]) == " Did you mean 'n_steps'?"
    assert suggest("colour", ["n_steps", "context"]) == ""


def test_in_init():
    """__init__ refuses an unknown name with a TypeError, as Python does."""
    assert refused(SeriesScaler, metod="minmax", error=TypeError) == (
        f"SeriesScaler has no parameter 'metod'. Did you mean 'method'? {SCALER}"
    )
    assert refused(SeriesScaler, colour=1, error=TypeError) == f"SeriesScaler has no parameter 'colour'. {SCALER}"


def test_in_set_params():
    """set_params refuses an unknown name with a ValueError, as scikit-learn does, and changes nothing."""
    scaler = SeriesScaler()
    message = refused(scaler.set_params, method="robust", feature_rnage=(0, 2))
    assert message == f"SeriesScaler has no parameter 'feature_rnage'. Did you mean 'feature_range'? {SCALER}"
    assert scaler.method == "minmax"


def test_known_names_pass():
    """Known names are set, and set_params returns the estimator."""
    framer = LagFramer(n_steps=3)
    assert framer.set_params(n_steps=4, flatten=True) is framer
    assert framer.set_params() is framer
    expected = {"n_steps": 4, "flatten": True, "context": "auto", "max_gap": None}
    assert clone(framer).get_params() | expected == clone(framer).get_params()


def test_nested():
    """The name before the double underscore is checked here, the rest by the part it belongs to."""
    outer = Outer(SeriesScaler())
    assert outer.set_params(inner__method="robust").inner.method == "robust"
    assert refused(outer.set_params, iner__method="robust") == snapshot(
        "Outer has no parameter 'iner'. Did you mean 'inner'? Its parameters are: inner."
    )
    assert refused(outer.set_params, inner__metod="robust") == (
        f"SeriesScaler has no parameter 'metod'. Did you mean 'method'? {SCALER}"
    )


def test_in_a_pipeline():
    """A stock Pipeline passes the suggestion on."""
    pipe = Pipeline([("scale", SeriesScaler()), ("frame", LagFramer(2))])
    assert refused(pipe.set_params, frame__nsteps=3) == snapshot(
        "LagFramer has no parameter 'nsteps'. Did you mean 'n_steps'? "
        "Its parameters are: context, elapsed, flatten, freq, future, group, horizon, max_gap, n_steps, static, time."
    )


def test_in_a_grid_search():
    """A stock GridSearchCV passes the suggestion on."""
    search = GridSearchCV(SeriesScaler(), {"methd": ["minmax"]}, scoring=lambda *_: 0.0, cv=2)
    assert refused(search.fit, [[1.0], [2.0], [3.0]]) == (
        f"SeriesScaler has no parameter 'methd'. Did you mean 'method'? {SCALER}"
    )


def test_missing_and_positional():
    """What Python itself checks stays as it is."""
    assert LagFramer(5).n_steps == 5
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'n_steps'"):
        LagFramer()


def test_signature():
    """What help and editors show is what __init__ takes."""
    assert str(signature(Outer)) == "(inner=None)"
    assert str(signature(Persistence)) == "()"
    assert str(signature(KerasRegressor)).endswith(", random_state=None, **routed)")
