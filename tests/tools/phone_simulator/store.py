"""What a phone keeps on disk: who it is, and every measurement until its fate is known."""

import json
import sqlite3
from pathlib import Path
from typing import Any, NamedTuple

QUEUED, HELD, REFUSED = "queued", "held", "refused"
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
    """A phone's id, its secrets, and whether its token has ever worked."""

    id: str
    token: str | None = None
    withdrawal_code: str | None = None
    proven: bool = False


class Store:
    """A small SQLite file, written before anything is sent: a dead battery loses nothing."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def identity(self) -> Identity | None:
        """Who the phone is, as far as it knows."""
        row = self._db.execute("SELECT id, token, withdrawal_code, proven FROM phone").fetchone()
        return None if row is None else Identity(row[0], row[1], row[2], bool(row[3]))

    def remember(self, phone: Identity) -> None:
        """Keep who we are; the id before the first attempt, the token after its answer."""
        row = (phone.id, phone.token, phone.withdrawal_code, phone.proven)
        with self._db:
            self._db.execute("BEGIN")
            self._db.execute("DELETE FROM phone")
            self._db.execute("INSERT INTO phone VALUES (?, ?, ?, ?)", row)

    def add(self, body: dict[str, Any]) -> None:
        """Keep a measurement for sending."""
        row = (body["id"], json.dumps(body, ensure_ascii=False))
        self._db.execute("INSERT INTO measurement (id, body) VALUES (?, ?)", row)

    def queued(self, most: int) -> list[dict[str, Any]]:
        """The oldest measurements whose fate is not known."""
        rows = self._db.execute(
            "SELECT body FROM measurement WHERE state = ? ORDER BY number LIMIT ?", (QUEUED, most)
        )
        return [json.loads(body) for (body,) in rows]

    def settle(self, id: str, state: str, answer: str) -> None:
        """Write down what became of a measurement; a real app may now delete it."""
        self._db.execute(
            "UPDATE measurement SET state = ?, answer = ? WHERE id = ?", (state, answer, id)
        )

    def ids(self, state: str | None = None) -> list[str]:
        """Ids of everything made, or of what is in one state."""
        rows = self._db.execute(
            "SELECT id FROM measurement WHERE ? IN ('', state) ORDER BY number", (state or "",)
        )
        return [id for (id,) in rows]
