"""Forms of contacts."""

from typing import Any

from marshmallow import ValidationError, validates_schema

from backend.accounts import login_names
from backend.fields import ID_MOST, QueryWhole, Strict, Text
from backend.organisations.schemas import Telephone

NAME_MOST, OFFICE_MOST = 100, 150


class Email(Text):
    """An e-mail address, stored in lower case."""

    def __init__(self, **options: Any) -> None:
        super().__init__(most=login_names.NAME_MOST, **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        name = login_names.normalize(super()._deserialize(value, *args, **kwargs))
        if name is None or "@" not in name:
            raise ValidationError("not_email")
        return name


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
