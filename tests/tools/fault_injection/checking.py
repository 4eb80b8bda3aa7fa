"""Compare the rows of a phone in the database with the phone's own store."""

import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from backend.measurements.recording import counting, earning_sums
from tests.tools.phone_simulator.store import REFUSED, STORED

RECEIPTS = text("select id::text from receipts where device_id = cast(:device as uuid)")
MEASUREMENTS = text("""
    select id::text, raw from measurements where device_id = cast(:device as uuid)
""")
# A ticket of a measurement that is not stored, and a witnessed measurement without its ticket.
TICKETS = text("""
    select coalesce(t.used_by, m.id)::text
    from (select used_by from tickets
          where device_id = cast(:device as uuid) and used_by is not null) t
    full join (select id, assurance from measurements
               where device_id = cast(:device as uuid)) m on m.id = t.used_by
    where m.id is null or t.used_by is null and m.assurance = 'witnessed'
""")


@dataclass(slots=True)
class Found:
    """Results of a comparison."""

    acknowledged: int = 0
    again: int = 0  # acknowledged as duplicates: an earlier answer was lost
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    undelivered: list[str] = field(default_factory=list)
    differences: int = 0


def check(connection: Connection, stores: list[Path]) -> Found:
    """Compare every phone's store with the rows, and the counts with the rows."""
    found = Found()
    for store in stores:
        _check_phone(connection, store, found)
    found.differences += len(connection.execute(counting.DIFFERENCES).all())
    for sums in earning_sums.SUMS.values():
        compared = connection.execute(sums.differences, earning_sums.COMPARED)
        found.differences += len(compared.all())
    return found


def _check_phone(connection: Connection, store: Path, found: Found) -> None:
    phone = sqlite3.connect(store)
    [device] = phone.execute("select id from phone").fetchone()
    made = {
        id: (_content(body), state, answer)
        for id, body, state, answer in phone.execute(
            "select id, body, state, answer from measurement"
        )
    }
    phone.close()
    stored = {id for id, (_, state, _) in made.items() if state == STORED}
    refused = {id for id, (_, state, _) in made.items() if state == REFUSED}
    receipts = set(connection.execute(RECEIPTS, {"device": device}).scalars())
    rows = {row.id: row.raw for row in connection.execute(MEASUREMENTS, {"device": device})}
    found.acknowledged += len(stored)
    found.again += sum(made[id][2] == "duplicate" for id in stored)
    found.lost += stored - (receipts & set(rows))
    found.undelivered += set(made) - stored - refused
    # Rows that the phone did not make, or that were refused.
    found.doubled += (receipts | set(rows)) - (set(made) - refused)
    found.half += receipts ^ set(rows)
    found.half += {id for id in set(made) & set(rows) if rows[id] != made[id][0]}
    found.half += connection.execute(TICKETS, {"device": device}).scalars()


def _content(body: str) -> dict[str, Any]:
    """Return what the server stores of a body: ticket and witness have their own row."""
    content: dict[str, Any] = json.loads(body)
    content.pop("test", None)
    return content
