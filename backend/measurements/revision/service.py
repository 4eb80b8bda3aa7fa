"""Recompute places, own reasons and verdicts of stored rows, with their counts and earnings."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.batch.workforce import ALONE, Workforce, sliced
from backend.clock import month_end, month_start
from backend.database.extensions import db, extension, follow_indexes
from backend.measurements.recording import earnings, incoming, rules, timeline
from backend.measurements.recording.counting import CountDeltas
from backend.measurements.recording.incoming import SCHEMA, ReceiptContext
from backend.measurements.recording.reasons import COUNTED_BY_ADMIN
from backend.measurements.recording.service import verdict_row
from backend.measurements.recording.storage import add_deltas, dump, update_verdicts
from backend.units.locator import Locator, UnitLocation

Progress = Callable[[int, int], None]
Row = Mapping[Any, Any]

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
# Rows without a device have no device row to lock. Advisory lock, unique in this database.
DEVICELESS_LOCK = 5_695
LOCK_DEVICELESS = text("select pg_advisory_xact_lock(:lock)")
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
PLACE = text("""
    update measurements m
    set unit_id = v.unit_id, set_id = v.set_id, how = v.how, candidates = v.candidates,
        own_reasons = v.own_reasons, marks = v.marks
    from jsonb_to_recordset(cast(:rows as jsonb)) as v(id uuid, unit_id int, set_id int,
         how text, candidates text[], own_reasons text[], marks text[])
    where m.id = v.id
""")
LEFT_ALONE = text("""
    select count(*) from measurements
    where raw is null and day between :first and :last
""")


@dataclass(slots=True)
class Revision:
    """Result of a revision: rows moved to another unit, changed verdicts, rows left unchanged."""

    moved: int = 0
    rejudged: int = 0
    left_alone: int = 0
    changes: CountDeltas = field(default_factory=CountDeltas)

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
    count_manual: bool
    locate: bool = False  # else the rules alone are applied again
    keep: bool = True


def rejudge(
    month: str,
    count_manual: bool,
    progress: Progress,
    force: Workforce = ALONE,
    *,
    keep: bool = True,
) -> Revision:
    """Judge a month's measurements again by today's rules, without changing their places.

    With `keep=False` the changes are computed but not stored.
    """
    lot = Lot((), month_start(month), month_end(month), count_manual, keep=keep)
    return _revise(lot, progress, force)


def reassign(
    first: date, last: date, count_manual: bool, progress: Progress, force: Workforce = ALONE
) -> Revision:
    """Look up the communes of a span of days again in the active sets, and judge again."""
    return _revise(Lot((), first, last, count_manual, locate=True), progress, force)


def lock_rows(device: UUID | None) -> bool | None:
    """Lock the rows of a device, or those without one; return whether it ever joined a team."""
    if device is None:
        db.session.execute(LOCK_DEVICELESS, {"lock": DEVICELESS_LOCK})
        return None
    joined: bool | None = db.session.execute(LOCK, {"device": device}).scalar()
    return joined


def revise_chosen(
    device: UUID | None, ids: Sequence[UUID], joined: bool | None, count_manual: bool
) -> CountDeltas:
    """Judge measurements of a locked device again; return the changes of counts."""
    deltas, done = CountDeltas(), Revision()
    values = {"device": device, "ids": list(ids)}
    rows = list(db.session.execute(CHOSEN, values).mappings())
    _revise_rows(device, rows, _rederive_all(rows, count_manual), deltas, done)
    times = [row["measured_at"] for row in rows]
    _update_dependents(device, joined, times, {row["day"] for row in rows}, deltas, done)
    return deltas


def _revise(whole: Lot, progress: Progress, force: Workforce) -> Revision:
    """Revise lot by lot, possibly on several machines; it can be stopped and run again."""
    span = {"first": whole.first, "last": whole.last}
    follow_indexes()
    devices = [*db.session.execute(DEVICES, span).scalars(), None]
    done = Revision(left_alone=int(db.session.execute(LEFT_ALONE, span).scalar_one()))
    db.session.commit()
    lots = [replace(whole, devices=some) for some in sliced(devices, DEVICES_PER_LOT)]
    for place, one in enumerate(force.each(revise_lot, lots)):
        done.merge(one)
        progress(min((place + 1) * DEVICES_PER_LOT, len(devices)), len(devices))
    return done


def revise_lot(lot: Lot) -> Revision:
    """Revise the devices of a lot, each in a transaction of its own."""
    done = Revision()
    for device in lot.devices:
        _revise_device(device, lot, done)
        db.session.commit() if lot.keep else db.session.rollback()
    return done


def _revise_device(device: UUID | None, lot: Lot, done: Revision) -> None:
    joined = lock_rows(device)
    revise = _locate_again if lot.locate else partial(_rederive_all, count_manual=lot.count_manual)
    span = {"first": lot.first, "last": lot.last}
    deltas, after = CountDeltas(), UUID(int=0)
    times, days = [], set()
    while True:
        values = {"device": device, "after": after, "lot": ROWS_AT_ONCE, **span}
        rows = list(db.session.execute(ROWS, values).mappings())
        _revise_rows(device, rows, revise(rows), deltas, done)
        times += [row["measured_at"] for row in rows]
        days |= {row["day"] for row in rows}
        if len(rows) < ROWS_AT_ONCE:
            break
        after = rows[-1]["id"]
    _update_dependents(device, joined, times, days, deltas, done)
    done.changes.merge(deltas)


def _revise_rows(
    device: UUID | None,
    rows: Sequence[Row],
    changed: Sequence[Row],
    deltas: CountDeltas,
    done: Revision,
) -> None:
    """Write the changes that follow from each row alone."""
    _move(rows, changed, deltas, done)
    if device is None:
        _rejudge_alone(rows, changed, deltas, done)


def _update_dependents(
    device: UUID | None,
    joined: bool | None,
    times: Sequence[datetime],
    days: set[date],
    deltas: CountDeltas,
    done: Revision,
) -> None:
    """Update verdicts of the device's timeline, counts and earnings after a revision of rows."""
    if device and times:
        judged = timeline.judge_span(device, min(times), max(times))
        days = days | _rejudge_timeline(judged, deltas, done)
    add_deltas(deltas)
    if device and joined:
        earnings.attribute(device, days)


