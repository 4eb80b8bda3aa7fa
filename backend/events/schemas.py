"""Requests and answers of the feed."""

from marshmallow import Schema, fields

from backend.coverage.figures.schemas import UnitWithLevelSchema
from backend.events.feed import KINDS
from backend.fields import MAX_BIG_ID, QueryWhole, Strict
from backend.http.paging import MAX_PAGE, PAGE_DEFAULT

# Numbers of JSON are exact so far; a thousand events a second reach it after 285,000 years.
MAX_NUMBER = min(2**53 - 1, MAX_BIG_ID)


class FeedQuerySchema(Strict):
    """The number after which events are wanted; without it, from the oldest that is kept."""

    after = QueryWhole(0, MAX_NUMBER, load_default=None)
    limit = QueryWhole(1, MAX_PAGE, load_default=PAGE_DEFAULT)


class EventSchema(Schema):
    """An event, in the feed and as the body of a webhook. docs/events.md describes `data`."""

    id = fields.UUID(required=True)
    number = fields.Integer(required=True)
    type = fields.String(required=True, metadata={"enum": list(KINDS)})
    timestamp = fields.AwareDateTime(required=True)
    unit = fields.Nested(UnitWithLevelSchema, required=True, allow_none=True)
    month = fields.String(required=True, allow_none=True)
    network = fields.String(required=True, allow_none=True)
    scrubbed = fields.Boolean(required=True)
    data = fields.Dict(required=True)


class FeedSchema(Schema):
    """Events in the order of their numbers; `next` is the `after` of the next request."""

    items = fields.List(fields.Nested(EventSchema), required=True)
    next = fields.Integer(required=True)
    more = fields.Boolean(required=True)
