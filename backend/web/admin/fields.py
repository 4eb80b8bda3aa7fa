"""Fields of forms, whose values are text."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from backend.fields import ID_MOST, Text, Whole

# Longest number of a form.
DIGITS_MOST = 12


class FormattedNumber(Whole):
    """A whole number as text, with or without thousands separators."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> float:
        digits = str(value).replace(".", "").replace(",", "").replace(" ", "")
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= DIGITS_MOST):
            raise ValidationError(self.wrong)
        return super()._deserialize(int(digits), attr, data, **kwargs)


def optional_id() -> FormattedNumber:
    """Return a field of a row's id, or none."""
    return FormattedNumber(1, ID_MOST, allow_none=True, load_default=None)


def optional_code() -> Text:
    """Return a field of a unit's code, or none."""
    return Text(most=10, allow_none=True, load_default=None)


def row_of(subject: str, kind: str) -> int | None:
    """Return the id in a subject of the audit log, e.g. 7 of `kind:7`."""
    named, _, number = subject.partition(":")
    return int(number) if named == kind and number.isdecimal() else None
