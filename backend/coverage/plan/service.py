"""The plan of a campaign's day: who may see which part of it, and the answer."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from backend.accounts.access import Actor, Scope, can, require, require_person
from backend.campaigns.models import Campaign
from backend.campaigns.service import visible_campaign
from backend.clock import local_day, month_start
from backend.coverage.plan.planner import Plan, Stay, make_plan
from backend.coverage.plan.sources import Asked, PlanTeam, teams_of
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.organisations.scopes import campaign_scope

OVER = ("closed", "archived")


def show_plan(
    actor: Actor, campaign_id: int, question: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """The plan of a day, with the rows of the teams that this person may see."""
    return told(*seen_plan(actor, campaign_id, question, now))


def seen_plan(
    actor: Actor, campaign_id: int, question: Mapping[str, Any], now: datetime
) -> tuple[Plan, list[PlanTeam]]:
    """The plan of a day, and the teams in it that this person may see."""
    campaign = visible_campaign(actor, campaign_id)
    teams = teams_of(campaign, now)
    seen = seen_teams(actor, campaign, teams)
    asked = ask(campaign, local_day(now), question["date"], question["network"])
    plan = make_plan(asked, teams)
    one = question["team_id"]
    shown = [team for team in plan.teams if team.id in seen and one in (None, team.id)]
    if one is not None and not shown:
        raise Problem(404, "not_found")
    return plan, shown


def ask(campaign: Campaign, today: date, day: date | None, network: str | None) -> Asked:
    """Name the plan that is asked for; of the next possible day where none is told."""
    if campaign.state in OVER:
        raise Problem(409, "plan_closed")
    chosen = day or max(today, campaign.first_day)
    if chosen < today:
        raise invalid("date", "day_passed")
    if not campaign.first_day <= chosen <= campaign.last_day:
        raise invalid("date", "outside_campaign")
    kind = network or campaign.networks[0]
    if kind not in campaign.networks:
        raise invalid("network", "network_not_measured")
    return Asked(campaign, chosen, kind, today)


def seen_teams(actor: Actor, campaign: Campaign, teams: list[PlanTeam]) -> set[int]:
    """The teams whose rows a person may read; a Problem where there is none."""
    scope = campaign_scope(campaign.id)
    if can(actor, "campaign.see", scope):
        return {team.id for team in teams}
    require_person(actor)
    above = _organisations_above({team.organisation_id for team in teams})
    seen = {
        team.id
        for team in teams
        if can(actor, "team.see", Scope(frozenset({team.id}), above[team.organisation_id]))
    }
    if not seen:
        require(actor, "campaign.see", scope)
    return seen


def _organisations_above(organisations: Iterable[int]) -> dict[int, frozenset[int]]:
    """Each organisation with those above it."""
    rows = db.session.execute(text("select id, parent_id from organisations"))
    parent = {row.id: row.parent_id for row in rows}
    above = {}
    for organisation in organisations:
        line: set[int] = set()
        at: int | None = organisation
        while at is not None and at not in line:
            line.add(at)
            at = parent.get(at)
        above[organisation] = frozenset(line)
    return above


def told(plan: Plan, teams: list[PlanTeam]) -> dict[str, Any]:
    """A plan in the words of the API, with the rows of some teams."""
    asked, campaign = plan.asked, plan.asked.campaign
    # A team of unknown capacity cannot be planned for: it comes last, with nothing, and is told.
    ordered = sorted(teams, key=lambda team: team.capacity_per_day is None)
    return {
        "campaign": {"id": campaign.id, "name": campaign.name},
        "date": asked.day,
        "last_day": asked.last_day,
        "days_left": asked.days_left,
        "network": asked.network,
        "target": plan.communes.target,
        "summary": _summary(plan),
        "teams": [_team(plan, team) for team in ordered],
    }


def _summary(plan: Plan) -> dict[str, int]:
    """What the whole plan comes to, whoever reads it: counts against targets are public."""
    lacking = [commune for commune in plan.communes.rows if commune.shortfall]
    planned = plan.planned
    return {
        "communes": len(plan.communes.rows),
        "communes_lacking": len(lacking),
        "communes_reached_by_plan": sum(planned[c.id] >= c.shortfall for c in lacking),
        "shortfall": sum(commune.shortfall for commune in lacking),
        "covered_by_plan": sum(min(planned[c.id], c.shortfall) for c in lacking),
    }


def _team(plan: Plan, team: PlanTeam) -> dict[str, Any]:
    stays = plan.stays.get(team.id, [])
    home = {"code": team.home_code, "name": team.home_name} if team.home_code else None
    return {
        "id": team.id,
        "name": team.name,
        "home": home,
        "capacity_per_day": team.capacity_per_day,
        "capacity_from": team.capacity_from,
        "note": _note(team, stays),
        "items": [item(plan.asked, stay) for stay in stays],
    }


def _note(team: PlanTeam, stays: list[Stay]) -> str | None:
    """What keeps a team from being planned for as it should."""
    if team.capacity_per_day is None:
        return "capacity_unknown"
    if team.latitude is None:
        return "home_unknown"
    return None if stays else "nothing_in_reach"


def item(asked: Asked, stay: Stay) -> dict[str, Any]:
    """One row of a plan, with what speaks for it."""
    commune = stay.commune
    why = "pinned" if stay.pinned else "reaches" if stay.reaches else "helps"
    return {
        "unit": {"code": commune.code, "name": commune.name, "province": commune.province},
        "latitude": commune.latitude,
        "longitude": commune.longitude,
        "samples": stay.today,
        "samples_until_end": stay.until_end,
        "why": why,
        "pinned": stay.pinned,
        "distance_m": None if stay.distance_m is None else round(stay.distance_m),
        "shortfall": commune.shortfall,
        "by_others": stay.by_others,
        "pace_per_day": round(commune.counted / _days_done(asked), 1),
        "needed_per_day": -(-commune.shortfall // asked.days_left),
    }


def _days_done(asked: Asked) -> int:
    """Days of the month up to today; the pace of a month to come is that of its first day: 0."""
    return max(1, (asked.today - month_start(f"{asked.day:%Y-%m}")).days + 1)
