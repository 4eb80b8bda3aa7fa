"""Note privileged acts."""

import getpass
from typing import Any

from backend.accounts.access import Actor
from backend.accounts.models import AuditEntry
from backend.database.extensions import db


def shell_actor() -> str:
    """Name the person at the operator's shell."""
    return f"shell:{getpass.getuser()}"


def note(
    act: str, subject: str, *, actor: str | None = None, address: str | None = None, **details: Any
) -> None:
    """Add an audit entry to the caller's transaction."""
    entry = AuditEntry(
        actor=actor or shell_actor(), act=act, subject=subject, address=address, details=details
    )
    db.session.add(entry)


def note_by(actor: Actor, act: str, subject: str, **details: Any) -> None:
    """Add an audit entry for what a signed-in person did: what before and after in `details`."""
    note(act, subject, actor=actor.name, address=actor.address, **details)
