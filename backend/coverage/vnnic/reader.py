"""Read VNNIC's counts from a table of its portal (CSV, XLSX) or from its Internet Atlas (JSON)."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from backend.errors import Problem, invalid
from backend.tables.reader import read_table
from backend.tables.table import ROWS_MOST, Header, Kind, Line, Table, normalize_title
from backend.team_import.rows import Remark
from geo.gazetteer import plain

# Known titles of each column; columns that a user named for a set of titles take precedence.
COLUMNS: dict[str, tuple[str, ...]] = {
    "code": ("ma", "ma xa", "ma don vi", "ma dvhc", "ma huyen", "ma tinh", "code", "unit code"),
    "name": ("ten", "ten don vi", "don vi", "dia phuong", "dia ban", "name", "unit"),
    "commune": ("xa", "phuong", "xa phuong", "ten xa", "xa/phuong", "phuong/xa", "commune"),
    "district": ("huyen", "quan", "ten huyen", "quan/huyen", "huyen/quan", "district"),
    "province": ("tinh", "ten tinh", "tinh thanh", "tinh/thanh pho", "tinh/tp", "province"),
    "samples": ("so mau", "so luong mau", "tong so mau", "so luot do", "samples", "value"),
    "download_mbps": ("download", "toc do download", "tai xuong", "toc do tai xuong"),
    "upload_mbps": ("upload", "toc do upload", "tai len", "toc do tai len"),
    "ping_ms": ("ping", "do tre", "latency"),
    "jitter_ms": ("jitter", "bien dong tre"),
}
TABLE = Kind(COLUMNS, "samples", "vnnic_no_header")
ABOVE = {"commune": ("district", "province"), "district": ("province",), "province": ()}
ATLAS = ("download", "upload", "ping", "jitter")
FIGURES = ("download_mbps", "upload_mbps", "ping_ms", "jitter_ms")
# Texts that VNNIC writes where it has too few samples (fewer than 30 in a month).
NOT_ENOUGH = ("khong du so mau", "khong du mau", "chua du so mau", "not enough samples")
BLANK = ("", "-", "--", "—", "n/a")

_WHOLE = re.compile(r"[0-9]{1,9}|[0-9]{1,3}(?:[.,\s][0-9]{3}){1,2}")  # 1234, 1.234, 1,234, 1 234
_SPEED = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,9})?")


@dataclass(slots=True)
class SourceRow:
    """One row of a file, its unit not yet matched."""

    line: int
    code: str = ""
    name: str = ""
    above: tuple[str, ...] = ()
    samples: int | None = None
    speeds: dict[str, float | None] = field(default_factory=dict)
    errors: list[Remark] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The rows of a file, and how they were read."""

    source: str  # table, atlas
    level: str
    rows: list[SourceRow]
    how: dict[str, str]
    columns: dict[str, str]  # title in the file of each known column
    ignored: tuple[str, ...] = ()
    titles: str = ""  # the digest of its set of titles


SavedColumns = Mapping[str, Mapping[str, str]]  # digest of a set of titles: column -> title


def parse_file(
    raw: bytes, level: str | None, columns: Mapping[str, str], saved: SavedColumns
) -> ParsedFile:
    """Parse a file; `columns` maps columns to titles, `saved` holds such mappings of earlier files.

    Raises Problem (422) if the file has no readable table.
    """
    if raw.lstrip()[:1] in (b"[", b"{"):
        return ParsedFile("atlas", level or "province", list(_atlas(raw)), {"format": "json"}, {})
    table = _table(raw, columns, saved)
    level, header = level or "commune", table.header
    return ParsedFile(
        "table",
        level,
        [_row(line, header, level) for line in table.rows],
        table.how,
        {name: header.titles_at[at] for name, at in header.at.items()},
        header.ignored,
        digest_of(header.titles),
    )


def digest_of(titles: Sequence[str]) -> str:
    """Return the digest of a set of titles, independent of their order and spelling."""
    return hashlib.sha256("\n".join(sorted(map(normalize_title, titles))).encode()).hexdigest()


