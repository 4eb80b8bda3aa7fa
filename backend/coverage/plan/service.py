"""The plan of a campaign's day, restricted to the teams that an actor may see, and its pins."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import Actor, Scope, can, require, require_person
from backend.accounts.audit import record_act
from backend.campaigns.models import Campaign
from backend.campaigns.service import OVER, visible_campaign
from backend.clock import VIETNAM, local_day, month_start
from backend.coverage.figures.forecast import STEP_NAMES, progress_step
from backend.coverage.figures.unit_access import published
from backend.coverage.plan.models import Pin
from backend.coverage.plan.planner import (
    Assignment,
    Commune,
    Plan,
    PlanRequest,
    PlanTeam,
    in_area,
    make_plan,
    teams_of,
)
from backend.coverage.plan.settings import limits_of
from backend.database.extensions import db
from backend.errors import Problem, invalid, or_404
from backend.organisations.scopes import campaign_scope
from backend.places.remeasurement import PlaceToMeasure, read_places_to_measure
from backend.units.models import Unit
from backend.units.service import UnitName, UnitRow, find

# From this hour on, the plan shown first is that of the next day.
EVENING = 17

Coordinates = tuple[float, float]  # longitude, latitude


@dataclass(frozen=True, slots=True)
class PlanPlace:
    """A commune of the area: its step, its samples, and its need."""

    code: str
    name: str
    step: int
    has: int
    need: int


def show_plan(
    actor: Actor, campaign_id: int, parameters: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Return the plan of a day, with the teams that the actor may see."""
    return _serialize_plan(actor, *_visible_plan(actor, campaign_id, parameters, now))


