"""OGC API Features, Part 1: coverage by commune, one collection for each month and network.

What QGIS and GDAL ask for, and all that the standard's core wants, in GeoJSON.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import orjson

from backend.accounts.access import Actor
from backend.clock import local_day, month_end, month_start
from backend.coverage.figures.query import months_with_data
from backend.coverage.figures.service import CoverageQuery, CoverageResult, compute_coverage
from backend.coverage.figures.unit_listing import ListingKey, listing_key, listing_on
from backend.coverage.ogc.places import Box, as_geojson, extents_of, inside, shapes_of
from backend.errors import Problem
from backend.fields import EARLIEST
from backend.i18n import formats
from backend.i18n.catalogues import N_, gettext
from backend.i18n.languages import Language
from backend.measurements.recording.rules import NETWORKS

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CLASSES = tuple(
    f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" for name in ("core", "geojson")
)
GEOJSON, JSON = "application/geo+json", "application/json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.1"
FIGURES = (
    "code", "name", "parent", "received", "valid", "counted", "target", "reached", "shortfall",
    "share",
)  # fmt: skip
KINDS = {"mobile": N_("mobile"), "fixed": N_("fixed")}
ABOUT = N_("Samples of each commune compared with its target, according to Đo Sóng.")

Link = Callable[..., str]  # the address of an endpoint by its name


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which features of a collection, from where on, and how many."""

    limit: int
    offset: int = 0
    bbox: Box | None = None
    times: tuple[date | None, date | None] | None = None  # an interval, open where None


def landing(link: Link, language: Language) -> dict[str, Any]:
    """What the service is, and where it goes on."""
    return {
        "title": "Đo Sóng",
        "description": gettext(ABOUT, language),
        "links": [
            _link(link("landing"), "self", JSON),
            _link(link("api"), "service-desc", OPENAPI),
            _link(link("conformance"), "conformance", JSON),
            _link(link("collections"), "data", JSON),
        ],
    }


def collections(now: datetime, link: Link, language: Language) -> dict[str, Any]:
    """Every month with data, on both networks, the newest first."""
    names = [
        f"{month}-{network}"
        for month in months_with_data(local_day(now))
        for network in NETWORKS
    ]  # fmt: skip
    key = listing_key()
    return {
        "links": [_link(link("collections"), "self", JSON)],
        "collections": [collection(name, now, link, language, key) for name in names],
    }


def collection(
    name: str, now: datetime, link: Link, language: Language, key: ListingKey | None = None
) -> dict[str, Any]:
    """One month on one network."""
    month, network = _asked(name, now)
    active = listing_on(month_end(month), key).active
    extents = extents_of(active) if active else None
    spatial = {"spatial": {"bbox": [extents.whole], "crs": CRS84}} if extents else {}
    interval = [f"{day}T00:00:00+07:00" for day in (month_start(month), month_end(month))]
    return {
        "id": name,
        "title": gettext("Coverage by commune, {month}, {kind}", language).format(
            month=formats.month(month), kind=gettext(KINDS[network], language)
        ),
        "description": f"{gettext(ABOUT, language)} {active.quality if active else ''}".strip(),
        "itemType": "feature",
        "crs": [CRS84],
        "extent": {**spatial, "temporal": {"interval": [interval]}},
        "links": [
            _link(link("collection", name=name), "self", JSON),
            _link(link("items", name=name), "items", GEOJSON),
        ],
    }


def items(name: str, wanted: Wanted, now: datetime, link: Link, reader: Actor | None) -> bytes:
    """A page of communes with their areas and figures, in Vietnamese order."""
    month, network = _asked(name, now)
    answer = compute_coverage(CoverageQuery(month=month, network=network, reader=reader), now)
    rows = _fitting(answer, month, wanted)
    shown = rows[wanted.offset : wanted.offset + wanted.limit]
    links = [_link(link("items", name=name, **_again(wanted)), "self", GEOJSON)]
    links.append(_link(link("collection", name=name), "collection", JSON))
    following = replace(wanted, offset=wanted.offset + wanted.limit)
    if following.offset < len(rows):
        links.append(_link(link("items", name=name, **_again(following)), "next", GEOJSON))
    return orjson.dumps(
        {
            "type": "FeatureCollection",
            "numberMatched": len(rows),
            "numberReturned": len(shown),
            "links": links,
            "features": [orjson.Fragment(one) for one in _features(answer, shown)],
        }
    )


def item(name: str, code: str, now: datetime, link: Link, reader: Actor | None) -> bytes:
    """One commune."""
    month, network = _asked(name, now)
    answer = compute_coverage(CoverageQuery(month=month, network=network, reader=reader), now)
    units = _units(answer)
    rows = [row for row in answer.page.rows if units[row].code == code]
    if not rows:
        raise Problem(404, "unit_unknown")
    [feature] = _features(answer, rows)
    links = [
        _link(link("item", name=name, code=code), "self", GEOJSON),
        _link(link("collection", name=name), "collection", JSON),
    ]
    return orjson.dumps({**orjson.loads(feature), "links": links})


def _asked(name: str, now: datetime) -> tuple[str, str]:
    """The month and network of a collection; 404 for any other name."""
    month, _, network = name.rpartition("-")
    try:
        asked_for = EARLIEST.date() <= month_start(month) <= local_day(now)
    except ValueError:
        asked_for = False
    if not asked_for or network not in NETWORKS:
        raise Problem(404, "not_found")
    return month, network


def _units(answer: CoverageResult) -> list[Any]:
    return answer.page.tables[-1].counts.units


def _fitting(answer: CoverageResult, month: str, wanted: Wanted) -> list[int]:
    rows = answer.page.rows
    if wanted.times is not None:
        begins, ends = wanted.times
        if (begins or date.min) > month_end(month) or (ends or date.max) < month_start(month):
            return []
    if wanted.bbox is not None:
        active = answer.page.tables[-1].month.listing.active
        units = _units(answer)
        rows = [rows[at] for at in inside(active, [units[row].id for row in rows], wanted.bbox)]
    return rows


def _features(answer: CoverageResult, rows: list[int]) -> list[bytes]:
    """Features, written: polygons go from the database to the answer without a dictionary."""
    table = answer.page.tables[-1]
    units, active = table.counts.units, table.month.listing.active
    shapes = shapes_of(active, [units[row].id for row in rows])
    shared = {
        "month": table.month.month,
        "network": table.month.network,
        "boundary_quality": active.quality if active else None,
        "demo": answer.body["demo"],
    }
    figures = replace(answer.page, rows=rows).items(FIGURES)
    return [
        orjson.dumps(
            {
                "type": "Feature",
                "id": units[row].code,
                "geometry": _fragment(shapes.get(units[row].id)),
                "properties": {**told, "province": units[row].province, **shared},
            }
        )
        for row, told in zip(rows, figures, strict=True)
    ]


def _fragment(shape: Any) -> orjson.Fragment | None:
    return None if shape is None else orjson.Fragment(as_geojson(shape))


def _again(wanted: Wanted) -> dict[str, Any]:
    """The query that asks for the same, or for the page after it."""
    asked: dict[str, Any] = {"limit": wanted.limit, "offset": wanted.offset or None}
    if wanted.bbox:
        asked["bbox"] = ",".join(map(str, wanted.bbox))  # to the last digit
    if wanted.times:
        asked["datetime"] = "/".join(str(day) if day else ".." for day in wanted.times)
    return {name: value for name, value in asked.items() if value is not None}


def _link(href: str, relation: str, kind: str) -> dict[str, str]:
    return {"href": href, "rel": relation, "type": kind}
