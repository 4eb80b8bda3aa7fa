"""Inputs of a plan: communes with their shortfall, teams with their capacity, pins."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select, text
from sqlalchemy.orm import aliased

from backend.campaigns.models import Campaign, CampaignArea
from backend.clock import day_begin, local_day, month_end, month_start
from backend.coverage.figures.service import CoverageQuery, coverage
from backend.coverage.plan.models import Pin
from backend.coverage.targets.in_force import strict_comparison
from backend.database.extensions import db
from backend.units.models import Unit
from backend.units.service import valid_on

# Active days for the median capacity of a team: a week evens out weekdays and weekends.
ACTIVE_DAYS = 7
# Older days say little about a team: volunteers change with the school terms.
LOOK_BACK = timedelta(days=92)

# Teams of the campaign's organisation and those below it, and teams with members in the campaign.
TEAMS = text("""
    with recursive below as (
        select id from organisations where id = :organisation
        union
        select o.id from organisations o join below b on o.parent_id = b.id
        where o.ended_at is null or o.ended_at > :now
    )
    select t.id, t.name, t.organisation_id, t.capacity_per_day, u.code as home_code,
        u.name as home_name, u.latitude, u.longitude
    from teams t left join units u on u.id = t.home_unit_id
    where (t.ended_at is null or t.ended_at > :now)
        and (t.organisation_id in (select id from below)
            or t.id in (select team_id from memberships where campaign_id = :campaign))
    order by t.id
""")
# Folded counts and pending deltas; the current day is left out.
MEDIANS = text("""
    with days as (
        select team_id, day, sum(n) as n from (
            select team_id, day, n from team_counts
            where campaign_id = :campaign and month = any(:months) and grain = 'day'
                and network = :network and fate = 'counted' and day < :before
            union all
            select team_id, day, n from team_deltas
            where campaign_id = :campaign and network = :network and fate = 'counted'
                and day >= :since and day < :before
        ) both_parts group by 1, 2 having sum(n) > 0
    ), latest as (
        select team_id, n, row_number() over (partition by team_id order by day desc) as nth
        from days
    )
    select team_id, percentile_cont(0.5) within group (order by n) as n
    from latest where nth <= :active_days group by 1
""")


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Campaign, day and network of a plan."""

    campaign: Campaign
    day: date
    network: str
    today: date

    @property
    def last_day(self) -> date:
        """The end of the month, to which the target applies, or of the campaign."""
        return min(month_end(f"{self.day:%Y-%m}"), self.campaign.last_day)

    @property
    def days_left(self) -> int:
        return (self.last_day - self.day).days + 1


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune of the campaign's area, with its target and shortfall."""

    id: int
    code: str
    name: str
    province: str | None
    latitude: float | None
    longitude: float | None
    counted: int
    need: int  # samples that reach its target; 0 without a target
    shortfall: int  # 0 without a target


@dataclass(frozen=True, slots=True)
class PlanTeam:
    """A team, its home, and its capacity in samples a day."""

    id: int
    name: str
    organisation_id: int
    capacity_per_day: int | None
    home_code: str | None
    home_name: str | None
    latitude: float | None
    longitude: float | None
    capacity_from: str | None = None  # organiser, median; None: unknown


@dataclass(frozen=True, slots=True)
class Communes:
    """The communes of the area by code, and their target."""

    target: Mapping[str, Any] | None
    rows: list[Commune]


def communes_of(request: PlanRequest) -> Communes:
    """Return the communes of the campaign's area on the day, with their shortfall from coverage."""
    listed = _listed(request)
    provinces = {row.province_code for row in listed}
    parent = provinces.pop() if len(provinces) == 1 else None
    month = f"{request.day:%Y-%m}"
    query = CoverageQuery(month, "commune", request.network, parent)
    figures = coverage(query, day_begin(request.day))
    items = {item["code"]: item for item in figures["items"]}
    target = _target(request.campaign, figures["target"])
    rows = [
        Commune(
            *(row.id, row.code, row.name, row.province, row.latitude, row.longitude),
            items[row.code]["counted"],
            *_goal(items[row.code], request.campaign, target),
        )
        for row in listed
        if row.code in items
    ]
    return Communes(target, rows)


