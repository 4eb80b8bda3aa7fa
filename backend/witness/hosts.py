"""The registry of measuring hosts: own host, other hosts, their keys, revocation.

Only the role that owns the tables writes it: a host's key proves samples.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, TypedDict, cast
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.accounts.audit import audit_entry
from backend.database.extensions import db, owner_session
from backend.errors import Problem, invalid, or_404
from backend.witness.models import HostKey, HostState, MeasuringHost
from backend.witness.statements import key_id

OWN_NAME = "own"
# A phone pings so many hosts, and keeps its choice for so long on the same network.
MAX_PINGS, KEEP_HOURS = 3, 6
# By the last check: two in a row failed.
DOWN = "coalesce(s.failed_since < s.checked_at, false)"
# Of measurements: made at a neutral host, or without a ticket, which tells none.
NEUTRAL = """(host is null or host <> all(array(
    select number from measuring_hosts where operator is not null)))"""
# The months in which the set of neutral hosts changed; an installation begins with its own.
CHANGES = text("""
    select distinct to_char(at at time zone 'Asia/Ho_Chi_Minh', 'YYYY-MM')
    from measuring_hosts, unnest(array[case when url is not null then added_at end, revoked_at]) at
    where operator is null and at is not null
""")
REGISTERED = text(f"""
    select h.id, h.name, h.url, h.operator, h.signs, s.checked_at, s.failed_since, s.problem,
        {DOWN} as down,
        array(select public_key from host_keys where host_id = h.id and replaced_at is null) as keys
    from measuring_hosts h left join host_states s on s.host_id = h.id
    where h.revoked_at is null and h.url is distinct from :foreign
    order by h.url is distinct from :preferred, h.added_at
