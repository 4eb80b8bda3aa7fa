"""Outlines of units for maps drawn by the server: provinces, or the communes of a unit.

Made once for each boundary set, kept in VAR_DIR and in memory: half a second for the country.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import aliased

from backend.canvas import COUNTRY_BOX, Box, Canvas, clip
from backend.database.extensions import db, setting
from backend.units.catalogue import ActiveSet
from backend.units.models import Boundary, Unit
from backend.units.service import UnitRow

if TYPE_CHECKING:
    from shapely import Geometry

# Degrees: about one pixel of a map of the country on a large screen.
COUNTRY_TOLERANCE = 0.015
# Communes are simplified and buffered by this before the union, so that no gaps remain.
JOINING = 0.006
# Smaller islands are invisible on a map of the country; those at sea have labels (canvas.py).
MIN_COUNTRY_AREA = 2e-4
# Tolerance of borders and margin of the map, as parts of the longer side of a unit. Around a few
# communes more of their neighbours is shown.
UNIT_TOLERANCE = 0.0015
UNIT_MARGIN = 0.05
FEW_MARGIN = 0.35
FEW = 3
# Degrees beyond the map in which the centres of neighbours are searched: large communes of the
# mountains have their centre 20 km from their border.
NEIGHBOURS_WITHIN = 0.2
# Communes of Hoàng Sa and Trường Sa: the inset shows them beside a map of their province.
AT_SEA = frozenset({"498", "20333", "22736", "22737", "22739"})
# Tolerance of the position of a label, as a part of the side of the drawing.
LABEL_TOLERANCE = 0.01
# Drawings in the cache of a process.
MAX_CACHED = 64


class LabelPosition(NamedTuple):
    """Where the label of a unit stands in a drawing, and the width that the unit has there."""

    x: int
    y: int
    width: int


# Code, province code, polygon.
Shape = tuple[str, str, "Geometry"]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Paths by code, the size of the drawing, and its box in degrees."""

    width: int
    height: int
    box: Box
    paths: dict[str, str]
    label_positions: dict[str, LabelPosition]  # by code, also of neighbours
    margin: float = 0.0
    around: dict[str, str] = field(default_factory=dict)  # neighbours: communes or provinces
    borders: list[str] = field(default_factory=list)  # of the provinces of the units

    @property
    def inland(self) -> list[str]:
        """The paths without Hoàng Sa and Trường Sa, which lie beyond the drawing."""
        return [path for code, path in self.paths.items() if code not in AT_SEA]

    @property
    def canvas(self) -> Canvas:
        """The canvas of the paths."""
        return Canvas(self.box, self.margin)


def maps_folder() -> Path:
    """Return the folder of drawings and tiles."""
    folder: Path = setting("VAR_DIR") / "tiles"
    return folder


@lru_cache(MAX_CACHED)
def country(active: ActiveSet) -> Drawing:
    """Return the outlines of the provinces."""
    path = maps_folder() / f"{active.digest}-country.json"
    if (drawing := _read(path)) and drawing.box == COUNTRY_BOX:
        return drawing
    return _store(path, provinces(_shapes(active, true())))


@lru_cache(MAX_CACHED)
def inside(active: ActiveSet, unit: UnitRow) -> Drawing | None:
    """Return the communes of a unit, or the commune itself; None without a polygon."""
    path = maps_folder() / f"{active.digest}-{unit.level}-{unit.code}.json"
    column = {"commune": Unit.id, "district": Unit.parent_id, "province": Unit.province_id}
    return _part(path, active, column[unit.level] == unit.id)


@lru_cache(MAX_CACHED)
def area(active: ActiveSet, codes: tuple[str, ...]) -> Drawing | None:
    """Return communes by code, e.g. of a campaign; None if none has a polygon."""
    name = hashlib.sha256(" ".join(codes).encode()).hexdigest()[:16]
    return _part(maps_folder() / f"{active.digest}-area-{name}.json", active, Unit.code.in_(codes))


