"""What somebody plants in an archive is not executed, and the error says what it was."""

import json
import os
import pickle
import re
import zipfile

import forged
import numpy as np
import pytest
from inline_snapshot import snapshot
from refusal import refused
from sizes import EPOCHS, UNITS
from sklearn.linear_model import LinearRegression

import sklstm
from sklstm import LagFramer, LSTMRegressor, SeriesScaler

X = np.random.default_rng(0).normal(size=(60, 6, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """Archive of a fitted network."""
    path = tmp_path_factory.mktemp("network") / "model.sklstm"
    sklstm.save(LSTMRegressor(UNITS, epochs=EPOCHS, random_state=0).fit(X, X[:, -1, 0]), path)
    return path


@pytest.fixture
def model(network, tmp_path):
    """Copy of it, to be changed."""
    path = tmp_path / "model.sklstm"
    path.write_bytes(network.read_bytes())
    return path


@pytest.fixture
def scaler(tmp_path):
    """Archive of a fitted transformer."""
    path = tmp_path / "scaler.sklstm"
    sklstm.save(SeriesScaler("minmax").fit(X[:, 0]), path)
    return path


@pytest.fixture(autouse=True)
def nothing_happens(tmp_path, monkeypatch):
    """Whatever is planted would write a file."""
    monkeypatch.chdir(tmp_path)
    yield
    assert not (tmp_path / "planted").exists()


COMMAND = "touch planted"


def message(path, **params):
    """The message of load, without the folder."""
    return refused(sklstm.load, path, **params).replace(f"{path.parent}{os.sep}", "")


def node(loader, module, kind, **content):
    return {"__loader__": loader, "__module__": module, "__class__": kind, "__id__": 1} | content


TEXT = node("JsonNode", "builtins", "str", content=json.dumps(COMMAND))
ARGUMENTS = node("TupleNode", "builtins", "tuple", content=[TEXT | {"__id__": 2}])
SYSTEM = node("FunctionNode", "os", "system")


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        (
            node("ConstructorFromReduceNode", "os", "system", content=ARGUMENTS),
            snapshot(
                "'scaler.sklstm' holds what is not trusted: os.system. Nothing of it was executed. If you trust whoever wrote the file, pass their names: load(path, trusted=['os.system'])."
            ),
        ),
        (
            node("ObjectNode", "sklstm.cli._console", "os", content=None),
            snapshot(
                "'scaler.sklstm' holds what is not trusted: sklstm.cli._console.os. Nothing of it was executed. If you trust whoever wrote the file, pass their names: load(path, trusted=['sklstm.cli._console.os'])."
            ),
        ),
        (
            node("ConstructorFromReduceNode", "sklstm.cli", "main", content=ARGUMENTS),
            snapshot(
                "'scaler.sklstm' holds what is not trusted: sklstm.cli.main. Nothing of it was executed. If you trust whoever wrote the file, pass their names: load(path, trusted=['sklstm.cli.main'])."
            ),
        ),
        (
            node("ConstructorFromReduceNode", "sklstm.preprocessing._lag_framer", "lag_name", content=ARGUMENTS),
            snapshot(
                "'scaler.sklstm' holds what is not trusted: sklstm.preprocessing._lag_framer.lag_name. Nothing of it was executed. If you trust whoever wrote the file, pass their names: load(path, trusted=['sklstm.preprocessing._lag_framer.lag_name'])."
            ),
        ),
        (
            node("ConstructorFromReduceNode", "sklearn.linear_model._ridge", "Ridge", content=ARGUMENTS),
            snapshot(
                "'scaler.sklstm' holds what is not trusted: sklearn.linear_model._ridge.Ridge. Nothing of it was executed. If you trust whoever wrote the file, pass their names: load(path, trusted=['sklearn.linear_model._ridge.Ridge'])."
            ),
        ),
        (
            node("ObjectNode", "sklstm._network_state", "NetworkState", content=None),
            snapshot(
                "'scaler.sklstm' holds what is not trusted: sklstm._network_state.NetworkState. Nothing of it was executed. If you trust whoever wrote the file, pass their names: load(path, trusted=['sklstm._network_state.NetworkState'])."
            ),
        ),
        (
            SYSTEM,
            snapshot(
                "'scaler.sklstm' holds what is not trusted: os.system. Nothing of it was executed. If you trust whoever wrote the file, pass their names: load(path, trusted=['os.system'])."
            ),
        ),
        (
            node("OperatorFuncNode", "operator", "methodcaller", attrs=ARGUMENTS),
            snapshot(
                "'scaler.sklstm' holds what is not trusted: operator.methodcaller. Nothing of it was executed. If you trust whoever wrote the file, pass their names: load(path, trusted=['operator.methodcaller'])."
            ),
        ),
    ],
    ids=["call", "other module", "function", "own function", "call of an estimator", "unchecked", "name", "operator"],
)
def test_types(scaler, planted, expected):
    """Classes and functions of other packages are refused before anything is constructed."""

    def plant(schema):
        schema["content"]["content"]["planted"] = planted

    forged.change_schema(scaler, plant)
    assert message(scaler) == expected