""")  # noqa: S608 # a condition


class RegisteredHost(TypedDict):
    """A host that is not revoked, with its last check."""

    id: UUID
    name: str
    url: str | None  # null: the own host
    operator: str | None  # in whose network it stands; null: neutral
    signs: bool
    checked_at: datetime | None  # null: not checked yet
    failed_since: datetime | None  # null: it answered
    problem: str | None  # a code of the last check
    down: bool  # two checks in a row failed
    keys: list[bytes]  # public ones that are in force


# A measuring host that is up; tests at an operator's own host enter no statistics.
Host = TypedDict(
    "Host",
    {
        "id": UUID,
        "name": str,
        "url": str,
        "signs": bool,
        "class": Literal["neutral", "operator"],
        "operator": str | None,
    },
)


class Hosts(TypedDict):
    """The hosts to choose from, the preferred one first."""

    items: list[Host]
    keep_hours: Annotated[int, "how long a choice stands on one network"]
    max_pings: Annotated[int, "how many hosts a phone pings to choose"]


def add_own_host(connection: Connection, host_id: UUID, public_key: bytes, now: datetime) -> None:
    """Register the own host and the key of this machine, unless they are registered. Audited."""
    kid = key_id(public_key)
    with Session(connection) as owner, owner.begin():
        if owner.scalar(select(HostKey.id).where(HostKey.host_id == host_id, HostKey.kid == kid)):
            return
        if owner.get(MeasuringHost, host_id) is None:
            owner.add(MeasuringHost(id=host_id, name=OWN_NAME, signs=True, added_at=now))
            owner.flush()
        owner.add(HostKey(host_id=host_id, kid=kid, public_key=public_key, added_at=now))
        owner.add(audit_entry(None, "hosts.add", str(host_id), name=OWN_NAME, kid=kid))


def list_hosts() -> list[tuple[MeasuringHost, list[HostKey]]]:
    """Return all hosts with their keys, the oldest host first."""
    hosts = db.session.scalars(select(MeasuringHost).order_by(MeasuringHost.added_at))
    keys = db.session.scalars(select(HostKey).order_by(HostKey.id)).all()
    return [(host, [key for key in keys if key.host_id == host.id]) for host in hosts]


def down_since() -> dict[UUID, datetime]:
    """Return the hosts that failed two checks in a row, with the time of the first."""
    query = select(HostState.host_id, HostState.failed_since)
    rows = db.session.execute(query.where(HostState.failed_since < HostState.checked_at))
    return {host_id: since for host_id, since in rows if since}


def registered(config: Mapping[str, Any]) -> list[RegisteredHost]:
    """Return the hosts that are not revoked with keys and last check, that of SPEED_URL first.

    Without the server of OPEN_RMBT_URL, which only an app of others can measure against.
    """
    values = {"preferred": config["SPEED_URL"], "foreign": config["OPEN_RMBT_URL"]}
    rows = db.session.execute(REGISTERED, values).mappings()
    return [cast(RegisteredHost, dict(row)) for row in rows]


def hosts_up(config: Mapping[str, Any], own_url: str) -> Hosts:
    """Return the hosts that phones choose from, the preferred one first."""
    items: list[Host] = [
        {
            "id": host["id"],
            "name": host["name"],
            "operator": host["operator"],
            "signs": host["signs"],
            "url": host["url"] or own_url,
            "class": "operator" if host["operator"] else "neutral",
        }
        for host in registered(config)
        if not host["down"]
    ]
    return {"items": items, "keep_hours": KEEP_HOURS, "max_pings": MAX_PINGS}


def changed_months() -> frozenset[str]:
    """Return the months whose speeds are compared with no other: neutral hosts came or went."""
    return frozenset(db.session.scalars(CHANGES))


def add_host(
    name: str,
    url: str,
    public_key: str | None,
    now: datetime,
    operator: str | None = None,
    host_id: UUID | None = None,
) -> UUID:
    """Register a host; without a public key it signs nothing. Audited.

    With `operator` it stands in the network of that operator, and its tests enter no statistics.
    """
    host_id = host_id or uuid4()
    row = {"id": host_id, "name": name, "url": url, "operator": operator or None}
    row["signs"] = public_key is not None
    added = insert(MeasuringHost).values(**row, added_at=now).on_conflict_do_nothing()
    with owner_session() as owner:
        if not owner.execute(added.returning(MeasuringHost.id)).first():
            raise invalid("url", "host_exists")
        kid = _add_key(owner, host_id, public_key, now) if public_key else None
        details = {"name": name, "url": url, "operator": operator, "kid": kid}
        owner.add(audit_entry(None, "hosts.add", str(host_id), **details))
    return host_id


def registered_host(url: str) -> UUID | None:
    """Return the id of the host of an address; None if it is unknown or revoked."""
    active = MeasuringHost.url == url, MeasuringHost.revoked_at.is_(None)
    host_id: UUID | None = db.session.scalar(select(MeasuringHost.id).where(*active))
    return host_id


def replace_key(host_id: UUID, public_key: str, now: datetime) -> str:
    """Add a key of a host; its other keys are replaced now. Audited."""
    with owner_session() as owner:
        host = _host(owner, host_id)
        kid = _add_key(owner, host_id, public_key, now)
        others = (HostKey.host_id == host_id, HostKey.kid != kid, HostKey.replaced_at.is_(None))
        owner.execute(update(HostKey).where(*others).values(replaced_at=now))
        host.signs = True
        owner.add(audit_entry(None, "hosts.replace_key", str(host_id), kid=kid))
    return kid


def revoke_host(host_id: UUID, reason: str, now: datetime, since: datetime | None = None) -> None:
    """Revoke a host: it gets no more tickets, and its statements prove nothing. Audited.

    With `since` the caller takes its statements from stored samples too: also of a host that is
    revoked, whose first time and reason stay; 409 without.
    """
    details = {"since": since.isoformat()} if since else {}
    with owner_session() as owner:
        host = _host(owner, host_id)
        if host.revoked_at is not None and since is None:
            raise Problem(409, "host_revoked")
        if host.revoked_at is None:
            host.revoked_at, host.reason = now, reason
        owner.add(audit_entry(None, "hosts.revoke", str(host_id), reason=reason, **details))


def _host(owner: Session, host_id: UUID) -> MeasuringHost:
    return or_404(owner.get(MeasuringHost, host_id), "host_unknown")


def _add_key(owner: Session, host_id: UUID, public_key: str, now: datetime) -> str:
    """Add a key; one that the host had stays as it is, so that it cannot return."""
    try:
        raw = bytes.fromhex(public_key)
        Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        raise invalid("key", "not_public_key") from None
    kid = key_id(raw)
    values = {"host_id": host_id, "kid": kid, "public_key": raw, "added_at": now}
    added = insert(HostKey).values(**values).on_conflict_do_nothing().returning(HostKey.replaced_at)
    if not owner.execute(added).first():
        known = select(HostKey).where(HostKey.host_id == host_id, HostKey.kid == kid)
        if owner.scalars(known).one().replaced_at is not None:
            raise invalid("key", "key_replaced")
    return kid
