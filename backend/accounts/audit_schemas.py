"""Questions to the audit log, and its answers."""

from marshmallow import Schema, fields, validate

from backend.fields import Day, Strict, Text
from backend.http.paging import CURSOR_MOST

PAGE_DEFAULT = 100
# A page that a person can read through; a program follows `next`.
PAGE_MOST = 500


class AuditQuerySchema(Strict):
    """Which entries: whose, of which act, about what, from the first to the last day of Vietnam."""

    actor = Text(most=200, load_default=None, metadata={"example": "user:7"})
    act = Text(most=200, load_default=None, metadata={"example": "campaign.edit"})
    subject = Text(most=200, load_default=None, metadata={"example": "campaign:3"})
    first = Day(data_key="from", load_default=None)
    last = Day(data_key="to", load_default=None)
    cursor = Text(most=CURSOR_MOST, load_default=None)
    limit = fields.Integer(
        load_default=PAGE_DEFAULT,
        validate=validate.Range(1, PAGE_MOST, error="out_of_range"),
        error_messages={"invalid": "not_whole"},
    )


class AuditEntrySchema(Schema):
    """One privileged act."""

    id = fields.Integer(required=True)
    at = fields.AwareDateTime(required=True)
    actor = fields.String(required=True)
    act = fields.String(required=True)
    subject = fields.String(required=True)
    address = fields.String(required=True, allow_none=True)
    details = fields.Dict(required=True)


class AuditPageSchema(Schema):
    """A page of entries, newest first; `next` is null on the last."""

    items = fields.List(fields.Nested(AuditEntrySchema), required=True)
    next = fields.String(required=True, allow_none=True)
