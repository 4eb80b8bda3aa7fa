"""Make the plan of a day: pins, and assignments by the algorithm for the rest, with reasons."""

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np

from backend.coverage.plan.assignment import Ints, assign, first_day
from backend.coverage.plan.distance import distances_m, within_reach
from backend.coverage.plan.inputs import (
    Commune,
    Communes,
    PlanRequest,
    PlanTeam,
    communes_of,
    pins_of,
    with_capacities,
)
from backend.coverage.plan.models import Pin


@dataclass(frozen=True, slots=True)
class Assignment:
    """A team's samples in one commune: on the day, and until the end."""

    commune: Commune
    today: int
    until_end: int
    pinned: bool
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


def make_plan(request: PlanRequest, teams: list[PlanTeam]) -> Plan:
    """Plan from the day until the end; pins are fixed."""
    communes, teams = communes_of(request), with_capacities(request, teams)
    fixed = _fixed(request, communes.rows, teams)
    lacking, room, daily = _remaining(request, communes.rows, teams, fixed)
    homes = np.array([(t.latitude, t.longitude) for t in teams], dtype=np.float64)
    centres = np.array([(c.latitude, c.longitude) for c in communes.rows], dtype=np.float64)
    homes[room == 0], centres[lacking == 0] = np.nan, np.nan  # skips their distances
    homeless = tuple(number for number, team in enumerate(teams) if team.latitude is None)
    tasks = assign(lacking, room, within_reach(homes, centres), homeless)
    rows = [
        _Row(team, commune, pin.samples, pin.samples, True, later=pin.day > request.day)
        for pin, team, commune in fixed
    ]
    for task, today in zip(tasks, first_day(tasks, daily), strict=True):
        rows.append(_Row(task.team, task.commune, today, task.samples, False))
    return Plan(request, communes, teams, _assignments(communes.rows, teams, rows))


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
    lacking = np.array([c.shortfall for c in communes], dtype=np.int64)
    daily = np.array([t.capacity_per_day or 0 for t in teams], dtype=np.int64)
    room = daily * request.days_left
    for pin, team, commune in fixed:
        lacking[commune] -= pin.samples
        room[team] -= pin.samples
        daily[team] -= pin.samples if pin.day == request.day else 0
    return np.maximum(lacking, 0), np.maximum(room, 0), np.maximum(daily, 0)


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
            reaches=total[row.commune] >= commune.shortfall,
            by_others=total[row.commune] - own[row.team, row.commune],
            distance_m=metres if metres == metres else None,  # NaN: a home or a centre is unknown
        )
        assignments[teams[row.team].id].append(assignment)
    return assignments
