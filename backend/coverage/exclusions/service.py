"""Exclusion of measurements from a unit's counts, and lifting of exclusions.

Admins and officials of the province decide; officials of the unit may read the decisions.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from backend.accounts.access import Actor, can, require, require_person
from backend.accounts.audit import record_act
from backend.clock import local_day, month_end, month_start, this_month
from backend.coverage.exclusions.effects import months_before, serialize_effect, sum_changes
from backend.coverage.figures.unit_access import (
    authorized_unit,
    province_scope,
    serialize_unit,
    units_below,
)
from backend.coverage.signals.findings import device_number
from backend.coverage.signals.queries import month_bounds
from backend.database.extensions import db, setting
from backend.errors import FieldError, Problem, invalid
from backend.fields import MAX_ID
from backend.measurements.recording.archived import require_rows
from backend.measurements.recording.models import ExclusionAct
from backend.measurements.revision.service import Decision, decide_on_device
from backend.units.models import Unit
from backend.units.service import UnitRow, find

# Acts on the unit or units inside it, and acts on units that contain it which excluded samples of
# the unit. Each has the commune of its samples; the unit of the decision where they are of several.
ACTS = text("""
    select a.id, a.at, a.lifts, a.device, a.signal_id, a.measurements, a.reason, a.user_id,
        lifting.id as lifted_by, u.system, u.level, u.code, u.name
    from exclusion_acts a
    left join lateral (
        select min(m.unit_id) as unit_id from exclusions e
        join measurements m on m.id = e.measurement_id where e.act_id = a.id
        having min(m.unit_id) = max(m.unit_id)
    ) place on true
    join units u on u.id = coalesce(place.unit_id, a.unit_id)
    left join exclusion_acts lifting on lifting.lifts = a.id
    where a.month = :month and a.id < :before and (
        a.unit_id = any(:units) or a.unit_id = any(:above) and exists (
            select from exclusions e join measurements m on m.id = e.measurement_id
            where e.act_id = a.id and m.unit_id = any(:units))
    )
    order by a.id desc limit :most
""")
ACT_FIELDS = ("id", "at", "lifts", "device", "signal_id", "measurements", "reason", "user_id")
UNIT_FIELDS = ("system", "level", "code", "name")

# Ids of measurements by device.
ByDevice = Mapping[UUID | None, Sequence[UUID]]

STATE = """
    select m.id, m.device_id, m.raw is null as final, coalesce(latest.excluded, false) as excluded
    from measurements m left join lateral (
        select e.excluded from exclusions e where e.measurement_id = m.id order by e.id desc limit 1
    ) latest on true
    where m.unit_id = any(:units) and m.day between :first and :last
"""
OF_IDS = text(f"{STATE} and m.id = any(:ids)")
OF_DEVICE = text(f"""
    {STATE} and m.device_id = :device and m.measured_at >= :since and m.measured_at < :until
""")
DEVICES = text("""
    select distinct device_id from measurements
    where unit_id = any(:units) and day between :first and :last and device_id is not null
""")
COUNTED_NOW = text("select count(*) from measurements where id = any(:ids) and counted")
# Measurements whose latest decision is one of these acts, in whichever commune they are now.
EXCLUDED = text("""
    select m.id, m.device_id, m.raw is null as final from exclusions e
    join measurements m on m.id = e.measurement_id
    where e.act_id = any(:acts) and not exists (
        select from exclusions o where o.measurement_id = e.measurement_id and o.id > e.id)
""")


def list_exclusions(
    actor: Actor, code: str, query: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Return a page of the acts that concern a unit's month, the latest first."""
    month = query["month"] or this_month(now)
    unit = authorized_unit(actor, "unit.signals", code, query["level"], month)
    row, limit = db.session.get_one(Unit, unit.id), query["limit"]
    parameters = {
        "month": month,
        "before": query["cursor"] or MAX_ID,
        "units": units_below(unit.id),
        "above": [one for one in (row.parent_id, row.province_id) if one is not None],
        "most": limit + 1,
    }
    acts = db.session.execute(ACTS, parameters).mappings().all()
    items = [_serialize_act(one) for one in acts[:limit]]
    next_cursor = items[-1]["id"] if len(acts) > limit else None
    return {"month": month, "unit": serialize_unit(unit), "items": items, "next": next_cursor}


def exclude_in_unit(
    actor: Actor,
    code: str,
    data: Mapping[str, Any],
    now: datetime,
    signal_id: int | None = None,
) -> dict[str, Any]:
    """Exclude measurements of a unit's month, perhaps of a signal, or preview the changes."""
    unit = unit_to_decide(actor, code, data["level"], data["month"])
    units = units_below(unit.id)
    if data["device"] is not None:
        rows = select_by_device(data["device"], units, data["month"])
    else:
        rows = select_by_id(data["ids"], units, data["month"])
    open_rows = [row for row in rows if not row["final"] and not row["excluded"]]
    act = None
    if not data["preview"]:
        references = {"device": data["device"], "signal_id": signal_id}
        act = _add_act(actor, unit, data, len(open_rows), now, **references)
    decision = Decision(data["reason"], act=act and act.id)
    return decide_rows(unit, open_rows, decision, data, now) | {
        "already": sum(row["excluded"] for row in rows),
        "final": sum(row["final"] for row in rows),
    }


