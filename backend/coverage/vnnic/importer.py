"""Import VNNIC's own counts as a draft, which an official publishes; the import is idempotent.

Rows are matched to units by code, else by name, never by guessing.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, TypedDict

from sqlalchemy import Select, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import Actor, Scope, can, require
from backend.accounts.audit import record_act
from backend.clock import local_day, month_end, month_start
from backend.coverage.figures.unit_access import units_below
from backend.coverage.vnnic.models import VnnicCount
from backend.coverage.vnnic.reader import FIGURES, is_atlas, read_file
from backend.database.extensions import change_rows, db
from backend.errors import invalid
from backend.i18n.catalogues import Language
from backend.organisations.clusters import units_of
from backend.organisations.references import UnitBrief, serialize_units
from backend.organisations.scopes import unit_scope
from backend.tables.sheet_import import SheetRow, refuse_repeated
from backend.units.finder import UnitFinder, set_unit
from backend.units.index import NamedUnit, unit_index
from backend.units.search import choose_units
from backend.units.service import check_level, find

ACT = "vnnic.import"
# Codes of the General Statistics Office; a spreadsheet drops their leading zeros.
DIGITS = {"province": 2, "district": 3, "commune": 5}
HEADS = ("Mã", "Đơn vị", "Số mẫu")  # of a table's columns
VALUES = ("samples", *FIGURES, "source", "day")
# The messages of the team import mention communes of today; these are used instead.
UNFOUND = {
    "place_unknown": "vnnic_unit_unknown",
    "place_code_unknown": "vnnic_unit_unknown",
    "place_ambiguous": "vnnic_unit_ambiguous",
}

IsAllowed = Callable[[NamedUnit], bool]


def import_vnnic(
    actor: Actor,
    fetch: Callable[[], bytes],
    key: Mapping[str, str],
    *,
    day: date | None = None,
    level: str | None = None,
    home: int | None = None,
    dry_run: bool,
    now: datetime,
    language: Language,
) -> dict[str, Any]:
    """Match each row of a file to a unit; unless it is a dry run, store the rows with a unit.

    `key` is month and network; `day` is the one to which the table counts, by default today. A name
    of several communes means the one in `home`. An official may import units of their area.
    `source` of the answer is table or atlas.
    """
    own = actor.ids("official", "unit")
    require(actor, ACT, Scope(units=own, clusters=actor.ids("official", "cluster")))
    if month_start(key["month"]) > local_day(now):
        raise invalid("month", "month_in_future")
    day = _table_day(day, key["month"], now)
    raw = fetch()
    source = "atlas" if is_atlas(raw) else "table"
    level = level or {"atlas": "province", "table": "commune"}[source]
    last = month_end(key["month"])
    check_level(last, level)
    home = home or (next(iter(own)) if len(own) == 1 else None)
    choose = partial(choose_units, day=last, level=level)
    finder = UnitFinder(unit_index().on(last, level), choose, home, DIGITS[level])
    sheet, is_allowed = read_file(raw, level, finder.knows), _within_area(actor)
    for row in sheet.rows:
        if not row.errors:
            _match(row, finder, is_allowed)
    for row in sheet.rows:
        row.values |= {"source": source, "day": day}
    _compare(sheet.rows, key)
    if not dry_run:
        _write(sheet.rows, key, now)
        record_act(
            actor, ACT, f"vnnic:{key['month']}:{key['network']}",
            file=sheet.digest, level=level, source=source, day=day.isoformat(), totals=sheet.totals,
        )  # fmt: skip
        db.session.commit()
    about = {**key, "level": level, "source": source, "day": day, "dry_run": dry_run}
    return sheet.answer(language, _describe, columns=sheet.columns, **about)


def _table_day(day: date | None, month: str, now: datetime) -> date:
    """Return the day to which a month's table counts, by default today."""
    today = local_day(now)
    if day and day > today:
        raise invalid("day", "day_in_future")
    if day and day < month_start(month):
        raise invalid("day", "vnnic_day_before_month")
    return day or today


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
    elif found.unit and found.note == "place_was":  # with other ground, and other samples
        row.refuse("unit", "place_was_which", found.unit.label)
    else:
        set_unit(row, "unit", found, UNFOUND)


def _compare(rows: Sequence[SheetRow], key: Mapping[str, str]) -> None:
    """Refuse repeated units, and find the values published for the others."""
    refuse_repeated(rows, lambda row: row.unit_id, "unit", "vnnic_unit_twice")
    stored = select(VnnicCount.unit_id, *(getattr(VnnicCount, name) for name in VALUES)).where(
        VnnicCount.month == key["month"],
        VnnicCount.network == key["network"],
        VnnicCount.unit_id.in_({row.unit_id for row in rows if row.unit_id}),
        ~VnnicCount.draft,
    )
    by_unit = {one.unit_id: one for one in db.session.execute(stored)}
    for row in rows:
        row.stored = by_unit.get(row.unit_id)


