"""Organisations, which run campaigns and have teams."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NotRequired, TypedDict

from sqlalchemy import select, text

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.database.extensions import db
from backend.database.locks import MOVES_LOCK, hold
from backend.errors import invalid, or_404
from backend.http import etags
from backend.http.paging import PageQuery
from backend.organisations.models import Organisation
from backend.organisations.references import UnitBrief, UnitReference, serialize_units, unit_id
from backend.organisations.scopes import organisation_scope, requested_organisation_scope
from backend.organisations.versions import (
    audit_values,
    change_row,
    changed_values,
    end_roles,
    get_row,
    name_order,
    page_by_name,
    remove_unused,
    require_not_ended,
    update_row,
)
from geo.gazetteer import plain, sort_key

BELOW = text("""
    with recursive below as (
        select unnest(cast(:ids as int[])) as id
        union
        select o.id from organisations o join below b on o.parent_id = b.id
    )
    select id from below
""")
# A province's youth union has some two hundred below it: a choice lists all of them.
MAX_CHOICE = 1_000


class OrganisationDetails(TypedDict):
    """An organisation."""

    id: int
    name: str
    type: str
    unit: UnitBrief | None  # its home; null: none
    parent_id: int | None  # the one that it belongs to
    telephone: str | None  # as +84…
    ended_at: datetime | None  # null: it lasts
    version: int


class OrganisationPage(TypedDict):
    """Organisations in Vietnamese order."""

    items: list[OrganisationDetails]
    next: str | None  # the cursor of the next page; null: this is the last one


class OrganisationsQuery(PageQuery):
    """Filters of organisations; null: all."""

    type: str | None
    parent: int | None
    q: str | None  # a part of the name
    ended: str  # `false` leaves out ended ones


class OrganisationChanges(TypedDict, total=False):
    """Changes of an organisation; a missing field stays as it is."""

    name: str
    type: str
    unit: UnitReference | None  # its home
    parent_id: int | None
    telephone: str | None  # as +84…


class NewOrganisation(TypedDict):
    """An organisation to add."""

    name: str
    type: str
    unit: UnitReference | None  # its home
    parent_id: int | None
    telephone: NotRequired[str | None]  # as +84…


def list_organisations(query: OrganisationsQuery) -> OrganisationPage:
    """Return a page of organisations in Vietnamese order; public."""
    rows = select(Organisation)
    if query["ended"] == "false":
        rows = rows.where(Organisation.ended_at.is_(None))
    if query["type"]:
        rows = rows.where(Organisation.type == query["type"])
    if query["parent"] is not None:
        rows = rows.where(Organisation.parent_id == query["parent"])
    if query["q"]:
        key = plain(query["q"])
        rows = rows.where(Organisation.search_key.contains(key, autoescape=True))
    page, next_cursor = page_by_name(Organisation, rows, query)
    return {"items": _serialize(page), "next": next_cursor}


def organisations_of(actor: Actor) -> list[tuple[int, str]]:
    """Return the organisations for which an actor organises, by name; an admin for all."""
    query = select(Organisation.id, Organisation.name).where(Organisation.ended_at.is_(None))
    if not any(grant.role == "admin" for grant in actor.grants):
        query = query.where(Organisation.id.in_(with_those_below(actor.ids("organiser"))))
    rows = db.session.execute(query.order_by(*name_order(Organisation)).limit(MAX_CHOICE))
    return [(row.id, row.name) for row in rows]


def with_those_below(ids: Iterable[int | None]) -> Sequence[int]:
    """Return organisations with all below them: their teams take part in their campaigns."""
    return db.session.execute(BELOW, {"ids": list(ids)}).scalars().all()


def show_organisation(organisation_id: int) -> OrganisationDetails:
    """Return one organisation; 404 where there is none."""
    return _serialize([get_row(Organisation, organisation_id)])[0]


def _serialize(rows: Sequence[Organisation]) -> list[OrganisationDetails]:
    units = serialize_units([row.unit_id for row in rows])
    return [
        {
            "id": row.id,
            "name": row.name,
            "type": row.type,
            "parent_id": row.parent_id,
            "telephone": row.telephone,
            "ended_at": row.ended_at,
            "version": row.version,
            "unit": units.get(row.unit_id),
        }
        for row in rows
    ]


def home_unit(organisation_id: int) -> int | None:
    """Return the home unit of an organisation, or None."""
    return get_row(Organisation, organisation_id).unit_id


def set_telephone(actor: Actor, organisation_id: int, telephone: str | None) -> None:
    """Change the telephone number of an organisation, which posters show; None keeps none."""
    row = get_row(Organisation, organisation_id)
    if row.telephone != telephone:
        change: OrganisationChanges = {"telephone": telephone}
        change_organisation(actor, organisation_id, frozenset({str(row.version)}), change)
    db.session.commit()


def create_organisation(actor: Actor, data: NewOrganisation) -> OrganisationDetails:
    """Add an organisation: an admin anywhere, an organiser below their own."""
    parent = data["parent_id"]
    if parent is None:
        require(actor, "organisation.create")
    else:
        _require_parent(actor, parent)
    values = _values(data)
    row = Organisation(**values)
    db.session.add(row)
    db.session.flush()
    record_act(actor, "organisation.create", f"organisation:{row.id}", after=audit_values(values))
    db.session.refresh(row)
    [answer] = _serialize([row])
    db.session.commit()
    return answer


def change_organisation(
    actor: Actor, organisation_id: int, expected: etags.Expected, changes: OrganisationChanges
) -> OrganisationDetails:
    """Change the given fields of an organisation."""
    require(actor, "organisation.edit", organisation_scope(organisation_id))
    if "parent_id" in changes:
        hold(MOVES_LOCK)
    row = get_row(Organisation, organisation_id)
    etags.must_match(expected, row.version)
    require_not_ended(row, "organisation_ended")
    changed = changed_values(row, _values(changes))
    if "parent_id" in changed:
        _check_move(actor, row, changed["parent_id"])
    if changed:
        keys = {}
        if name := changed.get("name"):
            keys = {"sort_key": sort_key(name), "search_key": plain(name)}
        change_row(actor, "organisation", row, changed, keys)
    [answer] = _serialize([row])
    db.session.commit()
    return answer


def end_organisation(
    actor: Actor, organisation_id: int, expected: etags.Expected, now: datetime
) -> OrganisationDetails | None:
    """Remove an organisation that nothing belongs to, and return None; else end it."""
    require(actor, "organisation.edit", organisation_scope(organisation_id))
    row = get_row(Organisation, organisation_id)
    etags.must_match(expected, row.version)
    subject = f"organisation:{row.id}"
    before = {name: getattr(row, name) for name in ("name", "type", "unit_id", "parent_id")}
    if remove_unused(row):
        end_roles("organisation", organisation_id, now)
        record_act(actor, "organisation.remove", subject, before=before)
        db.session.commit()
        return None
    if row.ended_at is None:
        update_row(row, {"ended_at": now})
        roles = end_roles("organisation", organisation_id, now)
        record_act(actor, "organisation.end", subject, before={"ended_at": None},
                after={"ended_at": now.isoformat()}, ended={"roles": roles})  # fmt: skip
    [answer] = _serialize([row])
    db.session.commit()
    return answer


def lock_organisation(organisation_id: int) -> Organisation:
    """Return an organisation to which a row is added, locked so that it does not end meanwhile."""
    query = select(Organisation).where(Organisation.id == organisation_id)
    row: Organisation = or_404(db.session.scalar(query.with_for_update(read=True)))
    require_not_ended(row, "organisation_ended")
    return row


def _require_parent(actor: Actor, parent_id: int) -> None:
    """Check that the actor may add or move an organisation below this one."""
    require(actor, "organisation.edit", requested_organisation_scope(parent_id, "parent_id"))
    lock_organisation(parent_id)


def _check_move(actor: Actor, row: Organisation, parent_id: int | None) -> None:
    """Check that the actor organises for both the old and the new parent."""
    if row.parent_id is not None:
        require(actor, "organisation.edit", organisation_scope(row.parent_id))
    if parent_id is None:
        require(actor, "organisation.create")
        return
    _require_parent(actor, parent_id)
    if row.id in organisation_scope(parent_id).organisations:
        raise invalid("parent_id", "parent_loop")


def _values(data: NewOrganisation | OrganisationChanges) -> dict[str, Any]:
    """Return the columns that a request sets."""
    values = {
        name: data.get(name) for name in ("name", "type", "parent_id", "telephone") if name in data
    }
    if "unit" in data:
        values["unit_id"] = unit_id(data["unit"], "unit")
    return values
