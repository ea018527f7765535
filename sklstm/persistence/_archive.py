"""save and load: what was fitted, as a file that executes nothing."""

import io
import json
import platform
import zipfile
from collections.abc import Callable, Sequence
from importlib import metadata
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from sklstm._versions import VersionWarning
from sklstm._warnings import warn_user
from sklstm.persistence import _container, _reading
from sklstm.persistence._trust import (
    UntrustedError,
    explain,
    is_class,
    is_estimator,
    is_trusted_name,
    is_trusted_type,
)

# Each number has a reader in READERS, also when there are newer ones.
FORMAT = 1
PACKAGES = ("sklstm", "scikit-learn", "numpy", "pandas", "keras", "skops")
RUNTIMES = ("keras", "onnx")


def save(fitted: object, path: str | PathLike, *, onnx: bool = False) -> None:
    """Save a fitted estimator, Pipeline, search, forecaster, backtest or OnlinePredictor as plain data.

    The file is a zip of arrays, numbers and text, by the names of the classes that they belong to. To load it executes
    no code of the file's, unlike to load a pickle. It is written beside `path` first, so that a write that fails leaves
    the file of before.

    Parameters
    ----------
    fitted : object
        What was fitted. Functions of your own in it, such as one that builds a network, are stored by their names.
    path : str or Path
        File to write, ``"model.sklstm"``. One that is there is replaced.
    onnx : bool, default=False
        Whether to add networks as ONNX, which ``load(path, runtime="onnx")`` runs without TensorFlow. To export them
        takes about a second for each, and the extra ``sklstm[onnx]``.

    Raises
    ------
    TypeError
        If it holds something that is not plain data, such as a function that no other process can import. The message
        says where.
    FileNotFoundError
        If there is no folder for the file.
    ImportError
        If ``onnx=True`` and tf2onnx or onnxruntime is not installed.
    ValueError
        If ``onnx=True`` and a network cannot be exported. The message names it, and says why.

    See Also
    --------
    load : Load it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import sklstm
    >>> from sklstm.datasets import load_airline
    >>> passengers = load_airline().data[["passengers"]]
    >>> scaler = sklstm.SeriesScaler("minmax").fit(passengers)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sklstm.save(scaler, Path(folder) / "scaler.sklstm")
    ...     loaded = sklstm.load(Path(folder) / "scaler.sklstm")
    >>> bool((loaded.transform(passengers) == scaler.transform(passengers)).all(axis=None))
    True

    A function without a name cannot be stored:

    >>> from sklearn.preprocessing import FunctionTransformer
    >>> sklstm.save(FunctionTransformer(lambda X: X + 1), "never.sklstm")
    Traceback (most recent call last):
        ...
    TypeError: sklstm.save cannot store FunctionTransformer.func, the function <lambda> of
    'sklstm.persistence._archive': no other process can import it. Define it at the top level of a module, under a name.
    """
    import skops.io

    from sklstm.persistence._graph import as_storable

    if onnx:
        from sklstm.persistence._onnx import with_onnx

        fitted = with_onnx(fitted)
    try:
        dumped = skops.io.dumps(as_storable(fitted))
    except TypeError as cause:
        raise TypeError(f"sklstm.save cannot store {cause}") from None
    kind = type(fitted)
    manifest = {"format": FORMAT, "class": f"{kind.__module__}.{kind.__qualname__}", "versions": _versions()}
    _container.write(path, _container.pack(manifest, dumped))


def load(
    path: str | PathLike,
    *,
    trusted: Sequence[str | type | Callable] = (),
    runtime: Literal["keras", "onnx"] = "keras",
) -> Any:
    """Load what `save` has saved. Nothing that the file holds is executed.

    Classes of sklstm, estimators of scikit-learn, arrays of NumPy and tables of pandas are known. Any other class, and
    any function, is an error that names it, unless you trust it.

    Parameters
    ----------
    path : str or Path
        File to read.
    trusted : sequence of str, class or function
        Full names of classes and functions that the file may use: ``["my_package.build_network"]``.
    runtime : {"keras", "onnx"}, default="keras"
        How networks predict: by Keras, or by onnxruntime, from a file that was saved with ``onnx=True``. With "onnx"
        neither Keras nor TensorFlow is imported, nor needs to be installed.

    Returns
    -------
    fitted : object
        It predicts the same bits as what was saved; with ``runtime="onnx"`` the same but for rounding in single
        precision. Then it does not train on, and has no `model_`.

    Raises
    ------
    ValueError
        If the file is damaged, is another kind of file, was written by a newer version of sklstm, or holds classes or
        functions that are not trusted; if its networks are not there for the `runtime`.
    FileNotFoundError
        If there is no such file.

    Warns
    -----
    VersionWarning
        If other versions of sklstm, scikit-learn or Keras have written it.

    See Also
    --------
    save : Save it.

    Examples
    --------
    >>> import sklstm
    >>> from pathlib import Path
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sklstm.save(sklstm.LagFramer(n_steps=3), Path(folder) / "framer.sklstm")
    ...     sklstm.load(Path(folder) / "framer.sklstm")
    LagFramer(n_steps=3)
    """
    if runtime not in RUNTIMES:
        raise ValueError(f"sklstm.load expects runtime to be one of {', '.join(map(repr, RUNTIMES))}, got {runtime!r}.")
    archive = Path(path).read_bytes()
    try:
        manifest = _container.unpack(archive)
        read = _reader(manifest)
        _warn_of_versions(manifest, runtime)
        fitted = read(archive, _names(trusted), runtime)
    except _container.ArchiveError as refused:
        raise ValueError(f"{str(path)!r} {refused}.") from None
    from sklstm.persistence import _onnx

    if runtime == "onnx":
        return _onnx.served(fitted)
    _onnx.refuse_served(fitted)
    return fitted


