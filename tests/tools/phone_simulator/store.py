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
CREATE TABLE IF NOT EXISTS ticket (
    id TEXT PRIMARY KEY, text TEXT, host TEXT
);
CREATE TABLE IF NOT EXISTS run (
    id TEXT PRIMARY KEY, host TEXT NOT NULL, test TEXT NOT NULL, ended INTEGER NOT NULL DEFAULT 0,
    complete INTEGER NOT NULL DEFAULT 0
);
"""


class Identity(NamedTuple):
    """A phone's id and secrets; `proven`: its token has worked."""

    id: str
    token: str | None = None
    withdrawal_code: str | None = None
    proven: bool = False


class Ticket(NamedTuple):
    """A ticket that was not used, and the address of its measuring host."""

    id: str
    text: str
    host: str


class Run(NamedTuple):
    """The ticket of a speed test, the address of its host, and the host's name for the test."""

    ticket: str
    host: str
    test: str


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

    def add(self, body: dict[str, Any], run: Run | None = None) -> None:
        """Queue a measurement; with a speed test it is sent when its witness is there."""
        if run:
            body = body | {"test": {"ticket": run.ticket}}
            row = (body["id"], run.host, run.test)
            self._db.execute("INSERT INTO run (id, host, test) VALUES (?, ?, ?)", row)
        values = (body["id"], json.dumps(body, ensure_ascii=False))
        self._db.execute("INSERT INTO measurement (id, body) VALUES (?, ?)", values)

    def running(self) -> list[tuple[dict[str, Any], str, str]]:
        """Return measurements without the witness of their test, its host and its name."""
        rows = self._db.execute(
            "SELECT body, host, test FROM run JOIN measurement USING (id) WHERE NOT ended"
            " ORDER BY number"
        )
        return [(json.loads(body), host, test) for body, host, test in rows]

    def finish(self, body: dict[str, Any], complete: bool) -> None:
        """Store a measurement with the witness of its test, or without if it has none."""
        text = json.dumps(body, ensure_ascii=False)
        with self._db:
            self._db.execute("BEGIN")
            self._db.execute("UPDATE measurement SET body = ? WHERE id = ?", (text, body["id"]))
            self._db.execute(
                "UPDATE run SET ended = 1, complete = ? WHERE id = ?", (complete, body["id"])
            )

    def complete(self) -> list[str]:
        """Return the ids of measurements whose test was complete for its host."""
        return [id for (id,) in self._db.execute("SELECT id FROM run WHERE complete")]

    def request_ticket(self, id: str) -> None:
        """Store the id of a ticket before it is requested."""
        self._db.execute("INSERT OR IGNORE INTO ticket (id) VALUES (?)", (id,))

    def requested_ticket(self) -> str | None:
        """Return the id of a ticket whose answer was lost."""
        row = self._db.execute("SELECT id FROM ticket WHERE text IS NULL").fetchone()
        return row[0] if row else None

    def keep_ticket(self, ticket: Ticket) -> None:
        """Store a ticket until it is used."""
        self._db.execute("INSERT OR REPLACE INTO ticket VALUES (?, ?, ?)", ticket)

    def ticket(self, host: str | None = None) -> Ticket | None:
        """Return an unused ticket, of a host."""
        found = "SELECT * FROM ticket WHERE text IS NOT NULL AND host = coalesce(?, host)"
        row = self._db.execute(found, (host,)).fetchone()
        return Ticket(*row) if row else None

    def drop_ticket(self, id: str) -> None:
        """Delete a ticket."""
        self._db.execute("DELETE FROM ticket WHERE id = ?", (id,))

    def queued(self, most: int) -> list[dict[str, Any]]:
        """Return the oldest queued measurements that can be sent."""
        rows = self._db.execute(
            "SELECT body FROM measurement WHERE state = ?"
            " AND id NOT IN (SELECT id FROM run WHERE NOT ended) ORDER BY number LIMIT ?",
            (QUEUED, most),
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
