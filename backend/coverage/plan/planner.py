"""Make the plan of a day from its inputs."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
from sqlalchemy import ColumnElement, exists, select, text

from backend.campaigns.models import Campaign, CampaignArea
from backend.campaigns.service import OVER
from backend.clock import day_begin, local_day, month_end
from backend.coverage.figures.coverage_answer import Participation, TargetTerms, UnitItem
from backend.coverage.figures.service import CoverageQuery, coverage
from backend.coverage.figures.words import lacks_participation
from backend.coverage.plan.assignment import Teams, assign, stops_of_day
from backend.coverage.plan.models import Pin
from backend.coverage.plan.reach import Ints, distances_m, within_reach
from backend.coverage.plan.settings import Limits
from backend.coverage.vnnic.steering import TableNeed, table_needs
from backend.database.extensions import db
from backend.measurements.recording.reasons import Basis
from backend.memberships.attribution import COUNTED
from backend.units.index import successors
from backend.units.models import Unit
from backend.units.service import UnitRow, select_units

# Active days for the median capacity of a team: a week evens out weekdays and weekends.
ACTIVE_DAYS = 7
# Older days say little about a team: volunteers change with the school terms.
LOOK_BACK = timedelta(days=92)

# Hoàng Sa and Trường Sa: no plan sends teams there. Codes of units of any level, by system.
ARCHIPELAGO_UNITS = {"2024": ("498", "576"), "2025": ("20333", "22736")}
STAYING_TYPE = "community_digital"

# Teams that take part: of the campaign's organisation and those below it with a join code, and all
# with members in the campaign.
TEAMS = text("""
    with recursive below as (
        select id from organisations where id = :organisation
        union
        select o.id from organisations o join below b on o.parent_id = b.id
        where o.ended_at is null or o.ended_at > :now
    )
    select t.id, t.name, t.organisation_id, t.type, t.capacity_per_day, u.id as home_id,
        u.system as home_system, u.code as home_code, u.name as home_name,
        u.latitude, u.longitude
    from teams t left join units u on u.id = t.home_unit_id
    where (t.ended_at is null or t.ended_at > :now)
        and (t.organisation_id in (select id from below)
            and t.id in (select team_id from join_codes
                where campaign_id = :campaign and revoked_at is null)
            or t.id in (select team_id from memberships where campaign_id = :campaign))
    order by t.id
""")
# The current day is left out.
MEDIANS = text("""
    with days as (
        select team_id, day, counted as n from team_days
        where campaign_id = :campaign and day >= :since and day < :before
            and network = :network and counted > 0
    ), latest as (
        select team_id, n, row_number() over (partition by team_id order by day desc) as nth
        from days
    )
    select team_id, percentile_cont(0.5) within group (order by n) as n
    from latest where nth <= :active_days group by 1
""")
# Counted samples of today that the campaign's teams earned, among the public counts.
DONE = text("""
    select e.unit_id, count(*)::int as n from earnings e
        join measurements m on m.id = e.measurement_id
        join public_months p on p.month = to_char(e.day, 'YYYY-MM')
            and (p.network, p.unit_id) = (e.network, e.unit_id) and m.received_at <= p.copied_at
    where e.campaign_id = :campaign and e.day = :today and e.network = :network
        and e.category = any(:counted)
    group by 1
""").bindparams(counted=sorted(COUNTED))


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Campaign, day and network of a plan."""

    campaign: Campaign
    day: date
    network: str
    today: date
    limits: Limits

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
    system: str
    code: str
    name: str
    province: str | None
    parent_code: str | None
    latitude: float | None
    longitude: float | None
    counted: int
    devices: int | None  # these of the last copy of public counts
    outings: int | None
    need: int  # samples that reach its target; 0 without a target
    shortfall: int  # by the count that steers; 0 without a target
    table: TableNeed | None = None  # of VNNIC, where it steers the commune; None: our count does
    reached: bool = False  # its target, by our count

    @property
    def lacking(self) -> int:
        """What is proposed for: teams go to no place for ever that only waits for a new table."""
        return max(0, self.shortfall - (self.table["measured_since"] if self.table else 0))

    @property
    def few_phones(self) -> bool:
        """Whether its samples suffice, but not its phones or outings."""
        participation: Participation = {"devices": self.devices, "outings": self.outings}
        return bool(self.need) and not self.shortfall and lacks_participation(participation)

    @property
    def at_sea(self) -> bool:
        """Whether the commune is one of Hoàng Sa or Trường Sa."""
        return not {self.code, self.parent_code}.isdisjoint(ARCHIPELAGO_UNITS[self.system])


