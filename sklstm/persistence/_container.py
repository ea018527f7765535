"""The file: a zip of a manifest, the schema of skops and arrays. It is written whole, and checked before it is read."""

import io
import json
import math
import os
import re
import secrets
import shutil
import zipfile
import zlib
from collections import Counter
from pathlib import Path

from numpy.lib import format as npy

MANIFEST, SCHEMA = "sklstm.json", "schema.json"
# What skops names arrays, sparse matrices and bytes.
MEMBER = re.compile(r"[0-9]+\.(npy|npz)|[0-9a-f-]{36}\.bin|sklstm\.json|schema\.json")
# A member is compressed where that helps, but never further than this, so that a file of a few bytes that would fill
# the memory is told from what `save` writes.
LARGEST_RATIO = 100
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class ArchiveError(ValueError):
    """What is wrong with a file, without its name."""


def pack(manifest, dumped):
    """Return the bytes of an archive.

    Parameters
    ----------
    manifest : dict
        Written as JSON.
    dumped : bytes
        What skops has dumped, a zip.

    Returns
    -------
    archive : bytes
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(dumped)) as source, zipfile.ZipFile(buffer, "w") as target:
        members = {MANIFEST: json.dumps(manifest, indent=2).encode()}
        members |= {name: source.read(name) for name in source.namelist()}
        for name, content in members.items():
            compressed = len(zlib.compress(content, 6))
            pays = compressed < len(content) <= LARGEST_RATIO // 2 * compressed
            # A date of its own would make two files of the same object differ.
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o600 << 16
            target.writestr(info, content, zipfile.ZIP_DEFLATED if pays else zipfile.ZIP_STORED)
    return buffer.getvalue()


def write(path, archive):
    """Write a file beside `path`, and put it in the place of `path` when it is whole."""
    path = Path(path).resolve()
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(path.parent)!r} to write {path.name!r} to.")
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(part, "xb") as file:
            file.write(archive)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, part)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def unpack(archive):
    """Return the manifest of an archive, after all of its members have been checked.

    Parameters
    ----------
    archive : bytes
        The content of a file.

    Returns
    -------
    manifest : dict

    Raises
    ------
    ArchiveError
        If it is no archive, or one that is cut or changed.
    """
    if not archive:
        raise ArchiveError("is empty")
    if not archive.startswith(b"PK"):
        if archive[:1] == b"\x80":
            raise ArchiveError(
                "is a pickle, which executes code when it is loaded. If you trust it, use pickle.load or joblib.load, "
                "and sklstm.save to write an archive"
            )
        raise ArchiveError("is no archive of sklstm.save")
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as file:
            return _checked(file, len(archive))
    except ArchiveError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as broken:
        raise ArchiveError(f"is cut or damaged ({broken})") from None


def _checked(file, n_bytes):
    infos = file.infolist()
    names = Counter(info.filename for info in infos)
    if MANIFEST not in names:
        raise ArchiveError(f"is a zip without {MANIFEST}, and no archive of sklstm.save")
    for info in infos:
        if names[info.filename] > 1:
            raise ArchiveError(f"holds {info.filename!r} {names[info.filename]} times")
        if not MEMBER.fullmatch(info.filename):
            raise ArchiveError(f"holds {info.filename!r}, which sklstm.save does not write")
        if info.compress_type not in METHODS or info.flag_bits & 0x1:
            raise ArchiveError(f"holds {info.filename!r} in a compression that sklstm.save does not use")
        _refuse_bomb(info.filename, info)
    if sum(info.compress_size for info in infos) > n_bytes:
        raise ArchiveError("holds members that overlap")
    if SCHEMA not in names:
        raise ArchiveError(f"has no {SCHEMA}")
    for info in infos:
        # Reading compares a checksum.
        content = file.read(info)
        if info.filename.endswith(".npy"):
            _check_array(info.filename, content)
        elif info.filename.endswith(".npz"):
            _check_arrays(info.filename, content)
    try:
        manifest = json.loads(file.read(MANIFEST))
    except ValueError:
        raise ArchiveError(f"has a {MANIFEST} that is no JSON") from None
    if not isinstance(manifest, dict):
        raise ArchiveError(f"has a {MANIFEST} that is no JSON object")
    return manifest


def _refuse_bomb(name, info, largest_ratio=LARGEST_RATIO):
    """Raise if a member is far larger than its compressed bytes."""
    if info.file_size > largest_ratio * max(info.compress_size, 1):
        raise ArchiveError(
            f"holds {name!r} of {info.file_size} bytes in {info.compress_size}, more than {largest_ratio} times as "
            "many: it would fill the memory"
        )


def _check_arrays(name, content):
    """Check the arrays of a sparse matrix, a zip of its own."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        for info in file.infolist():
            if info.compress_type not in METHODS or info.flag_bits & 0x1:
                raise ArchiveError(f"holds {name!r} in a compression that sklstm.save does not use")
            # SciPy compresses zeros as far as it goes.
            _refuse_bomb(f"{name}/{info.filename}", info, 20 * LARGEST_RATIO)
            _check_array(f"{name}/{info.filename}", file.read(info))


def _check_array(name, content):
    """Raise if a header promises another number of bytes than there are: NumPy would allocate them."""
    stream = io.BytesIO(content)
    try:
        version = npy.read_magic(stream)
        read_header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, _, dtype = read_header(stream)
    except (ValueError, KeyError) as broken:
        raise ArchiveError(f"holds {name!r}, which is no array ({broken})") from None
    if dtype.hasobject:
        raise ArchiveError(f"holds {name!r}, an array of Python objects, which would be unpickled")
    promised, there = math.prod(shape) * dtype.itemsize, len(content) - stream.tell()
    if promised != there or any(length < 0 for length in shape):
        raise ArchiveError(f"holds {name!r} with {there} bytes, but shape {shape} of {dtype} asks for {promised}")
