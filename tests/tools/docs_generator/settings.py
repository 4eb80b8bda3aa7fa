"""The table of settings."""

from pathlib import Path
from typing import Any

from config.settings import SETTINGS

ROOT = Path(__file__).parents[3]


def table() -> str:
    """Every setting with its default and its meaning, in the order of config/settings.py."""
    rows = [
        f"| `{one.name}` | {_default(one.default)} | {one.meaning.replace('|', ' ')} |"
        for one in SETTINGS
    ]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def _default(value: Any) -> str:
    """A default as one would write it into the environment; folders without this machine's."""
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value.name}`" if isinstance(value, Path) else f"`{value}`"
