"""Effects of a withdrawal on counts: recent samples leave them, older ones stay anonymous.

Without a look-back a phone could fill a commune, withdraw and leave nobody to review; samples of
the last days leave live counts and earnings, and no sample of a withdrawn device counts again.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from backend.database.extensions import db
from backend.measurements.recording import replays
from backend.measurements.recording.counting import CATEGORY
from backend.measurements.recording.rules import AGE_MOST, SKEW_MOST

# A reviewer looks at a running month once a week.
LEAVING_WITHIN = timedelta(days=7)

OF_RECENT = """
    using measurements m
    where m.id = measurement_id and m.device_id = :device and m.received_at > :since
"""
EARNINGS = text(f"""
    with gone as (
        delete from earnings e {OF_RECENT} returning e.*
    )
    insert into team_deltas (campaign_id, team_id, volunteer_id, unit_id, day, network, fate, guest,
                             n)
    select campaign_id, team_id, volunteer_id, unit_id, day, network, fate, guest, -count(*)
    from gone group by 1, 2, 3, 4, 5, 6, 7, 8
""")  # noqa: S608 # parts of statements
DECISIONS = [
    text(f"delete from {table} {OF_RECENT}")  # noqa: S608
    for table in ("corrections", "campaign_exclusions", "exclusions")
]
MEASUREMENTS = text(f"""
    with gone as (
        delete from measurements where device_id = :device and received_at > :since
        returning unit_id, day, network, {CATEGORY} as fate
    ), subtracted as (
        insert into count_deltas (unit_id, day, network, fate, n)
        select unit_id, day, network, fate, -count(*) from gone group by 1, 2, 3, 4
    )
    select count(*) from gone
""")  # noqa: S608
COUNTED = text(f"""
    with mine as (
        select unit_id, day, network, {CATEGORY} as fate, count(*) as n from measurements
        where device_id = :device and cardinality(reasons) = 0 group by 1, 2, 3, 4
    )
    insert into count_deltas (unit_id, day, network, fate, n)
    select unit_id, day, network, fate, -n from mine
    union all select unit_id, day, network, 'withdrawn', sum(n) from mine group by 1, 2, 3
""")  # noqa: S608
RECEIPTS = text("""
    select r.id, r.digest, m.valid from receipts r join measurements m on m.id = r.id
    where m.device_id = :device and m.measured_at > :oldest
""")


def remember_digests(device_id: UUID, key: str, withdrawn_at: datetime) -> None:
    """Keep keyed digests of ids and contents that could count again; older ones are too old."""
    values = {"device": device_id, "oldest": withdrawn_at - AGE_MOST - SKEW_MOST}
    digests = set()
    for identity, digest, valid in db.session.execute(RECEIPTS, values):
        digests.add(replays.id_digest(identity, key))
        if valid:  # contents of failed tests may be equal by chance, and never count
            digests.add(replays.content_digest(digest, key))
    replays.add_withdrawn(digests, withdrawn_at)


def remove_recent(device_id: UUID, withdrawn_at: datetime) -> int:
    """Delete recent samples with their counts, earnings and decisions; return their number."""
    values = {"device": device_id, "since": withdrawn_at - LEAVING_WITHIN}
    for statement in (EARNINGS, *DECISIONS):
        db.session.execute(statement, values)
    removed: int = db.session.execute(MEASUREMENTS, values).scalar_one()
    return removed


def count_as_withdrawn(device_id: UUID) -> None:
    """Move the counts of the remaining samples to the category of withdrawn ones."""
    db.session.execute(COUNTED, {"device": device_id})
