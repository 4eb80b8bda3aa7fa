"""The open data of a month as rows: every figure as the API gives it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from backend.accounts.access import PUBLIC
from backend.clock import month_end
from backend.coverage.figures.publication import published
from backend.coverage.figures.service import Question, coverage
from backend.coverage.statistics.open_cells import open_cells
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
    """One table: its name, what it is in both languages, its columns and rows."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    shape: Literal["point", "cell"] | None = None  # what its rows are on a map


@dataclass(frozen=True, slots=True)
class Month:
    """The open data of a month, and what it rests on."""

    month: str
    boundaries: Mapping[str, str] | None
    demo: bool
    tables: tuple[Table, ...]


def read_month(month: str, now: datetime) -> Month:
    """Everything that is published of a month: where that waits, of approved provinces alone."""
    shown = published(PUBLIC, month)
    units = [unit for unit in units_on(month_end(month)) if shown is None or unit.id in shown]
    if not units:
        raise Problem(409, "not_published")
    speeds = {network: statistics_by_unit(month, network) for network in NETWORKS}
    told = {
        (network, level): coverage(Question(month, level, network, reader=PUBLIC), now)
        for network in NETWORKS
        for level in dict.fromkeys(unit.level for unit in units)
    }
    any_one = next(iter(told.values()))
    items = {
        (network, level, item["code"]): item
        for (network, level), answer in told.items()
        for item in answer["items"]
    }
    return Month(
        month,
        any_one["boundaries"],
        any_one["demo"],
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
                # What tells rows apart is never empty.
                groups = {name: row[name] or ALL for name in ("operator", "technology")}
                told = groups | {name: row[name] for name in ("n", "devices")}
                yield {
                    "month": month, "network": network, "level": unit.level, "code": unit.code,
                    **told, **_spreads(row),
                }  # fmt: skip


def _cells(month: str, shown: frozenset[int] | None) -> Iterable[Row]:
    names = ("cell", "longitude", "latitude", "n", "devices")
    for network in NETWORKS:
        for row in open_cells(month, network, shown):
            told = {name: row[name] for name in names}
            yield {"month": month, "network": network, **told, **_spreads(row)}


def _spreads(row: Mapping[str, Any] | None) -> Row:
    """Every metric's figures side by side; null where there were too few samples."""
    told = {metric: row[metric] if row else None for metric in METRICS}
    return {
        f"{metric}_{figure}": spread[figure] if spread else None
        for metric, spread in told.items()
        for figure in FIGURES
    }
