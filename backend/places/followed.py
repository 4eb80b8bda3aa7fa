"""Places without coverage that an office follows with operators, as of a day: for its letters."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from backend.database.extensions import db
from backend.places.states import INTERNAL, State

ROWS = text("""
    select name, commune, operator, state, day from (
        select distinct on (p.id) p.id, coalesce(h.name, p.name) as name, u.name as commune,
            u.sort_key, p.operator, s.state, s.day
        from places p join place_steps s on s.place_id = p.id
            left join hamlets h on h.id = p.hamlet_id
            join units u on u.id = coalesce(h.unit_id, p.unit_id)
        where p.province_id = :province and s.day <= :last
        order by p.id, s.number desc
    ) newest
    where state <> all(:internal) and (state <> 'covered' or day >= :first)
    order by sort_key collate "C", name collate "C", id
""")


@dataclass(frozen=True, slots=True)
class FollowedPlace:
    """A place that an operator knows: the columns of ROWS."""

    name: str
    commune: str
    operator: str | None  # None: all
    state: State
    day: date  # since when


def read_followed_places(province_id: int, first: date, last: date) -> list[FollowedPlace]:
    """Read the places that operators have been told of by a day; covered ones from a first day on.

    Places that are the office's own matter are left out, since letters are published.
    """
    values = {"province": province_id, "first": first, "last": last, "internal": list(INTERNAL)}
    return [FollowedPlace(*row) for row in db.session.execute(ROWS, values)]