def _listed(request: PlanRequest) -> list[Any]:
    province = aliased(Unit)
    in_area = or_(
        CampaignArea.unit_id == Unit.id,
        CampaignArea.unit_id == Unit.parent_id,
        CampaignArea.unit_id == Unit.province_id,
    )
    query = (
        select(
            *(Unit.id, Unit.code, Unit.name, Unit.latitude, Unit.longitude),
            province.name.label("province"),
            province.code.label("province_code"),
        )
        .outerjoin(province, province.id == Unit.province_id)
        .where(
            Unit.level == "commune",
            valid_on(request.day),
            select(CampaignArea.unit_id)
            .where(and_(CampaignArea.campaign_id == request.campaign.id, in_area))
            .exists(),
        )
        .order_by(Unit.code.collate("C"))
    )
    return list(db.session.execute(query))


def _target(campaign: Campaign, official: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return the campaign's own target if it has one, else the official one."""
    if campaign.target is None:
        return official
    basis = official["basis"] if official else "counted"
    return {"threshold": campaign.target, "basis": basis, "source": "campaign"}


def _goal(
    item: Mapping[str, Any], campaign: Campaign, target: Mapping[str, Any] | None
) -> tuple[int, int]:
    """Return need and shortfall of a commune, by the campaign's target, else by its own."""
    if campaign.target is not None and target is not None:
        return campaign.target, max(0, campaign.target - int(item[target["basis"]]))
    if item["target"] is None:
        return 0, 0
    return item["target"] + strict_comparison(), item["shortfall"]


def days_left(campaign: Campaign, now: datetime) -> int:
    """Return the remaining days of a campaign, including today; 0 after the last."""
    begin = max(local_day(now), campaign.first_day)
    return max(0, (campaign.last_day - begin).days + 1)


def teams_of(campaign: Campaign, now: datetime) -> list[PlanTeam]:
    """Return the teams of a campaign by id, with the capacity set by their organiser."""
    values = {"organisation": campaign.organisation_id, "campaign": campaign.id, "now": now}
    rows = db.session.execute(TEAMS, values).mappings()
    return [PlanTeam(**row) for row in rows]


def with_capacities(request: PlanRequest, teams: list[PlanTeam]) -> list[PlanTeam]:
    """Return the teams with their capacity: as set, else the median of their active days."""
    medians = _medians(request)
    return [_with_capacity(team, medians.get(team.id)) for team in teams]


def _medians(request: PlanRequest) -> dict[int, int]:
    before = min(request.day, request.today)
    months = {f"{before - timedelta(days=n):%Y-%m}" for n in range(LOOK_BACK.days + 1)}
    values = {
        "campaign": request.campaign.id,
        "network": request.network,
        "months": sorted(months),
        "since": month_start(min(months)),
        "before": before,
        "active_days": ACTIVE_DAYS,
    }
    return {row.team_id: max(1, int(row.n)) for row in db.session.execute(MEDIANS, values)}


def _with_capacity(team: PlanTeam, median: int | None) -> PlanTeam:
    if team.capacity_per_day is not None:
        return replace(team, capacity_from="organiser")
    if median is not None:
        return replace(team, capacity_per_day=median, capacity_from="median")
    return team


def pins_of(request: PlanRequest) -> list[Pin]:
    """Return the pins from the day until the end, in a stable order."""
    query = (
        select(Pin)
        .where(
            Pin.campaign_id == request.campaign.id,
            Pin.network == request.network,
            Pin.day.between(request.day, request.last_day),
        )
        .order_by(Pin.day, Pin.team_id, Pin.unit_id)
    )
    return list(db.session.scalars(query))
