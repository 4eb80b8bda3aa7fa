"""Divide whole numbers so that nothing is lost and nothing is made; pure.

How the samples of a commune are divided among those of the other system that share its ground.

By position where it is known, else by the share of its area that lies in each; no sample is lost.

Twelve months of a unit, across the reform of July 2025 by the crosswalk.

A month of the other system is put together from the communes that share ground with the unit. One
that lies wholly in it is taken whole; any other is divided, and the month is marked *estimated*."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from sqlalchemy import select, text

from backend.accounts.access import Actor
from backend.clock import local_day, month_end, month_start, this_month
from backend.coverage.figures.authorized_unit import serialize_unit
from backend.coverage.figures.counts import Tally, total
from backend.coverage.figures.publication import published
from backend.coverage.figures.query import month_before
from backend.coverage.figures.unit_month import communes_of
from backend.coverage.targets.in_force import TARGET, strict_comparison, targets_by_day
from backend.coverage.targets.models import Target
from backend.database.extensions import db
from backend.units.catalogue import REFORM, ActiveSet, read_active, serving, system_on
from backend.units.models import Boundary
from backend.units.reform import Overlaps, overlaps
from backend.units.service import UnitRow, find


def largest_remainder(total: int, weights: Sequence[float]) -> list[int]:
    """Divide a number of samples by weights; the parts add up to it exactly.

    Equal parts where no weight says otherwise; among equal remainders the earlier one is served.
    """
    whole = math.fsum(weights)
    shares = (
        [weight / whole for weight in weights] if whole > 0 else [1 / len(weights)] * len(weights)
    )
    exact = [total * share for share in shares]
    parts = [math.floor(one) for one in exact]
    order = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[: total - sum(parts)]:
        parts[place] += 1
    return parts


Parts = tuple[int, ...]  # communes of the other system
Places = dict[tuple[int, str], list[tuple[str, float, float]]]  # unit and month: fate, position

# Stripped rows have no position any more, and are divided by area as what was never placed.
POSITIONS = text("""
    select unit_id, to_char(day, 'YYYY-MM') as month, longitude, latitude, case
        when cardinality(reasons) > 0 then reasons[1]
        when 'counted_by_admin' = any(marks) then 'counted_by_admin'
        else 'counted' end as fate
    from measurements
    where unit_id = any(:units) and day between :first and :last and network = :network
        and latitude is not null and longitude is not null
""")
# Weights of communes that somebody looks at; sets never change in place.
CACHED_WEIGHTS_MOST = 4_096


@dataclass(frozen=True, slots=True)
class Grounds:
    """The sets whose polygons tell where samples lie: of the divided commune, of its parts."""

    whole: int | None
    parts: int | None


def positions(units: Sequence[int], first: date, last: date, network: str) -> Places:
    """Where the samples of some communes were taken, by unit and month."""
    found: Places = defaultdict(list)
    if units:
        asked = {"units": list(units), "first": first, "last": last, "network": network}
        for row in db.session.execute(POSITIONS, asked):
            found[row.unit_id, row.month].append((row.fate, row.longitude, row.latitude))
    return found


def split(
    tally: Tally,
    parts: Parts,
    located: Mapping[str, Sequence[int]],
    weights: Sequence[float],
) -> dict[int, Tally]:
    """The tally of each part: what lies in it, and its share of what lies nobody knows where.

    `located` holds by fate how many samples were seen in each part, in the order of the parts.
    """
    divided = {part: Tally(Counter()) for part in parts}
    for fate, n in sorted(tally.by_category.items()):
        known = list(located.get(fate, [0] * len(parts)))
        rest = n - sum(known)
        if rest < 0:  # taken away since it was counted
            known, rest = largest_remainder(max(n, 0), known), 0
        for part, seen, added in zip(parts, known, largest_remainder(rest, weights), strict=True):
            divided[part].by_category[fate] += seen + added
    return divided


def seen_in(
    places: Sequence[tuple[str, float, float]], parts: Parts, grounds: Grounds
) -> dict[str, list[int]]:
    """By fate, how many positions lie in each part; one on a border lies in the earlier."""
    shapes = _polygons(grounds.parts, parts)
    x, y = np.array([one[1] for one in places]), np.array([one[2] for one in places])
    free = np.ones(len(places), dtype=bool)
    found: dict[str, list[int]] = defaultdict(lambda: [0] * len(parts))
    for number, part in enumerate(parts):
        if part not in shapes:
            continue
        inside = free & shapely.intersects_xy(shapes[part], x, y)
        free &= ~inside
        for at in np.flatnonzero(inside):
            found[places[int(at)][0]][number] += 1
    return found


@lru_cache(maxsize=CACHED_WEIGHTS_MOST)
def area_weights(unit: int, parts: Parts, grounds: Grounds) -> tuple[float, ...]:
    """How much of a commune's area lies in each part; all alike where no polygons tell."""
    whole = _polygons(grounds.whole, (unit,)).get(unit)
    shapes = _polygons(grounds.parts, parts)
    if whole is None:
        return (1.0,) * len(parts)
    return tuple(
        float(shapely.intersection(whole, shapes[part]).area) if part in shapes else 0.0
        for part in parts
    )


def _polygons(set_id: int | None, units: Parts) -> dict[int, Any]:
    """The polygons of some communes in a set, made ready to be asked often."""
    query = select(Boundary.unit_id, Boundary.geometry)
    rows = db.session.execute(
        query.where(Boundary.set_id == set_id, Boundary.unit_id.in_(units))
    ).all()
    shapes = shapely.from_wkb([row.geometry for row in rows])
    shapely.prepare(shapes)
    return {row.unit_id: shape for row, shape in zip(rows, shapes, strict=True)}


