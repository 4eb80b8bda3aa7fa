"""Places that a province's officials publish, one by one; told without evidence or numbers.

The public reads what officials entered, never what phones sent: nothing here depends on a note, a
sample or a withdrawal.
"""

from datetime import datetime
from typing import Annotated, TypedDict

from sqlalchemy import text

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.clock import local_day
from backend.database.extensions import db
from backend.errors import Problem, or_404
from backend.http import etags
from backend.organisations.references import UnitBrief, serialize_units
from backend.organisations.scopes import unit_scope
from backend.places.hamlets import EDIT
from backend.places.models import Place
from backend.places.service import PlaceDetails, describe_place
from backend.places.states import INTERNAL, State
from backend.units.index import unit_index
from backend.units.service import find

ROWS = text("""
    select h.name as hamlet, coalesce(h.unit_id, p.unit_id) as unit_id, p.operator, p.state,
        to_char(s.day, 'YYYY-MM') as month
    from places p left join hamlets h on h.id = p.hamlet_id
        join units u on u.id = coalesce(h.unit_id, p.unit_id)
        join place_steps s on s.place_id = p.id and s.number = p.version
    where p.published and not p.state = any(:internal)
        and p.province_id = :province
        and :unit in (p.province_id, coalesce(h.unit_id, p.unit_id))
    order by u.sort_key collate "C", h.name collate "C" nulls last, p.operator collate "C",
        p.state, month
""")


class PublicPlacesQuery(TypedDict):
    """Whose published places are read."""

    unit: str  # code of a province or a commune of today


class Publication(TypedDict):
    """Whether the public sees a place."""

    published: bool


class PublicPlace(TypedDict):
    """A place without coverage as the public sees it."""

    hamlet: Annotated[str | None, "Null: a place in the commune that is no hamlet of the list"]
    unit: UnitBrief  # its commune
    operator: Annotated[str | None, "Null: all operators"]
    state: State
    month: Annotated[str, "YYYY-MM, of the state"]


class PublicPlaces(TypedDict):
    """The published places of a province or a commune, by commune and hamlet."""

    items: list[PublicPlace]


def list_published(code: str, now: datetime) -> PublicPlaces:
    """Return the published places of a province or a commune of today."""
    return {"items": published_in(find(local_day(now), code).id)}


def published_in(unit_id: int) -> list[PublicPlace]:
    """Return the published places of a province or a commune."""
    index = unit_index()
    province = index.province_of(index.by_id[unit_id]).id
    values = {"unit": unit_id, "province": province, "internal": sorted(INTERNAL)}
    rows = db.session.execute(ROWS, values).all()
    units = serialize_units([row.unit_id for row in rows])
    return [
        {
            "hamlet": row.hamlet,
            "unit": units[row.unit_id],
            "operator": row.operator,
            "state": row.state,
            "month": row.month,
        }
        for row in rows
    ]


def set_publication(
    actor: Actor, place_id: int, expected: etags.Expected, data: Publication, now: datetime
) -> PlaceDetails:
    """Publish a place that an operator has been told of, or take it back."""
    row = or_404(db.session.get(Place, place_id, with_for_update=True, populate_existing=True))
    require(actor, EDIT, unit_scope(row.province_id), hidden=True)
    etags.must_match(expected, row.version)
    if data["published"] and row.state in INTERNAL:
        raise Problem(409, "place_not_sent")
    row.published = data["published"]
    record_act(actor, "place.publish", f"place:{row.id}", published=row.published)
    db.session.flush()
    answer = describe_place(row.province_id, row.id, now)
    db.session.commit()
    return answer
