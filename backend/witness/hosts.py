"""The registry of measuring hosts: own host, other hosts, their keys, revocation."""

from datetime import datetime
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.audit import record_command
from backend.database.extensions import db, fetch_autocommit
from backend.errors import Problem, invalid
from backend.witness.models import HostKey, MeasuringHost
from backend.witness.statements import key_id

OWN_NAME = "own"
# One autocommit statement: it runs within requests that have no session.
ADD_OWN_HOST = """
    with h as (
        insert into measuring_hosts (id, name, signs, added_at)
        values (%(id)s, %(name)s, true, %(now)s) on conflict do nothing
    ), k as (
        insert into host_keys (host_id, kid, public_key, added_at)
        values (%(id)s, %(kid)s, %(key)s, %(now)s) on conflict do nothing
    )
    select 1
"""


def add_own_host(host_id: UUID, public_key: bytes, now: datetime) -> None:
    """Register the own host and a key of it, unless they are registered."""
    values = {"id": host_id, "name": OWN_NAME, "kid": key_id(public_key), "key": public_key}
    fetch_autocommit(ADD_OWN_HOST, values | {"now": now})


def list_hosts() -> list[tuple[MeasuringHost, list[HostKey]]]:
    """Return all hosts with their keys, the oldest host first."""
    hosts = db.session.scalars(select(MeasuringHost).order_by(MeasuringHost.added_at))
    keys = db.session.scalars(select(HostKey).order_by(HostKey.id)).all()
    return [(host, [key for key in keys if key.host_id == host.id]) for host in hosts]


def add_host(name: str, url: str, public_key: str | None, now: datetime) -> UUID:
    """Register a host; without a public key it signs nothing. Audited."""
    host_id = uuid4()
    row = {"id": host_id, "name": name, "url": url, "signs": public_key is not None}
    added = insert(MeasuringHost).values(**row, added_at=now).on_conflict_do_nothing()
    if not db.session.execute(added.returning(MeasuringHost.id)).first():
        raise invalid("url", "host_exists")
    kid = _add_key(host_id, public_key, now) if public_key else None
    record_command("hosts.add", str(host_id), name=name, url=url, kid=kid)
    db.session.commit()
    return host_id


def registered_host(url: str) -> UUID | None:
    """Return the id of the host of an address; None if it is unknown or revoked."""
    active = MeasuringHost.url == url, MeasuringHost.revoked_at.is_(None)
    found: UUID | None = db.session.scalar(select(MeasuringHost.id).where(*active))
    return found


def replace_key(host_id: UUID, public_key: str, now: datetime) -> str:
    """Add a key of a host; its other keys are replaced now. Audited."""
    host = _host(host_id)
    kid = _add_key(host_id, public_key, now)
    others = (HostKey.host_id == host_id, HostKey.kid != kid, HostKey.replaced_at.is_(None))
    db.session.execute(update(HostKey).where(*others).values(replaced_at=now))
    host.signs = True
    record_command("hosts.replace_key", str(host_id), kid=kid)
    db.session.commit()
    return kid


def revoke_host(host_id: UUID, reason: str, now: datetime, since: datetime | None = None) -> None:
    """Revoke a host: it gets no more tickets, and its statements prove nothing. Audited.

    With `since` the caller takes its statements from stored samples too: also of a host that is
    revoked, whose first time and reason stay; 409 without.
    """
    host = _host(host_id)
    if host.revoked_at is not None and since is None:
        raise Problem(409, "host_revoked")
    if host.revoked_at is None:
        host.revoked_at, host.reason = now, reason
    details = {"since": since.isoformat()} if since else {}
    record_command("hosts.revoke", str(host_id), reason=reason, **details)
    db.session.commit()


def _host(host_id: UUID) -> MeasuringHost:
    host = db.session.get(MeasuringHost, host_id)
    if host is None:
        raise Problem(404, "host_unknown")
    return host


def _add_key(host_id: UUID, public_key: str, now: datetime) -> str:
    """Add a key; one that the host had stays as it is, so that it cannot return."""
    try:
        raw = bytes.fromhex(public_key)
        Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        raise invalid("key", "not_public_key") from None
    kid = key_id(raw)
    values = {"host_id": host_id, "kid": kid, "public_key": raw, "added_at": now}
    added = insert(HostKey).values(**values).on_conflict_do_nothing().returning(HostKey.replaced_at)
    if not db.session.execute(added).first():
        known = select(HostKey).where(HostKey.host_id == host_id, HostKey.kid == kid)
        if db.session.scalars(known).one().replaced_at is not None:
            raise invalid("key", "key_replaced")
    return kid
