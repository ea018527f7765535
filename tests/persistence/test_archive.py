"""Archives: how they are written, what is in them, and what is refused."""

import json
import os
import pickle
import re
import warnings
import zipfile
from importlib.metadata import version

import forged
import numpy as np
import pandas as pd
import pytest
from conftest import run_fresh
from fitted_objects import MONTHLY, TRUSTED, dense
from inline_snapshot import snapshot
from refusal import refused
from sizes import EPOCHS, UNITS
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import sklstm
from sklstm import KerasRegressor, LagFramer, LSTMRegressor, SeriesScaler
from sklstm.persistence import VersionWarning

X = np.random.default_rng(0).normal(size=(60, 6, 2)).astype(np.float32)
Y = X[:, -1, 0]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.sklstm"


@pytest.fixture
def saved(path):
    """Archive of a fitted transformer."""
    sklstm.save(SeriesScaler("minmax").fit(MONTHLY), path)
    return path


def message(path, **params):
    """The message of load, without the folder."""
    return refused(sklstm.load, path, **params).replace(f"{path.parent}{os.sep}", "")


# --- what is in a file ----------------------------------------------------------------------------


def test_manifest(saved):
    """A file says its format, the class of what it holds, and the versions that wrote it."""
    manifest = json.loads(forged.members(saved)["sklstm.json"])
    assert (manifest["format"], manifest["class"]) == (1, "sklstm.preprocessing._series_scaler.SeriesScaler")
    assert manifest["versions"]["sklstm"] == sklstm.__version__
    assert set(manifest["versions"]) == {"python", "sklstm", "scikit-learn", "numpy", "pandas", "keras", "skops"}


def test_plain_names(saved):
    """All members are arrays or text, and no array holds objects."""
    for name, content in forged.members(saved).items():
        assert re.fullmatch(r"[0-9]+\.npy|sklstm\.json|schema\.json", name)
        assert not name.endswith(".npy") or b"|O" not in content[:128]


@pytest.mark.slow
def test_keras_stays_out(path):
    """A network loads without Keras."""
    sklstm.save(LSTMRegressor(UNITS, epochs=EPOCHS, random_state=0).fit(X, Y), path)
    code = (
        f"import sys, sklstm; sklstm.load({str(path)!r}); print('keras' in sys.modules or 'tensorflow' in sys.modules)"
    )
    assert run_fresh(code) == "False\n"


def test_goes_on_learning(path):
    """partial_fit goes on from a file with the optimizer's state, as it does from the estimator itself."""
    fitted = LSTMRegressor(UNITS, epochs=EPOCHS, random_state=0).fit(X, Y)
    sklstm.save(fitted, path)
    loaded = sklstm.load(path).partial_fit(X, Y)
    np.testing.assert_array_equal(loaded.predict(X), fitted.partial_fit(X, Y).predict(X))


def test_changed_weights_are_saved(path):
    """What a user sets in model_ is in the file."""
    fitted = LSTMRegressor(UNITS, epochs=EPOCHS, random_state=0).fit(X, Y)
    fitted.model_.set_weights([weight + 1 for weight in fitted.model_.get_weights()])
    sklstm.save(fitted, path)
    np.testing.assert_array_equal(sklstm.load(path).predict(X), fitted.predict(X))


def test_shared_objects_stay_shared(path):
    """An object that is there twice is one after loading."""
    values = np.arange(3.0)
    sklstm.save({"a": values, "b": [values], "c": [{"d": values}]}, path)
    loaded = sklstm.load(path)
    assert loaded["a"] is loaded["b"][0] is loaded["c"][0]["d"]


def test_nothing_is_changed(path):
    """Saving leaves the estimator as it is."""
    fitted = LSTMRegressor(UNITS, epochs=EPOCHS, random_state=0).fit(X, Y)
    before = pickle.dumps(fitted)
    sklstm.save(fitted, path)
    assert pickle.dumps(fitted) == before


