"""Targets: everybody reads them, admins set them, each with a source and for a span of days.

Frozen reports hold copies: no change here reaches them.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import or_, select, text
from sqlalchemy.exc import IntegrityError

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.coverage.targets.models import Target
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.http import etags
from backend.http.paging import decode_cursor, row_id, take_page
from backend.organisations.unit_names import serialize_units, unit_id
from backend.organisations.versions import audit_values, changed_values, update_row

FIELDS = ("level", "network", "purpose", "threshold", "basis", "valid_from", "valid_to", "source")
# Which of a commune's samples are needed depends on its target: computed again where that changes.
MARK_NEEDED = text("""
    insert into needed_stale (month, unit_id, network)
    select distinct month, unit_id, network from counts
    where unit_id = :unit and network = :network and day is null
""")


def list_targets(asked: Mapping[str, Any]) -> dict[str, Any]:
    """A page of targets, of one day where told; everybody may read them."""
    query = select(Target).order_by(Target.id).limit(asked["limit"] + 1)
    for name in ("level", "network", "purpose"):
        if asked[name]:
            query = query.where(getattr(Target, name) == asked[name])
    if day := asked["as_of"]:
        lasting = or_(Target.valid_to.is_(None), Target.valid_to >= day)
        query = query.where(Target.valid_from <= day, lasting)
    if after := decode_cursor(asked["cursor"], row_id):
        query = query.where(Target.id > after[0])
    rows = db.session.scalars(query).all()
    page, next_cursor = take_page(rows, asked["limit"], lambda row: (row.id,))
    return {"items": _told(page), "next": next_cursor}


def show_target(target_id: int) -> dict[str, Any]:
    """One target; 404 where there is none."""
    row = db.session.get(Target, target_id)
    if row is None:
        raise Problem(404, "not_found")
    return _told([row])[0]


def set_target(actor: Actor, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Set a target, for all units of a level or for one; 409 where there is one on those days."""
    require(actor, "target.edit")
    own = unit_id(asked["unit"], "unit")
    if own is not None and asked["unit"]["level"] != asked["level"]:
        raise invalid("unit", "not_of_this_level")
    row = Target(**{name: asked[name] for name in FIELDS}, unit_id=own)
    _check_span(row.valid_from, row.valid_to)
    with _one_at_a_time():
        db.session.add(row)
        db.session.flush()
    record_act(actor, "target.create", f"target:{row.id}", after=audit_values(_fields(row)))
    return _kept(row)


def change_target(
    actor: Actor, target_id: int, expected: etags.Expected, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Change a target as somebody saw it."""
    require(actor, "target.edit")
    row = db.session.get(Target, target_id, populate_existing=True)
    if row is None:
        raise Problem(404, "not_found")
    etags.must_match(expected, row.version)
    changed = changed_values(row, changes)
    span = {name: getattr(row, name) for name in ("valid_from", "valid_to")} | changed
    _check_span(span["valid_from"], span["valid_to"])
    if changed:
        before = {name: getattr(row, name) for name in changed}
        with _one_at_a_time():
            update_row(row, changed)
        details = {"before": audit_values(before), "after": audit_values(changed)}
        record_act(actor, "target.change", f"target:{row.id}", **details)
    return _kept(row)


def _kept(row: Target) -> dict[str, Any]:
    if row.unit_id is not None:
        db.session.execute(MARK_NEEDED, {"unit": row.unit_id, "network": row.network})
    db.session.refresh(row)
    told = _told([row])[0]
    db.session.commit()
    return told


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Let the database decide, so that two admins at once make no two targets of one day."""
    try:
        with db.session.begin_nested():
            yield
    except IntegrityError as error:
        if "one_target_at_a_time" not in str(error.orig):
            raise
        raise Problem(409, "target_overlaps") from None


def _check_span(first: date, last: date | None) -> None:
    if last is not None and last < first:
        raise invalid("valid_to", "before_first_day")


def _fields(row: Target) -> dict[str, Any]:
    return {name: getattr(row, name) for name in (*FIELDS, "unit_id")}


def _told(rows: Sequence[Target]) -> list[dict[str, Any]]:
    units = serialize_units([row.unit_id for row in rows])
    return [
        {name: getattr(row, name) for name in ("id", *FIELDS, "version")}
        | {"unit": units.get(row.unit_id)}
        for row in rows
    ]
