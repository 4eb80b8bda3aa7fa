"""The plan of a day for a map, with the progress of each commune of the area."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.accounts.access import Actor
from backend.coverage.figures.forecast import STEP_NAMES, progress_step
from backend.coverage.figures.publication import published
from backend.coverage.plan.inputs import Commune, PlanTeam
from backend.coverage.plan.planner import Plan
from backend.coverage.plan.service import serialize_plan, visible_plan

Place = tuple[float, float]  # longitude, latitude


@dataclass(frozen=True, slots=True)
class PlanPlace:
    """A commune of the area: its step, its samples up to the need, and its need."""

    code: str
    name: str
    step: int
    has: int
    need: int


def show_plan_map(
    actor: Actor, campaign_id: int, parameters: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Return the plan as in the API, with the communes of its area and the homes of its teams."""
    plan, teams = visible_plan(actor, campaign_id, parameters, now)
    homes = {
        team.id: (team.longitude, team.latitude)
        for team in teams
        if team.longitude is not None and team.latitude is not None
    }
    return serialize_plan(plan, teams) | {"area": _area(plan, teams, actor), "homes": homes}


def _area(plan: Plan, teams: list[PlanTeam], actor: Actor) -> list[PlanPlace]:
    """Return the communes whose figures the actor may see, or that the visible plan contains."""
    rows = plan.communes.rows
    shown = published(actor, f"{plan.request.day:%Y-%m}")
    if shown is not None:
        planned = {one.commune.id for team in teams for one in plan.assignments.get(team.id, [])}
        rows = [commune for commune in rows if commune.id in shown | planned]
    return [_place(commune) for commune in rows]


def _place(commune: Commune) -> PlanPlace:
    """Return a commune's progress; samples beyond the target do not count."""
    need = commune.need
    has = need - commune.shortfall if need else commune.counted
    return PlanPlace(
        commune.code, commune.name, STEP_NAMES.index(progress_step(has, need or None)), has, need
    )