def inside_units(active: ActiveSet, unit_ids: Sequence[int], most: int) -> Drawing | None:
    """Return the communes in some units; None without a polygon, or for more than `most`."""
    within = [column.in_(unit_ids) for column in (Unit.id, Unit.parent_id, Unit.province_id)]
    query = (
        select(Unit.code)
        .join(Boundary, Boundary.unit_id == Unit.id)
        .where(Boundary.set_id == active.id, Unit.level == "commune", or_(*within))
        .order_by(Unit.code.collate("C"))
        .limit(most + 1)
    )
    codes = tuple(db.session.scalars(query))
    return area(active, codes) if 0 < len(codes) <= most else None


def _part(path: Path, active: ActiveSet, within: ColumnElement[bool]) -> Drawing | None:
    """Return the stored drawing of some communes, or draw and store it."""
    if drawing := _read(path):
        return drawing
    shapes = _shapes(active, within)
    return _store(path, _unit(shapes, partial(_near, active))) if shapes else None


def _read(path: Path) -> Drawing | None:
    """Read a stored drawing; None without a valid file."""
    try:
        stored = json.loads(path.read_text())
        stored["box"] = tuple(stored["box"])
        positions = stored["label_positions"].items()
        stored["label_positions"] = {code: LabelPosition(*position) for code, position in positions}
        return Drawing(**stored)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _store(path: Path, drawing: Drawing) -> Drawing:
    """Store a drawing by an atomic rename, so that readers never see a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}-{get_ident()}")
    fresh.write_text(json.dumps(asdict(drawing)))
    fresh.replace(path)
    return drawing


def _shapes(active: ActiveSet, within: ColumnElement[bool]) -> list[Shape]:
    """Return the code, the province code and the polygon of each commune."""
    from shapely import from_wkb

    province = aliased(Unit)
    query = (
        select(Unit.code, province.code, Boundary.geometry)
        .join(Unit, Unit.id == Boundary.unit_id)
        .join(province, province.id == Unit.province_id)
        .where(Boundary.set_id == active.id, within)
    )
    rows = db.session.execute(query).all()
    return [(code, above, from_wkb(geometry)) for code, above, geometry in rows]


def _near(active: ActiveSet, box: Box) -> list[Shape]:
    """Return the communes whose centre is in a box in degrees, or a little beyond."""
    west, south, east, north = box
    longitude = Unit.longitude.between(west - NEIGHBOURS_WITHIN, east + NEIGHBOURS_WITHIN)
    latitude = Unit.latitude.between(south - NEIGHBOURS_WITHIN, north + NEIGHBOURS_WITHIN)
    return _shapes(active, longitude & latitude)


def provinces(shapes: Sequence[Shape]) -> Drawing:
    """Union the communes of each province, simplified before and after."""
    import shapely

    thin = shapely.simplify([shape for *_, shape in shapes], JOINING, preserve_topology=False)
    grown = shapely.buffer(thin, JOINING, quad_segs=1, join_style="mitre")
    parts: dict[str, list[Geometry]] = {}
    for (_, province, _), shape in zip(shapes, grown, strict=True):
        parts.setdefault(province, []).append(shape)
    canvas = Canvas(COUNTRY_BOX)
    outlines = {code: _province(parts[code]) for code in sorted(parts)}
    paths = {code: canvas.path(one) for code, one in outlines.items()}
    positions = _label_positions(outlines.items(), canvas)
    return Drawing(canvas.width, canvas.height, COUNTRY_BOX, paths, positions)


def _province(parts: "list[Geometry]") -> "Geometry":
    """Union communes to one outline, without invisible parts."""
    import shapely

    joined = shapely.buffer(shapely.union_all(parts), -JOINING, quad_segs=1, join_style="mitre")
    visible = [one for one in shapely.get_parts(joined) if one.area >= MIN_COUNTRY_AREA]
    return shapely.simplify(shapely.MultiPolygon(visible or list(shapely.get_parts(joined))[:1]),
                            COUNTRY_TOLERANCE)  # fmt: skip


def _unit(shapes: Sequence[Shape], near: Callable[[Box], Sequence[Shape]]) -> Drawing:
    """Draw communes scaled to their bounds, with their neighbours and the borders of provinces."""
    import shapely

    inland = [shape for code, _, shape in shapes if code not in AT_SEA]
    bounds = shapely.total_bounds(inland or [shape for *_, shape in shapes])
    box = tuple(float(side) for side in bounds)
    west, south, east, north = box
    margin = FEW_MARGIN if len(shapes) <= FEW else UNIT_MARGIN
    canvas = Canvas((west, south, east, north), margin)
    side = max(east - west, north - south)
    tolerance = UNIT_TOLERANCE * side
    thin = shapely.simplify([shape for *_, shape in shapes], tolerance)
    drawn = {code: one for (code, *_), one in zip(shapes, thin, strict=True)}
    beyond = margin * side
    wide = (west - beyond, south - beyond, east + beyond, north + beyond)
    others = [one for one in near(wide) if one[0] not in drawn]
    around = _neighbours(others, wide, tolerance, few=len(shapes) <= FEW)
    lines = _merge(zip((above for _, above, _ in shapes), thin, strict=True), tolerance)
    return Drawing(
        canvas.width, canvas.height, (west, south, east, north),
        {code: canvas.path(one) for code, one in drawn.items()},
        _label_positions([*drawn.items(), *around.items()], canvas), margin,
        {code: path for code, one in around.items() if (path := canvas.path(one))},
        [canvas.path(one) for one in lines.values()],
    )  # fmt: skip


def _neighbours(
    others: Sequence[Shape], box: Box, tolerance: float, *, few: bool
) -> "dict[str, Geometry]":
    """Return the neighbours in a box: communes around a few, otherwise provinces."""
    import shapely

    if not others:
        return {}
    thin = shapely.simplify([shape for *_, shape in others], tolerance)
    if few:
        whole = {code: one for (code, *_), one in zip(others, thin, strict=True)}
    else:
        whole = _merge(zip((above for _, above, _ in others), thin, strict=True), tolerance)
    cut = {code: clip(one, box) for code, one in whole.items()}
    return {code: one for code, one in cut.items() if not one.is_empty}


def _merge(parts: "Iterable[tuple[str, Geometry]]", tolerance: float) -> "dict[str, Geometry]":
    """Union the simplified polygons of each code, closing the gaps between them."""
    import shapely

    by_code: dict[str, list[Geometry]] = {}
    for code, shape in parts:
        by_code.setdefault(code, []).append(shape)
    grown = {c: shapely.buffer(some, tolerance, quad_segs=1) for c, some in by_code.items()}
    return {
        c: shapely.simplify(shapely.buffer(shapely.union_all(some), -tolerance, quad_segs=1),
                            tolerance)
        for c, some in grown.items()
    }  # fmt: skip


def _label_positions(
    shapes: "Iterable[tuple[str, Geometry]]", canvas: Canvas
) -> dict[str, LabelPosition]:
    """Return the position of a label in each shape, in its largest part, and the width there."""
    import shapely

    positions = {}
    for code, shape in shapes:
        part = max(shapely.get_parts(shape), key=lambda part: part.area, default=None)
        if part is None or part.geom_type != "Polygon":
            continue
        west, south, east, north = part.bounds
        tolerance = max(LABEL_TOLERANCE * max(east - west, north - south), 1e-6)
        middle = shapely.maximum_inscribed_circle(part, tolerance).coords[0]
        level = shapely.LineString([(west, middle[1]), (east, middle[1])])
        pieces = shapely.get_parts(shapely.intersection(part, level))
        here = min(pieces, key=lambda piece: piece.distance(shapely.Point(middle)))
        x, y = canvas.at((middle[0], middle[1]))
        left, right = (canvas.at((side, middle[1]))[0] for side in here.bounds[::2])
        x = round((left + right) / 2) if len(pieces) == 1 else x
        positions[code] = LabelPosition(x, y, right - left)
    return positions
