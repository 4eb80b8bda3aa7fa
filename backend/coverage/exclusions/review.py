"""Decisions on many signals at once, with the exclusion of their samples and its undoing.

Each signal is decided as by itself: what fails for one changes nothing of the others. A preview
decides on the samples of all at once, which has the same effect, and rolls it back.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import select, text

from backend.accounts.access import Actor, require, require_person
from backend.coverage.exclusions.service import (
    decide_rows,
    exclude_in_unit,
    excluded_by,
    lift_exclusion,
    select_by_device,
    unit_to_decide,
)
from backend.coverage.figures.unit_access import communes_of, units_below
from backend.coverage.signals.evidence import SignalSample, samples_of
from backend.coverage.signals.models import Signal
from backend.coverage.signals.service import (
    FoundSignal,
    Scope,
    SignalAnswer,
    SignalContext,
    describe_signals,
    found_signals,
    lock_signal,
    set_state,
)
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.http.etags import stale
from backend.i18n.messages import message
from backend.measurements.corrections.service import Choice, Decision, decide
from backend.measurements.recording.archived import require_rows
from backend.measurements.revision.service import Decision as UnitDecision
from backend.organisations.scopes import campaign_scope
from backend.units.models import Unit

# Of one decision: a list of signals shows as many.
MAX_SIGNALS = 200

IN_FORCE = """
    select a.id, a.unit_id, a.device, a.reason from exclusion_acts a
    where a.lifts is null and not exists (select from exclusion_acts l where l.lifts = a.id)
"""
OF_SIGNALS = text(f"{IN_FORCE} and a.signal_id = any(:signals) order by a.id")
# Exclusions of a phone by hand, some of whose samples a signal may have excluded before.
OF_DEVICES = text(f"""
    {IN_FORCE} and a.unit_id = :unit and a.month = :month and a.device = any(:devices)
        and a.signal_id is null
    order by a.id
""")
OF_CAMPAIGN = text("select measurement_id from campaign_exclusions where signal_id = any(:signals)")
EXCLUDED = text("""
    select signal_id, count(*)::int as n from campaign_exclusions
    where signal_id = any(:ids) group by 1
    union all
    select a.signal_id, sum(a.measurements)::int from exclusion_acts a
    where a.signal_id = any(:ids) and a.lifts is null
        and not exists (select from exclusion_acts l where l.lifts = a.id) group by 1
""")


class ChosenSignal(TypedDict):
    """A signal on which a person decides."""

    id: int
    version: int | None  # that the person saw; null: any


def decide_signals(
    actor: Actor, request: Mapping[str, Any], context: SignalContext
) -> dict[str, Any]:
    """Decide on signals one by one; with `samples` their phones' samples follow the state."""
    require_person(actor, write=True)
    wanted = {one["id"]: one["version"] for one in request["signals"]}
    rows = db.session.scalars(select(Signal).where(Signal.id.in_(wanted))).all()
    found = found_signals(rows) if request["samples"] else {}
    items = []
    for signal_id, version in wanted.items():
        review = Review(actor, request, context, found.get(signal_id))
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


def preview_signals(
    actor: Actor,
    wanted: Iterable[ChosenSignal],
    state: str,
    context: SignalContext,
) -> dict[str, Any]:
    """Return the effect of a decision on signals of one place, whose samples follow the state.

    `signals` lists them, and with an exclusion also the open ones of which no sample is left then:
    they are decided together.
    """
    rows = [lock_signal(actor, one["id"], one["version"]) for one in wanted]
    if len({(row.campaign_id, row.unit_id, row.month) for row in rows}) != 1:
        raise Problem(404, "not_found")
    chosen, acts = _samples(rows, context.key), ()
    moved: Mapping[Any, Mapping[str, Any]]  # by the id of a sample
    if state == "excluded":
        signals = chosen | _emptied_by(chosen, context.key)
        moved = {one["id"]: one for each in signals.values() for one in each if not one["taken"]}
    else:
        signals, acts = chosen, tuple(one.id for one in _acts_of(rows))
        moved = _freed_by(rows, acts, context)
    units = None if rows[0].unit_id is None else communes_of(rows[0].unit_id)
    described = describe_signals(signals, found_signals(signals), units, context.language)
    listed = [
        one | {"samples": sum(sample["id"] in moved for sample in each),
               "together": row not in chosen}
        for one, (row, each) in zip(described, signals.items(), strict=True)
    ]  # fmt: skip
    effect = _preview(actor, rows[0], moved, UnitDecision("", lifts=acts), context.now)
    return effect | {"signals": listed}


