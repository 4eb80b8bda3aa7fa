"""Import of the hamlets of a province from a table, with a dry run; idempotent.

A hamlet is found by the office's code, else by commune and name: a new list renames it, or moves it
to another commune, by its code. What a list leaves empty stays as it is.
"""

from datetime import datetime
from functools import partial
from typing import Any, TypedDict, cast

from marshmallow import ValidationError
from sqlalchemy import select

from backend.accounts.access import Actor
from backend.accounts.audit import record_act
from backend.clock import local_day
from backend.database.extensions import db, unless_violated
from backend.errors import Problem, field_errors
from backend.i18n.catalogues import Language
from backend.places.hamlets import EDIT, authorized_province, locate, require_room
from backend.places.models import Hamlet
from backend.places.schemas import HamletSchema
from backend.tables.sheet_import import (
    RemarkAnswer,
    SheetRow,
    read_sheet,
    refuse_repeated,
)
from backend.tables.table import Kind
from backend.units.finder import UnitFinder, set_unit
from backend.units.index import unit_index
from backend.units.models import Unit
from backend.units.search import choose_units, spelling
from geo.gazetteer import plain

TABLE = Kind({
    "code": ("ma thon", "ma thon ban", "ma thon, ban", "ma ban", "hamlet code"),
    "name": ("thon", "ban", "thon ban", "thon, ban", "thon/ban", "ten thon", "ten thon ban",
             "ten thon, ban", "ten ban", "thon, ban, to dan pho", "to dan pho", "hamlet", "name"),
    "unit_code": ("ma xa", "ma don vi", "ma xa phuong", "unit code"),
    "unit": ("xa", "phuong", "xa phuong", "xa, phuong", "xa/phuong", "ten xa", "don vi", "unit",
             "commune"),
    "latitude": ("vi do", "lat", "latitude"),
    "longitude": ("kinh do", "lon", "lng", "longitude"),
    "households": ("so ho", "ho", "so ho dan", "households"),
    "power": ("dien luoi", "co dien", "dien", "dien luoi quoc gia", "power"),
}, "name", "no_hamlet_header")  # fmt: skip
HEADS = ("Mã thôn", "Thôn", "Mã xã", "Xã", "Vĩ độ", "Kinh độ", "Số hộ", "Điện lưới")
COLUMNS = dict(zip(TABLE.columns, HEADS, strict=True))
OF_COMMUNE = {"place_unknown": "unit_unknown", "place_code_unknown": "unit_unknown"}
YES = frozenset({"co", "x", "1", "yes", "roi", "da co"})
NO = frozenset({"khong", "chua", "0", "no", "chua co"})


class ImportedHamlet(TypedDict):
    """A row of the list, and what happens to it."""

    line: int
    outcome: str  # create, update, unchanged, error
    name: str
    unit: str | None  # label of the commune
    errors: list[RemarkAnswer]
    notes: list[RemarkAnswer]


class HamletImport(TypedDict):
    """The effect of an import."""

    dry_run: bool
    totals: dict[str, int]  # rows, and those of each outcome
    rows: list[ImportedHamlet]


def import_hamlets(
    actor: Actor, code: str, raw: bytes, *, dry_run: bool, now: datetime, language: Language
) -> HamletImport:
    """Import the hamlets of a province; rows with errors are left out and reported."""
    province = authorized_province(actor, EDIT, code, now)
    if not dry_run:  # two imports of one list are one after the other
        locked = select(Unit.id).where(Unit.id == province.id).with_for_update(key_share=True)
        db.session.execute(locked)
    sheet = read_sheet(raw, TABLE)
    today = local_day(now)
    inside = [one for one in unit_index().on(today, "commune") if province.id in one.lies_in]
    finder = UnitFinder(inside, partial(choose_units, day=today, within=province.id), province.id)
    for row in sheet.rows:
        if not row.errors:
            _read(row, finder)
    _compare(sheet.rows, province.id)
    _note_positions(sheet.rows, now)
    answer = cast(HamletImport, sheet.answer(language, _describe, dry_run=dry_run))
    if not dry_run:
        require_room(province.id, sheet.totals["create"])
        _store(sheet.rows, province.id, now)
        totals = answer["totals"]
        record_act(actor, "hamlets.import", f"unit:{province.id}", totals=totals)
        with unless_violated("hamlets", Problem(409, "hamlet_known")):
            db.session.commit()
    return answer


