"""Assign teams to communes: a pure function of plain arrays.

1. A team fills its own commune first. It is free for others once its commune lacks nothing.
2. Communes are then taken in order of their shortfall, the smallest first. One is filled only if it
   can reach its target: by free teams in reach, the nearest first; if those do not suffice, by
   teams that another team relieves elsewhere (a chain of exchanges). The remaining room goes to
   communes that stay below their target. Visits of fewer samples than the least are joined or left
   out. Groups of a few communes are filled in several orders, of which the best result is taken.
3. Teams at home share their commune by the room that each has left.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, permutations

import numpy as np

from backend.coverage.plan.reach import Ints, Reach

# Communes visited by one search for room: a chain of exchanges then stays in and around a
# province. Without this limit and the next, a country short of teams takes 10 s instead of 0.5 s,
# to cover up to 6 % more of its shortfall (3,321 communes, 5,000 teams).
SEARCH_MOST = 40
# Communes visited by all searches of one pass.
SEARCHES_MOST = 30_000
# Groups that are filled in several orders: their communes, their orders, and their number.
GROUP_MOST, ORDERS_MOST, GROUPS_MOST = 6, 30, 60


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


@dataclass(slots=True)
class _Board:
    """The visits assigned so far."""

    reach: Reach
    lacking: Ints  # by commune, without the samples of its own teams
    room: Ints  # by team
    least: Ints  # by team
    given: list[dict[int, int]]  # by commune: team -> samples
    at: list[set[int]]  # by team: the communes in which it has samples
    searched: int = 0
    missing: Ints = field(init=False)  # by commune

    def __post_init__(self) -> None:
        self.missing = self.lacking.copy()

    def give(self, commune: int, team: int, samples: int) -> None:
        """Assign samples in a commune to a team; a negative number removes them."""
        self.room[team] -= samples
        self.missing[commune] -= samples
        left = self.given[commune].get(team, 0) + samples
        if left:
            self.given[commune][team] = left
            self.at[team].add(commune)
        else:
            self.given[commune].pop(team, None)
            self.at[team].discard(commune)

    def least_at(self, team: int, commune: int) -> int:
        """Return the least samples of a visit: no more than the commune lacks."""
        return min(int(self.least[team]), int(self.lacking[commune]))


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
    free = np.where(teams.stays, 0, teams.room - at_home)
    board = _Board(
        reach.only(free > 0), lacking - own, free, teams.least,
        given=[{} for _ in lacking], at=[set() for _ in free],
    )  # fmt: skip
    rest = _visit(board, [int(c) for c in np.argsort(board.lacking, kind="stable")])
    for group in list(_groups(board))[:GROUPS_MOST]:
        _improve(board, group)
    _send_homeless(board, rest, homeless)
    left = teams.room - _visited(board, len(free))
    return list(_tasks(board, lacking, teams, _share_at_home(own, teams, left)))


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


def _visited(board: _Board, teams: int) -> Ints:
    """Return the samples of each team in its visits."""
    visited = np.zeros(teams, dtype=np.int64)
    for given in board.given:
        for team, samples in given.items():
            visited[team] += samples
    return visited


def _visit(board: _Board, order: Sequence[int]) -> list[int]:
    """Fill the communes in an order; return those that stay below their target."""
    order = [commune for commune in order if board.lacking[commune] > 0]
    board.searched = 0
    rest = [commune for commune in order if not _fill(board, commune, whole=True)]
    board.searched = 0
    for commune in rest:
        _fill(board, commune, whole=False)
    for commune in order:
        _join_small(board, commune)
    for commune in order:
        _extend(board, commune)
    return [commune for commune in order if board.missing[commune] > 0]


def _fill(board: _Board, commune: int, *, whole: bool) -> bool:
    """Assign the shortfall of a commune; with `whole`, all of it or nothing."""
    _take_near(board, commune)
    while board.missing[commune] > 0 and _exchange(board, commune):
        pass
    if board.missing[commune] > 0 and whole:
        for team, samples in list(board.given[commune].items()):
            board.give(commune, team, -samples)
    return bool(board.missing[commune] <= 0)


def _take_near(board: _Board, commune: int) -> None:
    """Assign to the teams in reach with room, nearest first."""
    near = board.reach.to(commune)
    near = near[board.room[near] > 0]
    before = np.cumsum(board.room[near]) - board.room[near]
    for team in near[before < board.missing[commune]].tolist():
        board.give(commune, team, min(int(board.room[team]), int(board.missing[commune])))


def _exchange(board: _Board, commune: int) -> bool:
    """Relieve a team in reach by another with room, across several communes if necessary.

    A breadth-first search for the shortest chain: a team moves here from another commune, which
    gets another team in its reach.
    """
    freed: dict[int, tuple[int, int]] = {}  # commune: the team it loses, the commune that gains it
    seen = np.zeros(len(board.room), dtype=bool)
    queue, known = [commune], {commune}
    for number, here in enumerate(queue):
        if number >= SEARCH_MOST or board.searched >= SEARCHES_MOST:
            return False
        board.searched += 1
        near = board.reach.to(here)
        near = near[~seen[near]]
        free = near[board.room[near] > 0]
        if len(free):
            _move(board, freed, here, int(free[0]), int(board.missing[commune]))
            return True
        seen[near] = True
        for team in near.tolist():
            for other in sorted(one for one in board.at[team] if one not in known):
                freed[other] = (team, here)
                known.add(other)
                queue.append(other)
    return False


def _move(
    board: _Board, freed: dict[int, tuple[int, int]], here: int, relief: int, lack: int
) -> None:
    """Apply a chain of exchanges with as many samples as all its links allow."""
    links = list(_chain(freed, here))
    samples = min([lack, int(board.room[relief]), *(board.given[c][t] for c, t, _ in links)])
    board.give(here, relief, samples)
    for loses, team, gains in links:
        board.give(loses, team, -samples)
        board.give(gains, team, samples)


def _chain(freed: dict[int, tuple[int, int]], here: int) -> Iterator[tuple[int, int, int]]:
    while here in freed:
        team, gains = freed[here]
        yield here, team, gains
        here = gains


def _join_small(board: _Board, commune: int) -> None:
    """Hand visits below the least to other visitors of the commune, or enlarge or remove them."""
    given = board.given[commune]
    for team in sorted(given, key=lambda one: (given[one], one)):
        samples = given.get(team, 0)
        if not 0 < samples < board.least_at(team, commune):
            continue
        if not _hand_over(board, commune, team) and not _enlarge(board, commune, team):
            board.give(commune, team, -samples)


def _hand_over(board: _Board, commune: int, team: int) -> bool:
    """Move all samples of a team in a commune to its other visitors, if they have room."""
    samples = board.given[commune][team]
    others = [one for one in sorted(board.given[commune]) if one != team and board.room[one] > 0]
    if sum(int(board.room[one]) for one in others) < samples:
        return False
    board.give(commune, team, -samples)
    for one in others:
        moved = min(samples, int(board.room[one]))
        if moved:
            board.give(commune, one, moved)
        samples -= moved
    return True


def _enlarge(board: _Board, commune: int, team: int) -> bool:
    """Bring a visit to the least by samples of other visitors of the commune."""
    given = board.given[commune]
    need = board.least_at(team, commune) - given[team]
    spare = {one: n - board.least_at(one, commune) for one, n in given.items() if one != team}
    if need > board.room[team]:
        return False
    if sum(max(0, n) for n in spare.values()) < need:
        return _replace(board, commune, team)
    for one in sorted(spare):
        moved = min(need, max(0, spare[one]))
        if moved:
            board.give(commune, one, -moved)
            board.give(commune, team, moved)
        need -= moved
    return True


def _replace(board: _Board, commune: int, team: int) -> bool:
    """Give a team all samples of another visitor of the commune, the one with the fewest."""
    given = board.given[commune]
    need = board.least_at(team, commune) - given[team]
    fitting = [
        (n, one) for one, n in given.items() if one != team and need <= n <= board.room[team]
    ]
    if not fitting:
        return False
    samples, other = min(fitting)
    board.give(commune, other, -samples)
    board.give(commune, team, samples)
    return True


def _extend(board: _Board, commune: int) -> None:
    """Cover more of a commune by its visitors, then by other teams in reach."""
    near = board.reach.to(commune)
    near = near[board.room[near] > 0].tolist()
    for team in sorted(near, key=lambda one: one not in board.given[commune]):
        samples = min(int(board.room[team]), int(board.missing[commune]))
        if samples <= 0:
            continue
        board.give(commune, team, samples)
        small = board.given[commune][team] < board.least_at(team, commune)
        if small and not _enlarge(board, commune, team):
            board.give(commune, team, -samples)


def _groups(board: _Board) -> Iterator[list[int]]:
    """Yield small groups of lacking communes that share teams with no other, if not filled."""
    group = {int(c): int(c) for c in np.nonzero(board.lacking > 0)[0]}

    def root(commune: int) -> int:
        while group[commune] != commune:
            group[commune] = group[group[commune]]
            commune = group[commune]
        return commune

    first: dict[int, int] = {}  # by team: a commune in its reach
    for commune in group:
        near = board.reach.to(commune)
        for team in near.tolist():
            group[root(commune)] = root(first.setdefault(team, commune))
    members: dict[int, list[int]] = {}
    for commune in group:
        members.setdefault(root(commune), []).append(commune)
    for some in members.values():
        if len(some) <= GROUP_MOST and (board.missing[some] > 0).any():
            yield some


def _improve(board: _Board, group: list[int]) -> None:
    """Fill a group of communes in several orders, and keep the best result."""
    best, visits = _value(board, group), _clear(board, group)
    for order in islice(permutations(sorted(group, key=lambda c: board.lacking[c])), ORDERS_MOST):
        _visit(board, order)
        value, found = _value(board, group), _clear(board, group)
        if value > best:
            best, visits = value, found
    for commune, team, samples in visits:
        board.give(commune, team, samples)


def _value(board: _Board, group: list[int]) -> tuple[int, int]:
    """Return the communes that reach their target, and the covered shortfall."""
    missing = board.missing[group]
    return int((missing <= 0).sum()), -int(missing.sum())


def _clear(board: _Board, group: list[int]) -> list[tuple[int, int, int]]:
    """Remove all visits of some communes, and return them."""
    visits = [(c, team, n) for c in group for team, n in board.given[c].items()]
    for commune, team, samples in visits:
        board.give(commune, team, -samples)
    return visits


def _send_homeless(board: _Board, communes: list[int], homeless: tuple[int, ...]) -> None:
    """Assign the rest to teams without a known home, in the order of the communes."""
    for team in homeless:
        for commune in communes:
            samples = min(int(board.missing[commune]), int(board.room[team]))
            if samples > 0 and samples >= board.least_at(team, commune):
                board.give(commune, team, samples)


def _tasks(board: _Board, lacking: Ints, teams: Teams, at_home: Ints) -> Iterator[Task]:
    """Yield the tasks at home, then visits: of communes that reach their target, then of others."""
    full = board.missing <= 0
    for team in np.nonzero(at_home)[0].tolist():
        commune = int(teams.own[team])
        yield Task(team, commune, int(at_home[team]), bool(full[commune]), own=True)
    order = np.lexsort((np.arange(len(lacking)), lacking, ~full))
    for commune in order.tolist():
        for team in sorted(board.given[commune]):
            yield Task(team, commune, board.given[commune][team], bool(full[commune]))
