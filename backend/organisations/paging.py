"""Where a list goes on: the last row's place in the order, and its id."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from backend.errors import invalid
from backend.fields import ID_MOST, encodable

Row = TypeVar("Row")


def page_of(
    rows: Sequence[Row], limit: int, place: Callable[[Row], tuple[str, int]]
) -> tuple[Sequence[Row], str | None]:
    """A page of rows, one more than which were read, and the cursor of the next one."""
    if len(rows) <= limit:
        return rows, None
    key, last = place(rows[limit - 1])
    return rows[:limit], urlsafe_b64encode(f"{last} {key}".encode()).decode()


def place_after(cursor: str | None, read: Callable[[str], Any] = str) -> tuple[Any, int] | None:
    """Where a cursor points to; 422 for one that this API did not give."""
    if cursor is None:
        return None
    try:
        number, _, key = urlsafe_b64decode(cursor.encode("ascii")).decode().partition(" ")
        last, found = int(number), read(key)
    except ValueError:
        raise invalid("cursor", "not_cursor") from None
    if not 0 <= last <= ID_MOST or "\x00" in key or not encodable(key):
        raise invalid("cursor", "not_cursor")
    return found, last
