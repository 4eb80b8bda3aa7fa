"""Requests and answers about devices."""

import re
from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, post_load, pre_load

from backend.devices.consent import VERSIONS, Consent
from backend.devices.notices import Notice
from backend.devices.service import Agreement, ConsentState, Registered, Registration
from backend.errors import FieldError, Problem
from backend.fields import AwareTime, Flag, Object, Strict, Text, schema_of

UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Uuid(fields.UUID):
    """A UUID in its usual written form."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> UUID:
        if not isinstance(value, str) or not UUID_FORM.fullmatch(value):
            raise ValidationError("not_uuid")
        return UUID(value)


class AgreementSchema(Strict):
    """A person's explicit consent."""

    accepted = Flag(required=True, metadata={"enum": [True]})
    version = Text(choices=VERSIONS, required=True)
    accepted_at = AwareTime(required=True)

    @post_load
    def agreement(self, data: dict[str, Any], **_: Any) -> Agreement:
        """Make an `Agreement`."""
        return Agreement(data["version"], data["accepted_at"])


class ConsentingSchema(Strict):
    """A body that requires an explicit consent."""

    consent = Object(AgreementSchema, required=True)

    @pre_load
    def explicit(self, data: Any, **_: Any) -> Any:
        """Check the consent before all other fields; only `true` is a consent."""
        if isinstance(data, dict):
            consent = data.get("consent")
            if not isinstance(consent, dict) or consent.get("accepted") is not True:
                missing = FieldError("consent.accepted", "consent_required")
                raise Problem(422, "consent_required", [missing])
        return data


class RegistrationSchema(ConsentingSchema):
    """A registration."""

    id = Uuid(allow_none=True, load_default=None)
    platform = Text(40, allow_none=True, load_default=None)
    model = Text(120, allow_none=True, load_default=None)
    app_version = Text(40, allow_none=True, load_default=None)
    join_code = Text(
        40,
        allow_none=True,
        load_default=None,
        metadata={"description": "Of the team to join; then the limit of the address is not used."},
    )

    @post_load
    def registration(self, data: dict[str, Any], **_: Any) -> Registration:
        """Make a `Registration`."""
        return Registration(**data)


ConsentStateSchema = schema_of(ConsentState, "")
RegisteredSchema = schema_of(Registered, "")
NoticeSchema = schema_of(Notice, "")


class WithNoticesSchema(Schema):
    """An answer to a phone, with what it has yet to read; missing if there is nothing."""

    notices = fields.List(fields.Nested(NoticeSchema))


class DeviceSchema(WithNoticesSchema):
    """A device as shown to itself."""

    id = fields.UUID(required=True)
    registered_at = fields.AwareDateTime(required=True)
    platform = fields.String(required=True, allow_none=True)
    model = fields.String(required=True, allow_none=True)
    app_version = fields.String(required=True, allow_none=True)
    consent = fields.Nested(ConsentStateSchema, required=True)


ConsentSchema = schema_of(Consent, "")
