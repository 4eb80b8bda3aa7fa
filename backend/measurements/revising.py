"""Recompute what follows from stored rows: places, own reasons, verdicts; counts follow."""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.service import note
from backend.clock import month_end, month_start
from backend.errors import Problem
from backend.extensions import db
from backend.measurements import draft, earning, rules, timeline
from backend.measurements.counting import Deltas
from backend.measurements.draft import Circumstances
from backend.measurements.models import Exclusion
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
ROWS = text("""
    select m.*, e.measurement_id is not null as excluded
    from measurements m left join exclusions e on e.measurement_id = m.id
    where m.device_id is not distinct from cast(:device as uuid)
      and m.day between :first and :last and m.raw is not null and m.id > :after
    order by m.id limit :lot
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


def rejudge(month: str, count_manual: bool, progress: Progress) -> Revision:
    """Judge a month's measurements again under the rules of today, in the places they have."""
    return _revise(month_start(month), month_end(month), None, count_manual, progress)


def reassign(
    first: date, last: date, locator: Locator, count_manual: bool, progress: Progress
) -> Revision:
    """Name the communes of a span of days again, in the sets active now, and judge again."""
    return _revise(first, last, locator, count_manual, progress)


def exclude(identity: UUID, reason: str, key: str, count_manual: bool) -> None:
    """Take a measurement out of the counts; an audited row that judging takes as input.

    The audit log keeps for ever what is written into it, and a withdrawal has to make the
    client's id disappear: the log holds a digest of it, under the installation's key.
    """
    where = text("select device_id, day from measurements where id = :id and raw is not null")
    found = db.session.execute(where, {"id": identity}).one_or_none()
    if found is None:
        raise Problem(404, "not_found")
    exclusion = insert(Exclusion).values(measurement_id=identity, reason=reason)
    db.session.execute(exclusion.on_conflict_do_nothing())
    note("exclude", f"measurement:{pseudonym(identity, key)}", reason=reason)
    _revise_device(found.device_id, found.day, found.day, None, count_manual, Revision())
    db.session.commit()


def pseudonym(identity: UUID, key: str) -> str:
    """The name of a measurement in the audit log: who has id and key finds the entry."""
    return hmac.digest(key.encode(), b"audit|" + identity.bytes, hashlib.sha256).hex()[:32]


def _revise(
    first: date, last: date, locator: Locator | None, count_manual: bool, progress: Progress
) -> Revision:
    """Device by device, each in a transaction of its own: it can be stopped and run again."""
    span = {"first": first, "last": last}
    devices = list(db.session.execute(DEVICES, span).scalars())
    done = Revision(left_alone=int(db.session.execute(LEFT_ALONE, span).scalar_one()))
    db.session.commit()
    for place, device in enumerate([*devices, None]):
        progress(place, len(devices) + 1)
        _revise_device(device, first, last, locator, count_manual, done)
        db.session.commit()
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
    joined = device and db.session.execute(LOCK, {"device": device}).scalar()
    deltas, after = Deltas(), UUID(int=0)
    times, days = [], set()
    while True:
        span = {"device": device, "first": first, "last": last, "after": after, "lot": LOT}
        rows = list(db.session.execute(ROWS, span).mappings())
        changed = [new for row in rows if (new := _revised(row, locator, count_manual))]
        _move(rows, changed, deltas, done)
        if device is None:
            _rejudge_alone(rows, changed, deltas, done)
        times += [row["measured_at"] for row in rows]
        days |= {row["day"] for row in rows}
        if len(rows) < LOT:
            break
        after = rows[-1]["id"]
    if device and times:
        judged = timeline.judged_between(device, min(times), max(times))
        days |= _rejudge_timeline(judged, deltas, done)
    add_deltas(deltas)
    if device and joined:
        earning.settle(device, days)


def _revised(row: Row, locator: Locator | None, count_manual: bool) -> dict[str, Any] | None:
    """The row's place, own reasons and marks computed anew; None where nothing differs."""
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
    """Where the row lies: looked up anew with a locator, else as stored."""
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
