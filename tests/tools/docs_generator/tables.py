"""Tables that list what the code defines."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from backend.coverage.vnnic.service import REASONS as VNNIC_REASONS
from backend.i18n.catalogues import gettext
from backend.measurements.recording.operators import FILE
from backend.measurements.recording.reasons import REASONS
from backend.reporting.definitions import VIEWS
from config.settings import SETTINGS

EFFECTS = {
    "not_valid": "not valid",
    "not_counted": "valid, not counted",
    "mark": "a mark only",
}


def markdown(head: str, rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table whose columns are named `a | b | c`."""
    line = "|" + "---|" * len(head.split(" | "))
    return "\n".join([f"| {head} |", line, *(f"| {' | '.join(row)} |" for row in rows)])


def operators() -> str:
    """Return the operators with network code and other names."""
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = [
            (row["network"], row["name"], row["mnc"] or "none", row["aliases"].replace(";", ", "))
            for row in csv.DictReader(file)
        ]
    return markdown("network | operator | MNC (MCC 452) | other names", rows)


def reasons() -> str:
    """Return every reason with its effect and text, in order of weight."""
    rows = ((f"`{one.code}`", EFFECTS[one.effect], one.message("vi"), one.text) for one in REASONS)
    return markdown("code | effect | what a volunteer reads | in English", rows)


def views() -> str:
    """Return every view of the schema `reporting` with its columns."""
    return "\n\n".join(
        f"### {view.name}\n\nOne row: {view.row}.\n\n"
        + markdown("column | meaning", ((f"`{name}`", text) for name, text in view.columns.items()))
        for view in VIEWS
    )


def vnnic() -> str:
    """Return every reason why VNNIC's count differs from ours, in both languages."""
    rows = (
        (f"`{one.code}`", one.condition, gettext(one.text, "vi"), one.text) for one in VNNIC_REASONS
    )
    return markdown("code | condition | in Vietnamese | in English", rows)


def settings() -> str:
    """Return every setting with default and meaning, in the order of config/settings.py."""
    rows = (
        (f"`{one.name}`", _default(one.default), one.meaning.replace("|", " ")) for one in SETTINGS
    )
    return markdown("setting | default | meaning", rows)


def _default(value: Any) -> str:
    """Return a default as in the environment; folders relative to the project."""
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value.name}`" if isinstance(value, Path) else f"`{value}`"
