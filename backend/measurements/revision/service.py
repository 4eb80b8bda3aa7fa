"""Recompute places, own reasons and verdicts of stored rows, or exclude rows; with counts."""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from typing import NotRequired, cast
from uuid import UUID

from sqlalchemy import text

from backend.accounts.audit import record_command
from backend.batch.executor import SERIAL, Executor, batched
from backend.clock import month_end, month_start, months_between
from backend.database.extensions import db, dump, extension, fetch, follow_indexes, setting
from backend.database.locks import DEVICELESS_LOCK, hold
from backend.devices.models import Device
from backend.errors import Problem, or_404
from backend.measurements.no_connection import service as no_connection
from backend.measurements.recording import earnings, incoming, rules, timeline
from backend.measurements.recording.archived import archived_months, require_rows
from backend.measurements.recording.bodies import SCHEMA
from backend.measurements.recording.counting import CountChanges, write_counts
from backend.measurements.recording.incoming import ReceiptContext
from backend.measurements.recording.reasons import COUNTED_BY_ADMIN
from backend.measurements.recording.requirements import (
    Requirement,
    proof_problem,
    required_at,
    requirements,
)
from backend.measurements.recording.rows import DerivedColumns, SampleContent, SampleRow
from backend.measurements.recording.service import caps_in_force
from backend.measurements.recording.storage import update_verdicts
from backend.units.locator import Locator, UnitLocation
from backend.witness.assurance import Assurance

Progress = Callable[[int, int], None]

# Rows in memory at a time: raw bodies take about 1 kB each.
ROWS_AT_ONCE = 1_000
# Some seconds of work for a month: little to repeat after an interruption, few messages.
DEVICES_PER_LOT = 20

DEVICES = text("""
    select distinct device_id from measurements
    where device_id is not null and day between :first and :last order by device_id
""")
# Posts wait for the lock; those with verdicts on the previous version are judged again.
LOCK = text("update devices set version = version + 1 where id = :device returning joined")
# The latest decision on a measurement is in force.
WITH_EXCLUSION = """
    select m.*, coalesce(latest.excluded, false) as excluded
    from measurements m left join lateral (
        select e.excluded from exclusions e where e.measurement_id = m.id order by e.id desc limit 1
    ) latest on true
"""
# Rows of one device or, with null, of none. `is not distinct from` cannot use an index.
ROWS = text(f"""
    {WITH_EXCLUSION}
    where (m.device_id = :device or cast(:device as uuid) is null and m.device_id is null)
      and m.day between :first and :last and m.raw is not null and m.id > :after
    order by m.id limit :lot
""")
CHOSEN = text(f"""
    {WITH_EXCLUSION}
    where m.id = any(:ids) and m.device_id is not distinct from cast(:device as uuid)
      and m.raw is not null
""")
# Only measurements whose latest decision differs. A lift includes those excluded by its own act,
# not those that were excluded again since.
DECIDE = text("""
    insert into exclusions (measurement_id, excluded, reason, act_id)
    select m.id, :excluded, :reason, :act
    from measurements m left join lateral (
        select e.excluded, e.act_id from exclusions e
        where e.measurement_id = m.id order by e.id desc limit 1
    ) latest on true
    where m.id = any(:ids) and m.device_id is not distinct from cast(:device as uuid)
      and m.raw is not null and coalesce(latest.excluded, false) <> :excluded
      and (:excluded or latest.act_id = any(:lifts))
    returning measurement_id
""")
PLACE = text("""
    update measurements m
    set unit_id = v.unit_id, set_id = v.set_id, how = v.how, candidates = v.candidates,
        own_reasons = v.own_reasons, marks = v.marks,
        assurance = coalesce(v.assurance, m.assurance)
    from jsonb_to_recordset(cast(:rows as jsonb)) as v(id uuid, unit_id int, set_id int,
         how text, candidates text[], own_reasons text[], marks text[], assurance text)
    where m.id = v.id
""")
LEFT_ALONE = text("""
    select count(*) from measurements
    where raw is null and day between :first and :last
""")


class RevisedRow(SampleRow):
    """A stored row with its body."""

    excluded: bool  # by the latest decision


class RevisedColumns(DerivedColumns):
    """The columns of a row that follow from it again."""

    id: UUID
    assurance: NotRequired[Assurance]