def show_plan_map(
    actor: Actor, campaign_id: int, parameters: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Return the plan as in the API, with the communes of its area and the homes of its teams.

    Without a date it is the plan of the next day to prepare: from the evening on, tomorrow.
    """
    if parameters["date"] is None:
        day = next_day(visible_campaign(actor, campaign_id), now)
        parameters = {**parameters, "date": day}
    plan, teams = _visible_plan(actor, campaign_id, parameters, now)
    homes = {
        team.id: (team.longitude, team.latitude)
        for team in teams
        if team.longitude is not None and team.latitude is not None
    }
    area = _area(plan, teams, actor)
    return _serialize_plan(actor, plan, teams) | {"area": area, "homes": homes}


def _area(plan: Plan, teams: list[PlanTeam], actor: Actor) -> list[PlanPlace]:
    """Return the communes whose figures the actor may see, or that the visible plan contains."""
    rows = plan.communes.rows
    shown = published(actor, f"{plan.request.day:%Y-%m}")
    if shown is not None:
        planned = {one.commune.id for team in teams for one in plan.assignments.get(team.id, [])}
        rows = [commune for commune in rows if commune.id in shown | planned]
    return places_of(rows)


def places_of(rows: Iterable[Commune]) -> list[PlanPlace]:
    """Return the step and the counts of communes."""
    places = []
    for commune in rows:
        need = commune.need
        has = commune.counted
        if need:
            has = need - commune.shortfall if commune.table else max(need - commune.shortfall, has)
        step = STEP_NAMES.index(progress_step(has, need or None))
        places.append(PlanPlace(commune.code, commune.name, step, has, need))
    return places


def _visible_plan(
    actor: Actor, campaign_id: int, parameters: Mapping[str, Any], now: datetime
) -> tuple[Plan, list[PlanTeam]]:
    """Return the plan of a day, and those of its teams that the actor may see."""
    campaign = visible_campaign(actor, campaign_id)
    teams = teams_of(campaign, now)
    visible = visible_teams(actor, campaign, teams)
    request = plan_request(campaign, local_day(now), parameters["date"], parameters["network"])
    plan = make_plan(request, teams)
    one = parameters["team_id"]
    shown = [team for team in plan.teams if team.id in visible and one in (None, team.id)]
    if one is not None and not shown:
        raise Problem(404, "not_found")
    return plan, shown


def next_day(campaign: Campaign, now: datetime) -> date:
    """Return the day to prepare: today, in the evening tomorrow; a day of the campaign."""
    day, evening = local_day(now), now.astimezone(VIETNAM).hour >= EVENING
    if evening and campaign.first_day <= day < campaign.last_day:
        day += timedelta(days=1)
    return max(day, campaign.first_day)


def plan_request(
    campaign: Campaign, today: date, day: date | None, network: str | None
) -> PlanRequest:
    """Check the day and network of a plan; the default is the next possible day."""
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
    return PlanRequest(campaign, chosen, kind, today, limits_of(campaign.id))


def visible_teams(actor: Actor, campaign: Campaign, teams: list[PlanTeam]) -> set[int]:
    """Return the ids of the teams whose plan the actor may read; raise Problem if there is none."""
    scope = campaign_scope(campaign.id)
    if can(actor, "campaign.see", scope):
        return {team.id for team in teams}
    require_person(actor)
    organisations = {team.organisation_id for team in teams}
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
    visible = {
        team.id
        for team in teams
        if can(actor, "team.see", Scope(frozenset({team.id}), above[team.organisation_id]))
    }
    if not visible:
        require(actor, "campaign.see", scope)
    return visible


class ProposedStop(PlaceToMeasure):
    """A place of the campaign's area that its office asks to be measured again."""

    unit: UnitName  # its commune


def _serialize_plan(actor: Actor, plan: Plan, teams: list[PlanTeam]) -> dict[str, Any]:
    """Return the API representation of a plan, restricted to some teams."""
    request, campaign = plan.request, plan.request.campaign
    names = {commune.code: commune.name for commune in plan.communes.rows}
    places = read_places_to_measure(names, request.network, request.day)
    whole = can(actor, "campaign.see", campaign_scope(campaign.id))
    # Teams without a stop that day come last.
    going = {team for team, own in plan.assignments.items() if any(one.today for one in own)}
    ordered = sorted(teams, key=lambda team: team.id not in going)
    return {
        "campaign": {"id": campaign.id, "name": campaign.name},
        "date": request.day,
        "last_day": request.last_day,
        "days_left": request.days_left,
        "network": request.network,
        "target": plan.communes.target,
        "steered_since": min(
            (c.table["since"] for c in plan.communes.rows if c.table), default=None
        ),
        "limits": asdict(request.limits),
        "summary": _summary(plan),
        "teams": [_team(plan, team, places) for team in ordered],
        "places": _proposed(places, names) if whole else [],
    }


def _proposed(
    places: Mapping[str, list[PlaceToMeasure]], names: Mapping[str, str]
) -> list[ProposedStop]:
    """Return the places to be measured again in the whole area."""
    return [
        {**one, "unit": {"code": code, "name": names[code]}}
        for code, of_commune in places.items()
        for one in of_commune
    ]


def _summary(plan: Plan) -> dict[str, int]:
    """Return the totals of the whole plan; they are public for every reader."""
    lacking = [commune for commune in plan.communes.rows if commune.shortfall]
    planned = plan.planned
    return {
        "communes": len(plan.communes.rows),
        "communes_lacking": len(lacking),
        "communes_reached_by_plan": sum(planned[c.id] >= c.lacking for c in lacking),
        "shortfall": sum(commune.shortfall for commune in lacking),
        "covered_by_plan": sum(min(planned[c.id], c.shortfall) for c in lacking),
    }


def _team(plan: Plan, team: PlanTeam, places: Mapping[str, list[PlaceToMeasure]]) -> dict[str, Any]:
    assignments = plan.assignments.get(team.id, [])
    home = {"code": team.home_code, "name": team.home_name} if team.home_code else None
    own = {"code": team.own.code, "name": team.own.name} if team.own else None
    return {
        "id": team.id,
        "name": team.name,
        "home": home,
        "own_commune": own,
        "stays": team.stays(plan.request.limits),
        "capacity_per_day": team.capacity_per_day,
        "capacity_from": team.capacity_from,
        "note": _note(plan, team, assignments),
        "items": [_stop(plan.request, one, places) for one in assignments if one.today],
        "later": [_later(one) for one in assignments if not one.today],
    }


def _stop(
    request: PlanRequest, assignment: Assignment, places: Mapping[str, list[PlaceToMeasure]]
) -> dict[str, Any]:
    """Return an assignment for organisers and leaders, who see phones and outings of communes."""
    commune = assignment.commune
    participation = {"devices": commune.devices, "outings": commune.outings}
    to_measure = {"places": places.get(commune.code, [])}
    return serialize_assignment(request, assignment) | participation | to_measure


def _later(assignment: Assignment) -> dict[str, Any]:
    """Return the API representation of an assignment of later days."""
    commune, distance_m = assignment.commune, assignment.distance_m
    return {
        "unit": {"code": commune.code, "name": commune.name, "province": commune.province},
        "samples_until_end": assignment.until_end,
        "distance_m": None if distance_m is None else round(distance_m),
    }


def _note(plan: Plan, team: PlanTeam, assignments: list[Assignment]) -> str | None:
    """Return the code of the remark on a team, if any."""
    if team.latitude is None:
        return "home_unknown"
    if any(one.today for one in assignments):
        return "capacity_assumed" if team.capacity_from == "assumed" else None
    if assignments:
        return "later_days"
    if team.stays(plan.request.limits):
        return "stays_home" if team.own else "home_elsewhere"
    return "nothing_in_reach"


def serialize_assignment(request: PlanRequest, assignment: Assignment) -> dict[str, Any]:
    """Return the API representation of an assignment, with its reason."""
    commune, distance_m = assignment.commune, assignment.distance_m
    # Days of the month up to today; in a future month 1, since nothing is counted yet.
    days_done = max(1, (request.today - month_start(f"{request.day:%Y-%m}")).days + 1)
    why = "phones" if assignment.phones else "reaches" if assignment.reaches else "helps"
    if assignment.pinned or (assignment.own and not assignment.phones):
        why = "pinned" if assignment.pinned else "own"
    return {
        "unit": {"code": commune.code, "name": commune.name, "province": commune.province},
        "latitude": commune.latitude,
        "longitude": commune.longitude,
        "samples": assignment.today,
        "samples_until_end": assignment.until_end,
        "why": why,
        "pinned": assignment.pinned,
        "reaches": assignment.reaches,
        "distance_m": None if distance_m is None else round(distance_m),
        "shortfall": commune.shortfall,
        "vnnic": commune.table,
        "by_others": assignment.by_others,
        "pace_per_day": round(commune.counted / days_done, 1),
        "needed_per_day": -(-commune.shortfall // request.days_left),
    }


def pin(actor: Actor, campaign_id: int, wanted: Mapping[str, Any], now: datetime) -> None:
    """Set a team's samples in a commune on a day."""
    request = _request(actor, campaign_id, wanted, now)
    unit = _unit_of(request, wanted["unit"])
    if wanted["team_id"] not in {team.id for team in teams_of(request.campaign, now)}:
        raise invalid("team_id", "team_not_in_campaign")
    key = _key(request, wanted["team_id"], unit)
    before = db.session.get(Pin, key, with_for_update=True)
    details = _details(wanted, before)
    record_act(actor, "plan.pin", f"campaign:{campaign_id}", **details, after=wanted["samples"])
    values = {"samples": wanted["samples"], "user_id": actor.user_id}
    row = insert(Pin).values(**key, **values)  # the later one of concurrent calls wins
    db.session.execute(row.on_conflict_do_update(index_elements=list(key), set_=values))
    db.session.commit()


def unpin(actor: Actor, campaign_id: int, wanted: Mapping[str, Any], now: datetime) -> None:
    """Delete the pin of a team, commune and day."""
    request = _request(actor, campaign_id, wanted, now)
    unit = find(request.day, wanted["unit"], "commune")
    before = or_404(
        db.session.get(Pin, _key(request, wanted["team_id"], unit), with_for_update=True)
    )
    details = _details(wanted, before)
    record_act(actor, "plan.unpin", f"campaign:{campaign_id}", **details, after=None)
    db.session.delete(before)
    db.session.commit()


def _request(
    actor: Actor, campaign_id: int, wanted: Mapping[str, Any], now: datetime
) -> PlanRequest:
    campaign = visible_campaign(actor, campaign_id)
    require(actor, "campaign.edit", campaign_scope(campaign_id))
    return plan_request(campaign, local_day(now), wanted["date"], wanted["network"])


def _unit_of(request: PlanRequest, code: str) -> UnitRow:
    """Return the commune of a code on the day; raise 422 if it is outside the campaign's area."""
    unit = find(request.day, code, "commune")
    lies_in = select(Unit.id).where(Unit.id == unit.id, in_area(request.campaign))
    if db.session.scalar(lies_in) is None:
        raise invalid("unit", "outside_area")
    return unit


def _key(request: PlanRequest, team_id: int, unit: UnitRow) -> dict[str, Any]:
    return {
        "campaign_id": request.campaign.id,
        "day": request.day,
        "network": request.network,
        "team_id": team_id,
        "unit_id": unit.id,
    }


def _details(wanted: Mapping[str, Any], before: Pin | None) -> dict[str, Any]:
    """Return the audit log's details of a pin."""
    return {
        "team": wanted["team_id"],
        "unit": wanted["unit"],
        "date": wanted["date"].isoformat(),
        "before": before.samples if before else None,
    }
