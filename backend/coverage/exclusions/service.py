"""Take measurements out of a unit's counts, or in again: an act of an admin or the province."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from backend.accounts.access import Actor, can, require, require_person
from backend.accounts.audit import record_act
from backend.clock import this_month
from backend.coverage.exclusions.rows import (
    by_device,
    chosen_device,
    chosen_ids,
    counted_now,
    held_by,
    moved,
    units_told,
    verdicts_told,
)
from backend.coverage.figures.authorized_unit import authorized_unit, province_scope, serialize_unit
from backend.coverage.signals.models import Signal
from backend.coverage.signals.queries import units_below
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.measurements.recording.counting import CountDeltas
from backend.measurements.recording.models import ExclusionAct
from backend.measurements.revision.exclusion import Decision, decide_on_device
from backend.units.service import UnitRow


@dataclass(frozen=True, slots=True)
class Terms:
    """What a request brings beside its question."""

    now: datetime
    key: str  # of the numbers by which devices are named
    count_manual: bool


def exclude_in_unit(
    actor: Actor, code: str, asked: Mapping[str, Any], terms: Terms
) -> dict[str, Any]:
    """Take measurements of a unit's month out of the counts, or show what it would change."""
    unit = unit_to_decide(actor, code, asked["level"], asked["month"])
    units = units_below(unit.id)
    if asked["device"] is not None:
        chosen = chosen_device(asked["device"], units, asked["month"], terms.key)
    else:
        chosen = chosen_ids(asked["ids"], units, asked["month"])
    signal = _signal(asked["signal_id"], units, asked["month"])
    free = [row for row in chosen if not row["final"] and not row["excluded"]]
    act = None
    if not asked["preview"]:
        act = _add(actor, unit, asked, len(free), terms, device=asked["device"])
        _note_sign(actor, signal, asked["reason"], terms)
    decision = Decision(asked["reason"], act=act and act.id)
    told = _carry_out(free, decision, asked, terms)
    return told | {
        "unit": serialize_unit(unit),
        "already": sum(row["excluded"] for row in chosen),
        "final": sum(row["final"] for row in chosen),
    }


def lift_exclusion(
    actor: Actor, code: str, act_id: int, asked: Mapping[str, Any], terms: Terms
) -> dict[str, Any]:
    """Count again what an act took out, or show what it would change; the act stays to be read.

    One that was cut off, as by a restart of the server, is gone on with by asking again.
    """
    lifted = db.session.get(ExclusionAct, act_id, with_for_update=True)
    month = lifted.month if lifted else this_month(terms.now)
    unit = unit_to_decide(actor, code, asked["level"], month)
    if lifted is None or lifted.lifts is not None or lifted.unit_id not in units_below(unit.id):
        raise Problem(404, "not_found")
    held = held_by(act_id)
    free = [row for row in held if not row["final"]]
    begun = db.session.scalar(select(ExclusionAct).where(ExclusionAct.lifts == act_id))
    if begun and not free:
        raise Problem(409, "already_lifted")
    asked = {**asked, "month": month, "signal_id": lifted.signal_id}
    act = begun
    if act is None and not asked["preview"]:
        act = _add(actor, unit, asked, len(free), terms, device=lifted.device, lifts=act_id)
    decision = Decision(asked["reason"], act=act and act.id, lifts=act_id)
    final = len(held) - len(free)
    return _carry_out(free, decision, asked, terms) | {
        "unit": serialize_unit(unit), "already": 0, "final": final,
    }  # fmt: skip


def may_exclude(actor: Actor, code: str, month: str) -> bool:
    """Whether they may decide on a unit of their area; who may not sees what was decided."""
    unit = authorized_unit(actor, "unit.signals", code, None, month)
    return can(actor, "unit.exclude", province_scope(unit.id))


def unit_to_decide(actor: Actor, code: str, level: str | None, month: str) -> UnitRow:
    """A unit of the actor's area over whose province they may decide."""
    unit = authorized_unit(actor, "unit.signals", code, level, month)
    require(actor, "unit.exclude", province_scope(unit.id))
    return unit


def _signal(signal_id: int | None, units: Sequence[int], month: str) -> Signal | None:
    """The sign that the act rests on; it must be one of these units and that month."""
    if signal_id is None:
        return None
    query = select(Signal).where(
        Signal.id == signal_id, Signal.unit_id.in_(units), Signal.month == month
    )
    row: Signal | None = db.session.scalar(query.with_for_update())
    if row is None:
        raise invalid("signal_id", "signal_unknown")
    return row


def _add(
    actor: Actor,
    unit: UnitRow,
    asked: Mapping[str, Any],
    n: int,
    terms: Terms,
    **facts: int | None,
) -> ExclusionAct:
    """The act's row and its entry in the audit log, which never holds what was written."""
    act = ExclusionAct(
        unit_id=unit.id,
        month=asked["month"],
        signal_id=asked["signal_id"],
        measurements=n,
        reason=asked["reason"],
        user_id=require_person(actor),
        at=terms.now,
        **facts,
    )
    db.session.add(act)
    db.session.flush()
    name = "unit.exclude" if act.lifts is None else "unit.lift"
    details = {"exclusion": act.id, "lifts": act.lifts, "month": act.month, "measurements": n}
    record_act(actor, name, f"unit:{unit.id}", **details)
    return act


def _note_sign(actor: Actor, row: Signal | None, reason: str, terms: Terms) -> None:
    if row is None:
        return
    before = row.state
    row.state, row.note = "excluded", reason
    row.user_id, row.changed_at = actor.user_id, terms.now
    record_act(actor, "signal.decide", f"signal:{row.id}", before=before, after=row.state)


def _carry_out(
    rows: Sequence[Any], decision: Decision, asked: Mapping[str, Any], terms: Terms
) -> dict[str, Any]:
    """Device by device, each in a transaction of its own, so that posts wait for one alone.

    A preview takes the same way and rolls each back.
    """
    before = counted_now(asked["month"])
    deltas: list[CountDeltas] = []
    finish = db.session.rollback if asked["preview"] else db.session.commit
    for device, ids in by_device(rows).items():
        deltas.append(decide_on_device(device, ids, decision, terms.count_manual))
        finish()
    sums = moved(deltas)
    told = {
        "id": decision.act,
        "preview": asked["preview"],
        "month": asked["month"],
        "measurements": len(rows),
        "verdicts": verdicts_told(sums),
        "units": units_told(sums, before),
    }
    finish()
    return told
