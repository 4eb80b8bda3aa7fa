"""Limits of attempts in an hour by address or account, and whose turn a costly answer takes."""

import hashlib
import hmac
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Network, ip_address

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import Actor
from backend.accounts.models import Attempts
from backend.database.extensions import change_rows, db, setting
from backend.errors import Problem
from backend.http.load_shedding import Party

# Guesses at a withdrawal code: also at this pace 55 bits cannot be guessed, and few tries of a
# stranger behind the same carrier address keep nobody from withdrawing.
WITHDRAWALS_PER_HOUR = 3_000

# Counts are used within their hour only, and shown to admins until the next day.
KEPT = timedelta(days=1)

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def count_attempt(what: str, address: str, most: int, now: datetime, n: int = 1) -> None:
    """Count n attempts of an address; 429 above its limit in this hour.

    It commits, so that failed attempts count too.
    """
    _count(what, pseudonym(address, _hour(now)), most, now, n)


def count_for_account(what: str, account: str, most: int, now: datetime) -> None:
    """Count an attempt on an account, existing or not; 429 above its limit in this hour.

    Hours are those of the clock: a lock-out ends with the hour at the latest.
    """
    _count(what, account_digest(account, _hour(now)), most, now)


def count_in_minute(what: str, account: str, most: int, now: datetime) -> None:
    """Count an attempt as `count_for_account`, in this minute of the clock."""
    minute = now.replace(second=0, microsecond=0)
    _count(what, account_digest(account, minute), most, now, until=minute + MINUTE)


def account_digest(account: str, since: datetime) -> bytes:
    """Return the keyed hash by which the attempts on an account since a time are counted."""
    return keyed_digest(f"account|{since.isoformat()}|{account}")


def _count(
    what: str, by: bytes, most: int, now: datetime, n: int = 1, until: datetime | None = None
) -> None:
    hour = _hour(now)
    row = insert(Attempts).values(what=what, by=by, hour=hour, n=n)
    counted = row.on_conflict_do_update(
        index_elements=["what", "by", "hour"], set_={"n": Attempts.n + n}
    ).returning(Attempts.n)
    total = db.session.execute(counted).scalar_one()
    if total == n:
        # Old counts; those locked by a parallel call are skipped.
        key = tuple_(Attempts.what, Attempts.by, Attempts.hour)
        old = select(Attempts.what, Attempts.by, Attempts.hour).where(Attempts.hour < now - KEPT)
        change_rows(delete(Attempts).where(key.in_(old.with_for_update(skip_locked=True))))
    db.session.commit()
    if total > most:
        wait = int(((until or hour + HOUR) - now).total_seconds()) + 1
        raise Problem(429, "too_many_requests", headers={"Retry-After": str(wait)})


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def pseudonym(address: str, hour: datetime) -> bytes:
    """Return a keyed hash of an address that changes each hour, so that it cannot be tracked."""
    return keyed_digest(f"address|{hour.isoformat()}|{network_of(address)}")


def keyed_digest(text: str) -> bytes:
    """Return a hash of a text under SECRET_KEY."""
    return hmac.digest(setting("SECRET_KEY").encode(), text.encode(), hashlib.sha256)


def party_of(actor: Actor, address: str, now: datetime) -> Party:
    """Return whose turn a costly answer takes."""
    if actor.signed_in:
        return Party(f"person {actor.user_id}", signed_in=True)
    return Party(pseudonym(address, _hour(now)).hex(), signed_in=False)


def network_of(address: str) -> str:
    """Return the network of one subscriber: an IPv4 address, or 64 bits of an IPv6 address."""
    try:
        parsed = ip_address(address)
    except ValueError:  # a socket or a test client has none
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed) >> 64 << 64, 64)))
