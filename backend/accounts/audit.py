"""The audit log: record acts, and read them newest first."""

import getpass
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypedDict, cast

from sqlalchemy import select, tuple_

from backend.accounts.access import Actor, require
from backend.accounts.models import AuditEntry
from backend.clock import day_begin
from backend.database.extensions import db, fetch_autocommit
from backend.fields import aware_time
from backend.http.paging import PageQuery, big_row_id, decode_cursor, take_page

COLUMNS = [
    getattr(AuditEntry, name)
    for name in ("id", "at", "actor", "act", "subject", "address", "details")
]
PLACE = tuple_(AuditEntry.at, AuditEntry.id)

# Acts of imports; a file of measurements has one at its start and one at its end.
IMPORTS = (
    *("team.import", "membership.import", "official.import", "vnnic.import", "units.load"),
    *("import", "imported"),
)
# The begin of acts that read personal data.
READ = "read."
# Of reads a unique index refuses the second of a day from an address.
RECORD_AT_ONCE = """
    insert into audit (actor, act, subject, address, details)
    values (%(actor)s, %(act)s, %(subject)s, %(address)s, '{}') on conflict do nothing returning id
"""


def audit_entry(actor: Actor | str | None, act: str, subject: str, **details: Any) -> AuditEntry:
    """Return an entry to be added; without an actor, of the person at the shell."""
    if isinstance(actor, Actor):
        name, address = actor.name, actor.address
    else:
        name, address = actor or shell_name(), None
    return AuditEntry(actor=name, act=act, subject=subject, address=address, details=details)


def record_act(actor: Actor | str | None, act: str, subject: str, **details: Any) -> None:
    """Add an entry to the caller's transaction; without an actor, of the person at the shell."""
    db.session.add(audit_entry(actor, act, subject, **details))


def record_read(actor: Actor, kind: str, subject: str) -> None:
    """Record that a person reads personal data: one a day for each kind, subject and address."""
    if actor.signed_in:
        record_at_once(actor, READ + kind, subject)


def record_at_once(actor: Actor, act: str, subject: str) -> None:
    """Add an entry in its own transaction, of a request that reads and commits nothing."""
    values = {"actor": actor.name, "act": act, "subject": subject, "address": actor.address}
    fetch_autocommit(RECORD_AT_ONCE, values)


def shell_name() -> str:
    """Return the actor of a command of the operator."""
    return f"shell:{getpass.getuser()}"


def record_command(act: str, subject: str, **details: Any) -> None:
    """Add an entry for a command of the operator."""
    record_act(None, act, subject, **details)


class AuditQuery(PageQuery):
    """Filters of the audit log; days are those of Vietnam, null: no filter."""

    actor: str | None  # e.g. `user:7`
    act: str | None  # e.g. `campaign.edit`
    subject: str | None  # e.g. `campaign:3`
    first: date | None
    last: date | None
    reads: str  # all, without, only; of the page also imports


class AuditEntryDetails(TypedDict):
    """An entry of the audit log."""

    id: int
    at: datetime
    actor: str
    act: str
    subject: str
    address: str | None  # null: of the server
    details: dict[str, Any]  # by what the act names


class AuditPage(TypedDict):
    """A page of the audit log, the newest entries first."""

    items: Sequence[AuditEntryDetails]
    next: str | None  # the cursor of the next page; null on the last one


def read_audit(actor: Actor, query: AuditQuery) -> AuditPage:
    """Return a page of the entries that match, for admins."""
    require(actor, "audit.read")
    limit = query["limit"]
    page = select(*COLUMNS).order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(limit + 1)
    for column, value in (
        (AuditEntry.actor, query["actor"]),
        (AuditEntry.act, query["act"]),
        (AuditEntry.subject, query["subject"]),
    ):
        if value is not None:
            page = page.where(column == value)
    if query["reads"] == "imports":
        page = page.where(AuditEntry.act.in_(IMPORTS))
    elif query["act"] is None and query["reads"] != "all":
        reads = AuditEntry.act.startswith(READ)
        page = page.where(reads if query["reads"] == "only" else ~reads)
    if query["first"] is not None:
        page = page.where(AuditEntry.at >= day_begin(query["first"]))
    if query["last"] is not None:
        page = page.where(AuditEntry.at < day_begin(query["last"] + timedelta(days=1)))
    if place := decode_cursor(query["cursor"], aware_time, big_row_id):
        page = page.where(tuple_(*place) > PLACE)
    rows = cast(Sequence[AuditEntryDetails], db.session.execute(page).mappings().all())
    record_read(actor, "audit", "system")
    entries, next_cursor = take_page(rows, limit, lambda entry: (entry["at"], entry["id"]))
    return {"items": entries, "next": next_cursor}
