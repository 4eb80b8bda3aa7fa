"""Decisions on many signals at once, with the exclusion of their samples and its undoing.

Each signal is decided as by itself: what fails for one changes nothing of the others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select, text

from backend.accounts.access import Actor, require, require_person
from backend.coverage.exclusions.service import (
    ExclusionContext,
    exclude_in_unit,
    lift_exclusion,
    number_devices,
    unit_to_decide,
)
from backend.coverage.signals.evidence import samples_of
from backend.coverage.signals.models import Signal
from backend.coverage.signals.queries import units_below
from backend.coverage.signals.service import (
    FoundSignal,
    Scope,
    SignalContext,
    found_signals,
    lock_signal,
    set_state,
)
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.i18n.messages import message
from backend.measurements.corrections.service import Choice, Decision, decide
from backend.measurements.recording.models import ExclusionAct
from backend.organisations.scopes import campaign_scope
from backend.units.models import Unit

# Of one decision: a list of signals shows as many.
MAX_SIGNALS = 200

IN_FORCE = """
    select a.id, a.device, a.signal_id, a.reason from exclusion_acts a
    where a.lifts is null and not exists (select from exclusion_acts l where l.lifts = a.id)
"""
ACTS_OF_SIGNAL = text(f"{IN_FORCE} and a.signal_id = :signal order by a.id")
# Other exclusions of the same phones, whose samples an earlier one had excluded already.
ACTS_OF_DEVICES = text(f"""
    {IN_FORCE} and a.unit_id = :unit and a.month = :month and a.device = any(:devices)
    order by a.id
""")
EXCLUDED = text("""
    select signal_id, count(*)::int as n from campaign_exclusions
    where signal_id = any(:ids) group by 1
    union all
    select a.signal_id, sum(a.measurements)::int from exclusion_acts a
    where a.signal_id = any(:ids) and a.lifts is null
        and not exists (select from exclusion_acts l where l.lifts = a.id) group by 1
""")


def decide_signals(
    actor: Actor, request: Mapping[str, Any], context: SignalContext, terms: ExclusionContext
) -> dict[str, Any]:
    """Decide on signals one by one; with `samples` their phones' samples follow the state."""
    require_person(actor, write=True)
    wanted = {one["id"]: one["version"] for one in request["signals"]}
    rows = db.session.scalars(select(Signal).where(Signal.id.in_(wanted))).all()
    found = found_signals(rows) if request["samples"] else {}
    numbered: dict[tuple[int, str], Any] = {}
    items = []
    for signal_id, version in wanted.items():
        review = Review(actor, request, context, terms, found.get(signal_id), numbered)
        try:
            signal = review.decide(signal_id, version)
        except Problem as problem:
            db.session.rollback()
            items.append(_failure(signal_id, problem, context))
        else:
            items.append({"id": signal_id, "status": 200, "code": None, "message": None,
                          "signal": signal})  # fmt: skip
    if all(one["status"] == 404 for one in items):
        raise Problem(404, "not_found")
    return {"decided": sum(one["status"] == 200 for one in items), "items": items}


def _failure(signal_id: int, problem: Problem, context: SignalContext) -> dict[str, Any]:
    code = problem.errors[0].code if problem.errors else problem.code
    text_ = message(code, context.language)
    return {"id": signal_id, "status": problem.status, "code": code, "message": text_,
            "signal": None}  # fmt: skip


