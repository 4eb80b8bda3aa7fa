"""A grid in one file of plain arrays, mapped into memory when read."""

import json
import mmap
import os
import struct
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from geo.grid import Grid

# Raise this when Grid, its constants or the file format change: older files are then rebuilt.
FORMAT = 1

_MAGIC = b"DOSONGIX"
_START = struct.Struct("<8sIIQ")  # magic, format, checksum of the rest, bytes of the header
_ALIGN = 64


class DamagedIndexError(ValueError):
    """A saved index that is truncated, altered, or of another format."""


def write_grid(path: Path, codes: Sequence[str], grid: Grid) -> None:
    """Write codes and arrays atomically."""
    arrays = {name: np.ascontiguousarray(array) for name, array in grid.arrays().items()}
    header_arrays = {name: [array.dtype.str, array.size] for name, array in arrays.items()}
    header = json.dumps({"codes": list(codes), "arrays": header_arrays}).encode()
    header += b" " * (-(len(header) + _START.size) % _ALIGN)
    checksum = zlib.crc32(header)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=path.name, suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_START.pack(_MAGIC, FORMAT, 0, len(header)) + header)
            for array in arrays.values():
                body = array.tobytes() + b"\0" * (-array.nbytes % _ALIGN)
                checksum = zlib.crc32(body, checksum)
                file.write(body)
            file.seek(0)
            file.write(_START.pack(_MAGIC, FORMAT, checksum, len(header)))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_grid(path: Path) -> tuple[list[str], Grid]:
    """Map a file written by `write_grid` into memory after checking its checksum.

    Raises
    ------
    DamagedIndexError
        The file is truncated, altered, or of another format.
    """
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size < _START.size:
            raise DamagedIndexError(f"{path}: cut off")
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    magic, version, checksum, length = _START.unpack_from(content)
    if magic != _MAGIC or version != FORMAT:
        raise DamagedIndexError(f"{path}: no index of format {FORMAT}")
    if zlib.crc32(memoryview(content)[_START.size :]) != checksum:
        raise DamagedIndexError(f"{path}: altered or cut off")
    header = json.loads(content[_START.size : _START.size + length])
    arrays, offset = {}, _START.size + length
    for name, (dtype, size) in header["arrays"].items():
        arrays[name] = np.frombuffer(content, dtype=dtype, count=size, offset=offset)
        offset += arrays[name].nbytes + -arrays[name].nbytes % _ALIGN
    return header["codes"], Grid(**arrays)
