"""Where the rows of entity sets come from: the services of the API, in blocks.

Rows of a block have some properties in common, such as their month: a filter on these leaves out
whole blocks, which are then not computed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from backend.accounts.access import Actor, require_person
from backend.campaigns.service import own_campaigns
from backend.clock import local_day, month_end, month_start
from backend.coverage.contributions.query import months_of
from backend.coverage.contributions.service import contributions
from backend.coverage.figures.coverage_answer import figure_of
from backend.coverage.figures.month import listing_on, month_of
from backend.coverage.figures.service import CoverageQuery, compute_coverage, months_with_data
from backend.coverage.figures.unit_access import own_area, published
from backend.coverage.samples.service import samples_of_day
from backend.coverage.statistics.service import COUNTRY, live_statistics, released_statistics
from backend.database.extensions import db
from backend.doors.odata.entity_sets import CONTRIBUTIONS, SPEEDS
from backend.errors import Problem
from backend.i18n.catalogues import Language
from backend.measurements.recording.models import DemoMonth
from backend.measurements.recording.reasons import PARTS
from backend.measurements.recording.rules import NETWORKS
from backend.units.catalogue import LEVELS_OF, system_on
from backend.units.models import Unit
from backend.units.service import ORDER, UnitRow

Row = Mapping[str, Any]
Rows = Iterable[Row]
Possible = Callable[[Mapping[str, Any]], bool]

# The row of the country, which is no unit.
COUNTRY_LEVEL, COUNTRY_CODE, COUNTRY_NAME = "country", "VN", "Việt Nam"
# All operators or technologies: a property of the key is never null.
ALL = "all"


@dataclass(frozen=True, slots=True)
class ReadContext:
    """The caller, the time and the language of a request."""

    actor: Actor
    now: datetime
    language: Language

    @property
    def today(self) -> date:
        return local_day(self.now)


@dataclass(frozen=True, slots=True)
class Block:
    """Rows with properties in common; `size` counts them without reading."""

    key: str
    common: Mapping[str, Any]
    read: Callable[[Sequence[str]], Rows]  # the named properties at least
    size: Callable[[], int] | None = None


def _demo_months() -> frozenset[str]:
    return frozenset(db.session.scalars(select(DemoMonth.month)))


# Units


def unit_blocks(context: ReadContext, possible: Possible) -> Iterator[Block]:
    """Yield the units of each system and level."""
    for system, levels in LEVELS_OF.items():
        for level in levels:
            common = {"System": system, "Level": level}
            yield Block(
                f"{system}|{level}",
                common,
                partial(_read_units, system, level),
                partial(_count_units, system, level),
            )


def _read_units(system: str, level: str, names: Sequence[str]) -> Rows:
    parent, province = aliased(Unit), aliased(Unit)
    own = func.coalesce(Unit.province_id, Unit.id)
    query = (
        select(
            *(getattr(Unit, name) for name in ("system", "level", "code", "name", "type")),
            parent.code, province.code, province.name,
            *(getattr(Unit, name) for name in ("valid_from", "valid_to", "latitude", "longitude")),
        )
        .outerjoin(parent, parent.id == Unit.parent_id)
        .outerjoin(province, province.id == own)
        .where(Unit.system == system, Unit.level == level)
        .order_by(*ORDER)
    )  # fmt: skip
    columns = (
        "System", "Level", "Code", "Name", "Type", "ParentCode", "ProvinceCode", "Province",
        "ValidFrom", "ValidTo", "Latitude", "Longitude",
    )  # fmt: skip
    return [dict(zip(columns, row, strict=True)) for row in db.session.execute(query)]


def _count_units(system: str, level: str) -> int:
    query = select(func.count()).where(Unit.system == system, Unit.level == level)
    return db.session.execute(query).scalar_one()


# Coverage

FIGURES = {
    "Code": "code", "Name": "name", "Received": "received", "Valid": "valid", "Counted": "counted",
    "Target": "target", "Reached": "reached", "Shortfall": "shortfall", "Share": "share",
    "Assessed": "assessed", "State": "state", "DaysLeft": "days_left",
    "NeededPerDay": "needed_per_day", "LastMonth": "last_month", "Change": "change",
    "Devices": "devices", "Teams": "teams",
}  # fmt: skip
PART_OF = {part.capitalize(): part for part in PARTS}


def coverage_blocks(context: ReadContext, possible: Possible) -> Iterator[Block]:
    """Yield the units of each month, network and level, the newest month first."""
    demo = _demo_months()
    for month in months_with_data(context.today):
        for network in NETWORKS:
            for level in LEVELS_OF[system_on(month_end(month))]:
                common = {
                    "Month": month, "Network": network, "Level": level, "Demo": month in demo,
                }  # fmt: skip
                yield Block(
                    f"{month}|{network}|{level}",
                    common,
                    partial(_read_coverage, context, common),
                    partial(_count_coverage, context, common),
                )


def _read_coverage(context: ReadContext, common: Row, names: Sequence[str]) -> Rows:
    month, level, network = common["Month"], common["Level"], common["Network"]
    query = CoverageQuery(month=month, level=level, network=network, reader=context.actor)
    result = compute_coverage(query, context.now)
    fields = FIGURES | PART_OF
    figures = {name: fields[name] for name in names if name in fields}
    for item, counts in zip(result.items, result.counts, strict=True):
        yield {
            **common,
            "ProvinceCode": counts.unit.province_code,
            "Province": counts.unit.province,
            **{name: figure_of(item, field) for name, field in figures.items()},
        }


def _count_coverage(context: ReadContext, common: Row) -> int:
    month = common["Month"]
    counts = month_of(month, common["Network"], context.today, context.actor)
    return len(counts.shown(common["Level"]))


# Statistics


def statistics_blocks(context: ReadContext, possible: Possible) -> Iterator[Block]:
    """Yield the speeds of each month and network: released ones, live ones of the own area."""
    demo = _demo_months()
    for month in months_with_data(context.today):
        for network in NETWORKS:
            common = {"Month": month, "Network": network, "Demo": month in demo}
            yield Block(f"{month}|{network}", common, partial(_read_speeds, context, common))


def _read_speeds(context: ReadContext, common: Row, names: Sequence[str]) -> Rows:
    month, network = common["Month"], common["Network"]
    listing = listing_on(month_end(month))
    units = {unit.id: unit for listed in listing.levels.values() for unit in listed}
    own, visible = own_area(context.actor, month), published(context.actor, month)
    shown = {*units, COUNTRY} if visible is None else _shown(units, visible)
    live = {*units, COUNTRY} if own is None else own
    found = released_statistics(month, network)
    found = {unit: rows for unit, rows in found.items() if unit in shown and unit not in live}
    found |= live_statistics(sorted(live & {*units, COUNTRY}), month, network)
    for unit_id in (COUNTRY, *units):
        place = _place(units.get(unit_id))
        for item in found.get(unit_id, ()):
            yield {**common, **place, "Live": unit_id in live, **_speeds(item)}


def _shown(units: Mapping[int, UnitRow], visible: frozenset[int]) -> set[int]:
    """Return the visible units; the country too where every province is."""
    provinces = [unit.id for unit in units.values() if unit.level == "province"]
    return {*visible, *([COUNTRY] if all(one in visible for one in provinces) else [])}


def _place(unit: UnitRow | None) -> Row:
    if unit is None:
        own = {"Level": COUNTRY_LEVEL, "Code": COUNTRY_CODE, "Name": COUNTRY_NAME}
        return {**own, "ProvinceCode": None, "Province": None}
    return {
        "Level": unit.level, "Code": unit.code, "Name": unit.name,
        "ProvinceCode": unit.province_code, "Province": unit.province,
    }  # fmt: skip


def _speeds(item: Mapping[str, Any]) -> Row:
    return {
        "Operator": item["operator"] or ALL,
        "Technology": item["technology"] or ALL,
        "Samples": item["n"],
        "Devices": item["devices"],
        "EffectiveSamples": item["effective_n"],
        **{
            name: item[metric][field] if item[metric] else None
            for name, (metric, field) in SPEEDS.items()
        },
    }


# Contributions

EARNED = {
    name: name.lower() for name in CONTRIBUTIONS.properties
    if name in ("Received", "Valid", "Counted", "Guests", "Unlocated", "Needed", "Helped")
} | {"Devices": "devices", "ActiveDays": "active_days", "LastDay": "last_day"}  # fmt: skip


def contribution_blocks(context: ReadContext, possible: Possible) -> Iterator[Block]:
    """Yield the teams of each own campaign, month and network; 401 for anonymous callers."""
    require_person(context.actor)
    this_month = f"{context.today:%Y-%m}"
    for campaign in own_campaigns(context.actor):
        for month in reversed(months_of(campaign["first_day"], campaign["last_day"])):
            for network in NETWORKS if month <= this_month else ():
                common = {
                    "CampaignId": campaign["id"], "Campaign": campaign["name"],
                    "Organisation": campaign["organisation"], "Demo": campaign["demo"],
                    "Month": month, "Network": network,
                }  # fmt: skip
                key = f"{campaign['id']}|{month}|{network}"
                yield Block(key, common, partial(_read_contributions, context, common))


def _read_contributions(context: ReadContext, common: Row, names: Sequence[str]) -> Rows:
    parameters = {
        "by": "team", "month": common["Month"], "network": common["Network"], "from_": None,
        "to": None, "team": None, "format": "csv", "limit": None, "cursor": None,
    }  # fmt: skip
    campaign, language = common["CampaignId"], context.language
    try:
        answer = contributions(context.actor, campaign, parameters, language, context.now)
    except Problem as problem:  # a team whose code was revoked before it took part
        if problem.status == 403:
            return
        raise
    for item in answer["items"]:
        yield {
            **common,
            "TeamId": int(item["id"]),
            "Team": item["name"],
            **{name: item[field] for name, field in EARNED.items()},
            **{part.capitalize(): n for part, n in item["by_assurance"].items()},
        }


# Samples


def sample_blocks(context: ReadContext, possible: Possible) -> Iterator[Block]:
    """Yield the samples of the own area day by day, the latest first; 401 for anonymous callers."""
    require_person(context.actor)
    for month in months_with_data(context.today):
        if not possible({"Month": month}):
            continue
        for unit in _area(context.actor, month):
            day = min(month_end(month), context.today)
            while day >= month_start(month):
                common = {
                    "Month": month, "Day": day, "ProvinceCode": unit.province_code,
                    "Province": unit.province,
                }  # fmt: skip
                key = f"{month}|{unit.level}|{unit.code}|{day.day}"
                yield Block(key, common, partial(_read_samples, context, unit, common))
                day -= timedelta(days=1)


def _area(actor: Actor, month: str) -> list[UnitRow]:
    """Return the largest units that cover an official's area, of an admin all provinces."""
    levels = listing_on(month_end(month)).levels
    own = own_area(actor, month)
    if own is None:
        return levels.get("province", [])
    found, covered = list[UnitRow](), set[str]()
    for level in ("province", "district", "commune"):
        for unit in levels.get(level, []):
            above = {unit.province_code, unit.parent_code} if level != "province" else set()
            if unit.id in own and not above & covered:
                found.append(unit)
        covered |= {unit.code for unit in found if unit.level == level != "commune"}
    return found


