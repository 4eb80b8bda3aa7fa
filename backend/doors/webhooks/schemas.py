"""Requests and answers about webhooks."""

from backend.doors.webhooks.service import NewWebhook, WebhookDetail, WebhookDetails
from backend.events.feed import KINDS
from backend.events.schemas import MAX_NUMBER
from backend.fields import Flag, Many, Strict, Text, Whole, schema_of
from backend.http.addresses import MAX_URL
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


WebhookSchema = schema_of(WebhookDetails, "")
NewWebhookSchema = schema_of(NewWebhook, "")
WebhookDetailSchema = schema_of(WebhookDetail, "")
WebhooksSchema = list_of(WebhookSchema, "Webhooks")
