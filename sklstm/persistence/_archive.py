"""save and load: what was fitted, in a file that executes nothing."""

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sklstm.persistence import _container, _reading

FORMAT = 1


def save(fitted, path, *, onnx=False):
    """Save."""
    import skops.io

    from sklstm.persistence._graph import as_storable

    if onnx:
        from sklstm.persistence._onnx import with_onnx

        fitted = with_onnx(fitted)
    cls = type(fitted)
    manifest = {"format": FORMAT, "class": f"{cls.__module__}.{cls.__qualname__}", "versions": {}}
    _container.write(path, _container.pack(manifest, skops.io.dumps(as_storable(fitted))))


def load(path, *, trusted=(), runtime="keras"):
    """Load."""
    import io
    import zipfile

    import skops.io

    from sklstm.persistence._trust import is_trusted_type

    archive = Path(path).read_bytes()
    _container.unpack(archive)
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        schema = json.loads(file.read(_container.SCHEMA))
    names = set()
    left = [schema]
    while left:
        node = left.pop()
        if isinstance(node, list):
            left.extend(node)
        elif isinstance(node, dict):
            left.extend(node.values())
            if "__class__" in node and "__module__" in node:
                names.add(f"{node['__module__']}.{node['__class__']}")
    known = [name for name in names if is_trusted_type(name)]
    token = _reading.begin(_reading.Reading(frozenset(trusted), runtime == "keras"))
    try:
        fitted = skops.io.loads(archive, trusted=[*known, *trusted])
    finally:
        _reading.end(token)
    if runtime == "onnx":
        from sklstm.persistence._onnx import served

        fitted = served(fitted)
    return fitted
