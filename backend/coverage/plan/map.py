"""The plan of a day for a map: beside who goes where, how far each commune of the area is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.accounts.access import Actor
from backend.coverage.figures.publication import published
from backend.coverage.figures.steps import NAMES, step
from backend.coverage.plan.planner import Plan
from backend.coverage.plan.service import seen_plan, told
from backend.coverage.plan.sources import Commune, PlanTeam

Place = tuple[float, float]  # longitude, latitude


@dataclass(frozen=True, slots=True)
class PlanPlace:
    """A commune of the area: its step, and the samples that fill its need."""

    code: str
    name: str
    step: int
    has: int
    need: int


def show_plan_map(
    actor: Actor, campaign_id: int, question: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """The plan as the API tells it, with the communes of its area and where its teams live."""
    plan, teams = seen_plan(actor, campaign_id, question, now)
    homes = {
        team.id: (team.longitude, team.latitude)
        for team in teams
        if team.longitude is not None and team.latitude is not None
    }
    return told(plan, teams) | {"area": _area(plan, teams, actor), "homes": homes}


def _area(plan: Plan, teams: list[PlanTeam], actor: Actor) -> list[PlanPlace]:
    """The communes whose figures this person may have, or is told by the plan of these teams."""
    rows = plan.communes.rows
    shown = published(actor, f"{plan.asked.day:%Y-%m}")
    if shown is not None:
        stays = {stay.commune.id for team in teams for stay in plan.stays.get(team.id, [])}
        rows = [commune for commune in rows if commune.id in shown | stays]
    return [_place(commune) for commune in rows]


def _place(commune: Commune) -> PlanPlace:
    """What is beyond the target does not count: it fills no other commune's need."""
    need = commune.need
    has = need - commune.shortfall if need else commune.counted
    return PlanPlace(commune.code, commune.name, NAMES.index(step(has, need or None)), has, need)
