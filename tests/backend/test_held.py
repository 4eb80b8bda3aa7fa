"""Counts that a process holds: brought up to date by whatever order PostgreSQL answers in."""

from itertools import permutations
from typing import Any

from backend.coverage.figures.counts_cache import NOTHING, _merged


def part(name: str, unit: int, **told: Any) -> dict[str, Any]:
    return {"part": name, "unit": unit, **dict.fromkeys(("keys", "received", "valid", "counted")),
            **told}  # fmt: skip


def test_the_parts_of_an_answer_may_come_in_any_order() -> None:
    rows = [
        part("seen", 5, keys=["1"]),
        part("noted", 7),
        part("monthly", 7, keys=["counted"], received=[3]),
        part("daily", 7, keys=["4"], received=[3], valid=[3], counted=[3]),
    ]
    for ordered in permutations(rows):
        held = _merged(NOTHING, list(ordered))
        assert (held.fates.sum(), held.days[0, 4].tolist()) == (3, [3, 3, 3])
