"""Forms of contacts."""

from typing import Any

from marshmallow import ValidationError, validates_schema

from backend.fields import MAX_ID, QueryWhole, Strict, Text
from backend.organisations.schemas import Email, Telephone

MAX_NAME, MAX_OFFICE = 100, 150


class ContactSchema(Strict):
    """A contact of a unit, with a telephone number, an e-mail address, or both."""

    name = Text(MAX_NAME, required=True)
    office = Text(MAX_OFFICE, allow_none=True, load_default=None)
    phone = Telephone(allow_none=True, load_default=None)
    email = Email(allow_none=True, load_default=None)

    @validates_schema
    def check_reachable(self, data: dict[str, Any], **options: Any) -> None:
        """Require one way to reach the person."""
        if data["phone"] is None and data["email"] is None:
            raise ValidationError("phone_or_email", "phone")


class ContactFormSchema(ContactSchema):
    """A contact to add, or to change by its id."""

    unit = Text(10, required=True)  # code
    id = QueryWhole(1, MAX_ID, allow_none=True, load_default=None)
    version = QueryWhole(1, MAX_ID, allow_none=True, load_default=None)
