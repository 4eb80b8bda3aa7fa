"""Contacts of units: listed, changed and removed by the officials of the unit.

The audit log names the changed fields and no person.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TypedDict

from sqlalchemy import delete, func, or_, select

from backend.accounts.access import Actor, can, require
from backend.accounts.audit import record_act, record_read
from backend.accounts.login_names import format_phone
from backend.accounts.models import Role, User
from backend.accounts.users import in_force
from backend.clock import local_day
from backend.contacts.models import UnitContact
from backend.database.extensions import change_rows, db, fetch_autocommit, unless_violated
from backend.errors import Problem, invalid
from backend.http.etags import stale
from backend.organisations.scopes import unit_scope
from backend.units.models import Unit
from backend.units.service import UnitRow, find, units_on

ACT = "unit.contacts"
# Of one unit: leader, deputy and the official in charge are three.
MAX_CONTACTS = 10
# Without a change for as long, a contact has probably left the office.
KEPT = timedelta(days=730)
UNIQUE_NAME = "uq_unit_contacts"
FIELDS = ("name", "office", "phone", "email")


# Officials of communes with an account are contacts, as long as they have the role.
ADD_OFFICIALS = """
    insert into unit_contacts (unit_id, name, phone, email, changed_at)
    select r.scope_id, coalesce(u.display_name, u.name),
        case when u.name not like '%@%' then u.name end,
        case when u.name like '%@%' then u.name end, %(now)s::timestamptz
    from roles r join users u on u.id = r.user_id
        join units n on n.id = r.scope_id and n.level = 'commune'
    where r.role = 'official' and r.scope_kind = 'unit' and r.delegated_by is null
        and r.valid_from <= %(now)s and (r.valid_to is null or r.valid_to > %(now)s)
        and u.closed_at is null and r.scope_id = any(%(units)s::int[])
        and not exists (select from unit_contacts c
            where c.unit_id = r.scope_id and u.name in (c.phone, c.email))
    on conflict do nothing returning id
