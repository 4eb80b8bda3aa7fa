"""Exclusion of measurements from a unit's counts, and lifting of exclusions.

Admins and officials of the province decide; officials of the unit may read the decisions.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from backend.accounts.access import Actor, can, require, require_person
from backend.accounts.audit import record_act
from backend.clock import month_end, month_start, this_month
from backend.coverage.figures.unit_access import authorized_unit, province_scope, serialize_unit
from backend.coverage.signals.findings import device_number
from backend.coverage.signals.models import Signal
from backend.coverage.signals.queries import month_bounds, units_below
from backend.coverage.signals.service import found_signals
from backend.database.extensions import db
from backend.errors import FieldError, Problem, invalid
from backend.fields import MAX_ID
from backend.measurements.recording.counting import CountChanges
from backend.measurements.recording.models import ExclusionAct
from backend.measurements.recording.reasons import COUNTED_CATEGORIES
from backend.measurements.recording.rules import NETWORKS
from backend.measurements.recording.service import JudgingSettings
from backend.measurements.revision.service import Decision, decide_on_device
from backend.units.models import Unit
from backend.units.service import UnitRow

# Acts on the unit or units inside it, and acts on units that contain it which excluded samples of
# the unit.
ACTS = text("""
    select a.id, a.at, a.lifts, a.device, a.signal_id, a.measurements, a.reason, a.user_id,
        lifting.id as lifted_by, u.system, u.level, u.code, u.name
    from exclusion_acts a
    join units u on u.id = a.unit_id
    left join exclusion_acts lifting on lifting.lifts = a.id
    where a.month = :month and a.id < :before and (
        a.unit_id = any(:units) or a.unit_id = any(:above) and exists (
            select from exclusions e join measurements m on m.id = e.measurement_id
            where e.act_id = a.id and m.unit_id = any(:units))
    )
    order by a.id desc limit :most
""")
NOW = text("""
    select unit_id, network, counted from unit_months
    where month = :month and network = any(:networks)
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
# Measurements whose latest decision is this act, in whichever commune they are assigned now.
EXCLUDED = text("""
    select m.id, m.device_id, m.raw is null as final from exclusions e
    join measurements m on m.id = e.measurement_id
    where e.act_id = :act and not exists (
        select from exclusions o where o.measurement_id = e.measurement_id and o.id > e.id)
""")

# Changes by unit, network and category.
Changes = Counter[tuple[int | None, str, str]]

UNITS = text("select id, system, level, code, name from units where id = any(:ids)")


Numbered = Mapping[int, Sequence[UUID]]  # devices by their numbers of a month


@dataclass(frozen=True, slots=True)
class ExclusionContext:
    """Time and settings of a request."""

    now: datetime
    secret_key: str  # of device numbers
    judging: JudgingSettings
    numbered: Numbered | None = None  # the devices of the unit's month, if they are known


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
    context: ExclusionContext,
    *,
    settle: bool = True,
) -> dict[str, Any]:
    """Exclude measurements of a unit's month from the counts, or preview the changes.

    Without `settle` the caller sets the state of the signal.
    """
    unit = unit_to_decide(actor, code, data["level"], data["month"])
    units = units_below(unit.id)
    signal = _lock_signal(data["signal_id"], units, data["month"])
    if data["device"] is not None:
        rows = select_by_device(data["device"], units, data["month"], context)
    elif data["ids"] or signal is None:
        rows = select_by_id(data["ids"], units, data["month"])
    else:
        rows = select_by_signal(signal, units, context)
    open_rows = [row for row in rows if not row["final"] and not row["excluded"]]
    act = None
    if not data["preview"]:
        act = _add_act(actor, unit, data, len(open_rows), context, device=data["device"])
        if settle:
            _decide_signal(actor, signal, data["reason"], context)
    decision = Decision(data["reason"], act=act and act.id)
    return _decide(open_rows, decision, data, context) | {
        "unit": serialize_unit(unit),
        "already": sum(row["excluded"] for row in rows),
        "final": sum(row["final"] for row in rows),
    }


