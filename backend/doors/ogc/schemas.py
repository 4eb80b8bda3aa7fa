"""Queries and answers of OGC API Features."""

import math
import re
from datetime import date
from typing import Any

from marshmallow import RAISE, ValidationError, fields, post_load

from backend.clock import local_day
from backend.doors.ogc.service import ItemsQuery
from backend.fields import Strict, Text, aware_time

# The standard requires that a greater limit is lowered to the maximum, not rejected.
MAX_LIMIT = 1_000
LIMIT_DEFAULT = 100
MAX_OFFSET = 1_000_000  # far more than communes


class _Query(Strict):
    """Rejects unknown parameters, as the standard requires."""

    class Meta:
        unknown = RAISE

    f = Text(choices=("json",), load_default="json")


class OgcQuerySchema(_Query):
    """A query without parameters except the format."""


class ItemsQuerySchema(_Query):
    """A page of features within a box and an interval."""

    limit = Text(most=9, load_default=str(LIMIT_DEFAULT))
    offset = Text(most=9, load_default="0")
    bbox = Text(most=300, load_default=None)
    datetime = Text(most=100, load_default=None)

    @post_load
    def parse(self, data: dict[str, Any], **options: Any) -> ItemsQuery:
        """Parse the page, box and interval."""
        return ItemsQuery(
            limit=min(_parse_whole(data["limit"], "limit", least=1), MAX_LIMIT),
            offset=min(_parse_whole(data["offset"], "offset", least=0), MAX_OFFSET),
            bbox=_parse_box(data["bbox"]) if data["bbox"] is not None else None,
            times=_parse_times(data["datetime"]) if data["datetime"] is not None else None,
        )


def _parse_whole(text: str, field: str, least: int) -> int:
    if not re.fullmatch("[0-9]+", text) or int(text) < least:
        raise ValidationError("out_of_range", field)
    return int(text)


def _parse_box(text: str) -> tuple[float, float, float, float]:
    """Parse west, south, east and north; heights are ignored.

    A box whose west is greater than its east crosses the antimeridian.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise ValidationError("not_number", "bbox") from None
    if len(numbers) == 6:
        numbers = [*numbers[:2], *numbers[3:5]]
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise ValidationError("wrong_length", "bbox")
    west, south, east, north = numbers
    if south > north:
        raise ValidationError("out_of_range", "bbox")
    return west, south, east, north


def _parse_times(text: str) -> tuple[date | None, date | None]:
    """Parse a day or time, or an interval of two; `..` or nothing is an open end."""
    parts = text.split("/")
    if len(parts) > 2:
        raise ValidationError("not_time", "datetime")
    begins, ends = _parse_day(parts[0]), _parse_day(parts[-1])
    if begins and ends and begins > ends:
        raise ValidationError("not_time", "datetime")
    return begins, ends


def _parse_day(text: str) -> date | None:
    if text in ("", ".."):
        return None
    try:
        return date.fromisoformat(text) if len(text) == 10 else local_day(aware_time(text))
    except (ValueError, ValidationError):
        raise ValidationError("not_time", "datetime") from None


class OgcLinkSchema(Strict):
    """A link."""

    href = fields.String(required=True)
    rel = fields.String(required=True)
    type = fields.String(required=True)


class OgcLandingSchema(Strict):
    """The landing page."""

    title = fields.String(required=True)
    description = fields.String(required=True)
    links = fields.List(fields.Nested(OgcLinkSchema), required=True)


class ConformanceSchema(Strict):
    """The conformance classes of the standard."""

    conformsTo = fields.List(fields.String(), required=True)


class OgcCollectionSchema(Strict):
    """A collection: one month on one network."""

    id = fields.String(required=True)
    title = fields.String(required=True)
    description = fields.String(required=True)
    itemType = fields.String(required=True)
    crs = fields.List(fields.String(), required=True)
    extent = fields.Dict(required=True)
    links = fields.List(fields.Nested(OgcLinkSchema), required=True)


class OgcCollectionsSchema(Strict):
    """The collections: every month with data, on both networks."""

    links = fields.List(fields.Nested(OgcLinkSchema), required=True)
    collections = fields.List(fields.Nested(OgcCollectionSchema), required=True)
