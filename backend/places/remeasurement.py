"""Places that an office shows to campaigns, so that their teams measure there again.

Shown is what the office itself states: name, position and operator; never evidence or history.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import Annotated, TypedDict

from sqlalchemy import text

from backend.database.extensions import db
from backend.places.hamlets import StatedPosition
from backend.units.catalogue import system_on

SHOWN = text("""
    select u.code, coalesce(h.name, p.name) as name,
        case when p.hamlet_id is null then p.latitude else h.latitude end as latitude,
        case when p.hamlet_id is null then p.longitude else h.longitude end as longitude,
        p.operator
    from places p join place_steps s on s.place_id = p.id and s.number = p.version
        left join hamlets h on h.id = p.hamlet_id
        join units u on u.id = coalesce(h.unit_id, p.unit_id)
    where p.state = 'remeasure' and s.for_campaigns
        and p.province_id in (
            select province_id from units
            where system = :system and level = 'commune' and code = any(:codes)
        )
        and u.system = :system and u.level = 'commune' and u.code = any(:codes)
    order by u.code collate "C", coalesce(h.name, p.name) collate "C", p.id
""")


class PlaceToMeasure(TypedDict):
    """A place without coverage that its office asks campaigns to measure again."""

    name: Annotated[str, "Of the hamlet, or as the office calls it"]
    position: Annotated[StatedPosition | None, "As the office states it; null: not known yet"]
    operator: Annotated[str | None, "Whose network to measure; null: all operators"]


def read_places_to_measure(
    codes: Collection[str], network: str, day: date
) -> dict[str, list[PlaceToMeasure]]:
    """Read the places in communes, named by their codes on a day, that campaigns are shown.

    They concern mobile networks; of others there are none.
    """
    found: defaultdict[str, list[PlaceToMeasure]] = defaultdict(list)
    if network != "mobile" or not codes:
        return found
    values = {"codes": list(codes), "system": system_on(day)}
    for code, name, latitude, longitude, operator in db.session.execute(SHOWN, values):
        position: StatedPosition | None = None
        if latitude is not None:
            position = {"latitude": latitude, "longitude": longitude}
        found[code].append({"name": name, "position": position, "operator": operator})
    return found
