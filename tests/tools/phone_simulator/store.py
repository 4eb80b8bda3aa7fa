"""Data on the phone's disk: its identity, and measurements with their state."""

import json
import sqlite3
from pathlib import Path
from typing import Any, NamedTuple

QUEUED, STORED, REFUSED = "queued", "stored", "refused"
SCHEMA = """
CREATE TABLE IF NOT EXISTS phone (
    id TEXT NOT NULL, token TEXT, withdrawal_code TEXT, proven INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS measurement (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued', answer TEXT
);
"""


class Identity(NamedTuple):
    """A phone's id and secrets; `proven`: its token has worked."""

    id: str
    token: str | None = None
    withdrawal_code: str | None = None
    proven: bool = False


class Store:
    """SQLite file, written before anything is sent: an empty battery loses nothing."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def identity(self) -> Identity | None:
        """Return the phone's identity, if it has one."""
        row = self._db.execute("SELECT id, token, withdrawal_code, proven FROM phone").fetchone()
        return None if row is None else Identity(row[0], row[1], row[2], bool(row[3]))

    def remember(self, phone: Identity) -> None:
        """Store the identity: the id before the first attempt, the token after the answer."""
        row = (phone.id, phone.token, phone.withdrawal_code, phone.proven)
        with self._db:
            self._db.execute("BEGIN")
            self._db.execute("DELETE FROM phone")
            self._db.execute("INSERT INTO phone VALUES (?, ?, ?, ?)", row)

    def add(self, body: dict[str, Any]) -> None:
        """Queue a measurement."""
        row = (body["id"], json.dumps(body, ensure_ascii=False))
        self._db.execute("INSERT INTO measurement (id, body) VALUES (?, ?)", row)

    def queued(self, most: int) -> list[dict[str, Any]]:
        """Return the oldest queued measurements."""
        rows = self._db.execute(
            "SELECT body FROM measurement WHERE state = ? ORDER BY number LIMIT ?", (QUEUED, most)
        )
        return [json.loads(body) for (body,) in rows]

    def settle(self, id: str, state: str, answer: str) -> None:
        """Store the state of a measurement; a real app may now delete it."""
        self._db.execute(
            "UPDATE measurement SET state = ?, answer = ? WHERE id = ?", (state, answer, id)
        )

    def ids(self, state: str | None = None) -> list[str]:
        """Return the ids of all measurements, or of those in a state."""
        rows = self._db.execute(
            "SELECT id FROM measurement WHERE ? IN ('', state) ORDER BY number", (state or "",)
        )
        return [id for (id,) in rows]
