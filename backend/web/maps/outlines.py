"""Outlines of units for maps drawn by the server: provinces, or the communes of a unit.

Made once for each boundary set, kept in VAR_DIR and in memory: half a second for the country.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import aliased

from backend.database.extensions import db
from backend.units.catalogue import ActiveSet
from backend.units.models import Boundary, Unit
from backend.units.service import UnitRow
from backend.web.site.canvas import COUNTRY_BOX, Box, Canvas

if TYPE_CHECKING:
    from shapely import Geometry

# Degrees: about one pixel of a map of the country on a large screen.
COUNTRY_TOLERANCE = 0.015
# Communes are simplified and buffered by this before the union, so that no gaps remain.
JOINING = 0.006
# Smaller islands are invisible on a map of the country; those at sea have labels (canvas.py).
COUNTRY_LEAST_AREA = 2e-4
# Tolerance of borders and margin of the map, as parts of the longer side of a unit.
UNIT_TOLERANCE = 0.0015
UNIT_MARGIN = 0.03
# Drawings in the cache of a process.
CACHED_MOST = 64


@dataclass(frozen=True, slots=True)
class Drawing:
    """Paths by code, the size of the drawing, and its box in degrees."""

    width: int
    height: int
    box: Box
    paths: dict[str, str]


@lru_cache(CACHED_MOST)
def country(folder: Path, active: ActiveSet) -> Drawing:
    """Return the outlines of the provinces."""
    path = folder / f"{active.digest}-country.json"
    if (drawing := _read(path)) and drawing.box == COUNTRY_BOX:
        return drawing
    return _store(path, provinces(_shapes(active, true())))


@lru_cache(CACHED_MOST)
def inside(folder: Path, active: ActiveSet, unit: UnitRow) -> Drawing | None:
    """Return the communes of a unit, or the commune itself; None without a polygon."""
    path = folder / f"{active.digest}-{unit.level}-{unit.code}.json"
    column = {"commune": Unit.id, "district": Unit.parent_id, "province": Unit.province_id}
    return _part(path, active, column[unit.level] == unit.id)


@lru_cache(CACHED_MOST)
def area(folder: Path, active: ActiveSet, codes: tuple[str, ...]) -> Drawing | None:
    """Return communes by code, e.g. of a campaign; None if none has a polygon."""
    name = hashlib.sha256(" ".join(codes).encode()).hexdigest()[:16]
    return _part(folder / f"{active.digest}-area-{name}.json", active, Unit.code.in_(codes))


def _part(path: Path, active: ActiveSet, within: ColumnElement[bool]) -> Drawing | None:
    """Return the stored drawing of some communes, or draw and store it."""
    if drawing := _read(path):
        return drawing
    shapes = _shapes(active, within)
    return _store(path, _unit(shapes)) if shapes else None


def _read(path: Path) -> Drawing | None:
    """Read a stored drawing; None without a valid file."""
    try:
        stored = json.loads(path.read_text())
        return Drawing(stored["width"], stored["height"], tuple(stored["box"]), stored["paths"])
    except (OSError, ValueError, KeyError):
        return None


def _store(path: Path, drawing: Drawing) -> Drawing:
    """Store a drawing by an atomic rename, so that readers never see a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}-{get_ident()}")
    fresh.write_text(json.dumps(asdict(drawing)))
    fresh.replace(path)
    return drawing


def _shapes(active: ActiveSet, within: ColumnElement[bool]) -> list[tuple[str, str, "Geometry"]]:
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


def provinces(shapes: "Sequence[tuple[str, str, Geometry]]") -> Drawing:
    """Union the communes of each province, simplified before and after."""
    import shapely

    thin = shapely.simplify([shape for *_, shape in shapes], JOINING, preserve_topology=False)
    grown = shapely.buffer(thin, JOINING, quad_segs=1, join_style="mitre")
    parts: dict[str, list[Geometry]] = {}
    for (_, province, _), shape in zip(shapes, grown, strict=True):
        parts.setdefault(province, []).append(shape)
    canvas = Canvas(COUNTRY_BOX)
    paths = {code: canvas.path(_province(parts[code])) for code in sorted(parts)}
    return Drawing(canvas.width, canvas.height, COUNTRY_BOX, paths)


def _province(parts: "list[Geometry]") -> "Geometry":
    """Union communes to one outline, without invisible parts."""
    import shapely

    joined = shapely.buffer(shapely.union_all(parts), -JOINING, quad_segs=1, join_style="mitre")
    visible = [one for one in shapely.get_parts(joined) if one.area >= COUNTRY_LEAST_AREA]
    return shapely.simplify(shapely.MultiPolygon(visible or list(shapely.get_parts(joined))[:1]),
                            COUNTRY_TOLERANCE)  # fmt: skip


def _unit(shapes: "list[tuple[str, str, Geometry]]") -> Drawing:
    """Draw communes scaled to their bounds."""
    import shapely

    box = tuple(float(side) for side in shapely.total_bounds([shape for *_, shape in shapes]))
    west, south, east, north = box
    canvas = Canvas((west, south, east, north), UNIT_MARGIN)
    tolerance = UNIT_TOLERANCE * max(east - west, north - south)
    thin = shapely.simplify([shape for *_, shape in shapes], tolerance)
    paths = {code: canvas.path(one) for (code, *_), one in zip(shapes, thin, strict=True)}
    return Drawing(canvas.width, canvas.height, (west, south, east, north), paths)
