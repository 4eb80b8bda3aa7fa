"""Counts of a unit in its last months, across the reform of July 2025.

A month of the other administrative system is composed of the communes that overlap the unit. A
commune inside the unit is taken whole. Any other is divided by area, and the month is marked
*estimated*; no sample is lost.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select, text

from backend.accounts.access import Actor
from backend.clock import local_day, month_before, month_end, this_month
from backend.coverage.figures.unit_access import (
    communes_of,
    in_own_area,
    published,
    serialize_unit,
)
from backend.coverage.statistics.answers import HistoryMonth, UnitHistory
from backend.coverage.targets.models import Target
from backend.coverage.targets.service import TARGET, targets_by_day
from backend.database.extensions import db
from backend.measurements.recording.reasons import (
    COLUMNS,
    COUNTED,
    COUNTED_CATEGORIES,
    COUNTED_TICKETED,
    COUNTED_WITNESSED,
    NOT_VALID,
)
from backend.units.catalogue import REFORM, read_active, serving_set, system_on
from backend.units.models import Boundary
from backend.units.reform import Overlaps, overlaps
from backend.units.service import UnitRow, find

Parts = tuple[int, ...]  # communes of the other system that overlap a commune

LIVE_COUNTS = text("""
    select unit_id, month, to_jsonb(m) as counts from unit_months m
    where month = any(:months) and unit_id = any(:units) and network = :network
""")
PUBLIC_COUNTS = text("""
    select unit_id, month, to_jsonb(m) as counts from public_months m
    where month = any(:months) and unit_id = any(:units) and network = :network
""")
# Categories that are divided together: a rounding each would change the counted number.
DIVIDED_AS = dict.fromkeys((COUNTED_WITNESSED, COUNTED_TICKETED), COUNTED)
# Cached area weights of communes; boundary sets never change in place.
MAX_CACHED_WEIGHTS = 4_096


Tally = Counter[str]  # samples of a place by category
Tallies = Mapping[tuple[int, str], Tally]  # by unit and month


def numbers(tally: Tally) -> dict[str, int]:
    """Return the three numbers of samples."""
    return {
        "received": tally.total(),
        "valid": sum(n for category, n in tally.items() if category not in NOT_VALID),
        "counted": sum(tally[category] for category in COUNTED_CATEGORIES),
    }


@dataclass(frozen=True, slots=True)
class BoundarySets:
    """The boundary sets of a divided commune and of the communes that it is divided among."""

    whole: int | None
    parts: int | None


@dataclass(frozen=True, slots=True)
class OtherSystem:
    """Counts of the communes of the other system that overlap a unit."""

    overlaps: Overlaps
    own: frozenset[int]  # communes of the unit
    tallies: Tallies
    sets: Mapping[str, BoundarySets]  # by month

    @property
    def parts(self) -> Mapping[int, Parts]:
        """The communes of the other system, each with the communes that it overlaps."""
        return self.overlaps.all

    def in_month(self, month: str) -> tuple[Tally, bool]:
        """Return the unit's share of a month, and whether it is an estimate."""
        shares, estimated = [], False
        for unit, parts in self.parts.items():
            tally = self.tallies.get((unit, month))
            if tally is None:
                continue
            if self.own.issuperset(parts):
                shares.append(tally)
                continue
            divided = split(tally, parts, area_weights(unit, parts, self.sets[month]))
            own_shares = [share for part, share in divided.items() if part in self.own]
            shares += own_shares
            estimated |= unit in self.overlaps.listed or any(share.total() for share in own_shares)
        return total(shares), estimated


def unit_history(
    code: str,
    level: str | None,
    as_of: date | None,
    network: str,
    months: int,
    now: datetime,
    reader: Actor | None = None,
) -> UnitHistory:
    """Return the history of the unit that had a code on a day, by default today."""
    unit = find(as_of or local_day(now), code, level)
    items = history(unit, network, now, months, reader)
    return {"unit": serialize_unit(unit), "network": network, "items": items}


def history(
    unit: UnitRow, network: str, now: datetime, months: int = 12, reader: Actor | None = None
) -> list[HistoryMonth]:
    """Return received, valid and counted of a unit's last months with the target, oldest first.

    Months whose figures are not published are left out.
    """
    names = [this_month(now)]
    while len(names) < months:
        names.insert(0, month_before(names[0]))
    own = frozenset(communes_of(unit.id))
    same_system = [name for name in names if system_on(month_end(name)) == unit.system]
    # The public sees provinces of today exactly.
    of_today = unit.level == "province" and unit.system == system_on(month_end(names[-1]))
    exact = of_today or in_own_area(reader, unit, names[-1])
    tallies = _read_tallies(sorted(own), same_system, network, exact=exact)
    others = [name for name in names if name not in same_system]
    other_system = None
    if others:
        other_system = _read_other_system(unit, own, others, network, exact=exact)
    targets = targets_by_day([month_end(name) for name in names], [unit.level], network)
    items = []
    for name in names:
        other = other_system if name in others else None
        visible = published(reader, name)
        if visible is not None and not visible.issuperset(other.parts if other else {unit.id}):
            continue
        if other:
            tally, estimated = other.in_month(name)
        else:
            tally = total(tallies[commune, name] for commune in own if (commune, name) in tallies)
            estimated = False
        target = targets[month_end(name)][unit.level, TARGET].of(unit.id)
        items.append(_serialize_month(name, tally, target, estimated=estimated))
    return items


