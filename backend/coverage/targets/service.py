"""Targets in force on a day; public to read, set by admins with a source and a validity.

Frozen reports keep copies, which later changes do not affect.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any, TypedDict

from sqlalchemy import cast, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from backend.accounts.access import Actor, require
from backend.coverage.targets.models import Target
from backend.database.extensions import db, unless_violated
from backend.errors import Problem, invalid
from backend.http import etags
from backend.http.etags import stale
from backend.http.paging import PageQuery, decode_cursor, row_id, take_page
from backend.organisations.references import UnitBrief, UnitReference, serialize_units, unit_id
from backend.organisations.versions import audit_values, changed_values, get_row

TARGET, ASSESSMENT = "target", "assessment"
PURPOSES = (TARGET, ASSESSMENT)


@dataclass(frozen=True, slots=True)
class TargetsInForce:
    """The targets of a level and network on a day: of all units, and of single units.

    None for a unit that is exempt.
    """

    general: Target | None
    by_unit: Mapping[int, Target | None]

    def of(self, unit_id: int) -> Target | None:
        """Return the unit's own target, or the general one; None if it is exempt."""
        return self.by_unit.get(unit_id, self.general)


def targets_on(
    day: date, levels: Sequence[str], network: str
) -> dict[tuple[str, str], TargetsInForce]:
    """Return the targets in force on a day, by level and purpose."""
    return targets_by_day([day], levels, network)[day]


def targets_by_day(
    days: Sequence[date], levels: Sequence[str], network: str
) -> dict[date, dict[tuple[str, str], TargetsInForce]]:
    """Return the targets in force on each day, by level and purpose."""
    query = select(Target).where(
        Target.level.in_(levels),
        Target.network == network,
        Target.valid_from <= max(days),
        or_(Target.valid_to.is_(None), Target.valid_to >= min(days)),
    )
    rows = list(db.session.scalars(query))
    return {
        day: {
            (level, purpose): _in_force(
                [
                    row for row in rows
                    if (row.level, row.purpose) == (level, purpose)
                    and row.valid_from <= day
                    and (row.valid_to is None or row.valid_to >= day)
                ]
            )
            for level in levels
            for purpose in PURPOSES
        }
        for day in days
    }  # fmt: skip


def _in_force(rows: Sequence[Target]) -> TargetsInForce:
    general = next((row for row in rows if row.unit_id is None), None)
    own = {row.unit_id: row for row in rows if row.unit_id is not None}
    exempt = dict.fromkeys(unit for unit, row in own.items() if row.threshold is None)
    return TargetsInForce(general, own | exempt)


FIELDS = ("level", "network", "purpose", "threshold", "basis", "valid_from", "valid_to", "source")


class TargetAnswer(TypedDict):
    """The samples that a unit of a level needs, with their source."""

    id: int
    level: str
    network: str
    purpose: str  # of PURPOSES
    unit: UnitBrief | None  # null: every unit of the level
    threshold: int | None  # samples; null: the unit is exempt
    basis: str
    valid_from: date
    valid_to: date | None  # the last day; null: without an end
    source: str
    version: int


class TargetPage(TypedDict):
    """Targets in the order of their creation."""

    items: list[TargetAnswer]
    next: str | None  # the cursor of the next page; null: this is the last one


class TargetChanges(TypedDict, total=False):
    """Changes of a target; missing fields stay unchanged."""

    threshold: int | None  # null exempts a unit
    basis: str
    valid_from: date
    valid_to: date | None  # null: without an end
    source: str


class NewTarget(TypedDict):
    """A target to create, of every unit of a level or of one unit."""

    level: str
    network: str
    purpose: str
    unit: UnitReference | None  # null: every unit of the level
    threshold: int | None  # samples; null exempts the unit
    basis: str
    valid_from: date
    valid_to: date | None  # null: without an end
    source: str


