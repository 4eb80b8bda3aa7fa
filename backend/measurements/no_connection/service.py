"""Record no-connection notes: each exactly once, located, in one commit."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from backend.accounts.rate_limits import Caller, count_attempt, network_of
from backend.clock import local_day
from backend.database.extensions import db
from backend.database.locks import hold_network
from backend.devices import service as devices
from backend.devices.service import KnownDevice
from backend.errors import FieldError, Problem
from backend.measurements.no_connection import rules
from backend.measurements.no_connection.incoming import (
    NoteItem,
    NoteReceipt,
    parse_note,
    place_note,
)
from backend.measurements.no_connection.models import NoConnectionNote, NoConnectionReceipt
from backend.measurements.recording import replays
from backend.measurements.recording.bodies import storable_text
from backend.measurements.recording.models import RejectedBody
from backend.units.locator import Locator
from backend.witness.keys import prefix_digest

# Two devices that use one id at the same time: the second attempt finds the first's receipt.
TRIES = 3


@dataclass(frozen=True, slots=True)
class NoteContext:
    """Objects of the installation, and the sender, that recording notes needs."""

    locator: Locator
    key: str  # of digests
    now: datetime
    address: str


def record_notes(
    device: KnownDevice, sent: Sequence[Any], sent_at: datetime | None, context: NoteContext
) -> list[NoteItem]:
    """Record notes of a device: each is stored once, or rejected with field and reason.

    Raises 403 for a device whose consent names no notes.
    """
    if not devices.agreed_to(device, "notes"):
        raise Problem(403, "notes_not_agreed")
    caller = Caller(context.address, rules.HOURLY_MOST)
    count_attempt("no_connection", caller, context.key, context.now, n=len(sent))
    network = prefix_digest(context.key, network_of(context.address), local_day(context.now))
    receipt = NoteReceipt(context.now, sent_at, device.registered_at, network)
    items = [parse_note(raw, context.key) for raw in sent]
    for item in items:
        if item.id:
            place_note(item, receipt, context.locator)
    for _ in range(TRIES):
        devices.lock_row(device.id)  # a withdrawal comes before or after; 401 if before
        hold_network(network)
        try:
            _store(device.id, items, receipt)
        except IntegrityError:  # another device's id, stored at the same time
            db.session.rollback()
            continue
        _store_rejected(device.id, items, context.now)
        db.session.commit()
        return items
    raise Problem(503, "unavailable", headers={"Retry-After": "1"})


def _store(device_id: UUID, items: Sequence[NoteItem], receipt: NoteReceipt) -> None:
    readable = [item for item in items if item.id]
    known = _receipts([item.id for item in readable if item.id])
    withdrawn = replays.withdrawn_among([one for item in readable for one in item.replay_digests])
    taken = _notes_of_days(device_id, {item.row["day"] for item in readable if item.row})
    crowded = _areas_of(receipt.network, device_id)
    for item in readable:
        assert item.id is not None
        if item.id in known:
            _answer_known(item, device_id, known[item.id])
        elif any(one in withdrawn for one in item.replay_digests):
            item.outcome, item.errors = "conflict", [FieldError("id", "withdrawn_before")]
        elif refusal := item.refusal or _day_refusal(item, taken):
            item.outcome, item.errors = "rejected", [refusal]
        else:
            item.note_id = _add(device_id, item, receipt, taken, crowded)
            known[item.id] = (device_id, item.digest, item.note_id)


def _receipts(ids: Sequence[UUID]) -> dict[UUID, tuple[UUID, bytes, UUID]]:
    query = select(NoConnectionReceipt).where(NoConnectionReceipt.id.in_(ids))
    return {one.id: (one.device_id, one.digest, one.note_id) for one in db.session.scalars(query)}


def _answer_known(item: NoteItem, device_id: UUID, known: tuple[UUID, bytes, UUID]) -> None:
    owner, stored, note_id = known
    same = (owner, stored) == (device_id, item.digest)
    item.outcome = "duplicate" if same else "conflict"
    item.note_id = note_id if same else None


def _notes_of_days(device_id: UUID, days: set[date]) -> dict[tuple[date, str | None], UUID]:
    """Return the stored notes of a device by day and cell."""
    query = select(NoConnectionNote.day, NoConnectionNote.cell, NoConnectionNote.id)
    where = NoConnectionNote.device_id == device_id, NoConnectionNote.day.in_(days)
    return {(day, cell): note for day, cell, note in db.session.execute(query.where(*where))}


def _areas_of(network: bytes | None, device_id: UUID) -> set[str]:
    """Return the areas of which other devices sent notes from the same address today."""
    cells = select(NoConnectionNote.cell).where(
        NoConnectionNote.network == network,
        NoConnectionNote.device_id != device_id,
        NoConnectionNote.cell.is_not(None),
    )
    return {rules.area_of(cell) for cell in db.session.scalars(cells) if cell}


def _day_refusal(
    item: NoteItem, taken: Mapping[tuple[date, str | None], UUID]
) -> FieldError | None:
    """Return the refusal of a note beyond the most of a device and day."""
    day = item.row["day"]
    if (day, item.row["cell"]) in taken:
        return None
    full = Counter(of_day for of_day, _ in taken)[day] >= rules.DAILY_MOST
    return FieldError("attempts", "note_day_full") if full else None


def _add(
    device_id: UUID,
    item: NoteItem,
    receipt: NoteReceipt,
    taken: dict[tuple[date, str | None], UUID],
    crowded: set[str],
) -> UUID:
    """Store a note with its receipt, or the receipt alone if the place is noted on that day."""
    place = item.row["day"], item.row["cell"]
    note_id: UUID | None = taken.get(place)
    if note_id is None:
        note_id = taken[place] = item.row["id"]
        row = item.row | {
            "device_id": device_id,
            "received_at": receipt.received_at,
            "network": receipt.network,
            "shared_network": rules.area_of(item.row["cell"]) in crowded,
        }
        db.session.execute(insert(NoConnectionNote).values(row))
    stored = {
        "id": item.id,
        "device_id": device_id,
        "digest": item.digest,
        "received_at": receipt.received_at,
        "note_id": note_id,
    }
    db.session.execute(insert(NoConnectionReceipt).values(stored))
    return note_id


def _store_rejected(device_id: UUID, items: Sequence[NoteItem], received_at: datetime) -> None:
    """Store the bodies of rejected notes; their ids stay free."""
    rejected = [
        {
            "device_id": device_id,
            "received_at": received_at,
            "body": storable_text(item.raw),
            "errors": [{"field": error.field, "code": error.code} for error in item.errors],
        }
        for item in items
        if item.outcome == "rejected"
    ]
    if rejected:
        db.session.execute(insert(RejectedBody), rejected)


def remember_digests(device_id: UUID, key: str, withdrawn_at: datetime) -> None:
    """Keep keyed digests of the ids and contents of a device that withdraws."""
    query = select(NoConnectionReceipt.id, NoConnectionReceipt.digest)
    digests = set()
    for identity, digest in db.session.execute(
        query.where(NoConnectionReceipt.device_id == device_id)
    ):
        digests |= {replays.id_digest(identity, key), replays.content_digest(digest, key)}
    replays.add_withdrawn(digests, withdrawn_at)


def delete_notes(device_id: UUID) -> int:
    """Delete the notes of a device with their receipts; return the number of notes."""
    of_device = delete(NoConnectionNote).where(NoConnectionNote.device_id == device_id)
    done = db.session.execute(of_device, execution_options={"synchronize_session": False})
    return int(done.rowcount)  # type: ignore[attr-defined]


def relocate(first: date, last: date, locator: Locator) -> int:
    """Look up the communes of a span of days again; return the number of changed notes.

    Notes whose positions were coarsened keep their commune.
    """
    exact = select(NoConnectionNote).where(
        NoConnectionNote.day.between(first, last), NoConnectionNote.raw.is_not(None)
    )
    moved = 0
    for note in db.session.scalars(exact.order_by(NoConnectionNote.id)):
        assert note.longitude is not None and note.latitude is not None
        placed = locator.locate(note.day, note.longitude, note.latitude, note.accuracy_m)
        if placed.unit_id is None or placed.set_id == note.set_id:
            continue
        moved += placed.unit_id != note.unit_id
        note.unit_id, note.set_id, note.how = placed.unit_id, placed.set_id, placed.how or note.how
    db.session.commit()
    return moved
