"""Communes around a phone, nearest first, with their public counts."""

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from backend.accounts.access import PUBLIC
from backend.clock import day_begin
from backend.coverage.figures.service import CoverageQuery, coverage
from backend.database.extensions import db
from backend.errors import Problem
from backend.units.models import Unit
from backend.units.service import UnitRow, select_units
from geo.fix import METRES_PER_DEGREE, distance_m

# The radius that a person chooses: without a choice as by motorbike; the least and the most.
RADIUS_M, MIN_RADIUS_M, MAX_RADIUS_M = 15_000, 500, 50_000
# Neighbours are drawn on the map also where they are beyond a walk.
DRAWN_WITHIN_M = 8_000
MAX_NEARBY = 8
NAMES = ("counted", "target", "shortfall", "as_of")


Counts = Mapping[str, Mapping[str, Any]]  # of communes, by code


def communes_around(
    today: date, network: str, latitude: float, longitude: float, radius_m: int, own: UnitRow
) -> tuple[list[dict[str, Any]], Counts]:
    """Return the communes whose centre is near a position, except the own one, and all counts.

    `within` is whether the centre lies within the radius.
    """
    reach = max(radius_m, DRAWN_WITHIN_M)
    found = sorted(
        (round(distance_m(longitude, latitude, unit.longitude, unit.latitude)), unit.id, unit)
        for unit in _units_around(today, latitude, longitude, reach)
        if unit.id != own.id and unit.latitude is not None and unit.longitude is not None
    )
    near = [(metres, unit) for metres, _, unit in found if metres <= reach][:MAX_NEARBY]
    provinces = {own.province_code, *(unit.province_code for _, unit in near)}
    counts = public_counts(today, network, provinces)
    around = [
        {
            "code": unit.code,
            "name": unit.name,
            "province": unit.province,
            **(counts.get(unit.code) or dict.fromkeys(NAMES)),
            "latitude": unit.latitude,
            "longitude": unit.longitude,
            "distance_m": metres,
            "within": metres <= radius_m,
        }
        for metres, unit in near
    ]
    return around, counts


def public_counts(today: date, network: str, provinces: set[str]) -> Counts:
    """Return the public counts of this month by commune; none where they wait for approval."""
    found: dict[str, Mapping[str, Any]] = {}
    for province in sorted(provinces):
        query = CoverageQuery(f"{today:%Y-%m}", "commune", network, province, reader=PUBLIC)
        try:
            items = coverage(query, day_begin(today))["items"]
        except Problem as problem:
            if problem.code != "not_published":
                raise
            continue
        found |= {item["code"]: {name: item[name] for name in NAMES} for item in items}
    return found


def _units_around(today: date, latitude: float, longitude: float, reach: int) -> list[UnitRow]:
    up = reach / METRES_PER_DEGREE
    right = up / math.cos(math.radians(latitude))
    query = select_units(today, "commune").where(
        Unit.latitude.between(latitude - up, latitude + up),
        Unit.longitude.between(longitude - right, longitude + right),
    )
    return [UnitRow(*row) for row in db.session.execute(query)]
