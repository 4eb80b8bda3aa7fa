"""Uploaded files of boundary sets: stored until they are read, unpacked within limits.

Readers choose a format by the content, and some formats refer to other files or to URLs; so a file
is accepted only if its first bytes match its name.
"""

import re
import secrets
import shutil
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from backend.errors import Problem, invalid, or_404

FOLDER = "uploads"  # in VAR_DIR
# The largest published set, 3,321 communes with every vertex, takes 109 MB as GeoParquet by
# default, 31 MB well compressed; as GeoJSON it must be zipped.
MAX_UPLOAD = 128_000_000
# That GeoJSON has 200 MB unpacked; a zip bomb has a thousand times its packed size.
MAX_UNPACKED = 600_000_000
# A file for each of the 10,595 communes of 2024, with some others.
MAX_FILES = 15_000
# A failed job is started again within a day, or the file is uploaded again.
KEPT_S = 86_400

# The first bytes of files, by suffix.
HEADS = {
    ".geojson": b"{",
    ".json": b"{",
    ".gpkg": b"SQLite format 3\0",
    ".parquet": b"PAR1",
    ".geoparquet": b"PAR1",
    ".shp": b"\0\0\x27\x0a",
    ".zip": b"PK\x03\x04",
}
BESIDE = (".shx", ".dbf", ".prj", ".cpg")  # other parts of a shapefile
JSON = (".geojson", ".json")
SPACE = b"\xef\xbb\xbf \t\r\n"  # and a byte order mark, before the first bracket


def store(var_dir: Path, name: str, content: BinaryIO) -> str:
    """Store an uploaded file and return its number; 422 for a file that is no set."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in HEADS or suffix == ".shp":  # a shapefile is several files
        raise invalid("file", "set_file_kind")
    _sweep(var_dir / FOLDER)
    number = secrets.token_hex(16)
    folder = var_dir / FOLDER / number
    folder.mkdir(mode=0o700, parents=True)
    path = folder / f"set{suffix}"
    try:
        with path.open("wb") as file:
            shutil.copyfileobj(content, file)
        _require_head(path)
        if suffix == ".zip":
            with _opened(path) as packed:
                _members(packed)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return number


def delete(var_dir: Path, number: str) -> None:
    """Delete a file."""
    shutil.rmtree(_folder(var_dir, number), ignore_errors=True)


@contextmanager
def unpacked(var_dir: Path, number: str) -> Iterator[Path]:
    """Yield the path to read of a stored file: itself, or the one set in a zip."""
    folder = _folder(var_dir, number)
    path = or_404(next(folder.glob("set.*"), None), "upload_gone")
    if path.suffix != ".zip":
        yield path
        return
    with TemporaryDirectory(dir=folder) as target:
        with _opened(path) as packed:
            packed.extractall(target, _members(packed))
        yield _only_set(Path(target))


def _folder(var_dir: Path, number: str) -> Path:
    if not re.fullmatch("[0-9a-f]{32}", number):
        raise Problem(404, "upload_gone")
    return var_dir / FOLDER / number


@contextmanager
def _opened(path: Path) -> Iterator[ZipFile]:
    try:
        with ZipFile(path) as packed:
            yield packed
    except (BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:  # or encrypted
        raise invalid("file", "set_file_damaged") from error


def _members(packed: ZipFile) -> list[ZipInfo]:
    """Return the members to unpack. Python reads no more of a member than its stated size."""
    found = [one for one in packed.infolist() if _is_part_of_set(PurePosixPath(one.filename), one)]
    if len(packed.infolist()) > MAX_FILES or sum(one.file_size for one in found) > MAX_UNPACKED:
        raise invalid("file", "set_file_large")
    for name in (one.filename.replace("\\", "/") for one in packed.infolist()):
        if name.startswith("/") or ".." in name.split("/") or ":" in name:
            raise invalid("file", "set_file_unsafe")
    if not found:
        raise invalid("file", "set_file_kind")
    return found


def _is_part_of_set(name: PurePosixPath, member: ZipInfo) -> bool:
    suffix = name.suffix.lower()
    hidden = any(part.startswith((".", "__MACOSX")) for part in name.parts)
    packed = suffix == ".zip"
    return (suffix in HEADS or suffix in BESIDE) and not (hidden or packed or member.is_dir())


def _only_set(folder: Path) -> Path:
    """Return the one file that is a set, or the folder where each commune has its own file."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        if path.suffix.lower() in HEADS:
            _require_head(path)
    many = [path for path in files if path.suffix.lower() in JSON]
    alone = [path for path in files if path.suffix.lower() in HEADS and path not in many]
    if len(alone) == 1:
        return alone[0]
    if alone or not many:
        raise invalid("file", "set_file_several")
    return many[0] if len(many) == 1 else folder


def _require_head(path: Path) -> None:
    head = HEADS[path.suffix.lower()]
    with path.open("rb") as file:
        begins = file.read(64)
    begins = begins.lstrip(SPACE) if head == b"{" else begins
    if not begins.startswith(head):
        raise invalid("file", "set_file_kind")


def _sweep(folder: Path) -> None:
    """Delete files that were not read within a day."""
    for old in folder.glob("*"):
        if time.time() - old.stat().st_mtime > KEPT_S:
            shutil.rmtree(old, ignore_errors=True)
