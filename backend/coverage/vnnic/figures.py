"""Figures as VNNIC's tables and its Internet Atlas write them: pure."""

import re
from collections.abc import Mapping
from typing import Any

from geo.gazetteer import plain

FIGURES = ("download_mbps", "upload_mbps", "ping_ms", "jitter_ms")
# What stands where VNNIC has too few samples to say anything (fewer than 30 in a month).
NOT_ENOUGH = ("khong du so mau", "khong du mau", "chua du so mau", "not enough samples")
BLANK = ("", "-", "--", "—", "n/a")

_WHOLE = re.compile(r"[0-9]{1,9}|[0-9]{1,3}(?:[.,\s][0-9]{3}){1,2}")  # 1234, 1.234, 1,234, 1 234
_SPEED = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,9})?")


def not_enough(cells: Mapping[str, str]) -> bool:
    """Whether a row says that VNNIC has too few samples: then its 0 is no number."""
    return any(words in plain(cell) for cell in cells.values() for words in NOT_ENOUGH)


def samples_of(text: str) -> int | None:
    """How many samples a cell tells; ValueError for what is no count."""
    if plain(text) in BLANK or not_enough({"": text}):
        return None
    if not _WHOLE.fullmatch(text):
        raise ValueError("not_whole")
    return int(re.sub(r"\D", "", text))


def speed_of(text: str) -> float | None:
    """A speed or a delay; VNNIC writes 0 where it has too few samples for one."""
    if plain(text) in BLANK or not_enough({"": text}):
        return None
    if not _SPEED.fullmatch(text):
        raise ValueError("not_number")
    return float(text.replace(",", ".")) or None


def written(value: Any) -> str:
    """A value of the Atlas as a table would write it."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return "" if value is None else "?"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
