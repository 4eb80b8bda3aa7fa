"""Cells with radio samples: live ones of communes, and those of a monthly release."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

import h3
from sqlalchemy import select, text

from backend.clock import month_end, month_start
from backend.coverage.figures.unit_access import UnitMonth
from backend.coverage.statistics import radio_rules as rules
from backend.coverage.statistics import release_rules
from backend.coverage.statistics.models import Release, ReleasedRadio
from backend.coverage.statistics.no_connection import DECIMALS, UnitsOf
from backend.coverage.statistics.no_connection_rules import RESOLUTIONS, cell_at
from backend.coverage.statistics.radio_rules import NO_SERVICE, RadioCell, Track
from backend.database.extensions import db, setting
from backend.errors import Problem
from backend.units.models import Unit

# In one answer: a commune through which a hundred people walked for a day. It takes two seconds.
ROWS_MOST = 1_000_000
# The person of a device without counted samples: each is another, and nobody's evidence.
STRANGER = -(2**40)

# The samples of each phone in each cell.
TRACKS = """
    select device_id, cell, operator, technology, count(*)::int as n,
        percentile_disc(0.5) within group (order by rsrp_dbm) as median_dbm,
        max(rsrp_dbm) as best_dbm
    from ({source}) samples group by 1, 2, 3, 4
"""
OF_MONTH = text(
    TRACKS.format(source="select * from radio_samples where day between :first and :last")
)
OF_UNITS = text(
    TRACKS.format(
        source="select * from radio_samples"
        " where unit_id = any(:units) and day between :first and :last limit :most"
    )
)


class RadioRow(TypedDict):
    """A cell, operator and technology in an answer; released numbers are rounded."""

    cell: str
    resolution: int
    latitude: float
    longitude: float
    operator: str  # "": unknown
    technology: str  # 4G, 5G, or none: no service
    n: int
    devices: int
    median_dbm: int | None
    best_dbm: int | None


def live_rows(month: UnitMonth) -> list[RadioRow]:
    """Return the cells of a unit's month as they are now; 422 above ROWS_MOST samples."""
    rows = db.session.execute(OF_UNITS, month.parameters(most=ROWS_MOST + 1)).all()
    if sum(row.n for row in rows) > ROWS_MOST:
        raise Problem(422, "too_many_to_look_at")
    found = [_serialize(cell) for cell in rules.live_cells(_tracks(rows, {}))]
    return sorted(found, key=_order)


@dataclass(frozen=True, slots=True)
class MonthCells:
    """The cells of a month to show, with the commune of each."""

    cells: list[RadioCell]
    unit_of: Mapping[str, int]


def find_cells(
    month: str,
    people_of: Callable[[set[UUID]], Mapping[UUID, int]],
    units_of: UnitsOf,
    units: Sequence[int] | None = None,
) -> MonthCells:
    """Return the cells of a month to show, of some communes if given."""
    values: dict[str, Any] = {"first": month_start(month), "last": month_end(month)}
    if units is not None:
        values |= {"units": list(units), "most": None}
    rows = db.session.execute(OF_MONTH if units is None else OF_UNITS, values).all()
    if not rows:
        return MonthCells([], {})
    tracks = _tracks(rows, people_of({row.device_id for row in rows}))
    cells = {cell_at(one.cell, resolution) for one in tracks for resolution in RESOLUTIONS}
    unit_of = units_of(sorted(cells), month_end(month))
    return MonthCells(rules.shown_cells(tracks, unit_of.keys()), unit_of)


def _tracks(rows: Iterable[Any], people: Mapping[UUID, int]) -> list[Track]:
    """Return the tracks of rows; a device of nobody known is a person of its own."""
    found = []
    for number, row in enumerate(rows):
        found.append(
            Track(
                device=row.device_id,
                person=people.get(row.device_id, STRANGER - number),
                cell=h3.int_to_str(row.cell),
                operator=row.operator or "",
                technology=row.technology or NO_SERVICE,
                n=row.n,
                median_dbm=row.median_dbm,
                best_dbm=row.best_dbm,
            )
        )
    return found


def released_rows(
    month: str, found: MonthCells, chains: Mapping[int, tuple[int, ...]]
) -> list[dict[str, Any]]:
    """Return the rows of a release: the cells of each unit."""
    items: dict[int, list[RadioRow]] = defaultdict(list)
    for cell in found.cells:
        item = _rounded(month, _serialize(cell))
        for unit in chains[found.unit_of[cell.cell]][:-1]:  # without the country
            items[unit].append(item)
    return [
        {"month": month, "unit_id": unit, "cells": sorted(rows, key=_order)}
        for unit, rows in sorted(items.items())
    ]


def _order(row: RadioRow) -> tuple[str, str, str]:
    return row["operator"], row["technology"], row["cell"]


def _serialize(cell: RadioCell) -> RadioRow:
    latitude, longitude = h3.cell_to_latlng(cell.cell)
    return {
        "cell": cell.cell,
        "resolution": cell.resolution,
        "latitude": round(latitude, DECIMALS),
        "longitude": round(longitude, DECIMALS),
        "operator": cell.operator,
        "technology": cell.technology,
        "n": cell.n,
        "devices": cell.devices,
        "median_dbm": cell.median_dbm,
        "best_dbm": cell.best_dbm,
    }


def _rounded(month: str, row: RadioRow) -> RadioRow:
    """Return a row with rounded numbers, which reveal no single phone."""
    key = setting("SECRET_KEY").encode()
    label = f"{month}|{row['operator']}|{row['technology']}|{row['cell']}"
    return row | {
        "n": release_rules.rounded(row["n"], key, f"release|radio|{label}"),
        "devices": release_rules.rounded(row["devices"], key, f"release|recording|{label}"),
    }


def read_cells(month: UnitMonth) -> tuple[datetime | None, list[RadioRow]]:
    """Return the time of a month's release, and its cells of a unit."""
    made_at = db.session.scalar(select(Release.made_at).where(Release.month == month.month))
    assert month.unit is not None
    row = db.session.get(ReleasedRadio, (month.unit.id, month.month))
    return made_at, list(row.cells) if row else []  # type: ignore[arg-type]


def country_cells(month: str, units: frozenset[int] | None = None) -> list[RadioRow]:
    """Return the released cells of all provinces, or of those among `units`."""
    rows = db.session.execute(
        select(Unit.id, ReleasedRadio.cells)
        .join(Unit, Unit.id == ReleasedRadio.unit_id)
        .where(ReleasedRadio.month == month, Unit.level == "province")
    )
    found = [cell for row in rows if units is None or row.id in units for cell in row.cells]
    return sorted(found, key=_order)
