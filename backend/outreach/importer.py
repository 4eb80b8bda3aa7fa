"""Import of an office's outreach activities of a month from a table, with a dry run; idempotent."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Any, TypedDict, cast

from marshmallow import ValidationError
from sqlalchemy import select

from backend.accounts.access import Actor
from backend.accounts.audit import record_act
from backend.clock import local_day, month_end, month_start
from backend.coverage.figures.unit_access import authorized_unit
from backend.database.extensions import db
from backend.database.locks import OUTREACH_LOCK, hold
from backend.errors import Problem, field_errors
from backend.i18n.catalogues import Language
from backend.official_import.lines import parse_day
from backend.outreach.models import Outreach
from backend.outreach.schemas import ActivityFieldsSchema
from backend.outreach.service import (
    EDIT,
    ActivityFields,
    Owner,
    require_open,
    require_room,
    set_fields,
)
from backend.tables.sheet_import import (
    RemarkAnswer,
    SheetImport,
    SheetRow,
    read_sheet,
    refuse_repeated,
)
from backend.tables.table import Kind as TableKind
from backend.units.finder import UnitFinder, set_unit
from backend.units.index import unit_index
from backend.units.search import choose_units
from backend.units.service import UnitRow
from geo.gazetteer import plain

TABLE = TableKind({
    "day": ("ngay", "thoi gian", "ngay thuc hien", "day", "date"),
    "code": ("ma", "ma xa", "ma don vi", "code", "unit code"),
    "unit": ("don vi", "xa", "phuong", "xa phuong", "xa, phuong", "xa/phuong", "dia ban", "noi",
             "noi thuc hien", "dia diem", "unit", "place", "commune"),
    "kind": ("hoat dong", "loai", "loai hoat dong", "hinh thuc", "kind", "activity"),
    "audience": ("doi tuong", "audience"),
    "people": ("luot nguoi", "so luot nguoi", "so nguoi", "people", "attended", "attendances"),
    "note": ("ghi chu", "noi dung", "note"),
    "document_number": ("so van ban", "so, ky hieu", "so ky hieu", "so hieu", "document number"),
    "document_date": ("ngay van ban", "ngay ban hanh", "document date"),
}, "kind", "no_outreach_header")  # fmt: skip
HEADS = (
    *("Ngày", "Mã", "Nơi thực hiện", "Hoạt động", "Đối tượng", "Lượt người", "Ghi chú"),
    *("Số văn bản", "Ngày văn bản"),
)
COLUMNS = dict(zip(TABLE.columns, HEADS, strict=True))
# The day is in the month, not today.
OF_DAY = {"place_unknown": "unit_unknown", "place_code_unknown": "unit_unknown"}
# Words for a kind, without accents; the first that a cell contains.
KIND_WORDS = {
    "hoi nghi": "conference", "tap huan": "conference", "conference": "conference",
    "ra quan": "launch", "launch": "launch", "tung nha": "visits", "visits": "visits",
    "van ban": "document", "document": "document", "loa": "media", "mang xa hoi": "media",
    "media": "media",
}  # fmt: skip
AUDIENCE_WORDS = {
    "nguoi dan": "residents", "residents": "residents", "can bo": "officials",
    "cong chuc": "officials", "officials": "officials",
}  # fmt: skip
KINDS_NAMED = ("Hội nghị, tập huấn", "Ra quân", "Đến từng nhà", "Loa, mạng xã hội",
               "Văn bản chỉ đạo")  # fmt: skip
AUDIENCES_NAMED = ("Người dân", "Cán bộ, công chức")


class DescribedActivity(TypedDict):
    """What a row of the list says."""

    day: date | None
    unit: str | None  # its label
    kind: str | None
    people: int | None


class ImportedRow(DescribedActivity):
    """A row of the list, and what happens to it."""

    line: int
    outcome: str  # create, update, unchanged, error
    errors: list[RemarkAnswer]
    notes: list[RemarkAnswer]


class OutreachImport(TypedDict):
    """The effect of an import."""

    dry_run: bool
    totals: dict[str, int]  # rows, and those of each outcome
    rows: list[ImportedRow]


def import_outreach(
    actor: Actor,
    code: str,
    month: str,
    raw: bytes,
    *,
    dry_run: bool,
    now: datetime,
    language: Language,
) -> OutreachImport:
    """Import activities of an office; rows with errors are left out and reported."""
    office = authorized_unit(actor, EDIT, code, None, month)
    if office.level == "district":
        raise Problem(422, "outreach_district")
    last = min(month_end(month), local_day(now))
    if not dry_run:  # two imports of one list are one after the other
        hold(OUTREACH_LOCK)
    require_open(office.id, last)
    sheet = read_sheet(raw, TABLE)
    inside = [one for one in unit_index().on(last) if office.id in one.lies_in]
    finder = UnitFinder(inside, partial(choose_units, day=last, within=office.id), office.id)
    for row in sheet.rows:
        if not row.errors:
            _read(row, finder, office, month, last)
    _compare(sheet.rows, office, month)
    answer = cast(OutreachImport, sheet.answer(language, _describe, dry_run=dry_run))
    if not dry_run:
        _store(sheet, office, last)
        totals = answer["totals"]
        record_act(actor, "outreach.import", f"unit:{office.id}", month=month, totals=totals)
        db.session.commit()
    return answer


def _read(row: SheetRow, finder: UnitFinder, office: UnitRow, month: str, last: date) -> None:
    """Read a row: its day and place, and the fields as the form does."""
    cells = row.cells
    day = parse_day(cells["day"])
    if day is None:
        row.refuse("day", "not_written_day" if cells["day"] else "required")
    elif f"{day:%Y-%m}" != month:
        row.refuse("day", "outreach_other_month")
    elif day > last:
        row.refuse("day", "day_in_future")
    if cells["code"] or cells["unit"]:
        set_unit(row, "unit", finder.find_named(cells["code"], cells["unit"]), OF_DAY)
    else:
        row.unit_id, row.unit = office.id, office.name
    kind = _word(cells["kind"], KIND_WORDS)
    if kind is None:
        row.refuse("kind", "outreach_kind_unknown", *KINDS_NAMED)
    audience = _word(cells["audience"] or "người dân", AUDIENCE_WORDS)
    if audience is None:
        row.refuse("audience", "outreach_audience_unknown", *AUDIENCES_NAMED)
    people = cells["people"].replace(".", "").replace(" ", "")
    if people and not (people.isascii() and people.isdecimal() and len(people) < 10):
        row.refuse("people", "not_whole")
    issued = parse_day(cells["document_date"])
    if cells["document_date"] and issued is None:
        row.refuse("document_date", "not_written_day")
    if row.errors:
        return
    fields: dict[str, str | int | None] = {
        "kind": kind,
        "audience": audience,
        "people": int(people) if people else None,
        "note": cells["note"] or None,
        "document_number": cells["document_number"] or None,
        "document_date": issued.isoformat() if issued else None,
    }
    try:
        row.values = {"day": day, **ActivityFieldsSchema().load(fields)}
    except ValidationError as error:
        for one in field_errors(error.messages):
            row.refuse(one.field, one.code)


def _word(text: str, words: Mapping[str, str]) -> str | None:
    """Return the meaning of the first known words in a cell."""
    written = " ".join(plain(text).split())
    return next((code for word, code in words.items() if word in written), None)


Key = tuple[date, int, str, str, str | None]


def _key(row: SheetRow) -> Key | None:
    """Return what two rows of one event have in common; people and audience may be corrected."""
    if row.errors or row.unit_id is None:
        return None
    values = row.values
    return values["day"], row.unit_id, values["kind"], values["note"], values["document_number"]


def _compare(rows: list[SheetRow], office: UnitRow, month: str) -> None:
    """Find the stored activity of each row; refuse repeated rows, and note similar activities."""
    days = Outreach.day.between(month_start(month), month_end(month))
    stored: dict[Key, Outreach] = {}
    similar: set[tuple[date, int, str]] = set()
    units = {row.unit_id for row in rows}
    for one in db.session.scalars(select(Outreach).where(days, Outreach.unit_id.in_(units))):
        similar.add((one.day, one.unit_id, one.kind))
        if one.office_id == office.id:
            stored[one.day, one.unit_id, one.kind, one.note, one.document_number] = one
    refuse_repeated(rows, _key, "kind", "outreach_row_twice")
    for row in rows:
        if key := _key(row):
            row.stored = stored.get(key)
            if row.stored is None and key[:3] in similar:
                row.note("kind", "outreach_row_similar")


def _store(sheet: SheetImport, office: UnitRow, last: date) -> None:
    owner: Owner = {"office_id": office.id, "team_id": None, "campaign_id": None}
    require_room(owner, last, sheet.totals["create"])
    for row in sheet.rows:
        if row.outcome not in ("create", "update"):
            continue
        found: Outreach | None = row.stored
        entry = found or Outreach(day=row.values["day"], unit_id=row.unit_id, **owner)
        set_fields(entry, cast(ActivityFields, row.values))
        if found is None:
            db.session.add(entry)
        else:
            entry.version += 1


def _describe(row: SheetRow) -> dict[str, Any]:
    described: DescribedActivity = {
        "day": row.values.get("day"),
        "unit": row.unit or None,
        "kind": row.values.get("kind"),
        "people": row.values.get("people"),
    }
    return dict(described)