def test_unfitted(path):
    """What is not fitted is saved, too."""
    sklstm.save(LagFramer(3, max_gap="3D"), path)
    assert repr(sklstm.load(path)) == "LagFramer(max_gap='3D', n_steps=3)"


# --- what cannot be saved -------------------------------------------------------------------------


def local():
    class Local:
        pass

    return Local()


def circle():
    held = []
    held.append(held)
    return held


@pytest.mark.parametrize(
    ("fitted", "expected"),
    [
        (
            KerasRegressor(lambda meta: dense(meta)),
            snapshot(
                "sklstm.save cannot store KerasRegressor.model, the function <lambda> of 'test_archive': no other process can import it. Define it at the top level of a module, under a name."
            ),
        ),
        (
            FunctionTransformer(kw_args={"a": [1, local()]}),
            snapshot(
                "sklstm.save cannot store FunctionTransformer.kw_args['a'][1], a local.<locals>.Local of 'test_archive': no other process can import its class. Define it at the top level of a module."
            ),
        ),
        (
            FunctionTransformer(kw_args={"a": iter([1])}),
            snapshot(
                "sklstm.save cannot store FunctionTransformer.kw_args['a'], a builtins.list_iterator, which is no plain data."
            ),
        ),
        (
            FunctionTransformer(kw_args={"a": circle()}),
            snapshot(
                "sklstm.save cannot store FunctionTransformer.kw_args['a'][0], which holds itself. Take the circle apart."
            ),
        ),
        (
            pd.Series(pd.arrays.SparseArray([0, 1])),
            snapshot("sklstm.save cannot store Series, a SparseArray of pandas. Use a dtype of NumPy."),
        ),
    ],
    ids=["lambda", "local class", "iterator", "circle", "sparse column"],
)
def test_refused_objects(path, fitted, expected):
    """What is no plain data is refused with its place, and no file is written."""
    assert refused(sklstm.save, fitted, path, error=TypeError) == expected
    assert not path.exists()


def test_functions_by_name(path):
    """A function is stored by its name, and found there if it is trusted."""
    fitted = KerasRegressor(dense, **{"epochs": 1, "random_state": 0}).fit(X, Y)
    sklstm.save(fitted, path)
    assert message(path) == snapshot(
        "'model.sklstm' holds what is not trusted: fitted_objects.dense. Nothing of it was executed. If you trust whoever wrote the file, pass their names: load(path, trusted=['fitted_objects.dense'])."
    )
    assert sklstm.load(path, trusted=TRUSTED).model is sklstm.load(path, trusted=[dense]).model is dense


def test_functions_that_are_not_there(path):
    """A function that is not in this environment is named."""
    sklstm.save(FunctionTransformer(dense), path)
    forged.change_text(path, "fitted_objects.dense", "fitted_objects.gone")
    assert message(path, trusted=["fitted_objects.gone"]) == snapshot(
        "'model.sklstm' cannot be read: there is no function or class 'fitted_objects.gone' in this environment. Install or import its module."
    )


def test_public_functions_are_known(path):
    """Metrics of scikit-learn's and functions of NumPy's that have ufuncs need no trust."""
    from sklearn.metrics import mean_squared_error

    sklstm.save(FunctionTransformer(mean_squared_error, inverse_func=np.log1p), path)
    loaded = sklstm.load(path)
    assert loaded.func is mean_squared_error
    assert loaded.inverse_func is np.log1p


