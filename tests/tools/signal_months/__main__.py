"""Evaluate the signals on months not used for tuning; write the tables to docs/signals.md."""

import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.tools.signal_months.fairness import group_counts
from tests.tools.signal_months.farms import (
    HONEST_ON_LINES,
    NETWORKS,
    carrier_is_flagged,
    detected_within_a_day,
    line_is_flagged,
    one_line,
    one_network,
)
from tests.tools.signal_months.hard import HARD, count_signals
from tests.tools.signal_months.scoring import (
    REPORTED_ON,
    Score,
    flagged_honest_months,
    merged,
    scored,
)

PAGE = Path(__file__).parents[3] / "docs" / "signals.md"
MARKS = "<!-- {}: scripts/signals -->", "<!-- /{} -->"
FARM_SIZES = (5, 10, 20, 50)
LINE_SIZES = (5, 12, 40)


def row(name: str, score: Score) -> str:
    blamed = ", ".join(f"{habit} ({n})" for habit, n in score.blamed.most_common(3)) or "none"
    figures = (
        f"{score.precision:.2f} | {score.recall:.2f} | {score.found} of {score.planted} | "
        f"{score.right} / {score.wrong}"
    )
    return f"| `{name}` | {figures} | {blamed} |"


def table() -> str:
    head = (
        "| signal | precision | recall | plants found | signals about cheats / about the honest | "
        "false positives |"
    )
    with ProcessPoolExecutor() as pool:
        scores = merged(pool.map(scored, ([seed] for seed in REPORTED_ON)))
    rows = [row(name, score) for name, score in scores.items()]
    return "\n".join([head, "|---|---|---|---|---|---|", *rows])


def honest_table() -> str:
    with ProcessPoolExecutor() as pool:
        months = sum(
            pool.map(flagged_honest_months, ([seed] for seed in REPORTED_ON)), start=Counter()
        )
    flagged = months.pop("any", 0)
    kinds = ", ".join(f"`{name}` in {n}" for name, n in months.most_common()) or "none"
    return f"Of 100 months without cheats, {flagged} have a signal: {kinds}."


def farm_table() -> str:
    """Return how often farms, and honest phones behind one address, are a signal."""
    rows = [
        (f"{n} phones: {choose.__doc__}", partial(detected_within_a_day, n=n, choose=choose))
        for choose in NETWORKS
        for n in (FARM_SIZES if choose is one_network else FARM_SIZES[-1:])
    ]
    unlisted = partial(detected_within_a_day, n=50, choose=one_network, listed=False)
    rows.append(("50 phones: One network of no carrier, without a list.", unlisted))
    people = partial(carrier_is_flagged, n=200)
    rows.append(("200 honest phones behind one address of a carrier.", people))
    text = "200 honest phones behind one address of a carrier, without a list."
    rows.append((text, partial(people, listed=False)))
    rows += [
        (f"{n} phones: {one_line.__doc__}", partial(detected_within_a_day, n=n, choose=one_line))
        for n in LINE_SIZES
    ]
    rows += [
        (str(habit.__doc__), partial(line_is_flagged, habit=habit)) for habit in HONEST_ON_LINES
    ]
    with ProcessPoolExecutor() as pool:
        lines = [f"| {text} | {sum(pool.map(found, REPORTED_ON))} |" for text, found in rows]
    return "\n".join(["| phones | flagged in 100 months |", "|---|---|", *lines])


def hard_table() -> str:
    rows = []
    for habit, counts in count_signals(REPORTED_ON).items():
        description = next(one.__doc__ for one in HARD if one.__name__ == habit)
        names = ", ".join(f"`{name}` in {n}" for name, n in counts.most_common()) or "none"
        rows.append(f"| {description} | {names} |")
    return "\n".join(["| honest habit | signals in 100 months |", "|---|---|", *rows])


def rules_table() -> str:
    """Return the share of each honest group's samples that count."""
    with ProcessPoolExecutor() as pool:
        months = list(pool.map(group_counts, REPORTED_ON))
    rows = []
    for group in months[0]:
        sent, counted = (
            sum(numbers) for numbers in zip(*(one[group] for one in months), strict=True)
        )
        rows.append(f"| {group} | {sent:,} | {100 * counted / sent:.1f} % |")
    return "\n".join(["| honest group | samples | counted |", "|---|---|---|", *rows])


def written(page: str, name: str, part: str) -> str:
    """Return the page with a table between its markers."""
    begin, end = (mark.format(name) for mark in MARKS)
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    text, n = pattern.subn(lambda _: f"{begin}\n{part}\n{end}", page)
    if n != 1:
        raise ValueError(f"{n} places for the {name}")
    return text


TABLES: dict[str, Callable[[], str]] = {
    "table": table,
    "honest": honest_table,
    "farms": farm_table,
    "hard": hard_table,
    "rules": rules_table,
}

if __name__ == "__main__":
    for name, make in TABLES.items():
        made = make()
        PAGE.write_text(written(PAGE.read_text("utf-8"), name, made), "utf-8")
        print(made, flush=True)
