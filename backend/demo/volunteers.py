"""Volunteers of the demo with their quotas, and the spots and times of their tests.

Spots are in each commune of the active set; some points lie beyond the border. Tests are on weekend
rounds of the youth union, in lunch breaks and in evenings at home.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import select

from backend.clock import VIETNAM
from backend.database.extensions import db
from backend.units.locator import Locator
from backend.units.models import Boundary
from backend.units.service import UnitRow, set_on, units_on

Floats = NDArray[np.float64]

METRES_PER_DEGREE = 111_195.0
# Spots of a commune are on a loose grid, at least STEP - 2 * SHIFT = 180 m apart, so that two fixes
# with 20 m of noise are still over 100 m apart (the radius of `repeat`).
STEP_M, SHIFT_M = 250.0, 35.0
SPOTS_ABOUT = 150
# Accuracy with which each spot is looked up: that of the best fixes.
SPOT_ACCURACY_M = 5.0
# Volunteers live within this distance of the centre of their province: not on Hoàng Sa.
REACH_DEG = 1.3
BEYOND_TRIES = 3_000


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune with the spots where volunteers measure."""

    unit_id: int
    code: str
    district: str
    longitudes: Floats
    latitudes: Floats

    @property
    def centre(self) -> tuple[float, float]:
        return float(self.longitudes.mean()), float(self.latitudes.mean())


@dataclass(frozen=True, slots=True)
class Province:
    """The communes of a province with spots, and points just beyond its border."""

    communes: tuple[Commune, ...]
    beyond: Floats  # (n, 2): longitude, latitude


def survey(province: str, day: date, locator: Locator, rng: np.random.Generator) -> Province:
    """Return the spots of every commune of a province in the set active on a day."""
    units = {unit.id: unit for unit in units_on(day, "commune", province)}
    spots = {key: _spots(shape, rng) for key, shape in _polygons(day, list(units)).items()}
    inside = _confirmed(spots, day, locator)
    middle = np.median([points.mean(axis=0) for points in inside.values()], axis=0)
    communes = tuple(
        _commune(units[key], points)
        for key, points in inside.items()
        if np.abs(points.mean(axis=0) - middle).max() < REACH_DEG
    )
    return Province(communes, _beyond(communes, set(units), day, locator, rng))


def _commune(unit: UnitRow, points: Floats) -> Commune:
    return Commune(unit.id, unit.code, unit.parent_code or "", points[:, 0], points[:, 1])


def _polygons(day: date, units: Sequence[int]) -> dict[int, shapely.Geometry]:
    """Return the largest part of each commune's polygon: some contain slivers of a neighbour."""
    active = set_on(day)
    query = (
        select(Boundary.unit_id, Boundary.geometry)
        .where(Boundary.set_id == (active.id if active else None), Boundary.unit_id.in_(units))
        .order_by(Boundary.unit_id)
    )
    found = {}
    for unit_id, wkb in db.session.execute(query):
        parts = shapely.get_parts(shapely.from_wkb(wkb))
        found[unit_id] = parts[int(np.argmax(shapely.area(parts)))]
    return found


def _spots(shape: shapely.Geometry, rng: np.random.Generator) -> Floats:
    """Return a loose grid of points in a polygon; one point if the grid has none."""
    west, south, east, north = shapely.bounds(shape)
    per_degree = np.array(
        [METRES_PER_DEGREE * np.cos(np.radians((south + north) / 2)), METRES_PER_DEGREE]
    )
    area = shapely.area(shape) * per_degree.prod()
    step = max(STEP_M, np.sqrt(area / SPOTS_ABOUT)) / per_degree
    x = np.arange(west + rng.random() * step[0], east, step[0])
    y = np.arange(south + rng.random() * step[1], north, step[1])
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    grid = grid + rng.uniform(-SHIFT_M, SHIFT_M, grid.shape) / per_degree
    shapely.prepare(shape)
    within: Floats = grid[shapely.contains_xy(shape, grid)]
    if len(within):
        return within
    point = shapely.point_on_surface(shape)
    return np.array([[point.x, point.y]])


