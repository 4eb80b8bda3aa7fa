"""Speeds of a unit by month, network, operator and technology, and hours of its samples.

Officials see their area exact and live, the public the monthly release. Speeds are computed in
advance (`refresh`), so that the cost of a page does not depend on the number of samples.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any, Literal, cast

from sqlalchemy import text

from backend.accounts.access import Actor
from backend.clock import VIETNAM, month_before
from backend.coverage.figures.unit_access import UnitMonth, in_own_area, published
from backend.coverage.statistics import intervals
from backend.coverage.statistics import quantiles as rule
from backend.coverage.statistics.answers import (
    Direction,
    HoursAnswer,
    SpeedReference,
    SpeedRow,
    SpeedStatistics,
    Week,
    spread_of,
)
from backend.coverage.statistics.group_figures import leading
from backend.coverage.statistics.iqb import rate
from backend.coverage.statistics.release import DAY_HOURS, WEEKDAYS
from backend.coverage.statistics.released import read, released_of_units, released_units
from backend.coverage.statistics.stored import Shares, Spread, StoredRow
from backend.coverage.statistics.week_medians import Median
from backend.database.extensions import db, setting
from backend.measurements.recording.archived import archived_months
from backend.witness.hosts import changed_months

COUNTRY = 0
SPREAD = tuple(Spread.__annotations__)

COMPUTED_ROWS = text("""
    select unit_id, operator, technology, n, devices, figures, found_at from statistics
    where month = :month and network = :network and unit_id = any(:units)
    order by unit_id, operator = :unknown, operator collate "C",
        technology = :unknown, technology collate "C"
""")
# The totals over all operators in several months of a unit.
RELEASED_TOTALS = text("""
    select r.month, one.* from released_figures r, jsonb_to_recordset(r.statistics)
        as one (operator text, technology text, n int, devices int, figures jsonb)
    where r.month = any(:months) and r.network = :network and r.unit_id = :unit
        and one.operator = ''
""")
PROVINCES = text("""
    select count(*) from statistics s join units u on u.id = s.unit_id
    where s.month = :month and s.network = :network and u.level = 'province'
        and s.operator = '' and s.technology = '' and s.figures -> 'download_mbps' <> 'null'
""")
RELEASED_PROVINCES = text("""
    select count(*) from released_figures f join units u on u.id = f.unit_id
    cross join jsonb_array_elements(f.statistics) one
    where f.month = :month and f.network = :network and u.level = 'province'
        and one ->> 'operator' = '' and one ->> 'technology' = ''
        and one -> 'figures' -> 'download_mbps' <> 'null'
""")
# Anonymised rows have no time.
HOURS = text("""
    select extract(isodow from at)::int as weekday, extract(hour from at)::int as hour,
        count(*)::int as n
    from (
        select measured_at at time zone :zone as at from measurements
        where unit_id = any(:units) and day between :first and :last
            and network = :network and counted and measured_at is not null
            and (host is null or host <> all(array(
                select number from measuring_hosts where operator is not null)))
    ) moments group by 1, 2