def _read(row: SheetRow, finder: UnitFinder) -> None:
    """Read a row: find its commune, and check its fields as the form does."""
    cells = row.cells
    row.name = cells["name"]
    set_unit(row, "unit", finder.find_named(cells["unit_code"], cells["unit"]), OF_COMMUNE)
    given: dict[str, Any] = {"name": cells["name"], "unit": cells["unit_code"][:10]}
    for name in ("latitude", "longitude"):
        if cells[name]:
            given[name] = _number(row, name)
    if cells["households"]:
        given["households"] = _number(row, "households", whole=True)
    if cells["power"]:
        given["power"] = _yes_or_no(row)
    if cells["code"]:
        given["code"] = cells["code"]
    if row.errors:
        return
    try:
        read = HamletSchema().load(given)
    except ValidationError as error:
        for one in field_errors(error.messages):
            row.refuse(one.field, one.code)
        return
    row.values = {name: read[name] for name in given if name != "unit"}
    row.values["unit_id"] = row.unit_id


def _number(row: SheetRow, name: str, *, whole: bool = False) -> float | None:
    """Return the number of a cell; a comma is a decimal comma."""
    cell = row.cells[name].replace(" ", "")
    try:
        return int(cell.replace(".", "")) if whole else float(cell.replace(",", "."))
    except ValueError:
        row.refuse(name, "not_whole" if whole else "not_number")
        return None


def _yes_or_no(row: SheetRow) -> bool | None:
    word = " ".join(plain(row.cells["power"]).split())
    if word not in YES | NO:
        row.refuse("power", "power_unknown")
        return None
    return word in YES


def _compare(rows: list[SheetRow], province_id: int) -> None:
    """Find the stored hamlet of each row; refuse repeated rows, and names that another one has."""
    refuse_repeated(rows, _key, "name", "hamlet_row_twice")
    refuse_repeated(rows, lambda row: row.values.get("code"), "code", "hamlet_code_twice")
    by_code: dict[str, Hamlet] = {}
    by_name: dict[tuple[int, str], Hamlet] = {}
    of_province = select(Hamlet).where(Hamlet.province_id == province_id)
    for one in db.session.scalars(of_province.order_by(Hamlet.id.desc())):
        by_name[one.unit_id, spelling(one.name)] = one
        if one.code is not None:
            by_code[one.code] = one
    for row in rows:
        if (key := _key(row)) is None:
            continue
        namesake, code = by_name.get(key), row.values.get("code")
        row.stored = by_code.get(code) if code else None
        if row.stored is None and (namesake is None or not (code and namesake.code)):
            row.stored = namesake
        elif namesake is not None and namesake is not row.stored:
            row.refuse("name", "hamlet_known")


def _key(row: SheetRow) -> tuple[int, str] | None:
    """Return the commune and the name of a row, however it is written."""
    if row.errors or row.unit_id is None:
        return None
    return row.unit_id, spelling(row.values["name"])


def _note_positions(rows: list[SheetRow], now: datetime) -> None:
    """Note positions in another commune: a finding for the office, which knows its hamlets."""
    placed = [row for row in rows if not row.errors and "latitude" in row.values]
    found = locate([(row.values["latitude"], row.values["longitude"]) for row in placed], now)
    for row, (unit, name) in zip(placed, found, strict=True):
        if unit is None:
            row.note("latitude", "hamlet_nowhere")
        elif unit != row.unit_id:
            row.note("latitude", "hamlet_elsewhere", name or "")


def _store(rows: list[SheetRow], province_id: int, now: datetime) -> None:
    for row in rows:
        if row.outcome == "create":
            db.session.add(Hamlet(province_id=province_id, changed_at=now, **row.values))
        elif row.outcome == "update":
            hamlet: Hamlet = row.stored
            for name, value in row.values.items():
                setattr(hamlet, name, value)
            hamlet.version, hamlet.changed_at = hamlet.version + 1, now


def _describe(row: SheetRow) -> dict[str, str | None]:
    return {"name": row.name, "unit": row.unit or None}