def _kind(columns: Mapping[str, str]) -> Kind:
    """Return the table kind with titles given by a user; they replace the known titles."""
    given = {name: (normalize_title(title),) for name, title in columns.items()}
    taken = {title for titles in given.values() for title in titles}
    rest = {
        name: tuple(title for title in titles if title not in taken)
        for name, titles in COLUMNS.items()
        if name not in given
    }
    return replace(TABLE, columns=rest | given)


def _table(raw: bytes, columns: Mapping[str, str], saved: SavedColumns) -> Table:
    if columns:
        return read_table(raw, _kind(columns))
    try:
        table = read_table(raw, TABLE)
    except Problem:
        for digest, saved_columns in saved.items():
            if match := _table_with_titles(raw, digest, saved_columns):
                return match
        raise
    earlier = saved.get(digest_of(table.header.titles))
    return read_table(raw, _kind(earlier)) if earlier else table


def _table_with_titles(raw: bytes, digest: str, columns: Mapping[str, str]) -> Table | None:
    try:
        table = read_table(raw, _kind(columns))
    except Problem:
        return None
    return table if digest_of(table.header.titles) == digest else None


def _row(line: Line, header: Header, level: str) -> SourceRow:
    if line.malformed:
        return SourceRow(line.number, errors=[Remark("", line.malformed)])
    cells = {name: header.cell(line, name) for name in COLUMNS}
    row = SourceRow(line.number, cells["code"], cells[level] or cells["name"])
    row.above = tuple(cells[name] for name in ABOVE[level] if cells[name])
    for name, at in header.at.items():
        if code := line.errors.get(at):
            row.errors.append(Remark(name, code))
            cells[name] = ""
    _read_figures(row, cells)
    return row


def _read_figures(row: SourceRow, cells: Mapping[str, str]) -> None:
    for name in ("samples", *FIGURES):
        try:
            if name != "samples":
                row.speeds[name] = parse_speed(cells[name])
            elif not not_enough(cells):
                row.samples = parse_samples(cells[name])
        except ValueError as error:
            row.errors.append(Remark(name, str(error)))


def _atlas(raw: bytes) -> Iterator[SourceRow]:
    """Yield rows of `[{"code", "value", "download", "upload", "ping", "jitter"}]`.

    A value of 0 means "not enough samples".
    """
    try:
        places = json.loads(raw)
    except (ValueError, RecursionError):
        raise invalid("file", "not_json") from None
    if not isinstance(places, list):
        raise invalid("file", "not_list")
    if len(places) > ROWS_MOST:
        raise invalid("file", "too_many_rows")
    for number, place in enumerate(places, 1):
        yield _place(number, place)


def _place(number: int, place: Any) -> SourceRow:
    if not isinstance(place, dict):
        return SourceRow(number, errors=[Remark("", "not_object")])
    row = SourceRow(number, _cell_text(place.get("code")))
    cells = {name: _cell_text(place.get(key)) for name, key in zip(FIGURES, ATLAS, strict=True)}
    _read_figures(row, cells | {"samples": _cell_text(place.get("value"))})
    row.samples = row.samples or None
    return row


def not_enough(cells: Mapping[str, str]) -> bool:
    """Return whether a row states that VNNIC has too few samples; its 0 is then no value."""
    return any(phrase in plain(cell) for cell in cells.values() for phrase in NOT_ENOUGH)


def parse_samples(text: str) -> int | None:
    """Return the number of samples in a cell, None if blank; raise ValueError("not_whole")."""
    if plain(text) in BLANK or not_enough({"": text}):
        return None
    if not _WHOLE.fullmatch(text):
        raise ValueError("not_whole")
    return int(re.sub(r"\D", "", text))


def parse_speed(text: str) -> float | None:
    """Return a speed (Mbit/s) or delay (ms), None if blank; raise ValueError("not_number").

    0 becomes None: VNNIC writes 0 where it has too few samples.
    """
    if plain(text) in BLANK or not_enough({"": text}):
        return None
    if not _SPEED.fullmatch(text):
        raise ValueError("not_number")
    return float(text.replace(",", ".")) or None


def _cell_text(value: Any) -> str:
    """Return a JSON value of the Atlas as the text of a table cell."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return "" if value is None else "?"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
