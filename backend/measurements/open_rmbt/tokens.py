"""Tokens that Open-RMBT's measuring servers check, and ids of coverage sessions.

A test token is `<test>_<second>_<HMAC-SHA1>`; a ping token holds the second, and HMAC-SHA256 of it
and of the client's address. Both are signed with the secret of the server.
"""

import base64
import hmac
from datetime import UTC, datetime
from ipaddress import IPv4Address, ip_address
from uuid import UUID

TIME_BYTES, SEEN_BYTES, ADDRESS_BYTES = 4, 8, 4
SESSION_TIME_BYTES = 6


def test_token(test: UUID, at: datetime, key: str) -> str:
    """Return the token of a test that begins at a time."""
    signed = f"{test}_{int(at.timestamp())}"
    digest = hmac.digest(key.encode(), signed.encode(), "sha1")
    return f"{signed}_{base64.b64encode(digest).decode()}"


def ping_token(address: str, at: datetime, key: str) -> str:
    """Return the token of pings by UDP from an address; without an address none can be checked."""
    second = (int(at.timestamp()) & 0xFFFFFFFF).to_bytes(TIME_BYTES, "big")
    by_time = hmac.digest(key.encode(), second, "sha256")[:SEEN_BYTES]
    by_address = hmac.digest(key.encode(), second + _as_ipv6(address), "sha256")[:ADDRESS_BYTES]
    return base64.b64encode(second + by_time + by_address).decode()


def _as_ipv6(address: str) -> bytes:
    try:
        parsed = ip_address(address)
    except ValueError:
        return bytes(16)
    if isinstance(parsed, IPv4Address):
        return bytes(10) + b"\xff\xff" + parsed.packed
    return parsed.packed


def session_id(device_id: UUID, at: datetime, key: str) -> UUID:
    """Return the id of a coverage session: its time, and a keyed digest of device and time."""
    began = int(at.timestamp() * 1000).to_bytes(SESSION_TIME_BYTES, "big")
    return UUID(bytes=began + _session_digest(device_id, began, key))


def session_start(session: UUID, device_id: UUID, key: str) -> datetime | None:
    """Return the time of a session of this device; None if the id is not one."""
    began, digest = session.bytes[:SESSION_TIME_BYTES], session.bytes[SESSION_TIME_BYTES:]
    if not hmac.compare_digest(digest, _session_digest(device_id, began, key)):
        return None
    return datetime.fromtimestamp(int.from_bytes(began, "big") / 1000, UTC)


def _session_digest(device_id: UUID, began: bytes, key: str) -> bytes:
    signed = b"coverage|" + device_id.bytes + began
    return hmac.digest(key.encode(), signed, "sha256")[: 16 - SESSION_TIME_BYTES]
