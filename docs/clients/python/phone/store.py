"""What the phone must keep, in an SQLite file that is written before anything is sent."""

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

WAITING, REFUSED = "waiting", "refused"
SCHEMA = """
CREATE TABLE IF NOT EXISTS value (name TEXT PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sample (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting', answer TEXT
);
"""


class Store:
    """An SQLite file of one phone, for several threads; a change is durable when it returns."""

    def __init__(self, path: Path | str) -> None:
        """Open or create the file; only its owner can read it."""
        file = Path(path)
        file.touch(0o600)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")  # a power failure loses nothing
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def read(self, name: str) -> Any:
        """Return a value, None if there is none."""
        rows = self._run("SELECT json FROM value WHERE name = ?", name)
        return json.loads(rows[0][0]) if rows else None

    def write(self, name: str, value: Any) -> None:
        """Store a value."""
        self._run("INSERT OR REPLACE INTO value VALUES (?, ?)", name, json.dumps(value))

    def add(self, id: str, body: dict[str, Any]) -> None:
        """Queue a sample; one with a known id stays as it is.

        Raises ValueError for a number that JSON has not, which would block all others.
        """
        text = json.dumps(body, ensure_ascii=False, allow_nan=False)
        self._run("INSERT OR IGNORE INTO sample (id, body) VALUES (?, ?)", id, text)

    def samples(self, state: str, most: int = -1) -> list[dict[str, Any]]:
        """Return the bodies of samples in a state, oldest first."""
        query = "SELECT body FROM sample WHERE state = ? ORDER BY number LIMIT ?"
        return [json.loads(body) for (body,) in self._run(query, state, most)]

    def refused(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Return refused samples, each with the answer of the server."""
        query = "SELECT body, answer FROM sample WHERE state = 'refused' ORDER BY number"
        return [(json.loads(body), json.loads(answer)) for body, answer in self._run(query)]

    def refuse(self, id: str, answer: Any) -> None:
        """Keep a sample with the answer that refused it."""
        query = "UPDATE sample SET state = 'refused', answer = ? WHERE id = ?"
        self._run(query, json.dumps(answer), id)

    def remove(self, id: str) -> None:
        """Delete a sample."""
        self._run("DELETE FROM sample WHERE id = ?", id)

    def clear(self) -> None:
        """Delete everything."""
        with self._lock:
            self._db.executescript("BEGIN; DELETE FROM sample; DELETE FROM value; COMMIT; VACUUM;")

    def _run(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(query, values).fetchall()
