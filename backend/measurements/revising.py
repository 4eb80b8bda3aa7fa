"""Recompute what follows from stored rows: places, own reasons, verdicts; counts follow."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.clock import month_end, month_start
from backend.extensions import db
from backend.measurements import draft, earning, rules, timeline
from backend.measurements.counting import Deltas
from backend.measurements.draft import Circumstances
from backend.measurements.reading import SCHEMA
from backend.measurements.reasons import COUNTED_BY_ADMIN
from backend.measurements.service import verdict_row
from backend.measurements.storing import add_deltas, dump, rewrite
from backend.units.locating import Locator, Placed

Progress = Callable[[int, int], None]
Row = Mapping[Any, Any]

# Rows without a device are revised so many at once, each lot in a transaction of its own.
LOT = 1_000

DEVICES = text("""
    select distinct device_id from measurements
    where device_id is not null and day between :first and :last order by device_id
""")
# Posts wait for it, and those that were judged before are judged again.
LOCK = text("update devices set version = version + 1 where id = :device returning joined")
# The latest decision on a measurement stands.
WITH_EXCLUSION = """
    select m.*, coalesce(latest.excluded, false) as excluded
    from measurements m left join lateral (
        select e.excluded from exclusions e where e.measurement_id = m.id order by e.id desc limit 1
    ) latest on true
"""
ROWS = text(f"""
    {WITH_EXCLUSION}
    where m.device_id is not distinct from cast(:device as uuid)
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
    """What a revision did: rows that moved to another unit, verdicts that changed, rows left."""

    moved: int = 0
    rejudged: int = 0
    left_alone: int = 0
    changes: Deltas = field(default_factory=Deltas)  # of the counts


def rejudge(month: str, count_manual: bool, progress: Progress, *, keep: bool = True) -> Revision:
    """Judge a month's measurements again under the rules of today, in the places they have.

    Without `keep` nothing changes: it only tells what would.
    """
    first, last = month_start(month), month_end(month)
    return _revise(first, last, None, count_manual, progress, keep=keep)


def reassign(
    first: date, last: date, locator: Locator, count_manual: bool, progress: Progress
) -> Revision:
    """Name the communes of a span of days again, in the sets active now, and judge again."""
    return _revise(first, last, locator, count_manual, progress)


def hold(device: UUID | None) -> bool | None:
    """Hold a device until the transaction ends; whether somebody joined with it."""
    if device is None:
        return None
    joined: bool | None = db.session.execute(LOCK, {"device": device}).scalar()
    return joined


def revise_chosen(
    device: UUID | None, ids: Sequence[UUID], joined: bool | None, count_manual: bool
) -> Deltas:
    """Judge measurements of a held device again, and what follows from them; what counts moved."""
    deltas, done = Deltas(), Revision()
    values = {"device": device, "ids": list(ids)}
    rows = list(db.session.execute(CHOSEN, values).mappings())
    _revise_rows(device, rows, None, count_manual, deltas, done)
    times = [row["measured_at"] for row in rows]
    _follow(device, joined, times, {row["day"] for row in rows}, deltas, done)
    return deltas


def _revise(
    first: date,
    last: date,
    locator: Locator | None,
    count_manual: bool,
    progress: Progress,
    *,
    keep: bool = True,
) -> Revision:
    """Device by device, each in a transaction of its own: it can be stopped and run again."""
    span = {"first": first, "last": last}
    devices = list(db.session.execute(DEVICES, span).scalars())
    done = Revision(left_alone=int(db.session.execute(LEFT_ALONE, span).scalar_one()))
    db.session.commit()
    for place, device in enumerate([*devices, None]):
        progress(place, len(devices) + 1)
        _revise_device(device, first, last, locator, count_manual, done)
        db.session.commit() if keep else db.session.rollback()
    progress(len(devices) + 1, len(devices) + 1)
    return done


def _revise_device(
    device: UUID | None,
    first: date,
    last: date,
    locator: Locator | None,
    count_manual: bool,
    done: Revision,
) -> None:
    joined = hold(device)
    deltas, after = Deltas(), UUID(int=0)
    times, days = [], set()
    while True:
        span = {"device": device, "first": first, "last": last, "after": after, "lot": LOT}
        rows = list(db.session.execute(ROWS, span).mappings())
        _revise_rows(device, rows, locator, count_manual, deltas, done)
        times += [row["measured_at"] for row in rows]
        days |= {row["day"] for row in rows}
        if len(rows) < LOT:
            break
        after = rows[-1]["id"]
    _follow(device, joined, times, days, deltas, done)
    done.changes.take(deltas)


