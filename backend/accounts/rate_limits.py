"""Limits of attempts in an hour by address or account, counted in the database."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Network, ip_address

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.models import Attempts
from backend.database.extensions import db
from backend.errors import Problem

# Guesses at a withdrawal code: also at this pace 55 bits cannot be guessed, and few tries of a
# stranger behind the same carrier address keep nobody from withdrawing.
WITHDRAWALS_PER_HOUR = 3_000

# Counts are used within their hour only, and shown to admins until the next day.
KEPT = timedelta(days=1)

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """The address of a request, and how many attempts it has in an hour."""

    address: str
    most: int


def count_attempt(what: str, caller: Caller, secret: str, now: datetime, n: int = 1) -> None:
    """Count n attempts of an address; 429 above its limit in this hour.

    It commits, so that failed attempts count too.
    """
    hour = _hour(now)
    _count(what, pseudonym(caller.address, hour, secret), caller.most, now, n)


def count_for_account(what: str, account: str, most: int, secret: str, now: datetime) -> None:
    """Count an attempt on an account, existing or not; 429 above its limit in this hour.

    Hours are those of the clock: a lock-out ends with the hour at the latest.
    """
    _count(what, account_digest(account, _hour(now), secret), most, now)


def account_digest(account: str, hour: datetime, secret: str) -> bytes:
    """Return the keyed hash by which the attempts on an account in an hour are counted."""
    text = f"account|{hour.isoformat()}|{account}"
    return hmac.digest(secret.encode(), text.encode(), hashlib.sha256)


def _count(what: str, by: bytes, most: int, now: datetime, n: int = 1) -> None:
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
        db.session.execute(
            delete(Attempts).where(key.in_(old.with_for_update(skip_locked=True))),
            execution_options={"synchronize_session": False},
        )
    db.session.commit()
    if total > most:
        wait = int((hour + HOUR - now).total_seconds()) + 1
        raise Problem(429, "too_many_requests", headers={"Retry-After": str(wait)})


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def pseudonym(address: str, hour: datetime, secret: str) -> bytes:
    """Return a keyed hash of an address that changes each hour, so that it cannot be tracked."""
    text = f"address|{hour.isoformat()}|{network_of(address)}"
    return hmac.digest(secret.encode(), text.encode(), hashlib.sha256)


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
