"""Note privileged acts."""

import getpass
from typing import Any

from backend.accounts.models import AuditEntry
from backend.extensions import db


def shell_actor() -> str:
    """Name the person at the operator's shell, the only privileged one so far."""
    return f"shell:{getpass.getuser()}"


def note(act: str, subject: str, *, actor: str | None = None, **details: Any) -> None:
    """Add an audit entry to the caller's transaction."""
    entry = AuditEntry(actor=actor or shell_actor(), act=act, subject=subject, details=details)
    db.session.add(entry)