def _confirmed(spots: dict[int, Floats], day: date, locator: Locator) -> dict[int, Floats]:
    """Return the spots that the locator assigns to their commune: some polygons overlap."""
    points = np.concatenate(list(spots.values()))
    owners = np.repeat(list(spots), [len(some) for some in spots.values()])
    right = locate(points, [SPOT_ACCURACY_M] * len(points), day, locator) == owners
    kept = {key: points[right & (owners == key)] for key in spots}
    return {key: some for key, some in kept.items() if len(some)}


def locate(
    points: Floats, accuracies: Sequence[float], day: date, locator: Locator
) -> NDArray[np.int64]:
    """Return the unit of each point; -1 outside all units."""
    loaded = locator.loaded_set(day)
    return loaded.unit_ids[loaded.index.locate_many(points[:, 0], points[:, 1], accuracies).commune]


def _beyond(
    communes: Sequence[Commune],
    own: set[int],
    day: date,
    locator: Locator,
    rng: np.random.Generator,
) -> Floats:
    """Return points in the communes of neighbouring provinces."""
    x = np.concatenate([one.longitudes for one in communes])
    y = np.concatenate([one.latitudes for one in communes])
    low, high = (x.min() - 0.05, y.min() - 0.05), (x.max() + 0.05, y.max() + 0.05)
    points = rng.uniform(low, high, (BEYOND_TRIES, 2))
    units = locate(points, [SPOT_ACCURACY_M] * len(points), day, locator)
    kept: Floats = points[(units >= 0) & ~np.isin(units, list(own))]
    return kept


# Samples of one keen volunteer in a month, and in a month per spot.
A_MONTH, A_MONTH_PER_SPOT = 130, 25
# Share of a commune's samples by people who only work there, and the most samples of each.
WORK_SHARE, WORK_MOST = 0.2, 20
# Number of nearest communes, including the own one, in which people work.
WORK_AMONG = 5
# A spot is used again after this time: slightly more than the four hours of `repeat`.
REST = timedelta(hours=4, minutes=5)
# Minutes from one test of an outing to the next.
GAP_LEAST, GAP_MOST = 3.5, 8.0
# Number of spots around home at which rounds begin.
AROUND_HOME = 40


@dataclass(slots=True)
class Volunteer:
    """One phone with its communes and its numbers of counted samples."""

    number: int
    home: Commune
    work: Commune
    at_home: int = 0
    at_work: int = 0


def recruit(
    communes: Sequence[Commune],
    quotas: Mapping[str, int],
    month_share: float,
    rng: np.random.Generator,
) -> list[Volunteer]:
    """Draw volunteers for each commune and divide its quota among them."""
    near = _nearest(communes)
    people: list[Volunteer] = []
    for place, commune in enumerate(communes):
        each = min(A_MONTH, A_MONTH_PER_SPOT * len(commune.longitudes)) * month_share
        for _ in range(int(np.ceil(quotas.get(commune.code, 0) / max(4.0, each)))):
            work = communes[int(rng.choice(near[place]))]
            people.append(Volunteer(len(people), commune, work))
    for commune in communes:
        _divide(commune, quotas.get(commune.code, 0), people, rng)
    return [one for one in people if one.at_home + one.at_work]


def _divide(
    commune: Commune, quota: int, people: Sequence[Volunteer], rng: np.random.Generator
) -> None:
    living = [one for one in people if one.home is commune]
    working = [one for one in people if one.work is commune and one.home is not commune]
    by_work = min(int(quota * WORK_SHARE), WORK_MOST * len(working)) if working else 0
    for one, n in zip(working, _share_out(by_work, len(working), rng), strict=True):
        one.at_work = n
    for one, n in zip(living, _share_out(quota - by_work, len(living), rng), strict=True):
        one.at_home = n


def _share_out(total: int, heads: int, rng: np.random.Generator) -> list[int]:
    """Divide a number unevenly."""
    if not heads:
        return []
    keen = rng.gamma(4.0, 1.0, heads)
    shares: list[int] = rng.multinomial(total, keen / keen.sum()).tolist()
    return shares


