"""Read VNNIC's counts from a table of its portal (CSV, XLSX) or from its Internet Atlas (JSON)."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from backend.coverage.vnnic.figures import FIGURES, not_enough, samples_of, speed_of, written
from backend.errors import Problem, invalid
from backend.tables.reader import read_table
from backend.tables.table import ROWS_MOST, Header, Kind, Line, Table, title_words
from backend.team_import.rows import Remark

# The words of a title by what the column holds; what a person says of a set of titles beats them.
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


@dataclass(slots=True)
class Given:
    """One row as it was sent: a unit in somebody else's words, and what VNNIC says of it."""

    line: int
    code: str = ""
    name: str = ""
    above: tuple[str, ...] = ()
    samples: int | None = None
    speeds: dict[str, float | None] = field(default_factory=dict)
    errors: list[Remark] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Read:
    """A file as it was read."""

    source: str  # table, atlas
    level: str
    rows: list[Given]
    how: dict[str, str]
    columns: dict[str, str]  # what each known column is called in the file
    ignored: tuple[str, ...] = ()
    titles: str = ""  # the digest of its set of titles


Learned = Mapping[str, Mapping[str, str]]  # by set of titles: which column is which


def read(raw: bytes, level: str | None, told: Mapping[str, str], learned: Learned) -> Read:
    """Read a file; `told` names columns by their titles, `learned` is what was told before."""
    if raw.lstrip()[:1] in (b"[", b"{"):
        return Read("atlas", level or "province", list(_atlas(raw)), {"format": "json"}, {})
    found = _table(raw, told, learned)
    level, header = level or "commune", found.header
    return Read(
        "table",
        level,
        [_row(line, header, level) for line in found.rows],
        found.how,
        {name: header.titles_at[at] for name, at in header.at.items()},
        header.ignored,
        digest_of(header.titles),
    )


def digest_of(titles: Sequence[str]) -> str:
    """Name a set of titles, in whatever order and spelling they stand."""
    return hashlib.sha256("\n".join(sorted(map(title_words, titles))).encode()).hexdigest()


def saying(told: Mapping[str, str]) -> Kind:
    """The columns of a table of which a person said which is which."""
    said = {name: (title_words(title),) for name, title in told.items()}
    taken = {words for known in said.values() for words in known}
    rest = {
        name: tuple(words for words in known if words not in taken)
        for name, known in COLUMNS.items()
        if name not in said
    }
    return replace(TABLE, columns=rest | said)


def _table(raw: bytes, told: Mapping[str, str], learned: Learned) -> Table:
    if told:
        return read_table(raw, saying(told))
    try:
        found = read_table(raw, TABLE)
    except Problem:
        for titles, known in learned.items():
            if table := _read_as(raw, titles, known):
                return table
        raise
    known_before = learned.get(digest_of(found.header.titles))
    return read_table(raw, saying(known_before)) if known_before else found


def _read_as(raw: bytes, titles: str, known: Mapping[str, str]) -> Table | None:
    try:
        found = read_table(raw, saying(known))
    except Problem:
        return None
    return found if digest_of(found.header.titles) == titles else None


def _row(line: Line, header: Header, level: str) -> Given:
    if line.broken:
        return Given(line.number, errors=[Remark("", line.broken)])
    cells = {name: header.cell(line, name) for name in COLUMNS}
    row = Given(line.number, cells["code"], cells[level] or cells["name"])
    row.above = tuple(cells[name] for name in ABOVE[level] if cells[name])
    for name, at in header.at.items():
        if code := line.wrong.get(at):
            row.errors.append(Remark(name, code))
            cells[name] = ""
    _read_figures(row, cells)
    return row


def _read_figures(row: Given, cells: Mapping[str, str]) -> None:
    for name in ("samples", *FIGURES):
        try:
            if name != "samples":
                row.speeds[name] = speed_of(cells[name])
            elif not not_enough(cells):
                row.samples = samples_of(cells[name])
        except ValueError as error:
            row.errors.append(Remark(name, str(error)))


def _atlas(raw: bytes) -> Iterator[Given]:
    """`[{"code", "value", "download", "upload", "ping", "jitter"}]`; 0 is "not enough samples"."""
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


def _place(number: int, place: Any) -> Given:
    if not isinstance(place, dict):
        return Given(number, errors=[Remark("", "not_object")])
    row = Given(number, written(place.get("code")))
    told = zip(FIGURES, ATLAS, strict=True)
    cells = {name: written(place.get(key)) for name, key in told}
    _read_figures(row, cells | {"samples": written(place.get("value"))})
    row.samples = row.samples or None
    return row
