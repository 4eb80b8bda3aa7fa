"""Requests and answers about webhooks."""

from marshmallow import Schema, fields

from backend.coverage.figures.schemas import UnitWithLevelSchema
from backend.doors.webhooks.addresses import MAX_URL
from backend.events.feed import KINDS
from backend.events.schemas import MAX_NUMBER
from backend.fields import Flag, Many, Strict, Text, Whole
from backend.http.paging import list_of
from backend.organisations.schemas import unit


class WebhookCreateSchema(Strict):
    """A new webhook; `after` is the number that it begins after, by default the last one."""

    url = Text(MAX_URL, required=True, metadata={"example": "https://example.vn/dosong"})
    kinds = Many(Text(choices=KINDS), 1, len(KINDS), load_default=lambda: list(KINDS))
    unit = unit(load_default=None)
    after = Whole(0, MAX_NUMBER, allow_none=True, load_default=None)


class WebhookChangeSchema(Strict):
    """Whether a webhook delivers."""

    enabled = Flag(required=True)


class ReplaySchema(Strict):
    """The number after which all events are delivered again."""

    after = Whole(0, MAX_NUMBER, required=True)


class WebhookSchema(Schema):
    """A webhook: every event up to `cursor` was delivered, or is among those that failed."""

    id = fields.Integer(required=True)
    url = fields.String(required=True)
    kinds = fields.List(fields.String(), required=True)
    unit = fields.Nested(UnitWithLevelSchema, required=True, allow_none=True)
    enabled = fields.Boolean(required=True)
    created_at = fields.AwareDateTime(required=True)
    cursor = fields.Integer(required=True)
    disabled_at = fields.AwareDateTime(required=True, allow_none=True)
    disabled_reason = fields.String(required=True, allow_none=True)
    failing_since = fields.AwareDateTime(required=True, allow_none=True)
    delivered_at = fields.AwareDateTime(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    former_until = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={"description": "former secrets sign too until then"},
    )


class NewWebhookSchema(WebhookSchema):
    """A webhook with a new secret, which is shown this once."""

    secret = fields.String(required=True)


class FailedEventSchema(Schema):
    """An event that a webhook could not deliver; without `next_at` it is given up."""

    number = fields.Integer(required=True)
    type = fields.String(required=True)
    tries = fields.Integer(required=True)
    first_at = fields.AwareDateTime(required=True)
    last_at = fields.AwareDateTime(required=True)
    next_at = fields.AwareDateTime(required=True, allow_none=True)
    error = fields.String(required=True)


class WebhookDetailSchema(WebhookSchema):
    """A webhook with the events that it could not deliver, and how many wait."""

    failed = fields.List(
        fields.Nested(FailedEventSchema), required=True, metadata={"description": "the oldest 200"}
    )
    failed_total = fields.Integer(required=True)
    first = fields.Integer(
        required=True, metadata={"description": "the smallest number to replay after"}
    )
    last = fields.Integer(required=True)
    waiting = fields.Integer(required=True)


WebhooksSchema = list_of(WebhookSchema, "Webhooks")
