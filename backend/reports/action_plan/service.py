"""Plans of action of a province for its officials, and of a campaign for its organisers."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import fmean, median
from typing import NamedTuple

from sqlalchemy import text

from backend.accounts.access import Actor, require
from backend.campaigns.models import Campaign
from backend.campaigns.service import serialize_campaign, visible_campaign
from backend.clock import local_day, month_before, month_end, this_month
from backend.coverage.alerts.overview import area_overview
from backend.coverage.contributions.residents import (
    residents_by_commune,
    residents_in,
    residents_of_campaign,
)
from backend.coverage.figures.coverage_answer import UnitItem
from backend.coverage.figures.service import CoverageQuery, coverage
from backend.coverage.figures.unit_access import authorized_unit
from backend.coverage.plan.planner import Commune, Plan, PlanTeam, make_plan, teams_of
from backend.coverage.plan.service import next_day, plan_request
from backend.coverage.plan.settings import Limits
from backend.database.extensions import db
from backend.errors import Problem
from backend.organisations.scopes import campaign_scope
from backend.organisations.service import show_organisation
from backend.outreach.service import read_rows, sum_rows
from backend.reports.action_plan.document import (
    MIN_COMMUNES,
    ActionPlan,
    CommuneNeed,
    GoodPlaces,
    Means,
    TeamWork,
    render_plan,
)
from backend.reports.content import labels
from backend.reports.content.figures import MIN_RESIDENTS
from backend.reports.content.labels import LetterheadContent
from backend.reports.content.sections import outreach
from backend.reports.files.letter import file_name
from backend.reports.monthly.letterheads import letterhead_on, references_on
from backend.units.service import units_on

ACT = "report.edit"
# Open campaigns that measure in a unit until a day.
CAMPAIGNS = text("""
    select c.id from campaigns c
    where c.state = 'open' and :network = any(c.networks)
        and c.first_day <= :last and c.last_day >= :today
        and exists (
            select from campaign_areas a
            join units u on a.unit_id in (u.id, u.parent_id, u.province_id)
            where a.campaign_id = c.id and :unit in (u.id, u.parent_id, u.province_id)
        )
    order by c.id
""")


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan of action that can be downloaded."""

    plan: ActionPlan
    letterhead: LetterheadContent

    @property
    def name(self) -> str:
        """The name of the Word file."""
        place = self.plan.campaign or self.plan.place
        return file_name("KH-hanh-dong", self.plan.month, place)

    def render(self) -> bytes:
        """Return the Word file."""
        return render_plan(self.plan, self.letterhead)


class Lacking(NamedTuple):
    """A commune below its target."""

    code: str
    name: str
    target: int
    shortfall: int  # by the count that steers


class Scope(NamedTuple):
    """Whose facts of the month before a plan tells."""

    month: str  # the month before
    network: str
    units: Mapping[str, int]  # id by code of the communes, as of that month
    parent: str | None  # code of the province that has all of them
    campaign: int | None  # whose residents helped alone are told; None: all
    hourly: bool  # counts as the public sees them


def plan_of_province(
    actor: Actor, code: str, month: str | None, network: str, now: datetime
) -> PlanFile:
    """Return the plan of action of a province's running month; 404 outside the own area."""
    today, running = local_day(now), this_month(now)
    unit = authorized_unit(actor, ACT, code, None, running)
    if unit.level != "province" or month not in (None, running):
        raise Problem(404, "not_found")
    overview = area_overview(CoverageQuery(running, "commune", network, unit.code), now)
    lacking = [
        Lacking(one["code"], one["name"], one["target"], missing)
        for one in overview.items
        if one["target"]
        and (missing := one["shortfall"] if one["need"].unknown else one["need"].missing)
    ]
    followed = overview.followed
    last, before = month_end(running), month_before(running)
    values = {"unit": unit.id, "network": network, "today": today, "last": last}
    campaigns = db.session.scalars(CAMPAIGNS, values).all()
    needs, teams = _join([_plan_of(one, None, network, now) for one in campaigns], lacking)
    scope = Scope(before, network, _communes(before, unit.code), unit.code, None, False)
    letterhead = letterhead_on(unit, today)
    plan = ActionPlan(
        agency=labels.agency_name(letterhead["agency"]),
        place=labels.within(unit.name),
        campaign=None,
        month=running,
        network=network,
        first_day=today,
        last_day=last,
        units=overview.targeted,
        threshold=_only({one["target"] for one in overview.items if one["target"]}),
        needs=needs,
        teams=teams,
        usual_per_day=_usual(teams, Limits()),
        good=_good_places(scope, now),
        outreach=outreach(unit, before),
        residents=_told(residents_in(unit.id, before) or 0),
        references=references_on(unit, today),
        at=now,
        demo=overview.answer["demo"],
        vnnic_day=followed.day if followed else None,
    )
    return PlanFile(plan, letterhead)


