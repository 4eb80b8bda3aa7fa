"""Read VNNIC's counts from a table of its portal (CSV, XLSX) or from its Internet Atlas (JSON)."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from backend.errors import invalid
from backend.tables.reader import read_table
from backend.tables.sheet_import import Remark, SheetImport, SheetRow, digest_of, sheet_of
from backend.tables.table import MAX_ROWS, Header, Kind, Table
from geo.gazetteer import plain

# Known titles of each column.
COLUMNS: dict[str, tuple[str, ...]] = {
    "code": ("ma", "ma xa", "ma don vi", "ma dvhc", "ma huyen", "ma tinh", "code", "unit code"),
    "name": (
        "ten",
        "ten don vi",
        "don vi",
        "don vi hanh chinh",
        "ten don vi hanh chinh",
        "dvhc",
        "ten dvhc",
        "dia phuong",
        "dia ban",
        "name",
        "unit",
    ),
    "commune": (
        "xa",
        "phuong",
        "xa phuong",
        "xa, phuong",
        "phuong, xa",
        "xa, phuong, dac khu",
        "ten xa",
        "ten xa phuong",
        "ten xa, phuong",
        "xa/phuong",
        "phuong/xa",
        "cap xa",
        "commune",
    ),
    "district": ("huyen", "quan", "ten huyen", "quan/huyen", "huyen/quan", "district"),
    "province": ("tinh", "ten tinh", "tinh thanh", "tinh/thanh pho", "tinh/tp", "province"),
    "samples": ("so mau", "so luong mau", "tong so mau", "so luot do", "samples", "value"),
    "download_mbps": ("download", "toc do download", "tai xuong", "toc do tai xuong"),
    "upload_mbps": ("upload", "toc do upload", "tai len", "toc do tai len"),
    "ping_ms": ("ping", "do tre", "latency"),
    "jitter_ms": ("jitter", "bien dong tre"),
}
TABLE = Kind(COLUMNS, "samples", "vnnic_no_header")
# The last row of a table, which is no unit.
TOTALS = ("tong", "tong cong", "tong so", "cong", "toan tinh", "toan thanh pho", "total")
# Of a column's cells, the least share of names of units: some are misspelt, or of ended units.
LEAST_NAMES = 0.8
ABOVE = {"commune": ("district", "province"), "district": ("province",), "province": ()}
FIGURES = ("download_mbps", "upload_mbps", "ping_ms", "jitter_ms")
# Names of the Internet Atlas.
ATLAS = {"code": "code", "samples": "value", "download_mbps": "download", "upload_mbps": "upload",
         "ping_ms": "ping", "jitter_ms": "jitter"}  # fmt: skip
# Texts that VNNIC writes where it has too few samples (fewer than 30 in a month).
NOT_ENOUGH = ("khong du so mau", "khong du mau", "chua du so mau", "not enough samples")
BLANK = ("", "-", "--", "—", "n/a")

_WHOLE = re.compile(r"[0-9]{1,9}|[0-9]{1,3}(?:[.,\s][0-9]{3}){1,2}")  # 1234, 1.234, 1,234, 1 234
_SPEED = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,9})?")


def read_file(raw: bytes, level: str, is_name: Callable[[str], bool]) -> SheetImport:
    """Read a file; raise Problem (422) if it has no readable table.

    Without a column of units by its title, it is the one whose cells are names of units
    (`is_name`).
    """
    if is_atlas(raw):
        return SheetImport(_atlas(raw), digest_of(raw), {"format": "json"})
    table = read_table(raw, TABLE)
    if not table.header.at.keys() & {"code", "name", level}:
        table = replace(table, header=_with_names(table, is_name))
    sheet = sheet_of(table, raw, TABLE)
    for row in sheet.rows:
        if not row.errors:
            _read_row(row, level)
    sheet.rows[:] = [row for row in sheet.rows if not _is_total(row)]
    return sheet


def _with_names(table: Table, is_name: Callable[[str], bool]) -> Header:
    """Return the header with the only column of names of units; 422 for none, or for several."""
    header = table.header
    found = [
        at
        for at in set(range(len(header.titles))) - set(header.at.values())
        if _are_names([line.cells[at] for line in table.rows if at < len(line.cells)], is_name)
    ]
    if len(found) != 1:
        raise invalid("file", "vnnic_no_unit_column", ", ".join(filter(None, header.titles)))
    [at] = found
    ignored = tuple(one for one in header.ignored if one != header.titles[at])
    return replace(header, at={**header.at, "name": at}, ignored=ignored)


def _are_names(cells: Sequence[str], is_name: Callable[[str], bool]) -> bool:
    """Return whether most cells of a column, but for blank ones and sums, are names of units."""
    texts = [cell for cell in cells if cell.strip() and plain(cell).strip(" .:") not in TOTALS]
    return bool(texts) and sum(map(is_name, texts)) >= LEAST_NAMES * len(texts)


def _is_total(row: SheetRow) -> bool:
    """Return whether a row sums the others."""
    return not row.cells.get("code") and plain(row.name).strip(" .:") in TOTALS


def is_atlas(raw: bytes) -> bool:
    """Return whether a file is the JSON of the Internet Atlas."""
    return raw.lstrip()[:1] in (b"[", b"{")


def _read_row(row: SheetRow, level: str) -> None:
    """Read a row of a table: the name of its unit, those of the units above it, its figures."""
    cells = row.cells
    cells["name"] = cells[level] or cells["name"]
    cells["above"] = ", ".join(cells[name] for name in ABOVE[level] if cells[name])
    row.name = cells["name"] or cells["code"]
    for name, code in row.lost.items():
        row.refuse(name, code)
        cells[name] = ""
    _read_figures(row)


def _read_figures(row: SheetRow) -> None:
    if any(map(not_enough, row.cells.values())):
        row.cells["samples"] = ""  # its 0 is no value
    readers: dict[str, Callable[[str], float | None]] = dict.fromkeys(FIGURES, parse_speed)
    for name, parse in ({"samples": parse_samples} | readers).items():
        try:
            row.values[name] = parse(row.cells[name])
        except ValueError as error:
            row.refuse(name, str(error))


def _atlas(raw: bytes) -> list[SheetRow]:
    """Return rows of `[{"code", "value", "download", "upload", "ping", "jitter"}]`.

    A value of 0 means "not enough samples".
    """
    try:
        places = json.loads(raw)
    except (ValueError, RecursionError):
        raise invalid("file", "not_json") from None
    if not isinstance(places, list):
        raise invalid("file", "not_list")
    if len(places) > MAX_ROWS:
        raise invalid("file", "too_many_rows")
    return [_place(number, place) for number, place in enumerate(places, 1)]


def _place(number: int, place: Any) -> SheetRow:
    if not isinstance(place, dict):
        return SheetRow(number, errors=[Remark("", "not_object")])
    cells = {name: _cell_text(place.get(key)) for name, key in ATLAS.items()}
    row = SheetRow(number, {**cells, "name": "", "above": ""}, name=cells["code"])
    _read_figures(row)
    row.values["samples"] = row.values.get("samples") or None
    return row


def not_enough(text: str) -> bool:
    """Return whether a cell states that VNNIC has too few samples."""
    words = plain(text)
    return any(phrase in words for phrase in NOT_ENOUGH)


def parse_samples(text: str) -> int | None:
    """Return the number of samples in a cell, None if blank; ValueError with a code otherwise."""
    if plain(text) in BLANK or not_enough(text):
        return None
    if not _WHOLE.fullmatch(text):
        raise ValueError("vnnic_not_samples")
    return int(re.sub(r"\D", "", text))


def parse_speed(text: str) -> float | None:
    """Return a speed (Mbit/s) or delay (ms), None if blank; raise ValueError("not_number").

    0 becomes None: VNNIC writes 0 where it has too few samples.
    """
    if plain(text) in BLANK or not_enough(text):
        return None
    if not _SPEED.fullmatch(text):
        raise ValueError("vnnic_not_speed")
    return float(text.replace(",", ".")) or None


def _cell_text(value: Any) -> str:
    """Return a JSON value of the Atlas as the text of a table cell."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return "" if value is None else "?"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
