"""What tests ask of bad input: that it is refused, and in which words."""

from contextlib import contextmanager

import pytest


def refused(call, *args, error=ValueError, **params):
    """The whole message of the error that a call raises; the test compares it."""
    with pytest.raises(error) as caught:
        call(*args, **params)
    return str(caught.value)


@contextmanager
def refusing(message, error=ValueError):
    """What is done within is refused in exactly these words."""
    with pytest.raises(error) as caught:
        yield
    assert str(caught.value) == message
