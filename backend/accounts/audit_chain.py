"""Digests of the audit log: each covers the entries of the days since the one before, and that one.

They are entries themselves, made at night. Whoever removes, adds or changes an entry of a past day
must make all later digests anew; some of these are in seals of reports and in mails.
"""

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text

from backend.accounts.audit import audit_entry
from backend.clock import day_begin, local_day
from backend.database.extensions import db, owner_session
from backend.database.locks import AUDIT_LOCK, hold

ACT = "audit.digest"
# An entry is stored when its transaction ends, at most so long after the entry's time.
GRACE = timedelta(hours=3)
# One dated years ahead would end the chain; the clocks of hosts may differ a little.
DIGESTS = f"act = '{ACT}' and at < now() + interval '1 hour'"

# The digest of the entries from a time on and before another.
ENTRIES = """
    select encode(sha256(coalesce(string_agg(sha256(convert_to(jsonb_build_array(id,
            extract(epoch from at), actor, act, subject, details, address)::text, 'UTF8')),
        ''::bytea order by id), '')), 'hex') as entries
    from audit where at >= coalesce(since, '-infinity') and at < until
"""
NEW = text(f"""
    select d.*, e.entries from (select cast(:since as timestamptz) as since,
        cast(:until as timestamptz) as until) d cross join lateral ({ENTRIES}) e
""")  # noqa: S608 # a part of the statement
# By its time, each covers what is before that day. One that does not fit was not made here.
CHAIN = text(f"""
    select d.digest, d.until, d.before, e.entries
    from (
        select id, at, coalesce(details ->> 'digest', '') as digest, until,
            lag(until) over (order by at, id) as since,
            lag(details ->> 'digest', 1, '') over (order by at, id) as before
        from audit cross join lateral date_trunc('day', at, 'Asia/Ho_Chi_Minh') as until
        where {DIGESTS}
    ) d cross join lateral ({ENTRIES}) e
    where cast(:first as timestamptz) is null or until >= :first
    order by d.at, d.id
""")  # noqa: S608
LATEST = text(f"""
    select details ->> 'digest' as digest, date_trunc('day', at, 'Asia/Ho_Chi_Minh') as until
    from audit where {DIGESTS} order by at desc, id desc limit 1
""")  # noqa: S608
UNCOVERED = text("select exists (select from audit where at < :before)")


class Link(NamedTuple):
    """A digest, the last day that it covers, and whether it fits the entries."""

    day: str
    digest: str
    fits: bool = True


def add_digest(now: datetime) -> Link | None:
    """Add the digest of the days that have ended; None where it was added, or is not due yet.

    As the role that owns the tables.
    """
    until = day_begin(local_day(now))
    hold(AUDIT_LOCK)
    found = db.session.execute(LATEST).first()
    if now < until + GRACE or (found and found.until >= until):
        db.session.rollback()
        return None
    since, before = (found.until, found.digest) if found else (None, "")
    [row] = db.session.execute(NEW, {"since": since, "until": until})
    made = Link(_last_day(until), _link(before, row.entries))
    entry = audit_entry(None, ACT, f"audit:{made.day}", digest=made.digest)
    entry.at = now
    with owner_session() as owner:  # the serving role sets no time
        owner.add(entry)
    db.session.commit()
    return made


def latest() -> Link | None:
    """Return the latest digest: it stands for the whole log before its day ended."""
    found = db.session.execute(LATEST).first()
    return Link(_last_day(found.until), found.digest) if found else None


def read_chain(first: datetime | None = None) -> list[Link]:
    """Return all digests, or those made since a time, each compared with what it covers.

    300,000 entries take 2 s.
    """
    return [
        Link(_last_day(row.until), row.digest, row.digest == _link(row.before or "", row.entries))
        for row in db.session.execute(CHAIN, {"first": first})
    ]


def is_overdue(now: datetime) -> bool:
    """Return whether there are entries of long ago that no digest covers."""
    found, before = db.session.execute(LATEST).first(), day_begin(local_day(now) - timedelta(1))
    if found and found.until >= before:
        return False
    return bool(db.session.scalar(UNCOVERED, {"before": before}))


def _link(before: str, entries: str) -> str:
    return hashlib.sha256(f"{before}{entries}".encode()).hexdigest()


def _last_day(until: datetime) -> str:
    return (local_day(until) - timedelta(1)).isoformat()