def _move(rows: Sequence[Row], changed: Sequence[Row], deltas: CountDeltas, done: Revision) -> None:
    """Write changed places; counts move to the new units in their present categories."""
    before = {row["id"]: row for row in rows}
    for new in changed:
        old = before[new["id"]]
        deltas.add(old, old["reasons"], -1)
        deltas.add({**old, **new}, old["reasons"], 1)
        done.moved += old["unit_id"] != new["unit_id"]
    if changed:
        db.session.execute(PLACE, {"rows": dump(changed)})


def _rejudge_alone(
    rows: Sequence[Row], changed: Iterable[Row], deltas: CountDeltas, done: Revision
) -> None:
    """Judge rows without a device: they have no timeline, so their own reasons decide."""
    revised = {new["id"]: new for new in changed}
    pairs = [({**row, **revised.get(row["id"], {})}, row) for row in rows]
    _write([(new, rules.Verdict(tuple(new["own_reasons"]))) for new, _ in pairs], deltas, done)


def _rejudge_timeline(judged: Any, deltas: CountDeltas, done: Revision) -> set[date]:
    """Write the verdicts of a device's timeline; return the days of changed rows."""
    entries = list(judged)
    _write(entries, deltas, done)
    return {row["day"] for row, _ in entries}


def _write(
    judged: Iterable[tuple[Row, rules.Verdict]], deltas: CountDeltas, done: Revision
) -> None:
    """Write changed verdicts and their changes of counts."""
    changed = []
    for row, verdict in judged:
        if tuple(row["reasons"]) == verdict.reasons:
            continue
        deltas.add(row, row["reasons"], -1)
        deltas.add(row, verdict.reasons, 1)
        changed.append(verdict_row(row, verdict))
    done.rejudged += len(changed)
    update_verdicts(changed, rules.RULES)


def _locate_again(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows whose place differs in the active sets, with the columns that follow."""
    if not rows:
        return []
    from backend.measurements.revision import placement  # with Arrow, which web workers do without

    locator: Locator = extension("locator")
    chunk = placement.chunk_of([{**row, "id": str(row["id"])} for row in rows])
    changed = placement.locate_again(chunk, locator.loaded_set)
    columns = changed.select(["id", *placement.OUTPUT.names])
    return [new | {"id": UUID(new["id"])} for new in columns.to_pylist()]


def _rederive_all(rows: Sequence[Row], count_manual: bool) -> list[dict[str, Any]]:
    """Return the rows whose own reasons or marks differ by today's rules."""
    return [new for row in rows if (new := _rederive(row, count_manual))]


def _rederive(row: Row, count_manual: bool) -> dict[str, Any] | None:
    loaded = SCHEMA.load(row["raw"])
    receipt = ReceiptContext(
        received_at=row["received_at"],
        accept_old=row["device_id"] is None,
        count_manual=count_manual,
        has_device=row["device_id"] is not None,
        count_without_device=COUNTED_BY_ADMIN in row["marks"],
    )
    placed = _stored_place(row)
    own = incoming.own_reasons(row, loaded, placed, receipt)
    if row["excluded"]:
        own = rules.by_weight([*own, "excluded"])
    new = {
        "id": row["id"],
        "unit_id": placed.unit_id if placed else None,
        "set_id": placed.set_id if placed else None,
        "how": placed.how if placed else None,
        "candidates": list(placed.candidates) or None if placed else None,
        "own_reasons": list(own),
        "marks": incoming.marks(row, loaded, placed, receipt),
    }
    return new if any(row[name] != value for name, value in new.items()) else None


def _stored_place(row: Row) -> UnitLocation | None:
    """Return the stored place of a row."""
    if incoming.position_of(row) is None:
        return None
    return UnitLocation(
        unit_id=row["unit_id"],
        code=None,
        name=None,
        province=None,
        how=row["how"],
        ambiguous="border_ambiguous" in row["marks"],
        candidates=tuple(row["candidates"] or ()),
        border_distance_m=None,
        set_id=row["set_id"],
        set_name="",
        quality="",
    )