def _read_other_system(
    unit: UnitRow,
    own: frozenset[int],
    months: Sequence[str],
    network: str,
    *,
    exact: bool,
) -> OtherSystem:
    """Read the counts of months in the other system."""
    others = overlaps(unit.id, unit.system)
    tallies = _read_tallies(list(others.all), months, network, exact=exact)
    return OtherSystem(others, own, tallies, _boundary_sets(unit.system, months))


def _boundary_sets(system: str, months: Sequence[str]) -> dict[str, BoundarySets]:
    """Return the set in force on each month's last day, with the set of the unit's own system."""
    active = read_active()

    def set_id(day: date) -> int | None:
        serving = serving_set(day, active)
        return serving.id if serving else None

    parts = set_id(REFORM if system == "2025" else REFORM - timedelta(days=1))
    return {name: BoundarySets(set_id(month_end(name)), parts) for name in months}


def _read_tallies(
    units: Sequence[int], months: Sequence[str], network: str, *, exact: bool
) -> Tallies:
    tallies: dict[tuple[int, str], Tally] = defaultdict(Counter)
    if months:
        parameters = {"units": list(units), "months": list(months), "network": network}
        for row in db.session.execute(LIVE_COUNTS if exact else PUBLIC_COUNTS, parameters):
            for category, column in COLUMNS.items():
                if n := row.counts[column]:
                    divided_as = DIVIDED_AS.get(category, category)
                    tallies[row.unit_id, row.month][divided_as] += n
    return dict(tallies)


def _serialize_month(
    month: str, tally: Tally, target: Target | None, *, estimated: bool
) -> HistoryMonth:
    """Return a month as an item; whether an estimate reached the target is unknown."""
    reached, samples = None, numbers(tally)
    if target is not None and target.threshold is not None and not estimated:
        reached = samples[target.basis] >= target.threshold
    return {
        "month": month,
        "system": system_on(month_end(month)),
        "received": samples["received"],
        "valid": samples["valid"],
        "counted": samples["counted"],
        "target": target.threshold if target else None,
        "reached": reached,
        "estimated": estimated,
    }


def total(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of tallies."""
    result = Tally()
    for tally in tallies:
        result.update(tally)
    return result


def split(tally: Tally, parts: Parts, weights: Sequence[float]) -> dict[int, Tally]:
    """Divide a tally among parts by weights."""
    divided = {part: Tally() for part in parts}
    for category, n in sorted(tally.items()):
        for part, share in zip(parts, largest_remainder(n, weights), strict=True):
            divided[part][category] += share
    return divided


def largest_remainder(total: int, weights: Sequence[float]) -> list[int]:
    """Divide a number of samples by weights into whole parts with exactly this sum.

    Parts are equal if all weights are 0; among equal remainders the first part is rounded up.
    """
    whole = math.fsum(weights)
    equal = 1 / len(weights)
    exact = [total * (weight / whole if whole > 0 else equal) for weight in weights]
    parts = [math.floor(part) for part in exact]
    order = sorted(range(len(parts)), key=lambda number: (parts[number] - exact[number], number))
    for number in order[: total - sum(parts)]:
        parts[number] += 1
    return parts


@lru_cache(maxsize=MAX_CACHED_WEIGHTS)
def area_weights(unit: int, parts: Parts, sets: BoundarySets) -> tuple[float, ...]:
    """Return the area of a commune inside each part; equal weights without polygons."""
    whole = polygons(sets.whole, (unit,)).get(unit)
    shapes = polygons(sets.parts, parts)
    if whole is None:
        return (1.0,) * len(parts)
    return tuple(
        float(shapely.intersection(whole, shapes[part]).area) if part in shapes else 0.0
        for part in parts
    )


def polygons(set_id: int | None, units: Sequence[int]) -> dict[int, BaseGeometry]:
    """Read the polygons of units in a set by id, prepared for repeated predicates.

    Units without a polygon are left out.
    """
    within = Boundary.set_id == set_id, Boundary.unit_id.in_(units)
    rows = db.session.execute(select(Boundary.unit_id, Boundary.geometry).where(*within)).all()
    shapes = shapely.from_wkb([row.geometry for row in rows])
    shapely.prepare(shapes)
    return {row.unit_id: shape for row, shape in zip(rows, shapes, strict=True)}