@dataclass(frozen=True, slots=True)
class PlanTeam:
    """A team, its home, and its capacity in samples a day."""

    id: int
    name: str
    organisation_id: int
    type: str
    capacity_per_day: int | None
    home_id: int | None
    home_system: str | None
    home_code: str | None
    home_name: str | None
    latitude: float | None
    longitude: float | None
    capacity_from: str | None = None  # organiser, median, assumed
    own: Commune | None = None  # its commune in the area; that of today for an ended home

    def stays(self, limits: Limits) -> bool:
        """Whether the plan sends the team to no other commune."""
        return self.type == STAYING_TYPE and not limits.community_travels


@dataclass(frozen=True, slots=True)
class Communes:
    """The communes of the area by code, and their target."""

    target: TargetTerms | None  # the campaign's own one before the official one
    rows: list[Commune]


def communes_of(request: PlanRequest) -> Communes:
    """Return the communes of the campaign's area on the day, with their shortfall from coverage."""
    query = select_units(request.day, "commune").where(in_area(request.campaign))
    ordered = query.order_by(Unit.code.collate("C"))
    listed = [UnitRow(*row) for row in db.session.execute(ordered)]
    provinces = {row.province_code for row in listed}
    parent = provinces.pop() if len(provinces) == 1 else None
    month = f"{request.day:%Y-%m}"
    wanted = CoverageQuery(month, "commune", request.network, parent, hourly=True)
    figures = coverage(wanted, day_begin(request.day))
    items = {item["code"]: item for item in figures["items"]}
    target = _target(request.campaign, figures["target"])
    tables = _tables(
        request, {row.id: items[row.code]["target"] for row in listed if row.code in items}
    )
    rows = [
        Commune(
            *(row.id, row.system, row.code, row.name, row.province, row.parent_code),
            *(row.latitude, row.longitude),
            items[row.code]["counted"],
            items[row.code]["devices"],
            items[row.code]["outings"],
            *_goal(items[row.code], request.campaign, target, tables.get(row.id)),
            table=tables.get(row.id),
            reached=_reached(items[row.code], request.campaign, target),
        )
        for row in listed
        if row.code in items
    ]
    return Communes(target, rows)


def in_area(campaign: Campaign) -> ColumnElement[bool]:
    """Return the condition that a unit lies in the area of a campaign."""
    covers = CampaignArea.unit_id.in_((Unit.id, Unit.parent_id, Unit.province_id))
    return exists().where(CampaignArea.campaign_id == campaign.id, covers)


def _target(campaign: Campaign, official: TargetTerms | None) -> TargetTerms | None:
    """Return the campaign's own target if it has one, else the official one."""
    if campaign.target is None:
        return official
    basis: Basis = official["basis"] if official else "counted"
    return {"threshold": campaign.target, "basis": basis, "source": "campaign"}


def _tables(request: PlanRequest, targets: Mapping[int, int | None]) -> dict[int, TableNeed]:
    """Return the needs by VNNIC's tables of the communes that they steer, by id.

    A campaign with a target of its own counts by it, one that is over by our count. Samples of the
    day itself do not change its plan.
    """
    over = request.campaign.state in OVER or request.today > request.campaign.last_day
    if over or request.campaign.target is not None:
        return {}
    before = min(request.day, request.today + timedelta(days=1))
    month = f"{request.day:%Y-%m}"
    return table_needs(targets, month, request.network, request.today, before)


def _goal(
    item: UnitItem, campaign: Campaign, target: TargetTerms | None, table: TableNeed | None
) -> tuple[int, int]:
    """Return need and shortfall of a commune, by the campaign's target, else by its own."""
    if campaign.target is not None and target is not None:
        return campaign.target, max(0, campaign.target - item[target["basis"]])
    need, shortfall = item["target"], item["shortfall"]
    if need is None or shortfall is None:
        return 0, 0
    return need, table["missing"] if table else shortfall


def _reached(item: UnitItem, campaign: Campaign, target: TargetTerms | None) -> bool:
    """Return whether our count reaches the target, as in `_goal`."""
    if campaign.target is not None and target is not None:
        return item[target["basis"]] >= campaign.target
    return bool(item["reached"])


def days_left(campaign: Campaign, now: datetime) -> int:
    """Return the remaining days of a campaign, including today; 0 after the last or closed."""
    if campaign.state in OVER:
        return 0
    begin = max(local_day(now), campaign.first_day)
    return max(0, (campaign.last_day - begin).days + 1)


