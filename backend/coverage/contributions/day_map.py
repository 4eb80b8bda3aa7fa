"""Small map of a day in a campaign's area, as a picture: where samples counted, and the country."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from math import cos, radians
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw
from sqlalchemy import or_, select

from backend.campaigns.models import CampaignArea
from backend.database.extensions import db
from backend.units.models import Boundary, Unit
from backend.units.service import set_on
from geo.gazetteer import DATA, FAR_ISLANDS

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

Box = tuple[float, float, float, float]  # west, south, east, north
Ring = list[tuple[float, float]]  # in pixels

# Communes of a few provinces; more are specks.
COMMUNES_MOST = 600
# Counted samples of a commune on the day from which a colour begins, and the colours.
STEPS = ((1, "#9fc5d9"), (10, "#4a90b8"), (30, "#123f6d"))
NONE, BORDER, SEA, LAND, EDGE, INK = (
    "#e1e6ea",
    "#ffffff",
    "#e9f1f6",
    "#c9d3da",
    "#7d8b97",
    "#14212b",
)
FAR = frozenset(FAR_ISLANDS["2024"] + FAR_ISLANDS["2025"])
# The country with both archipelagos and the sea between.
COUNTRY = (101.8, 6.6, 117.6, 23.6)
# Names on the map of the country: text and position of its middle in degrees.
NAMES = (
    ("Biển Đông", 112.6, 14.3), ("QĐ. Hoàng Sa", 112.6, 17.6), ("QĐ. Trường Sa", 113.4, 11.9),
)  # fmt: skip
# East of it and smaller than it, in degrees: a part of the outline is an island of an archipelago.
ISLANDS_EAST, ISLANDS_MOST = 110.5, 0.5
# Drawn larger, then made smaller: smooth edges.
SCALE = 2


@dataclass(frozen=True, slots=True)
class DayMap:
    """A map of the area and a map of the country with its islands, each as a picture."""

    area: Image.Image
    country: Image.Image
    names: tuple[tuple[str, tuple[float, float]], ...]  # on the country, in pixels
    legend: tuple[tuple[str, str], ...]  # colour and text


def day_map(
    campaign_id: int, counted: Mapping[int, int], day: date, size: tuple[int, int], beside: int
) -> DayMap | None:
    """Return the map of a day within `size`, and the country `beside` pixels wide.

    `counted` is by unit. None without a boundary set and for an area of too many communes.
    """
    active = set_on(day)
    shapes = _communes(campaign_id, active.id) if active else {}
    if not shapes:
        return None
    box = _bounds(list(shapes.values()))
    width, height = _fitting(box, size)
    area = Image.new("RGB", (width * SCALE, height * SCALE), SEA)
    canvas = ImageDraw.Draw(area)
    for unit, shape in shapes.items():
        for ring in _rings(shape, box, width * SCALE):
            canvas.polygon(ring, fill=_colour(counted.get(unit, 0)), outline=BORDER, width=SCALE)
    small = area.resize((width, height), Image.Resampling.LANCZOS)
    return DayMap(small, _country(beside), _names(beside), _legend())


def _names(width: int) -> tuple[tuple[str, tuple[float, float]], ...]:
    west, _, east, north = COUNTRY
    scale = width / (east - west)
    down = scale * _stretch(COUNTRY)
    return tuple((name, ((x - west) * scale, (north - y) * down)) for name, x, y in NAMES)


def _colour(samples: int) -> str:
    return next((colour for least, colour in reversed(STEPS) if samples >= least), NONE)


def _legend() -> tuple[tuple[str, str], ...]:
    least = [n for n, _ in STEPS]
    texts = [f"{n} – {after - 1} mẫu" for n, after in pairwise(least)]
    labels = ["chưa có mẫu", *texts, f"từ {least[-1]} mẫu"]
    return tuple(zip((NONE, *(colour for _, colour in STEPS)), labels, strict=True))


def _communes(campaign_id: int, set_id: int) -> dict[int, "BaseGeometry"]:
    """Return the polygons of the communes of a campaign's area; none for too many."""
    from shapely import from_wkb

    area = select(CampaignArea.unit_id).where(CampaignArea.campaign_id == campaign_id)
    within = [column.in_(area) for column in (Unit.id, Unit.parent_id, Unit.province_id)]
    query = (
        select(Unit.id, Unit.code, Boundary.geometry)
        .join(Boundary, Boundary.unit_id == Unit.id)
        .where(Boundary.set_id == set_id, Unit.level == "commune", or_(*within))
        .order_by(Unit.id)
        .limit(COMMUNES_MOST + 1)
    )
    rows = db.session.execute(query).all()
    if len(rows) > COMMUNES_MOST:
        return {}
    near = [row for row in rows if row.code not in FAR] or rows
    return {row.id: from_wkb(row.geometry) for row in near}


def _bounds(shapes: Sequence["BaseGeometry"]) -> Box:
    from shapely import total_bounds

    west, south, east, north = (float(side) for side in total_bounds(shapes))
    return west, south, east, north


def _fitting(box: Box, size: tuple[int, int]) -> tuple[int, int]:
    """Return the width and height of a box in its proportions within a size, in pixels."""
    west, south, east, north = box
    shape = (north - south) * _stretch(box) / max(east - west, 1e-9)
    width = min(size[0], round(size[1] / max(shape, 1e-9)))
    return max(width, 1), max(round(width * shape), 1)


def _stretch(box: Box) -> float:
    """Return how much longer a degree of latitude is than one of longitude."""
    return 1 / cos(radians((box[1] + box[3]) / 2))


def _rings(shape: "BaseGeometry", box: Box, width: int) -> list[Ring]:
    """Return the outer rings of a polygon in pixels."""
    west, _, east, north = box
    per_degree = width / (east - west)
    parts: Any = getattr(shape, "geoms", [shape])
    return [
        [
            ((x - west) * per_degree, (north - y) * per_degree * _stretch(box))
            for x, y in part.simplify(1 / per_degree).exterior.coords
        ]
        for part in parts
        if part.geom_type == "Polygon"
    ]


@cache
def _outline() -> "BaseGeometry":
    """Return the outline of the country with Hoàng Sa and Trường Sa."""
    from shapely import from_geojson

    return from_geojson((DATA / "outline.geojson").read_text(encoding="utf-8"))


@cache
def _country(width: int) -> Image.Image:
    """Draw the country; islands of the archipelagos as dots."""
    width, height = _fitting(COUNTRY, (width, 10 * width))
    image = Image.new("RGB", (width * SCALE, height * SCALE), SEA)
    canvas = ImageDraw.Draw(image)
    for part in _outline().geoms:  # type: ignore[attr-defined]
        [ring] = _rings(part, COUNTRY, width * SCALE)
        if part.bounds[0] > ISLANDS_EAST and part.area < ISLANDS_MOST:
            x, y = (sum(side) / len(ring) for side in zip(*ring, strict=True))
            canvas.ellipse((x - 3, y - 3, x + 3, y + 3), fill=INK)
        else:
            canvas.polygon(ring, fill=LAND, outline=EDGE)
    return image.resize((width, height), Image.Resampling.LANCZOS)
