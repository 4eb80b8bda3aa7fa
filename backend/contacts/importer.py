"""Import of contacts from a table of an area's units, with a dry run; idempotent."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from marshmallow import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from backend.accounts.access import Actor
from backend.accounts.audit import record_act
from backend.accounts.login_names import format_phone
from backend.clock import local_day
from backend.contacts.models import UnitContact
from backend.contacts.schemas import ContactSchema
from backend.contacts.service import (
    CONTACTS_MOST,
    FIELDS,
    authorized_area,
    list_contacts,
    raise_unless_twice,
)
from backend.database.extensions import db
from backend.errors import Problem, field_errors
from backend.i18n.catalogues import Language
from backend.tables.reader import read_table
from backend.tables.spreadsheets import csv_file
from backend.tables.table import Header, Kind, Line
from backend.team_import.rows import Remark, count_outcomes
from backend.team_import.service import serialize_remarks
from backend.team_import.unit_finder import UnitFinder
from backend.units.index import NamedUnit, unit_index
from backend.units.search import is_called

COLUMNS: dict[str, tuple[str, ...]] = {
    "code": ("ma", "ma xa", "ma don vi", "ma xa phuong", "code", "unit code"),
    "unit": ("don vi", "xa", "phuong", "xa phuong", "ten xa", "ten don vi", "xa/phuong", "dia ban",
             "unit", "commune"),
    "name": ("ho ten", "ho va ten", "nguoi lien he", "dau moi", "can bo dau moi", "ten can bo",
             "name", "contact", "full name"),
    "office": ("chuc vu", "chuc danh", "don vi cong tac", "phong", "office", "position", "title"),
    "phone": ("dien thoai", "so dien thoai", "sdt", "di dong", "so di dong", "phone", "telephone"),
    "email": ("email", "e-mail", "thu dien tu", "dia chi email", "hop thu"),
}  # fmt: skip
TABLE = Kind(COLUMNS, "name", "no_contact_header")
HEADS = ("Mã", "Đơn vị", "Họ tên", "Chức vụ", "Điện thoại", "E-mail")
ZEROLESS = 9  # digits of a mobile number whose zero a spreadsheet dropped


@dataclass(slots=True)
class ImportRow:
    """A row of the table, its unit, and what the import does with it."""

    line: int
    name: str
    unit: NamedUnit | None = None
    values: dict[str, Any] = field(default_factory=dict)
    before: UnitContact | None = None
    errors: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        if self.errors or self.unit is None:
            return "error"
        if self.before is None:
            return "create"
        same = all(getattr(self.before, name) == self.values[name] for name in FIELDS)
        return "unchanged" if same else "update"


def import_contacts(
    actor: Actor, code: str, raw: bytes, *, dry_run: bool, now: datetime, language: Language
) -> dict[str, Any]:
    """Import the contacts of an area's units; rows with errors are left out and reported."""
    area = authorized_area(actor, code, now)
    table = read_table(raw, TABLE)
    inside = [one for one in unit_index().on(local_day(now)) if area.id in one.lies_in]
    finder = UnitFinder(inside, area.id)
    rows = [_read(line, table.header, finder) for line in table.rows if not line.blank]
    _compare(rows, lock=not dry_run)
    totals = count_outcomes(row.outcome for row in rows)
    if not dry_run:
        _write(rows, now)
        record_act(actor, "contacts.import", f"unit:{area.id}", totals=totals)
        try:
            db.session.commit()
        except IntegrityError as error:
            raise_unless_twice(error)
            raise Problem(409, "contacts_overtaken") from None
    return {
        "dry_run": dry_run,
        "totals": totals,
        "rows": [_serialize(row, language) for row in rows],
    }


