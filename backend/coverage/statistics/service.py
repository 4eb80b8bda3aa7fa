"""Median, mean and percentiles of speed by unit, month, network, operator and technology.

They are computed beforehand (`statistics_refresh`), so that a page costs the same however many
samples lie behind a figure.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text

from backend.accounts.access import Actor
from backend.coverage.figures.unit_month import unit_month
from backend.coverage.statistics.quantiles import (
    ALL,
    BANDS_MBPS,
    METRICS,
    REFERENCES,
    UNKNOWN,
    Reference,
)
from backend.database.extensions import db
from backend.measurements.recording.rules import OPERATORS
from backend.units.service import UnitRow

COUNTRY = 0
# Operators by their network's code. Any other name is what somebody typed in: it is shown where
# enough samples bear it, and else is in the totals alone.
KNOWN = frozenset({ALL, UNKNOWN, *OPERATORS.values()})

SELECT = """
    select unit_id, operator, technology, n, devices, figures, found_at from statistics
    where month = :month and network = :network {which}
    order by unit_id, operator = :unknown, operator collate "C",
        technology = :unknown, technology collate "C"
"""
ROWS = text(SELECT.format(which="and unit_id = :unit"))
ROWS_OF_ALL = text(SELECT.format(which=""))


def statistics(unit: UnitRow | None, month: str, network: str) -> list[dict[str, Any]]:
    """A unit's statistics, or the country's: totals first; each metric null under the minimum."""
    return [_told(row) for row in _rows(unit, month, network)]


def statistics_by_unit(month: str, network: str) -> dict[int, list[dict[str, Any]]]:
    """The same of every unit that has any, by its row."""
    asked = {"month": month, "network": network, "unknown": UNKNOWN}
    found: dict[int, list[dict[str, Any]]] = {}
    for row in db.session.execute(ROWS_OF_ALL, asked).mappings():
        if _shown(row):
            found.setdefault(row["unit_id"], []).append(_told(row))
    return found


def unit_statistics(
    code: str | None,
    level: str | None,
    month: str,
    network: str,
    now: datetime,
    reader: Actor | None = None,
) -> dict[str, Any]:
    """The answer about a unit of the month's last day; about the country where none is told."""
    asked = unit_month(code, level, month, network, now, reader)
    rows = _rows(asked.unit, month, network)
    return {
        **asked.serialize(),
        "found_at": max(row["found_at"] for row in rows).isoformat() if rows else None,
        "bands_mbps": list(BANDS_MBPS),
        "references": [_reference(one) for one in REFERENCES],
        "items": [_told(row) for row in rows],
    }


def _rows(unit: UnitRow | None, month: str, network: str) -> list[dict[str, Any]]:
    asked = {"month": month, "network": network, "unit": unit.id if unit else COUNTRY}
    found = db.session.execute(ROWS, {**asked, "unknown": UNKNOWN}).mappings()
    return [dict(row) for row in found if _shown(row)]


def _shown(row: Mapping[Any, Any]) -> bool:
    return row["operator"] in KNOWN or row["figures"] is not None


def _told(row: Mapping[Any, Any]) -> dict[str, Any]:
    figures = row["figures"] or {}
    return {
        "operator": row["operator"] or None,  # ALL
        "technology": row["technology"] or None,
        "n": row["n"],
        "devices": row["devices"],
        **{metric: figures.get(metric) for metric in METRICS},
        "shares": figures.get("shares"),
    }


def _reference(one: Reference) -> dict[str, Any]:
    return {
        "code": one.code,
        "technology": one.technology,
        "metric": one.metric,
        "at_least": one.bound if one.least else None,
        "at_most": None if one.least else one.bound,
        "source": one.source,
    }
