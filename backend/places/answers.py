"""The table that goes with a letter to an operator, and the import of its answers; idempotent.

An answer is found by the place's number. Rows with errors are left out and told by their cell; rows
whose columns for the answer are empty change nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TypedDict, cast

from marshmallow import ValidationError
from sqlalchemy import text

from backend.accounts.access import Actor
from backend.database.extensions import db
from backend.errors import Problem, field_errors
from backend.i18n import formats
from backend.i18n.catalogues import Language
from backend.official_import.lines import parse_day
from backend.places.evidence import SLOW_MBPS
from backend.places.hamlets import EDIT, authorized_province
from backend.places.letters import POSITION_DECIMALS, EvidenceKind, LetterPlace
from backend.places.schemas import StepSchema
from backend.places.service import (
    NewStep,
    PlaceRow,
    check_step,
    lock_places,
    read_places,
    take_step,
)
from backend.tables.sheet_import import RemarkAnswer, SheetRow, read_sheet, refuse_repeated
from backend.tables.spreadsheets import blank_workbook
from backend.tables.table import Kind
from backend.units.index import unit_index
from geo.gazetteer import plain

ALL_OPERATORS = "Mọi nhà mạng"
KINDS_NAMED: Mapping[EvidenceKind, str] = {
    "notes": "người dân ghi nhận không kết nối được",
    "failed_tests": "phép đo không hoàn thành",
    "slow_tests": f"phép đo dưới {SLOW_MBPS:g} Mbit/s",
}
STATED = "cơ quan ghi nhận"  # a place without other evidence
ANSWERED, REFUSED = "Có phương án", "Chưa có kế hoạch"
# Columns of the table with their widths; the last three are the operator's.
HEADER = (
    ("Mã điểm", 9.0), ("Thôn hoặc điểm", 30.0), ("Xã, phường", 22.0), ("Vị trí (đến 1 km)", 16.0),
    ("Nhà mạng", 14.0), ("Tháng ghi nhận", 14.0), ("Căn cứ", 34.0),
    ("Trả lời", 18.0), ("Trạm, biện pháp hoặc lý do", 36.0), ("Ngày hoàn thành", 16.0),
)  # fmt: skip
ANSWER_COLUMN = 7
TABLE = Kind({
    "id": ("ma diem", "ma so diem", "place number"),
    "name": ("thon hoac diem",),
    "unit": ("xa, phuong",),
    "position": ("vi tri",),
    "operator": ("nha mang",),
    "month": ("thang ghi nhan",),
    "kinds": ("can cu",),
    "answer": ("tra loi", "ket qua", "answer"),
    "note": ("tram, bien phap hoac ly do", "bien phap", "tram", "ly do", "measure"),
    "promised_on": ("ngay hoan thanh", "ngay hen", "promised day"),
}, "id", "no_answer_header")  # fmt: skip
HEADS = dict(zip(TABLE.columns, (head for head, _ in HEADER), strict=True))
# Columns of the fields of a step.
COLUMN_OF = {"state": "answer", "note": "note", "promised_on": "promised_on"}
DATE = "cell_is_date"
OF_ANSWER = ("answer", "note", "promised_on")
WORDS = {
    **dict.fromkeys(("co phuong an", "co", "co ke hoach", "dong y", "se xu ly"), "answered"),
    **dict.fromkeys(("chua co ke hoach", "chua", "khong", "tu choi", "chua co"), "refused"),
}
GUIDE = (
    ("Cột", "Ghi gì"),
    ("Mã điểm", "Giữ nguyên: bảng được nhập lại theo mã này."),
    ("Trả lời", f"{ANSWERED} hoặc {REFUSED}; để trống nếu chưa trả lời."),
    ("Trạm, biện pháp hoặc lý do", "Trạm sẽ xây, giải pháp khác, hoặc lý do chưa có kế hoạch."),
    ("Ngày hoàn thành", "Ngày/tháng/năm, khi có phương án."),
)
NOTES = text("""
    select p.id, s.note from places p
        join place_steps s on s.place_id = p.id and s.number = p.version
    where p.province_id = :province
