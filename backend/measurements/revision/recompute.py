"""Derive places and reasons of stored rows again, by the active sets and today's rules."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from backend.database.extensions import extension
from backend.measurements.recording import incoming, rules
from backend.measurements.recording.incoming import SCHEMA, ReceiptContext
from backend.measurements.recording.reasons import COUNTED_BY_ADMIN
from backend.units.locator import Locator, UnitLocation

Row = Mapping[Any, Any]


def locate_again(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows whose place differs in the active sets, with the columns that follow."""
    if not rows:
        return []
    from backend.measurements.revision import placement  # with Arrow, which web workers do without

    locator: Locator = extension("locator")
    chunk = placement.chunk_of([{**row, "id": str(row["id"])} for row in rows])
    changed = placement.locate_again(chunk, locator.loaded_set)
    columns = changed.select(["id", *placement.OUTPUT.names])
    return [new | {"id": UUID(new["id"])} for new in columns.to_pylist()]


def rederive(rows: Sequence[Row], count_manual: bool) -> list[dict[str, Any]]:
    """Return the rows whose own reasons or marks differ by today's rules."""
    return [new for row in rows if (new := _rederive(row, count_manual))]


def _rederive(row: Row, count_manual: bool) -> dict[str, Any] | None:
    loaded = SCHEMA.load(row["raw"])
    receipt = ReceiptContext(
        received_at=row["received_at"],
        accept_old=row["device_id"] is None,
        count_manual=count_manual,
        has_device=row["device_id"] is not None,
        count_without_device=COUNTED_BY_ADMIN in row["marks"],
    )
    placed = _stored_place(row)
    own = incoming.own_reasons(row, loaded, placed, receipt)
    if row["excluded"]:
        own = rules.by_weight([*own, "excluded"])
    new = {
        "id": row["id"],
        "unit_id": placed.unit_id if placed else None,
        "set_id": placed.set_id if placed else None,
        "how": placed.how if placed else None,
        "candidates": list(placed.candidates) or None if placed else None,
        "own_reasons": list(own),
        "marks": incoming.marks(row, loaded, placed, receipt),
    }
    return new if any(row[name] != value for name, value in new.items()) else None


def _stored_place(row: Row) -> UnitLocation | None:
    """Return the stored place of a row."""
    if incoming.position_of(row) is None:
        return None
    return UnitLocation(
        unit_id=row["unit_id"],
        code=None,
        name=None,
        province=None,
        how=row["how"],
        ambiguous="border_ambiguous" in row["marks"],
        candidates=tuple(row["candidates"] or ()),
        border_distance_m=None,
        set_id=row["set_id"],
        set_name="",
        quality="",
    )
