"""Archives that somebody has changed: members replaced, added, cut."""

import io
import json
import zipfile


def members(path):
    """Names and bytes of the members of an archive."""
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def write(path, contents, compression=zipfile.ZIP_STORED):
    """Write an archive of these members, names and bytes."""
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in contents.items():
            file.writestr(name, content)
    return path


def change_schema(path, change):
    """Change the schema of an archive: ``change(schema)`` changes the dict in place, or returns another one."""
    contents = members(path)
    schema = json.loads(contents["schema.json"])
    contents["schema.json"] = json.dumps(change(schema) or schema)
    return write(path, contents)


def change_text(path, old, new):
    """Replace a text in the schema of an archive."""
    contents = members(path)
    assert old.encode() in contents["schema.json"]
    contents["schema.json"] = contents["schema.json"].replace(old.encode(), new.encode())
    return write(path, contents)


def nodes(schema):
    """Yield all nodes of a schema."""
    if isinstance(schema, dict):
        yield schema
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from nodes(part)


def header(shape, dtype="<f8"):
    """The header of an array of a shape, without its values."""
    from numpy.lib import format as npy

    stream = io.BytesIO()
    npy.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue()
