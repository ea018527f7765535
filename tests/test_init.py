"""The package: what its names are, and that asking for them costs no Keras."""

import subprocess
import sys

import pytest

import sklstm
import sklstm.preprocessing

FRESH = """
import sys

import sklstm
import sklstm.preprocessing

assert dir(sklstm) and sklstm.SeriesScaler and sklstm.Windows
from sklearn.pipeline import make_pipeline
pipe = make_pipeline(
    sklstm.SeriesScaler(), sklstm.LagFramer(2), sklstm.SequencePadder(), sklstm.To3D()
)
assert pipe.fit_transform([[1.0], [2.0], [3.0]]).shape == (3, 2, 1)
print(sorted({"keras", "tensorflow", "torch", "jax"} & set(sys.modules)))
"""


def test_import_is_cheap():
    """Importing sklstm, and running every transformer, loads neither Keras nor TensorFlow."""
    done = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_names():
    """dir() lists each public name once."""
    names = dir(sklstm)
    assert sorted(set(names)) == names
    assert set(sklstm.__all__) <= set(names)


@pytest.mark.parametrize("name", sklstm.__all__)
def test_each_name_resolves(name):
    """Each public name is there, under the name that it has itself."""
    assert getattr(sklstm, name).__name__ == name


@pytest.mark.parametrize("name", sklstm.preprocessing.__all__)
def test_each_transformer_resolves(name):
    """Each name of sklstm.preprocessing is there."""
    assert getattr(sklstm.preprocessing, name).__name__ == name


def test_unknown_name():
    """An unknown name is an AttributeError, so that hasattr and from-imports work."""
    with pytest.raises(AttributeError, match=r"^module 'sklstm' has no attribute 'LSTMRegresor'$"):
        sklstm.LSTMRegresor  # noqa: B018 - to ask is the test
    assert not hasattr(sklstm, "nothing")
