"""Judge the signals on months that nobody tuned on, and write the table into docs/signals.md."""

import re
from pathlib import Path

from scripts.signal_months.scoring import REPORTED_ON, TUNED_ON, Score, scored

PAGE = Path(__file__).parents[2] / "docs" / "signals.md"
BEGIN, END = "<!-- table: scripts/signals -->", "<!-- /table -->"


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
        "| signal | precision | recall | plants found | signs about cheats / about the honest | "
        "on the months of tuning | who was told wrongly |"
    )
    rows = [row(name, score, tuned[name]) for name, score in reported.items()]
    return "\n".join([head, "|---|---|---|---|---|---|---|", *rows])


def written(page: str, part: str) -> str:
    """The page with the table between its markers."""
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    text, n = pattern.subn(lambda _: f"{BEGIN}\n{part}\n{END}", page)
    if n != 1:
        raise ValueError(f"{n} places for the table")
    return text


if __name__ == "__main__":
    made = table()
    PAGE.write_text(written(PAGE.read_text("utf-8"), made), "utf-8")
    print(made)
