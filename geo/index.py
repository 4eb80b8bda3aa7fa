"""Find the commune of a position, the distance to its border, and other possible communes."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo import single
from geo.grid import (
    BESIDE,
    BORDER,
    CELL_DEG,
    FORMAT,
    Bools,
    DamagedIndexError,
    Floats,
    Grid,
    Int32s,
    Ints,
    build_grid,
    read_grid,
    write_grid,
)
from geo.lookup import (
    BorderQuery,
    Borders,
    ContainmentPairs,
    borders_within,
    cells_of_points,
    containment_pairs,
)

if TYPE_CHECKING:
    import geopandas

How = Literal["inside", "edge", "snapped"]

# Values of Locations.how, and their names.
NOWHERE, INSIDE, EDGE, SNAPPED = range(4)
HOW_NAMES: tuple[How | None, ...] = (None, "inside", "edge", "snapped")


@dataclass(frozen=True, slots=True)
class Location:
    """The commune of a position.

    Attributes
    ----------
    code : str
        The commune.
    how : {"inside", "edge", "snapped"}
        `edge`: on the border of that commune; `snapped`: outside all, this is the nearest.
    border_distance_m : float or None
        Metres to the nearest border of that commune; inf when there is none within the larger
        of accuracy and `search_m`; None when no accuracy was given.
    ambiguous : bool
        Whether the accuracy circle reaches another commune.
    candidates : tuple of str
        Those other communes, ascending.
    """

    code: str
    how: How
    border_distance_m: float | None = None
    ambiguous: bool = False
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Locations:
    """The communes of n positions, as arrays.

    Attributes
    ----------
    codes : tuple of str
        All codes of the index, ascending.
    commune : (n,) int32
        Number in `codes`, -1 outside.
    how : (n,) uint8
        NOWHERE, INSIDE, EDGE or SNAPPED.
    border_distance_m : (n,) float64 or None
        As in `Location`; inf outside. None without accuracies.
    candidate_offsets : (n + 1,) int64
        Those of position i are `candidate_values[offsets[i]:offsets[i + 1]]`.
    candidate_values : (m,) int32
        Numbers in `codes`, ascending for each position.
    """

    codes: tuple[str, ...]
    commune: Int32s
    how: NDArray[np.uint8]
    border_distance_m: Floats | None
    candidate_offsets: Ints
    candidate_values: Int32s

    @property
    def ambiguous(self) -> Bools:
        """Whether the accuracy circle of each position reaches another commune."""
        return np.diff(self.candidate_offsets) > 0

    def code_array(self) -> NDArray[np.object_]:
        """Return the code of each position, None outside."""
        return np.array([*self.codes, None], dtype=object)[self.commune]

    def location(self, i: int) -> Location | None:
        """Return one position as a `Location`."""
        how = HOW_NAMES[self.how.item(i)]
        if how is None:
            return None
        first, end = self.candidate_offsets[i : i + 2].tolist()
        others = tuple(self.codes[k] for k in self.candidate_values[first:end].tolist())
        distance = None if self.border_distance_m is None else self.border_distance_m.item(i)
        return Location(self.codes[self.commune.item(i)], how, distance, bool(others), others)


# A position outside every commune is assigned to the nearest one within its accuracy and this
# distance: enough for a quay or a gap between polygons, too little for a ship.
SNAP_MAX_M = 200.0

# Positions coarser than this are never assigned (geo.fix), so no border beyond it matters.
SEARCH_MAX_M = 2_000.0


class CommuneIndex:
    """Finds the commune of positions (EPSG:4326), the same on every machine.

    A position on a border (within `geo.grid.EDGE_DEG`) or in two polygons at once belongs to
    the lowest code. With an accuracy, a position outside every commune is snapped to the
    nearest one (SNAP_MAX_M), and the other communes in its accuracy circle are returned.
    """

    def __init__(self, codes: Sequence[str], grid: Grid) -> None:
        self.codes = tuple(codes)
        self.grid = grid

    @classmethod
    def from_frame(cls, frame: "geopandas.GeoDataFrame", cell_deg: float = CELL_DEG) -> Self:
        """Build the index.

        Parameters
        ----------
        frame : GeoDataFrame
            Columns `code` (unique strings) and `geometry` ((multi)polygons, EPSG:4326).
        cell_deg : float
            Size of the grid's cells in degrees; affects speed, not results.

        Raises
        ------
        ValueError
            No row, another CRS, a duplicate code, or a geometry that is no polygon.
        """
        codes, polygons = _checked(frame)
        return cls(codes, build_grid(polygons, cell_deg))

    def locate(
        self,
        lon: float,
        lat: float,
        accuracy_m: float | None = None,
        *,
        search_m: float = SNAP_MAX_M,
    ) -> Location | None:
        """Return the commune of one position; None outside all.

        Parameters
        ----------
        lon, lat : float
            Degrees (EPSG:4326).
        accuracy_m : float, optional
            Radius of the accuracy circle in metres; at most SEARCH_MAX_M is used.
        search_m : float
            With an accuracy, the least distance to search for the border, in metres.

        Raises
        ------
        ValueError
            A coordinate that is not finite or out of range, or a negative accuracy.
        """
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            raise ValueError(f"no position on earth: longitude {lon!r}, latitude {lat!r}")
        inside = single.containing(self.grid, lon, lat)
        how: How = "edge" if inside.on_edge else "inside"
        if accuracy_m is None:
            return Location(self.codes[inside.polygons[0]], how) if inside.polygons else None
        if not 0 <= accuracy_m < math.inf:
            raise ValueError(f"no accuracy: {accuracy_m!s}")
        accuracy = min(accuracy_m, SEARCH_MAX_M)
        search = max(accuracy, min(search_m, SEARCH_MAX_M))
        radii = single.Radii(accuracy, search, min(accuracy, SNAP_MAX_M))
        around = single.surroundings(self.grid, lon, lat, inside, radii)
        if around is None:
            return self.locate_many([lon], [lat], [accuracy_m], search_m=search_m).location(0)
        if around.polygon is None:
            return None
        others = tuple(self.codes[polygon] for polygon in around.others)
        how = "snapped" if around.is_snapped else how
        code = self.codes[around.polygon]
        return Location(code, how, around.border_m, bool(others), others)

    def locate_many(
        self,
        lons: ArrayLike,
        lats: ArrayLike,
        accuracies: ArrayLike | None = None,
        *,
        search_m: float = SNAP_MAX_M,
    ) -> Locations:
        """Return the communes of many positions; arrays of equal length, else as `locate`."""
        x, y = _coordinates("longitude", lons, 180), _coordinates("latitude", lats, 90)
        if len(x) != len(y):
            raise ValueError(f"{len(x)} longitudes, {len(y)} latitudes")
        cells = cells_of_points(self.grid, x, y)
        border = np.flatnonzero(cells <= BORDER)
        pairs = containment_pairs(self.grid, cells[border], x[border], y[border])
        pairs = ContainmentPairs(border[pairs.point], pairs.polygon, pairs.edge)
        commune = np.where(cells >= 0, cells % BESIDE, -1)
        how = np.where(commune >= 0, np.uint8(INSIDE), np.uint8(NOWHERE))
        first = np.flatnonzero(np.diff(pairs.point, prepend=-1))
        commune[pairs.point[first]] = pairs.polygon[first]
        how[pairs.point[first]] = np.where(pairs.edge[first], EDGE, INSIDE)
        if accuracies is None:
            none = np.zeros(len(x) + 1, dtype=np.int64)
            return Locations(self.codes, commune, how, None, none, np.empty(0, dtype=np.int32))
        accuracy = _accuracies(accuracies, len(x))
        search = np.where(commune >= 0, np.maximum(accuracy, min(search_m, SEARCH_MAX_M)), accuracy)
        query = BorderQuery.of_all(x, y, commune, search, accuracy)
        return self._with_borders(query.without_clear_cells(self.grid, cells), how, pairs)

    def _with_borders(
        self, query: BorderQuery, how: NDArray[np.uint8], pairs: ContainmentPairs
    ) -> Locations:
        """Snap positions, measure to the own border and list the candidates."""
        commune, accuracy = query.own.copy(), query.reach_m
        distance = np.full(len(commune), np.inf)
        count = len(self.codes)
        keys = [pairs.point * count + pairs.polygon]
        for near in borders_within(self.grid, query):
            _snap(near, accuracy, commune, how)
            own = near.polygon == commune[near.point]
            np.minimum.at(distance, near.point[own], near.distance_m[own])
            other = ~own & (near.distance_m <= accuracy[near.point])
            keys.append(near.point[other] * count + near.polygon[other])
        key = np.unique(np.concatenate(keys))
        point, polygon = key // count, (key % count).astype(np.int32)
        other = polygon != commune[point]
        offsets = np.zeros(len(commune) + 1, dtype=np.int64)
        np.cumsum(np.bincount(point[other], minlength=len(commune)), out=offsets[1:])
        return Locations(self.codes, commune, how, distance, offsets, polygon[other])

    def save(self, path: Path) -> None:
        """Write the index to a file atomically."""
        write_grid(path, self.codes, self.grid)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Map a saved index into memory, shared by all processes that load it.

        Raises
        ------
        DamagedIndexError
            The file is truncated, altered, or of another format.
        """
        return cls(*read_grid(path))


