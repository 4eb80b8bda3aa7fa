"""Import VNNIC's own counts, with a dry run; the import is idempotent.

Rows are matched to units by code, else by name, never by guessing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
    SavedColumns,
    digest_of_titles,
    is_atlas,
    read_file,
)
from backend.database.extensions import db
from backend.errors import invalid
from backend.i18n.catalogues import Language
from backend.organisations.clusters import units_of
from backend.tables.sheet_import import SheetImport, SheetRow, refuse_repeated
from backend.units.finder import UnitFinder, set_unit
from backend.units.index import NamedUnit, unit_index
from backend.units.service import check_level

ACT = "vnnic.import"
# Codes of the General Statistics Office; a spreadsheet drops their leading zeros.
DIGITS = {"province": 2, "district": 3, "commune": 5}
# Saved sets of titles that are tried on a file with unknown titles.
MAX_SAVED_COLUMNS = 50
VALUES = ("samples", *FIGURES, "source")
# The messages of the team import mention communes of today; these are used instead.
UNFOUND = {
    "place_unknown": "vnnic_unit_unknown",
    "place_code_unknown": "vnnic_unit_unknown",
    "place_ambiguous": "vnnic_unit_ambiguous",
}

IsAllowed = Callable[[NamedUnit], bool]


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
    source: str  # table, atlas
    level: str
    sheet: SheetImport
    dry_run: bool

    def serialize(self, language: Language) -> dict[str, Any]:
        """Return the answer of VnnicImportSchema."""
        return self.sheet.answer(
            language,
            _describe,
            dry_run=self.dry_run,
            month=self.options.month,
            network=self.options.network,
            level=self.level,
            source=self.source,
            columns=self.sheet.columns,
        )


def import_vnnic(
    actor: Actor,
    fetch: Callable[[], bytes],
    options: ImportOptions,
    *,
    dry_run: bool,
    now: datetime,
) -> ImportResult:
    """Match each row of a file to a unit; unless it is a dry run, store the rows with a unit.

    An official may import units of their area.
    """
    own = actor.ids("official", "unit")
    require(actor, ACT, Scope(units=own, clusters=actor.ids("official", "cluster")))
    if month_start(options.month) > local_day(now):
        raise invalid("month", "month_in_future")
    if set(options.columns or {}) - set(COLUMNS):
        raise invalid("columns", "not_one_of")
    raw = fetch()
    source = "atlas" if is_atlas(raw) else "table"
    level = options.level or {"atlas": "province", "table": "commune"}[source]
    sheet = read_file(raw, level, options.columns or {}, _saved_columns())
    day = month_end(options.month)
    check_level(day, level)
    home = options.home or (next(iter(own)) if len(own) == 1 else None)
    finder = UnitFinder(unit_index().on(day, level), home, DIGITS[level])
    is_allowed = _within_area(actor)
    for row in sheet.rows:
        if not row.errors:
            _match(row, finder, is_allowed)
    _compare(sheet.rows, source, options)
    result = ImportResult(options, source, level, sheet, dry_run)
    if not dry_run:
        _write(result, now)
        record_act(
            actor, ACT, f"vnnic:{options.month}:{options.network}",
            file=sheet.digest, level=level, source=source, totals=sheet.totals,
        )  # fmt: skip
        db.session.commit()
    return result


def _match(row: SheetRow, finder: UnitFinder, is_allowed: IsAllowed) -> None:
    """Find a row's unit by code, else by name; the name must agree with the code.

    Most codes of 2024 have been assigned to other units since.
    """
    code, name = row.cells["code"], row.cells["name"]
    if not (code or name):
        row.refuse("unit", "required")
        return
    if not code and row.cells["above"]:
        name = f"{name}, {row.cells['above']}"
    found = finder.find_named(code, name, "vnnic_code_not_name")
    if found.unit and not is_allowed(found.unit):
        row.refuse("unit", "vnnic_outside_area", found.unit.label)
    else:
        set_unit(row, "unit", found, UNFOUND)


def _compare(rows: Sequence[SheetRow], source: str, options: ImportOptions) -> None:
    """Refuse repeated units, and find the values stored for the others."""
    refuse_repeated(rows, lambda row: row.unit_id, "unit", "vnnic_unit_twice")
    stored = select(VnnicCount.unit_id, *(getattr(VnnicCount, name) for name in VALUES)).where(
        VnnicCount.month == options.month,
        VnnicCount.network == options.network,
        VnnicCount.unit_id.in_({row.unit_id for row in rows if row.unit_id}),
    )
    by_unit = {one.unit_id: one for one in db.session.execute(stored)}
    for row in rows:
        row.values["source"] = source
        row.stored = by_unit.get(row.unit_id)


def _within_area(actor: Actor) -> IsAllowed:
    """Return a test whether a place lies in the actor's area: their units and clusters."""
    clusters = actor.ids("official", "cluster")
    communes = {cluster: units_of(cluster) for cluster in clusters}

    def is_allowed(place: NamedUnit) -> bool:
        around = frozenset(one for one, units in communes.items() if units & place.lies_in)
        return can(actor, ACT, Scope(units=place.lies_in, clusters=around))

    return is_allowed


def _saved_columns() -> SavedColumns:
    """Return the columns named in earlier imports, latest first."""
    latest = select(VnnicColumns).order_by(VnnicColumns.learned_at.desc())
    rows = db.session.scalars(latest.limit(MAX_SAVED_COLUMNS))
    return {row.titles: row.columns for row in rows}


def _write(result: ImportResult, now: datetime) -> None:
    options, sheet = result.options, result.sheet
    key = {"month": options.month, "network": options.network}
    changed = [
        {**key, "unit_id": row.unit_id, **row.values, "imported_at": now}
        for row in sheet.rows
        if row.outcome in ("create", "update")
    ]
    if changed:
        add = insert(VnnicCount)
        fresh = {name: getattr(add.excluded, name) for name in (*VALUES, "imported_at")}
        db.session.execute(
            add.on_conflict_do_update(index_elements=["month", "network", "unit_id"], set_=fresh),
            changed,
        )
    if options.columns and result.source == "table":
        add = insert(VnnicColumns).values(
            titles=digest_of_titles(sheet), columns=dict(options.columns), learned_at=now
        )
        fresh = {"columns": add.excluded.columns, "learned_at": now}
        db.session.execute(add.on_conflict_do_update(index_elements=["titles"], set_=fresh))


def _describe(row: SheetRow) -> dict[str, Any]:
    return {"name": row.name, "unit": row.unit or None, "samples": row.values.get("samples")}
