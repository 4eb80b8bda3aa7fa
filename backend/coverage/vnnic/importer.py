"""Import VNNIC's own counts, with a dry run; the import is idempotent.

Rows are matched to units by code, else by name, never by guessing.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import Actor, Scope, can, require
from backend.accounts.audit import record_act
from backend.clock import local_day, month_end, month_start
from backend.coverage.vnnic.models import VnnicColumns, VnnicCount
from backend.coverage.vnnic.reader import (
    COLUMNS,
    FIGURES,
    ParsedFile,
    SavedColumns,
    SourceRow,
    parse_file,
)
from backend.database.extensions import db
from backend.errors import invalid
from backend.i18n.catalogues import Language
from backend.organisations.clusters import units_of
from backend.team_import.rows import Remark, count_outcomes
from backend.team_import.service import serialize_remarks
from backend.team_import.unit_finder import Match, UnitFinder
from backend.units.index import NamedUnit, unit_index
from backend.units.search import is_called
from backend.units.service import check_level

# The messages of the team import mention communes of today; these are used instead.
UNFOUND = {
    "place_unknown": "vnnic_unit_unknown",
    "place_code_unknown": "vnnic_unit_unknown",
    "place_ambiguous": "vnnic_unit_ambiguous",
}

Values = Mapping[str, Any]


@dataclass(slots=True)
class ImportRow:
    """A row, its unit, and the values stored for that unit before the import."""

    line: int
    name: str
    values: dict[str, Any]
    place: NamedUnit | None = None
    before: Values | None = None
    errors: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        if self.errors or self.place is None:
            return "error"
        if self.before is None:
            return "create"
        return "unchanged" if self.before == self.values else "update"


def match_rows(
    source_rows: Iterable[SourceRow],
    source: str,
    places: UnitFinder,
    is_allowed: Callable[[NamedUnit], bool],
) -> list[ImportRow]:
    """Match every row to a unit; ambiguous, forbidden and repeated units become errors."""
    rows, lines = [], dict[int, int]()
    for one in source_rows:
        values = {"samples": one.samples, **one.speeds, "source": source}
        row = ImportRow(one.line, one.name or one.code, values, errors=list(one.errors))
        rows.append(row)
        if not one.errors:
            _set_place(row, _find(one, places), is_allowed, lines)
    return rows


def _set_place(
    row: ImportRow, found: Match, is_allowed: Callable[[NamedUnit], bool], lines: dict[int, int]
) -> None:
    if found.unit is None:
        code = UNFOUND.get(found.error or "", found.error or "")
        row.errors.append(Remark("unit", code, found.candidates))
        return
    if not is_allowed(found.unit):
        row.errors.append(Remark("unit", "vnnic_outside_area", (found.unit.label,)))
        return
    row.place = found.unit
    if found.note:
        row.notes.append(Remark("unit", found.note, (found.unit.label,)))
    first = lines.setdefault(found.unit.id, row.line)
    if first != row.line:
        row.errors.append(Remark("unit", "vnnic_unit_twice", (str(first),)))


def _find(row: SourceRow, places: UnitFinder) -> Match:
    """Find a row's unit by code, else by name; the name must agree with the code.

    Most codes of 2024 have been assigned to other units since.
    """
    if not row.code:
        return places.find(", ".join([row.name, *row.above])) if row.name else NAMELESS
    by_code = places.find(row.code)
    if by_code.unit is None or not row.name or is_called(by_code.unit, row.name):
        return by_code
    return Match(error="vnnic_code_not_name", candidates=(by_code.unit.label, row.name))


NAMELESS = Match(error="required")


ACT = "vnnic.import"
# Codes of the General Statistics Office; a spreadsheet drops their leading zeros.
DIGITS = {"province": 2, "district": 3, "commune": 5}
# Saved sets of titles that are tried on a file with unknown titles.
SAVED_COLUMNS_MOST = 50
VALUES = ("samples", *FIGURES, "source")


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the file itself does not contain: month, network, level, and titles of columns."""

    month: str
    network: str
    level: str | None = None
    columns: Mapping[str, str] | None = None  # column: its title
    home: int | None = None  # unit whose communes are meant by a name of several


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The result of an import or of its dry run."""

    options: ImportOptions
    file: ParsedFile
    rows: Sequence[ImportRow]
    dry_run: bool

    @property
    def totals(self) -> dict[str, int]:
        return count_outcomes(row.outcome for row in self.rows)


def import_vnnic(
    actor: Actor | None,
    fetch: Callable[[], bytes],
    options: ImportOptions,
    *,
    dry_run: bool,
    now: datetime,
) -> ImportResult:
    """Match each row of a file to a unit; unless it is a dry run, store the rows with a unit.

    An official may import units of their area; `actor` is None at the operator's shell.
    """
    if actor is not None:
        units = actor.ids("official", "unit")
        require(actor, ACT, Scope(units=units, clusters=actor.ids("official", "cluster")))
    _check(options, now)
    raw = fetch()
    file = parse_file(raw, options.level, options.columns or {}, _saved_columns())
    day = month_end(options.month)
    check_level(day, file.level)
    own = actor.ids("official", "unit") if actor else frozenset()
    home = options.home or (next(iter(own)) if len(own) == 1 else None)
    places = UnitFinder(unit_index().on(day, file.level), home, DIGITS[file.level])
    rows = match_rows(file.rows, file.source, places, _within_area(actor))
    before = _stored_values(options, rows)
    for row in rows:
        row.before = before.get(row.place.id) if row.place else None
    result = ImportResult(options, file, rows, dry_run)
    if not dry_run:
        _write(result, now)
        _record(actor, raw, result)
        db.session.commit()
    return result


def _check(options: ImportOptions, now: datetime) -> None:
    if month_start(options.month) > local_day(now):
        raise invalid("month", "month_in_future")
    if set(options.columns or {}) - set(COLUMNS):
        raise invalid("columns", "not_one_of")


def _within_area(actor: Actor | None) -> Callable[[NamedUnit], bool]:
    """Return a test whether a place lies in the actor's area: their units and clusters."""
    clusters = actor.ids("official", "cluster") if actor else ()
    communes = {cluster: units_of(cluster) for cluster in clusters}

    def is_allowed(place: NamedUnit) -> bool:
        around = frozenset(one for one, units in communes.items() if units & place.lies_in)
        return actor is None or can(actor, ACT, Scope(units=place.lies_in, clusters=around))

    return is_allowed