def _read_samples(context: ReadContext, unit: UnitRow, common: Row, names: Sequence[str]) -> Rows:
    for item in samples_of_day(context.actor, unit, common["Day"], context.language):
        position = item["position"] or {"latitude": None, "longitude": None}
        yield {
            **common,
            "Id": item["id"],
            "MeasuredAt": item["measured_at"],
            "Code": item["unit"]["code"],
            "Name": item["unit"]["name"],
            "Device": item["device"],
            "Latitude": position["latitude"],
            "Longitude": position["longitude"],
            "AccuracyM": item["accuracy_m"],
            **{name.capitalize(): item[name] for name in ("network", "kind", "source")},
            **{name.capitalize(): item[name] for name in ("operator", "technology")},
            **{name.capitalize(): item[name] for name in ("valid", "counted", "assurance")},
            "DownloadMbps": item["download_mbps"],
            "UploadMbps": item["upload_mbps"],
            "PingMs": item["ping_ms"],
            "JitterMs": item["jitter_ms"],
            "PingDownloadMs": item["ping_download_ms"],
            "PingUploadMs": item["ping_upload_ms"],
            "Reasons": " ".join(one["code"] for one in item["reasons"]),
            "Marks": " ".join(one["code"] for one in item["marks"]),
        }


BLOCKS: Mapping[str, Callable[[ReadContext, Possible], Iterator[Block]]] = {
    "Units": unit_blocks,
    "Coverage": coverage_blocks,
    "Statistics": statistics_blocks,
    "Contributions": contribution_blocks,
    "Samples": sample_blocks,
}
