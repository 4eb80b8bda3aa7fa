"""Speeds of a unit by month, network, operator and technology, and hours of its samples.

Speeds are computed in advance (`refresh`), so that the cost of a page does not depend on the number
of samples.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from backend.clock import VIETNAM
from backend.coverage.figures.unit_access import UnitMonth
from backend.coverage.statistics import quantiles as rule
from backend.database.extensions import db, setting
from backend.measurements.recording.rules import OPERATORS
from backend.units.service import UnitRow

COUNTRY = 0
# Operators known by their network code. Other names are free text: they are shown if they have
# enough samples, and are otherwise included in the totals only.
KNOWN = frozenset({rule.ALL, rule.UNKNOWN, *OPERATORS.values()})

SELECT = """
    select unit_id, operator, technology, n, devices, figures, found_at from statistics
    where month = :month and network = :network {which}
    order by unit_id, operator = :unknown, operator collate "C",
        technology = :unknown, technology collate "C"
"""
ROWS = text(SELECT.format(which="and unit_id = :unit"))
ROWS_OF_ALL = text(SELECT.format(which=""))
# Anonymised rows have no time.
HOURS = text("""
    select extract(isodow from at)::int as weekday, extract(hour from at)::int as hour,
        count(*)::int as n
    from (
        select measured_at at time zone :zone as at from measurements
        where unit_id = any(:units) and day between :first and :last
            and network = :network and counted and measured_at is not null
    ) moments group by 1, 2
""")
WEEKDAYS, DAY_HOURS = 7, 24


def statistics(unit: UnitRow | None, month: str, network: str) -> list[dict[str, Any]]:
    """Return the statistics of a unit or the country, totals first; None under the minimum."""
    return [_serialize(row) for row in _read_rows(unit, month, network)]


def statistics_by_unit(month: str, network: str) -> dict[int, list[dict[str, Any]]]:
    """Return the statistics of every unit that has any, by id."""
    parameters = {"month": month, "network": network, "unknown": rule.UNKNOWN}
    units: dict[int, list[dict[str, Any]]] = {}
    for row in db.session.execute(ROWS_OF_ALL, parameters).mappings():
        if _is_shown(row):
            units.setdefault(row["unit_id"], []).append(_serialize(row))
    return units


def unit_statistics(month: UnitMonth) -> dict[str, Any]:
    """Return the statistics of a unit's month, or of the country's."""
    rows = _read_rows(month.unit, month.month, month.network)
    return {
        **month.serialize(),
        "found_at": max(row["found_at"] for row in rows).isoformat() if rows else None,
        "bands_mbps": list(rule.BANDS_MBPS),
        "references": [_serialize_reference(one) for one in rule.REFERENCES],
        "items": [_serialize(row) for row in rows],
    }


def unit_hours(month: UnitMonth) -> dict[str, Any]:
    """Return samples of seven weekdays from Monday with 24 hours each; None under the minimum."""
    hours = [[0] * DAY_HOURS for _ in range(WEEKDAYS)]
    for row in db.session.execute(HOURS, month.parameters(zone=VIETNAM.tzname(None))):
        hours[row.weekday - 1][row.hour] = row.n
    n = sum(map(sum, hours))
    return {**month.serialize(), "n": n, "hours": hours if n >= setting("MINIMUM_N") else None}


def _read_rows(unit: UnitRow | None, month: str, network: str) -> list[dict[str, Any]]:
    unit_id = unit.id if unit else COUNTRY
    parameters = {"month": month, "network": network, "unit": unit_id, "unknown": rule.UNKNOWN}
    rows = db.session.execute(ROWS, parameters).mappings()
    return [dict(row) for row in rows if _is_shown(row)]


def _is_shown(row: Mapping[Any, Any]) -> bool:
    return row["operator"] in KNOWN or row["figures"] is not None


def _serialize(row: Mapping[Any, Any]) -> dict[str, Any]:
    figures = row["figures"] or {}
    return {
        "operator": row["operator"] or None,  # ALL
        "technology": row["technology"] or None,
        "n": row["n"],
        "devices": row["devices"],
        **{metric: figures.get(metric) for metric in rule.METRICS},
        "shares": figures.get("shares"),
    }


def _serialize_reference(one: rule.Reference) -> dict[str, Any]:
    return {
        "code": one.code,
        "technology": one.technology,
        "metric": one.metric,
        "at_least": one.bound if one.least else None,
        "at_most": None if one.least else one.bound,
        "source": one.source,
    }
