"""Compare answers with stored rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import psycopg
from sqlalchemy import create_engine

from backend.measurements.recording.counting import DIFFERENCES
from backend.measurements.recording.reasons import COUNTED_BY_ADMIN
from soak_parts.fire import Answered

AT_ONCE = 10_000
# The bare inserts went past all counts: no device has their rows.
FORGET_BARE = """
    delete from measurements m where not exists (select from devices d where d.id = m.device_id)
"""
FOUND = "select count(*) from measurements where id = any(%s)"


@dataclass(frozen=True)
class Exact:
    """What was compared."""

    acknowledged: int
    lost: int
    refused: int
    refused_stored: int
    differences: int


def compare(database: str, answered: Iterable[Answered]) -> Exact:
    """Look for every sample that was posted, and recount."""
    good: list[bytes] = []
    refused: list[bytes] = []
    for one in answered:
        if one.stored == len(one.ids):
            good += one.ids
        elif one.status in (429, 503):
            refused += one.ids
    with psycopg.connect(database) as connection:
        lost = len(good) - _found(connection, good)
        stored = _found(connection, refused)
        connection.execute(FORGET_BARE)
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as counted:
        by_admin = {"by_admin": COUNTED_BY_ADMIN}
        differences = len(counted.execute(DIFFERENCES, by_admin).all())
    engine.dispose()
    return Exact(len(good), lost, len(refused), stored, differences)


def _found(connection: psycopg.Connection, ids: list[bytes]) -> int:
    found = 0
    for start in range(0, len(ids), AT_ONCE):
        some = [UUID(bytes=one) for one in ids[start : start + AT_ONCE]]
        found += (connection.execute(FOUND, [some]).fetchone() or (0,))[0]
    return found
