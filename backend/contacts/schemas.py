"""Forms of contacts."""

from typing import Any

from marshmallow import ValidationError, validates_schema

from backend.fields import ID_MOST, QueryWhole, Strict, Text
from backend.organisations.schemas import Email, Telephone

NAME_MOST, OFFICE_MOST = 100, 150


class ContactSchema(Strict):
    """A contact of a unit, with a telephone number, an e-mail address, or both."""

    name = Text(NAME_MOST, required=True)
    office = Text(OFFICE_MOST, allow_none=True, load_default=None)
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
    id = QueryWhole(1, ID_MOST, allow_none=True, load_default=None)
    version = QueryWhole(1, ID_MOST, allow_none=True, load_default=None)
