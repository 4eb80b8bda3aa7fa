"""In which commune does a position lie: the hot path, cached per process."""

import math
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import aliased

from backend.database.extensions import db
from backend.errors import Problem
from backend.units.catalogue import ActiveSet, read_active, serving
from backend.units.models import Boundary, Unit
from geo.index import CommuneIndex, cached
from geo.place import Place

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

# A newly activated set is noticed by every worker within this time, at one small query a time.
CATALOGUE_TTL_S = 2.0
# Of a position outside every commune, in place of a unit's row.
NOWHERE = -1
# Boundaries are loaded at the first start; a phone that is faster than that waits this long.
RETRY_AFTER_S = 5


@dataclass(frozen=True, slots=True)
class UnitName:
    """What an answer says of a commune."""

    id: int
    code: str
    name: str
    province: str


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a position lies, and the set that says so; unit_id is None outside every commune."""

    unit_id: int | None
    code: str | None
    name: str | None
    province: str | None
    how: str | None  # inside, edge, snapped
    ambiguous: bool
    candidates: tuple[str, ...]
    border_distance_m: float | None
    set_id: int
    set_name: str
    quality: str


@dataclass(frozen=True, slots=True)
class Ground:
    """The index over one set, the names of its communes, and their rows by the index's numbers."""

    set_id: int
    index: CommuneIndex
    names: Mapping[str, UnitName]
    unit_ids: NDArray[np.int64]  # the last stands for nowhere, which the index numbers -1


class Locator:
    """Names the commune of a position on a day; one per process, safe for its threads."""

    def __init__(self, var_dir: Path) -> None:
        self._folder = var_dir / "cache"
        self._lock = threading.Lock()
        self._grounds: dict[tuple[int, str], Ground] = {}
        self._catalogue: tuple[ActiveSet, ...] = ()
        self._read_at = float("-inf")

    def set_for(self, day: date) -> ActiveSet:
        """The boundary set that serves a day; 503 while none is loaded."""
        if time.monotonic() - self._read_at > CATALOGUE_TTL_S:
            self._catalogue = read_active()
            self._read_at = time.monotonic()
        found = serving(day, self._catalogue)
        if found is None:
            self.forget()
            raise Problem(503, "unavailable", headers={"Retry-After": str(RETRY_AFTER_S)})
        return found

    def forget(self) -> None:
        """Read again, at the next question, which sets are active."""
        self._read_at = float("-inf")

    def place(
        self,
        day: date,
        longitude: float,
        latitude: float,
        accuracy_m: float | None,
        search_m: float = 0.0,
    ) -> Placed:
        """Name the commune of one position, in the set active for its day.

        The distance of its border is told as far as the accuracy or `search_m` reaches.
        """
        active = self.set_for(day)
        ground = self._ground(active)
        found = ground.index.locate(longitude, latitude, accuracy_m, search_m=search_m)
        return _placed(active, ground, found)

    def place_many(
        self,
        days: Sequence[date],
        longitudes: Sequence[float],
        latitudes: Sequence[float],
        accuracies: Sequence[float | None],
    ) -> list[Placed]:
        """Name the communes of many positions, in the order given."""
        by_set: dict[ActiveSet, list[int]] = defaultdict(list)
        for number, day in enumerate(days):
            by_set[self.set_for(day)].append(number)
        placed: dict[int, Placed] = {}
        for active, numbers in by_set.items():
            ground = self._ground(active)
            exact = [i for i in numbers if accuracies[i] is not None]
            bare = [i for i in numbers if accuracies[i] is None]
            for some, radii in ((exact, [accuracies[i] or 0.0 for i in exact]), (bare, None)):
                x, y = [longitudes[i] for i in some], [latitudes[i] for i in some]
                found = ground.index.locate_many(x, y, radii)
                placed |= {i: _placed(active, ground, found.place(at)) for at, i in enumerate(some)}
        return [placed[i] for i in range(len(days))]

    def ground(self, day: date) -> Ground:
        """What positions of a day are looked up in; 503 while nothing is loaded."""
        return self._ground(self.set_for(day))

    def warm(self, days: Iterable[date]) -> None:
        """Load what serves these days before the workers fork, so that they share its memory."""
        self.warm_sets({self.set_for(day) for day in days})

    def warm_sets(self, sets: Iterable[ActiveSet]) -> None:
        """Load these sets."""
        for active in sets:
            self._ground(active)

    def _ground(self, active: ActiveSet) -> Ground:
        key = (active.id, active.digest)
        ground = self._grounds.get(key)
        if ground is None:
            with self._lock:
                ground = self._grounds.get(key) or self._read(active)
                self._grounds[key] = ground
        return ground

    def _read(self, active: ActiveSet) -> Ground:
        index = cached(lambda: read_frame(active.id), active.digest, self._folder)
        names = read_names(active.id)
        unit_ids = np.array([*(names[code].id for code in index.codes), NOWHERE])
        return Ground(active.id, index, names, unit_ids)


def read_frame(set_id: int) -> "GeoDataFrame":
    """The polygons of a set with their codes, in EPSG:4326."""
    from geopandas import GeoDataFrame  # takes longer to load than a whole start from the cache
    from shapely import from_wkb

    query = (
        select(Unit.code, Boundary.geometry)
        .join(Unit, Unit.id == Boundary.unit_id)
        .where(Boundary.set_id == set_id)
        .order_by(Unit.code.collate("C"))
    )
    rows = db.session.execute(query).all()
    shapes = from_wkb([row.geometry for row in rows])
    return GeoDataFrame({"code": [row.code for row in rows]}, geometry=shapes, crs=4326)


def read_names(set_id: int) -> dict[str, UnitName]:
    """The communes of a set by code."""
    province = aliased(Unit)
    query = (
        select(Unit.id, Unit.code, Unit.name, province.name)
        .join(Boundary, Boundary.unit_id == Unit.id)
        .outerjoin(province, province.id == Unit.province_id)
        .where(Boundary.set_id == set_id)
    )
    return {row[1]: UnitName(*row) for row in db.session.execute(query)}


def _placed(active: ActiveSet, ground: Ground, place: Place | None) -> Placed:
    if place is None:
        return Placed(
            None, None, None, None, None, False, (), None, active.id, active.name, active.quality
        )
    unit = ground.names[place.code]
    return Placed(
        unit_id=unit.id,
        code=unit.code,
        name=unit.name,
        province=unit.province,
        how=place.how,
        ambiguous=place.ambiguous,
        candidates=tuple(place.candidates),
        border_distance_m=_finite(place.border_distance_m),
        set_id=active.id,
        set_name=active.name,
        quality=active.quality,
    )


def _finite(distance: float | None) -> float | None:
    """JSON has no word for "farther than was looked for"."""
    return distance if distance is not None and math.isfinite(distance) else None
