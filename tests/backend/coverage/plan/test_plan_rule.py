"""Who goes where: the rule against every possibility on small cases, and what it always keeps."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.coverage.plan import assignment
from backend.coverage.plan.assignment import (
    REACH_M,
    Reach,
    Task,
    assign,
    distances_m,
    first_day,
    within_reach,
)
from geo.fix import distance_m

# Of the 3,000 cases below, one reaches 3 communes where 4 are possible, and none is worse.
WORST_REACHED = 0.75
BELOW_OPTIMUM = 1


@dataclass(frozen=True)
class Case:
    """What communes lack, what teams can take, and which teams reach which commune."""

    lacking: list[int]
    room: list[int]
    reach: list[set[int]]

    def solved(self, homeless: tuple[int, ...] = ()) -> list[Task]:
        rows = [sorted(teams) for teams in self.reach]
        starts = np.cumsum([0, *(len(row) for row in rows)])
        teams = np.array([team for row in rows for team in row], dtype=np.int64)
        table = Reach(starts, teams, np.zeros(len(teams)))
        return assign(np.array(self.lacking), np.array(self.room), table, homeless)


def given_to(tasks: Sequence[Task]) -> Counter[int]:
    total: Counter[int] = Counter()
    for task in tasks:
        total[task.commune] += task.samples
    return total


def reached(case: Case, tasks: Sequence[Task]) -> int:
    total = given_to(tasks)
    return sum(lack > 0 and total[c] >= lack for c, lack in enumerate(case.lacking))


def optimum(case: Case) -> tuple[int, int]:
    """Most communes that can reach their target, and most shortfall that can be covered.

    By trying every set of communes: one can be filled if each of its subsets lacks no more than
    the teams that reach it can take (Hall); the most that can be covered is the least cut. Both are
    had at once, since more flow never empties what is full.
    """
    communes = range(len(case.lacking))
    sets = [some for n in range(len(communes) + 1) for some in combinations(communes, n)]
    lack = {some: sum(case.lacking[c] for c in some) for some in sets}
    room = {some: sum(case.room[t] for t in _teams(case, some)) for some in sets}
    fits = {some for some in sets if lack[some] <= room[some]}
    filled = [
        some
        for some in fits
        if all(part in fits for n in range(len(some)) for part in combinations(some, n))
    ]
    most = max(sum(case.lacking[c] > 0 for c in some) for some in filled)
    return most, min(sum(case.lacking) - lack[some] + room[some] for some in sets)


def _teams(case: Case, communes: Sequence[int]) -> set[int]:
    return {team for commune in communes for team in case.reach[commune]}


def random_case(random: np.random.Generator) -> Case:
    communes, teams = random.integers(1, 7, 2)
    share = random.random()
    return Case(
        random.integers(0, 30, communes).tolist(),
        random.integers(0, 25, teams).tolist(),
        [{t for t in range(teams) if random.random() < share} for _ in range(communes)],
    )


@pytest.mark.slow
def test_against_the_optimum_on_small_cases() -> None:
    random = np.random.default_rng(20241101)
    worst, below = 1.0, 0
    for _ in range(3_000):
        case = random_case(random)
        tasks = case.solved()
        most, covered = optimum(case)
        assert sum(given_to(tasks).values()) == covered, case  # never less than can be covered
        if most:
            worst = min(worst, reached(case, tasks) / most)
            below += reached(case, tasks) < most
    assert (worst, below) == (WORST_REACHED, BELOW_OPTIMUM)


def test_the_optimum_of_the_comparison_is_right_where_it_is_plain() -> None:
    assert optimum(Case([5, 5], [5], [{0}, {0}])) == (1, 5)
    assert optimum(Case([5, 5, 0], [10], [{0}, {0}, set()])) == (2, 10)
    assert optimum(Case([5, 7], [4, 9], [{0}, {0, 1}])) == (1, 11)


def test_the_known_weakness_a_small_commune_takes_what_two_larger_ones_need() -> None:
    case = Case([5, 6, 6], [4, 4, 2, 2], [{0, 1}, {0, 2}, {1, 3}])
    assert (reached(case, case.solved()), optimum(case)[0]) == (1, 2)


CASES = st.integers(1, 8).flatmap(
    lambda teams: st.lists(
        st.tuples(st.integers(0, 40), st.sets(st.integers(0, teams - 1))), max_size=8
    ).flatmap(
        lambda rows: st.lists(st.integers(0, 40), min_size=teams, max_size=teams).map(
            lambda room: Case([lack for lack, _ in rows], room, [reach for _, reach in rows])
        )
    )
)


@pytest.mark.slow
@given(CASES, st.data())
@settings(max_examples=300)
def test_what_every_plan_keeps(case: Case, data: Any) -> None:
    tasks = case.solved()
    by_team: Counter[int] = Counter()
    for task in tasks:
        assert task.samples > 0 and task.team in case.reach[task.commune]
        by_team[task.team] += task.samples
    assert all(n <= case.room[team] for team, n in by_team.items())
    total = given_to(tasks)
    assert all(n <= case.lacking[commune] for commune, n in total.items())
    assert all(t.completes == (total[t.commune] == case.lacking[t.commune]) for t in tasks)
    assert len({(t.team, t.commune) for t in tasks}) == len(tasks)
    assert tasks == case.solved()
    daily = np.array([data.draw(st.integers(0, 40)) for _ in case.room])
    today = first_day(tasks, daily)
    for team, capacity in enumerate(daily):
        own = [(n, task.samples) for n, task in zip(today, tasks, strict=True) if task.team == team]
        assert sum(n for n, _ in own) == min(capacity, sum(most for _, most in own))


def test_the_nearest_team_goes_and_the_least_lack_comes_first() -> None:
    reach = Reach(np.array([0, 2, 4]), np.array([1, 0, 0, 1]), np.array([10.0, 20.0, 5.0, 6.0]))
    tasks = assign(np.array([30, 20]), np.array([25, 25]), reach)
    assert tasks == [Task(0, 1, 20, True), Task(0, 0, 5, True), Task(1, 0, 25, True)]


def test_a_team_changes_its_place_for_another_that_only_reaches_there() -> None:
    # Team 0 is nearer to commune 0, but alone in reach of commune 1; team 1 can relieve it.
    tasks = Case([10, 12], [12, 10], [{0, 1}, {0}]).solved()
    assert tasks == [Task(1, 0, 10, True), Task(0, 1, 12, True)]


def test_over_several_exchanges() -> None:
    case = Case([10, 11, 12, 13], [13, 13, 13, 13], [{0, 1}, {1, 2}, {2, 3}, {0}])
    assert reached(case, case.solved()) == 4


def test_no_commune_is_begun_that_stays_below_while_another_can_be_filled() -> None:
    tasks = Case([50, 20], [20], [{0}, {0}]).solved()
    assert tasks == [Task(0, 1, 20, True)]


def test_what_is_left_helps_communes_that_stay_below() -> None:
    tasks = Case([50, 20], [30], [{0}, {0}]).solved()
    assert tasks == [Task(0, 1, 20, True), Task(0, 0, 10, False)]


def test_teams_without_a_home_take_what_is_left() -> None:
    tasks = Case([10, 20], [12, 50], [{0}, set()]).solved(homeless=(1,))
    assert tasks == [Task(0, 0, 10, True), Task(1, 1, 20, True)]


def test_searches_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case([10, 11, 12, 13], [13, 13, 13, 13], [{0, 1}, {1, 2}, {2, 3}, {0}])
    monkeypatch.setattr(assignment, "SEARCHES_MOST", 0)
    assert reached(case, case.solved()) == 3


def test_nothing_to_do() -> None:
    assert Case([], [5], []).solved() == []
    assert Case([5], [], [set()]).solved() == []
    assert within_reach(np.empty((0, 2)), np.empty((0, 2))).starts.tolist() == [0]


def test_reach_and_distances_are_those_of_the_great_circle() -> None:
    random = np.random.default_rng(3)
    homes = random.uniform((21.0, 105.0), (22.5, 106.5), (700, 2))
    centres = random.uniform((21.0, 105.0), (22.5, 106.5), (40, 2))
    homes[5] = np.nan
    homes[300:350] = homes[7]  # of equally near teams the lower number comes first
    reach = within_reach(homes, centres)
    for commune, (lat, lon) in enumerate(centres):
        far = [(distance_m(lon, lat, h[1], h[0]), t) for t, h in enumerate(homes) if t != 5]
        expected = sorted((metres, team) for metres, team in far if metres <= REACH_M)
        assert reach.to(commune).tolist() == [team for _, team in expected]
        here = slice(reach.starts[commune], reach.starts[commune + 1])
        assert reach.distance_m[here] == pytest.approx([metres for metres, _ in expected])
    assert distances_m([(21.0, 105.0)], [(21.0, 105.0)]) == pytest.approx([0.0])
    assert np.isnan(distances_m([(np.nan, np.nan)], [(21.0, 105.0)])).all()