""")


class ImportedAnswer(TypedDict):
    """A row of the table, and what happens to it."""

    line: int
    outcome: str  # update, unchanged, error
    name: str
    unit: str | None
    errors: list[RemarkAnswer]
    notes: list[RemarkAnswer]


class AnswerImport(TypedDict):
    """The effect of an import."""

    dry_run: bool
    totals: dict[str, int]  # rows, and those of each outcome
    rows: list[ImportedAnswer]


def answer_table(places: Sequence[LetterPlace]) -> bytes:
    """Return the table of a letter as a workbook, with columns for the answers."""
    rows = [(*place_cells(place), "", "", "") for place in places]
    choices = {ANSWER_COLUMN: (ANSWERED, REFUSED)}
    return blank_workbook("Điểm cần xử lý", HEADER, rows, GUIDE, choices)


def place_cells(place: LetterPlace) -> tuple[str, ...]:
    """Return what the letter and its table say of a place, by column."""
    at = place.position
    return (
        str(place.id),
        place.name,
        place.commune,
        f"{_degrees(at['latitude'])}; {_degrees(at['longitude'])}" if at else "",
        place.operator or ALL_OPERATORS,
        f"{place.recorded_on:%m/%Y}",
        "; ".join(KINDS_NAMED[one] for one in place.kinds) or STATED,
    )


def _degrees(value: float) -> str:
    return formats.number(value, "vi", POSITION_DECIMALS)


def import_answers(
    actor: Actor,
    code: str,
    raw: bytes,
    document: str | None,
    day: date | None,
    *,
    dry_run: bool,
    now: datetime,
    language: Language,
) -> AnswerImport:
    """Record the answers of a table as steps; rows with errors are left out and reported."""
    province = authorized_province(actor, EDIT, code, now)
    sheet = read_sheet(raw, TABLE)
    locked = {} if dry_run else lock_places(province.id, _numbers(sheet.rows))
    places = {one.id: one for one in read_places(province.id)}
    communes = unit_index().by_id
    newest = db.session.execute(NOTES, {"province": province.id})
    stored: dict[int, str | None] = {one.id: one.note for one in newest}
    for row in sheet.rows:
        if not row.errors:
            _read(row, places, stored, {"document": document, "day": day}, now)
        if row.id is not None:
            row.unit = communes[places[row.id].unit_id].name
    refuse_repeated(sheet.rows, lambda row: row.id, "id", "place_row_twice")
    answer = cast(AnswerImport, sheet.answer(language, _describe, dry_run=dry_run))
    if not dry_run:
        for row in sheet.rows:
            if row.outcome == "update" and row.id is not None:
                take_step(actor, locked[row.id], cast(NewStep, row.values), now)
        db.session.commit()
    return answer


def _numbers(rows: Sequence[SheetRow]) -> list[int]:
    """Return the numbers of places in a table; other texts are told when their rows are read."""
    texts = (row.cells.get("id", "") for row in rows)
    return [int(one) for one in texts if one.isascii() and one.isdecimal() and len(one) < 10]


def _read(
    row: SheetRow,
    places: Mapping[int, PlaceRow],
    stored: Mapping[int, str | None],
    letter: Mapping[str, object],
    now: datetime,
) -> None:
    """Read a row: find its place, and check its step as the form does."""
    cells = row.cells
    row.name, row.unit = cells["name"], cells["unit"]
    row.effect = "unchanged"
    place = places.get(next(iter(_numbers([row])), 0))
    if place is None:
        row.refuse("id", "place_number_unknown")
        return
    row.id, row.name = place.id, place.name
    if cells["name"] and plain(cells["name"]) != plain(place.name):
        row.note("name", "place_named", place.name)
    for name in OF_ANSWER:
        if row.lost.get(name, DATE) != DATE:  # such as a formula without a result
            row.refuse(name, row.lost[name])
    if not any(cells[one] for one in OF_ANSWER):
        return
    step = _step(row, letter)
    if row.errors or _is_stored(place, stored[place.id], step):
        return
    row.values, row.effect = step, "update"
    try:
        check_step(place, cast(NewStep, step), now)
    except Problem as problem:
        for one in problem.errors:
            row.refuse(COLUMN_OF.get(one.field, ""), one.code)


def _step(row: SheetRow, letter: Mapping[str, object]) -> dict[str, object]:
    """Return the step of a row; refuse the cells that say none."""
    cells = row.cells
    state = WORDS.get(" ".join(plain(cells["answer"]).split()))
    if state is None:
        row.refuse("answer", "answer_unknown" if cells["answer"] else "required")
    promised = parse_day(cells["promised_on"])
    if cells["promised_on"] and promised is None:
        row.refuse("promised_on", "not_written_day")
    if row.errors:
        return {}
    sent = {
        "state": state,
        "note": cells["note"] or None,
        "promised_on": promised.isoformat() if promised else None,
    }
    try:
        return {**StepSchema().load(sent), **letter}
    except ValidationError as error:
        for one in field_errors(error.messages):
            row.refuse(COLUMN_OF.get(one.field, ""), one.code)
        return {}


def _is_stored(place: PlaceRow, note: str | None, step: Mapping[str, object]) -> bool:
    """Return whether the newest step of a place is this answer already."""
    newest = {"state": place.state, "promised_on": place.promised_on, "note": note}
    return all(newest[name] == step[name] for name in newest)


def _describe(row: SheetRow) -> dict[str, str | None]:
    return {"name": row.name, "unit": row.unit or None}
