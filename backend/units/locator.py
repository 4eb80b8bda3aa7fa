"""Find the commune of a position; indexes are cached per process."""

import math
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from backend.database.extensions import db
from backend.errors import Problem
from backend.units.catalogue import ActiveSet, read_active, serving_set
from backend.units.index import NamedUnit, unit_index
from backend.units.models import Boundary, Unit
from geo.index import CommuneIndex, Location, load_or_build

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

# Every worker uses a newly activated set after this time; it costs one small query each time.
CATALOGUE_TTL_S = 2.0
# Instead of a unit's id, for a position outside every commune.
NO_UNIT = -1
# Boundaries are loaded at the first start; a phone that posts before that waits this long.
RETRY_AFTER_S = 5


class UnitLocation(NamedTuple):
    """The commune of a position in a boundary set; unit_id is None outside every commune."""

    set_id: int
    set_name: str
    quality: str
    unit_id: int | None = None
    code: str | None = None
    name: str | None = None
    province: str | None = None
    how: str | None = None  # inside, edge, snapped
    ambiguous: bool = False
    candidates: tuple[str, ...] = ()
    border_distance_m: float | None = None


@dataclass(frozen=True, slots=True)
class LoadedSet:
    """The index of one set, its communes by code, and their ids by the index's numbers."""

    set_id: int
    index: CommuneIndex
    units: Mapping[str, NamedUnit]
    unit_ids: NDArray[np.int64]  # the last is NO_UNIT: the index numbers positions outside -1


class Locator:
    """Finds the commune of a position on a day; one per process, thread-safe."""

    def __init__(self, var_dir: Path) -> None:
        self._folder = var_dir / "cache"
        self._lock = threading.Lock()
        self._loaded_sets: dict[tuple[int, str], LoadedSet] = {}
        self._catalogue: tuple[ActiveSet, ...] = ()
        self._read_at = float("-inf")
        self._tried: tuple[ActiveSet, ...] = ()

    def trying(self, one: ActiveSet) -> "Locator":
        """Return a locator as if another set were active, too."""
        other = Locator(self._folder.parent)
        other._tried = (one,)
        return other

    def set_for(self, day: date) -> ActiveSet:
        """Return the boundary set that serves a day; 503 while none is loaded."""
        if time.monotonic() - self._read_at > CATALOGUE_TTL_S:
            self._catalogue = read_active()
            self._read_at = time.monotonic()
        found = serving_set(day, (*self._catalogue, *self._tried))
        if found is None:
            self.refresh()
            raise Problem(503, "unavailable", headers={"Retry-After": str(RETRY_AFTER_S)})
        return found

    def refresh(self) -> None:
        """Read the active sets again at the next call."""
        self._read_at = float("-inf")

    def locate(
        self,
        day: date,
        longitude: float,
        latitude: float,
        accuracy_m: float | None,
        search_m: float = 0.0,
    ) -> UnitLocation:
        """Find the commune of one position in the set that serves its day.

        The distance to its border is given up to the larger of accuracy and `search_m`.
        """
        active = self.set_for(day)
        loaded = self._load(active)
        found = loaded.index.locate(longitude, latitude, accuracy_m, search_m=search_m)
        return _unit_location(active, loaded, found)

    def locate_many(
        self,
        days: Sequence[date],
        longitudes: Sequence[float],
        latitudes: Sequence[float],
        accuracies: Sequence[float | None],
    ) -> list[UnitLocation]:
        """Find the communes of many positions, in the given order.

        Distances to borders are given up to the accuracies.
        """
        by_set: dict[ActiveSet, list[int]] = defaultdict(list)
        for number, day in enumerate(days):
            by_set[self.set_for(day)].append(number)
        located: dict[int, UnitLocation] = {}
        for active, numbers in by_set.items():
            loaded = self._load(active)
            exact = [i for i in numbers if accuracies[i] is not None]
            bare = [i for i in numbers if accuracies[i] is None]
            for some, radii in ((exact, [accuracies[i] or 0.0 for i in exact]), (bare, None)):
                if not some:
                    continue
                x, y = [longitudes[i] for i in some], [latitudes[i] for i in some]
                found = loaded.index.locate_many(x, y, radii, search_m=0.0)
                located |= {
                    i: _unit_location(active, loaded, found.location(at))
                    for at, i in enumerate(some)
                }
        return [located[i] for i in range(len(days))]

    def units_of(
        self, day: date, longitudes: Sequence[float], latitudes: Sequence[float]
    ) -> list[int]:
        """Return the ids of the communes of positions on a day; NO_UNIT outside every commune."""
        loaded = self.loaded_set(day)
        found = loaded.index.locate_many(longitudes, latitudes)
        ids: list[int] = loaded.unit_ids[found.commune].tolist()
        return ids

    def loaded_set(self, day: date) -> LoadedSet:
        """Return the loaded set that serves a day; 503 while none is loaded."""
        return self._load(self.set_for(day))

    def warm_sets(self, sets: Iterable[ActiveSet]) -> None:
        """Load these sets before the workers fork, so that they share the memory.

        A first position loads what numpy imports only when it is used.
        """
        for active in sets:
            self._load(active).index.locate_many([0.0], [0.0], [0.0])

    def _load(self, active: ActiveSet) -> LoadedSet:
        key = (active.id, active.digest)
        loaded = self._loaded_sets.get(key)
        if loaded is None:
            with self._lock:
                loaded = self._loaded_sets.get(key) or self._read(active)
                self._loaded_sets[key] = loaded
        return loaded

    def _read(self, active: ActiveSet) -> LoadedSet:
        index = load_or_build(lambda: read_frame(active.id), active.digest, self._folder)
        ids = db.session.scalars(select(Boundary.unit_id).where(Boundary.set_id == active.id)).all()
        by_id = unit_index().by_id
        units = {by_id[id].code: by_id[id] for id in ids}
        unit_ids = np.array([*(units[code].id for code in index.codes), NO_UNIT])
        return LoadedSet(active.id, index, units, unit_ids)


def read_frame(set_id: int) -> "GeoDataFrame":
    """Return the polygons of a set with their codes, in EPSG:4326."""
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


def _unit_location(active: ActiveSet, loaded: LoadedSet, location: Location | None) -> UnitLocation:
    in_set = active.id, active.name, active.quality
    if location is None:
        return UnitLocation(*in_set)
    unit, border_m = loaded.units[location.code], location.border_distance_m
    province, _ = unit.above[-1]
    return UnitLocation(
        *in_set, unit.id, unit.code, unit.name, province, location.how, location.ambiguous,
        tuple(location.candidates),
        None if border_m is None or math.isinf(border_m) else border_m,  # JSON has no infinity
    )  # fmt: skip
