"""Import of contacts from a table of an area's units, with a dry run; idempotent."""

from collections import Counter
from datetime import datetime
from functools import partial
from typing import Any, cast

from marshmallow import ValidationError
from sqlalchemy import select

from backend.accounts.access import Actor
from backend.accounts.audit import record_act
from backend.accounts.login_names import format_phone
from backend.clock import local_day
from backend.contacts.models import UnitContact
from backend.contacts.schemas import ContactSchema
from backend.contacts.service import (
    FIELDS,
    MAX_CONTACTS,
    UNIQUE_NAME,
    ContactFields,
    authorized_area,
    list_contacts,
    set_values,
)
from backend.database.extensions import db, unless_violated
from backend.errors import Problem, field_errors
from backend.i18n.catalogues import Language
from backend.tables.sheet_import import SheetRow, read_sheet, refuse_repeated
from backend.tables.spreadsheets import csv_file
from backend.tables.table import Kind
from backend.units.finder import UnitFinder, set_unit
from backend.units.index import unit_index
from backend.units.search import choose_units

TABLE = Kind({
    "code": ("ma", "ma xa", "ma don vi", "ma xa phuong", "code", "unit code"),
    "unit": ("don vi", "xa", "phuong", "xa phuong", "ten xa", "ten don vi", "xa/phuong", "dia ban",
             "unit", "commune"),
    "name": ("ho ten", "ho va ten", "nguoi lien he", "dau moi", "can bo dau moi", "ten can bo",
             "name", "contact", "full name"),
    "office": ("chuc vu", "chuc danh", "don vi cong tac", "phong", "office", "position", "title"),
    "phone": ("dien thoai", "so dien thoai", "sdt", "di dong", "so di dong", "phone", "telephone"),
    "email": ("email", "e-mail", "thu dien tu", "dia chi email", "hop thu"),
}, "name", "no_contact_header")  # fmt: skip
HEADS = ("Mã", "Đơn vị", "Họ tên", "Chức vụ", "Điện thoại", "E-mail")
ZEROLESS = 9  # digits of a mobile number whose zero a spreadsheet dropped


def import_contacts(
    actor: Actor, code: str, raw: bytes, *, dry_run: bool, now: datetime, language: Language
) -> dict[str, Any]:
    """Import the contacts of an area's units; rows with errors are left out and reported."""
    area = authorized_area(actor, code, now)
    sheet = read_sheet(raw, TABLE)
    inside = [one for one in unit_index().on(local_day(now)) if area.id in one.lies_in]
    choose = partial(choose_units, day=local_day(now), within=area.id)
    finder = UnitFinder(inside, choose, area.id)
    for row in sheet.rows:
        if not row.errors:
            _read(row, finder)
    _compare(sheet.rows, lock=not dry_run)
    answer = sheet.answer(language, _describe, dry_run=dry_run)
    if not dry_run:
        for row in sheet.rows:  # the same values confirm the contact
            if row.outcome == "create":
                db.session.add(UnitContact(unit_id=row.unit_id, changed_at=now, **row.values))
            elif row.outcome != "error":
                set_values(row.stored, cast(ContactFields, row.values), now)
        record_act(actor, "contacts.import", f"unit:{area.id}", totals=answer["totals"])
        with unless_violated(UNIQUE_NAME, Problem(409, "contacts_overtaken")):
            db.session.commit()
    return answer


def export_contacts(actor: Actor, code: str, now: datetime) -> bytes:
    """Return the contacts of an area as CSV, with a row for each unit that has none."""
    rows: list[tuple[str, ...]] = [HEADS]
    for of_unit in list_contacts(actor, code, now):
        named = (of_unit["unit"].code, of_unit["unit"].name)
        people: list[tuple[str | None, ...]] = [
            (contact["name"], contact["office"], contact["phone_text"], contact["email"])
            for contact in of_unit["contacts"]
        ]
        for cells in people or [(None,) * 4]:
            rows.append((*named, *(cell or "" for cell in cells)))
    return csv_file(rows)


def _read(row: SheetRow, finder: UnitFinder) -> None:
    """Read a row: find its unit, and check its fields as the form does."""
    cells = row.cells
    row.name = cells["name"] or cells["unit"]
    set_unit(row, "unit", finder.find_named(cells["code"], cells["unit"]))
    fields = {name: cells[name] or None for name in FIELDS}
    phone = cells["phone"]
    if phone.isdecimal() and len(phone) == ZEROLESS:
        fields["phone"] = f"0{phone}"
    try:
        row.values = ContactSchema().load(fields)
    except ValidationError as error:
        for one in field_errors(error.messages):
            row.refuse(one.field, one.code)


def _compare(rows: list[SheetRow], *, lock: bool) -> None:
    """Find the stored contact of each row; refuse repeated rows and too many of a unit."""

    def key(row: SheetRow) -> tuple[int | None, str] | None:
        return None if row.errors else (row.unit_id, row.values["name"])

    units = {row.unit_id for row in rows}
    query = select(UnitContact).where(UnitContact.unit_id.in_(units)).order_by(UnitContact.id)
    if lock:
        query = query.with_for_update()
    stored: dict[tuple[int | None, str], UnitContact] = {
        (one.unit_id, one.name): one for one in db.session.scalars(query)
    }
    refuse_repeated(rows, key, "name", "contact_row_twice")
    numbers = Counter(unit for unit, _ in stored)
    for row in rows:
        if found := key(row):
            row.stored = stored.get(found)
            numbers[row.unit_id] += row.stored is None
            if row.stored is None and numbers[row.unit_id] > MAX_CONTACTS:
                row.refuse("name", "too_many_contacts")


def _describe(row: SheetRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "unit": row.unit or None,
        "phone": format_phone(row.values.get("phone")),
        "email": row.values.get("email"),
    }
