"""Cells of some 500 m with the counted samples of a unit or the country in a month."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import TypedDict, cast

import h3
import numpy as np
from shapely import Polygon, from_wkb
from shapely.geometry import mapping
from sqlalchemy import select, text

from backend.accounts.access import Actor, can
from backend.accounts.audit import record_read
from backend.clock import VIETNAM
from backend.coverage.figures.unit_access import UnitMonth, communes_of, unit_month
from backend.coverage.statistics.answers import (
    CellCollection,
    CellCount,
    CellFeature,
    CellsAnswer,
    Evenness,
    ReleasedCell,
)
from backend.coverage.statistics.release import DECIMALS
from backend.coverage.statistics.release_rules import CELL_RESOLUTION, CELL_VOLUNTEERS
from backend.coverage.statistics.released import read, released_units
from backend.database.extensions import db, setting
from backend.errors import Problem
from backend.i18n.catalogues import Language
from backend.i18n.messages import message
from backend.organisations.scopes import unit_scope
from backend.units.models import Boundary, Unit
from backend.units.service import GeoGeometry

# Takes a second of one worker; only a city of millions has more samples in a month.
MAX_ROWS = 250_000
# Cached numbers of cells of units; boundary sets never change in place.
MAX_CACHED_UNITS = 512
# Hours of a band: night, morning, afternoon and evening.
BAND_HOURS = 6


class CellsQuery(TypedDict):
    """Whose cells are wanted."""

    month: str  # YYYY-MM
    network: str
    level: str | None  # needed if the code names two units


# Anonymised and expired rows have no position. Values are packed, since reading 100,000 rows one
# by one takes longer than all the rest.
UNIT_POSITIONS = text("""
    select string_agg(float8send(latitude), '') as latitudes,
        string_agg(float8send(longitude), '') as longitudes,
        string_agg(int2send(coalesce(hour, 0)::int2), '') as hours
    from (
        select latitude, longitude, extract(hour from measured_at at time zone :zone) as hour
        from measurements
        where unit_id = any(:units) and day between :first and :last and network = :network
            and counted and latitude is not null and longitude is not null
            and (host is null or host <> all(array(
                select number from measuring_hosts where operator is not null)))
        limit :most
    ) located
""")


def effective_number(samples: Collection[int]) -> float:
    """Return Simpson's inverse index of samples by place: 1 if all are of one place.

    It is the number of places over which they would have the same concentration if spread evenly.
    """
    return sum(samples) ** 2 / sum(n * n for n in samples)


def unit_cells(
    actor: Actor, code: str, query: CellsQuery, language: Language, now: datetime
) -> CellsAnswer:
    """Return the cells of a unit: all of them for officials, the released ones for the public."""
    month = unit_month(code, query["level"], query["month"], query["network"], now, actor)
    assert month.unit is not None
    if can(actor, "unit.cells", unit_scope(month.unit.id)):
        record_read(actor, "cells", f"unit:{month.unit.id}")
        return _live_cells(month, language)
    released = read(month, "cells")
    items = [_count_of(cell) for cell in released.figures or []]
    return {
        **month.serialize(),
        "release": released.serialize(),
        "resolution": CELL_RESOLUTION,
        "n": sum(item["n"] for item in items),
        "cells": len(items),
        "evenness": None,
        "least_devices": CELL_VOLUNTEERS,
        "rule": message("cells_rule", language).format(least=CELL_VOLUNTEERS),
        "items": items,
    }


def _count_of(cell: ReleasedCell) -> CellCount:
    """Return what maps show of a released cell."""
    return {
        "cell": cell["cell"],
        "latitude": cell["latitude"],
        "longitude": cell["longitude"],
        "n": cell["n"],
    }


def _live_cells(month: UnitMonth, language: Language) -> CellsAnswer:
    strata = _count_strata(month)
    samples: Counter[str] = Counter()
    for (cell, _), n in strata.items():
        samples[cell] += n
    return {
        **month.serialize(),
        "release": None,
        "resolution": CELL_RESOLUTION,
        "n": samples.total(),
        "cells": len(samples),
        "evenness": _evenness(strata.values()),
        "least_devices": 0,
        "rule": message("cells_all", language),
        "items": [_item(cell, n) for cell, n in sorted(samples.items(), key=_most_first)],
    }


def _most_first(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]


def as_geojson(answer: CellsAnswer) -> CellCollection:
    """Return the answer of `unit_cells` as polygons in EPSG:4326."""
    features: list[CellFeature] = [
        {
            "type": "Feature",
            "id": item["cell"],
            "properties": {"n": item["n"]},
            "geometry": cast(GeoGeometry, mapping(hexagon(item["cell"]))),
        }
        for item in answer["items"]
    ]
    return {
        "type": "FeatureCollection",
        "month": answer["month"],
        "network": answer["network"],
        "unit": answer["unit"],
        "release": answer["release"],
        "rule": answer["rule"],
        "features": features,
    }


def hexagon(cell: str) -> Polygon:
    """Return the area of a cell in EPSG:4326."""
    corners = h3.cell_to_boundary(cell)
    return Polygon([(round(lon, DECIMALS), round(lat, DECIMALS)) for lat, lon in corners])


def _count_strata(month: UnitMonth) -> Counter[tuple[str, int]]:
    """Count the samples of each cell in each band of hours."""
    parameters = month.parameters(most=MAX_ROWS + 1, zone=VIETNAM.tzname(None))
    row = db.session.execute(UNIT_POSITIONS, parameters).one()
    degrees = [np.frombuffer(packed or b"", ">f8") for packed in (row.latitudes, row.longitudes)]
    if len(degrees[0]) > MAX_ROWS:
        raise Problem(422, "too_many_to_look_at")
    bands = np.frombuffer(row.hours or b"", ">i2") // BAND_HOURS
    samples = zip(*(column.tolist() for column in (*degrees, bands)), strict=True)
    return Counter((h3.latlng_to_cell(*at, CELL_RESOLUTION), band) for *at, band in samples)


def _evenness(strata: Collection[int]) -> Evenness | None:
    """Return the spread of samples by cell and hours; None of too few, where it would be chance."""
    if sum(strata) < max(setting("MINIMUM_N"), 1):
        return None
    return {"strata": len(strata), "effective_strata": effective_number(strata)}


@lru_cache(maxsize=MAX_CACHED_UNITS)
def cells_inside(set_id: int, unit_id: int) -> int:
    """Return the number of cells that touch a unit."""
    query = select(Boundary.geometry).where(
        Boundary.set_id == set_id, Boundary.unit_id.in_(communes_of(unit_id))
    )
    cells: set[str] = set()
    for shape in map(h3.geo_to_h3shape, from_wkb(db.session.scalars(query).all())):
        cells.update(h3.h3shape_to_cells_experimental(shape, CELL_RESOLUTION, "overlap"))
    return len(cells)


def _item(cell: str, n: int) -> CellCount:
    latitude, longitude = h3.cell_to_latlng(cell)
    return {
        "cell": cell,
        "latitude": round(latitude, DECIMALS),
        "longitude": round(longitude, DECIMALS),
        "n": n,
    }


def released_cells(
    month: str, network: str, units: frozenset[int] | None = None
) -> list[ReleasedCell]:
    """Return the released cells with samples, devices and speeds; of some units if given."""
    provinces = select(Unit.id).where(Unit.level == "province")
    rows = released_units(month, network)
    released = set(db.session.scalars(provinces.where(Unit.id.in_(rows))))
    items = [
        item for unit in released if units is None or unit in units for item in rows[unit]["cells"]
    ]
    return sorted(items, key=lambda item: item["cell"])