def test_trusted_function_is_not_called(scaler):
    """A function that is trusted is named by a file, and not called."""

    def plant(schema):
        schema["content"]["content"]["planted"] = node("ConstructorFromReduceNode", "os", "system", content=ARGUMENTS)

    forged.change_schema(scaler, plant)
    assert "is not trusted: os.system." in message(scaler, trusted=["os.system"])


def test_name_of_a_function(tmp_path):
    """A function that an estimator names is refused unless it is trusted."""
    from sklearn.preprocessing import FunctionTransformer

    path = tmp_path / "model.sklstm"
    sklstm.save(FunctionTransformer(os.path.basename), path)
    forged.change_text(path, "posixpath.basename", "os.system")
    assert message(path) == snapshot(
        "'model.sklstm' holds what is not trusted: os.system. Nothing of it was executed. If you trust whoever wrote the file, pass their names: load(path, trusted=['os.system'])."
    )
    assert sklstm.load(path, trusted=["os.system"]).func is os.system


def test_name_of_another_node(tmp_path):
    """A node that hides behind the number of another one is refused when it is constructed."""
    from sklearn.preprocessing import FunctionTransformer

    path = tmp_path / "model.sklstm"
    sklstm.save(FunctionTransformer(np.mean, kw_args={"a": "os.system"}), path)

    def hide(schema):
        parts = list(forged.nodes(schema))
        text = next(part for part in parts if part.get("content") == json.dumps("os.system"))
        name = next(part for part in parts if part.get("content") == json.dumps("numpy.mean"))
        name["__id__"] = text["__id__"]
        # The text comes first.
        attributes = schema["content"]["content"]
        schema["content"]["content"] = {"kw_args": attributes.pop("kw_args")} | attributes
        types = schema["content"]["key_types"]["content"]
        types.insert(0, types.pop())

    forged.change_schema(path, hide)
    assert "os.system" in message(path, trusted=["numpy.mean"])


class Planted:
    """Executes a command when it is unpickled."""

    def __reduce__(self):
        return os.system, (COMMAND,)


def test_pickle(tmp_path):
    """A pickle is refused by its first byte, and not loaded."""
    path = tmp_path / "model.sklstm"
    path.write_bytes(pickle.dumps(Planted()))
    assert message(path) == snapshot(
        "'model.sklstm' is a pickle, which executes code when it is loaded. If you trust it, use pickle.load or joblib.load, and sklstm.save to write an archive."
    )


def test_pickled_array(scaler):
    """An array of objects, which NumPy would unpickle, is refused."""
    contents = forged.members(scaler)
    name = next(name for name in contents if name.endswith(".npy"))
    contents[name] = forged.header((1,), "|O") + pickle.dumps([Planted()])
    message_of_load = message(forged.write(scaler, contents))
    assert re.sub("[0-9]{5,}", "N", message_of_load) == snapshot(
        "'scaler.sklstm' holds 'N.npy', an array of Python objects, which would be unpickled."
    )