class TargetsQuery(PageQuery):
    """Filters of the list of targets; null: all."""

    level: str | None
    network: str | None
    purpose: str | None
    as_of: date | None  # a day on which they are in force


def list_targets(query: TargetsQuery) -> TargetPage:
    """Return a page of targets, optionally of those in force on a day."""
    statement = select(Target).order_by(Target.id).limit(query["limit"] + 1)
    for name in ("level", "network", "purpose"):
        if wanted := query.get(name):
            statement = statement.where(getattr(Target, name) == wanted)
    if day := query["as_of"]:
        not_ended = or_(Target.valid_to.is_(None), Target.valid_to >= day)
        statement = statement.where(Target.valid_from <= day, not_ended)
    if after := decode_cursor(query["cursor"], row_id):
        statement = statement.where(Target.id > after[0])
    rows = db.session.scalars(statement).all()
    page, next_cursor = take_page(rows, query["limit"], lambda row: (row.id,))
    return {"items": _serialize(page), "next": next_cursor}


def show_target(target_id: int) -> TargetAnswer:
    """Return one target; 404 for an unknown one."""
    return _serialize([get_row(Target, target_id)])[0]


def _serialize(rows: Sequence[Target]) -> list[TargetAnswer]:
    units = serialize_units([row.unit_id for row in rows])
    return [
        {
            "id": row.id,
            "level": row.level,
            "network": row.network,
            "purpose": row.purpose,
            "threshold": row.threshold,
            "basis": row.basis,
            "valid_from": row.valid_from,
            "valid_to": row.valid_to,
            "source": row.source,
            "version": row.version,
            "unit": units.get(row.unit_id),
        }
        for row in rows
    ]


def set_target(actor: Actor, data: NewTarget) -> TargetAnswer:
    """Create a target for all units of a level or for one; 409 if its validity overlaps."""
    require(actor, "target.edit")
    own_unit_id = unit_id(data["unit"], "unit")
    if data["unit"] is not None and data["unit"]["level"] != data["level"]:
        raise invalid("unit", "not_of_this_level")
    if own_unit_id is None and data["threshold"] is None:
        raise invalid("threshold", "required")
    values = {name: data.get(name) for name in FIELDS} | {"unit_id": own_unit_id}
    _check_validity(data["valid_from"], data["valid_to"])
    with _no_overlap(), db.session.begin_nested():
        target_id = _call(func.create_target, actor, values)
    return _commit(get_row(Target, target_id))


def change_target(
    actor: Actor, target_id: int, expected: etags.Expected, changes: TargetChanges
) -> TargetAnswer:
    """Change a target if its version is the expected one."""
    require(actor, "target.edit")
    row = get_row(Target, target_id)
    etags.must_match(expected, row.version)
    if row.unit_id is None and changes.get("threshold", 0) is None:
        raise invalid("threshold", "required")
    changed = changed_values(row, changes)
    validity = {name: getattr(row, name) for name in ("valid_from", "valid_to")} | changed
    _check_validity(validity["valid_from"], validity["valid_to"])
    if changed:
        with _no_overlap(), db.session.begin_nested():
            if not _call(func.change_target, actor, changed, row.id, row.version):
                raise stale()
    return _commit(row)


def _call(function: Any, actor: Actor, values: Mapping[str, Any], *place: int) -> Any:
    """Write values by a function of the database, which writes the entry of the audit log too."""
    given = cast(audit_values(values), JSONB)
    return db.session.scalar(select(function(*place, given, actor.name, actor.address)))


def _commit(row: Target) -> TargetAnswer:
    db.session.refresh(row)
    target = _serialize([row])[0]
    db.session.commit()
    return target


def _no_overlap() -> AbstractContextManager[None]:
    """Raise 409 on the database's exclusion constraint, which also covers concurrent requests."""
    return unless_violated("one_target_at_a_time", Problem(409, "target_overlaps"))


def _check_validity(first: date, last: date | None) -> None:
    if last is not None and last < first:
        raise invalid("valid_to", "before_first_day")
