"""Public names of the package."""

import pytest

import sklstm
import sklstm.preprocessing


def test_names():
    """dir() lists each public name once."""
    names = dir(sklstm)
    assert sorted(set(names)) == names
    assert set(sklstm.__all__) <= set(names)


@pytest.mark.parametrize("name", sklstm.__all__)
def test_each_name_resolves(name):
    """Each public name is an attribute with that name."""
    assert getattr(sklstm, name).__name__ == name


@pytest.mark.parametrize("name", sklstm.preprocessing.__all__)
def test_each_transformer_resolves(name):
    """Each name of sklstm.preprocessing is an attribute with that name."""
    assert getattr(sklstm.preprocessing, name).__name__ == name


def test_unknown_name():
    """An unknown name raises an AttributeError."""
    with pytest.raises(AttributeError, match=r"^module 'sklstm' has no attribute 'LSTMRegresor'$"):
        sklstm.LSTMRegresor  # noqa: B018 - to ask is the test
    assert not hasattr(sklstm, "nothing")
