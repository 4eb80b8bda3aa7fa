"""How the samples of a commune are divided among those of the other system that share its ground.

By position where it is known, else by the share of its area that lies in each; no sample is lost.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from sqlalchemy import select, text

from backend.coverage.figures.counts import Tally
from backend.coverage.statistics.apportionment import largest_remainder
from backend.database.extensions import db
from backend.units.models import Boundary

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
REMEMBERED = 4_096


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
    for fate, n in sorted(tally.fates.items()):
        known = list(located.get(fate, [0] * len(parts)))
        rest = n - sum(known)
        if rest < 0:  # taken away since it was counted
            known, rest = largest_remainder(max(n, 0), known), 0
        for part, seen, added in zip(parts, known, largest_remainder(rest, weights), strict=True):
            divided[part].fates[fate] += seen + added
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


@lru_cache(maxsize=REMEMBERED)
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
