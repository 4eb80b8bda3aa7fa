"""Values of messages from apps of others: what cannot be read is unknown, and blocks no other."""

import math
import re
from collections.abc import Mapping

from backend.fields import Json

# Android's constant for a value that the modem does not report, of 32 and of 64 bits.
NOT_AVAILABLE = (2**31 - 1, 2**63 - 1)
_NUMBER = re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,12})?")
_PLMN = re.compile(r"([0-9]{3})-?([0-9]{2,3})")
MAX_FIELD = 100
# A result has some hundred pings, signals and positions.
MAX_LISTED = 2_000


def number(source: Mapping[str, Json], name: str) -> float | None:
    """Return a finite number, also one that is written as text; None if it is unknown."""
    value = source.get(name)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value) if "." in value else int(value)  # proto3 writes int64 as text
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        known = math.isfinite(value) and value not in NOT_AVAILABLE
    except OverflowError:  # an integer of hundreds of digits
        return None
    return value if known else None


def number_within(source: Mapping[str, Json], name: str, low: float, high: float) -> float | None:
    """Return a number within limits; None otherwise."""
    value = number(source, name)
    return value if value is not None and low <= value <= high else None


def whole(source: Mapping[str, Json], name: str, high: int) -> int | None:
    """Return a whole number from 0 to `high`; None otherwise."""
    value = number_within(source, name, 0, high)
    return int(value) if value is not None and value == int(value) else None


def flag(source: Mapping[str, Json], name: str) -> bool | None:
    """Return a boolean, also one that is written as text; None otherwise."""
    value = source.get(name)
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def words(source: Mapping[str, Json], name: str) -> str | None:
    """Return a text without blanks around it that PostgreSQL can store; None otherwise."""
    value = source.get(name)
    if not isinstance(value, str):
        return None
    shown = value.encode(errors="ignore").decode().replace("\x00", "").strip()
    return shown[:MAX_FIELD] or None


def inner(source: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    """Return the object of a name; an empty one if there is none."""
    value = source.get(name)
    return value if isinstance(value, Mapping) else {}


def objects(source: Mapping[str, Json], name: str) -> list[Mapping[str, Json]]:
    """Return the objects in the list of a name, at most the first MAX_LISTED."""
    value = source.get(name)
    if not isinstance(value, list):
        return []
    return [one for one in value[:MAX_LISTED] if isinstance(one, Mapping)]


def plmn_of_text(written: str | None) -> tuple[str | None, str | None]:
    """Return MCC and MNC of a text such as `452-04`, which keeps the zero of the MNC."""
    found = _PLMN.fullmatch(written or "")
    return (found[1], found[2]) if found else (None, None)