def _revise_rows(
    device: UUID | None,
    rows: Sequence[Row],
    locator: Locator | None,
    count_manual: bool,
    deltas: Deltas,
    done: Revision,
) -> None:
    """What follows from each row alone."""
    changed = [new for row in rows if (new := _revised(row, locator, count_manual))]
    _move(rows, changed, deltas, done)
    if device is None:
        _rejudge_alone(rows, changed, deltas, done)


def _follow(
    device: UUID | None,
    joined: bool | None,
    times: Sequence[datetime],
    days: set[date],
    deltas: Deltas,
    done: Revision,
) -> None:
    """What follows from revised rows: verdicts of the device's timeline, counts, earnings."""
    if device and times:
        judged = timeline.judged_between(device, min(times), max(times))
        days = days | _rejudge_timeline(judged, deltas, done)
    add_deltas(deltas)
    if device and joined:
        earning.settle(device, days)


def _revised(row: Row, locator: Locator | None, count_manual: bool) -> dict[str, Any] | None:
    """The row's place, own reasons and marks computed again; None where nothing differs."""
    loaded = SCHEMA.load(row["raw"])
    now = Circumstances(
        received_at=row["received_at"],
        old_welcome=row["device_id"] is None,
        count_manual=count_manual,
        has_device=row["device_id"] is not None,
        count_without_device=COUNTED_BY_ADMIN in row["marks"],
    )
    placed = _placed(row, locator)
    own = draft.own_reasons(row, loaded, placed, now)
    if row["excluded"]:
        own = rules.in_order([*own, "excluded"])
    new = {
        "id": row["id"],
        "unit_id": placed.unit_id if placed else None,
        "set_id": placed.set_id if placed else None,
        "how": placed.how if placed else None,
        "candidates": list(placed.candidates) or None if placed else None,
        "own_reasons": list(own),
        "marks": draft.marks(row, loaded, placed, now),
    }
    return new if any(row[name] != value for name, value in new.items()) else None


def _placed(row: Row, locator: Locator | None) -> Placed | None:
    """Where the row lies: looked up again with a locator, else as stored."""
    position = draft.position_of(row)
    if position is None:
        return None
    if locator:
        return locator.place(*position)
    return Placed(
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


def _move(rows: Sequence[Row], changed: Iterable[Row], deltas: Deltas, done: Revision) -> None:
    """Write changed places; the counts move along under the verdict that stands so far."""
    before = {row["id"]: row for row in rows}
    changed = list(changed)
    for new in changed:
        old = before[new["id"]]
        deltas.add(old, old["reasons"], -1)
        deltas.add({**old, **new}, old["reasons"], 1)
        done.moved += old["unit_id"] != new["unit_id"]
    if changed:
        db.session.execute(PLACE, {"rows": dump(changed)})


def _rejudge_alone(
    rows: Sequence[Row], changed: Iterable[Row], deltas: Deltas, done: Revision
) -> None:
    """Rows without a device have no timeline: their own reasons are their verdict."""
    revised = {new["id"]: new for new in changed}
    pairs = [({**row, **revised.get(row["id"], {})}, row) for row in rows]
    _write([(new, rules.Verdict(tuple(new["own_reasons"]))) for new, _ in pairs], deltas, done)


def _rejudge_timeline(judged: Any, deltas: Deltas, done: Revision) -> set[date]:
    """Rows with a device; the days of those that were judged otherwise."""
    entries = list(judged)
    _write(entries, deltas, done)
    return {row["day"] for row, _ in entries}


def _write(judged: Iterable[tuple[Row, rules.Verdict]], deltas: Deltas, done: Revision) -> None:
    """Write the verdicts that differ; counts follow."""
    changed = []
    for row, verdict in judged:
        if tuple(row["reasons"]) == verdict.reasons:
            continue
        deltas.add(row, row["reasons"], -1)
        deltas.add(row, verdict.reasons, 1)
        changed.append(verdict_row(row, verdict))
    done.rejudged += len(changed)
    rewrite(changed, rules.RULES)
