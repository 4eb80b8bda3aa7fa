"""The audit log: record acts, and read them newest first."""

import getpass
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from marshmallow import ValidationError
from sqlalchemy import ColumnElement, select, text, tuple_

from backend.accounts.access import Actor, require
from backend.accounts.models import AuditEntry
from backend.clock import VIETNAM
from backend.database.extensions import db
from backend.errors import invalid
from backend.fields import aware_time

COLUMNS = [
    getattr(AuditEntry, name)
    for name in ("id", "at", "actor", "act", "subject", "address", "details")
]
PLACE = tuple_(AuditEntry.at, AuditEntry.id)
EXACT = ("actor", "act", "subject")


def record_act(actor: Actor | str | None, act: str, subject: str, **details: Any) -> None:
    """Add an entry to the caller's transaction; without an actor, of the person at the shell."""
    if isinstance(actor, Actor):
        name, address = actor.name, actor.address
    else:
        name, address = actor or f"shell:{getpass.getuser()}", None
    entry = AuditEntry(actor=name, act=act, subject=subject, address=address, details=details)
    db.session.add(entry)


def record_command(act: str, subject: str, **details: Any) -> None:
    """Add an entry for a command of the operator."""
    record_act(None, act, subject, **details)


def read_audit(asker: Actor, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Give a page of the entries that fit, to whoever may read them."""
    require(asker, "audit.read")
    limit = asked["limit"]
    page = (
        select(*COLUMNS)
        .where(*_conditions(asked))
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
        .limit(limit + 1)
    )
    found = db.session.execute(page).mappings().all()
    more = len(found) > limit
    return {"items": found[:limit], "next": _cursor(found[limit - 1]) if more else None}


# Act by act along the index of (act, at): rare acts are not sought among all that came since.
OF_ACTS = text("""
    select found.* from unnest(cast(:acts as text[])) as wanted (act)
    cross join lateral (
        select id, at, actor, act, subject, details from audit
        where act = wanted.act
            and (cast(:at as timestamptz) is null or (at, id) < (cast(:at as timestamptz), :id))
        order by at desc, id desc limit :most
    ) found order by found.at desc, found.id desc limit :most
""")


def read_acts(asker: Actor, acts: Sequence[str], cursor: str | None, limit: int) -> dict[str, Any]:
    """Give a page of the entries of some acts, to whoever may read the log."""
    require(asker, "audit.read")
    at, identity = _read_cursor(cursor) if cursor else (None, 0)
    asked = {"acts": list(acts), "at": at, "id": identity, "most": limit + 1}
    found = db.session.execute(OF_ACTS, asked).mappings().all()
    more = len(found) > limit
    return {"items": found[:limit], "next": _cursor(found[limit - 1]) if more else None}


def _conditions(asked: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    fits = [getattr(AuditEntry, name) == asked[name] for name in EXACT if asked[name] is not None]
    if asked["first"] is not None:
        fits.append(AuditEntry.at >= _midnight(asked["first"]))
    if asked["last"] is not None:
        fits.append(AuditEntry.at < _midnight(asked["last"] + timedelta(days=1)))
    if asked["cursor"] is not None:
        fits.append(tuple_(*_read_cursor(asked["cursor"])) > PLACE)
    return fits


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), VIETNAM)


def _cursor(entry: Mapping[Any, Any]) -> str:
    """Name the last entry of a page; no plus sign, which a query string would turn to a blank."""
    return f"{entry['at'].astimezone(UTC).isoformat().removesuffix('+00:00')}Z_{entry['id']}"


def _read_cursor(cursor: str) -> tuple[datetime, int]:
    at, _, identity = cursor.partition("_")
    try:
        place = aware_time(at), int(identity)
    except (ValueError, ValidationError):
        raise invalid("cursor", "not_cursor") from None
    if not 0 <= place[1] < 2**63:
        raise invalid("cursor", "not_cursor")
    return place
