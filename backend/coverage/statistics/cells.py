"""Cells of some 500 m with the counted samples of a unit or the country in a month."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import compress
from typing import Any
from uuid import UUID

import h3
import numpy as np
from shapely import Polygon, from_wkb
from shapely.geometry import mapping
from sqlalchemy import select, text

from backend.accounts.access import Actor, can
from backend.clock import month_end, month_start
from backend.coverage.figures.unit_access import UnitMonth, communes_of, unit_month
from backend.coverage.statistics.quantiles import DEVICE, METRICS, numbered, summary
from backend.database.extensions import db, follow_indexes, setting
from backend.errors import Problem
from backend.i18n.catalogues import Language
from backend.i18n.messages import message
from backend.organisations.scopes import unit_scope
from backend.units.models import Boundary

# Takes a second of one worker; only a city of millions has more samples in a month.
ROWS_MOST = 250_000
# Five decimals are a metre.
DECIMALS = 5
# Rows in memory at a time: a month of the country has a million.
CHUNK = 20_000
# Stands for the missing device of imported rows.
NO_DEVICE = UUID(int=0)
# Cached numbers of cells of units; boundary sets never change in place.
CACHED_UNITS_MOST = 512

# Anonymised and expired rows have no position. Values are packed, since reading 100,000 rows one
# by one takes longer than all the rest.
UNIT_POSITIONS = text("""
    select string_agg(float8send(latitude), '') as latitudes,
        string_agg(float8send(longitude), '') as longitudes,
        string_agg(uuid_send(coalesce(device_id, :no_device)), '') as devices
    from (
        select latitude, longitude, device_id from measurements
        where unit_id = any(:units) and day between :first and :last and network = :network
            and counted and latitude is not null and longitude is not null
        limit :most
    ) located
""")
MONTH_POSITIONS = f"""
    select latitude, longitude, device_id, {", ".join(METRICS)} from measurements
    where day between :first and :last and network = :network
        and counted and latitude is not null and longitude is not null
"""  # noqa: S608 # names of columns
IN_UNITS = " and unit_id = any(:units)"


@dataclass(frozen=True, slots=True)
class Evenness:
    """The spread of samples over cells.

    `effective_cells` is Simpson's inverse index: the number of cells over which the samples would
    have the same concentration if spread evenly; 1 where all come from one office. `value` is its
    share of the reachable maximum, the lesser of the unit's cells and the samples.
    """

    value: float
    effective_cells: float
    largest_share: float


@dataclass(slots=True)
class _Cell:
    """Samples, devices and measured values of a cell."""

    n: int = 0
    devices: set[Any] = field(default_factory=set)
    values: tuple["array[float]", ...] = field(
        default_factory=lambda: tuple(array("d") for _ in METRICS)
    )


def evenness(samples: Collection[int], cells: int) -> Evenness | None:
    """Return the spread of samples by cell over a unit of `cells` cells; None without samples."""
    n = sum(samples)
    if not n:
        return None
    effective = n * n / sum(one * one for one in samples)
    # A sample just outside the unit was assigned to it: its cell may not touch the unit's area.
    reachable = min(n, max(cells, len(samples)))
    return Evenness(effective / reachable, effective, max(samples) / n)


def unit_cells(
    actor: Actor, code: str, query: Mapping[str, Any], language: Language, now: datetime
) -> dict[str, Any]:
    """Return the cells of a unit; the public gets only cells with enough devices."""
    month = unit_month(code, query["level"], query["month"], query["network"], now, actor)
    assert month.unit is not None
    show_all = can(actor, "unit.cells", unit_scope(month.unit.id))
    samples, devices = _count_cells(month)
    least = setting("CELL_DEVICES")
    shown = {c: n for c, n in samples.items() if show_all or devices[c] >= least}
    return {
        **month.serialize(),
        "resolution": setting("CELL_RESOLUTION"),
        "n": samples.total(),
        "cells": len(samples),
        "evenness": _evenness(month, samples, language),
        "least_devices": 0 if show_all else least,
        "rule": message("cells_all" if show_all else "cells_rule", language).format(least=least),
        "suppressed": {
            "cells": len(samples) - len(shown),
            "n": samples.total() - sum(shown.values()),
        },
        "items": [_item(cell, shown[cell]) for cell in sorted(shown, key=lambda c: (-shown[c], c))],
    }


def as_geojson(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer of `unit_cells` as polygons in EPSG:4326."""
    features = [
        {
            "type": "Feature",
            "id": item["cell"],
            "properties": {"n": item["n"]},
            "geometry": mapping(hexagon(item["cell"])),
        }
        for item in answer["items"]
    ]
    members = {name: answer[name] for name in ("month", "network", "unit", "rule", "suppressed")}
    return {"type": "FeatureCollection", **members, "features": features}


