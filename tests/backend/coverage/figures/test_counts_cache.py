"""Counts cached by a process: updated from the rows of an answer in any order."""

from itertools import permutations
from typing import Any

from backend.coverage.figures.counts_cache import EMPTY, merge_changes


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