def _preview(
    actor: Actor,
    one: Signal,
    samples: Mapping[Any, Mapping[str, Any]],
    decision: UnitDecision,
    now: datetime,
) -> dict[str, Any]:
    """Preview a decision on samples in the campaign or the unit of a signal."""
    if one.campaign_id is not None:
        choice, same = Choice(list(samples)), Decision("", exclude=decision.excluded)
        return {**decide(actor, one.campaign_id, choice, same, preview=True)}
    unit = db.session.get_one(Unit, one.unit_id)
    place = unit_to_decide(actor, unit.code, unit.level, one.month)
    data = {"month": one.month, "preview": True}
    return decide_rows(place, list(samples.values()), decision, data, now)


Samples = list[SignalSample]


def _samples(rows: Iterable[Signal], key: str) -> dict[Signal, Samples]:
    """Return the samples of each signal's phones on its days."""
    rows = list(rows)
    found = found_signals(rows)
    return {row: samples_of(row, found.get(row.id), key) for row in rows}


def _beside(row: Signal, *conditions: Any) -> Sequence[Signal]:
    """Return other signals of a signal's place and month."""
    query = select(Signal).filter_by(
        campaign_id=row.campaign_id, unit_id=row.unit_id, month=row.month
    )
    return db.session.scalars(query.where(Signal.id != row.id, *conditions)).all()


def _emptied_by(chosen: Mapping[Signal, Samples], key: str) -> dict[Signal, Samples]:
    """Return the other open signals of the place all of whose samples are chosen."""
    phones = {one for row in found_signals(chosen).values() for one in _numbers(row)}
    others = [
        one for one in _beside(next(iter(chosen)), Signal.state == "open") if one not in chosen
    ]
    found = found_signals(others)
    near = [one for one in others if one.id in found and _numbers(found[one.id]) <= phones]
    ids = {one["id"] for each in chosen.values() for one in each}
    return {
        row: each
        for row, each in _samples(near, key).items()
        if each and all(one["id"] in ids for one in each)
    }


def _freed_by(
    rows: Sequence[Signal], acts: Sequence[int], context: SignalContext
) -> dict[Any, Mapping[str, Any]]:
    """Return the samples that signals alone exclude: they count again without these."""
    if rows[0].campaign_id is not None:
        taken = db.session.execute(OF_CAMPAIGN, {"signals": [row.id for row in rows]}).scalars()
        freed: dict[Any, Mapping[str, Any]] = {one: {"id": one} for one in taken}
    else:
        freed = {one["id"]: one for one in excluded_by(acts) if not one["final"]}
    found = found_signals(rows)
    for row in rows:
        others = [one for one in _holding(row, found.get(row.id)) if one not in rows]
        held = [one for each in _samples(others, context.key).values() for one in each]
        for act in _acts_by_hand(row, found.get(row.id)):
            held += select_by_device(act.device, units_below(act.unit_id), row.month)
        for one in held:
            freed.pop(one["id"], None)
    return freed


def _holding(row: Signal, found: FoundSignal | None) -> list[Signal]:
    """Return the signals that exclude samples of the same phones as another one."""
    others = _beside(row, Signal.with_samples)
    theirs = found_signals(others)
    return [
        one
        for one in others
        if one.id in theirs and (found is None or _numbers(found) & _numbers(theirs[one.id]))
    ]


def _acts_of(rows: Iterable[Signal]) -> Sequence[Any]:
    """Return the acts in force that exclude samples of signals from a unit's counts."""
    return db.session.execute(OF_SIGNALS, {"signals": [row.id for row in rows]}).all()


def _acts_by_hand(row: Signal, found: FoundSignal | None) -> Sequence[Any]:
    """Return the acts in force on all of a phone of a unit's signal."""
    if row.unit_id is None or found is None:
        return []
    values = {"unit": row.unit_id, "month": row.month, "devices": list(_numbers(found))}
    return db.session.execute(OF_DEVICES, values).all()


