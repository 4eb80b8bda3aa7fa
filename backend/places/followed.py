"""Published places without coverage as of a day: for the letters of an office, which are public."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from backend.database.extensions import db
from backend.places.states import INTERNAL, State

ROWS = text("""
    select hamlet, commune, operator, state, to_char(day, 'YYYY-MM') as month from (
        select distinct on (p.id) p.id, h.name as hamlet, u.name as commune, u.sort_key, p.operator,
            s.state, s.day
        from places p join place_steps s on s.place_id = p.id
            left join hamlets h on h.id = p.hamlet_id
            join units u on u.id = coalesce(h.unit_id, p.unit_id)
        where p.province_id = :province and p.published and s.day <= :last
        order by p.id, s.number desc
    ) newest
    where state <> all(:internal) and (state <> 'covered' or day >= :first)
    order by sort_key collate "C", hamlet collate "C" nulls last, id
""")


@dataclass(frozen=True, slots=True)
class FollowedPlace:
    """A place that the public sees: the columns of ROWS."""

    hamlet: str | None  # None: a place in the commune that is no hamlet of the list
    commune: str
    operator: str | None  # None: all
    state: State
    month: str  # YYYY-MM, of the state


def read_followed_places(province_id: int, first: date, last: date) -> list[FollowedPlace]:
    """Read the published places with their state on a day; covered ones from a first day on."""
    values = {"province": province_id, "first": first, "last": last, "internal": list(INTERNAL)}
    return [FollowedPlace(*row) for row in db.session.execute(ROWS, values)]
