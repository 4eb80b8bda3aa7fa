"""Counts cached by a process: updated from the rows of an answer in any order."""

from itertools import permutations
from typing import Any

from backend.coverage.figures.counts_cache import CATEGORIES, EMPTY, merge_changes


def part(name: str, unit: int, **values: Any) -> dict[str, Any]:
    return {"part": name, "unit": unit, **dict.fromkeys(("keys", "received", "valid", "counted")),
            **values}  # fmt: skip


def test_the_parts_of_an_answer_may_come_in_any_order() -> None:
    rows = [
        part("latest", 5, keys=["1"]),
        part("changed", 7),
        part("monthly", 7, keys=["counted"], received=[3]),
        part("daily", 7, keys=["4"], received=[3], valid=[3], counted=[3]),
    ]
    for ordered in permutations(rows):
        counts = merge_changes(EMPTY, list(ordered))
        assert (counts.by_category.sum(), counts.days[0, 4].tolist()) == (3, [3, 3, 3])


def test_counts_without_days_keep_no_array_of_days() -> None:
    rows = [
        part("latest", 5, keys=["2"]),
        *(part("changed", unit) for unit in (7, 9)),
        part("monthly", 9, keys=["counted"], received=[3]),
    ]
    counts = merge_changes(EMPTY, rows, with_days=False)
    again = [part("latest", 6, keys=["2"]), part("changed", 9)]
    for month, n in ((counts, 3), (merge_changes(counts, again, with_days=False), 0)):
        assert (month.units.tolist(), month.of(9).sum(), month.of(8).sum()) == ([7, 9], n, 0)
        assert month.days.shape[0] == 2 and not any(month.days.strides)


def test_only_categories_that_a_unit_has_take_memory() -> None:
    rows = [
        part("latest", 5, keys=["2"]),
        *(part("changed", unit) for unit in (7, 9)),
        part("monthly", 7, keys=["repeat"], received=[2]),
        part("monthly", 9, keys=["counted"], received=[3]),
    ]
    counts = merge_changes(EMPTY, rows, with_days=False)
    assert counts.packed.shape == (2, 2) and counts.by_category.shape == (2, len(CATEGORIES))
    assert counts.of(7)[CATEGORIES.index("repeat")] == 2 == counts.of(7).sum()
    again = [part("latest", 6, keys=["2"]), part("changed", 9)]
    assert merge_changes(counts, again, with_days=False).packed.tolist() == [[2], [0]]
