"""Domain errors, and the schema of their answers (RFC 9457)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar

from marshmallow import INCLUDE, Schema, fields

from backend.fields import schema_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FieldError:
    """An error of one field: its path (`network.kind`) and a stable code."""

    field: str
    code: str
    words: tuple[str, ...] = ()  # that fill its message


class FieldMessage(TypedDict):
    """An error of one field, as it is answered."""

    field: str  # its path
    code: str
    message: str  # in the reader's language


class Problem(Exception):
    """An error for the client: HTTP status, stable code, errors of fields."""

    def __init__(
        self,
        status: int,
        code: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.members = dict(members or {})  # further members of the answer

    def __reduce__(self) -> tuple[type["Problem"], tuple[Any, ...]]:
        """Pickle with all members, for other processes."""
        return Problem, (self.status, self.code, self.errors, self.headers, self.members)


def invalid(field: str, code: str, *words: str) -> Problem:
    """Return 422 for one field; the words fill its message."""
    return Problem(422, "invalid", [FieldError(field, code, words)])


def or_404(value: T | None, code: str = "not_found") -> T:
    """Return a value that must be there; 404 without one."""
    if value is None:
        raise Problem(404, code)
    return value


def field_errors(messages: Any, path: str = "") -> list[FieldError]:
    """Flatten marshmallow's nested messages, whose texts are codes, into field errors."""
    if isinstance(messages, Mapping):
        return [
            error
            for key, inner in messages.items()
            for error in field_errors(inner, _joined(path, str(key)))
        ]
    return [FieldError(path, str(code)) for code in messages]


def _joined(path: str, key: str) -> str:
    if key in ("_schema", "json", "query", "json_or_form"):
        return path
    return f"{path}.{key}" if path else key


FieldErrorSchema = schema_of(FieldMessage, "")


class ProblemSchema(Schema):
    """RFC 9457 problem details with a stable code."""

    class Meta:
        unknown = INCLUDE

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True)
    request_id = fields.String(allow_none=True)
    errors = fields.List(fields.Nested(FieldErrorSchema))