def plan_of_campaign(
    actor: Actor, campaign_id: int, day: date | None, network: str | None, now: datetime
) -> PlanFile:
    """Return the plan of action of a campaign from a day on, for its organisers."""
    campaign = visible_campaign(actor, campaign_id)
    require(actor, "campaign.edit", campaign_scope(campaign_id))
    made = _plan_of(campaign_id, day or next_day(campaign, now), network, now)
    request, rows = made.request, made.communes.rows
    month, kind = f"{request.day:%Y-%m}", request.network
    needs, teams = _join(
        [made], [Lacking(c.code, c.name, c.need, c.shortfall) for c in rows if c.shortfall]
    )
    before, provinces = month_before(month), list(dict.fromkeys(filter(None, map(_province, rows))))
    inside = {c.code for c in rows}
    units = {code: id for code, id in _communes(before, None).items() if code in inside}
    scope = Scope(before, kind, units, None, campaign_id, True)
    entered = read_rows(before, campaign=campaign_id)
    organisation = show_organisation(campaign.organisation_id)["name"]
    plan = ActionPlan(
        agency=organisation,
        place=_place_of(campaign, provinces),
        campaign=campaign.name,
        month=month,
        network=kind,
        first_day=request.day,
        last_day=request.last_day,
        units=sum(bool(c.need) for c in rows),
        threshold=_only({c.need for c in rows if c.need}),
        needs=needs,
        teams=teams,
        usual_per_day=_usual(teams, request.limits),
        good=_good_places(scope, now),
        outreach={"sums": sum_rows(entered), "activities": []} if entered else None,
        residents=_told(residents_of_campaign(campaign_id, before)),
        references=(),
        at=now,
        demo=campaign.demo,
        vnnic_day=max((c.table["day"] for c in rows if c.table), default=None),
    )
    return PlanFile(plan, _letterhead_of(organisation, provinces))


def _plan_of(campaign_id: int, day: date | None, network: str | None, now: datetime) -> Plan:
    campaign = db.session.get_one(Campaign, campaign_id)
    request = plan_request(campaign, local_day(now), day, network)
    return make_plan(request, teams_of(campaign, now))


def _join(
    plans: Sequence[Plan], lacking: Sequence[Lacking]
) -> tuple[list[CommuneNeed], list[TeamWork]]:
    """Return what each commune lacks with its teams, and the work of each team in them."""
    places = {one.code: one for one in lacking}
    samples: defaultdict[str, Counter[int]] = defaultdict(Counter)  # by commune, then team
    proposed = {c.code: c.lacking for plan in plans for c in plan.communes.rows}
    teams = {team.id: team for plan in plans for team in plan.teams}
    for plan in plans:
        for team_id, assignments in plan.assignments.items():
            for one in assignments:
                if one.commune.code in places and not one.phones:
                    samples[one.commune.code][team_id] += one.until_end
    needs: list[CommuneNeed] = [
        {
            "name": one.name,
            "target": one.target,
            "shortfall": one.shortfall,
            "planned": (planned := samples[one.code].total()),
            "missing": max(0, proposed.get(one.code, one.shortfall) - planned),
            "teams": "; ".join(teams[id].name for id, _ in samples[one.code].most_common()),
        }
        for one in sorted(lacking, key=lambda one: (-one.shortfall, one.name))
    ]
    work: defaultdict[int, Counter[str]] = defaultdict(Counter)  # by team, then commune
    for code, by_team in samples.items():
        for team_id, n in by_team.items():
            work[team_id][places[code].name] += n
    listed = [_work(teams[team_id], places) for team_id, places in work.items()]
    return needs, sorted(listed, key=lambda one: (-one["samples"], one["name"]))


