"""The table of results: a line for each kind with sums over its rounds."""

from collections.abc import Callable, Sequence

from tests.tools.fault_injection.kinds import Kind
from tests.tools.fault_injection.rounds import Round

HEAD = """\
| fault | rounds | acknowledged | retries | answers of 500 | stored before, answer lost \
| lost | doubled | half stored | not delivered | differences of `recount` | longest round |
|---|---|---|---|---|---|---|---|---|---|---|---|"""

COLUMNS: tuple[Callable[[Round], int], ...] = (
    lambda one: one.found.acknowledged,
    lambda one: one.retries,
    lambda one: one.broken,
    lambda one: one.found.again,
    lambda one: len(one.lost),
    lambda one: len(one.doubled),
    lambda one: len(one.found.half),
    lambda one: len(one.found.undelivered) + len(one.problems),
    lambda one: one.found.differences,
)


def row(kind: Kind, rounds: Sequence[Round] | None) -> str:
    """Return a line of the table, as Markdown."""
    if not rounds:
        return f"| {kind.label} | not tried |" + " |" * 10
    sums = [f"{sum(map(column, rounds)):,}" for column in COLUMNS]
    longest = f"{max(one.seconds for one in rounds):.0f} s"
    return f"| {' | '.join([kind.label, str(len(rounds)), *sums, longest])} |"
