"""OGC API Features, Part 1: coverage by commune, one collection for each month and network.

The core of the standard in GeoJSON, as QGIS and GDAL use it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache, partial
from typing import Any, NotRequired, TypedDict

import numpy as np
import orjson
from numpy.typing import NDArray
from shapely import bounds, from_wkb, intersects, multipolygons, to_geojson, transform
from shapely import box as rectangle
from sqlalchemy import select

from backend.accounts.access import Actor
from backend.clock import local_day, month_end, month_start
from backend.coverage.figures.answers import cached_answer, coverage_tag
from backend.coverage.figures.coverage_answer import Figure, UnitItem, figure_of
from backend.coverage.figures.month import ListingKey, listing_key, listing_on
from backend.coverage.figures.service import (
    CoverageQuery,
    CoverageResult,
    compute_coverage,
    coverage_of_months,
    find_months,
    months_with_data,
)
from backend.coverage.statistics.history import polygons
from backend.database.extensions import db
from backend.errors import Problem
from backend.fields import EARLIEST
from backend.i18n import formats
from backend.i18n.catalogues import N_, Language, gettext
from backend.measurements.recording.reasons import PARTS
from backend.measurements.recording.rules import NETWORKS
from backend.units.catalogue import ActiveSet
from backend.units.models import Boundary

Box = tuple[float, float, float, float]  # west, south, east, north, in degrees
Bounds = NDArray[np.float64]

# Sets with cached bounds: of both systems, and their replacements within a month.
MAX_CACHED = 4
# Some 10 cm, finer than the accuracy of boundaries; halves the size of coordinates.
DECIMALS = 6


@lru_cache(MAX_CACHED)
def extents_of(active: ActiveSet) -> tuple[Mapping[int, int], Bounds] | None:
    """Read the bounds of a set's communes, and the row of each unit in them; None without any.

    The bounds are west, south, east and north in degrees. Sets are never changed in place.
    """
    query = select(Boundary.unit_id, Boundary.geometry).where(Boundary.set_id == active.id)
    rows = db.session.execute(query).all()
    if not rows:
        return None
    row_of = {row.unit_id: number for number, row in enumerate(rows)}
    return row_of, bounds(from_wkb([row.geometry for row in rows]))


def inside(active: ActiveSet | None, units: Sequence[int], box: Box) -> list[int]:
    """Return the positions in `units` of those whose area intersects a box."""
    extents = extents_of(active) if active else None
    if active is None or extents is None:
        return []
    found, candidates = list[int](), list[int]()
    west, south, east, north = box
    if west > east:  # across the antimeridian
        halves = (west, south, 180.0, north), (-180.0, south, east, north)
        return sorted({one for half in halves for one in inside(active, units, half)})
    rows, boxes = extents
    for position, unit in enumerate(units):
        if (row := rows.get(unit)) is None:
            continue
        w, s, e, n = boxes[row]
        if w > east or e < west or s > north or n < south:
            continue
        whole = west <= w and e <= east and south <= s and n <= north
        (found if whole else candidates).append(position)
    shapes = polygons(active.id, [units[position] for position in candidates])
    area = rectangle(*box)
    found += [position for position in candidates if intersects(shapes[units[position]], area)]
    return sorted(found)


def as_geojson(shape: Any) -> bytes:
    """Return a polygon as a MultiPolygon in GeoJSON: a layer of a GeoPackage has one type."""
    shape = shape if shape.geom_type == "MultiPolygon" else multipolygons([shape])
    geojson: str = to_geojson(transform(shape, lambda points: points.round(DECIMALS)))
    return geojson.encode()


CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CLASSES = tuple(
    f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" for name in ("core", "geojson")
)
GEOJSON, JSON = "application/geo+json", "application/json"
FIGURES = (
    "code", "name", "parent", "received", "valid", "counted", "target", "reached", "shortfall",
    "share",
)  # fmt: skip
KINDS = {"mobile": N_("mobile"), "fixed": N_("fixed")}
ABOUT = N_("Samples of each commune compared with its target, according to Đo Sóng.")

Link = Callable[..., str]  # the URL of an endpoint by its name
Place = Callable[[], AbstractContextManager[None]]  # of costly answers, if this is one


@dataclass(frozen=True, slots=True)
class ItemsQuery:
    """The page, box and interval of a query of features."""

    limit: int
    offset: int = 0
    bbox: Box | None = None
    times: tuple[date | None, date | None] | None = None  # an interval, open where None


class OgcLink(TypedDict):
    """A link."""

    href: str
    rel: str
    type: str


class OgcLanding(TypedDict):
    """The landing page."""

    title: str
    description: str
    links: list[OgcLink]


class Spatial(TypedDict):
    """The box around all communes of a collection."""

    bbox: list[tuple[float, ...]]  # one: west, south, east, north in degrees
    crs: str


class Temporal(TypedDict):
    """The time that a collection is of."""

    interval: list[list[str]]  # one: the first and the last day


class Extent(TypedDict):
    """Where and when the features of a collection are."""

    spatial: NotRequired[Spatial]  # missing without boundaries
    temporal: Temporal


class OgcCollection(TypedDict):
    """A collection: one month on one network."""

    id: str
    title: str
    description: str
    itemType: str
    crs: list[str]
    extent: Extent
    links: list[OgcLink]


class OgcCollections(TypedDict):
    """The collections: every month with data, on both networks."""

    links: list[OgcLink]
    collections: list[OgcCollection]


def landing(link: Link, language: Language) -> OgcLanding:
    """Return the landing page."""
    return {
        "title": "Đo Sóng",
        "description": gettext(ABOUT, language),
        "links": [
            _link(link("landing"), "self", JSON),
            _link(link("api"), "service-desc", JSON),
            _link(link("conformance"), "conformance", JSON),
            _link(link("collections"), "data", JSON),
        ],
    }


def collections(now: datetime, link: Link, language: Language) -> OgcCollections:
    """Return a collection for every month with data and both networks, the newest first."""
    months = months_with_data(local_day(now))
    names = [f"{month}-{network}" for month in months for network in NETWORKS]
    key = listing_key()
    return {
        "links": [_link(link("collections"), "self", JSON)],
        "collections": [collection(name, now, link, language, key) for name in names],
    }


def collection(
    name: str, now: datetime, link: Link, language: Language, key: ListingKey | None = None
) -> OgcCollection:
    """Return the collection of one month on one network."""
    month, network = _parse_name(name, now)
    active = listing_on(month_end(month), key).active
    extents = extents_of(active) if active else None
    interval = [f"{day}T00:00:00+07:00" for day in (month_start(month), month_end(month))]
    extent: Extent = {"temporal": {"interval": [interval]}}
    if extents:
        box = *extents[1][:, :2].min(axis=0).tolist(), *extents[1][:, 2:].max(axis=0).tolist()
        extent = {"spatial": {"bbox": [box], "crs": CRS84}, **extent}
    return {
        "id": name,
        "title": gettext("Coverage by commune, {month}, {kind}", language).format(
            month=formats.month(month), kind=gettext(KINDS[network], language)
        ),
        "description": gettext(ABOUT, language),
        "itemType": "feature",
        "crs": [CRS84],
        "extent": extent,
        "links": [
            _link(link("collection", name=name), "self", JSON),
            _link(link("items", name=name), "items", GEOJSON),
        ],
    }


def items(
    name: str, query: ItemsQuery, now: datetime, link: Link, reader: Actor | None, place: Place
) -> tuple[str, Callable[[], bytes]]:
    """Return a page of communes with their areas and figures, in Vietnamese order: tag and body.

    Building a body that is not kept takes the place.
    """
    month, network = _parse_name(name, now)
    asked = CoverageQuery(month=month, network=network, reader=reader)
    today = local_day(now)
    months = find_months(asked, today)
    tag = coverage_tag(asked, months, today, query, link("items", name=name))

    def build() -> bytes:
        with place():
            return _page(name, query, link, coverage_of_months(asked, months, today))

    return tag, partial(cached_answer, tag, build)


def _page(name: str, query: ItemsQuery, link: Link, result: CoverageResult) -> bytes:
    rows = _matching(result, result.month.month, query)
    shown = rows[query.offset : query.offset + query.limit]
    links = [_link(link("items", name=name, **_parameters(query)), "self", GEOJSON)]
    links.append(_link(link("collection", name=name), "collection", JSON))
    next_page = replace(query, offset=query.offset + query.limit)
    if next_page.offset < len(rows):
        links.append(_link(link("items", name=name, **_parameters(next_page)), "next", GEOJSON))
    return orjson.dumps(
        {
            "type": "FeatureCollection",
            "numberMatched": len(rows),
            "numberReturned": len(shown),
            "links": links,
            "features": [orjson.Fragment(one) for one in _features(result, shown)],
        }
    )


def item(name: str, code: str, now: datetime, link: Link, reader: Actor | None) -> bytes:
    """Return one commune."""
    month, network = _parse_name(name, now)
    result = compute_coverage(CoverageQuery(month=month, network=network, reader=reader), now)
    rows = [row for row, one in enumerate(result.items) if one["code"] == code]
    if not rows:
        raise Problem(404, "unit_unknown")
    [feature] = _features(result, rows)
    links = [
        _link(link("item", name=name, code=code), "self", GEOJSON),
        _link(link("collection", name=name), "collection", JSON),
    ]
    return orjson.dumps({**orjson.loads(feature), "links": links})


def _parse_name(name: str, now: datetime) -> tuple[str, str]:
    """Return the month and network of a collection; 404 for any other name."""
    month, _, network = name.rpartition("-")
    try:
        valid = EARLIEST.date() <= month_start(month) <= local_day(now)
    except ValueError:
        valid = False
    if not valid or network not in NETWORKS:
        raise Problem(404, "not_found")
    return month, network


def _matching(result: CoverageResult, month: str, query: ItemsQuery) -> list[int]:
    if query.times is not None:
        begins, ends = query.times
        if (begins or date.min) > month_end(month) or (ends or date.max) < month_start(month):
            return []
    if query.bbox is not None:
        active = result.month.listing.active
        return list(inside(active, [one.unit.id for one in result.counts], query.bbox))
    return list(range(len(result.items)))


def _features(result: CoverageResult, rows: list[int]) -> list[bytes]:
    """Return encoded features; polygons are copied without decoding into dictionaries."""
    active = result.month.listing.active
    units = [result.counts[row].unit for row in rows]
    shapes = polygons(active.id if active else None, [unit.id for unit in units])
    geometries = {unit: orjson.Fragment(as_geojson(shape)) for unit, shape in shapes.items()}
    shared = {
        "month": result.month.month,
        "network": result.month.network,
        "boundary_quality": active.quality if active else None,
        "demo": result.body["demo"],
    }
    return [
        orjson.dumps(
            {
                "type": "Feature",
                "id": unit.code,
                "geometry": geometries.get(unit.id),
                "properties": {**_flat(result.items[row]), "province": unit.province, **shared},
            }
        )
        for row, unit in zip(rows, units, strict=True)
    ]


def _flat(item: UnitItem) -> dict[str, Figure]:
    """Return figures with the parts of the counted number beside it; GIS needs plain columns."""
    return {name: figure_of(item, name) for name in (*FIGURES, *PARTS)}


def _parameters(query: ItemsQuery) -> dict[str, int | str]:
    """Return the parameters of the URL of a query."""
    parameters: dict[str, int | str | None] = {"limit": query.limit, "offset": query.offset or None}
    if query.bbox:
        parameters["bbox"] = ",".join(map(str, query.bbox))  # to the last digit
    if query.times:
        parameters["datetime"] = "/".join(str(day) if day else ".." for day in query.times)
    return {name: value for name, value in parameters.items() if value is not None}


def _link(href: str, relation: str, kind: str) -> OgcLink:
    return {"href": href, "rel": relation, "type": kind}