# --- reading --------------------------------------------------------------------------------------


def _reader(manifest):
    """The reader of the format of a file."""
    number, versions = manifest.get("format"), manifest.get("versions")
    if not isinstance(number, int) or not isinstance(versions, dict):
        raise _container.ArchiveError("does not say its format and versions, as archives of sklstm.save do")
    if number not in READERS:
        raise _container.ArchiveError(
            f"has format {number}, of sklstm {versions.get('sklstm')}; this version reads formats up to {FORMAT}. "
            "Update sklstm"
        )
    return READERS[number]


def _read_1(archive, trusted, runtime):
    """Read an archive of format 1."""
    from sklstm.persistence import _reader

    token = _reading.begin(_reading.Reading(frozenset(trusted), runtime == "keras"))
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as file:
            schema = json.loads(file.read(_container.SCHEMA))
            try:
                return _reader.read(schema, file)
            except (_reader.Unknown, UntrustedError):
                # skops knows more types. What it does not trust either is named, all of it together.
                return _read_by_skops(archive, schema, trusted)
    except (_container.ArchiveError, Warning):
        raise
    except Exception as broken:
        reason = str(broken).rstrip(".") or type(broken).__name__
        raise _container.ArchiveError(f"cannot be read: {reason}") from broken
    finally:
        _reading.end(token)


def _read_by_skops(archive, schema, trusted):
    """Read an archive by skops; raise if it holds what is not trusted."""
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    types, objects, named = _find_names(schema)
    # A function is never among the types: skops would call it with what the file says.
    known = {name for name in types if is_trusted_type(name)} | {name for name in objects if is_estimator(name)}
    known |= {name for name in trusted if is_class(name)}
    try:
        return skops.io.loads(archive, trusted=sorted(known))
    except (UntrustedError, UntrustedTypesFoundException) as found:
        unknown = {*skops.io.get_untrusted_types(data=archive)} - known
        unknown |= {name for name in named if not is_trusted_name(name, trusted)}
        unknown |= {*getattr(found, "names", ())}
        raise _container.ArchiveError(explain(sorted(unknown))) from None


READERS = {1: _read_1}


def _find_names(schema):
    """Full names of all types in a schema, of those among them that only get a state, and of what stand-ins name."""
    types, called, named, left = set(), set(), set(), [schema]
    while left:
        node = left.pop()
        if isinstance(node, list):
            left.extend(node)
        elif isinstance(node, dict):
            left.extend(node.values())
            if isinstance(kind := node.get("__class__"), str) and isinstance(module := node.get("__module__"), str):
                types.add(f"{module}.{kind}")
                if node.get("__loader__") != "ObjectNode":
                    called.add(f"{module}.{kind}")
                if kind == "Named":
                    named.add(_named(node))
    return types, types - called, named


def _named(node):
    """The name in a node of a stand-in, for the message alone: what skops constructs is checked again."""
    try:
        return str(json.loads(node["content"]["content"][0]["content"]))
    except (KeyError, IndexError, TypeError, ValueError):
        return "a function without a name"


def _names(trusted):
    """Full names of classes and functions."""
    from sklstm.persistence._graph import name_of

    given = [trusted] if isinstance(trusted, str) else list(trusted)
    names = [name if isinstance(name, str) else name_of(name) for name in given]
    for name, value in zip(names, given, strict=True):
        if name is None:
            raise ValueError(f"sklstm.load expects trusted to hold names, classes and functions, got {value!r}.")
    return names


# --- versions -------------------------------------------------------------------------------------


def _versions():
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found


def _warn_of_versions(manifest, runtime):
    """Warn if versions differ that matter: any of sklstm, others in more than their last number."""
    written, here = manifest["versions"], _versions()
    matter = {"sklstm": None, "scikit-learn": 2, "keras": 2, "numpy": 1, "pandas": 1}
    if runtime != "keras":
        del matter["keras"]
    differ = [
        package
        for package, depth in matter.items()
        if written.get(package) and _first(written[package], depth) != _first(here[package], depth)
    ]
    if differ:
        what = str(manifest.get("class")).rpartition(".")[2]
        versions = ({package: of[package] for package in differ} for of in (written, here))
        warn_user(VersionWarning(what, *versions), None)


def _first(version, depth):
    return version if version is None or depth is None else str(version).split(".")[:depth]
