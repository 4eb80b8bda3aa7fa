"""Speeds of a unit by month, network, operator and technology, and hours of its samples.

Officials see their area exact and live, the public the monthly release. Speeds are computed in
advance (`refresh`), so that the cost of a page does not depend on the number of samples.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import text

from backend.accounts.access import Actor
from backend.clock import VIETNAM
from backend.coverage.figures.unit_access import UnitMonth, in_own_area
from backend.coverage.statistics import quantiles as rule
from backend.coverage.statistics.release import (
    DAY_HOURS,
    WEEKDAYS,
    read,
    released_of_units,
    released_units,
)
from backend.database.extensions import db, setting
from backend.units.service import UnitRow

COUNTRY = 0

ROWS = text("""
    select unit_id, operator, technology, n, devices, figures, found_at from statistics
    where month = :month and network = :network and unit_id = :unit
    order by unit_id, operator = :unknown, operator collate "C",
        technology = :unknown, technology collate "C"
""")
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


def statistics(unit: UnitRow | None, month: str, network: str) -> list[dict[str, Any]]:
    """Return the statistics of a unit or the country, totals first; None under the minimum."""
    return [_serialize(row) for row in _read_rows(unit, month, network)]


def released_statistics(month: str, network: str) -> dict[int, list[dict[str, Any]]]:
    """Return the released statistics of every unit, by id."""
    units = released_units(month, network)
    return {unit: [_serialize(one) for one in row["statistics"]] for unit, row in units.items()}


def released_totals(units: Iterable[int], month: str, network: str) -> dict[int, dict[str, Any]]:
    """Return the released statistics of units over all operators and technologies, by id."""
    rows = {
        unit: [_serialize(one) for one in statistics or ()]
        for unit, statistics in released_of_units(units, month, network).items()
    }
    return {
        unit: one
        for unit, several in rows.items()
        for one in several
        if one["operator"] is None and one["technology"] is None
    }


def unit_statistics(month: UnitMonth, actor: Actor) -> dict[str, Any]:
    """Return the statistics of a unit's month, or of the country's."""
    if in_own_area(actor, month.unit, month.month):
        rows = _read_rows(month.unit, month.month, month.network)
        found_at = max(row["found_at"] for row in rows).isoformat() if rows else None
        release = None
    else:
        released = read(month, "statistics")
        rows, release = released.figures or [], released.serialize()
        found_at = release["made_at"]
    return {
        **month.serialize(),
        "release": release,
        "found_at": found_at,
        "bands_mbps": list(rule.BANDS_MBPS),
        "references": [_serialize_reference(one) for one in rule.REFERENCES],
        "items": [_serialize(row) for row in rows],
    }


def unit_hours(month: UnitMonth, actor: Actor) -> dict[str, Any]:
    """Return samples of seven weekdays from Monday with 24 hours each; None if too few."""
    hours: list[list[int]] | None
    if in_own_area(actor, month.unit, month.month):
        hours, release = _count_hours(month), None
    else:
        released = read(month, "hours")
        hours, release = released.figures, released.serialize()
    n = sum(map(sum, hours or []))
    enough = n >= setting("MINIMUM_N")
    return {**month.serialize(), "release": release, "n": n, "hours": hours if enough else None}


def _count_hours(month: UnitMonth) -> list[list[int]]:
    hours = [[0] * DAY_HOURS for _ in range(WEEKDAYS)]
    for row in db.session.execute(HOURS, month.parameters(zone=VIETNAM.tzname(None))):
        hours[row.weekday - 1][row.hour] = row.n
    return hours


def _read_rows(unit: UnitRow | None, month: str, network: str) -> list[dict[str, Any]]:
    unit_id = unit.id if unit else COUNTRY
    parameters = {"month": month, "network": network, "unit": unit_id, "unknown": rule.UNKNOWN}
    return [dict(row) for row in db.session.execute(ROWS, parameters).mappings()]


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
