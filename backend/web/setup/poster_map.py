"""The map of a campaign's area on posters: its communes, and the country with its seas."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from math import cos, radians
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from backend.canvas import ARCHIPELAGOS
from backend.database.extensions import db
from backend.units.models import Boundary, Unit
from backend.units.outlines import AT_SEA as FAR
from backend.units.service import set_on
from backend.web.setup.poster_pdf import AreaMap, AreaShape
from geo.gazetteer import DATA

if TYPE_CHECKING:
    from matplotlib.path import Path as Outline

WHOLE = (101.8, 6.6, 117.6, 23.6)
# Communes of a few provinces; more are specks on a poster.
COMMUNES_MOST = 600
# Borders are simplified by this part of the longer side: half a millimetre on paper.
TOLERANCE = 0.006


def country() -> Any:
    from shapely import from_geojson

    return from_geojson((DATA / "outline.geojson").read_text(encoding="utf-8"))


def area_map(unit_ids: Sequence[int], day: date) -> AreaMap | None:
    """Return the map of the communes in some units; None without polygons or for too many."""
    active = set_on(day)
    if active is None:
        return None
    return _area_map(tuple(sorted(unit_ids)), active.id)


@lru_cache(16)
def _area_map(unit_ids: tuple[int, ...], set_id: int) -> AreaMap | None:
    from matplotlib.path import Path as Outline
    from shapely import from_wkb, simplify, total_bounds

    within = [column.in_(unit_ids) for column in (Unit.id, Unit.parent_id, Unit.province_id)]
    query = (
        select(Unit.id, Unit.code, Boundary.geometry)
        .join(Boundary, Boundary.unit_id == Unit.id)
        .where(Boundary.set_id == set_id, Unit.level == "commune", or_(*within))
        .limit(COMMUNES_MOST + 1)
    )
    rows = db.session.execute(query).all()
    near = [row for row in rows if row.code not in FAR] or rows
    if not near or len(rows) > COMMUNES_MOST:
        return None
    shapes = [from_wkb(row.geometry) for row in near]
    west, south, east, north = (float(side) for side in total_bounds(shapes))
    thin = simplify(shapes, TOLERANCE * max(east - west, north - south))
    box = west, south, east, north
    drawn = [(row.id, _outline(shape, box)) for row, shape in zip(near, thin, strict=True)]
    communes = tuple(AreaShape(unit, outline) for unit, outline in drawn if outline is not None)
    islands = tuple(_at(point, WHOLE) for one in ARCHIPELAGOS for point in one.islands)
    land = Outline.make_compound_path(*(one.outline for one in communes))
    return AreaMap(
        communes,
        land,
        _height(box),
        _outline(simplify(country(), 0.05), WHOLE),
        _height(WHOLE),
        islands,
    )


def _outline(shape: Any, box: tuple[float, float, float, float]) -> "Outline | None":
    """Return a polygon as an outline in a box of width 1, with its holes open."""
    from matplotlib.path import Path as Outline

    rings = [
        Outline([_at(point, box) for point in ring.coords], closed=True)
        for part in _parts(shape)
        for ring in (part.exterior, *part.interiors)
    ]
    return Outline.make_compound_path(*rings) if rings else None


def _parts(shape: Any) -> Iterable[Any]:
    return [part for part in getattr(shape, "geoms", [shape]) if part.geom_type == "Polygon"]


def _at(point: Sequence[float], box: tuple[float, float, float, float]) -> tuple[float, float]:
    west, _, east, north = box
    return (point[0] - west) / (east - west), (north - point[1]) / (east - west) * _stretch(box)


def _height(box: tuple[float, float, float, float]) -> float:
    west, south, east, north = box
    return (north - south) / (east - west) * _stretch(box)


def _stretch(box: tuple[float, float, float, float]) -> float:
    """Return how much longer a degree of latitude is than one of longitude."""
    return 1 / cos(radians((box[1] + box[3]) / 2))
