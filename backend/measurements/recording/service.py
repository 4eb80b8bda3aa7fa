"""Record what phones send: each exactly once, placed, judged, counted, in one commit."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from backend.database.extensions import db, fetch, fetch_autocommit
from backend.devices import service as devices
from backend.devices.registration import KnownDevice
from backend.errors import Problem
from backend.measurements.recording import earning, incoming, rules, timeline
from backend.measurements.recording.counting import Deltas
from backend.measurements.recording.incoming import Circumstances
from backend.measurements.recording.models import Refused
from backend.measurements.recording.reading import Item, read
from backend.measurements.recording.storage import Changed, Gate, rewrite, store
from backend.measurements.recording.timeline import Timeline
from backend.units.locator import Locator

# What is refused is kept up to this length; what is longer is no sample.
REFUSED_MOST = 20_000
# Two devices that use one id at the same instant: the second look finds the first's receipt.
TRIES = 3
HOUR = timedelta(hours=1)

RECEIPTS = "select id, device_id, digest from receipts where id = any(%(ids)s)"


@dataclass(frozen=True, slots=True)
class Desk:
    """What recording needs of the installation."""

    locator: Locator
    key: str  # of the digests of contents
    hourly_most: int  # measurements of one device


def record(
    device_id: UUID | None, sent: Sequence[Any], now: Circumstances, desk: Desk
) -> list[Item]:
    """Take measurements: keep what was sent, name the commune, judge, count; one commit."""
    items = _prepared(sent, now, desk)
    _record_locked(device_id, items, now, desk)
    return items


def record_optimistically(
    token: str, sent: Sequence[Any], now: Circumstances, desk: Desk
) -> tuple[KnownDevice, list[Item]]:
    """Record for the device of a token: in two statements and without a lock, if nobody meddles.

    The first reads device and timeline, the second stores what was judged if the device's version
    still stands: then no other post, revision or withdrawal came between. Else the lock is taken.
    """
    items = _prepared(sent, now, desk)
    readable = [item.row for item in items if not item.errors]
    device, stored = timeline.look(token, readable, now.received_at)
    if device is None:
        devices.authenticate(token, now.received_at)  # 401, or the first use is noted
        device, stored = timeline.look(token, readable, now.received_at)
    if device is None:
        raise devices.unauthorized()
    gate = _gate(device, len(items), now.received_at, desk.hourly_most)
    try:
        _take(device.id, items, _sorted_out(device.id, items, []), gate, now, stored)
    except Changed:
        db.session.rollback()
        _record_locked(device.id, items, now, desk)
    return device, items


def _record_locked(
    device_id: UUID | None, items: Sequence[Item], now: Circumstances, desk: Desk
) -> None:
    ids = [item.id for item in items if not item.errors]
    for _ in range(TRIES):
        gate = None
        if device_id:
            device = devices.hold(device_id)
            gate = _gate(device, len(items), now.received_at, desk.hourly_most)
        known = fetch(RECEIPTS, {"ids": ids}) if ids else []
        try:
            _take(device_id, items, _sorted_out(device_id, items, known), gate, now)
        except Changed:
            db.session.rollback()
        else:
            return
    raise Problem(503, "unavailable", headers={"Retry-After": "1"})


def _gate(device: KnownDevice, n: int, at: datetime, most: int) -> Gate:
    """Hold a device to its hourly measure."""
    began, before = device.window_start, device.window_items
    if began <= at - HOUR:
        began, before = at, 0
    if before + n > most:
        retry = str(max(1, int((began + HOUR - at).total_seconds())))
        raise Problem(429, "too_many_requests", headers={"Retry-After": retry})
    return Gate(device.id, device.version, device.joined, began, before + n)


def _prepared(sent: Sequence[Any], now: Circumstances, desk: Desk) -> list[Item]:
    """Find out all that follows from each item alone, before the database is asked."""
    items = [read(raw, desk.key) for raw in sent]
    readable = [item for item in items if not item.errors]
    for item in readable:
        item.row = incoming.row_of(item.loaded, item.raw, now)
    _place(readable, desk.locator)
    for item in readable:
        _note(item, now)
    return items


def _sorted_out(
    device_id: UUID | None, items: Sequence[Item], receipts: Sequence[dict[str, Any]]
) -> list[Item]:
    """Tell duplicates and conflicts from what is new; return the new ones."""
    known = {row["id"]: (row["device_id"], row["digest"]) for row in receipts}
    new = []
    for item in items:
        if item.errors:
            continue
        mine = (device_id, item.digest)
        if item.id not in known:
            known[item.id] = mine
            item.outcome = "accepted"
            new.append(item)
        else:
            item.outcome = "duplicate" if known[item.id] == mine else "conflict"
    return new


def _take(
    device_id: UUID | None,
    items: Sequence[Item],
    new: Sequence[Item],
    gate: Gate | None,
    now: Circumstances,
    stored: Timeline | None = None,
) -> None:
    """Judge what is new and store everything; Changed where the judged state is not today's.

    `stored` is the device's timeline where it was read already, outside the session.
    """
    if stored and not {row["id"] for row in stored}.isdisjoint(item.id for item in new):
        raise Changed  # a duplicate, which the receipts tell from a conflict
    deltas = Deltas()
    rows = [item.row | {"device_id": device_id} for item in new]
    receipts = [_receipt(item.digest, row) for item, row in zip(new, rows, strict=True)]
    changed = _judge(device_id, rows, deltas, stored)
    refused = [item for item in items if item.errors]
    joined = gate is not None and gate.joined
    alone = stored is not None and not (changed or refused or joined)
    store(gate, receipts, rows, deltas, fetch_autocommit if alone else fetch)
    if not alone:
        rewrite(changed, rules.RULES)
        _keep_refused(device_id, refused, now.received_at)
        if joined and device_id:
            earning.settle(device_id, [row["day"] for row in (*rows, *changed)])
        db.session.commit()
    for item, row in zip(new, rows, strict=True):
        item.row = row


def _place(items: Sequence[Item], locator: Locator) -> None:
    """Name the communes of all at once: a batch costs little more than one."""
    placeable = [(item, at) for item in items if (at := incoming.position_of(item.row))]
    if len(placeable) == 1:
        item, at = placeable[0]
        item.placed = locator.place(*at)
    elif placeable:
        found = locator.place_many(*zip(*[at for _, at in placeable], strict=True))
        for (item, _), placed in zip(placeable, found, strict=True):
            item.placed = placed


def _note(item: Item, now: Circumstances) -> None:
    """Note every reason and mark that follows from the item alone."""
    row, placed = item.row, item.placed
    row |= {
        "id": item.id,
        "unit_id": placed.unit_id if placed else None,
        "set_id": placed.set_id if placed else None,
        "how": placed.how if placed else None,
        "candidates": list(placed.candidates) if placed and placed.candidates else None,
        "own_reasons": incoming.own_reasons(row, item.loaded, placed, now),
        "marks": incoming.marks(row, item.loaded, placed, now),
    }


def _judge(
    device_id: UUID | None, rows: Sequence[dict[str, Any]], deltas: Deltas, stored: Timeline | None
) -> list[dict[str, Any]]:
    """Give new rows their verdict; return the stored ones that are judged otherwise now."""
    if device_id is None:
        for row in rows:
            _write_verdict(row, rules.Verdict(row["own_reasons"]))
            deltas.add(row, row["reasons"], 1)
        return []
    new = {row["id"]: row for row in rows}
    changed: list[dict[str, Any]] = []
    for entry, verdict in timeline.settle(device_id, rows, stored):
        if entry["id"] in new:
            _write_verdict(new[entry["id"]], verdict)
        else:
            deltas.add(entry, entry["reasons"], -1)
            changed.append(verdict_row(entry, verdict))
        deltas.add(entry, verdict.reasons, 1)
    return changed


def _write_verdict(row: dict[str, Any], verdict: rules.Verdict) -> None:
    row |= {"reasons": verdict.reasons, "valid": verdict.valid, "counted": verdict.counted}


def verdict_row(row: Any, verdict: rules.Verdict) -> dict[str, Any]:
    """A changed verdict, as it is written back."""
    return {
        "id": row["id"],
        "day": row["day"],
        "reasons": verdict.reasons,
        "own_reasons": row["own_reasons"],
        "valid": verdict.valid,
        "counted": verdict.counted,
    }


def _receipt(digest: bytes, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "device_id": row["device_id"],
        "digest": digest,
        "received_at": row["received_at"],
        "month": row["day"].isoformat()[:7],
    }


def _keep_refused(device_id: UUID | None, items: Sequence[Item], received_at: datetime) -> None:
    """Keep the bodies that could not be stored as measurements; their ids stay free."""
    if items:
        refused = [
            {
                "device_id": device_id,
                "received_at": received_at,
                "body": _written(item.raw),
                "errors": [{"field": error.field, "code": error.code} for error in item.errors],
            }
            for item in items
        ]
        db.session.execute(insert(Refused), refused)


def _written(raw: Any) -> str:
    """A refused body as text that PostgreSQL can hold."""
    try:
        written = json.dumps(raw, ensure_ascii=False)[:REFUSED_MOST].replace("\x00", "")
    except RecursionError:
        return "(nested too deeply)"
    return written.encode(errors="backslashreplace").decode()
