"""How the estimators are put together."""

import pytest

from sklstm import KerasClassifier, KerasRegressor, LSTMAutoencoder, LSTMClassifier, LSTMRegressor


@pytest.mark.parametrize("estimator", [LSTMRegressor, LSTMClassifier, LSTMAutoencoder, KerasRegressor, KerasClassifier])
def test_classes_above_an_estimator(estimator):
    """At most two classes of sklstm stand above a public estimator."""
    above = [cls for cls in estimator.__mro__[1:] if cls.__module__.startswith("sklstm.estimators")]
    assert len(above) <= 2


@pytest.mark.parametrize("estimator", [LSTMRegressor, LSTMClassifier, LSTMAutoencoder, KerasRegressor, KerasClassifier])
def test_methods_are_defined_once(estimator):
    """A method is overridden once at most, so that what runs is found in one step; fitted attributes add up."""
    ours = [cls for cls in estimator.__mro__ if cls.__module__.startswith("sklstm.estimators")]
    names = {name for cls in ours for name, value in vars(cls).items() if callable(value) and not name.startswith("__")}
    thrice = [name for name in sorted(names) if sum(name in vars(cls) for cls in ours) > 2]
    assert set(thrice) <= {"_conclude"}
