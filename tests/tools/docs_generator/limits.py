"""The table of limits: named constants with the comment that gives the reason."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests.tools.docs_generator.tables import markdown

# Constants of these modules that have a comment and whose value is a limit.
MODULES = ("backend.measurements.recording.rules", "geo.fix", "geo.index")
UNITS = {
    "_M_PER_S": "m/s", "_MBPS": "Mbit/s", "MAX_MBPS": "Mbit/s", "_MS": "ms", "_DEG": "°",
    "_M": "m",
}  # fmt: skip
SPANS = ((86_400, "days"), (3_600, "h"), (60, "min"), (1, "s"))
NO_LIMITS = {"RULES", "EARTH_RADIUS_M", "OPERATORS", "COUNTRY_MCC", "HIDDEN", "NOWHERE"}


def table() -> str:
    """Return every limit with its value and its reason."""
    rows = [
        (f"`{name}`", value, reason) for module in MODULES for name, value, reason in found(module)
    ]
    return markdown("limit | value | reason", rows)


def found(name: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, value and reason of each limit of a module."""
    module = importlib.import_module(name)
    source = inspect.getsource(module)
    lines = source.splitlines()
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Assign):
            continue
        names = [one.id for one in ast.walk(node.targets[0]) if isinstance(one, ast.Name)]
        values = [getattr(module, one) for one in names]
        reason = _comment(lines, node.lineno)
        if reason and all(map(_is_limit, names, values)):
            shown = (_shown(one, value) for one, value in zip(names, values, strict=True))
            yield "`, `".join(names), ", ".join(shown), reason


def _comment(lines: list[str], number: int) -> str:
    """Return the comment above a line (counted from 1)."""
    lines_above: list[str] = []
    for line in reversed(lines[: number - 1]):
        if not line.startswith("#"):
            break
        lines_above.insert(0, line.lstrip("# "))
    return " ".join(lines_above)


def _is_limit(name: str, value: Any) -> bool:
    plain = isinstance(value, timedelta | int | float | dict | tuple)
    return name.isupper() and name not in NO_LIMITS and plain and not name.startswith("_")


def _shown(name: str, value: Any) -> str:
    """Return a value with its unit."""
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        # 60 s and 24 h are usual, not 1 min and 1 day.
        size, unit = next((n, u) for n, u in SPANS if seconds % n == 0 and seconds / n >= 2)
        return f"{seconds // size} {unit}"
    unit = next((unit for end, unit in UNITS.items() if name.endswith(end)), "")
    if isinstance(value, dict):
        return ", ".join(f"{key} {number:,g} {unit}" for key, number in value.items())
    if isinstance(value, tuple):
        return ", ".join(f"{number:.10g}" for number in value)
    return f"{value:,g} {unit}".strip()
