"""Communes around a phone, nearest first, with their public counts."""

import math
from dataclasses import replace
from datetime import date, timedelta
from typing import TypedDict

from backend.accounts.access import PUBLIC
from backend.coverage.figures.items import COUNTED
from backend.coverage.figures.month import Visibility, month_of
from backend.coverage.figures.public_counts import copied_at
from backend.coverage.vnnic.steering import TableNeed, table_needs
from backend.database.extensions import db
from backend.units.models import Unit
from backend.units.service import UnitRow, select_units
from geo.fix import METRES_PER_DEGREE, distance_m

# The radius that a person chooses: without a choice as by motorbike; the least and the most.
RADIUS_M, MIN_RADIUS_M, MAX_RADIUS_M = 15_000, 500, 50_000
# Neighbours are drawn on the map also where they are beyond a walk.
DRAWN_WITHIN_M = 8_000
MAX_NEARBY = 8


class PlaceCounts(TypedDict):
    """The public counts of a commune; null: they wait for approval."""

    counted: int | None
    target: int | None  # null also without a target
    shortfall: int | None
    vnnic: TableNeed | None  # where VNNIC's count steers; null: ours does
    as_of: str | None  # ISO 8601: samples until then are in these counts; null: exact


UNPUBLISHED: PlaceCounts = {
    "counted": None, "target": None, "shortfall": None, "vnnic": None, "as_of": None,
}  # fmt: skip


class NearbyCommune(PlaceCounts):
    """A commune around a phone."""

    code: str
    name: str
    province: str
    latitude: float  # of the centre, EPSG:4326
    longitude: float
    distance_m: int  # to the centre
    within: bool  # the centre lies within the radius


Counts = dict[str, PlaceCounts]  # of communes, by code


def communes_around(
    today: date, network: str, latitude: float, longitude: float, radius_m: int, own: UnitRow
) -> tuple[list[NearbyCommune], Counts]:
    """Return the communes whose centre is near a position, except the own one, and all counts."""
    reach = max(radius_m, DRAWN_WITHIN_M)
    found = sorted(
        (round(distance_m(longitude, latitude, lon, lat)), unit.id, (lat, lon), unit)
        for unit in _units_around(today, latitude, longitude, reach)
        if unit.id != own.id
        and (lat := unit.latitude) is not None
        and (lon := unit.longitude) is not None
    )
    near = [one for one in found if one[0] <= reach][:MAX_NEARBY]
    provinces = {own.province_code, *(unit.province_code for *_, unit in near)}
    counts = public_counts(today, network, provinces)
    around: list[NearbyCommune] = [
        {
            "code": unit.code,
            "name": unit.name,
            "province": unit.province,
            **counts.get(unit.code, UNPUBLISHED),
            "latitude": lat,
            "longitude": lon,
            "distance_m": metres,
            "within": metres <= radius_m,
        }
        for metres, _, (lat, lon), unit in near
    ]
    return around, counts


def public_counts(today: date, network: str, provinces: set[str]) -> Counts:
    """Return the public counts of this month by commune; none where they wait for approval.

    They are those of coverage, without the rest of its answer: phones ask at each place.
    """
    month = month_of(f"{today:%Y-%m}", network, today, PUBLIC)
    month = replace(month, visibility=Visibility.RELEASED)
    places = [month.listing.parent(code) for code in sorted(provinces)]
    units = [one for place in places for one in replace(month, place=place).units("commune")]
    times = copied_at(month.month, network, [one.unit.id for one in units], today)
    targets = {one.unit.id: one.need for one in units}
    needs = table_needs(targets, month.month, network, today, today + timedelta(days=1))
    return {
        one.unit.code: {
            "counted": one.numbers[COUNTED],
            "target": one.need,
            "shortfall": one.shortfall,
            "vnnic": needs.get(one.unit.id),
            "as_of": time,
        }
        for one, time in zip(units, times, strict=True)
    }


def _units_around(today: date, latitude: float, longitude: float, reach: int) -> list[UnitRow]:
    up = reach / METRES_PER_DEGREE
    right = up / math.cos(math.radians(latitude))
    query = select_units(today, "commune").where(
        Unit.latitude.between(latitude - up, latitude + up),
        Unit.longitude.between(longitude - right, longitude + right),
    )
    return [UnitRow(*row) for row in db.session.execute(query)]
