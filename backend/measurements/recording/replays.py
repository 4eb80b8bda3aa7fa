"""Keyed digests of withdrawn measurements, by which another post of one is recognised."""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from backend.clock import local_day
from backend.database.extensions import array_literal, change_rows, db, fetch
from backend.measurements.recording.rules import MAX_AGE, MAX_SKEW

SUNDAY = 7

# The lateral join makes the planner look each digest up by the index.
WITHDRAWN_AMONG = """
    select known.digest from unnest(cast(%(digests)s as bytea[])) as sent (digest),
        lateral (select digest from withdrawn_digests w where w.digest = sent.digest limit 1) known
"""
ADD = text("""
    insert into withdrawn_digests (digest, expires_on)
    select unnest(cast(:digests as bytea[])), :expires_on order by 1
    on conflict (digest) do update
    set expires_on = greatest(withdrawn_digests.expires_on, excluded.expires_on)
""")
DELETE_EXPIRED = text("delete from withdrawn_digests where expires_on < :today")


def id_digest(identity: UUID, key: str) -> bytes:
    """Return the digest of a client's id."""
    return hmac.digest(key.encode(), b"withdrawn-id|" + identity.bytes, hashlib.sha256)


def content_digest(digest: bytes, key: str) -> bytes:
    """Return the digest of a content, from the digest in its receipt."""
    return hmac.digest(key.encode(), b"withdrawn-content|" + digest, hashlib.sha256)


def withdrawn_among(digests: Sequence[bytes]) -> Collection[bytes]:
    """Return those of the digests that belong to withdrawn measurements."""
    return {
        bytes(row["digest"]) for row in fetch(WITHDRAWN_AMONG, {"digests": array_literal(digests)})
    }


def add_withdrawn(digests: Iterable[bytes], withdrawn_at: datetime) -> None:
    """Add digests of withdrawn measurements."""
    values = {"digests": sorted(digests), "expires_on": expiry(withdrawn_at)}
    db.session.execute(ADD, values)


def expiry(withdrawn_at: datetime) -> date:
    """Return the Sunday after which no content that was withdrawn then can count any more."""
    last = local_day(withdrawn_at + MAX_AGE + MAX_SKEW)
    return last + timedelta(days=SUNDAY - last.isoweekday())


def delete_expired(today: date) -> int:
    """Delete the digests whose measurements are too old to count; return their number."""
    return change_rows(DELETE_EXPIRED, {"today": today})