"""


class ContactFields(TypedDict):
    """What people say of a contact, as `ContactSchema` reads it."""

    name: str
    office: str | None
    phone: str | None  # telephone number or address, or both
    email: str | None


class ContactForm(ContactFields):
    """A contact to add, or to change by its id, as `ContactFormSchema` reads it."""

    unit: str  # code
    id: int | None  # null: a new one
    version: int | None  # that the person has seen


class Contact(ContactFields):
    """A contact of a unit."""

    id: int
    version: int
    changed_at: datetime  # or confirmed
    phone_text: str | None  # the number as people write it


class UnitContacts(TypedDict):
    """A unit with its contacts."""

    unit: UnitRow
    contacts: list[Contact]


def list_contacts(actor: Actor, code: str, now: datetime) -> list[UnitContacts]:
    """Return an area and the communes in it with their contacts; 404 outside the own area."""
    unit = authorized_area(actor, code, now)
    record_read(actor, "contacts", f"unit:{unit.id}")
    units = _units_of(unit, now)
    contacts = contacts_of([unit.id for unit in units], now)
    return [{"unit": unit, "contacts": contacts.get(unit.id, [])} for unit in units]


def _units_of(area: UnitRow, now: datetime) -> list[UnitRow]:
    """Return an area and the communes in it."""
    inside = units_on(local_day(now), "commune", area.code) if area.level != "commune" else []
    return [area, *inside]


def area_contacts(
    actor: Actor, area: UnitRow, codes: Collection[str], now: datetime
) -> dict[str, list[Contact]]:
    """Return the contacts of communes of an area by code; none where the actor keeps none there."""
    if not can(actor, ACT, unit_scope(area.id)):
        return {}
    record_read(actor, "contacts", f"unit:{area.id}")
    rows = db.session.execute(
        select(Unit.id, Unit.code).where(
            Unit.code.in_(codes), Unit.system == area.system, Unit.level == "commune"
        )
    ).all()
    contacts = contacts_of([row.id for row in rows], now)
    return {row.code: contacts[row.id] for row in rows if row.id in contacts}


def contacts_of(units: Collection[int], now: datetime) -> dict[int, list[Contact]]:
    """Return the contacts of units by unit, with their officials; the caller checks the access."""
    fetch_autocommit(ADD_OFFICIALS, {"units": list(units), "now": now})
    query = select(UnitContact).where(UnitContact.unit_id.in_(units)).order_by(UnitContact.id)
    contacts: dict[int, list[Contact]] = {}
    for row in db.session.scalars(query):
        contacts.setdefault(row.unit_id, []).append({
            "id": row.id,
            "version": row.version,
            "changed_at": row.changed_at,
            "name": row.name,
            "office": row.office,
            "phone": row.phone,
            "email": row.email,
            "phone_text": format_phone(row.phone),
        })  # fmt: skip
    return contacts


def save_contact(actor: Actor, code: str, data: ContactForm, now: datetime) -> int:
    """Add a contact to a unit of an area, or change it if its version is the expected one.

    Return its id.
    """
    area = authorized_area(actor, code, now)
    unit = next((one for one in _units_of(area, now) if one.code == data["unit"]), None)
    if unit is None:
        raise invalid("unit", "unit_outside")
    values: ContactFields = {
        "name": data["name"],
        "office": data["office"],
        "phone": data["phone"],
        "email": data["email"],
    }
    with unless_violated(UNIQUE_NAME, invalid("name", "contact_twice")):
        if data["id"] is None:
            contact_id = _add(actor, unit, values, now)
        else:
            contact_id = _change(actor, unit, data, values, now)
        db.session.commit()
    return contact_id


def _add(actor: Actor, unit: UnitRow, values: ContactFields, now: datetime) -> int:
    count = select(func.count()).where(UnitContact.unit_id == unit.id)
    if (db.session.scalar(count) or 0) >= MAX_CONTACTS:
        raise invalid("name", "too_many_contacts")
    row = UnitContact(unit_id=unit.id, changed_at=now, **values)
    db.session.add(row)
    db.session.flush()
    record_act(actor, "contact.add", f"unit:{unit.id}", contact=row.id)
    return row.id


def _change(
    actor: Actor, unit: UnitRow, data: ContactForm, values: ContactFields, now: datetime
) -> int:
    row = db.session.get(UnitContact, data["id"], with_for_update=True, populate_existing=True)
    if row is None or row.unit_id != unit.id:
        raise Problem(404, "not_found")
    if row.version != data["version"]:
        raise stale()
    changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
    set_values(row, values, now)
    db.session.flush()
    record_act(actor, "contact.change", f"unit:{unit.id}", contact=row.id, changed=changed)
    return row.id


def set_values(row: UnitContact, values: ContactFields, now: datetime) -> None:
    """Change a contact; the same values confirm it."""
    row.name, row.office = values["name"], values["office"]
    row.phone, row.email = values["phone"], values["email"]
    row.changed_at, row.version = now, row.version + 1


def remove_contact(actor: Actor, code: str, contact_id: int, now: datetime) -> None:
    """Remove a contact of a unit of an area."""
    area = authorized_area(actor, code, now)
    row = db.session.get(UnitContact, contact_id)
    if row is None or area.id not in unit_scope(row.unit_id).units:
        raise Problem(404, "not_found")
    official = (
        select(Role.id)
        .join(User, User.id == Role.user_id)
        .where(Role.role == "official", Role.scope_kind == "unit", Role.scope_id == row.unit_id)
        .where(in_force(now), Role.delegated_by.is_(None), User.name.in_((row.phone, row.email)))
    )
    if db.session.scalar(select(official.exists())):
        raise Problem(409, "contact_official")
    db.session.delete(row)
    record_act(actor, "contact.remove", f"unit:{row.unit_id}", contact=contact_id)
    db.session.commit()


def delete_expired(now: datetime) -> int:
    """Delete contacts of ended units, and those that nobody confirmed; the caller commits."""
    ended = select(Unit.id).where(Unit.valid_to < local_day(now))
    old = or_(UnitContact.changed_at < now - KEPT, UnitContact.unit_id.in_(ended))
    return change_rows(delete(UnitContact).where(old))


def authorized_area(actor: Actor, code: str, now: datetime) -> UnitRow:
    """Return a unit of today whose contacts the actor keeps; the same 404 if it is unknown."""
    try:
        unit = find(local_day(now), code)
    except Problem as problem:
        raise Problem(404, "not_found") if problem.status == 404 else problem from None
    require(actor, ACT, unit_scope(unit.id), hidden=True)
    return unit
