"""The next place to measure for a volunteer's phone."""

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from threading import Lock
from typing import Any, TypedDict
from uuid import UUID

import h3
from sqlalchemy import text

from backend.campaigns.models import Campaign
from backend.clock import local_day, month_start
from backend.coverage.contributions.service import current_teams
from backend.coverage.plan.done import done_of
from backend.coverage.plan.nearby import UNPUBLISHED, Counts, PlaceCounts, communes_around
from backend.coverage.plan.planner import make_plan, pins_of, teams_of
from backend.coverage.plan.service import plan_request, serialize_assignment
from backend.coverage.plan.team_verdicts import TeamVerdict, team_verdicts
from backend.coverage.statistics.release_rules import CELL_RESOLUTION
from backend.coverage.statistics.released import latest_cells
from backend.coverage.vnnic.steering import SteeredBy, steered_by
from backend.database.extensions import db
from backend.devices.service import KnownDevice
from backend.errors import invalid
from backend.measurements.recording.models import DemoMonth
from backend.measurements.recording.preview import Preview, preview
from backend.measurements.recording.service import RecordingContext
from backend.places.remeasurement import read_places_to_measure
from backend.units.locator import Locator
from backend.units.service import UnitRow, find, set_on
from geo.fix import distance_m

# The delay with which new samples change a plan; pins act at once.
PLAN_LIFE = timedelta(minutes=5)
# Concurrent campaigns times two kinds of network; each plan takes some megabytes.
MAX_PLANS = 20
# All phones of a campaign need a new plan at the same moment: one thread makes it, the others wait.
PLAN_LOCKS: dict[tuple[int, str], Lock] = {}

# 500 m from south to north; from west to east 528 m in Cà Mau and 491 m in Hà Giang.
CELL_LATITUDE = 0.0045
CELL_LONGITUDE = 0.0048

# 300 samples in a commune with some 60 inhabited cells are five for each. A ward of few cells needs
# an even share of its target in each.
MIN_ENOUGH = 5

# Spots that a phone shows on one screen.
MAX_SPOTS = 10

# Cells searched in each direction, some 10 km.
WINDOW = 20

Cell = tuple[int, int]
Items = Mapping[int, list[dict[str, Any]]]  # by team


@dataclass(frozen=True, slots=True)
class Spot:
    """The centre of a cell, and the class of its known samples: none or few."""

    latitude: float
    longitude: float
    distance_m: int
    samples: str


def cell_of(latitude: float, longitude: float) -> Cell:
    """Return the cell of a position in degrees (WGS 84)."""
    return math.floor(latitude / CELL_LATITUDE), math.floor(longitude / CELL_LONGITUDE)


def cells_around(latitude: float, longitude: float) -> list[Cell]:
    """Return the cells of a square around a position."""
    row, column = cell_of(latitude, longitude)
    span = range(-WINDOW, WINDOW + 1)
    return [(row + up, column + right) for up in span for right in span]


def centre(cell: Cell) -> tuple[float, float]:
    """Return latitude and longitude of a cell's centre, to a metre."""
    return round((cell[0] + 0.5) * CELL_LATITUDE, 5), round((cell[1] + 0.5) * CELL_LONGITUDE, 5)