def export_contacts(actor: Actor, code: str, now: datetime) -> bytes:
    """Return the contacts of an area as CSV, with a row for each unit that has none."""
    rows: list[tuple[str, ...]] = [HEADS]
    for one in list_contacts(actor, code, now):
        named = (one.unit.code, one.unit.name)
        for person in one.contacts or [dict.fromkeys((*FIELDS, "phone_text"))]:
            cells = (person["name"], person["office"], person["phone_text"], person["email"])
            rows.append((*named, *(cell or "" for cell in cells)))
    return csv_file(rows)


def _read(line: Line, header: Header, finder: UnitFinder) -> ImportRow:
    """Read a row: find its unit, and check its fields as the form does."""
    texts = {name: header.cell(line, name) for name in COLUMNS}
    row = ImportRow(line.number, texts["name"] or texts["unit"])
    if line.malformed:
        row.errors.append(Remark("file", line.malformed))
        return row
    found = finder.find(texts["code"] or texts["unit"])
    if found.unit is None:
        row.errors.append(Remark("unit", found.error or "place_unknown", found.candidates))
    elif texts["code"] and texts["unit"] and not is_called(found.unit, texts["unit"]):
        row.errors.append(Remark("unit", "unit_code_and_name", (found.unit.label, texts["unit"])))
    else:
        row.unit = found.unit
        if found.note:
            row.notes.append(Remark("unit", found.note, (found.unit.label,)))
    fields = {name: texts[name] or None for name in FIELDS}
    fields["phone"] = _with_zero(fields["phone"])
    try:
        row.values = ContactSchema().load(fields)
    except ValidationError as error:
        row.errors += [Remark(one.field, one.code) for one in field_errors(error.messages)]
    return row


def _with_zero(phone: str | None) -> str | None:
    """Return a telephone number with the zero that a spreadsheet dropped."""
    return f"0{phone}" if phone and phone.isdecimal() and len(phone) == ZEROLESS else phone


def _compare(rows: list[ImportRow], *, lock: bool) -> None:
    """Find the stored contact of each row; refuse repeated rows and too many of a unit."""
    units = {row.unit.id for row in rows if row.unit}
    query = select(UnitContact).where(UnitContact.unit_id.in_(units)).order_by(UnitContact.id)
    if lock:
        query = query.with_for_update()
    stored = {(one.unit_id, one.name): one for one in db.session.scalars(query)}
    numbers = Counter(unit for unit, _ in stored)
    lines: dict[tuple[int, str], int] = {}
    for row in rows:
        if row.outcome == "error" or row.unit is None:
            continue
        key = row.unit.id, row.values["name"]
        row.before = stored.get(key)
        first = lines.setdefault(key, row.line)
        if first != row.line:
            row.errors.append(Remark("name", "contact_row_twice", (str(first),)))
        elif row.before is None:
            numbers[row.unit.id] += 1
            if numbers[row.unit.id] > CONTACTS_MOST:
                row.errors.append(Remark("name", "too_many_contacts"))


def _write(rows: list[ImportRow], now: datetime) -> None:
    for row in rows:
        if row.outcome == "create" and row.unit is not None:
            db.session.add(UnitContact(unit_id=row.unit.id, changed_at=now, **row.values))
        elif row.outcome in ("update", "unchanged") and row.before is not None:
            _update(row.before, row.values, now)


def _update(contact: UnitContact, values: Mapping[str, Any], now: datetime) -> None:
    """Write the values of a row; the same ones confirm the contact."""
    for name in FIELDS:
        setattr(contact, name, values[name])
    contact.changed_at, contact.version = now, contact.version + 1


def _serialize(row: ImportRow, language: Language) -> dict[str, Any]:
    phone = row.values.get("phone")
    return {
        "line": row.line,
        "outcome": row.outcome,
        "name": row.name,
        "unit": row.unit.label if row.unit else None,
        "phone": format_phone(phone) if phone else None,
        "email": row.values.get("email"),
        "errors": serialize_remarks(row.errors, language),
        "notes": serialize_remarks(row.notes, language),
    }
