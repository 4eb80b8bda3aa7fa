"""Schemas of notices to phones."""

from marshmallow import fields

from backend.accounts.schemas import Label
from backend.coverage.figures.schemas import month_field
from backend.devices.schemas import NoticeSchema
from backend.fields import AwareTime, Flag, Strict
from backend.notices.service import MAX_TEXT
from backend.organisations.schemas import UnitBriefSchema, unit


class NoticeRequestSchema(Strict):
    """A notice to all phones, or those that measured in a unit or in a month."""

    text = Label(MAX_TEXT, required=True)
    unit = unit(load_default=None)
    month = month_field(load_default=None)
    until = AwareTime(required=True)
    preview = Flag(load_default=False)


class SentNoticeSchema(NoticeSchema):
    """A notice with its phones: those that it is for, that have it, and that read it."""

    sent_at = fields.AwareDateTime(required=True, allow_none=True)  # null in a preview
    unit = fields.Nested(UnitBriefSchema, required=True, allow_none=True)
    month = fields.String(required=True, allow_none=True)
    until = fields.AwareDateTime(required=True)
    phones = fields.Integer(required=True)
    delivered = fields.Integer(required=True)
    read = fields.Integer(required=True)


class NoticesSchema(Strict):
    """Notices, the newest first."""

    items = fields.List(fields.Nested(SentNoticeSchema), required=True)
