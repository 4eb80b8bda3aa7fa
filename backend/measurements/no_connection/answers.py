"""Responses to a phone about its no-connection notes."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.database.extensions import db
from backend.fields import aware_time
from backend.http.paging import decode_cursor, take_page
from backend.http.problems import serialize_errors
from backend.i18n.catalogues import Language
from backend.measurements.no_connection.incoming import NoteItem

COLUMNS = """
    n.id, n.day, n.noted_at, n.received_at, n.attempts, n.operator, n.assurance,
    n.excluded_at is not null as excluded, u.code, u.name, p.name as province
    from no_connection_notes n join units u on u.id = n.unit_id
    left join units p on p.id = u.province_id
"""
BY_ID = text(f"select {COLUMNS} where n.id = any(:ids)")  # fixed words
PAGE = text(f"""
    select {COLUMNS} where n.device_id = :device
      and (cast(:at as timestamptz) is null or (n.noted_at, n.id) < (:at, :id))
    order by n.noted_at desc, n.id desc limit :limit
""")


def serialize_results(items: Sequence[NoteItem], language: Language) -> list[dict[str, Any]]:
    """Return one result per note, in order."""
    ids = [item.note_id for item in items if item.note_id]
    rows = db.session.execute(BY_ID, {"ids": ids}).mappings() if ids else ()
    stored = {row["id"]: row for row in rows}
    return [_serialize_result(item, stored, language) for item in items]


def _serialize_result(
    item: NoteItem, stored: Mapping[UUID, Mapping[Any, Any]], language: Language
) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": item.echo, "outcome": item.outcome}
    if item.errors:
        answer["errors"] = serialize_errors(item.errors, language)
    row = stored.get(item.note_id) if item.note_id else None
    if row:
        answer |= {name: row[name] for name in ("assurance", "day")}
        answer |= {"unit": _unit(row), "repeats": item.note_id != item.id}
    return answer


def own_notes(device_id: UUID, cursor: str | None, limit: int) -> dict[str, Any]:
    """Return a page of a device's notes, newest first."""
    at, last = decode_cursor(cursor, aware_time, UUID) or (None, None)
    values = {"device": device_id, "at": at, "id": last, "limit": limit + 1}
    rows = db.session.execute(PAGE, values).mappings().all()
    page, following = take_page(rows, limit, lambda row: (row["noted_at"], row["id"]))
    return {"items": [_serialize(row) for row in page], "next": following}


def _serialize(row: Mapping[Any, Any]) -> dict[str, Any]:
    names = ("day", "noted_at", "received_at", "attempts", "operator", "assurance", "excluded")
    return {"id": str(row["id"]), **{name: row[name] for name in names}, "unit": _unit(row)}


def _unit(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("code", "name", "province")}
