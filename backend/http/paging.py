"""Pages of lists: their schemas, and cursors, the place of a page's last row as an opaque text."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, TypedDict, TypeVar

import orjson
from marshmallow import Schema, ValidationError, fields, validate

from backend.errors import invalid
from backend.fields import MAX_BIG_ID, MAX_ID, Strict, Text

# The sort key of a name of 200 characters fits.
MAX_CURSOR = 3_000
PAGE_DEFAULT = 100
# A person can read through it, and it has room for all communes of the largest province.
MAX_PAGE = 500

Row = TypeVar("Row")


class PageQuery(TypedDict):
    """Which page of a list is asked for, as read by `PageSchema`."""

    cursor: str | None  # null: the first page
    limit: int  # most rows of the page


class PageSchema(Strict):
    """The cursor and the length of a page in a query."""

    cursor = Text(most=MAX_CURSOR, load_default=None)
    limit = fields.Integer(
        load_default=PAGE_DEFAULT,
        validate=validate.Range(1, MAX_PAGE, error="out_of_range"),
        error_messages={"invalid": "not_whole"},
    )


def list_of(row: type[Schema], name: str, **others: fields.Field[Any]) -> type[Schema]:
    """Return the schema of a list of rows, named for the OpenAPI document, with other fields."""
    items = fields.List(fields.Nested(row), required=True)
    return Schema.from_dict({"items": items, **others}, name=f"{name}Schema")


def page_of(row: type[Schema], name: str | None = None) -> type[Schema]:
    """Return the schema of a page of rows; `next`, the cursor, is null on the last page."""
    cursor = fields.String(required=True, allow_none=True)
    return list_of(row, name or row.__name__.replace("Schema", "Page"), next=cursor)


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
    return _id(value, MAX_ID)


def big_row_id(value: Any) -> int:
    """Read the id of a row that is numbered by a bigint."""
    return _id(value, MAX_BIG_ID)


def sort_text(value: Any) -> str:
    """Read a text that rows are sorted by."""
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError
    return value


def _id(value: Any, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError
    return value