def hexagon(cell: str) -> Polygon:
    """Return the area of a cell in EPSG:4326."""
    corners = h3.cell_to_boundary(cell)
    return Polygon([(round(lon, DECIMALS), round(lat, DECIMALS)) for lat, lon in corners])


def _count_cells(month: UnitMonth) -> tuple[Counter[str], Counter[str]]:
    """Count the samples and the devices of each cell."""
    resolution = setting("CELL_RESOLUTION")
    parameters = month.parameters(most=ROWS_MOST + 1, no_device=NO_DEVICE)
    row = db.session.execute(UNIT_POSITIONS, parameters).one()
    ids = np.frombuffer(row.devices or b"", dtype=DEVICE)
    if len(ids) > ROWS_MOST:
        raise Problem(422, "too_many_to_look_at")
    degrees = [np.frombuffer(one or b"", ">f8").tolist() for one in (row.latitudes, row.longitudes)]
    cells = [h3.latlng_to_cell(*position, resolution) for position in zip(*degrees, strict=True)]
    known = (ids["high"] != 0) | (ids["low"] != 0)
    pairs = set(compress(zip(cells, numbered(ids).tolist(), strict=True), known))
    return Counter(cells), Counter(cell for cell, _ in pairs)


def _evenness(month: UnitMonth, samples: Counter[str], language: Language) -> dict[str, Any] | None:
    """Return the spread with its definition; None under the minimum, where it would be chance."""
    assert month.unit is not None
    if samples.total() < max(setting("MINIMUM_N"), 1):
        return None
    active = month.boundaries
    inside = cells_inside(active.id, month.unit.id, setting("CELL_RESOLUTION")) if active else 0
    spread = evenness(samples.values(), inside)
    assert spread is not None
    return asdict(spread) | {
        "cells_in_unit": inside,
        "definition": message("evenness_definition", language),
    }


@lru_cache(maxsize=CACHED_UNITS_MOST)
def cells_inside(set_id: int, unit_id: int, resolution: int) -> int:
    """Return the number of cells that touch a unit."""
    query = select(Boundary.geometry).where(
        Boundary.set_id == set_id, Boundary.unit_id.in_(communes_of(unit_id))
    )
    cells: set[str] = set()
    for shape in map(h3.geo_to_h3shape, from_wkb(db.session.scalars(query).all())):
        cells.update(h3.h3shape_to_cells_experimental(shape, resolution, "overlap"))
    return len(cells)


def _item(cell: str, n: int) -> dict[str, Any]:
    latitude, longitude = h3.cell_to_latlng(cell)
    return {
        "cell": cell,
        "latitude": round(latitude, DECIMALS),
        "longitude": round(longitude, DECIMALS),
        "n": n,
    }


def open_cells(
    month: str, network: str, units: frozenset[int] | None = None
) -> list[dict[str, Any]]:
    """Return samples, devices and speeds of the cells with enough devices, for the open data.

    `units` restricts them to some communes. Speeds are None under the minimum of samples.
    """
    least, minimum = setting("CELL_DEVICES"), max(setting("MINIMUM_N"), 1)
    cells = _read_cells(month, network, setting("CELL_RESOLUTION"), units)
    return [
        {
            **_item(name, cell.n),
            "devices": len(cell.devices),
            **{
                metric: summary(np.sort(np.frombuffer(values))) if len(values) >= minimum else None
                for metric, values in zip(METRICS, cell.values, strict=True)
            },
        }
        for name, cell in sorted(cells.items(), key=lambda pair: pair[0])
        if len(cell.devices) >= least
    ]


def _read_cells(
    month: str, network: str, resolution: int, units: frozenset[int] | None
) -> dict[str, _Cell]:
    parameters: dict[str, Any] = {
        "first": month_start(month), "last": month_end(month), "network": network
    }  # fmt: skip
    statement = MONTH_POSITIONS
    if units is not None:
        statement, parameters["units"] = MONTH_POSITIONS + IN_UNITS, list(units)
    follow_indexes()
    streamed = text(statement).execution_options(yield_per=CHUNK)
    cells: dict[str, _Cell] = defaultdict(_Cell)
    for latitude, longitude, device, *measured in db.session.execute(streamed, parameters):
        cell = cells[h3.latlng_to_cell(latitude, longitude, resolution)]
        cell.n += 1
        if device is not None:
            cell.devices.add(device)
        for values, value in zip(cell.values, measured, strict=True):
            if value is not None:
                values.append(value)
    return cells
