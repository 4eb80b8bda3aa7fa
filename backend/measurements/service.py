"""Record what phones send: each exactly once, placed, judged, counted, in one commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from backend.devices.models import Device
from backend.errors import Problem
from backend.extensions import db, quickly
from backend.measurements import draft, rules, timeline
from backend.measurements.counting import Deltas
from backend.measurements.draft import Circumstances
from backend.measurements.models import Refused
from backend.measurements.reading import Item, read
from backend.measurements.storing import TakenMeanwhile, dump, rewrite, store
from backend.units.locating import Locator

# What is refused is kept up to this length; what is longer is no sample.
REFUSED_MOST = 20_000
# Two devices that use one id at the same instant: the second look finds the first's receipt.
TRIES = 3

LOCK = """
    update devices set
        window_items =
            case when window_start > %(hour_ago)s then window_items else 0 end + %(n)s,
        window_start = case when window_start > %(hour_ago)s then window_start else %(now)s end
    where id = %(device)s
    returning window_items, window_start
"""
RECEIPTS = "select id, device_id, digest from receipts where id = any(%(ids)s)"


@dataclass(frozen=True, slots=True)
class Desk:
    """What recording needs of the installation."""

    locator: Locator
    key: str  # of the digests of contents
    hourly_most: int  # measurements of one device


def record(
    device: Device | None, sent: Sequence[Any], now: Circumstances, desk: Desk
) -> list[Item]:
    """Take measurements: keep what was sent, name the commune, judge, count; one commit."""
    device_id = device.id if device else None
    for _ in range(TRIES):
        items = [read(raw, desk.key) for raw in sent]
        try:
            if device_id:
                _lock(device_id, len(items), now.received_at, desk.hourly_most)
            _store_new(device_id, _sort_out(device_id, items), now, desk.locator)
            _keep_refused(device_id, items, now.received_at)
            db.session.commit()
            return items
        except TakenMeanwhile:
            db.session.rollback()
    raise Problem(503, "unavailable", headers={"Retry-After": "1"})


def _lock(device_id: UUID, n: int, at: datetime, most: int) -> None:
    """Take the device's lock until the commit, and hold it to its hourly measure."""
    rows = quickly(
        LOCK, {"device": device_id, "n": n, "now": at, "hour_ago": at - timedelta(hours=1)}
    )
    if not rows:  # withdrawn since its token was read
        raise Problem(401, "unauthorized", headers={"WWW-Authenticate": "Bearer"})
    if rows[0]["window_items"] > most:
        wait = rows[0]["window_start"] + timedelta(hours=1) - at
        retry = str(max(1, int(wait.total_seconds())))
        raise Problem(429, "too_many_requests", headers={"Retry-After": retry})


def _sort_out(device_id: UUID | None, items: Sequence[Item]) -> list[Item]:
    """Tell duplicates and conflicts from what is new; return the new ones."""
    readable = [item for item in items if item.outcome == "accepted"]
    ids = [item.id for item in readable]
    receipts = quickly(RECEIPTS, {"ids": ids}) if ids else []
    known = {row["id"]: (row["device_id"], row["digest"]) for row in receipts}
    new = []
    for item in readable:
        mine = (device_id, item.digest)
        if item.id not in known:
            known[item.id] = mine
            new.append(item)
        else:
            item.outcome = "duplicate" if known[item.id] == mine else "conflict"
    return new


def _store_new(
    device_id: UUID | None, items: Sequence[Item], now: Circumstances, locator: Locator
) -> None:
    if not items:
        return
    for item in items:
        item.row = draft.row_of(item.loaded, item.raw, now)
    _place(items, locator)
    for item in items:
        _note(item, device_id, now)
    deltas = Deltas()
    rows = [item.row for item in items]
    changed = _judge(device_id, rows, deltas)
    store([_receipt(item) for item in items], rows, deltas)
    rewrite(changed, rules.RULES)


def _place(items: Sequence[Item], locator: Locator) -> None:
    """Name the communes of all at once: a batch costs little more than one."""
    placeable = [(item, at) for item in items if (at := draft.position_of(item.row))]
    if len(placeable) == 1:
        item, at = placeable[0]
        item.placed = locator.place(*at)
    elif placeable:
        found = locator.place_many(*zip(*[at for _, at in placeable], strict=True))
        for (item, _), placed in zip(placeable, found, strict=True):
            item.placed = placed


def _note(item: Item, device_id: UUID | None, now: Circumstances) -> None:
    """Note every reason and mark that follows from the item alone."""
    row, placed = item.row, item.placed
    row |= {
        "id": item.id,
        "device_id": device_id,
        "unit_id": placed.unit_id if placed else None,
        "set_id": placed.set_id if placed else None,
        "how": placed.how if placed else None,
        "candidates": list(placed.candidates) if placed and placed.candidates else None,
        "own_reasons": draft.own_reasons(row, item.loaded, placed, now),
        "marks": draft.marks(row, item.loaded, placed, now),
    }


def _judge(
    device_id: UUID | None, rows: Sequence[dict[str, Any]], deltas: Deltas
) -> list[dict[str, Any]]:
    """Give new rows their verdict; return the stored ones that are judged otherwise now."""
    if device_id is None:
        for row in rows:
            _write_verdict(row, rules.Verdict(row["own_reasons"]))
            deltas.add(row, row["reasons"], 1)
        return []
    new = {row["id"]: row for row in rows}
    changed: list[dict[str, Any]] = []
    for entry, verdict in timeline.settle(device_id, rows):
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
        "reasons": verdict.reasons,
        "own_reasons": row["own_reasons"],
        "valid": verdict.valid,
        "counted": verdict.counted,
    }


def _receipt(item: Item) -> dict[str, Any]:
    row = item.row
    return {
        "id": item.id,
        "device_id": row["device_id"],
        "digest": item.digest,
        "received_at": row["received_at"],
        "month": row["day"].isoformat()[:7],
    }


def _keep_refused(device_id: UUID | None, items: Sequence[Item], received_at: datetime) -> None:
    """Keep the bodies that could not be stored as measurements; their ids stay free."""
    refused = [
        {
            "device_id": device_id,
            "received_at": received_at,
            "body": _written(item.raw),
            "errors": [{"field": error.field, "code": error.code} for error in item.errors],
        }
        for item in items
        if item.outcome == "rejected"
    ]
    if refused:
        db.session.execute(insert(Refused), refused)


def _written(raw: Any) -> str:
    """A refused body as text that PostgreSQL can hold."""
    try:
        written = dump(raw)[:REFUSED_MOST].replace("\x00", "")
    except RecursionError:
        return "(nested too deeply)"
    return written.encode(errors="backslashreplace").decode()