def decisions_of(scope: Scope, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the state of signals of a campaign or unit, with the samples that each excludes."""
    query = select(Signal).filter_by(**scope).where(Signal.id.in_(ids)).order_by(Signal.id)
    rows = db.session.scalars(query).all()
    excluded = samples_excluded([row.id for row in rows])
    return [
        {
            "id": row.id,
            "version": row.version,
            "state": row.state,
            "samples": excluded.get(row.id, 0),
        }
        for row in rows
    ]


def samples_excluded(ids: Sequence[int]) -> dict[int, int]:
    """Return the number of samples that each signal keeps out of the figures."""
    rows = db.session.execute(EXCLUDED, {"ids": list(ids)})
    return {row.signal_id: row.n for row in rows}


class Review:
    """One decision of a request on one signal."""

    def __init__(
        self,
        actor: Actor,
        request: Mapping[str, Any],
        context: SignalContext,
        terms: ExclusionContext,
        found: FoundSignal | None,
        numbered: dict[tuple[int, str], Any],
    ) -> None:
        self.actor, self.request, self.context, self.terms = actor, request, context, terms
        self.found, self.numbered = found, numbered

    def decide(self, signal_id: int, version: int | None) -> dict[str, Any]:
        """Decide on a signal; a repeated decision is answered as the first one."""
        row = lock_signal(self.actor, signal_id)
        if version is not None and version != row.version and not self._is_repeated(row):
            raise Problem(412, "precondition_failed")
        if self.request["samples"]:
            if self.request["state"] == "excluded":
                self._exclude(row)
            elif row.with_samples:
                self._restore(row)
        row = lock_signal(self.actor, signal_id)
        answer = set_state(self.actor, row, self.request, self.context)
        db.session.commit()
        return answer

    def _is_repeated(self, row: Signal) -> bool:
        """Return whether the signal already is in the wanted state, as after a double tap."""
        same = row.state == self.request["state"] and row.note == self.request["note"]
        return same and row.user_id == self.actor.user_id

    def _exclude(self, row: Signal) -> None:
        """Exclude the samples of a signal's phones: of its days, or in a unit of the month."""
        if self.found is None or not self.found.devices:
            raise invalid("signals", "signal_without_devices")
        row.with_samples = True
        if row.campaign_id is None:
            done = [
                self._exclude_device(row, one["number"], self.request["note"], row.id)
                for one in self.found.devices
            ]
            if not any(done):
                raise invalid("signals", "signal_without_devices")
            return
        ids = [one["id"] for one in samples_of(row, self.found, self.context.key)]
        if not ids:
            raise invalid("signals", "signal_without_devices")
        decision = Decision(self.request["note"], exclude=True, signal_id=row.id)
        decide(self.actor, row.campaign_id, Choice(ids), decision, preview=False)

    def _exclude_device(self, row: Signal, device: int, reason: str, signal_id: int | None) -> bool:
        """Exclude a phone's samples in the signal's unit; False if it has none left there."""
        unit = db.session.get_one(Unit, row.unit_id)
        key = unit.id, row.month
        unit_to_decide(self.actor, unit.code, unit.level, row.month)
        if key not in self.numbered:
            units = units_below(unit.id)
            self.numbered[key] = number_devices(units, row.month, self.terms.secret_key)
        data = {
            "month": row.month, "level": unit.level, "device": device, "ids": [],
            "signal_id": signal_id, "reason": reason, "preview": False,
        }  # fmt: skip
        terms = replace(self.terms, numbered=self.numbered[key])
        if len(self.numbered[key].get(device, ())) != 1:
            return False
        exclude_in_unit(self.actor, unit.code, data, terms, settle=False)
        return True

    def _restore(self, row: Signal) -> None:
        """Count the samples of a signal again, unless another decision excludes them too."""
        if row.campaign_id is None:
            self._lift(row)
            return
        require(self.actor, "campaign.correct", campaign_scope(row.campaign_id))
        row.with_samples = False
        reason = self.request["note"] or ""
        back = Choice(signal_id=row.id)
        decide(self.actor, row.campaign_id, back, Decision(reason, exclude=False), preview=False)
        others = db.session.scalars(
            select(Signal).filter_by(campaign_id=row.campaign_id, with_samples=True)
        ).all()
        found = found_signals(others)
        for other in others:
            if _share_devices(found.get(other.id), self.found):
                self._exclude_again(other, found.get(other.id))

    def _exclude_again(self, other: Signal, found: FoundSignal | None) -> None:
        """Exclude what another signal excludes and shared with a restored one."""
        ids = [one["id"] for one in samples_of(other, found, self.context.key)]
        if ids and other.campaign_id is not None:
            decision = Decision(other.note or "", exclude=True, signal_id=other.id)
            decide(self.actor, other.campaign_id, Choice(ids), decision, preview=False)

    def _lift(self, row: Signal) -> None:
        """Lift the exclusions of a unit's signal; those of other decisions stay in force."""
        unit = db.session.get_one(Unit, row.unit_id)
        unit_to_decide(self.actor, unit.code, unit.level, row.month)
        row.with_samples = False
        acts = db.session.execute(ACTS_OF_SIGNAL, {"signal": row.id}).all()
        data = {"level": unit.level, "reason": self.request["note"] or "", "preview": False}
        for act in acts:
            of = db.session.get_one(Unit, db.session.get_one(ExclusionAct, act.id).unit_id)
            at = data | {"level": of.level}
            lift_exclusion(self.actor, of.code, act.id, at, self.terms)
        devices = sorted({act.device for act in acts if act.device is not None})
        values = {"unit": row.unit_id, "month": row.month, "devices": devices}
        for act in db.session.execute(ACTS_OF_DEVICES, values).all():
            self._exclude_device(row, act.device, act.reason, act.signal_id)


def _share_devices(one: FoundSignal | None, other: FoundSignal | None) -> bool:
    """Return whether two findings have a phone in common, or one is no longer known."""
    if one is None or other is None:
        return one is not None
    numbers = {device["number"] for device in other.devices}
    return any(device["number"] in numbers for device in one.devices)


def parse_signals(values: Iterable[str]) -> list[dict[str, int | None]]:
    """Return the signals of a form: `7`, or `7:2` with the version that was shown."""
    signals = []
    for value in values:
        number, _, version = value.partition(":")
        if not number.isdecimal() or (version and not version.isdecimal()):
            raise invalid("signals", "not_whole")
        signals.append({"id": int(number), "version": int(version) if version else None})
    return signals