def teams_of(campaign: Campaign, now: datetime) -> list[PlanTeam]:
    """Return the teams of a campaign by id, with the capacity set by their organiser."""
    values = {"organisation": campaign.organisation_id, "campaign": campaign.id, "now": now}
    rows = db.session.execute(TEAMS, values).mappings()
    return [PlanTeam(**row) for row in rows]


def with_capacities(request: PlanRequest, teams: list[PlanTeam]) -> list[PlanTeam]:
    """Return the teams with their capacity: as set, else the median of their active days.

    Teams with neither have the assumed capacity.
    """
    before = min(request.day, request.today)
    values = {
        "campaign": request.campaign.id, "network": request.network,
        "since": (before - LOOK_BACK).replace(day=1), "before": before, "active_days": ACTIVE_DAYS,
    }  # fmt: skip
    medians = {row.team_id: max(1, int(row.n)) for row in db.session.execute(MEDIANS, values)}
    known = []
    for team in teams:
        if team.capacity_per_day is not None:
            team = replace(team, capacity_from="organiser")
        elif median := medians.get(team.id):
            team = replace(team, capacity_per_day=median, capacity_from="median")
        else:
            assumed = request.limits.assumed_capacity
            team = replace(team, capacity_per_day=assumed, capacity_from="assumed")
        known.append(team)
    return known


def at_home(teams: list[PlanTeam], communes: list[Commune]) -> list[PlanTeam]:
    """Return the teams with their own commune, if it is in the area.

    A commune that ended with the reform is followed by the one that took over most of it.
    """
    by_id = {commune.id: commune for commune in communes}
    systems = {commune.system for commune in communes}
    ended = {t.home_id for t in teams if t.home_id is not None and t.home_system not in systems}
    now = {
        old: next((one.unit.id for one in successors(old) if one.likely), None)
        for old in (ended if communes else ())
    }
    placed = []
    for team in teams:
        home = team.home_id or 0
        own = by_id.get(now.get(home) or home)
        if own and team.home_id != own.id:
            team = replace(team, latitude=own.latitude, longitude=own.longitude)
        placed.append(replace(team, own=own))
    return placed


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


@dataclass(frozen=True, slots=True)
class Assignment:
    """A team's samples in one commune: on the day, and until the end."""

    commune: Commune
    today: int  # 0: on later days only
    until_end: int
    pinned: bool
    own: bool  # the team's own commune
    phones: bool  # samples suffice there: for more phones and outings
    reaches: bool  # whether the plan brings the commune to its target
    by_others: int  # samples of other teams there
    distance_m: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The assignments of teams, and their inputs."""

    request: PlanRequest
    communes: Communes
    teams: list[PlanTeam]
    assignments: dict[int, list[Assignment]]  # by the team's id

    @property
    def planned(self) -> Counter[int]:
        """Samples until the end, by commune."""
        planned: Counter[int] = Counter()
        for assignments in self.assignments.values():
            for one in assignments:
                planned[one.commune.id] += one.until_end
        return planned


@dataclass(frozen=True, slots=True)
class _Row:
    """An assignment by the indexes of its team and commune."""

    team: int
    commune: int
    today: int
    until_end: int
    pinned: bool
    later: bool = False  # a pin of a later day
    phones: bool = False


def make_plan(request: PlanRequest, teams: list[PlanTeam]) -> Plan:
    """Plan from the day until the end; pins are fixed.

    What room is left on the day goes to communes with enough samples of too few phones or outings.
    """
    communes = communes_of(request)
    teams = at_home(with_capacities(request, teams), communes.rows)
    fixed = _fixed(request, communes.rows, teams)
    lacking, room, daily = _remaining(request, communes.rows, teams, fixed)
    arrays = _arrays(request.limits, communes.rows, teams, room)
    homes = np.array([(t.latitude, t.longitude) for t in teams], dtype=np.float64)
    centres = np.array([(c.latitude, c.longitude) for c in communes.rows], dtype=np.float64)
    few = np.array([request.limits.visit_least * (c.few_phones and not c.at_sea)
                    for c in communes.rows], dtype=np.int64)  # fmt: skip
    few[lacking > 0] = 0
    homes[(room == 0) | arrays.stays] = np.nan  # skips distances
    centres[(lacking == 0) & (few == 0)] = np.nan
    reach = within_reach(homes, centres, request.limits.radius_km * 1000)
    travelling = ((n, team) for n, team in enumerate(teams) if not team.stays(request.limits))
    homeless = tuple(n for n, team in travelling if team.latitude is None)
    tasks = assign(lacking, arrays, reach, homeless)
    rows = [
        _Row(team, commune, pin.samples, pin.samples, True, later=pin.day > request.day)
        for pin, team, commune in fixed
    ]
    for task, today in zip(tasks, stops_of_day(tasks, daily, arrays.least), strict=True):
        rows.append(_Row(task.team, task.commune, today, task.samples, False))
        room[task.team] -= task.samples
        daily[task.team] -= today
    visits = assign(few, replace(arrays, room=np.minimum(room, daily)), reach, homeless)
    for task, today in zip(visits, stops_of_day(visits, daily, arrays.least), strict=True):
        if today:
            rows.append(_Row(task.team, task.commune, today, today, False, phones=True))
    return Plan(request, communes, teams, _assignments(communes.rows, teams, rows))


def _arrays(limits: Limits, communes: list[Commune], teams: list[PlanTeam], room: Ints) -> Teams:
    """Return what the rule needs of the teams; a team's least is no more than its day."""
    at = {commune.id: number for number, commune in enumerate(communes)}
    own = [at[team.own.id] if team.own else -1 for team in teams]
    day = np.array([team.capacity_per_day or 1 for team in teams], dtype=np.int64)
    stays = np.array([team.stays(limits) for team in teams], dtype=bool)
    return Teams(room, np.array(own, dtype=np.int64), stays, np.minimum(day, limits.visit_least))


