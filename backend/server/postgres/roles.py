"""The roles of the embedded database and their passwords."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from urllib.parse import quote

from backend.server.postgres.programs import PostgresError

SUPERUSER = "postgres"
OWNER = "dosong_owner"  # owns the database and migrates
APP = "dosong_app"  # may sign in; its grants are in the migrations
REPORTING = "dosong_reporting"  # reads the views of analysts; its grants are in the migrations
ROLES = (SUPERUSER, OWNER, APP, REPORTING)
# An analyst's query ends before it delays an upgrade for long; its tool writes nothing by mistake.
REPORTING_SETTINGS = {
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "default_transaction_read_only": "on",
    "search_path": "reporting",
}
REPORTING_CONNECTIONS = 10
DATABASE = "dosong"


class Passwords:
    """A random password for each role, in a file readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def ensure(self) -> None:
        """Write passwords for a new database, unless they are there already."""
        try:
            self.complete()
        except PostgresError:
            self._write({role: secrets.token_hex(24) for role in ROLES})

    def complete(self) -> None:
        """Add the password of a role that the database of an earlier version lacks."""
        found = self._read()
        if missing := [role for role in ROLES if role not in found]:
            self._write(found | {role: secrets.token_hex(24) for role in missing})

    def of(self, role: str) -> str:
        """Return the password of a role."""
        found = self._read()
        if role not in found:
            raise self._unreadable()
        return found[role]

    def _read(self) -> dict[str, str]:
        try:
            found: dict[str, str] = json.loads(self.path.read_text(encoding="utf-8"))
            return found
        except (OSError, ValueError) as error:
            raise self._unreadable() from error

    def _unreadable(self) -> PostgresError:
        return PostgresError(
            f"{self.path} with the database's passwords cannot be read. Run as the user who "
            "started the database first, or put the file back from a backup of VAR_DIR."
        )

    def _write(self, found: dict[str, str]) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(json.dumps(found))
        folder = self.path.parent.stat()
        if os.geteuid() == 0:
            os.chown(fresh, folder.st_uid, folder.st_gid)
        fresh.replace(self.path)


def url(role: str, password: str, host: Path, port: int) -> str:
    """Return the URL of the database for a role."""
    return f"postgresql+psycopg://{role}:{password}@/{DATABASE}?host={quote(str(host))}&port={port}"
