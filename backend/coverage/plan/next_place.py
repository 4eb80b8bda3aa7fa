"""The next place to measure for a volunteer's phone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.campaigns.models import Campaign
from backend.clock import day_begin, local_day, month_start
from backend.coverage.contributions.own_day import current_teams
from backend.coverage.figures.service import CoverageQuery, coverage
from backend.coverage.plan.cache import Items, PlanCache
from backend.coverage.plan.inputs import PlanRequest, pins_of, teams_of
from backend.coverage.plan.planner import make_plan
from backend.coverage.plan.service import plan_request, serialize_assignment
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
from backend.devices.service import KnownDevice
from backend.errors import invalid
from backend.units.locator import Locator
from backend.units.models import Unit
from backend.units.service import UnitRow, find, select_units, set_on

# The newest samples of a commune and month that are read: many times any target, but bounded, so
# that a commune with very many samples does not slow the query.
SAMPLES_MOST = 20_000

# Samples of all devices per cell. Other devices' samples of today are left out: repeated requests
# must not reveal that somebody is measuring in a cell right now.
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
class _Context:
    """Device, day and network of a request."""

    device_id: UUID
    today: date
    network: str
    locator: Locator


def find_next_place(
    device: KnownDevice,
    parameters: Mapping[str, Any],
    now: datetime,
    locator: Locator,
    plans: PlanCache,
) -> dict[str, Any]:
    """Return spots around the position; without one, the team's plan, else the last commune."""
    context = _Context(device.id, local_day(now), parameters["network"], locator)
    latitude, longitude = parameters["latitude"], parameters["longitude"]
    if (latitude is None) != (longitude is None):
        raise invalid("latitude" if latitude is None else "longitude", "both_or_neither")
    if latitude is not None:
        placed = locator.locate(context.today, longitude, latitude, None)
        if placed.code is None:
            return _answer(context, note="outside_every_commune")
        return _around(context, find(context.today, placed.code, "commune"), latitude, longitude)
    assignments = _assignments(context, now, plans)
    if assignments:
        busy = any(one["items"] for one in assignments)
        return _answer(context, assignments=assignments, note=None if busy else "nothing_planned")
    last = _last_commune(context)
    if last is None or last.latitude is None or last.longitude is None:
        raise invalid("latitude", "position_needed")
    return _around(context, last, last.latitude, last.longitude)


def _around(context: _Context, unit: UnitRow, latitude: float, longitude: float) -> dict[str, Any]:
    """Return the lacking spots of a commune, nearest first; none if its target is reached."""
    figures = _figures(context, unit)
    place = {"code": unit.code, "name": unit.name, "province": unit.province, **figures}
    if figures["shortfall"] == 0:
        return _answer(context, unit=place, note="target_reached_here")
    cells = _cells_of(context, unit, latitude, longitude)
    counts = _counts(context, unit)
    spots = lacking_spots(latitude, longitude, cells, counts, figures["target"])
    return _answer(context, unit=place, spots=spots)


def _figures(context: _Context, unit: UnitRow) -> dict[str, Any]:
    """Return the figures of a commune from coverage."""
    month = f"{context.today:%Y-%m}"
    query = CoverageQuery(month, "commune", context.network, unit.province_code)
    items = coverage(query, day_begin(context.today))["items"]
    found = next((one for one in items if one["code"] == unit.code), None)
    nothing = {"counted": 0, "target": None, "shortfall": None}
    return {name: found[name] for name in nothing} if found else nothing


def _cells_of(context: _Context, unit: UnitRow, latitude: float, longitude: float) -> list[Cell]:
    """Return the cells around a position whose centre lies in the commune, else its own cell."""
    cells = cells_around(latitude, longitude)
    at = [centre(cell) for cell in cells]
    days, unknown = [context.today] * len(at), [None] * len(at)
    latitudes, longitudes = [lat for lat, _ in at], [lon for _, lon in at]
    places = context.locator.locate_many(days, longitudes, latitudes, unknown)
    own = [cell for cell, place in zip(cells, places, strict=True) if place.unit_id == unit.id]
    return own or [cell_of(latitude, longitude)]


def _counts(context: _Context, unit: UnitRow) -> dict[Cell, int]:
    values = {
        "unit": unit.id,
        "first": month_start(f"{context.today:%Y-%m}"),
        "today": context.today,
        "network": context.network,
        "device": context.device_id,
        "height": CELL_LATITUDE,
        "width": CELL_LONGITUDE,
        "most": SAMPLES_MOST,
    }
    return {(row.row, row.col): row.n for row in db.session.execute(PER_CELL, values)}


def _assignments(context: _Context, now: datetime, plans: PlanCache) -> list[dict[str, Any]]:
    """Return today's assignments of the volunteer's teams."""
    found = []
    for row in current_teams(context.device_id, now):
        campaign = db.session.get_one(Campaign, row.campaign_id)
        runs = campaign.first_day <= context.today <= campaign.last_day
        if not runs or context.network not in campaign.networks:
            continue
        request = plan_request(campaign, context.today, context.today, context.network)
        pins = tuple((p.day, p.team_id, p.unit_id, p.samples) for p in pins_of(request))
        key = (row.campaign_id, campaign.version, request.day, request.network, pins)
        items = plans.get(key, now, partial(_items_by_team, request, now))
        found.append(
            {
                "campaign": {"id": row.campaign_id, "name": row.campaign},
                "team": {"id": row.team_id, "name": row.team},
                "items": [one for one in items.get(row.team_id, []) if one["samples"]],
            }
        )
    return found


def _items_by_team(request: PlanRequest, now: datetime) -> Items:
    plan = make_plan(request, teams_of(request.campaign, now))
    return {
        team: [serialize_assignment(request, one) for one in assignments]
        for team, assignments in plan.assignments.items()
    }


def _last_commune(context: _Context) -> UnitRow | None:
    """Return the commune of the device's last measurement, if it still exists."""
    unit_id = db.session.execute(LAST_COMMUNE, {"device": context.device_id}).scalar()
    if unit_id is None:
        return None
    row = db.session.execute(
        select_units(context.today, "commune").where(Unit.id == unit_id)
    ).first()
    return UnitRow(*row) if row else None


def _answer(
    context: _Context,
    *,
    unit: dict[str, Any] | None = None,
    spots: Sequence[Spot] = (),
    assignments: Sequence[dict[str, Any]] = (),
    note: str | None = None,
) -> dict[str, Any]:
    active = set_on(context.today)
    return {
        "date": context.today,
        "network": context.network,
        "boundaries": active.serialize() if active else None,
        "unit": unit,
        "spots": list(spots),
        "assignments": list(assignments),
        "note": note,
    }
