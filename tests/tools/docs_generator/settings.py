"""The table of settings."""

from pathlib import Path
from typing import Any

from config.settings import SETTINGS

ROOT = Path(__file__).parents[3]


def table() -> str:
    """Return every setting with default and meaning, in the order of config/settings.py."""
    rows = [
        f"| `{one.name}` | {_default(one.default)} | {one.meaning.replace('|', ' ')} |"
        for one in SETTINGS
    ]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def _default(value: Any) -> str:
    """Return a default as in the environment; folders relative to the project."""
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value.name}`" if isinstance(value, Path) else f"`{value}`"
