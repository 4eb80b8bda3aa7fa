"""A folder of boundary sets with its sets.toml, which describes each file."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from .gazetteer import SYSTEMS
from .polygons import BoundaryError

CATALOGUE = "sets.toml"
QUALITIES = ("published", "derived", "approximate")
SUFFIXES = (".parquet", ".geoparquet", ".gpkg", ".shp", ".geojson", ".json")
REQUIRED = {"file", "system", "valid_from", "quality"}
FIELDS = REQUIRED | {"valid_to", "note", "active"}


@dataclass(frozen=True, slots=True)
class SetSource:
    """One set as ``sets.toml`` names it; ``path`` is its file, ``valid_to`` its last day."""

    name: str
    path: Path
    system: str
    valid_from: date
    valid_to: date | None
    quality: str
    note: str | None
    active: bool


def read_catalogue(folder: Path | str) -> list[SetSource]:
    """Read the boundary sets of a folder from its ``sets.toml``.

    Parameters
    ----------
    folder : path
        With ``sets.toml``, one table a set: ``file``, ``system`` ("2024" or "2025"),
        ``valid_from``, ``quality`` ("published", "derived" or "approximate"), and optionally
        ``valid_to``, ``note``, ``active`` (true by default).

    Returns
    -------
    list of SetSource
        In the file's order; empty if the folder has no ``sets.toml``.

    Raises
    ------
    BoundaryError
        Naming the file, the set and the field that is wrong.
    """
    folder = Path(folder)
    path = folder / CATALOGUE
    if not path.exists():
        return []
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:  # RecursionError: deeply nested lists
        raise BoundaryError(f"{path}: cannot be read ({error})") from error
    return [_source(folder, path, name, table) for name, table in tables.items()]


def files_in(folder: Path | str) -> list[Path]:
    """Return the boundary files of a folder by name, listed in ``sets.toml`` or not."""
    files = Path(folder).iterdir()
    return sorted(file for file in files if file.suffix.lower() in SUFFIXES and file.is_file())


def unlisted(folder: Path | str, catalogue: Sequence[SetSource] | None = None) -> list[Path]:
    """Return the boundary files of a folder that its ``sets.toml`` does not name.

    Parameters
    ----------
    folder : path
    catalogue : sequence of SetSource, optional
        The result of :func:`read_catalogue`; read if not given.

    Returns
    -------
    list of Path
        Files to warn about, since they are skipped.
    """
    sources = read_catalogue(folder) if catalogue is None else catalogue
    named = {source.path.resolve() for source in sources}
    return [file for file in files_in(folder) if file.resolve() not in named]


def _source(folder: Path, path: Path, name: str, table: Any) -> SetSource:
    where = f"{path}: set {name!r}"
    if not isinstance(table, dict):
        raise BoundaryError(f"{where}: is no table; write [{name}] and its fields below")
    _refuse_fields(where, table)
    file = folder / _field(where, table, "file", str)
    if not file.resolve().is_relative_to(folder.resolve()):
        raise BoundaryError(f"{where}: file {table['file']!r} lies outside the folder")
    if not file.exists():
        raise BoundaryError(f"{where}: file {table['file']!r} does not exist")
    source = SetSource(
        name=name,
        path=file,
        system=_one_of(where, table, "system", SYSTEMS),
        valid_from=_field(where, table, "valid_from", date),
        valid_to=_field(where, table, "valid_to", date) if "valid_to" in table else None,
        quality=_one_of(where, table, "quality", QUALITIES),
        note=_field(where, table, "note", str) if "note" in table else None,
        active=_field(where, table, "active", bool) if "active" in table else True,
    )
    if source.valid_to is not None and source.valid_to < source.valid_from:
        raise BoundaryError(f"{where}: valid_to is before valid_from")
    return source


def _refuse_fields(where: str, table: dict[str, Any]) -> None:
    missing = sorted(REQUIRED - set(table))
    if missing:
        raise BoundaryError(f"{where}: lacks {', '.join(missing)}")
    unknown = sorted(set(table) - FIELDS)
    if unknown:
        raise BoundaryError(f"{where}: has unknown fields {', '.join(unknown)}")


def _field(where: str, table: dict[str, Any], field: str, kind: type) -> Any:
    value = table[field]
    # A TOML date and time is a date to Python; here it would be a day with a hidden hour.
    if not isinstance(value, kind) or isinstance(value, datetime):
        raise BoundaryError(f"{where}: {field} must be a {kind.__name__}, not {value!r}")
    return value


def _one_of(where: str, table: dict[str, Any], field: str, allowed: Sequence[str]) -> str:
    value = table[field]
    if value not in allowed:
        raise BoundaryError(f"{where}: {field} must be one of {', '.join(allowed)}, not {value!r}")
    return str(value)
