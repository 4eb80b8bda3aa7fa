"""Record no-connection notes: each exactly once, located, in one commit."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from backend.accounts.rate_limits import count_attempt, network_of
from backend.clock import local_day
from backend.database.extensions import db
from backend.database.locks import hold_network
from backend.devices import service as devices
from backend.devices.service import KnownDevice
from backend.errors import FieldError, Problem
from backend.measurements.no_connection import rules
from backend.measurements.no_connection.heartbeats import times_away
from backend.measurements.no_connection.incoming import mark_server_down, place_note, read_note
from backend.measurements.no_connection.models import NoConnectionNote
from backend.measurements.no_connection.rows import NoteItem
from backend.measurements.recording import replays
from backend.measurements.recording.incoming import ReceiptContext
from backend.measurements.recording.intake import select_new, store_rejected
from backend.measurements.recording.models import Receipt
from backend.measurements.recording.service import RecordingContext
from backend.units.locator import Locator
from backend.witness.keys import prefix_digest

# Day and cell of a note, and whether the server was away: a device has one of each.
Place = tuple[date, str | None, bool]
# Two devices that use one id at the same time: the second attempt finds the first's receipt.
TRIES = 3


def record_notes(
    device: KnownDevice,
    sent: Sequence[Any],
    receipt: ReceiptContext,
    context: RecordingContext,
    address: str,
) -> list[NoteItem]:
    """Record notes of a device: each is stored once, or rejected with field and reason.

    Raises 403 for a device whose consent names no notes.
    """
    if not devices.agreed_to(device, "notes"):
        raise Problem(403, "notes_not_agreed")
    now = receipt.received_at
    count_attempt("no_connection", address, rules.MAX_HOURLY, now, n=len(sent))
    network = prefix_digest(context.key, network_of(address), local_day(now))
    items = [read_note(raw, now, context.key) for raw in sent]
    for item in items:
        if item.id:
            place_note(item, receipt, device.registered_at, context.locator)
    mark_server_down(items, times_away({at for item in items for at in item.attempts}, now))
    for _ in range(TRIES):
        devices.lock_row(device.id)  # a withdrawal comes before or after; 401 if before
        hold_network(network)
        try:
            _store(device.id, items, network)
        except IntegrityError:  # another device's id, stored at the same time
            db.session.rollback()
            continue
        store_rejected(device.id, items)
        db.session.commit()
        return items
    raise Problem(503, "unavailable", headers={"Retry-After": "1"})


def _store(device_id: UUID, items: Sequence[NoteItem], network: bytes | None) -> None:
    """Store new notes with their receipts; of a place and day that is noted, the receipt alone."""
    sent = Receipt.id.in_([item.id for item in items if item.id])
    receipts = db.session.scalars(select(Receipt).where(sent, Receipt.kind == "note")).all()
    known = {receipt.id: (receipt.device_id, receipt.digest) for receipt in receipts}
    withdrawn = replays.withdrawn_among(
        [digest for item in items for digest in item.replay_digests]
    )
    taken = _notes_of_days(device_id, {item.row["day"] for item in items if item.row})
    stored = {receipt.id: receipt.note_id for receipt in receipts}
    added: list[NoteItem] = []

    def refuse(item: NoteItem) -> FieldError | None:
        """Return why a new note is not stored, or take its place."""
        if refusal := item.refusal or _day_refusal(item, taken):
            return refusal
        assert item.id is not None
        place = _place_of(item)
        if place not in taken:
            added.append(item)
        stored[item.id] = taken.setdefault(place, item.id)
        return None

    new = select_new(items, device_id, known, withdrawn, refuse)
    for item in items:
        if item.id and item.outcome in ("accepted", "duplicate"):
            item.note_id = stored[item.id]
    crowded = _areas_of(network, device_id)
    for item in added:
        shared = rules.area_of(item.row["cell"]) in crowded
        sender = {"device_id": device_id, "network": network, "shared_network": shared}
        db.session.execute(insert(NoConnectionNote).values({**item.row, **sender}))
    for item in new:
        of_item = {"id": item.id, "digest": item.digest, "received_at": item.received_at}
        row = {**of_item, "device_id": device_id, "kind": "note", "note_id": item.note_id}
        db.session.execute(insert(Receipt).values(row))


def _place_of(item: NoteItem) -> Place:
    return item.row["day"], item.row["cell"], item.row["server_down"]


def _notes_of_days(device_id: UUID, days: set[date]) -> dict[Place, UUID]:
    """Return the stored notes of a device by place."""
    stored = NoConnectionNote
    query = select(stored.day, stored.cell, stored.server_down, stored.id)
    where = stored.device_id == device_id, stored.day.in_(days)
    return {
        (day, cell, down): note for day, cell, down, note in db.session.execute(query.where(*where))
    }


def _areas_of(network: bytes | None, device_id: UUID) -> set[str]:
    """Return the areas of which other devices sent notes from the same address today."""
    cells = select(NoConnectionNote.cell).where(
        NoConnectionNote.network == network,
        NoConnectionNote.device_id != device_id,
        NoConnectionNote.server_down.is_(False),
        NoConnectionNote.cell.is_not(None),
    )
    return {rules.area_of(cell) for cell in db.session.scalars(cells) if cell}


def _day_refusal(item: NoteItem, taken: Mapping[Place, UUID]) -> FieldError | None:
    """Return the refusal of a note beyond the most of a device and day.

    Those made while the server was away have a limit of their own.
    """
    if _place_of(item) in taken:
        return None
    of_day = Counter((day, down) for day, _, down in taken)
    full = of_day[item.row["day"], item.row["server_down"]] >= rules.MAX_DAILY
    return FieldError("attempts", "note_day_full") if full else None


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
