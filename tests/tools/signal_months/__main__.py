"""Evaluate the signals on months not used for tuning; write the table to docs/signals.md."""

import re
from pathlib import Path

from tests.tools.signal_months.hard import HARD, count_signals
from tests.tools.signal_months.scoring import REPORTED_ON, TUNED_ON, Score, scored

PAGE = Path(__file__).parents[3] / "docs" / "signals.md"
MARKS = "<!-- {}: scripts/signals -->", "<!-- /{} -->"


def row(name: str, score: Score, tuned: Score) -> str:
    blamed = ", ".join(f"{habit} ({n})" for habit, n in score.blamed.most_common(3)) or "none"
    figures = (
        f"{score.precision:.2f} | {score.recall:.2f} | {score.found} of {score.planted} | "
        f"{score.right} / {score.wrong} | {tuned.precision:.2f} / {tuned.recall:.2f}"
    )
    return f"| `{name}` | {figures} | {blamed} |"


def table() -> str:
    reported, tuned = scored(REPORTED_ON), scored(TUNED_ON)
    head = (
        "| signal | precision | recall | plants found | signals about cheats / about the honest | "
        "on the months of tuning | false positives |"
    )
    rows = [row(name, score, tuned[name]) for name, score in reported.items()]
    return "\n".join([head, "|---|---|---|---|---|---|---|", *rows])


def hard_table() -> str:
    rows = []
    for habit, counts in count_signals(REPORTED_ON).items():
        description = next(one.__doc__ for one in HARD if one.__name__ == habit)
        names = ", ".join(f"`{name}` in {n}" for name, n in counts.most_common()) or "none"
        rows.append(f"| {description} | {names} |")
    return "\n".join(["| honest habit | signals in 100 months |", "|---|---|", *rows])


def written(page: str, name: str, part: str) -> str:
    """Return the page with a table between its markers."""
    begin, end = (mark.format(name) for mark in MARKS)
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    text, n = pattern.subn(lambda _: f"{begin}\n{part}\n{end}", page)
    if n != 1:
        raise ValueError(f"{n} places for the {name}")
    return text


if __name__ == "__main__":
    page = PAGE.read_text("utf-8")
    for name, make in (("table", table), ("hard", hard_table)):
        made = make()
        page = written(page, name, made)
        print(made)
    PAGE.write_text(page, "utf-8")