@dataclass(slots=True)
class Revision:
    """Result of a revision: rows moved to another unit, changed verdicts, rows left unchanged."""

    moved: int = 0
    rejudged: int = 0
    left_alone: int = 0
    notes_moved: int = 0  # no-connection notes
    changes: CountChanges = field(default_factory=CountChanges)

    def merge(self, other: "Revision") -> None:
        """Add the result of other rows."""
        self.moved += other.moved
        self.rejudged += other.rejudged
        self.changes.merge(other.changes)


@dataclass(frozen=True, slots=True)
class Lot:
    """Devices whose rows of a span of days are revised; None stands for rows without a device."""

    devices: Sequence[UUID | None]
    first: date
    last: date
    locate: bool = False  # else the rules alone are applied again
    keep: bool = True
    locator: Locator | None = None  # None: that of the application


@dataclass(frozen=True, slots=True)
class Decision:
    """An exclusion, or with `lifts` the lifting of these acts; `act` is None for the CLI."""

    reason: str
    act: int | None = None
    lifts: tuple[int, ...] = ()

    @property
    def excluded(self) -> bool:
        return not self.lifts


def rejudge(
    month: str,
    progress: Progress,
    executor: Executor = SERIAL,
    *,
    keep: bool = True,
) -> Revision:
    """Judge a month's measurements again, without changing their places.

    With `keep=False` the changes are computed but not stored.
    """
    require_rows(month)
    lot = Lot((), month_start(month), month_end(month), keep=keep)
    return _revise(lot, progress, executor)


def reassign(
    first: date,
    last: date,
    progress: Progress,
    executor: Executor = SERIAL,
    *,
    trial: Locator | None = None,
) -> Revision:
    """Look up the communes of a span of days again in the active sets, and judge again.

    With a locator on trial the changes are computed but not stored. Archived months are left; 409
    if the span has no other one.
    """
    if archived_months().issuperset(months_between(f"{first:%Y-%m}", f"{last:%Y-%m}")):
        raise Problem(409, "month_archived")
    lot = Lot((), first, last, locate=True, keep=trial is None, locator=trial)
    done = _revise(lot, progress, executor)
    if trial is None:
        done.notes_moved = no_connection.relocate(first, last, extension("locator"))
    return done


def lock_rows(device: UUID | None) -> bool | None:
    """Lock the rows of a device, or those without one; return whether it ever joined a team."""
    if device is None:
        hold(DEVICELESS_LOCK)
        return None
    joined: bool | None = db.session.execute(LOCK, {"device": device}).scalar()
    return joined


def revise_chosen(device: UUID | None, ids: Sequence[UUID], joined: bool | None) -> CountChanges:
    """Judge measurements of a locked device again; return the changes of counts."""
    rows = read_chosen(device, ids)
    return revise_rows(device, rows, _rederive_all(rows), joined).changes


def read_chosen(device: UUID | None, ids: Sequence[UUID]) -> list[RevisedRow]:
    """Return these measurements of a device, as far as their bodies are kept."""
    rows = db.session.execute(CHOSEN, {"device": device, "ids": list(ids)}).mappings()
    return cast(list[RevisedRow], list(rows))


def revise_rows(
    device: UUID | None,
    rows: Sequence[RevisedRow],
    changed: Sequence[RevisedColumns],
    joined: bool | None,
) -> Revision:
    """Write changes of these rows of a locked device, and the verdicts that follow."""
    done = Revision()
    _change_rows(device, rows, changed, done)
    times = [row["measured_at"] for row in rows]
    _update_dependents(device, joined, times, {row["day"] for row in rows}, done)
    return done


def _revise(whole: Lot, progress: Progress, executor: Executor) -> Revision:
    """Revise lot by lot; it can be stopped and run again."""
    span = {"first": whole.first, "last": whole.last}
    follow_indexes()
    devices = [*db.session.execute(DEVICES, span).scalars(), None]
    done = Revision(left_alone=int(db.session.execute(LEFT_ALONE, span).scalar_one()))
    db.session.commit()
    lots = [replace(whole, devices=some) for some in batched(devices, DEVICES_PER_LOT)]
    for place, one in enumerate(executor.map(revise_lot, lots)):
        done.merge(one)
        progress(min((place + 1) * DEVICES_PER_LOT, len(devices)), len(devices))
    return done


def revise_lot(lot: Lot) -> Revision:
    """Revise the devices of a lot, each in a transaction of its own."""
    done = Revision()
    for device in lot.devices:
        done.merge(_revise_device(device, lot))
        db.session.commit() if lot.keep else db.session.rollback()
    return done


