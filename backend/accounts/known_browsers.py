"""Browsers where a person has signed in: a signed cookie for each login name, without the name."""

import hmac
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from backend.accounts.rate_limits import keyed_digest

KNOWN_FOR = timedelta(days=30)
COOKIE_PREFIX = "dosong_known_"
# 64 bits tell browsers apart; nobody guesses 128 bits of a signature.
NONCE_BYTES = 8
SIGNATURE_BYTES = 16


class KnownBrowser(NamedTuple):
    """The cookie that a sign-in sets."""

    cookie: str  # its name
    value: str


def cookie_name(name: str) -> str:
    """Return the name of the cookie for a login name, which it does not reveal."""
    return COOKIE_PREFIX + keyed_digest(f"known cookie|{name}").hex()[:12]


def remember(name: str, password_hash: str, now: datetime) -> KnownBrowser:
    """Return a cookie by which this browser is known until the password changes, or 30 days."""
    nonce = secrets.token_hex(NONCE_BYTES)
    until = str(int((now + KNOWN_FOR).timestamp()))
    value = f"{until}.{nonce}.{_signature(name, password_hash, until, nonce)}"
    return KnownBrowser(cookie_name(name), value)


def nonce_of(value: str, name: str, password_hash: str, now: datetime) -> str | None:
    """Return which browser a cookie tells of; None where it does not fit name and password."""
    until, _, rest = value.partition(".")
    nonce, _, signature = rest.partition(".")
    right = _signature(name, password_hash, until, nonce)
    if not hmac.compare_digest(signature.encode(), right.encode()):
        return None
    return nonce if int(until) > now.timestamp() else None


def _signature(name: str, password_hash: str, until: str, nonce: str) -> str:
    text = f"known browser|{name}|{password_hash}|{until}|{nonce}"
    return keyed_digest(text)[:SIGNATURE_BYTES].hex()
