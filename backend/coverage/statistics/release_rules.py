"""Rules of the monthly release: figures in which no person can be found. Pure functions.

A person is a number: 0 or more for a volunteer of the month, negative for anybody else with a
counted sample (guests, phones that are too new or measured on one day only).
"""

import hashlib
import hmac
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, TypeVar

from backend.clock import month_end

K = TypeVar("K", bound=Hashable)

# Reports of a month are due on day 15.
RELEASE_DAY = 16
# Phones that are registered to look at one place must exist for a week and measure on two days.
MIN_DAYS, MIN_REGISTERED = 2, timedelta(days=7)
# Who joined no team is counted in a cell with so many days: four phones of one person with samples
# in every cell of a commune would show the cells of a fifth.
MIN_DAYS_ALONE = 5
# With fewer people in a cell of some 500 m, those who know one of them find where that one was.
CELL_VOLUNTEERS = 5
# Of H3: edges of 530 m, so that a GPS error of 100 m moves few samples and no house is identified.
CELL_RESOLUTION = 8
# Statistics of fewer people describe the line or the phone of one of them.
ROW_VOLUNTEERS = 5
# Fewer provinces with a median are no country: pages show them and no figure of all together.
COUNTRY_PROVINCES = 12
# 168 hours of a week show a routine unless many people mix.
HOURS_VOLUNTEERS = 10
# Numbers of samples of cells: subtracting one's own phones leaves no exact number of another's.
ROUND_TO = 5
# Significant digits of values: with more, sums of few people follow from the mean and n.
DIGITS = 3


def due_day(month: str) -> date:
    """Return the day from which the figures of a month are public."""
    return month_end(month) + timedelta(days=RELEASE_DAY)


def is_volunteer(days: Collection[date], registered: date, least: int = MIN_DAYS) -> bool:
    """Return whether counted samples on these days, by phones registered then, are of a volunteer.

    The last day of samples is at least a week after the first registration.
    """
    enough = len(set(days)) >= least
    return enough and max(days) - registered >= MIN_REGISTERED


def volunteers(people: Iterable[int]) -> frozenset[int]:
    """Return the volunteers among people."""
    return frozenset(person for person in people if person >= 0)


def is_shown(n: int, by_person: Mapping[int, int], least: int) -> bool:
    """Return whether n samples come from enough volunteers, with none over half of them."""
    return len(volunteers(by_person)) >= least and 2 * max(by_person.values()) <= n


def suppress(
    people: Mapping[K, frozenset[int]], partitions: Sequence[tuple[K, Sequence[K]]], least: int
) -> set[K]:
    """Return the groups of samples to show.

    A group needs `least` volunteers. A partition is a group with the parts that it consists of.
    Its hidden parts follow as a sum from the whole and the shown parts, so they need as many
    volunteers together; so does a hidden whole, which follows from parts that are all shown. Else
    the smallest shown part is hidden too.
    """
    shown = {key for key, found in people.items() if len(found) >= least}
    changed = True
    while changed:
        changed = False
        for whole, parts in partitions:
            hidden = [part for part in parts if part not in shown]
            if whole in shown and not hidden:
                continue
            rest = set[int]().union(*(people[part] for part in hidden))
            others = sorted(set(parts) & shown, key=lambda key: (-len(people[key]), repr(key)))
            while others and len(rest) < least:
                smallest = others.pop()
                shown.discard(smallest)
                rest |= people[smallest]
                changed = True
    return shown


def shown_cells(
    samples: Mapping[str, int],
    people: Mapping[str, Mapping[int, int]],
    unit_of: Mapping[str, int],
) -> set[str]:
    """Return the cells to show; the smallest is hidden with a cell hidden alone in its unit.

    The number of samples of a unit is public: one hidden cell would be the difference. A cell that
    belongs to no unit is not shown.
    """
    of_unit: dict[int, list[str]] = {}
    for cell, unit in unit_of.items():
        of_unit.setdefault(unit, []).append(cell)
    shown = set[str]()
    for cells in of_unit.values():
        seen = [cell for cell in cells if is_shown(samples[cell], people[cell], CELL_VOLUNTEERS)]
        if seen and len(cells) - len(seen) == 1:
            seen.remove(min(seen, key=lambda cell: (samples[cell], cell)))
        shown.update(seen)
    return shown


def rounded(n: int, key: bytes, name: str) -> int:
    """Return a multiple of ROUND_TO next to n, right on average; equal names round equally."""
    low, rest = divmod(n, ROUND_TO)
    draw = int.from_bytes(hmac.digest(key, name.encode(), hashlib.sha256)[:8]) / 2**64
    return ROUND_TO * (low + (draw < rest / ROUND_TO))


def significant(value: Any) -> Any:
    """Return numbers in nested lists and dictionaries with DIGITS significant digits."""
    if isinstance(value, Mapping):
        return {name: significant(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [significant(inner) for inner in value]
    if isinstance(value, int | float):
        return type(value)(float(f"{value:.{DIGITS}g}"))
    return value