def _numbers(found: FoundSignal) -> set[int]:
    """Return the numbers of a signal's phones."""
    return {one["number"] for one in found.devices}


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
        found: FoundSignal | None,
    ) -> None:
        self.actor, self.request, self.context = actor, request, context
        self.found = found

    def decide(self, signal_id: int, version: int | None) -> SignalAnswer:
        """Decide on a signal; a repeated decision is answered as the first one."""
        row = lock_signal(self.actor, signal_id)
        if version is not None and version != row.version and not self._is_repeated(row):
            raise stale()
        if self.request["samples"]:
            self._require_samples(row)
            if self.request["state"] == "excluded":
                row.with_samples = True
                self._exclude(row, self.found, self.request["note"])
            elif row.with_samples:
                self._restore(row)
        row = lock_signal(self.actor, signal_id)
        answer = set_state(
            self.actor, row, self.request["state"], self.request["note"], self.context
        )
        db.session.commit()
        return answer

    def _is_repeated(self, row: Signal) -> bool:
        """Return whether the signal already is in the wanted state, as after a double tap."""
        same = row.state == self.request["state"] and row.note == self.request["note"]
        return same and row.user_id == self.actor.user_id

    def _require_samples(self, row: Signal) -> None:
        """Require that the actor may decide on samples of the campaign or the unit."""
        if row.campaign_id is not None:
            require(self.actor, "campaign.correct", campaign_scope(row.campaign_id))
            require_rows(row.month)
        else:
            unit = db.session.get_one(Unit, row.unit_id)
            unit_to_decide(self.actor, unit.code, unit.level, row.month)

    def _exclude(self, row: Signal, found: FoundSignal | None, reason: str) -> None:
        """Exclude the samples of a signal's phones on its days, where none is excluded yet."""
        samples = samples_of(row, found, self.context.key)
        if not samples:
            raise invalid("signals", "signal_without_devices")
        ids = [one["id"] for one in samples if not one["taken"]]
        if not ids:
            return
        if row.campaign_id is not None:
            decision = Decision(reason, exclude=True, signal_id=row.id)
            decide(self.actor, row.campaign_id, Choice(ids), decision, preview=False)
            return
        unit = db.session.get_one(Unit, row.unit_id)
        data = {
            "month": row.month, "level": unit.level, "device": None, "ids": ids,
            "reason": reason, "preview": False,
        }  # fmt: skip
        exclude_in_unit(self.actor, unit.code, data, self.context.now, row.id)

    def _restore(self, row: Signal) -> None:
        """Count the samples of a signal again, unless another decision excludes them too."""
        row.with_samples = False
        reason, others = self.request["note"] or "", _holding(row, self.found)
        if row.campaign_id is not None:
            decision, ids = Decision(reason, exclude=False), Choice(signal_id=row.id)
            decide(self.actor, row.campaign_id, ids, decision, preview=False)
        by_hand = _acts_by_hand(row, self.found)
        for act in _acts_of([row]):
            unit = db.session.get_one(Unit, act.unit_id)
            data = {"level": unit.level, "reason": reason, "preview": False}
            lift_exclusion(self.actor, unit.code, act.id, data, self.context.now)
        for other, found in [(one, found_signals([one]).get(one.id)) for one in others]:
            self._exclude(other, found, other.note or "")
        for act in by_hand:
            unit = db.session.get_one(Unit, act.unit_id)
            data = {
                "month": row.month, "level": unit.level, "device": act.device, "ids": [],
                "reason": act.reason, "preview": False,
            }  # fmt: skip
            exclude_in_unit(self.actor, unit.code, data, self.context.now)


def parse_signals(values: Iterable[str]) -> list[ChosenSignal]:
    """Return the signals of a form: `7`, or `7:2` with the version that was shown."""
    signals: list[ChosenSignal] = []
    for value in values:
        number, _, version = value.partition(":")
        if not number.isdecimal() or (version and not version.isdecimal()):
            raise invalid("signals", "not_whole")
        signals.append({"id": int(number), "version": int(version) if version else None})
    return signals
