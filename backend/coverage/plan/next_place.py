"""Where should a volunteer's phone measure next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.campaigns.models import Campaign
from backend.clock import day_begin, local_day, month_start
from backend.coverage.figures.service import Question, coverage
from backend.coverage.plan.cache import Items, RecentPlans
from backend.coverage.plan.planner import make_plan
from backend.coverage.plan.service import ask, item
from backend.coverage.plan.sources import Asked, pins_of, teams_of
from backend.coverage.plan.spots import (
    CELL_LATITUDE,
    CELL_LONGITUDE,
    Cell,
    Spot,
    cell_of,
    cells_around,
    centre,
    lacking_spots,
)
from backend.database.extensions import db
from backend.devices.registration import KnownDevice
from backend.errors import invalid
from backend.units.locator import Locator
from backend.units.models import Unit
from backend.units.service import UnitRow, find, listed, set_on

# The newest samples of a commune and month that are looked at: many times any target, so that a
# commune which one campaign fills cannot make phones wait.
SAMPLES_MOST = 20_000

TEAMS_NOW = text("""
    select c.id as campaign_id, c.name as campaign, t.id as team_id, t.name as team
    from device_links l
    join memberships m on m.volunteer_id = l.volunteer_id and m.period @> :now
    join campaigns c on c.id = m.campaign_id
    join teams t on t.id = m.team_id
    where l.device_id = :device and l.period @> :now and c.state = 'open'
        and :today between c.first_day and c.last_day and :network = any(c.networks)
    order by c.id
""")
# Everybody's samples together, as numbers per cell. Others' samples of today are left out: who
# asks again and again must not see a cell change while somebody stands in it.
PER_CELL = text("""
    select row, col, count(*)::int as n from (
        select floor(latitude / :height)::int as row, floor(longitude / :width)::int as col
        from measurements
        where unit_id = :unit and day between :first and :today and network = :network and counted
            and latitude is not null and (day < :today or device_id = :device)
        order by day desc limit :most
    ) samples group by 1, 2
""")
LAST_COMMUNE = text("""
    select unit_id from measurements where device_id = :device and unit_id is not null
    order by measured_at desc, id desc limit 1
