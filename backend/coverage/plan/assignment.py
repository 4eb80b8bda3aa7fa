"""Assign teams to communes, and their tasks to the first day: pure functions of plain arrays.

1. A team fills its own commune first. It is free for others once its commune lacks nothing.
2. The other communes are taken in order of their shortfall, the smallest first. Each is filled to
   its target by the free teams in reach, the nearest first, or not visited at all.
3. The room that is left helps the communes that stay below their target, in the same order.
4. Teams at home share their commune by the room that each has left.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from backend.coverage.plan.reach import Ints, Reach

Visits = dict[int, int]  # samples by team


@dataclass(frozen=True, slots=True)
class Teams:
    """Teams as arrays: samples until the end, own commune (-1: none), and the least of a visit.

    Teams that stay have no visits.
    """

    room: Ints
    own: Ints
    stays: Ints  # boolean
    least: Ints


@dataclass(frozen=True, slots=True)
class Task:
    """The samples of a team in a commune, and whether that commune reaches its target."""

    team: int
    commune: int
    samples: int
    completes: bool
    own: bool = False


def assign(lacking: Ints, teams: Teams, reach: Reach, homeless: tuple[int, ...] = ()) -> list[Task]:
    """Assign samples in communes to teams.

    Parameters
    ----------
    lacking : shortfall of each commune, in samples, not negative
    teams : the teams; their least is 1 or more
    reach : the teams in reach of each commune
    homeless : the teams without a known home, which are in no reach

    Returns
    -------
    The tasks, in the order in which the communes are to be completed.
    """
    at_home = _fill_at_home(lacking, teams)
    own = np.zeros(len(lacking), dtype=np.int64)
    homes = teams.own >= 0
    np.add.at(own, teams.own[homes], at_home[homes])
    missing = lacking - own
    room = np.where(teams.stays, 0, teams.room - at_home)
    order = [int(c) for c in np.argsort(missing, kind="stable") if missing[c] > 0]
    near = reach.only(room > 0)
    visits: list[Visits] = [{} for _ in lacking]
    for whole in (True, False):
        for commune in order:
            lack = int(missing[commune])
            found = {} if visits[commune] else _visit(lack, near.to(commune), room, teams.least)
            if sum(found.values()) == lack or not whole:
                _add(visits[commune], found, room)
    for team in homeless:
        for commune in order:
            lack = int(missing[commune]) - sum(visits[commune].values())
            samples = min(lack, int(room[team]))
            if samples and samples >= min(teams.least[team], missing[commune]):
                _add(visits[commune], {team: samples}, room)
    left = teams.room.copy()
    for given in visits:
        for team, samples in given.items():
            left[team] -= samples
    return list(_tasks(lacking, missing, visits, teams.own, _share_at_home(own, teams, left)))


def _fill_at_home(lacking: Ints, teams: Teams) -> Ints:
    """Return the samples of each team in its own commune.

    Teams that stay come first, then those with the least room, so that more can go elsewhere.
    """
    left, given = lacking.copy(), np.zeros(len(teams.room), dtype=np.int64)
    for team in np.lexsort((teams.room, ~teams.stays.astype(bool))).tolist():
        commune = teams.own[team]
        if commune >= 0:
            given[team] = min(teams.room[team], left[commune])
            left[commune] -= given[team]
    return given


def _visit(lack: int, near: Ints, room: Ints, least: Ints) -> Visits:
    """Return visits of the teams in reach that cover as much of a commune's shortfall as they can.

    A visit below the least takes samples from the visit before it, if that one can spare them.
    """
    visits: Visits = {}
    before, left = -1, lack
    for team in near[room[near] > 0].tolist():
        if not left:
            break
        samples, needed = min(int(room[team]), left), min(int(least[team]), lack)
        short = max(0, needed - samples)
        if short:
            spare = visits.get(before, 0) - min(int(least[before]), lack)
            if room[team] < needed or spare < short:
                continue
            visits[before] -= short
        visits[team] = samples + short
        before, left = team, left - samples
    return visits


def _add(visits: Visits, found: Visits, room: Ints) -> None:
    """Add visits to those of a commune, and take their samples from the room of their teams."""
    visits |= found
    for team, samples in found.items():
        room[team] -= samples


def _share_at_home(own: Ints, teams: Teams, left: Ints) -> Ints:
    """Divide the samples at home of each commune by the room that its own teams have left."""
    shared = np.zeros(len(left), dtype=np.int64)
    by_commune: dict[int, list[int]] = {}
    for team in np.nonzero((teams.own >= 0) & (left > 0))[0].tolist():
        by_commune.setdefault(int(teams.own[team]), []).append(team)
    for commune, those in by_commune.items():
        total = int(left[those].sum())
        ends = np.cumsum(left[those]) * int(own[commune]) // max(total, 1)
        shared[those] = np.diff(ends, prepend=0)
    return shared


def _tasks(
    lacking: Ints, missing: Ints, visits: list[Visits], own: Ints, at_home: Ints
) -> Iterator[Task]:
    """Yield the tasks at home, then visits: of communes that reach their target, then of others."""
    full = missing <= [sum(given.values()) for given in visits]
    for team in np.nonzero(at_home)[0].tolist():
        commune = int(own[team])
        yield Task(team, commune, int(at_home[team]), bool(full[commune]), own=True)
    order = np.lexsort((np.arange(len(lacking)), lacking, ~full))
    for commune in order.tolist():
        for team in sorted(visits[commune]):
            yield Task(team, commune, visits[commune][team], bool(full[commune]))


def stops_of_day(tasks: Sequence[Task], capacity: Ints, least: Ints) -> list[int]:
    """Return the samples of each task on the first day; 0 for tasks of later days.

    A team begins at home. Of its visits it takes the one to which the fewest teams go that day,
    of equal ones the first; it begins none for which less than its least of that day is left.
    """
    by_team: dict[int, list[int]] = defaultdict(list)
    for number, task in enumerate(tasks):
        by_team[task.team].append(number)
    today, going = [0] * len(tasks), Counter[int]()
    # Teams with fewer visits choose first: they have no other place.
    for team in sorted(by_team, key=lambda one: (len(by_team[one]), one)):
        left, open_ = int(capacity[team]), list(by_team[team])
        while open_ and left > 0:
            number = min(open_, key=lambda n: (not tasks[n].own, going[tasks[n].commune], n))
            open_.remove(number)
            task = tasks[number]
            if task.own or left >= min(int(least[team]), task.samples):
                today[number] = min(task.samples, left)
                left -= today[number]
                going[task.commune] += 1
    return today
