"""Letterheads of a unit's letters, each valid from a day on."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.clock import local_day
from backend.coverage.figures.unit_access import serialize_unit
from backend.database.extensions import db
from backend.database.locks import LETTERHEAD_LOCK, hold
from backend.http import etags
from backend.organisations.scopes import authorized_unit_on, unit_scope
from backend.reports.content.labels import LetterheadContent, default_letterhead
from backend.reports.monthly.models import Letterhead
from backend.units.models import Unit
from backend.units.service import UnitRow, find

NAMES = tuple(LetterheadContent.__annotations__)


def letterhead_on(unit: UnitRow, day: date) -> LetterheadContent:
    """Return the letterhead of a unit on a day, the default one where none was set."""
    return _content(unit, _row_on(unit.id, day), day)


def references_on(unit: UnitRow, day: date) -> list[str]:
    """Return the documents that a unit's letters answer: its own, else those of a unit above."""
    row = db.session.get_one(Unit, unit.id)
    for unit_id in (row.id, row.parent_id, row.province_id):
        letterhead = _row_on(unit_id, day) if unit_id is not None else None
        if letterhead and letterhead.references:
            return letterhead.references
    return []


def show_letterhead(
    actor: Actor, code: str, query: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Return the letterhead of a day to officials of the unit."""
    day = query["as_of"] or local_day(now)
    return _serialize(authorized_unit_on(actor, "report.read", code, query["level"], day), day)


def set_letterhead(
    actor: Actor,
    code: str,
    level: str | None,
    expected: etags.Expected,
    data: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """Set the letterhead from a day on, default today; earlier reports keep theirs."""
    day = data["valid_from"] or local_day(now)
    unit = find(day, code, level)
    require(actor, "report.edit", unit_scope(unit.id))
    hold(LETTERHEAD_LOCK, unit.id)
    version = _version(unit.id)
    etags.must_match(expected, version)
    content = {name: data[name] for name in NAMES}
    before = letterhead_on(unit, day)
    row = Letterhead(unit_id=unit.id, valid_from=day, **content)
    row.version, row.changed_at = version + 1, now
    db.session.merge(row)
    changed = sorted(name for name in NAMES if content[name] != before[name])  # type: ignore[literal-required]
    record_act(
        actor, "letterhead.set", f"unit:{unit.id}", valid_from=day.isoformat(), changed=changed
    )
    db.session.flush()
    answer = _serialize(unit, day)
    db.session.commit()
    return answer


def _serialize(unit: UnitRow, day: date) -> dict[str, Any]:
    row = _row_on(unit.id, day)
    return {
        "unit": serialize_unit(unit),
        "valid_from": row.valid_from if row else None,
        "version": _version(unit.id),
        **_content(unit, row, day),
    }


def _content(unit: UnitRow, row: Letterhead | None, day: date) -> LetterheadContent:
    if row is None:
        return default_letterhead(unit.level, unit.name, unit.province, day)
    return {name: getattr(row, name) for name in NAMES}  # type: ignore[return-value]


def _row_on(unit_id: int, day: date) -> Letterhead | None:
    query = (
        select(Letterhead)
        .where(Letterhead.unit_id == unit_id, Letterhead.valid_from <= day)
        .order_by(Letterhead.valid_from.desc())
        .limit(1)
    )
    row: Letterhead | None = db.session.scalar(query)
    return row


def _version(unit_id: int) -> int:
    """Return the number of changes of the unit's letterhead."""
    query = select(func.max(Letterhead.version)).where(Letterhead.unit_id == unit_id)
    return db.session.scalar(query) or 0
