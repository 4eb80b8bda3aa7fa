"""Fields of forms, in which everything is typed as text."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from backend.fields import ID_MOST, Text, Whole

# More digits than any number here has; longer ones are no slip of a finger.
DIGITS_MOST = 12


class Typed(Whole):
    """A whole number as it is typed, its thousands apart or not."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> float:
        digits = str(value).replace(".", "").replace(",", "").replace(" ", "")
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= DIGITS_MOST):
            raise ValidationError(self.wrong)
        return super()._deserialize(int(digits), attr, data, **kwargs)


def optional_id() -> Typed:
    """The number of a row, or nothing."""
    return Typed(1, ID_MOST, allow_none=True, load_default=None)


def optional_code() -> Text:
    """The code of a unit, or nothing."""
    return Text(most=10, allow_none=True, load_default=None)


def row_of(subject: str, kind: str) -> int | None:
    """The number in `kind:7`, as the audit log names things."""
    named, _, number = subject.partition(":")
    return int(number) if named == kind and number.isdecimal() else None