def load_or_build(
    load_frame: "Callable[[], geopandas.GeoDataFrame]", digest: str, folder: Path
) -> CommuneIndex:
    """Load the index of a boundary set from a folder, or build it and store it there.

    `digest` identifies the set's content; a damaged file or one of another format is replaced.
    """
    path = folder / f"{digest}.v{FORMAT}.index"
    try:
        return CommuneIndex.load(path)
    except (FileNotFoundError, DamagedIndexError):
        CommuneIndex.from_frame(load_frame()).save(path)
        return CommuneIndex.load(path)


def _snap(near: Borders, accuracy: Floats, commune: Int32s, how: NDArray[np.uint8]) -> None:
    """Assign positions outside to the nearest commune, the lowest of equally near ones."""
    outside = np.flatnonzero(commune[near.point] < 0)
    outside = outside[
        near.distance_m[outside] <= np.minimum(accuracy[near.point[outside]], SNAP_MAX_M)
    ]
    point, polygon = near.point[outside], near.polygon[outside]
    order = np.lexsort((polygon, near.distance_m[outside], point))
    first = order[np.diff(point[order], prepend=-1) != 0]
    commune[point[first]] = polygon[first]
    how[point[first]] = SNAPPED


def _checked(frame: "geopandas.GeoDataFrame") -> tuple[list[str], NDArray[np.object_]]:
    """Return codes and polygons in the order of the codes; ValueError for unusable ones."""
    if frame.empty or frame.crs is None or frame.crs.to_epsg() != 4326:
        raise ValueError(f"need polygons in EPSG:4326, got {len(frame)} rows in {frame.crs}")
    codes = [str(code) for code in frame["code"]]
    order = sorted(range(len(codes)), key=codes.__getitem__)
    codes = [codes[k] for k in order]
    for code, other in pairwise(codes):
        if code == other:
            raise ValueError(f"code {code} comes twice")
    polygons = np.array(frame.geometry.array, dtype=object)[order]
    for code, polygon in zip(codes, polygons, strict=True):
        if polygon is None or polygon.is_empty or "Polygon" not in polygon.geom_type:
            raise ValueError(f"code {code} has no polygon")
    return codes, polygons


def _coordinates(name: str, values: ArrayLike, limit: float) -> Floats:
    array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if len(array) and not (array.min() >= -limit and array.max() <= limit):
        wrong = array[~(np.abs(array) <= limit)][0]
        raise ValueError(f"no position on earth: {name} {wrong!s}")
    return array


def _accuracies(values: ArrayLike, count: int) -> Floats:
    array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if len(array) != count:
        raise ValueError(f"{count} positions, {len(array)} accuracies")
    if len(array) and not (array.min() >= 0 and array.max() < math.inf):
        wrong = array[~((array >= 0) & (array < math.inf))][0]
        raise ValueError(f"no accuracy: {wrong!s}")
    return np.minimum(array, SEARCH_MAX_M)