def _nearest(communes: Sequence[Commune]) -> list[list[int]]:
    centres = np.array([one.centre for one in communes])
    away = ((centres[:, None] - centres[None, :]) ** 2).sum(axis=2)
    nearest: list[list[int]] = np.argsort(away, axis=1, kind="stable")[:, :WORK_AMONG].tolist()
    return nearest


@dataclass(frozen=True, slots=True)
class Slot:
    """A time of day at which people measure."""

    earliest: float  # hours
    latest: float
    least: int
    most: int
    weight: float
    at_work: bool = False
    round: bool = False  # through hamlets, not at one place


WEEKDAY = (
    Slot(6.2, 7.1, 1, 1, 0.7),
    Slot(11.1, 12.6, 1, 3, 1.6, at_work=True),
    Slot(18.3, 21.4, 1, 4, 3.2),
)
WEEKEND = (
    Slot(7.2, 9.0, 6, 16, 3.6, round=True),
    Slot(14.0, 15.6, 5, 14, 2.4, round=True),
    Slot(18.5, 21.2, 1, 3, 1.6),
)
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class PlannedTest:
    """Time, commune and spot of a test that counts."""

    at: datetime
    commune: Commune
    spot: int


def plan_tests(
    volunteer: Volunteer, days: Sequence[date], until: datetime, rng: np.random.Generator
) -> list[PlannedTest]:
    """Return the tests of a volunteer's month by time, spaced so that each counts."""
    home = _random_spot(volunteer.home, rng)
    work = _random_spot(volunteer.work, rng)
    made: list[PlannedTest] = []
    used: dict[tuple[str, int], datetime] = {}
    for start, slot, size in sorted(_outings(volunteer, days, rng), key=lambda one: one[0]):
        commune = volunteer.work if slot.at_work else volunteer.home
        base = work if slot.at_work else home
        if slot.round:
            around = _by_distance(commune, base)[:AROUND_HOME]
            base = int(rng.choice(around))
        at = start
        for spot in _free(commune, base, start, used)[:size]:
            if at >= until:
                break
            made.append(PlannedTest(at, commune, spot))
            used[commune.code, spot] = at
            at += timedelta(minutes=rng.uniform(GAP_LEAST, GAP_MOST))
    return made


def _outings(
    volunteer: Volunteer, days: Sequence[date], rng: np.random.Generator
) -> Iterator[tuple[datetime, Slot, int]]:
    """Draw outings by weight until the quotas at home and at work are used up."""
    open_slots = [
        (day, slot) for day in days for slot in (WEEKEND if day.weekday() >= SATURDAY else WEEKDAY)
    ]
    keys = rng.exponential(size=len(open_slots)) / [slot.weight for _, slot in open_slots]
    elsewhere = volunteer.work is not volunteer.home
    left = {False: volunteer.at_home, True: volunteer.at_work}
    for place in np.argsort(keys, kind="stable").tolist():
        day, slot = open_slots[place]
        where = slot.at_work and elsewhere
        spots = len((volunteer.work if slot.at_work else volunteer.home).longitudes)
        size = min(left[where], spots, int(rng.integers(slot.least, slot.most + 1)))
        hour = rng.uniform(slot.earliest, slot.latest)
        if size:
            left[where] -= size
            midnight = datetime(day.year, day.month, day.day, tzinfo=VIETNAM)
            yield midnight + timedelta(seconds=round(hour * 3600)), slot, size


def _random_spot(commune: Commune, rng: np.random.Generator) -> int:
    return int(rng.integers(len(commune.longitudes)))


def _by_distance(commune: Commune, spot: int) -> list[int]:
    x: Floats = commune.longitudes - commune.longitudes[spot]
    y: Floats = commune.latitudes - commune.latitudes[spot]
    nearest: list[int] = np.argsort(x * x + y * y, kind="stable").tolist()
    return nearest


def _free(
    commune: Commune, base: int, start: datetime, used: dict[tuple[str, int], datetime]
) -> list[int]:
    """Return spots by distance from the first one, without those used recently."""
    return [
        spot
        for spot in _by_distance(commune, base)
        if (commune.code, spot) not in used or start - used[commune.code, spot] >= REST
    ]