""")


@dataclass(frozen=True, slots=True)
class _Asking:
    """Who asks, and for what."""

    device_id: UUID
    today: date
    network: str
    locator: Locator


def next_for(
    device: KnownDevice,
    question: Mapping[str, Any],
    now: datetime,
    locator: Locator,
    plans: RecentPlans,
) -> dict[str, Any]:
    """Tell spots around the position; without one, where the team goes, else the last commune."""
    asking = _Asking(device.id, local_day(now), question["network"], locator)
    latitude, longitude = question["latitude"], question["longitude"]
    if (latitude is None) != (longitude is None):
        raise invalid("latitude" if latitude is None else "longitude", "both_or_neither")
    if latitude is not None:
        placed = locator.place(asking.today, longitude, latitude, None)
        if placed.code is None:
            return _answer(asking, note="outside_every_commune")
        return _around(asking, find(asking.today, placed.code, "commune"), latitude, longitude)
    assignments = _assignments(asking, now, plans)
    if assignments:
        busy = any(one["items"] for one in assignments)
        return _answer(asking, assignments=assignments, note=None if busy else "nothing_planned")
    last = _last_commune(asking)
    if last is None or last.latitude is None or last.longitude is None:
        raise invalid("latitude", "position_needed")
    return _around(asking, last, last.latitude, last.longitude)


def _around(asking: _Asking, unit: UnitRow, latitude: float, longitude: float) -> dict[str, Any]:
    """The lacking spots of a commune, nearest to a position first; none once it is reached."""
    figures = _figures(asking, unit)
    told = {"code": unit.code, "name": unit.name, "province": unit.province, **figures}
    if figures["shortfall"] == 0:
        return _answer(asking, unit=told, note="target_reached_here")
    cells = _cells_of(asking, unit, latitude, longitude)
    counts = _counts(asking, unit)
    spots = lacking_spots(latitude, longitude, cells, counts, figures["target"])
    return _answer(asking, unit=told, spots=spots)


def _figures(asking: _Asking, unit: UnitRow) -> dict[str, Any]:
    """What coverage says of the commune."""
    month = f"{asking.today:%Y-%m}"
    asked = Question(month, "commune", asking.network, unit.province_code)
    items = coverage(asked, day_begin(asking.today))["items"]
    found = next((one for one in items if one["code"] == unit.code), None)
    nothing = {"counted": 0, "target": None, "shortfall": None}
    return {name: found[name] for name in nothing} if found else nothing


def _cells_of(asking: _Asking, unit: UnitRow, latitude: float, longitude: float) -> list[Cell]:
    """The cells around a position whose centre lies in the commune; its own in the tiniest."""
    cells = cells_around(latitude, longitude)
    at = [centre(cell) for cell in cells]
    days, unknown = [asking.today] * len(at), [None] * len(at)
    latitudes, longitudes = [lat for lat, _ in at], [lon for _, lon in at]
    places = asking.locator.place_many(days, longitudes, latitudes, unknown)
    own = [cell for cell, place in zip(cells, places, strict=True) if place.unit_id == unit.id]
    return own or [cell_of(latitude, longitude)]


def _counts(asking: _Asking, unit: UnitRow) -> dict[Cell, int]:
    values = {
        "unit": unit.id,
        "first": month_start(f"{asking.today:%Y-%m}"),
        "today": asking.today,
        "network": asking.network,
        "device": asking.device_id,
        "height": CELL_LATITUDE,
        "width": CELL_LONGITUDE,
        "most": SAMPLES_MOST,
    }
    return {(row.row, row.col): row.n for row in db.session.execute(PER_CELL, values)}


def _assignments(asking: _Asking, now: datetime, plans: RecentPlans) -> list[dict[str, Any]]:
    """Where the teams go today in which the device's volunteer is."""
    values = {
        "device": asking.device_id,
        "now": now,
        "today": asking.today,
        "network": asking.network,
    }
    found = []
    for row in db.session.execute(TEAMS_NOW, values).all():
        campaign = db.session.get_one(Campaign, row.campaign_id)
        asked = ask(campaign, asking.today, asking.today, asking.network)
        pins = tuple((p.day, p.team_id, p.unit_id, p.samples) for p in pins_of(asked))
        key = (row.campaign_id, asked.campaign.version, asked.day, asked.network, pins)
        items = plans.items(key, now, partial(_items_by_team, asked, now))
        found.append(
            {
                "campaign": {"id": row.campaign_id, "name": row.campaign},
                "team": {"id": row.team_id, "name": row.team},
                "items": [one for one in items.get(row.team_id, []) if one["samples"]],
            }
        )
    return found


def _items_by_team(asked: Asked, now: datetime) -> Items:
    plan = make_plan(asked, teams_of(asked.campaign, now))
    return {team: [item(asked, stay) for stay in stays] for team, stays in plan.stays.items()}


def _last_commune(asking: _Asking) -> UnitRow | None:
    """The commune in which the device measured last, if it is still one."""
    unit_id = db.session.execute(LAST_COMMUNE, {"device": asking.device_id}).scalar()
    if unit_id is None:
        return None
    row = db.session.execute(listed(asking.today, "commune").where(Unit.id == unit_id)).first()
    return UnitRow(*row) if row else None


def _answer(
    asking: _Asking,
    *,
    unit: dict[str, Any] | None = None,
    spots: Sequence[Spot] = (),
    assignments: Sequence[dict[str, Any]] = (),
    note: str | None = None,
) -> dict[str, Any]:
    active = set_on(asking.today)
    return {
        "date": asking.today,
        "network": asking.network,
        "boundaries": active.described() if active else None,
        "unit": unit,
        "spots": list(spots),
        "assignments": list(assignments),
        "note": note,
    }
