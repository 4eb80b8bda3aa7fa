"""What the API of people takes and answers."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from backend.accounts.asked import DAYS_DEFAULT, DAYS_MOST, SignIn
from backend.accounts.login_names import NAME_MOST
from backend.accounts.passwords import LENGTH_MOST
from backend.fields import CODES, Strict, Text, Whole
from backend.http.paging import CURSOR_MOST

PAGE_DEFAULT = 100
# As elsewhere: a page that a person can read through.
PAGE_MOST = 500
SCOPES = ("read", "write")


class Label(Text):
    """What a person calls something: at least one letter or digit."""

    def _validate(self, value: str) -> None:
        super()._validate(value)
        if not any(c.isalnum() for c in value):
            raise ValidationError("blank")


class SignInSchema(Strict):
    """Name, password, and the code of a second factor where there is one."""

    name = Text(NAME_MOST, required=True, metadata={"example": "0912 345 678"})
    password = Text(LENGTH_MOST, required=True)
    totp = Text(20, allow_none=True, load_default=None)

    @post_load
    def asked(self, data: dict[str, Any], **_: Any) -> SignIn:
        """Make what the use case takes."""
        return SignIn(**data)


class AcceptSchema(Strict):
    """The secret of a one-time link, and the password that is chosen."""

    secret = Text(100, required=True)
    password = Text(LENGTH_MOST, required=True)


class NewPasswordSchema(Strict):
    """The password until now, and the new one."""

    old = Text(LENGTH_MOST, required=True)
    new = Text(LENGTH_MOST, required=True)


class PasswordSchema(Strict):
    """The password, for what is not undone."""

    password = Text(LENGTH_MOST, required=True)


class CodeSchema(Strict):
    """The first code of a second factor."""

    code = Text(20, required=True)


class Scopes(fields.List[Any]):
    """What a program may: to read, or to read and write."""

    default_error_messages = {**CODES, "invalid": "not_list"}

    def __init__(self, **options: Any) -> None:
        length = validate.Length(1, len(SCOPES), error="wrong_length")
        super().__init__(Text(choices=SCOPES), validate=length, **options)


class NewTokenSchema(Strict):
    """A token that is asked for."""

    name = Label(100, required=True)
    scopes = Scopes(load_default=lambda: ["read"])
    days = Whole(1, DAYS_MOST, load_default=DAYS_DEFAULT)


class UsersQuerySchema(Strict):
    """Which people to list: of a name, or a page of all."""

    name = Text(NAME_MOST, load_default=None)
    cursor = Text(most=CURSOR_MOST, load_default=None)
    limit = fields.Integer(
        load_default=PAGE_DEFAULT,
        validate=validate.Range(1, PAGE_MOST, error="out_of_range"),
        error_messages={"invalid": "not_whole"},
    )


class RoleSchema(Schema):
    """A role over one thing; `scope_id` is null for the whole system."""

    id = fields.Integer(required=True)
    role = fields.String(required=True)
    scope_kind = fields.String(required=True)
    scope_id = fields.Integer(required=True, allow_none=True)
    valid_from = fields.AwareDateTime(required=True)
    valid_to = fields.AwareDateTime(required=True, allow_none=True)


class PersonSchema(Schema):
    """A person who signs in, and the roles that they have."""

    id = fields.Integer(required=True)
    name = fields.String(required=True, allow_none=True)
    display_name = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    accepted = fields.Boolean(required=True)
    totp = fields.Boolean(required=True)
    totp_needed = fields.Boolean(required=True)
    roles = fields.List(fields.Nested(RoleSchema), required=True)


class PersonPageSchema(Schema):
    """A page of people; `next` is null on the last."""

    items = fields.List(fields.Nested(PersonSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class SignedInSchema(Schema):
    """Who signed in; pages send the token in X-CSRF-Token with whatever changes something."""

    user = fields.Nested(PersonSchema, required=True)
    csrf_token = fields.String(required=True)


class AccountSchema(Schema):
    """One's own account; `csrf_token` is null for a program."""

    user = fields.Nested(PersonSchema, required=True)
    csrf_token = fields.String(required=True, allow_none=True)


class LinkSchema(Schema):
    """A one-time link, shown this once, mailed too where that can be."""

    user_id = fields.Integer(required=True)
    link = fields.String(required=True)
    expires_at = fields.AwareDateTime(required=True)
    mailed = fields.Boolean(required=True)


class AcceptedSchema(Schema):
    """The name with which the person signs in from now on."""

    name = fields.String(required=True)


class EnrolmentSchema(Schema):
    """What a person's authenticator app reads; it counts once a code confirms it."""

    secret = fields.String(required=True)
    uri = fields.String(required=True)
    qr_svg = fields.String(required=True)


class PersonalTokenSchema(Schema):
    """A personal token; what it opens with is told only when it is made."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    created_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)


class PersonalTokensSchema(Schema):
    """One's own tokens in force."""

    items = fields.List(fields.Nested(PersonalTokenSchema), required=True)


class MadePersonalTokenSchema(PersonalTokenSchema):
    """A token just made; it is told this once."""

    token = fields.String(required=True)
