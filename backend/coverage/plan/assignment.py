"""Assign teams to communes: a greedy algorithm with exchanges, a pure function of plain arrays.

Communes are taken in order of their shortfall, the smallest first. One is filled only if it can
reach its target: by teams in reach with free capacity ("room"), the nearest first; if those do not
suffice, by teams that another team relieves elsewhere (a chain of exchanges). The remaining room
goes to communes that stay below their target. Teams without a known home come last.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.fix import EARTH_RADIUS_M

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# Communes visited by one search for room: a chain of exchanges then stays in and around a
# province. Without this limit and the next, a country short of teams takes 10 s instead of 0.5 s,
# to cover up to 6 % more of its shortfall (3,321 communes, 5,000 teams).
SEARCH_MOST = 40
# Communes visited by all searches of one pass.
SEARCHES_MOST = 30_000


@dataclass(frozen=True, slots=True)
class Reach:
    """The teams in reach of each commune, nearest first, as a sparse table.

    The teams of commune `c` are `teams[starts[c]:starts[c + 1]]`.
    """

    starts: Ints
    teams: Ints
    distance_m: Floats

    def to(self, commune: int) -> Ints:
        return self.teams[self.starts[commune] : self.starts[commune + 1]]


@dataclass(frozen=True, slots=True)
class Task:
    """The samples of a team in a commune, and whether that commune reaches its target."""

    team: int
    commune: int
    samples: int
    completes: bool


@dataclass(slots=True)
class _Board:
    """The samples assigned so far."""

    reach: Reach
    room: Ints  # by team
    given: list[dict[int, int]]  # by commune: team -> samples
    at: list[set[int]]  # by team: the communes in which it has samples
    searched: int = 0

    def give(self, commune: int, team: int, samples: int) -> None:
        """Assign samples in a commune to a team; a negative number removes them."""
        self.room[team] -= samples
        left = self.given[commune].get(team, 0) + samples
        if left:
            self.given[commune][team] = left
            self.at[team].add(commune)
        else:
            del self.given[commune][team]
            self.at[team].discard(commune)


def assign(lacking: Ints, room: Ints, reach: Reach, homeless: tuple[int, ...] = ()) -> list[Task]:
    """Assign samples in communes to teams.

    Parameters
    ----------
    lacking : shortfall of each commune, in samples, not negative
    room : samples that each team can take until the end, not negative
    reach : the teams in reach of each commune
    homeless : the teams without a known home, which are in no reach

    Returns
    -------
    The tasks, in the order in which the communes are to be completed.
    """
    teams: list[set[int]] = [set() for _ in range(len(room))]
    board = _Board(reach, room.astype(np.int64).copy(), [{} for _ in lacking], teams)
    order = [int(c) for c in np.argsort(lacking, kind="stable") if lacking[c] > 0]
    rest = [c for c in order if not _fill(board, c, int(lacking[c]), whole=True)]
    board.searched = 0
    for commune in rest:
        _fill(board, commune, int(lacking[commune]), whole=False)
    _send_homeless(board, lacking, rest, homeless)
    return list(_tasks(board, lacking, order))


def _fill(board: _Board, commune: int, lack: int, *, whole: bool) -> bool:
    """Assign the shortfall of a commune; with `whole`, all of it or nothing."""
    lack -= sum(board.given[commune].values())
    lack -= _take_near(board, commune, lack)
    while lack > 0:
        moved = _exchange(board, commune, lack)
        if not moved:
            break
        lack -= moved
    if lack > 0 and whole:
        for team, samples in list(board.given[commune].items()):
            board.give(commune, team, -samples)
    return lack <= 0


def _take_near(board: _Board, commune: int, lack: int) -> int:
    """Assign to the teams in reach with room, nearest first; return the samples assigned."""
    near = board.reach.to(commune)
    near = near[board.room[near] > 0]
    before = np.cumsum(board.room[near]) - board.room[near]
    taken = 0
    for team in near[before < lack]:
        samples = min(int(board.room[team]), lack - taken)
        board.give(commune, int(team), samples)
        taken += samples
    return taken


def _exchange(board: _Board, commune: int, lack: int) -> int:
    """Relieve a team in reach by another with room, across several communes if necessary.

    A breadth-first search for the shortest chain: a team moves here from another commune, which
    gets another team in its reach. Returns the samples moved.
    """
    freed: dict[int, tuple[int, int]] = {}  # commune: the team it loses, the commune that gains it
    seen = np.zeros(len(board.room), dtype=bool)
    queue, known = [commune], {commune}
    for number, here in enumerate(queue):
        if number >= SEARCH_MOST or board.searched >= SEARCHES_MOST:
            return 0
        board.searched += 1
        near = board.reach.to(here)
        near = near[~seen[near]]
        free = near[board.room[near] > 0]
        if len(free):
            return _move(board, freed, here, int(free[0]), lack)
        seen[near] = True
        for team in near.tolist():
            for other in sorted(one for one in board.at[team] if one not in known):
                freed[other] = (team, here)
                known.add(other)
                queue.append(other)
    return 0


def _move(
    board: _Board, freed: dict[int, tuple[int, int]], here: int, relief: int, lack: int
) -> int:
    """Apply a chain of exchanges with as many samples as all its links allow."""
    links = list(_chain(freed, here))
    samples = min([lack, int(board.room[relief]), *(board.given[c][t] for c, t, _ in links)])
    board.give(here, relief, samples)
    for loses, team, gains in links:
        board.give(loses, team, -samples)
        board.give(gains, team, samples)
    return samples


def _chain(freed: dict[int, tuple[int, int]], here: int) -> Iterator[tuple[int, int, int]]:
    while here in freed:
        team, gains = freed[here]
        yield here, team, gains
        here = gains


def _send_homeless(
    board: _Board, lacking: Ints, communes: list[int], homeless: tuple[int, ...]
) -> None:
    """Assign the rest to teams without a known home, in the order of the communes."""
    for team in homeless:
        for commune in communes:
            lack = int(lacking[commune]) - sum(board.given[commune].values())
            samples = min(lack, int(board.room[team]))
            if samples > 0:
                board.give(commune, team, samples)


def _tasks(board: _Board, lacking: Ints, order: list[int]) -> Iterator[Task]:
    """Yield the tasks of communes that reach their target, then those of the others."""
    full = {c: sum(board.given[c].values()) >= lacking[c] for c in order}
    for commune in sorted(order, key=lambda c: not full[c]):
        for team in sorted(board.given[commune]):
            yield Task(team, commune, board.given[commune][team], full[commune])


def first_day(tasks: list[Task], capacity: Ints) -> list[int]:
    """Return the samples of each task on the first day, if teams work through them in order."""
    left = capacity.astype(np.int64).copy()
    today = []
    for task in tasks:
        samples = min(task.samples, int(left[task.team]))
        left[task.team] -= samples
        today.append(samples)
    return today


# In a straight line: about an hour and a half by motorbike on the roads of a mountain province.
REACH_M = 50_000.0

# Homes compared at a time; with all communes, a block takes some 13 MB.
BLOCK = 512


def within_reach(homes: ArrayLike, centres: ArrayLike, reach_m: float = REACH_M) -> Reach:
    """Find the homes within reach of each centre.

    Parameters
    ----------
    homes : (n, 2) latitude and longitude in degrees (WGS 84); rows with NaN are never in reach
    centres : (m, 2), likewise
    reach_m : great-circle distance in metres

    Distances are computed once for all teams with the same home.
    """
    places, team_place = _places(np.asarray(homes, dtype=np.float64).reshape(-1, 2))
    place, commune, distance = _pairs(_vectors(places), _vectors(centres), reach_m)
    by_place = np.argsort(team_place, kind="stable")
    size = np.bincount(team_place, minlength=len(places))
    first = np.cumsum(size) - size
    pair = np.repeat(np.arange(len(place)), size[place])
    nth = np.arange(len(pair)) - np.repeat(np.cumsum(size[place]) - size[place], size[place])
    starts: Ints = np.searchsorted(commune[pair], np.arange(len(np.asarray(centres)) + 1))
    return Reach(starts, by_place[first[place[pair]] + nth], distance[pair])


def _places(homes: Floats) -> tuple[Floats, Ints]:
    """Return the distinct homes in the order of their first teams, and each team's home index."""
    _, index, inverse = np.unique(homes, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(index)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return homes[index[order]], rank[inverse.reshape(-1)]


def _pairs(home: Floats, centre: Floats, reach_m: float) -> tuple[Ints, Ints, Floats]:
    """Return homes and centres within reach, ordered by centre, then distance, then home."""
    least = np.cos(reach_m / EARTH_RADIUS_M)
    places, communes = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for begin in range(0, len(home), BLOCK):
        row, column = np.nonzero(home[begin : begin + BLOCK] @ centre.T >= least)
        places.append(row + begin)
        communes.append(column)
    place, commune = np.concatenate(places), np.concatenate(communes)
    distance = _along(home[place], centre[commune])
    order = np.lexsort((place, distance, commune))
    return place[order], commune[order], distance[order]


def distances_m(from_: ArrayLike, to: ArrayLike) -> Floats:
    """Return the distances in metres between the rows of two arrays of (latitude, longitude)."""
    return _along(_vectors(from_), _vectors(to))


def _vectors(positions: ArrayLike) -> Floats:
    """Return points on the unit sphere: their dot products give angles without trigonometry."""
    degrees = np.asarray(positions, dtype=np.float64).reshape(-1, 2)
    latitude, longitude = np.radians(degrees[:, 0]), np.radians(degrees[:, 1])
    flat = np.cos(latitude)
    return np.stack((flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)), axis=1)


def _along(a: Floats, b: Floats) -> Floats:
    chord = np.sqrt(((a - b) ** 2).sum(axis=1))
    metres: Floats = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1.0, chord / 2))
    return metres