def _fixed(
    request: PlanRequest, communes: list[Commune], teams: list[PlanTeam]
) -> list[tuple[Pin, int, int]]:
    """Return the pins with the indexes of team and commune.

    Pins of teams that ended or communes that left the area since are omitted.
    """
    team_at = {team.id: number for number, team in enumerate(teams)}
    commune_at = {commune.id: number for number, commune in enumerate(communes)}
    return [
        (pin, team_at[pin.team_id], commune_at[pin.unit_id])
        for pin in pins_of(request)
        if pin.team_id in team_at and pin.unit_id in commune_at
    ]


def _remaining(
    request: PlanRequest,
    communes: list[Commune],
    teams: list[PlanTeam],
    fixed: list[tuple[Pin, int, int]],
) -> tuple[Ints, Ints, Ints]:
    """Return what pins leave: shortfall of communes, room of teams until the end and on the day."""
    lacking = np.array([0 if c.at_sea else c.lacking for c in communes], dtype=np.int64)
    if request.day == request.today:
        lacking += _done_today(request, communes)
    daily = np.array([t.capacity_per_day or 0 for t in teams], dtype=np.int64)
    room = daily * request.days_left
    for pin, team, commune in fixed:
        lacking[commune] -= pin.samples
        room[team] -= pin.samples
        daily[team] -= pin.samples if pin.day == request.day else 0
    return np.maximum(lacking, 0), np.maximum(room, 0), np.maximum(daily, 0)


def _done_today(request: PlanRequest, communes: list[Commune]) -> Ints:
    """Return what the teams measured today of the shortfall, so that a day's plan stays that of its
    begin: phones count it down.
    """
    values = {"campaign": request.campaign.id, "today": request.today, "network": request.network}
    done = {row.unit_id: row.n for row in db.session.execute(DONE, values)}
    beyond = (max(0, c.counted - c.need) if c.need else c.counted for c in communes)
    left = [
        0 if c.table else max(0, done.get(c.id, 0) - n)  # a table does not count today
        for c, n in zip(communes, beyond, strict=True)
    ]
    return np.array(left, dtype=np.int64)


def _assignments(
    communes: list[Commune], teams: list[PlanTeam], rows: list[_Row]
) -> dict[int, list[Assignment]]:
    """Return each team's assignments; pins of later days are counted, but not returned."""
    total: Counter[int] = Counter()
    own: Counter[tuple[int, int]] = Counter()
    for row in rows:
        total[row.commune] += row.until_end
        own[row.team, row.commune] += row.until_end
    homes = [(teams[row.team].latitude, teams[row.team].longitude) for row in rows]
    centres = [(communes[row.commune].latitude, communes[row.commune].longitude) for row in rows]
    far = distances_m(np.array(homes, dtype=np.float64), np.array(centres, dtype=np.float64))
    assignments: dict[int, list[Assignment]] = defaultdict(list)
    for row, metres in zip(rows, far.tolist(), strict=True):
        if row.later:
            continue
        commune = communes[row.commune]
        assignment = Assignment(
            commune=commune,
            today=row.today,
            until_end=row.until_end,
            pinned=row.pinned,
            own=commune == teams[row.team].own,
            phones=row.phones,
            reaches=total[row.commune] >= commune.lacking,
            by_others=total[row.commune] - own[row.team, row.commune],
            distance_m=metres if metres == metres else None,  # NaN: a home or a centre is unknown
        )
        assignments[teams[row.team].id].append(assignment)
    return assignments
