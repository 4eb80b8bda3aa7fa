"""The cells of a whole month as everybody may have them: those in which enough devices measured."""

from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import h3
import numpy as np
from sqlalchemy import text

from backend.clock import month_end, month_start
from backend.coverage.statistics.cells import DECIMALS
from backend.coverage.statistics.quantiles import METRICS, summary
from backend.database.extensions import db, follow_indexes, setting

# Stripped and expired rows have no position any more.
POSITIONS = f"""
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
    cells = _gathered(month, network, resolution, units)
    return [_told(name, cells[name]) for name in sorted(cells) if len(cells[name].devices) >= least]


def _gathered(
    month: str, network: str, resolution: int, units: frozenset[int] | None
) -> dict[str, _Cell]:
    span: dict[str, Any] = {
        "first": month_start(month), "last": month_end(month), "network": network
    }  # fmt: skip
    statement = POSITIONS
    if units is not None:
        statement, span["units"] = POSITIONS + IN_UNITS, list(units)
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


def _told(name: str, cell: _Cell) -> dict[str, Any]:
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