def lift_exclusion(
    actor: Actor, code: str, act_id: int, data: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Count the measurements of an act again, or preview the changes; the act stays readable.

    Repeating the request continues a lift that was interrupted, as by a restart of the server.
    """
    lifted = db.session.get(ExclusionAct, act_id, with_for_update=True)
    month = lifted.month if lifted else this_month(now)
    unit = unit_to_decide(actor, code, data["level"], month)
    if lifted is None or lifted.lifts is not None or lifted.unit_id not in units_below(unit.id):
        raise Problem(404, "not_found")
    rows = excluded_by([act_id])
    open_rows = [row for row in rows if not row["final"]]
    act = db.session.scalar(select(ExclusionAct).where(ExclusionAct.lifts == act_id))
    if act and not open_rows:
        raise Problem(409, "already_lifted")
    data = {**data, "month": month}
    if act is None and not data["preview"]:
        references = {name: getattr(lifted, name) for name in ("device", "signal_id")}
        act = _add_act(actor, unit, data, len(open_rows), now, lifts=act_id, **references)
    decision = Decision(data["reason"], act=act and act.id, lifts=(act_id,))
    return decide_rows(unit, open_rows, decision, data, now) | {
        "already": 0,
        "final": len(rows) - len(open_rows),
    }


def may_exclude(actor: Actor, code: str, month: str) -> bool:
    """Return whether the actor may decide on a unit of their area, or only read decisions."""
    unit = authorized_unit(actor, "unit.signals", code, None, month)
    return can(actor, "unit.exclude", province_scope(unit.id))


def unit_to_decide(actor: Actor, code: str, level: str | None, month: str) -> UnitRow:
    """Return a unit of the actor's area on whose month they may decide; 409 if it is archived."""
    unit = authorized_unit(actor, "unit.signals", code, level, month)
    require(actor, "unit.exclude", province_scope(unit.id))
    require_rows(month)
    return unit


def _serialize_act(row: Mapping[Any, Any]) -> dict[str, Any]:
    act = {name: row[name] for name in (*ACT_FIELDS, "lifted_by")}
    return act | {"unit": {name: row[name] for name in UNIT_FIELDS}}


def _add_act(
    actor: Actor,
    unit: UnitRow,
    data: Mapping[str, Any],
    measurements: int,
    now: datetime,
    **references: int | None,
) -> ExclusionAct:
    """Add an act and its audit entry, which does not contain the reason."""
    act = ExclusionAct(
        unit_id=unit.id,
        month=data["month"],
        measurements=measurements,
        reason=data["reason"],
        user_id=require_person(actor),
        at=now,
        **references,
    )
    db.session.add(act)
    db.session.flush()
    name = "unit.exclude" if act.lifts is None else "unit.lift"
    details = {
        "exclusion": act.id, "lifts": act.lifts, "month": act.month, "measurements": measurements
    }  # fmt: skip
    record_act(actor, name, f"unit:{unit.id}", **details)
    return act


def decide_rows(
    unit: UnitRow,
    rows: Sequence[Any],
    decision: Decision,
    data: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """Apply a decision device by device, each in its own transaction to keep locks short.

    A preview does the same and rolls each transaction back.
    """
    province = find(month_end(data["month"]), unit.province_code, "province")
    before = months_before(data["month"], province, local_day(now))
    counted = db.session.scalar(COUNTED_NOW, {"ids": [row["id"] for row in rows]})
    deltas = []
    finish = db.session.rollback if data["preview"] else db.session.commit
    for device, ids in by_device(rows).items():
        deltas.append(decide_on_device(device, ids, decision))
        finish()
    finish()
    return {
        "id": decision.act,
        "preview": data["preview"],
        "month": data["month"],
        "unit": serialize_unit(unit),
        "measurements": len(rows),
        "counted": counted,
        **serialize_effect(sum_changes(deltas), before),
    }


def select_by_id(ids: Sequence[UUID], units: Sequence[int], month: str) -> list[Any]:
    """Return measurements by id; 422 for each one outside the units or the month."""
    parameters = {**_parameters(units, month), "ids": list(ids)}
    rows = list(db.session.execute(OF_IDS, parameters).mappings())
    known = {row["id"] for row in rows}
    missing = [
        FieldError(f"measurements.{position}", "not_in_unit")
        for position, one in enumerate(ids)
        if one not in known
    ]
    if missing:
        raise Problem(422, "invalid", missing)
    return rows


def select_by_device(wanted: int, units: Sequence[int], month: str) -> list[Any]:
    """Return the measurements in these units of the device with a number in that month."""
    listed = db.session.execute(DEVICES, _parameters(units, month)).scalars()
    devices = [one for one in listed if device_number(one, month, setting("SECRET_KEY")) == wanted]
    if len(devices) != 1:
        raise invalid("device", "device_ambiguous" if devices else "device_unknown")
    since, until = month_bounds(month)
    parameters = {
        **_parameters(units, month), "device": devices[0], "since": since, "until": until
    }  # fmt: skip
    return list(db.session.execute(OF_DEVICE, parameters).mappings())


def excluded_by(acts: Sequence[int]) -> list[Any]:
    """Return the measurements that acts keep out of the counts."""
    return list(db.session.execute(EXCLUDED, {"acts": list(acts)}).mappings())


def by_device(rows: Iterable[Any]) -> ByDevice:
    """Group ids by device, in a fixed order so that concurrent decisions do not deadlock."""
    grouped: dict[UUID | None, list[UUID]] = defaultdict(list)
    for row in rows:
        grouped[row["device_id"]].append(row["id"])
    return {one: sorted(grouped[one]) for one in sorted(grouped, key=str)}


def _parameters(units: Sequence[int], month: str) -> dict[str, Any]:
    return {"units": list(units), "first": month_start(month), "last": month_end(month)}