def _saved_columns() -> SavedColumns:
    """Return the columns named in earlier imports, latest first."""
    latest = select(VnnicColumns).order_by(VnnicColumns.learned_at.desc())
    rows = db.session.scalars(latest.limit(SAVED_COLUMNS_MOST))
    return {row.titles: row.columns for row in rows}


def _stored_values(options: ImportOptions, rows: Sequence[ImportRow]) -> dict[int, dict[str, Any]]:
    units = {row.place.id for row in rows if row.place}
    query = select(VnnicCount).where(
        VnnicCount.month == options.month,
        VnnicCount.network == options.network,
        VnnicCount.unit_id.in_(units),
    )
    return {
        row.unit_id: {name: getattr(row, name) for name in VALUES}
        for row in db.session.scalars(query)
    }


def _write(result: ImportResult, now: datetime) -> None:
    key = {"month": result.options.month, "network": result.options.network}
    changed = [
        {**key, "unit_id": row.place.id, **row.values, "imported_at": now}
        for row in result.rows
        if row.place and row.outcome in ("create", "update")
    ]
    if changed:
        add = insert(VnnicCount)
        fresh = {name: getattr(add.excluded, name) for name in (*VALUES, "imported_at")}
        db.session.execute(
            add.on_conflict_do_update(index_elements=["month", "network", "unit_id"], set_=fresh),
            changed,
        )
    if result.options.columns and result.file.titles:
        add = insert(VnnicColumns).values(
            titles=result.file.titles, columns=dict(result.options.columns), learned_at=now
        )
        fresh = {"columns": add.excluded.columns, "learned_at": now}
        db.session.execute(add.on_conflict_do_update(index_elements=["titles"], set_=fresh))


def _record(actor: Actor | None, raw: bytes, result: ImportResult) -> None:
    subject = f"vnnic:{result.options.month}:{result.options.network}"
    facts: dict[str, Any] = {
        "file": hashlib.sha256(raw).hexdigest(),
        "level": result.file.level,
        "source": result.file.source,
        "totals": result.totals,
    }
    record_act(actor, ACT, subject, **facts)


def serialize_import(result: ImportResult, language: Language) -> dict[str, Any]:
    """Return the API representation of an import, with messages in `language`."""
    return {
        "dry_run": result.dry_run,
        "month": result.options.month,
        "network": result.options.network,
        "level": result.file.level,
        "source": result.file.source,
        "read_as": result.file.how,
        "columns": result.file.columns,
        "ignored_columns": list(result.file.ignored),
        "totals": result.totals,
        "rows": [_serialize_row(row, language) for row in result.rows],
    }


def _serialize_row(row: ImportRow, language: Language) -> dict[str, Any]:
    return {
        "line": row.line,
        "outcome": row.outcome,
        "name": row.name,
        "unit": row.place.label if row.place else None,
        "samples": row.values["samples"],
        "errors": serialize_remarks(row.errors, language),
        "notes": serialize_remarks(row.notes, language),
    }