def lift_exclusion(
    actor: Actor, code: str, act_id: int, data: Mapping[str, Any], context: ExclusionContext
) -> dict[str, Any]:
    """Count the measurements of an act again, or preview the changes; the act stays readable.

    Repeating the request continues a lift that was interrupted, as by a restart of the server.
    """
    lifted = db.session.get(ExclusionAct, act_id, with_for_update=True)
    month = lifted.month if lifted else this_month(context.now)
    unit = unit_to_decide(actor, code, data["level"], month)
    if lifted is None or lifted.lifts is not None or lifted.unit_id not in units_below(unit.id):
        raise Problem(404, "not_found")
    rows = excluded_by(act_id)
    open_rows = [row for row in rows if not row["final"]]
    act = db.session.scalar(select(ExclusionAct).where(ExclusionAct.lifts == act_id))
    if act and not open_rows:
        raise Problem(409, "already_lifted")
    data = {**data, "month": month, "signal_id": lifted.signal_id}
    if act is None and not data["preview"]:
        act = _add_act(
            actor, unit, data, len(open_rows), context, device=lifted.device, lifts=act_id
        )
    decision = Decision(data["reason"], act=act and act.id, lifts=act_id)
    return _decide(open_rows, decision, data, context) | {
        "unit": serialize_unit(unit),
        "already": 0,
        "final": len(rows) - len(open_rows),
    }


def may_exclude(actor: Actor, code: str, month: str) -> bool:
    """Return whether the actor may decide on a unit of their area, or only read decisions."""
    unit = authorized_unit(actor, "unit.signals", code, None, month)
    return can(actor, "unit.exclude", province_scope(unit.id))


def unit_to_decide(actor: Actor, code: str, level: str | None, month: str) -> UnitRow:
    """Return a unit of the actor's area on which they may decide."""
    unit = authorized_unit(actor, "unit.signals", code, level, month)
    require(actor, "unit.exclude", province_scope(unit.id))
    return unit


def _serialize_act(row: Mapping[Any, Any]) -> dict[str, Any]:
    act = {name: row[name] for name in (*ACT_FIELDS, "lifted_by")}
    return act | {"unit": {name: row[name] for name in UNIT_FIELDS}}


def _lock_signal(signal_id: int | None, units: Sequence[int], month: str) -> Signal | None:
    """Lock the signal that the act is based on, which must be of these units and this month."""
    if signal_id is None:
        return None
    query = select(Signal).where(
        Signal.id == signal_id, Signal.unit_id.in_(units), Signal.month == month
    )
    row: Signal | None = db.session.scalar(query.with_for_update())
    if row is None:
        raise invalid("signal_id", "signal_unknown")
    return row