Tallies = Mapping[tuple[int, str], Tally]  # by unit and month

COUNTS = text("""
    select unit_id, month, fate, sum(n)::int as n from (
        select unit_id, month, fate, n from counts
        where month = any(:months) and unit_id = any(:units) and day is null
            and network = :network
        union all
        select unit_id, to_char(day, 'YYYY-MM'), fate, n from count_deltas
        where unit_id = any(:units) and day between :first and :last and network = :network
    ) both_parts group by 1, 2, 3
""")


@dataclass(frozen=True, slots=True)
class _Across:
    """What is needed to tell months of the other system."""

    overlaps: Overlaps
    own: frozenset[int]
    tallies: Tallies
    places: Places
    grounds: Mapping[str, Grounds]  # by month

    @property
    def parts(self) -> Mapping[int, Parts]:
        """The communes of the other system, each with those that it shares its ground with."""
        return self.overlaps.all

    def in_month(self, month: str) -> tuple[Tally, bool]:
        """The unit's part of a month, and whether anything was divided for it."""
        shares, estimated = [], False
        for unit, parts in self.parts.items():
            tally = self.tallies.get((unit, month))
            if tally is None:
                continue
            if self.own.issuperset(parts):
                shares.append(tally)
                continue
            divided = self._divided(unit, parts, month, tally)
            mine = [one for part, one in divided.items() if part in self.own]
            shares += mine
            estimated |= unit in self.overlaps.listed or any(one.received for one in mine)
        return total(shares), estimated

    def _divided(self, unit: int, parts: Parts, month: str, tally: Tally) -> dict[int, Tally]:
        """The samples of one commune and month, by the communes that share its ground."""
        grounds = self.grounds[month]
        located = seen_in(self.places.get((unit, month), ()), parts, grounds)
        return split(tally, parts, located, area_weights(unit, parts, grounds))


def history(
    unit: UnitRow, network: str, now: datetime, months: int = 12, reader: Actor | None = None
) -> list[dict[str, Any]]:
    """Received, valid and counted of a unit's last months against the target, oldest first.

    Months that are not published yet are left out.
    """
    names = [this_month(now)]
    while len(names) < months:
        names.insert(0, month_before(names[0]))
    own = frozenset(communes_of(unit.id))
    ours = [name for name in names if system_on(month_end(name)) == unit.system]
    tallies = _tallies(sorted(own), ours, network)
    others = [name for name in names if name not in ours]
    across = _across(unit, own, others, network) if others else None
    targets = targets_by_day([month_end(name) for name in names], [unit.level], network)
    told = []
    for name in names:
        parts = across.parts if across and name in others else {unit.id}
        shown = published(reader, name)
        if shown is not None and not shown.issuperset(parts):
            continue
        if across and name in others:
            tally, estimated = across.in_month(name)
        else:
            tally = total(tallies[one, name] for one in own if (one, name) in tallies)
            estimated = False
        target = targets[month_end(name)][unit.level, TARGET].of(unit.id)
        told.append(_serialize_month(name, tally, target, estimated=estimated))
    return told


def unit_history(
    code: str,
    level: str | None,
    as_of: date | None,
    network: str,
    months: int,
    now: datetime,
    reader: Actor | None = None,
) -> dict[str, Any]:
    """The answer about the unit that had a code on a day, today's unless told."""
    unit = find(as_of or local_day(now), code, level)
    items = history(unit, network, now, months, reader)
    return {"unit": serialize_unit(unit), "network": network, "items": items}


def _across(unit: UnitRow, own: frozenset[int], months: Sequence[str], network: str) -> _Across:
    found = overlaps(unit.id, unit.system)
    partners = found.all
    tallies = _tallies(list(partners), months, network)
    divided = sorted({one for one, _ in tallies if not own.issuperset(partners[one])})
    places = positions(divided, month_start(months[0]), month_end(months[-1]), network)
    return _Across(found, own, tallies, places, _grounds(unit.system, months))


def _grounds(system: str, months: Sequence[str]) -> dict[str, Grounds]:
    """The set that served each month's last day, and the one that tells the unit's own communes."""
    active = read_active()
    edge = REFORM if system == "2025" else REFORM - timedelta(days=1)
    parts = serving(edge, active)
    return {
        name: Grounds(_id(serving(month_end(name), active)), _id(parts)) for name in months
    }  # fmt: skip


def _id(one: ActiveSet | None) -> int | None:
    return one.id if one else None


def _tallies(units: Sequence[int], months: Sequence[str], network: str) -> Tallies:
    found: dict[tuple[int, str], Tally] = defaultdict(Tally)
    if months:
        span = {"first": month_start(months[0]), "last": month_end(months[-1])}
        asked = {"units": list(units), "months": list(months), "network": network, **span}
        for row in db.session.execute(COUNTS, asked):
            found[row.unit_id, row.month].by_category[row.fate] += row.n
    return dict(found)


def _serialize_month(
    month: str, tally: Tally, target: Target | None, *, estimated: bool
) -> dict[str, Any]:
    """A month as an answer; whether an estimate reached a target nobody can say."""
    reached = None
    if target is not None and not estimated:
        reached = getattr(tally, target.basis) >= target.threshold + int(strict_comparison())
    return {
        "month": month,
        "system": system_on(month_end(month)),
        "received": tally.received,
        "valid": tally.valid,
        "counted": tally.counted,
        "target": target.threshold if target else None,
        "reached": reached,
        "estimated": estimated,
    }
