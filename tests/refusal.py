"""Helpers that compare the whole message of an error."""

import re
from contextlib import contextmanager

import pytest


def refused(call, *args, error=ValueError, **params):
    """Return the message of the error that a call raises."""
    with pytest.raises(error) as caught:
        call(*args, **params)
    return str(caught.value)


def missing_method(estimator, name):
    """Return why an estimator has no method of this name: the message of the cause of its AttributeError."""
    assert not hasattr(estimator, name)
    with pytest.raises(
        AttributeError, match=f"^This '{type(estimator).__name__}' has no attribute '{name}'$"
    ) as caught:
        getattr(estimator, name)
    return str(caught.value.__cause__)


@contextmanager
def refusing(message, error=ValueError):
    """Check that the block raises an error with exactly this message."""
    with pytest.raises(error) as caught:
        yield
    assert str(caught.value) == message


def with_sorted_choices(message):
    """Sort the choices of a message of scikit-learn, ``a str among {'b', 'a'}``: a set has no order of its own."""
    return re.sub(r"\{(.*)\}", lambda braces: "{" + ", ".join(sorted(braces[1].split(", "))) + "}", message)
