"""Make the plan of a day: what the rule says, around what is pinned, with its reasons."""

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np

from backend.coverage.plan.assignment import Ints, assign, first_day
from backend.coverage.plan.distance import distances_m, within_reach
from backend.coverage.plan.models import Pin
from backend.coverage.plan.sources import (
    Asked,
    Commune,
    Communes,
    PlanTeam,
    communes_of,
    pins_of,
    with_capacities,
)


@dataclass(frozen=True, slots=True)
class Stay:
    """A team's samples in one commune: on the day, and until the end."""

    commune: Commune
    today: int
    until_end: int
    pinned: bool
    reaches: bool  # whether the plan brings the commune to its target
    by_others: int  # what other teams are to do there
    distance_m: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Who goes where, and what it rests on."""

    asked: Asked
    communes: Communes
    teams: list[PlanTeam]
    stays: dict[int, list[Stay]]  # by the team's id

    @property
    def planned(self) -> Counter[int]:
        """Samples until the end, by commune."""
        planned: Counter[int] = Counter()
        for stays in self.stays.values():
            for stay in stays:
                planned[stay.commune.id] += stay.until_end
        return planned


@dataclass(frozen=True, slots=True)
class _Row:
    """A stay by the places of its team and commune in their lists."""

    team: int
    commune: int
    today: int
    until_end: int
    pinned: bool


def make_plan(asked: Asked, teams: list[PlanTeam]) -> Plan:
    """Plan from the day until the end, around what is pinned."""
    communes, teams = communes_of(asked), with_capacities(asked, teams)
    fixed = _fixed(asked, communes.rows, teams)
    lacking, room, daily = _left(asked, communes.rows, teams, fixed)
    homes = np.array([(t.latitude, t.longitude) for t in teams], dtype=np.float64)
    centres = np.array([(c.latitude, c.longitude) for c in communes.rows], dtype=np.float64)
    homes[room == 0], centres[lacking == 0] = np.nan, np.nan  # they need not be compared
    homeless = tuple(number for number, team in enumerate(teams) if team.latitude is None)
    tasks = assign(lacking, room, within_reach(homes, centres), homeless)
    rows = [_Row(at, where, pin.samples, pin.samples, True) for pin, at, where in fixed]
    for task, today in zip(tasks, first_day(tasks, daily), strict=True):
        rows.append(_Row(task.team, task.commune, today, task.samples, False))
    later = [pin.day > asked.day for pin, _, _ in fixed] + [False] * len(tasks)
    return Plan(asked, communes, teams, _stays(communes.rows, teams, rows, later))


def _fixed(
    asked: Asked, communes: list[Commune], teams: list[PlanTeam]
) -> list[tuple[Pin, int, int]]:
    """What is pinned, with the places of team and commune in their lists.

    A team that ended or a commune that left the area since has no place in the plan.
    """
    team_at = {team.id: number for number, team in enumerate(teams)}
    commune_at = {commune.id: number for number, commune in enumerate(communes)}
    return [
        (pin, team_at[pin.team_id], commune_at[pin.unit_id])
        for pin in pins_of(asked)
        if pin.team_id in team_at and pin.unit_id in commune_at
    ]


def _left(
    asked: Asked,
    communes: list[Commune],
    teams: list[PlanTeam],
    fixed: list[tuple[Pin, int, int]],
) -> tuple[Ints, Ints, Ints]:
    """What communes lack, and teams can take until the end and on the day, beside the pins."""
    lacking = np.array([c.shortfall for c in communes], dtype=np.int64)
    daily = np.array([t.capacity_per_day or 0 for t in teams], dtype=np.int64)
    room = daily * asked.days_left
    for pin, team, commune in fixed:
        lacking[commune] -= pin.samples
        room[team] -= pin.samples
        daily[team] -= pin.samples if pin.day == asked.day else 0
    return np.maximum(lacking, 0), np.maximum(room, 0), np.maximum(daily, 0)


def _stays(
    communes: list[Commune], teams: list[PlanTeam], rows: list[_Row], later: list[bool]
) -> dict[int, list[Stay]]:
    """The rows of each team with their reasons; pins of later days count, but are not shown."""
    total: Counter[int] = Counter()
    own: Counter[tuple[int, int]] = Counter()
    for row in rows:
        total[row.commune] += row.until_end
        own[row.team, row.commune] += row.until_end
    homes = [(teams[row.team].latitude, teams[row.team].longitude) for row in rows]
    centres = [(communes[row.commune].latitude, communes[row.commune].longitude) for row in rows]
    far = distances_m(np.array(homes, dtype=np.float64), np.array(centres, dtype=np.float64))
    stays: dict[int, list[Stay]] = defaultdict(list)
    for row, hidden, metres in zip(rows, later, far.tolist(), strict=True):
        commune = communes[row.commune]
        stay = Stay(
            commune=commune,
            today=row.today,
            until_end=row.until_end,
            pinned=row.pinned,
            reaches=total[row.commune] >= commune.shortfall,
            by_others=total[row.commune] - own[row.team, row.commune],
            distance_m=metres if metres == metres else None,  # NaN: a home or a centre is unknown
        )
        if not hidden:
            stays[teams[row.team].id].append(stay)
    return stays
