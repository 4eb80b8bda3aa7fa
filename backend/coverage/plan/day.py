"""The stops of teams on one day: a pure function of their tasks until the end."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from backend.coverage.plan.assignment import Task
from backend.coverage.plan.reach import Ints


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
