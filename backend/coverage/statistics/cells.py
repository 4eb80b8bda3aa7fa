"""How evenly samples are spread over the cells of a unit; pure.

Where in a unit the counted samples of a month lie: cells of some 500 m, with counts alone.

The cells of a whole month as everybody may have them: those in which enough devices measured."""

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
from backend.coverage.figures.unit_month import UnitMonth, communes_of, unit_month
from backend.coverage.statistics.quantiles import DEVICE, METRICS, numbered, summary
from backend.database.extensions import db, follow_indexes, setting
from backend.errors import Problem
from backend.i18n.languages import Language
from backend.i18n.messages import message
from backend.organisations.scopes import unit_scope
from backend.units.models import Boundary


@dataclass(frozen=True, slots=True)
class Evenness:
    """The spread of samples over cells.

    `effective_cells` is the number of cells that as many samples, spread evenly, would be as
    concentrated in (Simpson's inverse): 1 where all come from one office. `value` is its part of
    the most that could be reached, the cells of the unit or the samples, whichever are fewer.
    """

    value: float
    effective_cells: float
    largest_share: float


def evenness(samples: Collection[int], cells: int) -> Evenness | None:
    """The spread over a unit of so many cells; None without a sample."""
    n = sum(samples)
    if not n:
        return None
    effective = n * n / sum(one * one for one in samples)
    # A sample just outside was given to the unit: its cell may touch none of the unit's ground.
    reachable = min(n, max(cells, len(samples)))
    return Evenness(effective / reachable, effective, max(samples) / n)


# A second of one worker. Only a city of millions has more in a month: ask by commune there.
ROWS_MOST = 250_000
# Five decimals are a metre.
DECIMALS = 5

# Stripped and expired rows have no position any more.
# Packed, since a hundred thousand rows one by one take longer than all that is done with them.
UNIT_POSITIONS = text("""
    select string_agg(float8send(latitude), '') as latitudes,
        string_agg(float8send(longitude), '') as longitudes,
        string_agg(uuid_send(coalesce(device_id, :nobody)), '') as devices
    from (
        select latitude, longitude, device_id from measurements
        where unit_id = any(:units) and day between :first and :last and network = :network
            and counted and latitude is not null and longitude is not null
        limit :most
    ) located
""")
# In the place of the device that imported rows do not have.
NOBODY = UUID(int=0)
# Units that somebody looks at; sets never change in place.
CACHED_UNITS_MOST = 512


def unit_cells(
    actor: Actor, code: str, query: Mapping[str, Any], language: Language, now: datetime
) -> dict[str, Any]:
    """The cells of a unit; the public sees those alone in which enough devices measured."""
    asked = unit_month(code, query["level"], query["month"], query["network"], now, actor)
    assert asked.unit is not None
    everything = can(actor, "unit.cells", unit_scope(asked.unit.id))
    samples, devices = _counted(asked)
    least = setting("CELL_DEVICES")
    shown = {c: n for c, n in samples.items() if everything or devices[c] >= least}
    return {
        **asked.serialize(),
        "resolution": setting("CELL_RESOLUTION"),
        "n": samples.total(),
        "cells": len(samples),
        "evenness": _evenness(asked, samples, language),
        "least_devices": 0 if everything else least,
        "rule": _rule(everything, least, language),
        "suppressed": {
            "cells": len(samples) - len(shown),
            "n": samples.total() - sum(shown.values()),
        },
        "items": [_item(cell, n) for cell, n in sorted(shown.items(), key=_largest_first)],
    }


def as_geojson(told: Mapping[str, Any]) -> dict[str, Any]:
    """The cells as polygons in EPSG:4326, for a map."""
    features = [
        {
            "type": "Feature",
            "id": item["cell"],
            "properties": {"n": item["n"]},
            "geometry": mapping(hexagon(item["cell"])),
        }
        for item in told["items"]
    ]
    about = {name: told[name] for name in ("month", "network", "unit", "rule", "suppressed")}
    return {"type": "FeatureCollection", **about, "features": features}


def hexagon(cell: str) -> Polygon:
    """The area of a cell in EPSG:4326."""
    corners = h3.cell_to_boundary(cell)
    return Polygon([(round(lon, DECIMALS), round(lat, DECIMALS)) for lat, lon in corners])


def _counted(asked: UnitMonth) -> tuple[Counter[str], Counter[str]]:
    """How many samples each cell has, and of how many devices."""
    resolution = setting("CELL_RESOLUTION")
    values = asked.parameters(most=ROWS_MOST + 1, nobody=NOBODY)
    row = db.session.execute(UNIT_POSITIONS, values).one()
    ids = np.frombuffer(row.devices or b"", dtype=DEVICE)
    if len(ids) > ROWS_MOST:
        raise Problem(422, "too_many_to_look_at")
    places = zip(_degrees(row.latitudes), _degrees(row.longitudes), strict=True)
    cells = [h3.latlng_to_cell(*place, resolution) for place in places]
    known = (ids["high"] != 0) | (ids["low"] != 0)
    pairs = set(compress(zip(cells, numbered(ids).tolist(), strict=True), known))
    return Counter(cells), Counter(cell for cell, _ in pairs)


