"""Strict marshmallow fields whose errors are codes, translated when answered."""

import json
import math
import re
from datetime import UTC, date, datetime
from types import UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)
from uuid import UUID

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

# What a body of JSON holds before anything about it is known: each use checks what it is.
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

# The largest ids of rows numbered by PostgreSQL's integer and bigint.
MAX_ID = 2**31 - 1
MAX_BIG_ID = 2**63 - 1


class Strict(Schema):
    """A request; unknown fields are ignored, since versions of the app differ."""

    error_messages = {"type": "not_object", "unknown": "unknown_field"}

    class Meta:
        unknown = EXCLUDE


CODES: dict[str, str | list[Any] | dict[Any, Any]] = {
    "required": "required",
    "null": "null",
    "validator_failed": "out_of_range",
}


class Text(fields.Field[str]):
    """A string of at most `most` characters that PostgreSQL can store: no NUL, no surrogate."""

    default_error_messages = CODES

    def __init__(self, most: int = 200, choices: tuple[str, ...] = (), **options: Any) -> None:
        self.most, self.choices = most, choices
        checks: list[Any] = [validate.Length(max=most, error="too_long")]
        if choices:
            checks = [validate.OneOf(choices, error="not_one_of")]
        super().__init__(validate=checks, **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("not_text")
        check_text(value)
        return value

    def _validate(self, value: str) -> None:
        """Check as the validators do, faster; these remain for the OpenAPI document."""
        if self.choices and value not in self.choices:
            raise ValidationError("not_one_of")
        if not self.choices and len(value) > self.most:
            raise ValidationError("too_long")


class Reason(Text):
    """A reason that a person gives: a text that is not blank."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, *args, **kwargs)
        if not text.strip():
            raise ValidationError("required")
        return text


def check_text(text: str) -> None:
    """Raise ValidationError with a code for a text that PostgreSQL cannot store."""
    if "\x00" in text:
        raise ValidationError("has_nul")
    if not encodable(text):
        raise ValidationError("not_unicode")


def encodable(text: str) -> bool:
    """Return whether a text can be encoded as UTF-8; JSON allows lone surrogates."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


# Deeper than any valid body; the limits of Python and PostgreSQL differ by version.
MAX_DEPTH = 50
_COMPACT = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def storable(value: Any) -> str:
    """Return JSON that PostgreSQL can store; ValidationError with a code for other values."""
    try:
        written = _COMPACT(value)
    except ValueError:  # 1e400 is JSON, but no number here
        raise ValidationError("not_number") from None
    except RecursionError:
        raise ValidationError("too_deep") from None
    if not encodable(written):
        raise ValidationError("not_unicode")
    if "\\u0000" in written and _NUL.search(written):
        raise ValidationError("has_nul")
    if written.count("{") + written.count("[") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise ValidationError("too_deep")
    return written


def _depth(value: Any) -> int:
    """Return the depth of nested JSON."""
    level, depth = [value], 0
    while level:
        depth += 1
        inner = [one.values() if isinstance(one, dict) else one for one in level]
        level = [x for values in inner for x in values if isinstance(x, dict | list)]
    return depth


class Number(fields.Field[float]):
    """A finite JSON number within limits; texts and booleans are errors."""

    default_error_messages = CODES
    wrong = "not_number"

    def __init__(self, low: float, high: float, **options: Any) -> None:
        self.low, self.high = low, high
        super().__init__(validate=validate.Range(low, high, error="out_of_range"), **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError(self.wrong)
        try:
            finite = math.isfinite(value)
        except OverflowError:  # an integer of hundreds of digits
            raise ValidationError("out_of_range") from None
        if not finite:
            raise ValidationError(self.wrong)
        return value

    def _validate(self, value: float) -> None:
        """Check as the validators do; see `Text._validate`."""
        if not self.low <= value <= self.high:
            raise ValidationError("out_of_range")


class Whole(Number):
    """A whole JSON number within limits."""

    wrong = "not_whole"

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> float:
        number = super()._deserialize(value, *args, **kwargs)
        if number != int(number):
            raise ValidationError(self.wrong)
        return int(number)


class QueryNumber(Number):
    """A number in a query string."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> float:
        try:
            return super()._deserialize(float(value), *args, **kwargs)
        except ValueError:
            raise ValidationError("not_number") from None


class QueryWhole(QueryNumber, Whole):
    """A whole number in a query string or a form."""

    def _validate(self, value: float) -> None:
        if value < 0 == self.low:
            raise ValidationError("negative")
        super()._validate(value)


class Flag(fields.Field[bool]):
    """A JSON boolean; other values are errors."""

    default_error_messages = CODES

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("not_bool")
        return value


# Times outside these years are errors of the client.
EARLIEST, LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class AwareTime(fields.Field[datetime]):
    """An ISO 8601 time with an offset."""

    default_error_messages = CODES

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> datetime:
        return aware_time(value)


def aware_time(value: Any) -> datetime:
    """Parse an ISO 8601 time with an offset; ValidationError with a code for other values."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValidationError("not_time") from None
    if moment.tzinfo is None:
        raise ValidationError("not_time")
    if not EARLIEST <= moment < LATEST:
        raise ValidationError("out_of_range")
    return moment.astimezone(UTC)  # PostgreSQL accepts fewer offsets than Python


class Day(fields.Field[date]):
    """A day, YYYY-MM-DD, within the years of `AwareTime`."""

    default_error_messages = CODES

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> date:
        try:
            day = date.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValidationError("not_day") from None
        if not EARLIEST.date() <= day < LATEST.date():
            raise ValidationError("out_of_range")
        return day


class Object(fields.Nested):
    """A nested object."""

    default_error_messages = {**CODES, "type": "not_object"}


class Many(fields.List[Any]):
    """A list of `least` to `most` items."""

    default_error_messages = {**CODES, "invalid": "not_list"}

    def __init__(self, inner: fields.Field[Any], least: int, most: int, **options: Any) -> None:
        length = validate.Length(least, most, error="wrong_length")
        super().__init__(inner, validate=length, **options)


# Fields of an answer by the types of a TypedDict.
ANSWERED: dict[Any, type[fields.Field[Any]]] = {
    Any: fields.Raw,
    str: fields.String,
    int: fields.Integer,
    float: fields.Float,
    bool: fields.Boolean,
    date: fields.Date,
    datetime: fields.AwareDateTime,
    UUID: fields.UUID,
}


def fields_of(answer: Any, prefix: str) -> dict[str, fields.Field[Any]]:
    """Return the fields of an answer described by a TypedDict.

    Types are those of JSON; an annotation is the description, a Literal an enumeration. Nested
    TypedDicts become schemas whose names start with `prefix`.
    """
    hints = get_type_hints(answer, include_extras=True).items()
    return {name: _field_of(hint, prefix, required=True) for name, hint in hints}


def _field_of(hint: Any, prefix: str, **options: Any) -> fields.Field[Any]:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _field_of(inner[0], prefix, metadata={"description": inner[1]}, **options)
    if origin is NotRequired:
        return _field_of(inner[0], prefix, **options | {"required": False})
    if origin in (Union, UnionType):  # with None
        return _field_of(inner[0], prefix, allow_none=True, **options)
    if origin is list:
        return fields.List(_field_of(inner[0], prefix), **options)
    if origin is dict:
        return fields.Dict(*(_field_of(part, prefix) for part in inner), **options)
    if origin is Literal:
        metadata = options.pop("metadata", {}) | {"enum": list(inner)}
        return fields.String(metadata=metadata, **options)
    if is_typeddict(hint):
        return fields.Nested(schema_of(hint, prefix), **options)
    return ANSWERED[hint](**options)


# By answer and prefix: each has one schema, in the OpenAPI document too.
_SCHEMAS: dict[tuple[Any, str], type[Schema]] = {}


def schema_of(answer: Any, prefix: str, base: type[Schema] = Schema) -> type[Schema]:
    """Return the schema of an answer described by a TypedDict, with its docstring.

    The first call decides its base; with `Strict` the OpenAPI document allows further fields.
    """
    if schema := _SCHEMAS.get((answer, prefix)):
        return schema
    name = f"{prefix}{answer.__name__.removeprefix(prefix)}Schema"
    schema = base.from_dict(fields_of(answer, prefix), name=name)
    schema.__doc__ = answer.__doc__
    _SCHEMAS[answer, prefix] = schema
    return schema


# Type and format in the OpenAPI document.
DESCRIBED: dict[type[fields.Field[Any]], tuple[str, str | None]] = {
    Text: ("string", None),
    Number: ("number", None),
    Whole: ("integer", None),
    Flag: ("boolean", None),
    AwareTime: ("string", "date-time"),
    Day: ("string", "date"),
}