def _add_act(
    actor: Actor,
    unit: UnitRow,
    data: Mapping[str, Any],
    measurements: int,
    context: ExclusionContext,
    **references: int | None,
) -> ExclusionAct:
    """Add an act and its audit entry, which does not contain the reason."""
    act = ExclusionAct(
        unit_id=unit.id,
        month=data["month"],
        signal_id=data["signal_id"],
        measurements=measurements,
        reason=data["reason"],
        user_id=require_person(actor),
        at=context.now,
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


def _decide_signal(
    actor: Actor, row: Signal | None, reason: str, context: ExclusionContext
) -> None:
    if row is None:
        return
    before = row.state
    row.state, row.note = "excluded", reason
    row.user_id, row.changed_at = actor.user_id, context.now
    row.version, row.with_samples = row.version + 1, True
    record_act(actor, "signal.decide", f"signal:{row.id}", before=before, after=row.state)


def _decide(
    rows: Sequence[Any], decision: Decision, data: Mapping[str, Any], context: ExclusionContext
) -> dict[str, Any]:
    """Apply a decision device by device, each in its own transaction to keep locks short.

    A preview does the same and rolls each transaction back.
    """
    before = counted_now(data["month"])
    deltas: list[CountChanges] = []
    finish = db.session.rollback if data["preview"] else db.session.commit
    for device, ids in by_device(rows).items():
        deltas.append(decide_on_device(device, ids, decision, context.judging))
        finish()
    changes = sum_changes(deltas)
    result = {
        "id": decision.act,
        "preview": data["preview"],
        "month": data["month"],
        "measurements": len(rows),
        "verdicts": serialize_categories(changes),
        "units": serialize_units(changes, before),
    }
    finish()
    return result


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


def number_devices(units: Sequence[int], month: str, secret_key: str) -> Numbered:
    """Return the devices with measurements in these units, by their numbers of that month."""
    numbered: dict[int, list[UUID]] = defaultdict(list)
    for device in db.session.execute(DEVICES, _parameters(units, month)).scalars():
        numbered[device_number(device, month, secret_key)].append(device)
    return dict(numbered)


def select_by_device(
    wanted: int, units: Sequence[int], month: str, context: ExclusionContext
) -> list[Any]:
    """Return the measurements in these units of the device with a number in that month."""
    numbered = context.numbered
    if numbered is None:
        numbered = number_devices(units, month, context.secret_key)
    devices = numbered.get(wanted, ())
    if len(devices) != 1:
        raise invalid("device", "device_ambiguous" if devices else "device_unknown")
    since, until = month_bounds(month)
    parameters = {
        **_parameters(units, month), "device": devices[0], "since": since, "until": until
    }  # fmt: skip
    return list(db.session.execute(OF_DEVICE, parameters).mappings())


def select_by_signal(signal: Signal, units: Sequence[int], context: ExclusionContext) -> list[Any]:
    """Return the measurements in these units and the signal's month of the phones that it lists."""
    numbered = number_devices(units, signal.month, context.secret_key)
    known, found = replace(context, numbered=numbered), found_signals([signal])
    listed = [one["number"] for each in found.values() for one in each.devices]
    present = [number for number in listed if len(numbered.get(number, ())) == 1]
    if not present:
        raise invalid("signal_id", "signal_without_devices")
    chosen = (select_by_device(number, units, signal.month, known) for number in present)
    return [row for rows in chosen for row in rows]


def excluded_by(act_id: int) -> list[Any]:
    """Return the measurements that an act keeps out of the counts."""
    return list(db.session.execute(EXCLUDED, {"act": act_id}).mappings())


def by_device(rows: Iterable[Any]) -> ByDevice:
    """Group ids by device, in a fixed order so that concurrent decisions do not deadlock."""
    grouped: dict[UUID | None, list[UUID]] = defaultdict(list)
    for row in rows:
        grouped[row["device_id"]].append(row["id"])
    return {one: sorted(grouped[one]) for one in sorted(grouped, key=str)}


def _parameters(units: Sequence[int], month: str) -> dict[str, Any]:
    return {"units": list(units), "first": month_start(month), "last": month_end(month)}


def counted_now(month: str) -> dict[tuple[int, str], int]:
    """Return the counted samples of each unit in a month, by network."""
    values = {"month": month, "networks": list(NETWORKS)}
    return {(row.unit_id, row.network): row.counted for row in db.session.execute(NOW, values)}


def sum_changes(deltas: Iterable[CountChanges]) -> Changes:
    """Sum changes of counts by unit, network and category, without sums of 0."""
    sums: Changes = Counter()
    for one in deltas:
        for (unit, _, network, name), n in one.by_key.items():
            sums[unit, network, name] += n
    return Counter({key: n for key, n in sums.items() if n})


def serialize_categories(changes: Changes) -> list[dict[str, Any]]:
    """Return the change of each category."""
    sums: Counter[tuple[str, str]] = Counter()
    for (_, network, category), n in changes.items():
        sums[network, category] += n
    return [{"network": network, "fate": category, "change": n}
            for (network, category), n in sorted(sums.items()) if n]  # fmt: skip


def serialize_units(
    changes: Changes, before: Mapping[tuple[int, str], int]
) -> list[dict[str, Any]]:
    """Return the counted samples of each unit before and after the changes."""
    counted: Counter[tuple[int, str]] = Counter()
    for (unit, network, category), n in changes.items():
        if unit is not None:
            counted[unit, network] += n if category in COUNTED_CATEGORIES else 0
    ids = sorted({unit for unit, _ in counted})
    names = {row["id"]: dict(row) for row in db.session.execute(UNITS, {"ids": ids}).mappings()}
    return [
        {"unit": names[unit], "network": network, "counted_before": before.get((unit, network), 0),
         "counted_after": before.get((unit, network), 0) + n}
        for (unit, network), n in sorted(counted.items())
    ]  # fmt: skip