def test_trees(path):
    """What skops does not trust of scikit-learn's, as nobody checks it, is refused by name, and loads where trusted."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.pipeline import make_pipeline

    from sklstm import LagRegressor

    steps = make_pipeline(LagFramer(3), LagRegressor(RandomForestRegressor(2, random_state=0)))
    fitted = steps.fit(MONTHLY[:-1], MONTHLY["sales"][1:].to_numpy())
    sklstm.save(fitted, path)
    assert message(path) == snapshot(
        "'model.sklstm' holds what is not trusted: sklearn.tree._tree.Tree. Nothing of it was executed. If you trust whoever wrote the file, pass their names: load(path, trusted=['sklearn.tree._tree.Tree'])."
    )
    loaded = sklstm.load(path, trusted=["sklearn.tree._tree.Tree"])
    np.testing.assert_array_equal(loaded.predict(MONTHLY), fitted.predict(MONTHLY))


# --- files that are no archives -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", snapshot("'model.sklstm' is empty.")),
        (b"day,sales\n1,2\n", snapshot("'model.sklstm' is no archive of sklstm.save.")),
        (b"PK\x03\x04 and so on", snapshot("'model.sklstm' is cut or damaged (File is not a zip file).")),
        (b"\x89HDF\r\n\x1a\n", snapshot("'model.sklstm' is no archive of sklstm.save.")),
    ],
    ids=["empty", "table", "no zip", "HDF5"],
)
def test_other_files(path, content, expected):
    """A file of another kind is refused."""
    path.write_bytes(content)
    assert message(path) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda parts: parts.pop("sklstm.json"),
            snapshot("'model.sklstm' is a zip without sklstm.json, and no archive of sklstm.save."),
        ),
        (lambda parts: parts.pop("schema.json"), snapshot("'model.sklstm' has no schema.json.")),
        (
            lambda parts: parts.update({"sklstm.json": b"{"}),
            snapshot("'model.sklstm' has a sklstm.json that is no JSON."),
        ),
        (
            lambda parts: parts.update({"sklstm.json": b"[]"}),
            snapshot("'model.sklstm' has a sklstm.json that is no JSON object."),
        ),
        (
            lambda parts: parts.update({"sklstm.json": b"{}"}),
            snapshot("'model.sklstm' does not say its format and versions, as archives of sklstm.save do."),
        ),
        (
            lambda parts: parts.update({"schema.json": b"{}"}),
            snapshot("'model.sklstm' cannot be read: Invalid skops protocol None in schema.json, expected an integer."),
        ),
        (
            lambda parts: parts.update({"sklstm.json": b'{"format": 2, "versions": {"sklstm": "9.0"}}'}),
            snapshot("'model.sklstm' has format 2, of sklstm 9.0; this version reads formats up to 1. Update sklstm."),
        ),
        (
            lambda parts: parts.update({"sklstm.json": b'{"format": 1, "versions": []}'}),
            snapshot("'model.sklstm' does not say its format and versions, as archives of sklstm.save do."),
        ),
    ],
    ids=["no manifest", "no schema", "no JSON", "no object", "no format", "empty schema", "newer", "no versions"],
)
def test_other_zips(saved, change, expected):
    """A zip that save has not written so is refused."""
    parts = forged.members(saved)
    change(parts)
    assert message(forged.write(saved, parts)) == expected


def test_cut(saved):
    """A file that was cut anywhere is refused."""
    whole = saved.read_bytes()
    for end in np.linspace(1, len(whole) - 1, 40).astype(int):
        saved.write_bytes(whole[:end])
        assert message(saved).startswith("'model.sklstm' is ")


def test_changed_bytes(saved):
    """A file with a changed byte loads no other values: it is refused."""
    whole = saved.read_bytes()
    with zipfile.ZipFile(saved) as file:
        infos = file.infolist()
    for info in infos:
        changed = bytearray(whole)
        changed[info.header_offset + 30 + len(info.filename) + info.compress_size // 2] ^= 1
        saved.write_bytes(changed)
        assert "is cut or damaged" in message(saved)


def test_missing_array(saved):
    """An archive without one of its arrays is refused."""
    parts = forged.members(saved)
    del parts[next(name for name in parts if name.endswith(".npy"))]
    assert re.sub("[0-9]{5,}", "N", message(forged.write(saved, parts))) == snapshot(
        "'model.sklstm' cannot be read: \"There is no item named 'N.npy' in the archive\"."
    )


def test_no_file(path):
    """A file that is not there is an error of its own."""
    assert refused(sklstm.load, path, error=FileNotFoundError).endswith("model.sklstm'")


def test_runtimes(saved):
    """Another runtime is refused."""
    assert message(saved, runtime="torch") == snapshot(
        "sklstm.load expects runtime to be one of 'keras', 'onnx', got 'torch'."
    )


# --- versions -------------------------------------------------------------------------------------


def written_by(path, **versions):
    """Change the versions that wrote a file."""
    parts = forged.members(path)
    manifest = json.loads(parts["sklstm.json"])
    manifest["versions"] |= {name.replace("_", "-"): version for name, version in versions.items()}
    return forged.write(path, parts | {"sklstm.json": json.dumps(manifest).encode()})


@pytest.mark.parametrize("package", ["sklstm", "scikit_learn", "keras"])
def test_other_versions(saved, package):
    """Another version of sklstm, scikit-learn or Keras is a warning, which scikit-learn's filters know."""
    from sklearn.exceptions import InconsistentVersionWarning

    with pytest.warns(InconsistentVersionWarning, match=f"{package.replace('_', '-')} 0.0.1") as caught:
        sklstm.load(written_by(saved, **{package: "0.0.1"}))
    assert caught[0].category is VersionWarning
    assert caught[0].filename == __file__


