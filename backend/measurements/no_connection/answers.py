"""Responses to a phone about its no-connection notes."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Literal, NotRequired, TypedDict, cast
from uuid import UUID

from sqlalchemy import text

from backend.database.extensions import db
from backend.errors import FieldMessage
from backend.fields import aware_time
from backend.http.paging import decode_cursor, take_page
from backend.http.problems import serialize_errors
from backend.i18n.catalogues import Language
from backend.measurements.no_connection.rows import NoteItem
from backend.measurements.recording.answers import NotePlace
from backend.measurements.recording.intake import Outcome, OutcomeCounts

COLUMNS = """
    n.id, n.day, n.noted_at, n.received_at, n.attempts, n.operator, n.assurance,
    n.excluded_at is not null as excluded, n.server_down, u.code, u.name, p.name as province
    from no_connection_notes n join units u on u.id = n.unit_id
    left join units p on p.id = u.province_id
"""
BY_ID = text(f"select {COLUMNS} where n.id = any(:ids)")  # fixed words
PAGE = text(f"""
    select {COLUMNS} where n.device_id = :device
      and (cast(:at as timestamptz) is null or (n.noted_at, n.id) < (:at, :id))
    order by n.noted_at desc, n.id desc limit :limit
""")


Claimed = Literal["claimed"]


class NoteResult(TypedDict):
    """The result of one note that was sent; day and place of one that is stored."""

    id: str | None  # as it was sent; null: none
    outcome: Outcome
    assurance: NotRequired[Claimed]
    day: NotRequired[date]
    unit: NotRequired[NotePlace]
    repeats: NotRequired[
        Annotated[bool, "an earlier note of this device, cell and day stands for it"]
    ]
    server_down: NotRequired[
        Annotated[
            bool,
            "this server was away at an attempt: never shown, and the place may be noted again",
        ]
    ]
    errors: NotRequired[list[FieldMessage]]


class NoteBatchResult(OutcomeCounts):
    """The results of a batch, in its order."""

    results: list[NoteResult]


class OwnNote(TypedDict):
    """One of the device's own notes."""

    id: str
    day: date
    noted_at: datetime
    received_at: datetime
    attempts: int
    operator: str | None
    unit: NotePlace
    assurance: Claimed
    excluded: Annotated[bool, "by an official"]
    server_down: Annotated[bool, "this server was away at an attempt: never shown"]


class OwnNotes(TypedDict):
    """A page of a device's notes, newest first."""

    items: list[OwnNote]
    next: str | None  # the cursor of the next page; null on the last one


class OwnNoteRow(TypedDict):
    """A row of BY_ID or PAGE."""

    id: UUID
    day: date
    noted_at: datetime
    received_at: datetime
    attempts: int
    operator: str | None
    assurance: Claimed
    excluded: bool
    server_down: bool
    code: str  # of the commune
    name: str
    province: str | None


def serialize_results(items: Sequence[NoteItem], language: Language) -> list[NoteResult]:
    """Return one result per note, in order."""
    ids = [item.note_id for item in items if item.note_id]
    rows = db.session.execute(BY_ID, {"ids": ids}).mappings() if ids else ()
    stored = {row["id"]: cast(OwnNoteRow, row) for row in rows}
    return [_serialize_result(item, stored, language) for item in items]


def _serialize_result(
    item: NoteItem, stored: Mapping[UUID, OwnNoteRow], language: Language
) -> NoteResult:
    answer: NoteResult = {"id": item.echo, "outcome": item.outcome}
    if item.errors:
        answer["errors"] = serialize_errors(item.errors, language)
    row = stored.get(item.note_id) if item.note_id else None
    if row:
        answer["assurance"], answer["day"] = row["assurance"], row["day"]
        answer["unit"], answer["repeats"] = _unit(row), item.note_id != item.id
        answer["server_down"] = row["server_down"]
    return answer


def own_notes(device_id: UUID, cursor: str | None, limit: int) -> OwnNotes:
    """Return a page of a device's notes, newest first."""
    at, last = decode_cursor(cursor, aware_time, UUID) or (None, None)
    values = {"device": device_id, "at": at, "id": last, "limit": limit + 1}
    rows = cast(Sequence[OwnNoteRow], db.session.execute(PAGE, values).mappings().all())
    page, following = take_page(rows, limit, lambda row: (row["noted_at"], row["id"]))
    return {"items": [_serialize(row) for row in page], "next": following}


def _serialize(row: OwnNoteRow) -> OwnNote:
    return {
        "id": str(row["id"]),
        "day": row["day"],
        "noted_at": row["noted_at"],
        "received_at": row["received_at"],
        "attempts": row["attempts"],
        "operator": row["operator"],
        "assurance": row["assurance"],
        "excluded": row["excluded"],
        "server_down": row["server_down"],
        "unit": _unit(row),
    }


def _unit(row: OwnNoteRow) -> NotePlace:
    return {"code": row["code"], "name": row["name"], "province": row["province"]}
