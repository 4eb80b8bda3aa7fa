"""The rules of monthly releases, without a database."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.coverage.statistics import release_rules as rules

Groups = dict[str, frozenset[int]]
PARTS = st.lists(st.frozensets(st.integers(0, 30), min_size=1, max_size=12), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("month", "day"),
    [("2026-10", date(2026, 11, 16)), ("2026-12", date(2027, 1, 16))],
)  # fmt: skip
def test_a_month_is_due_on_day_16(month: str, day: date) -> None:
    assert rules.due_day(month) == day


def test_two_days_and_a_week_make_a_volunteer() -> None:
    first = date(2026, 10, 5)
    week = first + timedelta(days=7)
    assert rules.is_volunteer([first, week], first)
    assert not rules.is_volunteer([first, week - timedelta(days=1)], first)
    assert not rules.is_volunteer([week, week], first)
    assert not rules.is_volunteer([], first)


@given(PARTS, st.integers(1, 8))
def test_no_difference_is_of_few_people(parts: list[frozenset[int]], least: int) -> None:
    people: Groups = {f"part {number}": found for number, found in enumerate(parts)}
    whole = frozenset[int]().union(*parts)
    names = list(people)
    people["whole"] = whole
    shown = rules.suppress(people, [("whole", names)], least)
    assert all(len(people[name]) >= least for name in shown)
    rest = frozenset[int]().union(*(people[name] for name in names if name not in shown))
    if "whole" in shown:
        assert not rest or len(rest) >= least
    assert ("whole" in shown) == (len(whole) >= least)


def test_a_hidden_district_is_no_sum_of_its_communes() -> None:
    few, many = frozenset([1]), frozenset(range(10, 40))
    people = {
        "province": few | many, "small": few, "large": many,
        "north": frozenset(range(10, 20)), "south": frozenset(range(20, 40)),
    }  # fmt: skip
    partitions = [("province", ["small", "large"]), ("large", ["north", "south"])]
    assert rules.suppress(people, partitions, 5) == {"province", "south"}


# Samples of a person by cell, and whether the person is a volunteer of the month.
PERSON = st.tuples(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 4), max_size=4),
                   st.booleans())  # fmt: skip


def month_of(people: list[tuple[dict[str, int], bool]]) -> dict[str, dict[int, int]]:
    """Samples by cell and person."""
    cells: dict[str, dict[int, int]] = {}
    for number, (of_person, volunteer) in enumerate(people):
        for cell, n in of_person.items():
            cells.setdefault(cell, {})[number if volunteer else -1 - number] = n
    return cells


def released(cells: dict[str, dict[int, int]]) -> dict[str, int]:
    samples = {cell: sum(found.values()) for cell, found in cells.items()}
    shown = rules.shown_cells(samples, cells, dict.fromkeys(cells, 7))
    return {cell: rules.rounded(samples[cell], b"key", cell) for cell in shown}


@pytest.mark.slow
@settings(max_examples=500)
@given(st.lists(PERSON, min_size=4, max_size=25), st.sampled_from("abcdef"))
def test_a_person_who_moves_changes_cells_of_five_volunteers_alone(
    people: list[tuple[dict[str, int], bool]], to: str
) -> None:
    """Random months of a commune of six cells; the first person moves to one of them."""
    before = month_of(people)
    moved = {to: n} if (n := sum(people[0][0].values())) else {}
    after = month_of([(moved, people[0][1]), *people[1:]])
    first, second = released(before), released(after)
    for cell in "abcdef":
        if first.get(cell) != second.get(cell):
            sides = [rules.volunteers(month.get(cell, {})) for month in (before, after)]
            assert max(map(len, sides)) >= 5
            assert all(len(side - {0}) >= 4 for side in sides)


@given(st.integers(0, 10_000), st.text(max_size=20))
def test_numbers_are_rounded_to_five_by_key(n: int, name: str) -> None:
    found = rules.rounded(n, b"key", name)
    assert found % 5 == 0 and abs(found - n) < 5
    assert found == rules.rounded(n, b"key", name)


def test_rounding_is_right_on_average() -> None:
    found = [rules.rounded(13, b"key", str(number)) for number in range(20_000)]
    assert set(found) == {10, 15} and sum(found) / len(found) == pytest.approx(13, abs=0.1)


def test_three_digits() -> None:
    values = {"n": 12_345, "median": 48.2468, "none": None, "shares": [0.333333, 1.0]}
    assert rules.significant(values) == {
        "n": 12_300, "median": 48.2, "none": None, "shares": [0.333, 1.0]
    }  # fmt: skip