def _revise_device(device: UUID | None, lot: Lot) -> Revision:
    joined = lock_rows(device)
    place = partial(locate_again, locator=lot.locator)
    revise = place if lot.locate else _rederive_all
    span = {"first": lot.first, "last": lot.last}
    done, after = Revision(), UUID(int=0)
    times, days = [], set()
    while True:
        values = {"device": device, "after": after, "lot": ROWS_AT_ONCE, **span}
        rows = cast(list[RevisedRow], list(db.session.execute(ROWS, values).mappings()))
        _change_rows(device, rows, revise(rows), done)
        times += [row["measured_at"] for row in rows]
        days |= {row["day"] for row in rows}
        if len(rows) < ROWS_AT_ONCE:
            break
        after = rows[-1]["id"]
    _update_dependents(device, joined, times, days, done)
    return done


def _change_rows(
    device: UUID | None,
    rows: Sequence[RevisedRow],
    changed: Sequence[RevisedColumns],
    done: Revision,
) -> None:
    """Write the changes that follow from each row alone."""
    _move(rows, changed, done)
    if device is None:  # no timeline: the own reasons of the rows decide
        revised = {new["id"]: new for new in changed}
        present = [_with_changes(row, revised.get(row["id"])) for row in rows]
        _write([(row, timeline.judge_single(row)) for row in present], done)


def _with_changes(row: RevisedRow, changed: RevisedColumns | None) -> RevisedRow:
    return cast(RevisedRow, {**row, **(changed or {})})


def _update_dependents(
    device: UUID | None,
    joined: bool | None,
    times: Sequence[datetime],
    days: set[date],
    done: Revision,
) -> None:
    """Update verdicts of the device's timeline, counts and earnings after a revision of rows."""
    if device and times:
        judge = timeline.Judge(timeline.owner_of(device), caps_in_force())
        judged = timeline.judge_span(fetch, device, min(times), max(times), judge)
        _write(judged, done)
        days = days | {row["day"] for row, _ in judged}
    write_counts(done.changes)
    if device and joined:
        earnings.attribute({device: days})


def _move(rows: Sequence[RevisedRow], changed: Sequence[RevisedColumns], done: Revision) -> None:
    """Write changed places; counts move to the new units in their present categories."""
    before = {row["id"]: row for row in rows}
    for new in changed:
        old = before[new["id"]]
        done.changes.add(old, old["reasons"], -1)
        done.changes.add(_with_changes(old, new), old["reasons"], 1)
        done.moved += old["unit_id"] != new["unit_id"]
    if changed:
        db.session.execute(PLACE, {"rows": dump(changed)})


def _write(judged: Iterable[timeline.Judged], done: Revision) -> None:
    """Write changed verdicts and their changes of counts."""
    changed = []
    for row, verdict in judged:
        if tuple(row["reasons"]) == verdict.reasons:
            continue
        done.changes.add(row, row["reasons"], -1)
        done.changes.add(row, verdict.reasons, 1)
        changed.append((row, verdict))
    done.rejudged += len(changed)
    update_verdicts(changed)


def locate_again(
    rows: Sequence[RevisedRow], locator: Locator | None = None
) -> list[RevisedColumns]:
    """Return the rows whose place differs in the active sets, with the columns that follow."""
    places = incoming.places_of(rows, locator or extension("locator"))
    located = [_at_place(row, placed) for row, placed in zip(rows, places, strict=True)]
    changed = zip(rows, located, strict=True)
    return [new for row, new in changed if _differs(row, new)]


def _differs(row: Mapping[str, object], new: Mapping[str, object]) -> bool:
    return any(row[name] != value for name, value in new.items())


def _at_place(row: RevisedRow, placed: UnitLocation | None) -> RevisedColumns:
    """Return the columns of a row that follow from its place."""
    outside = placed is not None and placed.unit_id is None
    marks = {
        "border_ambiguous": bool(placed and placed.ambiguous),
        "snapped": bool(placed and placed.how == "snapped"),
    }
    columns = {
        **incoming.place_columns(placed),
        "id": row["id"],
        "own_reasons": _with(row["own_reasons"], {"outside_communes": outside}),
        "marks": _with(row["marks"], marks),
    }
    return cast(RevisedColumns, columns)


def _with(codes: Sequence[str], wanted: Mapping[str, bool]) -> list[str]:
    """Return codes with those that are wanted, and without those that are not."""
    present = {code for code in wanted if wanted[code]}
    if present == wanted.keys() & {*codes}:
        return list(codes)
    return list(rules.by_weight({*codes} - wanted.keys() | present))


