"""Organisations: who runs campaigns and has teams."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, text, tuple_

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.http import etags
from backend.http.paging import decode_cursor, row_id, sort_text, take_page
from backend.organisations.models import Organisation
from backend.organisations.scopes import organisation_scope
from backend.organisations.unit_names import serialize_units, unit_id
from backend.organisations.versions import (
    audit_values,
    changed_values,
    end_roles,
    remove_unused,
    require_not_ended,
    update_row,
)
from geo.gazetteer import plain, sort_key

ORDER = (Organisation.sort_key.collate("C"), Organisation.id)
BELOW = text("""
    with recursive below as (
        select unnest(cast(:ids as int[])) as id
        union
        select o.id from organisations o join below b on o.parent_id = b.id
    )
    select id from below
""")
# A province's youth union has some two hundred below it: all are there to be chosen from.
LISTED_MOST = 1_000
# Two that move below each other at once would make a loop: moves wait for one another.
MOVES = text("select pg_advisory_xact_lock(hashtext('organisations.parent_id'))")


def list_organisations(asked: Mapping[str, Any]) -> dict[str, Any]:
    """A page of organisations in Vietnamese order; everybody may read it."""
    query = select(Organisation).order_by(*ORDER).limit(asked["limit"] + 1)
    if asked["ended"] == "false":
        query = query.where(Organisation.ended_at.is_(None))
    if asked["type"]:
        query = query.where(Organisation.type == asked["type"])
    if asked["parent"] is not None:
        query = query.where(Organisation.parent_id == asked["parent"])
    if asked["q"]:
        key = plain(asked["q"])
        query = query.where(Organisation.search_key.contains(key, autoescape=True))
    if after := decode_cursor(asked["cursor"], sort_text, row_id):
        query = query.where(tuple_(*ORDER) > tuple_(*after))
    rows = db.session.scalars(query).all()
    page, next_cursor = take_page(rows, asked["limit"], lambda row: (row.sort_key, row.id))
    return {"items": _told(page), "next": next_cursor}


def organised_by(actor: Actor) -> list[tuple[int, str]]:
    """The organisations for which an actor organises, by name: an admin for all."""
    query = select(Organisation.id, Organisation.name).where(Organisation.ended_at.is_(None))
    if not any(grant.role == "admin" for grant in actor.grants):
        below = db.session.execute(BELOW, {"ids": sorted(actor.ids("organiser"))}).scalars()
        query = query.where(Organisation.id.in_(list(below)))
    rows = db.session.execute(query.order_by(*ORDER).limit(LISTED_MOST))
    return [(row.id, row.name) for row in rows]


def show_organisation(organisation_id: int) -> dict[str, Any]:
    """One organisation; 404 where there is none."""
    return _told([_organisation(organisation_id)])[0]


def create_organisation(actor: Actor, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Add an organisation: an admin anywhere, an organiser below their own."""
    parent = asked["parent_id"]
    if parent is None:
        require(actor, "organisation.create")
    else:
        _require_parent(actor, parent)
    values = _values(asked)
    row = Organisation(**values)
    db.session.add(row)
    db.session.flush()
    record_act(actor, "organisation.create", f"organisation:{row.id}", after=audit_values(values))
    db.session.refresh(row)
    told = _told([row])[0]
    db.session.commit()
    return told


def change_organisation(
    actor: Actor, organisation_id: int, expected: etags.Expected, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Change what is named of an organisation."""
    require(actor, "organisation.edit", organisation_scope(organisation_id))
    if "parent_id" in changes:
        db.session.execute(MOVES)
    row = _organisation(organisation_id)
    etags.must_match(expected, row.version)
    require_not_ended(row, "organisation_ended")
    changed = changed_values(row, _values(changes))
    if "parent_id" in changed:
        _check_move(actor, row, changed["parent_id"])
    if changed:
        before = {name: getattr(row, name) for name in changed}
        update_row(row, changed | _keys(changed))
        details = {"before": audit_values(before), "after": audit_values(changed)}
        record_act(actor, "organisation.change", f"organisation:{row.id}", **details)
    told = _told([row])[0]
    db.session.commit()
    return told


def end_organisation(
    actor: Actor, organisation_id: int, expected: etags.Expected, now: datetime
) -> dict[str, Any] | None:
    """Remove an organisation that nothing belongs to (None); else end it, and keep what was."""
    require(actor, "organisation.edit", organisation_scope(organisation_id))
    row = _organisation(organisation_id)
    etags.must_match(expected, row.version)
    subject, before = f"organisation:{row.id}", _fields(row)
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
    told = _told([row])[0]
    db.session.commit()
    return told


def lock_organisation(organisation_id: int) -> Organisation:
    """An organisation to which something is added, held so that it does not end meanwhile."""
    held = select(Organisation).where(Organisation.id == organisation_id)
    row: Organisation | None = db.session.scalar(held.with_for_update(read=True))
    if row is None:
        raise Problem(404, "not_found")
    require_not_ended(row, "organisation_ended")
    return row


def _organisation(organisation_id: int) -> Organisation:
    row = db.session.get(Organisation, organisation_id, populate_existing=True)
    if row is None:
        raise Problem(404, "not_found")
    return row


def _require_parent(actor: Actor, parent_id: int) -> None:
    """Whoever adds or moves something below an organisation must be its organiser, too."""
    try:
        scope = organisation_scope(parent_id)
    except Problem:
        raise invalid("parent_id", "no_such_organisation") from None
    require(actor, "organisation.edit", scope)
    lock_organisation(parent_id)


def _check_move(actor: Actor, row: Organisation, parent_id: int | None) -> None:
    """A move ends one organiser's say and begins another's: it takes the word of both."""
    if row.parent_id is not None:
        require(actor, "organisation.edit", organisation_scope(row.parent_id))
    if parent_id is None:
        require(actor, "organisation.create")
        return
    _require_parent(actor, parent_id)
    if row.id in organisation_scope(parent_id).organisations:
        raise invalid("parent_id", "parent_loop")


def _values(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a request names, as columns."""
    values = {name: asked[name] for name in ("name", "type", "parent_id") if name in asked}
    if "unit" in asked:
        values["unit_id"] = unit_id(asked["unit"], "unit")
    return values


def _keys(changed: Mapping[str, Any]) -> dict[str, str]:
    name = changed.get("name")
    return {"sort_key": sort_key(name), "search_key": plain(name)} if name is not None else {}


def _fields(row: Organisation) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("name", "type", "unit_id", "parent_id")}


def _told(rows: Sequence[Organisation]) -> list[dict[str, Any]]:
    units = serialize_units([row.unit_id for row in rows])
    names = ("id", "name", "type", "parent_id", "ended_at", "version")
    return [
        {name: getattr(row, name) for name in names} | {"unit": units.get(row.unit_id)}
        for row in rows
    ]
