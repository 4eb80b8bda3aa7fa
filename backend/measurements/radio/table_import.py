"""Import of radio samples from a table, some parts at the same time."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg.errors import UniqueViolation
from sqlalchemy import select

from backend.accounts.audit import record_command
from backend.database.extensions import db
from backend.devices import consent
from backend.devices.models import Device
from backend.measurements.radio import rules, storage
from backend.measurements.radio.columns import Places, Rows
from backend.measurements.radio.service import judge
from backend.measurements.radio.table import Block, read_blocks

# Each takes a processor of PostgreSQL for half of its time, and 300 MB here.
AT_ONCE = 2

Context = Callable[[], AbstractContextManager[object]]


@dataclass(slots=True)
class Imported:
    """Numbers of samples: stored ones, those stored before, and refused ones by code."""

    accepted: int = 0
    duplicate: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Imported") -> None:
        """Add the numbers of another part."""
        self.accepted += other.accepted
        self.duplicate += other.duplicate
        self.refused += other.refused


@dataclass(frozen=True, slots=True)
class _Part:
    """Samples ready to be stored, and the numbers of refused ones by code."""

    rows: Rows
    places: Places
    encoded: list[bytes]
    devices: list[UUID]
    refused: Counter[str]


def import_table(path: Path, received_at: datetime, source: str, context: Context) -> Imported:
    """Store the samples of a CSV file; each part is a transaction, so it can be run again.

    Parts are stored at the same time: while PostgreSQL stores one, others are read and checked.
    `context` makes the application available to a thread. Raises ValueError for a file that cannot
    be read; what was stored before stays.
    """
    done, blocks = Imported(), read_blocks(path)

    def store(block: Block) -> Imported:
        with context():
            return _store(_prepare(block, received_at, source), received_at, source)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        storing = deque(threads.submit(store, block) for block in islice(blocks, AT_ONCE))
        while storing:
            done.add(storing.popleft().result())
            storing.extend(threads.submit(store, block) for block in islice(blocks, 1))
    numbers = {"accepted": done.accepted, "duplicate": done.duplicate}
    record_command("radio.import", f"file:{path.name}", **numbers, refused=dict(done.refused))
    db.session.commit()
    return done


def _prepare(block: Block, received_at: datetime, source: str) -> _Part:
    rows, codes = block.rows, block.codes
    devices = _read_devices(rows, codes)
    good = np.flatnonzero(codes == "")
    rows = rows[good]
    numbers, places = judge(rows, received_at)
    codes[good] = np.array(rules.CODES, object)[numbers]
    stored = np.flatnonzero(numbers == 0)
    rows, places = rows[stored], places.take(stored)
    refused = Counter(codes[codes != ""].tolist())
    encoded = list(storage.encode(rows, places, received_at, source))
    return _Part(rows, places, encoded, devices, refused)


def _read_devices(rows: Rows, codes: NDArray[np.object_]) -> list[UUID]:
    """Set when the devices of n rows were registered; return those that may send samples.

    Rows of others get a code.
    """
    keys, inverse = _distinct(rows["device"])
    ids = [UUID(bytes=key.tobytes()) for key in keys]
    query = select(Device.id, Device.registered_at, Device.consent_version)
    found = {row.id: row for row in db.session.execute(query.where(Device.id.in_(ids)))}
    agreed = {one for one, row in found.items() if row.consent_version in consent.NAMED_IN["radio"]}
    never = np.datetime64("NaT", "us")
    registered = [rules.as_utc(found[one].registered_at) if one in found else never for one in ids]
    rows["registered"] = np.array(registered, "M8[us]")[inverse] if ids else never
    unknown = np.array([one not in found for one in ids], bool)
    silent = np.array([one in found and one not in agreed for one in ids], bool)
    for code, marked in (("radio_not_agreed", silent), ("device_unknown", unknown)):
        codes[(codes == "") & marked[inverse]] = code
    db.session.rollback()
    return sorted(agreed)


def _distinct(keys: NDArray[np.void]) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """Return the distinct ones of n keys, of which equal ones are often near, and their numbers."""
    keys = np.ascontiguousarray(keys)
    halves = keys.view("u8").reshape(-1, 2)
    begins = np.flatnonzero(np.any(np.diff(halves, axis=0, prepend=0) != 0, axis=1))
    if not len(begins) or begins[0]:
        begins = np.concatenate([np.zeros(min(1, len(keys)), np.int64), begins])
    found, inverse = np.unique(keys[begins], return_inverse=True)
    return found, np.repeat(inverse, np.diff(begins, append=len(keys)))


def _store(part: _Part, received_at: datetime, source: str) -> Imported:
    locked = select(Device.id).where(Device.id.in_(part.devices))
    present = set(db.session.scalars(locked.order_by(Device.id).with_for_update()))
    gone = np.array([one.bytes for one in part.devices if one not in present], "V16")
    new = ~np.isin(part.rows["device"], gone) if len(gone) else np.ones(len(part.rows), bool)
    done = Imported(refused=part.refused + Counter(device_unknown=int(np.sum(~new))))
    try:
        with db.session.begin_nested():
            storage.copy_encoded(_parts(part, new, received_at, source))
    except UniqueViolation:  # part of the file is stored, or comes twice in it
        known = new & (storage.known_among(part.rows) | _repeated(part.rows))
        done.duplicate = int(np.sum(known))
        new &= ~known
        storage.copy_encoded(_parts(part, new, received_at, source))
    db.session.commit()
    done.accepted = int(np.sum(new))
    return done


def _parts(
    part: _Part, new: NDArray[np.bool_], received_at: datetime, source: str
) -> Iterator[bytes]:
    """Yield the encoded rows that are new."""
    if new.all():
        return iter(part.encoded)
    at = np.flatnonzero(new)
    return storage.encode(part.rows[at], part.places.take(at), received_at, source)


def _repeated(rows: Rows) -> NDArray[np.bool_]:
    """Return which rows have the id of an earlier row of their device."""
    halves = [np.ascontiguousarray(rows[name]).view("u1") for name in ("device", "id")]
    pairs = np.hstack([half.reshape(-1, 16) for half in halves]).view("V32").ravel()
    _, first = np.unique(pairs, return_index=True)
    repeated = np.ones(len(rows), bool)
    repeated[first] = False
    return repeated
