"""Schemas of tickets."""

from marshmallow import Schema, fields
from marshmallow.validate import OneOf

from backend.devices.schemas import Uuid
from backend.fields import Strict, Text
from backend.witness.statements import PROFILES


class TicketRequestSchema(Strict):
    """The profile of a test, and the host if not the preferred one.

    `id`: a random UUID of the phone; the same again, after a lost answer, returns the same ticket.
    """

    id = Uuid(allow_none=True, load_default=None)
    profile = Text(choices=tuple(PROFILES), load_default="full")
    host = Uuid(allow_none=True, load_default=None)


class TicketHostSchema(Schema):
    """The measuring host of a ticket; its endpoints are below `url`."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    url = fields.String(required=True)
    signs = fields.Boolean(required=True)


class HostSchema(TicketHostSchema):
    """A measuring host that is up; tests at an operator's own host enter no statistics."""

    class_ = fields.String(required=True, data_key="class", validate=OneOf(("neutral", "operator")))
    operator = fields.String(required=True, allow_none=True)


class HostsSchema(Schema):
    """The hosts to choose from, the preferred one first."""

    items = fields.List(fields.Nested(HostSchema), required=True)
    keep_hours = fields.Integer(
        required=True, metadata={"description": "how long a choice stands on one network"}
    )
    max_pings = fields.Integer(
        required=True, metadata={"description": "how many hosts a phone pings to choose"}
    )


class TicketSchema(Schema):
    """A ticket for one test."""

    id = fields.UUID(required=True)
    ticket = fields.String(required=True)
    host = fields.Nested(TicketHostSchema, required=True)
    profile = fields.String(required=True)
    issued_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)


class TicketKeySchema(Schema):
    """A public key that tickets are signed with."""

    kid = fields.String(required=True)
    algorithm = fields.String(required=True)
    public_key = fields.String(required=True)


class TicketKeysSchema(Schema):
    """The public keys of this installation."""

    items = fields.List(fields.Nested(TicketKeySchema), required=True)
