"""Tables of the open data of a month, with the figures of the API."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from backend.accounts.access import PUBLIC
from backend.clock import month_end
from backend.coverage.figures.publication import published
from backend.coverage.figures.service import CoverageQuery, coverage
from backend.coverage.statistics.cells import open_cells
from backend.coverage.statistics.quantiles import METRICS
from backend.coverage.statistics.service import statistics_by_unit
from backend.errors import Problem
from backend.measurements.recording.rules import NETWORKS
from backend.reports.open_data import columns
from backend.reports.open_data.columns import Column
from backend.units.service import UnitRow, units_on

Row = dict[str, Any]
ALL = "all"
FIGURES = ("median", "mean", "p10", "p90")


@dataclass(frozen=True, slots=True)
class Table:
    """A table: name, title in both languages, columns, rows."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    shape: Literal["point", "cell"] | None = None  # geometry of its rows


@dataclass(frozen=True, slots=True)
class Month:
    """The open data of a month, with its boundary set."""

    month: str
    boundaries: Mapping[str, str] | None
    demo: bool
    tables: tuple[Table, ...]


def read_month(month: str, now: datetime) -> Month:
    """Read all public figures of a month: if reports are required, of approved provinces alone."""
    shown = published(PUBLIC, month)
    units = [unit for unit in units_on(month_end(month)) if shown is None or unit.id in shown]
    if not units:
        raise Problem(409, "not_published")
    speeds = {network: statistics_by_unit(month, network) for network in NETWORKS}
    answers = {
        (network, level): coverage(CoverageQuery(month, level, network, reader=PUBLIC), now)
        for network in NETWORKS
        for level in dict.fromkeys(unit.level for unit in units)
    }
    first = next(iter(answers.values()))
    items = {
        (network, level, item["code"]): item
        for (network, level), answer in answers.items()
        for item in answer["items"]
    }
    return Month(
        month,
        first["boundaries"],
        first["demo"],
        (
            Table(
                "units", "Số mẫu và tốc độ theo đơn vị / Samples and speeds by unit",
                columns.UNITS, list(_units(month, units, items, speeds)), shape="point",
            ),
            Table(
                "speeds", "Tốc độ theo nhà mạng, công nghệ / Speeds by operator and technology",
                columns.SPEED_ROWS, list(_speeds(month, units, speeds)),
            ),
            Table(
                "cells", "Tốc độ theo ô H3 / Speeds by H3 cell",
                columns.CELLS, list(_cells(month, shown)), shape="cell",
            ),
        ),
    )  # fmt: skip


def _units(
    month: str,
    units: Sequence[UnitRow],
    items: Mapping[tuple[str, str, str], Mapping[str, Any]],
    speeds: Mapping[str, Mapping[int, Sequence[Mapping[str, Any]]]],
) -> Iterable[Row]:
    named = ("level", "code", "name", "type", "province_code", "province", "longitude", "latitude")
    counted = ("received", "valid", "counted", "target", "reached")
    for network in NETWORKS:
        for unit in units:
            item = items[network, unit.level, unit.code]
            whole = next(iter(speeds[network].get(unit.id, ())), None)  # all operators come first
            yield {
                "month": month,
                "network": network,
                **{name: getattr(unit, name) for name in named},
                **{name: item[name] for name in counted},
                "devices": whole["devices"] if whole else 0,
                **_spreads(whole),
            }


def _speeds(
    month: str,
    units: Sequence[UnitRow],
    speeds: Mapping[str, Mapping[int, Sequence[Mapping[str, Any]]]],
) -> Iterable[Row]:
    for network in NETWORKS:
        for unit in units:
            for row in speeds[network].get(unit.id, ()):
                # Columns of the primary key are never empty.
                groups = {name: row[name] or ALL for name in ("operator", "technology")}
                figures = groups | {name: row[name] for name in ("n", "devices")}
                yield {
                    "month": month, "network": network, "level": unit.level, "code": unit.code,
                    **figures, **_spreads(row),
                }  # fmt: skip


def _cells(month: str, shown: frozenset[int] | None) -> Iterable[Row]:
    names = ("cell", "longitude", "latitude", "n", "devices")
    for network in NETWORKS:
        for row in open_cells(month, network, shown):
            figures = {name: row[name] for name in names}
            yield {"month": month, "network": network, **figures, **_spreads(row)}


def _spreads(row: Mapping[str, Any] | None) -> Row:
    """Return the figures of every metric as columns; null where there were too few samples."""
    spreads = {metric: row[metric] if row else None for metric in METRICS}
    return {
        f"{metric}_{figure}": spread[figure] if spread else None
        for metric, spread in spreads.items()
        for figure in FIGURES
    }