def _rederive_all(rows: Sequence[RevisedRow]) -> list[RevisedColumns]:
    """Return the rows whose own reasons or marks differ by today's rules."""
    known = requirements()
    derived = ((row, derive_row(row, known)) for row in rows)
    return [new for row, new in derived if _differs(row, new)]


def derive_row(row: RevisedRow, known: Sequence[Requirement]) -> RevisedColumns:
    """Return the columns that follow from a row alone, by the requirement at its receipt."""
    loaded = cast(SampleContent, SCHEMA.load(row["raw"]))
    receipt = ReceiptContext(
        received_at=row["received_at"],
        accept_old=row["device_id"] is None,
        count_manual=setting("COUNT_MANUAL"),
        has_device=row["device_id"] is not None,
        count_without_device=COUNTED_BY_ADMIN in row["marks"],
    )
    new = incoming.derived_columns(row, loaded, _stored_place(row), receipt, row["marks"])
    decided = ["excluded"] if row["excluded"] else []
    problem = proof_problem(row, required_at(known, row["received_at"]))
    decided += [problem] if problem else []
    own = list(rules.by_weight([*new["own_reasons"], *decided]))
    return cast(RevisedColumns, {**new, "id": row["id"], "own_reasons": own})


def _stored_place(row: RevisedRow) -> UnitLocation | None:
    """Return the stored place of a row."""
    if incoming.position_of(row) is None:
        return None
    return UnitLocation(
        cast(int, row["set_id"]), "", "", row["unit_id"], how=row["how"],
        ambiguous="border_ambiguous" in row["marks"], candidates=tuple(row["candidates"] or ()),
    )  # fmt: skip


def decide_on_device(device: UUID | None, ids: Sequence[UUID], decision: Decision) -> CountChanges:
    """Decide on measurements of one device, under its lock; the caller commits."""
    joined = lock_rows(device)
    values = {
        "device": device,
        "ids": list(ids),
        "excluded": decision.excluded,
        "reason": decision.reason,
        "act": decision.act,
        "lifts": list(decision.lifts),
    }
    decided = list(db.session.execute(DECIDE, values).scalars())
    return revise_chosen(device, decided, joined) if decided else CountChanges()


def exclude(identity: UUID, reason: str) -> None:
    """Exclude a measurement from the counts; audited, and an input of its verdict.

    The audit log is never changed, but a withdrawal has to remove the client's id: the log
    contains a digest of it, keyed by the installation.
    """
    where = text("select device_id from measurements where id = :id and raw is not null")
    measurement = or_404(db.session.execute(where, {"id": identity}).one_or_none())
    decide_on_device(measurement.device_id, [identity], Decision(reason))
    record_command("exclude", f"measurement:{pseudonym(identity)}", reason=reason)
    db.session.commit()


LAST = text("select max(measured_at) from measurements where device_id = :device")
RECEIVER = text("update devices set receiver_from = :at where id = :device returning id")


def allow_receiver(device: UUID, reason: str, now: datetime) -> None:
    """Let mock positions of a device count from now on; audited."""
    if db.session.execute(RECEIVER, {"device": device, "at": now}).first() is None:
        raise Problem(404, "not_found")
    _audit_receiver("allow-receiver", device, reason)
    db.session.commit()


def revoke_receiver(device: UUID, reason: str) -> int:
    """Withdraw the permission and judge the device again; return the number of verdicts changed."""
    joined = lock_rows(device)
    phone = db.session.get_one(Device, device) if joined is not None else None
    if phone is None or phone.receiver_from is None:
        raise Problem(404, "not_found")
    since, phone.receiver_from = phone.receiver_from, None
    db.session.flush()
    done = Revision()
    last = db.session.execute(LAST, {"device": device}).scalar() or since
    _update_dependents(device, joined, [since, max(since, last)], set(), done)
    _audit_receiver("revoke-receiver", device, reason)
    db.session.commit()
    return done.rejudged


def _audit_receiver(act: str, device: UUID, reason: str) -> None:
    record_command(f"measurements.{act}", f"device:{pseudonym(device)}", reason=reason)


def pseudonym(identity: UUID) -> str:
    """Return the name of a measurement in the audit log, a keyed digest of its id."""
    key: str = setting("SECRET_KEY")
    return hmac.digest(key.encode(), b"audit|" + identity.bytes, hashlib.sha256).hex()[:32]
