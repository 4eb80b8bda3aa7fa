"""The audit log: record acts, and read them newest first."""

import getpass
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, select, text, tuple_

from backend.accounts.access import Actor, require
from backend.accounts.models import AuditEntry
from backend.clock import VIETNAM
from backend.database.extensions import db
from backend.fields import aware_time
from backend.http.paging import big_row_id, decode_cursor, take_page

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
    return _page(db.session.execute(page).mappings().all(), limit)


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
    at, identity = _place(cursor) or (None, 0)
    asked = {"acts": list(acts), "at": at, "id": identity, "most": limit + 1}
    return _page(db.session.execute(OF_ACTS, asked).mappings().all(), limit)


def _conditions(asked: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    fits = [getattr(AuditEntry, name) == asked[name] for name in EXACT if asked[name] is not None]
    if asked["first"] is not None:
        fits.append(AuditEntry.at >= _midnight(asked["first"]))
    if asked["last"] is not None:
        fits.append(AuditEntry.at < _midnight(asked["last"] + timedelta(days=1)))
    if place := _place(asked["cursor"]):
        fits.append(tuple_(*place) > PLACE)
    return fits


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), VIETNAM)


def _place(cursor: str | None) -> tuple[Any, ...] | None:
    return decode_cursor(cursor, aware_time, big_row_id)


def _page(entries: Sequence[RowMapping], limit: int) -> dict[str, Any]:
    page, next_cursor = take_page(entries, limit, lambda entry: (entry["at"], entry["id"]))
    return {"items": page, "next": next_cursor}