def test_save_of_planted(tmp_path):
    """Whatever reduces to a call of a function is not saved."""
    with pytest.raises(TypeError) as caught:
        sklstm.save({"a": [Planted()]}, tmp_path / "model.sklstm")
    assert str(caught.value) == snapshot(
        "sklstm.save cannot store dict['a'][0], a test_security.Planted, which is no plain data."
    )


# --- Keras ----------------------------------------------------------------------------------------

CODE = "4wEAAAAAAAAAAAAAAA=="


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (
            {
                "module": "keras.layers",
                "class_name": "Lambda",
                "config": {"function": {"class_name": "__lambda__", "config": {"code": CODE}}},
            },
            snapshot(
                "'model.sklstm' cannot be read: a network names keras.layers.Lambda, __lambda__, which executes code or reads other files. Networks of this kind are saved by the name of a function that builds them."
            ),
        ),
        (
            {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"},
            snapshot(
                "'model.sklstm' cannot be read: a network names os.system, which executes code or reads other files. Networks of this kind are saved by the name of a function that builds them."
            ),
        ),
        (
            {"module": "keras.utils", "class_name": "function", "config": "get_file", "registered_name": "get_file"},
            snapshot(
                "'model.sklstm' cannot be read: a network names keras.utils.get_file, which executes code or reads other files. Networks of this kind are saved by the name of a function that builds them."
            ),
        ),
        (
            {"module": "keras.models", "class_name": "load_model", "config": {"filepath": "planted"}},
            snapshot(
                "'model.sklstm' cannot be read: a network names keras.models.load_model, which executes code or reads other files. Networks of this kind are saved by the name of a function that builds them."
            ),
        ),
        (
            {"module": "subprocess", "class_name": "Popen", "config": {"args": COMMAND, "shell": True}},
            snapshot(
                "'model.sklstm' holds what is not trusted: subprocess.Popen. Nothing of it was executed. If you trust whoever wrote the file, pass their names: load(path, trusted=['subprocess.Popen'])."
            ),
        ),
        (
            {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "planted"}},
            snapshot(
                "'model.sklstm' cannot be read: a network names keras.layers.TFSMLayer, which executes code or reads other files. Networks of this kind are saved by the name of a function that builds them."
            ),
        ),
        (
            {"module": "keras.layers", "class_name": "Dense", "config": {}, "registered_name": "mine>Dense"},
            snapshot(
                "'model.sklstm' holds what is not trusted: keras.layers.Dense. Nothing of it was executed. If you trust whoever wrote the file, pass their names: load(path, trusted=['keras.layers.Dense'])."
            ),
        ),
        (
            {"class_name": "__typespec__", "spec_name": "x", "module": "os", "registered_name": "x", "config": []},
            snapshot(
                "'model.sklstm' cannot be read: a network names os.__typespec__, which executes code or reads other files. Networks of this kind are saved by the name of a function that builds them."
            ),
        ),
    ],
    ids=["Lambda", "function", "function of Keras", "reader", "class", "saved model", "registered", "typespec"],
)
def test_layers(model, layer, expected):
    """Layers that execute code, and functions by the path of a module, are refused before Keras sees them."""

    def plant(schema):
        for part in forged.nodes(schema):
            text = part.get("content")
            if part.get("__loader__") == "JsonNode" and "Functional" in text:
                config = json.loads(json.loads(text))
                config["config"]["layers"].append(layer)
                part["content"] = json.dumps(json.dumps(config))

    forged.change_schema(model, plant)
    assert message(model) == expected


def test_layers_as_bytes(model):
    """Layers that are no text, which would not be looked into, are refused."""

    def plant(schema):
        for part in forged.nodes(schema):
            if part.get("__loader__") == "JsonNode" and "Functional" in part["content"]:
                part.clear()
                part |= node("BytesNode", "builtins", "bytes", file="00000000-0000-0000-0000-000000000000.bin")

    contents = forged.members(forged.change_schema(model, plant))
    contents["00000000-0000-0000-0000-000000000000.bin"] = b"{}"
    assert message(forged.write(model, contents)) == snapshot(
        "'model.sklstm' cannot be read: the layers of a network are no text, but bytes."
    )