def _work(team: PlanTeam, places: Counter[str]) -> TeamWork:
    samples, per_day = places.total(), team.capacity_per_day or 1
    return {
        "name": team.name,
        "home": team.own.name if team.own else team.home_name or "",
        "per_day": per_day,
        "samples": samples,
        "days": -(-samples // per_day),
        "places": "; ".join(f"{name} ({n})" for name, n in places.most_common()),
    }


def _good_places(scope: Scope, now: datetime) -> GoodPlaces | None:
    """Return communes that reached their target beside the others; None of few of either."""
    if scope.month > this_month(now):  # the plan is of a campaign that begins later
        return None
    query = CoverageQuery(scope.month, "commune", scope.network, scope.parent, hourly=scope.hourly)
    items = [one for one in coverage(query, now)["items"] if one["code"] in scope.units]
    networks = [scope.network]
    by_unit = residents_by_commune(scope.units.values(), scope.month, networks, scope.campaign)
    residents = {code: by_unit.get(id, 0) for code, id in scope.units.items()}
    reached = [one for one in items if one["reached"]]
    others = [one for one in items if one["reached"] is False]
    if min(len(reached), len(others)) < MIN_COMMUNES:
        return None
    return GoodPlaces(_means(reached, residents), _means(others, residents))


def _means(items: Sequence[UnitItem], residents: Mapping[str, int]) -> Means:
    return Means(
        communes=len(items),
        teams=fmean(one["teams"] for one in items),
        devices=_mean(one["devices"] for one in items),
        outings=_mean(one["outings"] for one in items),
        residents=fmean(residents[one["code"]] for one in items),
    )


def _mean(values: Iterable[int | None]) -> float | None:
    """Return a mean; None where one of the values is not known."""
    known = list(values)
    return None if None in known else fmean(one or 0 for one in known)


def _communes(month: str, parent: str | None) -> dict[str, int]:
    """Return the ids of communes by code, as on the last day of a month."""
    return {one.code: one.id for one in units_on(month_end(month), "commune", parent)}


def _usual(teams: Sequence[TeamWork], limits: Limits) -> int:
    """Return the samples a day of a usual team."""
    return round(median(one["per_day"] for one in teams)) if teams else limits.assumed_capacity


def _only(values: Collection[int]) -> int | None:
    return next(iter(values)) if len(values) == 1 else None


def _told(residents: int) -> int | None:
    return residents if residents >= MIN_RESIDENTS else None


def _province(commune: Commune) -> str | None:
    return commune.province


def _place_of(campaign: Campaign, provinces: Sequence[str]) -> str:
    """Return the name of a campaign's only area, else those of its provinces, in a sentence."""
    areas = [one["name"] for one in serialize_campaign(campaign)["areas"]]
    return ", ".join(map(labels.within, areas if len(areas) == 1 else provinces))


def _letterhead_of(organisation: str, provinces: Sequence[str]) -> LetterheadContent:
    """Return the head of an organisation, whose letters have no stored one."""
    return {
        "superior": None,
        "agency": organisation.upper(),
        "symbol": "",
        "place": labels.place_name(provinces[0]) if len(provinces) == 1 else "…………",
        "recipients": [],
        "titles": ["THỦ TRƯỞNG ĐƠN VỊ"],
        "signer": None,
        "copies": ["Các đội (để thực hiện)", "Lưu: VT"],
        "headings": [],
        "references": [],
    }
