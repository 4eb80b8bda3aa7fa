"""The store of a receiver or reader: each event once, its effect in the same transaction."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

SCHEMA = """
    pragma journal_mode = wal;
    create table if not exists applied (id text primary key, number integer, body text);
    -- What applying an event does; a second row of an event would be a second effect.
    create table if not exists effects (id text);
    create table if not exists arrivals (id text);
    create table if not exists place (after integer);
"""


class EventStore:
    """Events that were applied, by the rules of docs/events.md."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = sqlite3.connect(path, timeout=30, check_same_thread=False)
        self._db.executescript(SCHEMA)

    def apply(self, events: Iterable[Mapping[str, Any]], after: int | None = None) -> None:
        """Apply events that are new, and store the place in the feed, in one transaction."""
        with self._db:
            self._db.execute("begin immediate")
            for event in events:
                self._db.execute("insert into arrivals values (?)", (event["id"],))
                row = (event["id"], event["number"], json.dumps(event))
                new = self._db.execute("insert or ignore into applied values (?, ?, ?)", row)
                if new.rowcount:
                    self._db.execute("insert into effects values (?)", (event["id"],))
            if after is not None:
                self._db.execute("delete from place")
                self._db.execute("insert into place values (?)", (after,))

    def after(self) -> int:
        """Return the place in the feed."""
        row = self._db.execute("select after from place").fetchone()
        return row[0] if row else 0

    def numbers(self) -> dict[str, int]:
        """Return the numbers of the applied events by their ids."""
        return dict(self._db.execute("select id, number from applied"))

    def doubled(self) -> list[str]:
        """Return the events with more than one effect."""
        query = "select id from effects group by id having count(*) > 1"
        return [row[0] for row in self._db.execute(query)]

    def arrivals(self) -> int:
        """Return how many times an event arrived."""
        (n,) = self._db.execute("select count(*) from arrivals").fetchone()
        return int(n)

    def close(self) -> None:
        self._db.close()