def _degrees(packed: bytes | None) -> list[float]:
    degrees: list[float] = np.frombuffer(packed or b"", dtype=">f8").tolist()
    return degrees


def _evenness(asked: UnitMonth, samples: Counter[str], language: Language) -> dict[str, Any] | None:
    """The spread with its definition; None under the minimum, where chance alone makes it."""
    assert asked.unit is not None
    if samples.total() < max(setting("MINIMUM_N"), 1):
        return None
    active = asked.boundaries
    inside = cells_inside(active.id, asked.unit.id, setting("CELL_RESOLUTION")) if active else 0
    found = evenness(samples.values(), inside)
    assert found is not None
    return asdict(found) | {
        "cells_in_unit": inside,
        "definition": message("evenness_definition", language),
    }


def _rule(everything: bool, least: int, language: Language) -> str:
    return message("cells_all" if everything else "cells_rule", language).format(least=least)


@lru_cache(maxsize=CACHED_UNITS_MOST)
def cells_inside(set_id: int, unit_id: int, resolution: int) -> int:
    """How many cells touch a unit."""
    query = select(Boundary.geometry).where(
        Boundary.set_id == set_id, Boundary.unit_id.in_(communes_of(unit_id))
    )
    found: set[str] = set()
    for shape in from_wkb(db.session.scalars(query).all()):
        cells = h3.h3shape_to_cells_experimental(h3.geo_to_h3shape(shape), resolution, "overlap")
        found.update(cells)
    return len(found)


def _item(cell: str, n: int) -> dict[str, Any]:
    latitude, longitude = h3.cell_to_latlng(cell)
    return {
        "cell": cell,
        "latitude": round(latitude, DECIMALS),
        "longitude": round(longitude, DECIMALS),
        "n": n,
    }


def _largest_first(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]


# Stripped and expired rows have no position any more.
MONTH_POSITIONS = f"""
    select latitude, longitude, device_id, {", ".join(METRICS)} from measurements
    where day between :first and :last and network = :network
        and counted and latitude is not null and longitude is not null
"""  # noqa: S608 # names of columns
IN_UNITS = " and unit_id = any(:units)"
# Rows that are held at a time: a month of the country has a million.
CHUNK = 20_000


@dataclass(slots=True)
class _Cell:
    """What was measured in a cell."""

    n: int = 0
    devices: set[Any] = field(default_factory=set)
    values: tuple["array[float]", ...] = field(
        default_factory=lambda: tuple(array("d") for _ in METRICS)
    )


def open_cells(
    month: str, network: str, units: frozenset[int] | None = None
) -> list[dict[str, Any]]:
    """Samples, devices and speeds by cell, of some communes alone where they are told.

    Speeds are null under the minimum of samples.
    """
    least, resolution = setting("CELL_DEVICES"), setting("CELL_RESOLUTION")
    cells = _read_cells(month, network, resolution, units)
    return [
        _serialize_cell(name, cells[name])
        for name in sorted(cells)
        if len(cells[name].devices) >= least
    ]


def _read_cells(
    month: str, network: str, resolution: int, units: frozenset[int] | None
) -> dict[str, _Cell]:
    span: dict[str, Any] = {
        "first": month_start(month), "last": month_end(month), "network": network
    }  # fmt: skip
    statement = MONTH_POSITIONS
    if units is not None:
        statement, span["units"] = MONTH_POSITIONS + IN_UNITS, list(units)
    follow_indexes()
    streamed = text(statement).execution_options(yield_per=CHUNK)
    cells: dict[str, _Cell] = defaultdict(_Cell)
    for latitude, longitude, device, *measured in db.session.execute(streamed, span):
        cell = cells[h3.latlng_to_cell(latitude, longitude, resolution)]
        cell.n += 1
        if device is not None:
            cell.devices.add(device)
        for values, value in zip(cell.values, measured, strict=True):
            if value is not None:
                values.append(value)
    return cells


def _serialize_cell(name: str, cell: _Cell) -> dict[str, Any]:
    minimum = max(setting("MINIMUM_N"), 1)
    latitude, longitude = h3.cell_to_latlng(name)
    return {
        "cell": name,
        "latitude": round(latitude, DECIMALS),
        "longitude": round(longitude, DECIMALS),
        "n": cell.n,
        "devices": len(cell.devices),
        **{
            metric: summary(np.sort(np.frombuffer(values))) if len(values) >= minimum else None
            for metric, values in zip(METRICS, cell.values, strict=True)
        },
    }
