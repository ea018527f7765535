"""Parameters: a mistyped one is an error wherever it is passed, and the order in which they are set does not matter."""

from inspect import Parameter, signature

import public_names
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from refusal import refused
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import Options, generate_valid_param, make_constraint

from sklstm import (
    CNNLSTM,
    KerasRegressor,
    LagFramer,
    LagRegressor,
    LSTMClassifier,
    LSTMRegressor,
    Persistence,
    SeriesScaler,
    TrainingPlan,
)
from sklstm.model_selection import TimeTail


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"metod": "minmax"},
            snapshot(
                "SeriesScaler has no parameter 'metod'. Did you mean 'method'? Its parameters are: coefficients, feature_range, group, method, out_of_range, pooled, time, unseen_groups."
            ),
        ),
        (
            {"colour": 1},
            snapshot(
                "SeriesScaler has no parameter 'colour'. Its parameters are: coefficients, feature_range, group, method, out_of_range, pooled, time, unseen_groups."
            ),
        ),
    ],
    ids=["near a name", "near none"],
)
def test_in_init(params, message):
    """__init__ refuses an unknown name with a TypeError, as Python does, and offers the nearest name."""
    assert refused(SeriesScaler, **params, error=TypeError) == message


def test_in_set_params():
    """set_params refuses an unknown name with a ValueError, as scikit-learn does, and changes nothing."""
    scaler = SeriesScaler()
    assert refused(scaler.set_params, method="robust", feature_rnage=(0, 2)) == snapshot(
        "SeriesScaler has no parameter 'feature_rnage'. Did you mean 'feature_range'? Its parameters are: coefficients, feature_range, group, method, out_of_range, pooled, time, unseen_groups."
    )
    assert scaler.method == "minmax"


def test_known_names_pass():
    """Known names are set, and set_params returns the estimator."""
    framer = LagFramer(n_steps=3)
    assert framer.set_params(n_steps=4, flatten=True) is framer
    assert framer.set_params() is framer
    expected = {"n_steps": 4, "flatten": True, "context": "auto", "max_gap": None}
    assert clone(framer).get_params() | expected == clone(framer).get_params()


def test_nested():
    """The name before the double underscore is checked here, the rest by the part that it names."""
    outer = LagRegressor(SeriesScaler())
    assert outer.set_params(regressor__method="robust").regressor.method == "robust"
    assert refused(outer.set_params, regresor__method="robust") == snapshot(
        "LagRegressor has no parameter 'regresor'. Did you mean 'regressor'? Its parameters are: regressor."
    )
    with pytest.raises(ValueError, match=r"^SeriesScaler has no parameter 'metod'"):
        outer.set_params(regressor__metod="robust")


def test_in_a_pipeline():
    """A stock Pipeline passes the suggestion on."""
    pipe = Pipeline([("scale", SeriesScaler()), ("frame", LagFramer(2))])
    with pytest.raises(ValueError, match=r"^LagFramer has no parameter 'nsteps'\. Did you mean 'n_steps'\?"):
        pipe.set_params(frame__nsteps=3)


def test_in_a_grid_search():
    """A stock GridSearchCV passes the suggestion on."""
    search = GridSearchCV(SeriesScaler(), {"methd": ["minmax"]}, scoring=lambda *_: 0.0, cv=2)
    with pytest.raises(ValueError, match=r"^SeriesScaler has no parameter 'methd'\. Did you mean 'method'\?"):
        search.fit([[1.0], [2.0], [3.0]])


def test_missing_and_positional():
    """What Python itself checks stays as it is."""
    assert LagFramer(5).n_steps == 5
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'n_steps'"):
        LagFramer()


def test_signature():
    """The signature that help and editors show has the parameters of __init__."""
    assert str(signature(LagRegressor)) == "(regressor=None)"
    assert str(signature(Persistence)) == "(target_feature='auto')"
    assert str(signature(KerasRegressor)).endswith(", random_state=None, **routed)")


# --- any order ------------------------------------------------------------------------------------

ESTIMATORS = {name: thing for name, thing in public_names.objects().items() if hasattr(thing, "set_params")}


# Values that are equal to their copies.
PLAIN = (type(None), bool, int, float, str, list, tuple, dict)


def valid_values(estimator):
    """Valid values of each parameter that has constraints; those that compare by value."""
    return {
        name: values
        for name, constraints in estimator._parameter_constraints.items()
        if (values := [value for constraint in constraints for value in _satisfying(constraint)])
    }


def _satisfying(constraint):
    if constraint is type:
        return []
    constraint = make_constraint(constraint)
    # generate_valid_param takes the first of a set, which differs from process to process.
    values = constraint.options if isinstance(constraint, Options) else [generate_valid_param(constraint)]
    return sorted((value for value in values if isinstance(value, PLAIN)), key=str)


@pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)
@given(data=st.data())
def test_any_order(estimator, data):
    """Parameters set one by one in any order, all at once or in __init__ are the same, and a clone has them."""
    values = valid_values(estimator)
    optional = {name: st.sampled_from(choices) for name, choices in values.items()}
    params = data.draw(st.fixed_dictionaries({}, optional=optional))
    parameters = signature(estimator).parameters.values()
    required = {
        each.name: values[each.name][0]
        for each in parameters
        if each.default is Parameter.empty and each.kind is not Parameter.VAR_KEYWORD
    }
    one_by_one = estimator(**required)
    expected = one_by_one.get_params() | params
    for name in data.draw(st.permutations([*params])):
        one_by_one.set_params(**{name: params[name]})
    at_once, in_init = estimator(**required).set_params(**params), estimator(**required | params)
    for each in (one_by_one, at_once, in_init, clone(one_by_one)):
        assert each.get_params() == expected


HELD = {"architecture": CNNLSTM, "training": TrainingPlan, "validation": TimeTail}


@pytest.mark.parametrize("estimator", [LSTMRegressor, LSTMClassifier])
@given(data=st.data())
def test_any_order_of_nested_parameters(estimator, data):
    """Options of what an estimator holds are set one by one in any order, all at once or where it is made."""
    choices = {
        f"{name}__{option}": st.sampled_from(values)
        for name, kind in HELD.items()
        for option, values in valid_values(kind).items()
    }
    params = data.draw(st.fixed_dictionaries({}, optional=choices))
    one_by_one, at_once = (estimator(**{name: kind() for name, kind in HELD.items()}) for _ in range(2))
    for name in data.draw(st.permutations([*params])):
        one_by_one.set_params(**{name: params[name]})
    options = {
        name: {key.partition("__")[2]: value for key, value in params.items() if key.startswith(f"{name}__")}
        for name in HELD
    }
    made = estimator(**{name: kind(**options[name]) for name, kind in HELD.items()})
    for each in (one_by_one, at_once.set_params(**params), clone(one_by_one)):
        found = each.get_params()
        assert found.items() >= params.items()
        assert {name: repr(found[name]) for name in HELD} == {name: repr(getattr(made, name)) for name in HELD}
    copy = clone(made)
    assert not any(getattr(copy, name) is getattr(made, name) for name in HELD)