""")


class ComputedRow(StoredRow):
    """Speeds of a group as computed last."""

    unit_id: int  # or COUNTRY
    found_at: datetime


def live_statistics(units: Sequence[int], month: str, network: str) -> dict[int, list[SpeedRow]]:
    """Return the latest statistics of units, by id; `COUNTRY` is the country."""
    rows = groupby(_read_units(units, month, network), lambda row: row["unit_id"])
    return {unit: ranked([serialize_speeds(row) for row in of_unit]) for unit, of_unit in rows}


def released_statistics(month: str, network: str) -> dict[int, list[SpeedRow]]:
    """Return the released statistics of every unit, by id."""
    units = released_units(month, network)
    return {
        unit: ranked([serialize_speeds(group) for group in released["statistics"]])
        for unit, released in units.items()
    }


def released_totals(units: Iterable[int], month: str, network: str) -> dict[int, SpeedRow]:
    """Return the released statistics of units over all operators and technologies, by id."""
    rows = {
        unit: [serialize_speeds(group) for group in statistics or ()]
        for unit, statistics in released_of_units(units, month, network).items()
    }
    return {
        unit: row
        for unit, of_unit in rows.items()
        for row in of_unit
        if row["operator"] is None and row["technology"] is None
    }


def unit_statistics(month: UnitMonth, actor: Actor) -> SpeedStatistics:
    """Return the statistics of a unit's month, or of the country's."""
    own = in_own_area(actor, month.unit, month.month)
    if own:
        rows = read_rows(month)
        found_at = max(row["found_at"] for row in rows).isoformat() if rows else None
        release = None
        items = ranked([serialize_speeds(row) for row in rows])
    else:
        released = read(month, "statistics")
        release = released.serialize()
        found_at = release["made_at"]
        items = ranked([serialize_speeds(row) for row in released.figures or ()])
    _compare(items, month, actor, live=own)
    totals = _totals(items)
    provinces = None if month.unit else _count_provinces(month, live=own)
    return {
        **month.serialize(),
        "release": release,
        "found_at": found_at,
        "bands_mbps": list(rule.BANDS_MBPS),
        "references": [_serialize_reference(reference, items) for reference in rule.REFERENCES],
        "hosts_changed": month.month in changed_months(),
        "provinces": provinces,
        "iqb": rate(totals) if totals else None,
        "items": items,
    }


def _count_provinces(month: UnitMonth, *, live: bool) -> int:
    """Return the number of provinces with a median download of their own."""
    values = {"month": month.month, "network": month.network}
    return int(db.session.execute(PROVINCES if live else RELEASED_PROVINCES, values).scalar_one())


def released_months(last: UnitMonth, actor: Actor, n: int) -> list[tuple[str, list[SpeedRow]]]:
    """Return the released totals of a unit over all operators in each of n months up to `last`.

    Totals are of all technologies and of each; a month has none where the actor sees none, or
    where the neutral measuring hosts changed.
    """
    months = [last.month]
    while len(months) < n:
        months.insert(0, month_before(months[0]))
    unit = last.unit.id if last.unit else COUNTRY
    changed = changed_months()
    seen = [month for month in months if _is_visible(actor, unit, month) and month not in changed]
    totals: dict[str, list[SpeedRow]] = {month: [] for month in months}
    values = {"months": seen, "network": last.network, "unit": unit}
    for row in db.session.execute(RELEASED_TOTALS, values).mappings():
        totals[row["month"]].append(serialize_speeds(cast(StoredRow, row)))
    return list(totals.items())


def _is_visible(actor: Actor, unit: int, month: str) -> bool:
    visible = published(actor, month)
    return visible is None or unit in visible


def _totals(rows: Iterable[SpeedRow]) -> SpeedRow | None:
    """Return the row over all operators and technologies."""
    return next((row for row in rows if not (row["operator"] or row["technology"])), None)


def _compare(items: Iterable[SpeedRow], month: UnitMonth, actor: Actor, *, live: bool) -> None:
    """Add whether each median download is higher or lower than a month before, beyond chance.

    Only of one operator and technology: a total also moves with who measures. None where one of the
    months has no interval, where the actor may not see the one before, or hosts changed.
    """
    before = replace(month, month=month_before(month.month))
    rows: Iterable[StoredRow] = ()
    alike = changed_months().isdisjoint((before.month, month.month))
    if alike and _is_visible(actor, month.unit.id if month.unit else COUNTRY, before.month):
        rows = read_rows(before) if live else read(before, "statistics").figures or []
    earlier = {_group(row): row["download_mbps"] for row in map(serialize_speeds, rows)}
    for item in items:
        speeds = earlier.get(_group(item)), item["download_mbps"]
        item["against_month_before"] = change(*speeds) if all(_group(item)) else None


def _group(item: SpeedRow) -> tuple[str | None, str | None]:
    return item["operator"], item["technology"]


def change(before: Spread | None, after: Spread | None) -> Direction | None:
    """Return whether a median is higher or lower than an earlier one, beyond chance."""
    if not (before and after and before["median_low"] and after["median_low"]):
        return None
    away = intervals.distance(leading(after), leading(before))
    return "same" if abs(away) <= intervals.NORMAL else "higher" if away > 0 else "lower"


def unit_hours(month: UnitMonth, actor: Actor) -> HoursAnswer:
    """Return samples of seven weekdays from Monday with 24 hours each; None if too few."""
    hours: list[list[int]] | None
    week = read(month, "week").figures
    if in_own_area(actor, month.unit, month.month) and month.month not in archived_months():
        hours, release = _count_hours(month), None
    else:
        released = read(month, "hours")
        hours, release = released.figures, released.serialize()
    n = sum(map(sum, hours or []))
    enough = n >= setting("MINIMUM_N")
    return {
        **month.serialize(),
        "release": release,
        "n": n,
        "hours": hours if enough else None,
        "download_medians": _serialize_week(week),
    }


def released_week(month: UnitMonth) -> tuple[Week, datetime, SpeedRow] | None:
    """Return the released medians of a unit's week, the time of the release and the totals.

    Officials read the same: hours are not computed live. None where there are none.
    """
    released = read(month, "week")
    totals = _totals(serialize_speeds(row) for row in read(month, "statistics").figures or [])
    week = _serialize_week(released.figures)
    if not week or totals is None or released.made_at is None:
        return None
    return week, released.made_at, totals


def _serialize_week(week: Sequence[Sequence[Median | None]] | None) -> Week | None:
    """Return the released median of each weekday and hour with its limits; None without any."""
    if week is None:
        return None
    return [
        [
            {"median": hour[0], "median_low": hour[1], "median_high": hour[2]} if hour else None
            for hour in day
        ]
        for day in week
    ]


def _count_hours(month: UnitMonth) -> list[list[int]]:
    hours = [[0] * DAY_HOURS for _ in range(WEEKDAYS)]
    for row in db.session.execute(HOURS, month.parameters(zone=VIETNAM.tzname(None))):
        hours[row.weekday - 1][row.hour] = row.n
    return hours


def read_rows(month: UnitMonth) -> list[ComputedRow]:
    """Return the speeds of a unit or the country as computed last, totals first."""
    return _read_units([month.unit.id if month.unit else COUNTRY], month.month, month.network)


def _read_units(units: Sequence[int], month: str, network: str) -> list[ComputedRow]:
    """Return the stored rows of units by unit, totals first."""
    values = {"month": month, "network": network, "units": units, "unknown": rule.UNKNOWN}
    return [
        {
            "unit_id": row.unit_id,
            "operator": row.operator,
            "technology": row.technology,
            "n": row.n,
            "devices": row.devices,
            "figures": row.figures,
            "found_at": row.found_at,
        }
        for row in db.session.execute(COMPUTED_ROWS, values)
    ]


def serialize_speeds(row: StoredRow) -> SpeedRow:
    """Return a stored group of speeds as answers give it."""
    figures = row["figures"] or {}
    return {
        "operator": row["operator"] or None,  # ALL
        "technology": row["technology"] or None,
        "n": row["n"],
        "devices": row["devices"],
        "effective_n": figures.get("effective_n"),
        "more_devices": figures.get("more_devices"),
        "download_mbps": serialize_spread(figures.get("download_mbps")),
        "upload_mbps": serialize_spread(figures.get("upload_mbps")),
        "ping_ms": serialize_spread(figures.get("ping_ms")),
        "jitter_ms": serialize_spread(figures.get("jitter_ms")),
        "ping_download_ms": serialize_spread(figures.get("ping_download_ms")),
        "ping_upload_ms": serialize_spread(figures.get("ping_upload_ms")),
        "shares": _serialize_shares(figures.get("shares")),
    }


def serialize_spread(figures: Mapping[str, Any] | None) -> Spread | None:
    """Return a metric; fields that releases before intervals lack are null."""
    return cast(Spread, {name: figures.get(name) for name in SPREAD}) if figures else None


def ranked(items: list[SpeedRow]) -> list[SpeedRow]:
    """Add the best and worst possible rank of each known operator by download, by technology."""
    for item in items:
        item["rank"] = None
    for technology in {item["technology"] for item in items}:
        rivals = [
            (item, speeds)
            for item in items
            if item["technology"] == technology
            and item["operator"] not in (None, rule.UNKNOWN)
            and (speeds := item["download_mbps"])
            and speeds["median_low"] is not None
        ]
        if len(rivals) < 2:  # nobody is the first of one
            continue
        ranks = intervals.ranks([leading(speeds) for _, speeds in rivals])
        for (item, _), (best, worst) in zip(rivals, ranks, strict=True):
            item["rank"] = {"best": best, "worst": worst, "of": len(rivals)}
    return items


def _serialize_shares(shares: Shares | None) -> Shares | None:
    """Return shares; limits that releases before intervals lack are null."""
    if shares is None:
        return None
    return cast(Shares, {"band_limits": None, "reference_limits": None} | dict(shares))


def _serialize_reference(reference: rule.Reference, items: Iterable[SpeedRow]) -> SpeedReference:
    spread = next(
        (
            spread_of(item, reference.metric)
            for item in items
            if item["operator"] is None and item["technology"] == reference.technology
        ),
        None,
    )
    return {
        "code": reference.code,
        "technology": reference.technology,
        "metric": reference.metric,
        "at_least": reference.bound if reference.least else None,
        "at_most": None if reference.least else reference.bound,
        "source": reference.source,
        "median_is": _position(spread, reference.bound) if spread else None,
    }


def _position(spread: Spread, bound: float) -> Literal["above", "below", "unclear"]:
    """Return where a median lies from a bound: above, below, or unclear."""
    median = leading(spread)
    return "above" if median.low > bound else "below" if median.high < bound else "unclear"
