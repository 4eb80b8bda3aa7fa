"""The registry of sources: their addresses and public keys.

Only the role that owns the tables writes it: a key decides which reports of a province are true.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.accounts.audit import audit_entry
from backend.clock import local_day
from backend.database.extensions import db, owner_session, setting
from backend.errors import Problem, invalid, or_404
from backend.http.addresses import Networks, check_url, parse_url
from backend.reports.collector.models import ReportSource, SourceKey
from backend.reports.collector.verification import Keys
from backend.units.service import find

# Of this machine: several servers may run on it, and http goes no further.
LOOPBACK: Networks = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class RegisteredKey(NamedTuple):
    """A public key of a source."""

    public_key: bytes
    added_at: datetime
    revoked_at: datetime | None
    revoked_reason: str | None


SOURCES = text("""
    select s.province_id, u.code, u.name, s.url, t.asked_at, t.failed_since, t.problem, t.month
    from report_sources s join units u on u.id = s.province_id
    left join report_source_states t on t.province_id = s.province_id
    order by u.code
""")
KEYS = text("""
    select province_id, public_key, added_at, revoked_at, revoked_reason
    from report_source_keys order by added_at, public_key
""")


@dataclass(frozen=True, slots=True)
class Source:
    """A source with its keys, and what was wrong when it was last asked."""

    province_id: int
    code: str
    name: str
    url: str | None  # null: its reports come as files
    keys: Sequence[RegisteredKey]
    asked_at: datetime | None
    failed_since: datetime | None
    problem: str | None
    month: str | None  # of the problem

    @property
    def registered(self) -> Keys:
        """The public keys that verify its reports."""
        return Keys(
            frozenset(key.public_key for key in self.keys if key.revoked_at is None),
            frozenset(key.public_key for key in self.keys if key.revoked_at is not None),
        )


def networks_of(url: str) -> Networks:
    """Return the networks beside public addresses that a source's address may be in."""
    allowed: Networks = setting("WEBHOOK_NETWORKS")
    return allowed if parse_url(url).encrypted else LOOPBACK


def list_sources() -> list[Source]:
    """Return the sources by code of their province."""
    keys: dict[int, list[RegisteredKey]] = {}
    for province_id, *key in db.session.execute(KEYS):
        keys.setdefault(province_id, []).append(RegisteredKey(*key))
    return [
        Source(**row, keys=keys.get(row["province_id"], []))
        for row in db.session.execute(SOURCES).mappings()
    ]


def add_source(code: str, url: str | None, public_keys: Iterable[str], now: datetime) -> None:
    """Register the source of a province, or give it another address and further keys. Audited."""
    raw = [_public_key(key) for key in public_keys]
    if url is not None:
        _check(url)
    province_id = _province(code, now)
    with owner_session() as owner:
        row = insert(ReportSource).values(province_id=province_id, url=url, added_at=now)
        owner.execute(row.on_conflict_do_update(index_elements=["province_id"], set_={"url": url}))
        for key in raw:
            _add_key(owner, province_id, key, now)
        hexadecimal = [key.hex() for key in raw]
        owner.add(audit_entry(None, "source.add", f"unit:{province_id}", url=url, keys=hexadecimal))


def revoke_key(code: str, public_key: str, reason: str, now: datetime) -> None:
    """Revoke a key of a source: no seal by it is valid any more. Audited."""
    raw, province_id = _public_key(public_key), _province(code, now)
    with owner_session() as owner:
        key = or_404(owner.get(SourceKey, (province_id, raw)), "source_key_not_registered")
        if key.revoked_at is not None:
            raise Problem(409, "seal_key_revoked")
        key.revoked_at, key.revoked_reason = now, reason
        details = {"key": raw.hex(), "reason": reason}
        owner.add(audit_entry(None, "source.revoke_key", f"unit:{province_id}", **details))


def remove_source(code: str, now: datetime) -> None:
    """Remove a source with its keys; what was collected stays, and is not shown. Audited."""
    province_id = _province(code, now)
    with owner_session() as owner:
        owner.delete(or_404(owner.get(ReportSource, province_id), "source_unknown"))
        owner.add(audit_entry(None, "source.remove", f"unit:{province_id}"))


def _province(code: str, now: datetime) -> int:
    return find(local_day(now), code, "province").id


def _check(url: str) -> None:
    """Raise 422 for an address that no request goes to: https, or http on this machine."""
    try:
        target = parse_url(url)
    except ValueError:
        raise invalid("url", "not_webhook_url") from None
    if not target.encrypted and not _on_this_machine(target.host):
        raise invalid("url", "source_not_https")
    check_url(url, networks_of(url))


def _on_this_machine(host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def _public_key(text: str) -> bytes:
    try:
        raw = bytes.fromhex(text)
        Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        raise invalid("key", "not_public_key") from None
    return raw


def _add_key(owner: Session, province_id: int, public_key: bytes, now: datetime) -> None:
    """Add a key; 422 for one that was revoked: it cannot return."""
    known = owner.get(SourceKey, (province_id, public_key))
    if known is not None and known.revoked_at is not None:
        raise invalid("key", "seal_key_revoked")
    if known is None:
        owner.add(SourceKey(province_id=province_id, public_key=public_key, added_at=now))
