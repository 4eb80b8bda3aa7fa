"""Fields that requests about organisations, teams and campaigns share."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from backend.fields import CODES, ID_MOST, Object, Strict, Text
from backend.http.paging import CURSOR_MOST
from backend.organisations.names import normalised
from backend.units.catalogue import LEVELS, SYSTEMS

# Names appear on phone screens, posters and maps; the longest official ones have some 100.
NAME_MOST = 200
PAGE_DEFAULT = 100
PAGE_MOST = 500


class Name(Text):
    """A normalised name with at least one letter or digit."""

    def __init__(self, **options: Any) -> None:
        super().__init__(most=NAME_MOST, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        name = normalised(super()._deserialize(value, attr, data, **kwargs))
        if not any(c.isalnum() for c in name):
            raise ValidationError("blank")
        return name


class Many(fields.List[Any]):
    """A list of `least` to `most` items."""

    default_error_messages = {**CODES, "invalid": "not_list"}

    def __init__(self, inner: fields.Field[Any], least: int, most: int, **options: Any) -> None:
        length = validate.Length(least, most, error="wrong_length")
        super().__init__(inner, validate=length, **options)


class QueryId(fields.Integer):
    """The id of a row in a query string."""

    def __init__(self, **options: Any) -> None:
        within = validate.Range(1, ID_MOST, error="out_of_range")
        messages: dict[str, str | list[Any] | dict[Any, Any]] = {"invalid": "not_whole"}
        super().__init__(validate=within, error_messages=messages, **options)


class UnitReferenceSchema(Strict):
    """A unit in a request: codes were reused, so a code alone is no identity."""

    system = Text(choices=SYSTEMS, required=True)
    level = Text(choices=LEVELS, required=True)
    code = Text(most=10, required=True)


class PageSchema(Strict):
    """The cursor and the length of a page."""

    cursor = Text(most=CURSOR_MOST, load_default=None)
    limit = fields.Integer(
        load_default=PAGE_DEFAULT,
        validate=validate.Range(1, PAGE_MOST, error="out_of_range"),
        error_messages={"invalid": "not_whole"},
    )


class UnitBriefSchema(Schema):
    """A unit with its name."""

    id = fields.Integer(required=True)
    system = fields.String(required=True)
    level = fields.String(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)


def unit(**options: Any) -> Object:
    """Return the field of a unit, or null, in a request."""
    return Object(UnitReferenceSchema, allow_none=True, **options)
