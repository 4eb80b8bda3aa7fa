"""Cursors of lists: the place of a page's last row in the order, as an opaque text."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import orjson
from marshmallow import ValidationError

from backend.errors import invalid
from backend.fields import BIG_ID_MOST, ID_MOST

# The sort key of a name of 200 characters fits.
CURSOR_MOST = 3_000

Row = TypeVar("Row")


def encode_cursor(*values: Any) -> str:
    """Encode the place of a row: texts, numbers, days, times and UUIDs."""
    return urlsafe_b64encode(orjson.dumps(values)).decode()


def decode_cursor(cursor: str | None, *readers: Callable[[Any], Any]) -> tuple[Any, ...] | None:
    """Decode a cursor, one reader for each value; 422 where it is not one of this list."""
    if not cursor:
        return None
    try:
        values = orjson.loads(urlsafe_b64decode(cursor.encode("ascii")))
        return tuple(read(value) for read, value in zip(readers, values, strict=True))
    except (AttributeError, TypeError, ValueError, ValidationError):
        raise invalid("cursor", "not_cursor") from None


def take_page(
    rows: Sequence[Row], limit: int, place: Callable[[Row], tuple[Any, ...]]
) -> tuple[Sequence[Row], str | None]:
    """Cut a page from its rows and at least one more; with the cursor of the next page."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode_cursor(*place(rows[limit - 1]))


def row_id(value: Any) -> int:
    """Read the id of a row that is numbered by an integer."""
    return _id(value, ID_MOST)


def big_row_id(value: Any) -> int:
    """Read the id of a row that is numbered by a bigint."""
    return _id(value, BIG_ID_MOST)


def sort_text(value: Any) -> str:
    """Read a text that rows are sorted by."""
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError
    return value


def _id(value: Any, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError
    return value