def test_message_of_versions(saved):
    """The warning says which versions differ."""
    with pytest.warns(VersionWarning) as caught:
        sklstm.load(written_by(saved, sklstm="0.0.1", keras="3.2.0"))
    told = str(caught[0].message).replace(sklstm.__version__, "X")
    assert told.replace(version("keras"), "Y") == snapshot(
        "SeriesScaler was saved by sklstm 0.0.1 and keras 3.2.0, and is loaded by sklstm X and keras Y. Compare its predictions with some that you know, or fit it again and save it by these versions."
    )


def test_versions_that_do_not_matter(saved):
    """Another last number of Keras and another Python are no warning."""
    import keras

    same = ".".join(keras.__version__.split(".")[:2])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sklstm.load(written_by(saved, keras=f"{same}.99", python="3.99.0", pandas="3.99", skops="0.1"))


@pytest.mark.parametrize("fitted", [SeriesScaler(), LSTMRegressor(), StandardScaler()])
def test_pickles_of_other_versions(monkeypatch, fitted):
    """Unpickling warns where another version has pickled, as scikit-learn does."""
    from sklearn.exceptions import InconsistentVersionWarning

    from sklstm import _versions

    monkeypatch.setattr(_versions, "_version", lambda: "0.0.1")
    monkeypatch.setattr("sklearn.base.__version__", "0.0.1")
    pickled = pickle.dumps(fitted)
    monkeypatch.undo()
    with pytest.warns(InconsistentVersionWarning, match=r"0\.0\.1"):
        loaded = pickle.loads(pickled)
    assert "_sklstm_version" not in vars(loaded)


# --- writing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["os.fsync", "os.replace", "shutil.copymode"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_interrupted(monkeypatch, saved, step, error):
    """A write that fails at any step leaves the old file whole, and no other."""
    before = saved.read_bytes()

    def fail(*args):
        raise error

    monkeypatch.setattr(step, fail)
    with pytest.raises(type(error)):
        sklstm.save(LagFramer(3), saved)
    monkeypatch.undo()
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == ["model.sklstm"]


def test_replaced(saved):
    """A file that is there is replaced, and keeps its permissions."""
    saved.chmod(0o600)
    sklstm.save(LagFramer(3), saved)
    assert isinstance(sklstm.load(saved), LagFramer)
    assert saved.stat().st_mode & 0o777 == 0o600


def test_link(tmp_path, saved):
    """A link stays one: the file that it leads to is replaced."""
    link = tmp_path / "latest.sklstm"
    link.symlink_to(saved)
    sklstm.save(LagFramer(3), link)
    assert link.is_symlink()
    assert isinstance(sklstm.load(saved), LagFramer)


def test_no_folder(tmp_path):
    """A folder that is not there is named."""
    told = refused(sklstm.save, LagFramer(3), tmp_path / "gone" / "model.sklstm", error=FileNotFoundError)
    assert told.replace(str(tmp_path), "DIR") == snapshot("there is no folder 'DIR/gone' to write 'model.sklstm' to.")
