"""How far is each unit of a month from its target: the one source of every figure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from backend.clock import month_end, month_start
from backend.coverage.counts import Tally, by_unit, rolled_up, total
from backend.coverage.models import Target
from backend.coverage.targets import target_on
from backend.errors import invalid
from backend.extensions import db
from backend.measurements.models import DemoMonth
from backend.measurements.reasons import UNLOCATED
from backend.units.models import Unit
from backend.units.service import UnitRow, set_on, units_on, valid_on


@dataclass(frozen=True, slots=True)
class Question:
    """Which units of which month, on which network."""

    month: str
    level: str
    network: str
    parent: str | None = None


def coverage(asked: Question, today: date) -> dict[str, Any]:
    """Every unit of a month's list with its three numbers against the target, and their sum."""
    first, last = month_start(asked.month), month_end(asked.month)
    if first > today:
        raise invalid("month", "month_in_future")
    units = units_on(last, asked.level, asked.parent)
    target = target_on(last, asked.level, asked.network)
    tallies = by_unit(asked.month, asked.network)
    by_listed = _at_level(asked.level, last, tallies)
    items = [_item(unit, by_listed.get(unit.id) or Tally(), target) for unit in units]
    active = set_on(last)
    return {
        "month": asked.month,
        "level": asked.level,
        "network": asked.network,
        "parent": asked.parent,
        "boundaries": active.described() if active else None,
        "demo": db.session.get(DemoMonth, asked.month) is not None,
        "target": _target(target),
        "items": items,
        "summary": _summary(items, target, by_listed, units, tallies, last),
    }


def _at_level(level: str, day: date, tallies: Mapping[int | None, Tally]) -> Mapping[Any, Tally]:
    if level == "commune":
        return tallies
    column = Unit.province_id if level == "province" else Unit.parent_id
    pairs = db.session.execute(
        select(Unit.id, column).where(Unit.level == "commune", column.is_not(None), valid_on(day))
    )
    return rolled_up(tallies, {commune: above for commune, above in pairs if above})


def _item(unit: UnitRow, tally: Tally, target: Target | None) -> dict[str, Any]:
    threshold = target.threshold if target else None
    basis = _basis(tally, target)
    return {
        "code": unit.code,
        "name": unit.name,
        "parent": unit.parent_name,
        "received": tally.received,
        "valid": tally.valid,
        "counted": tally.counted,
        "counted_by_admin": tally.counted_by_admin,
        "target": threshold,
        "reached": None if threshold is None else basis >= threshold,
        "shortfall": None if threshold is None else max(0, threshold - basis),
        "reasons": tally.reasons(),
        "no_boundary": unit.no_boundary,
    }


def _basis(tally: Tally, target: Target | None) -> int:
    """The number that the target is held against; counted unless it says otherwise."""
    basis = target.basis if target else "counted"
    return {"received": tally.received, "valid": tally.valid}.get(basis, tally.counted)


def _target(target: Target | None) -> dict[str, Any] | None:
    if target is None:
        return None
    return {"threshold": target.threshold, "basis": target.basis, "source": target.source}


def _summary(
    items: list[dict[str, Any]],
    target: Target | None,
    by_listed: Mapping[Any, Tally],
    units: list[UnitRow],
    tallies: Mapping[int | None, Tally],
    day: date,
) -> dict[str, Any]:
    everything = total(by_listed[unit.id] for unit in units if unit.id in by_listed)
    reached = sum(bool(item["reached"]) for item in items)
    return {
        "units": len(items),
        "reached": reached if target else None,
        "share": reached / len(items) if target and items else None,
        "received": everything.received,
        "valid": everything.valid,
        "counted": everything.counted,
        "counted_by_admin": everything.counted_by_admin,
        "reasons": everything.reasons(),
        "unlocated": _unlocated(tallies),
        "elsewhere": _elsewhere(tallies, day),
    }


def _unlocated(tallies: Mapping[int | None, Tally]) -> dict[str, int]:
    """What lies in no commune, country-wide, by reason: it belongs to nobody's items."""
    reasons = tallies[None].reasons() if None in tallies else {}
    return {reason: reasons.get(reason, 0) for reason in UNLOCATED}


def _elsewhere(tallies: Mapping[int | None, Tally], day: date) -> int:
    """Received in units that the list of the month's last day does not know, until `reassign`."""
    communes = select(Unit.id).where(Unit.level == "commune", valid_on(day))
    listed = set(db.session.scalars(communes))
    return sum(t.received for unit, t in tallies.items() if unit is not None and unit not in listed)