def _within_area(actor: Actor) -> IsAllowed:
    """Return a test whether a place lies in the actor's area: their units and clusters."""
    clusters = actor.ids("official", "cluster")
    communes = {cluster: units_of(cluster) for cluster in clusters}

    def is_allowed(place: NamedUnit) -> bool:
        around = frozenset(one for one, units in communes.items() if units & place.lies_in)
        return can(actor, ACT, Scope(units=place.lies_in, clusters=around))

    return is_allowed


def _write(rows: Sequence[SheetRow], key: Mapping[str, str], now: datetime) -> None:
    """Replace the drafts of the file's units by what differs from their published counts."""
    draft = {**key, "draft": True}
    units = [row.unit_id for row in rows if row.outcome != "error"]
    db.session.execute(delete(VnnicCount).filter_by(**draft).where(VnnicCount.unit_id.in_(units)))
    changed = [
        {**draft, "unit_id": row.unit_id, **row.values, "imported_at": now}
        for row in rows
        if row.outcome in ("create", "update")
    ]
    if changed:
        db.session.execute(insert(VnnicCount), changed)


def _describe(row: SheetRow) -> dict[str, Any]:
    return {"name": row.name, "unit": row.unit or None, "samples": row.values.get("samples")}


STATES = ("published", "draft", "removed")


class TableChange(TypedDict):
    """A month's table of a unit and those below it, and what to make of it."""

    month: str  # YYYY-MM
    network: str  # mobile, fixed
    level: str | None  # of the unit, where levels share its code
    state: str  # of STATES
    preview: bool  # change nothing


class TableRow(TypedDict):
    """VNNIC's samples of a unit that the public sees; null: no row, or too few samples."""

    unit: UnitBrief
    before: int | None
    after: int | None
    too_few_before: bool  # VNNIC's table says "not enough samples"
    too_few_after: bool


class TableEffect(TypedDict):
    """What a change of a table's state shows or hides."""

    month: str
    network: str
    state: str
    preview: bool
    rows: list[TableRow]


def set_table_state(actor: Actor, code: str, data: TableChange) -> TableEffect:
    """Publish the draft of a unit and those below it, take their table back, or remove the draft.

    A table that is taken back is a draft again, in place of one that there may be. With `preview`
    nothing changes.
    """
    month, state = data["month"], data["state"]
    unit = find(month_end(month), code, data["level"])
    require(actor, ACT, unit_scope(unit.id))
    key = {"month": month, "network": data["network"]}
    below = _counts(key, units_below(unit.id), draft=state != "draft")
    moved = dict(db.session.execute(below.with_for_update()).all())
    before = dict(db.session.execute(_counts(key, moved, draft=False)).all())
    after = moved if state == "published" else {}
    effect: TableEffect = {
        "month": month,
        "network": data["network"],
        "state": state,
        "preview": data["preview"],
        "rows": _moved_rows(moved, before, after),
    }
    if not data["preview"]:
        rows = VnnicCount.unit_id.in_(moved)
        change_rows(delete(VnnicCount).filter_by(**key, draft=state != "published").where(rows))
        if state != "removed":
            kept = update(VnnicCount).filter_by(**key).where(rows)
            change_rows(kept.values(draft=state == "draft"))
        record_act(actor, f"vnnic.{state}", f"unit:{unit.id}", **key, rows=len(moved))
        db.session.commit()
    return effect


Samples = Mapping[int, int | None]  # VNNIC's count by unit; null: too few samples


def _moved_rows(moved: Samples, before: Samples, after: Samples) -> list[TableRow]:
    """Return what the public sees of each moved unit before and after."""
    return [
        {
            "unit": reference,
            "before": before.get(unit_id),
            "after": after.get(unit_id),
            "too_few_before": unit_id in before and before[unit_id] is None,
            "too_few_after": unit_id in after and after[unit_id] is None,
        }
        for unit_id, reference in serialize_units(moved).items()
        if unit_id is not None
    ]


def _counts(
    key: Mapping[str, str], units: Collection[int], *, draft: bool
) -> Select[int, int | None]:
    """Select units and samples of published counts, or of a draft."""
    query = select(VnnicCount.unit_id, VnnicCount.samples).filter_by(**key, draft=draft)
    return query.where(VnnicCount.unit_id.in_(units))