def test_loss_of_another_class(tmp_path):
    """A class that is to be built from a configuration must be trusted."""
    import keras

    path = tmp_path / "model.sklstm"
    sklstm.save(LSTMRegressor(UNITS, optimizer=keras.optimizers.Adam(0.1)), path)
    assert sklstm.load(path).optimizer.learning_rate == np.float32(0.1)
    forged.change_text(path, "keras.optimizers.Adam", "subprocess.Popen")
    assert message(path) == snapshot(
        "'model.sklstm' holds what is not trusted: subprocess.Popen. Nothing of it was executed. If you trust whoever wrote the file, pass their names: load(path, trusted=['subprocess.Popen'])."
    )


# --- the zip --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../x", snapshot("'scaler.sklstm' holds '../../x', which sklstm.save does not write.")),
        ("/tmp/x", snapshot("'scaler.sklstm' holds '/tmp/x', which sklstm.save does not write.")),
        ("x.py", snapshot("'scaler.sklstm' holds 'x.py', which sklstm.save does not write.")),
        ("1.npy/../x", snapshot("'scaler.sklstm' holds '1.npy/../x', which sklstm.save does not write.")),
    ],
)
def test_names_of_members(scaler, name, expected):
    """Members of other names are refused, and nothing is written."""
    forged.write(scaler, forged.members(scaler) | {name: b"planted"})
    assert message(scaler) == expected


def test_absurd_shape(scaler):
    """An array whose header promises more than its bytes is refused before it takes memory."""
    contents = forged.members(scaler)
    name = next(name for name in contents if name.endswith(".npy"))
    contents[name] = forged.header((10**12, 10**6))
    assert re.sub("[0-9]{13,}.npy", "N.npy", message(forged.write(scaler, contents))) == snapshot(
        "'scaler.sklstm' holds 'N.npy' with 0 bytes, but shape (1000000000000, 1000000) of float64 asks for 8000000000000000000."
    )


def test_absurd_ratio(scaler):
    """A member that would fill the memory from few bytes is refused before it is read."""
    contents = forged.members(scaler)
    contents["schema.json"] += b" " * 10**7
    forged.write(scaler, contents, zipfile.ZIP_DEFLATED)
    assert re.sub("[0-9]{4,}", "N", message(scaler)) == snapshot(
        "'scaler.sklstm' holds 'schema.json' of N bytes in N, more than 100 times as many: it would fill the memory."
    )


def test_member_twice(scaler):
    """Two members of one name, of which one would be checked and the other read, are refused."""
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(scaler, "a") as file:
        file.writestr("schema.json", b"{}")
    assert message(scaler) == snapshot("'scaler.sklstm' holds 'schema.json' 2 times.")


def test_zeros_are_saved(tmp_path):
    """An array that compresses beyond the limit is stored as it is, and loads."""
    path = tmp_path / "model.sklstm"
    fitted = LinearRegression().fit(np.zeros((3, 10**5)), np.zeros(3))
    sklstm.save(fitted, path)
    np.testing.assert_array_equal(sklstm.load(path).coef_, fitted.coef_)


def test_deep_schema(scaler):
    """A schema that is nested without end is refused."""
    contents = forged.members(scaler)
    contents["schema.json"] = b"[" * 10**5
    assert message(forged.write(scaler, contents)) == snapshot(
        "'scaler.sklstm' cannot be read: maximum recursion depth exceeded while decoding a JSON array from a unicode string."
    )


def test_trusted_is_named(tmp_path):
    """Trust goes to names, one by one."""
    path = tmp_path / "framer.sklstm"
    sklstm.save(LagFramer(3), path)
    assert refused(sklstm.load, path, trusted=[3]) == snapshot(
        "sklstm.load expects trusted to hold names, classes and functions, got 3."
    )
