"""Add events, number them, scrub those of a device that withdraws, and delete old ones.

Numbers drawn inside transactions would become visible out of order, and a reader that asks for
what comes after the highest number would miss the ones in between. Rows are therefore stored
without a number. Numbering locks one row and gives the next numbers to committed events only, so
that a number is visible only after all lower ones.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import text

from backend.database.extensions import db

# Over 100 days, so that what happens once in a month is not noted twice.
KEPT = timedelta(days=120)
# Of one transaction: a re-evaluation of a month may change some hundred thousand verdicts.
NUMBERED_AT_ONCE = 20_000

ADD = text("""
    insert into events (kind, unit_id, month, network, data, once)
    select kind, unit_id, month, network, data, once
    from jsonb_to_recordset(cast(:events as jsonb)) as e (
        kind text, unit_id int, month text, network text, data jsonb, once text)
    on conflict (once) do nothing
""")
HAPPENED = text("select once from events where once = any(:keys)")
PENDING = text("select exists (select from events where number is null)")
# The lock is taken by a statement of its own: the next one then sees all numbers given before.
LOCK = text("""
    insert into event_numbers (id, last, deleted_to) values (1, 0, 0)
    on conflict (id) do update set last = event_numbers.last
""")
NUMBER = text("""
    with pending as (
        select id from events where number is null order by id limit :most
    ), placed as (
        select id, row_number() over (order by id) as place from pending
    ), numbered as (
        update events e set number = n.last + p.place
        from placed p, event_numbers n where e.id = p.id
        returning 1
    )
    update event_numbers set last = last + (select count(*) from numbered)
    returning (select count(*) from numbered)
""")
BOUNDS = text("select last, deleted_to from event_numbers")
SCRUB = text("""
    update events e set measurement_id = null, data = '{}', scrubbed = true
    from measurements m where m.device_id = :device and e.measurement_id = m.id
""")
DELETE_OLD = text("""
    with edge as (
        select max(number) as number from events where at < :before and number is not null
    ), gone as (
        delete from events e using edge where e.number <= edge.number returning 1
    ), noted as (
        update event_numbers set deleted_to = greatest(deleted_to, edge.number)
        from edge where edge.number is not null
    )
    select count(*) from gone
""")
# More than the events that a restored backup can lack.
RESTORE_GAP = 1_000_000
SKIP = text("update event_numbers set last = last + :gap")


class NewEvent(NamedTuple):
    """An event to add; one with `once` is added at most once while it is kept."""

    kind: str
    unit_id: int | None
    month: str
    data: dict[str, Any]
    network: str | None = None
    once: str | None = None


class Bounds(NamedTuple):
    """The last number, and the last number that retention has deleted."""

    last: int
    deleted_to: int


def add(*events: NewEvent) -> None:
    """Add events to the caller's transaction."""
    if events:
        rows = [event._asdict() for event in events]
        db.session.execute(ADD, {"events": orjson.dumps(rows).decode()})


def add_once(events: Sequence[NewEvent]) -> int:
    """Add those events that have not happened yet; return their number."""
    keys = [event.once for event in events]
    happened = set(db.session.execute(HAPPENED, {"keys": keys}).scalars())
    missing = [event for event in events if event.once not in happened]
    add(*missing)
    return len(missing)


def number_pending() -> int:
    """Number all committed events and commit; return how many were numbered."""
    numbered = 0
    while db.session.execute(PENDING).scalar_one():
        db.session.execute(LOCK)
        done: int = db.session.execute(NUMBER, {"most": NUMBERED_AT_ONCE}).scalar_one()
        db.session.commit()
        numbered += done
        if not done:
            break
    return numbered


def bounds() -> Bounds:
    """Return the last number and the last deleted one."""
    row = db.session.execute(BOUNDS).one_or_none()
    return Bounds(row.last, row.deleted_to) if row else Bounds(0, 0)


def scrub(device_id: UUID) -> None:
    """Remove the content of the events of a device's samples; part of the caller's transaction.

    Their numbers stay, so that readers see no gap.
    """
    db.session.execute(SCRUB, {"device": device_id})


def delete_expired(now: datetime) -> int:
    """Delete events older than KEPT; return their number."""
    before = now - KEPT
    db.session.execute(LOCK)
    gone: int = db.session.execute(DELETE_OLD, {"before": before}).scalar_one()
    return gone


def skip_numbers() -> None:
    """Leave a gap after the last number of a restored backup; part of the caller's transaction.

    Readers may have seen later numbers than the backup has, and must not take other events for
    those.
    """
    db.session.execute(LOCK)
    db.session.execute(SKIP, {"gap": RESTORE_GAP})
