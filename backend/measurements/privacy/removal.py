"""Effects of a withdrawal on counts: recent samples leave them, older ones stay anonymous.

Without a look-back a phone could fill a commune, withdraw and leave nobody to review; samples of
the last days leave live counts and earnings, and no sample of a withdrawn device counts again.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from backend.database.extensions import db
from backend.measurements.privacy.retention import LEAVING_WITHIN
from backend.measurements.recording import earnings, replays
from backend.measurements.recording.counting import CountChanges, write_counts
from backend.measurements.recording.reasons import COUNTED_CATEGORIES, WITHDRAWN
from backend.measurements.recording.rules import MAX_AGE, MAX_SKEW

DECISIONS = (
    text("""
        delete from corrections using measurements m
        where m.id = measurement_id and m.device_id = :device and m.received_at > :since
    """),
    text("""
        delete from campaign_exclusions using measurements m
        where m.id = measurement_id and m.device_id = :device and m.received_at > :since
    """),
    text("""
        delete from exclusions using measurements m
        where m.id = measurement_id and m.device_id = :device and m.received_at > :since
    """),
)
MEASUREMENTS = text("delete from measurements where device_id = :device and received_at > :since")
SUMS = text("""
    select unit_id, day, network,
        case when cardinality(reasons) > 0 then reasons[1]
            when 'counted_by_admin' = any(marks) then 'counted_by_admin'
            when 'withdrawn' = any(marks) then 'withdrawn'
            when assurance = 'witnessed' then 'counted_witnessed'
            when assurance = 'ticketed' then 'counted_ticketed'
            else 'counted' end as category,
        received_at > :since as recent, count(*) as n
    from measurements where device_id = :device group by 1, 2, 3, 4, 5
""")
RECEIPTS = text("""
    select r.id, r.digest, coalesce(m.valid, true) as valid
    from receipts r left join measurements m on m.id = r.id and r.kind = 'sample'
    where r.device_id = :device and coalesce(m.measured_at, r.received_at) > :oldest
""")


def remember_digests(device_id: UUID, key: str, withdrawn_at: datetime) -> None:
    """Keep keyed digests of ids and contents that could count again; older ones are too old."""
    values = {"device": device_id, "oldest": withdrawn_at - MAX_AGE - MAX_SKEW}
    digests = set()
    for identity, digest, valid in db.session.execute(RECEIPTS, values):
        digests.add(replays.id_digest(identity, key))
        if valid:  # contents of failed tests may be equal by chance, and never count
            digests.add(replays.content_digest(digest, key))
    replays.add_withdrawn(digests, withdrawn_at)


def leave_counts(device_id: UUID, withdrawn_at: datetime) -> int:
    """Delete recent samples with their decisions; return their number.

    The others are counted as withdrawn ones from now on, and by their teams without the person.
    """
    since = withdrawn_at - LEAVING_WITHIN
    values = {"device": device_id, "since": since}
    changes, recent = CountChanges(), 0
    for row in db.session.execute(SUMS, values):
        if row.recent:
            recent += row.n
        elif row.category not in COUNTED_CATEGORIES:
            continue
        changes.add_number(row, row.category, -row.n)
        if not row.recent:
            changes.add_number(row, WITHDRAWN, row.n)
    write_counts(changes)
    earnings.unlink_person(device_id, since)
    for statement in (*DECISIONS, MEASUREMENTS):
        db.session.execute(statement, values)
    return recent