def lacking_spots(
    latitude: float,
    longitude: float,
    cells: Sequence[Cell],
    own: Mapping[Cell, int],
    released: Collection[Cell],
    target: int | None,
) -> list[Spot]:
    """Return the nearest cells with too few own samples; at equal distance, empty cells first.

    Released cells have samples in the latest release: their class is `few`.
    """
    enough = max(MIN_ENOUGH, -(-(target or 0) // max(1, len(cells))))
    found = []
    for cell in cells:
        n = own.get(cell, 0)
        if n < enough:
            lat, lon = centre(cell)
            metres = round(distance_m(longitude, latitude, lon, lat))
            found.append(Spot(lat, lon, metres, "few" if n or cell in released else "none"))
    found.sort(key=lambda spot: (spot.distance_m, spot.samples == "few", spot.latitude))
    return found[:MAX_SPOTS]


# The phone's own samples. Other phones' samples of the month show in no answer, not even as a
# class: repeated requests would follow a person. What is known of others is the public release.
OWN_PER_CELL = text("""
    select floor(latitude / :height)::int as row, floor(longitude / :width)::int as col,
        count(*)::int as n
    from measurements
    where device_id = :device and unit_id = :unit and day between :first and :today
        and network = :network and counted and latitude is not null
    group by 1, 2
""")
# Those that the public counts of the commune lack.
OWN_SINCE = text("""
    select count(*) from measurements m left join public_months p
        on p.month = to_char(m.day, 'YYYY-MM') and (p.network, p.unit_id) = (m.network, m.unit_id)
    where m.device_id = :device and m.unit_id = :unit and m.day between :first and :today
        and m.network = :network and m.counted
        and m.received_at > coalesce(p.copied_at, '-infinity')
""")


class HereUnit(TypedDict):
    """The commune of a position."""

    code: str
    name: str
    ambiguous: bool  # within the position's error lies another one


class Here(Preview):
    """The verdict on a test here and now, for its commune and for the volunteer's teams."""

    unit: HereUnit | None  # null: outside every commune
    teams: list[TeamVerdict]


@dataclass(frozen=True, slots=True)
class _Context:
    """Device, day, network and radius of a request, and the verdict on a test now."""

    device_id: UUID
    today: date
    network: str
    radius_m: int
    locator: Locator
    here: Here | None  # None without a position and its accuracy


def find_next_place(
    device: KnownDevice,
    parameters: Mapping[str, Any],
    now: datetime,
    recording: RecordingContext,
) -> dict[str, Any]:
    """Return spots around the position; without one, the team's plan."""
    network, radius_m, locator = parameters["network"], parameters["radius_m"], recording.locator
    latitude, longitude = parameters["latitude"], parameters["longitude"]
    if (latitude is None) != (longitude is None):
        raise invalid("latitude" if latitude is None else "longitude", "both_or_neither")
    known = latitude is not None and parameters["accuracy_m"] is not None
    here = _here(device.id, parameters, now, recording) if known else None
    context = _Context(device.id, local_day(now), network, radius_m, locator, here)
    if latitude is not None:
        placed = locator.locate(context.today, longitude, latitude, None)
        if placed.code is None:
            return _answer(context, note="outside_every_commune")
        return _around(context, find(context.today, placed.code, "commune"), latitude, longitude)
    assignments = _assignments(context, now)
    if assignments:
        busy = any(one["items"] for one in assignments)
        return _answer(context, assignments=assignments, note=None if busy else "nothing_planned")
    raise invalid("latitude", "position_needed")


def _here(
    device_id: UUID, parameters: Mapping[str, Any], now: datetime, recording: RecordingContext
) -> Here:
    """Return whether a test here would count: for its commune, and for the volunteer's teams."""
    position = parameters["longitude"], parameters["latitude"], parameters["accuracy_m"]
    placed = recording.locator.locate(local_day(now), *position)
    unit: HereUnit | None = None
    if placed.code is not None and placed.name is not None:
        unit = {"code": placed.code, "name": placed.name, "ambiguous": placed.ambiguous}
    teams = team_verdicts(device_id, placed.unit_id, parameters["network"], now)
    return {**preview(device_id, parameters, now, recording), "unit": unit, "teams": teams}


def _around(context: _Context, unit: UnitRow, latitude: float, longitude: float) -> dict[str, Any]:
    """Return the lacking spots of a commune, nearest first; none if its target is reached."""
    nearby, counts = communes_around(
        context.today, context.network, latitude, longitude, context.radius_m, unit
    )
    figures = _figures(context, unit, counts)
    place = {"code": unit.code, "name": unit.name, "province": unit.province, **figures}
    missing = figures["vnnic"]["missing"] if figures["vnnic"] else figures["shortfall"]
    if missing == 0:
        return _answer(context, unit=place, nearby=nearby, note="target_reached_here")
    cells = _cells_of(context, unit, latitude, longitude)
    values = _own(context, unit) | {"height": CELL_LATITUDE, "width": CELL_LONGITUDE}
    own = {(row.row, row.col): row.n for row in db.session.execute(OWN_PER_CELL, values)}
    released = _released_among(cells, latest_cells(unit.id, context.network))
    spots = lacking_spots(latitude, longitude, cells, own, released, figures["target"])
    within = [spot for spot in spots if spot.distance_m <= context.radius_m]
    return _answer(context, unit=place, spots=within, nearby=nearby)


def _released_among(cells: Sequence[Cell], released: Collection[str]) -> set[Cell]:
    """Return the cells whose centre lies in a released cell."""
    if not released:
        return set()
    return {cell for cell in cells if h3.latlng_to_cell(*centre(cell), CELL_RESOLUTION) in released}


class OwnPlaceCounts(PlaceCounts):
    """The public counts of the commune around a phone; everybody reads the same with their time."""

    steered_by: SteeredBy  # whose count steers its province on this network: own, vnnic
    own_since: int | None  # the phone's counted samples that they lack; null before approval


def _figures(context: _Context, unit: UnitRow, counts: Counts) -> OwnPlaceCounts:
    """Return the commune's public counts, beside them the phone's own samples since then."""
    province = find(context.today, unit.province_code, "province")
    steered = steered_by(province.id, context.network, context.today)
    if (found := counts.get(unit.code)) is None:
        return {**UNPUBLISHED, "steered_by": steered, "own_since": None}
    own_since = db.session.scalar(OWN_SINCE, _own(context, unit))
    return {**found, "steered_by": steered, "own_since": own_since}


def _own(context: _Context, unit: UnitRow) -> dict[str, Any]:
    """Return the parameters of the phone's own samples of the month in a commune."""
    return {
        "unit": unit.id, "network": context.network, "device": context.device_id,
        "first": month_start(f"{context.today:%Y-%m}"), "today": context.today,
    }  # fmt: skip


def _cells_of(context: _Context, unit: UnitRow, latitude: float, longitude: float) -> list[Cell]:
    """Return the cells around a position whose centre lies in the commune, else its own cell."""
    cells = cells_around(latitude, longitude)
    latitudes, longitudes = zip(*map(centre, cells), strict=True)
    units = context.locator.units_of(context.today, longitudes, latitudes)
    own = [cell for cell, unit_id in zip(cells, units, strict=True) if unit_id == unit.id]
    return own or [cell_of(latitude, longitude)]


def _assignments(context: _Context, now: datetime) -> list[dict[str, Any]]:
    """Return today's assignments of the volunteer's teams."""
    found = []
    for row in current_teams(context.device_id, now):
        campaign = db.session.get_one(Campaign, row.campaign_id)
        runs = campaign.first_day <= context.today <= campaign.last_day
        if not runs or context.network not in campaign.networks:
            continue
        request = plan_request(campaign, context.today, context.today, context.network)
        pins = tuple((p.day, p.team_id, p.unit_id, p.samples) for p in pins_of(request))
        since = _last_full(now, PLAN_LIFE)
        state = campaign.version, request.limits, pins
        with plan_lock(row.campaign_id, request.network):
            items = items_by_team(row.campaign_id, request.day, request.network, since, state)
        own = items.get(row.team_id, [])
        team = row.campaign_id, row.team_id, request.network
        done = done_of(own, *team, now, context.device_id)
        codes = [item["unit"]["code"] for item in own]
        places = read_places_to_measure(codes, request.network, request.day)
        more = [
            {"done": n, "places": places.get(code, [])} for n, code in zip(done, codes, strict=True)
        ]
        found.append(
            {
                "campaign": {"id": row.campaign_id, "name": row.campaign},
                "team": {"id": row.team_id, "name": row.team},
                "items": [item | added for item, added in zip(own, more, strict=True)],
            }
        )
    return found


def plan_lock(campaign_id: int, network: str) -> Lock:
    """Return the lock of a campaign's plan: no other campaign waits while it is made."""
    return PLAN_LOCKS.setdefault((campaign_id, network), Lock())


def _last_full(now: datetime, span: timedelta) -> datetime:
    """Return the last time that is a whole number of spans from the begin of days."""
    return now - (now - datetime.min.replace(tzinfo=UTC)) % span


@lru_cache(MAX_PLANS)
def items_by_team(
    campaign_id: int, day: date, network: str, since: datetime, state: Hashable
) -> Items:
    """Return a plan's assignments of a day by team; `state` is what makes it another at once."""
    campaign = db.session.get_one(Campaign, campaign_id)
    request = plan_request(campaign, day, day, network)
    plan = make_plan(request, teams_of(campaign, since))
    return {
        team: [serialize_assignment(request, one) for one in assignments if one.today]
        for team, assignments in plan.assignments.items()
    }


def _answer(context: _Context, **found: Any) -> dict[str, Any]:
    """Return an answer with the fields that were found: unit, spots, assignments, note."""
    active = set_on(context.today)
    return {
        "here": context.here,
        "date": context.today,
        "network": context.network,
        "boundaries": active.serialize() if active else None,
        "demo": db.session.get(DemoMonth, f"{context.today:%Y-%m}") is not None,
        **({"unit": None, "spots": [], "nearby": [], "assignments": [], "note": None} | found),
    }
