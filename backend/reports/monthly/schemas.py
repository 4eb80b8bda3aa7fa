"""Requests and answers about reports."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields

from backend.coverage.figures.schemas import month_asked
from backend.fields import CODES, Day, Strict, Text
from backend.organisations.fields import PageSchema, UnitBriefSchema
from backend.reports.content.figures import SECTIONS
from backend.units.catalogue import LEVELS

STATES = ("draft", "frozen", "approved", "superseded")
# Some pages of a letter; nobody reads more in one section.
REMARK_MOST = 10_000
NAME_MOST = 200
REASON_MOST = 1_000


class Remarks(fields.Field[dict[str, str | None]]):
    """What an official writes, by section; null takes a remark away."""

    default_error_messages = {**CODES, "invalid": "not_object"}
    words = Text(most=REMARK_MOST, allow_none=True)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> dict[str, str | None]:
        if not isinstance(value, dict):
            raise ValidationError("not_object")
        wrong = {name: ["not_section"] for name in value if name not in SECTIONS}
        read: dict[str, str | None] = {}
        for name in value.keys() - wrong.keys():
            try:
                read[name] = self.words.deserialize(value[name])
            except ValidationError as error:
                wrong[name] = list(error.messages)
        if wrong:
            raise ValidationError({str(name): codes for name, codes in wrong.items()})
        return {name: words.strip() if words else None for name, words in read.items()}


class Required(Text):
    """A text with something in it."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        words = super()._deserialize(value, attr, data, **kwargs).strip()
        if not words:
            raise ValidationError("blank")
        return words


class ReportsQuerySchema(PageSchema):
    """Which reports to list."""

    month = month_asked(load_default=None)
    unit = Text(most=10, load_default=None)
    state = Text(choices=STATES, load_default=None)


class ReportNewSchema(Strict):
    """Whose report of which month."""

    unit = Text(most=10, required=True)
    level = Text(choices=LEVELS, load_default=None, allow_none=True)
    month = month_asked(required=True, error_messages=CODES)


class RemarksSchema(Strict):
    """Remarks by section; sections that are not named keep theirs."""

    remarks = Remarks(
        required=True,
        metadata={
            "type": "object",
            "properties": {name: {"type": ["string", "null"]} for name in SECTIONS},
        },
    )


class ApprovalSchema(Strict):
    """Who answers for the report; the name is that of the account unless told."""

    name = Text(most=NAME_MOST, load_default=None, allow_none=True)
    title = Text(most=NAME_MOST, load_default=None, allow_none=True)


class SupersedeSchema(Strict):
    """Why another edition is needed."""

    reason = Required(most=REASON_MOST, required=True)


class LetterQuerySchema(Strict):
    """The number and the day of a signed letter."""

    number = Required(most=NAME_MOST, required=True)
    signed_on = Day(required=True)


class DeadlinesQuerySchema(Strict):
    """Of which month, and of which units."""

    month = month_asked(required=True, error_messages=CODES)
    level = Text(choices=LEVELS, load_default="province")
    parent = Text(most=10, load_default=None)


class ReportApprovedSchema(Schema):
    """When a report was approved, and who answers for it."""

    at = fields.AwareDateTime(required=True)
    name = fields.String(required=True)
    title = fields.String(required=True, allow_none=True)


class SealSchema(Schema):
    """A seal: the signature (hexadecimal) over the UTF-8 bytes of the statement."""

    statement = fields.String(required=True)
    signature = fields.String(required=True)
    key = fields.Integer(required=True)
    algorithm = fields.String(required=True)


class ReportFileSchema(Schema):
    """A file of a frozen report."""

    name = fields.String(required=True)
    size = fields.Integer(required=True)
    digest = fields.String(required=True)


class ReportAttachmentSchema(Schema):
    """A letter as it was signed and sent."""

    id = fields.Integer(required=True)
    number = fields.String(required=True)
    signed_on = fields.Date(required=True)
    size = fields.Integer(required=True)
    digest = fields.String(required=True)
    attached_at = fields.AwareDateTime(required=True)


class ReportSchema(Schema):
    """A report: whose, of which month, and where it is in its life."""

    id = fields.Integer(required=True)
    unit = fields.Nested(UnitBriefSchema, required=True)
    month = fields.String(required=True)
    edition = fields.Integer(required=True)
    reason = fields.String(required=True, allow_none=True)
    state = fields.String(required=True)
    demo = fields.Boolean(required=True)
    version = fields.Integer(required=True)
    deadline = fields.Date(required=True)
    remarks = fields.Dict(fields.String(), fields.String(), required=True)
    created_at = fields.AwareDateTime(required=True)
    frozen_at = fields.AwareDateTime(required=True, allow_none=True)
    digest = fields.String(required=True, allow_none=True)
    approved = fields.Nested(ReportApprovedSchema, required=True, allow_none=True)
    seal = fields.Nested(SealSchema, required=True, allow_none=True)
    superseded_at = fields.AwareDateTime(required=True, allow_none=True)
    files = fields.List(fields.Nested(ReportFileSchema), required=True)
    attachments = fields.List(fields.Nested(ReportAttachmentSchema), required=True)


class ReportPageSchema(Schema):
    """A page of reports, the latest begun first."""

    items = fields.List(fields.Nested(ReportSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class ReportDueSchema(Schema):
    """How far a unit's report is; `sent_at`: when its first edition was approved."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    parent = fields.String(required=True, allow_none=True)
    report_id = fields.Integer(required=True, allow_none=True)
    edition = fields.Integer(required=True, allow_none=True)
    state = fields.String(required=True, allow_none=True)
    sent_at = fields.AwareDateTime(required=True, allow_none=True)
    late = fields.Boolean(required=True)


class ReportDeadlinesSchema(Schema):
    """Those that have not sent a month's report stand first."""

    month = fields.String(required=True)
    level = fields.String(required=True)
    deadline = fields.Date(required=True)
    days_left = fields.Integer(required=True)
    units = fields.Integer(required=True)
    sent = fields.Integer(required=True)
    items = fields.List(fields.Nested(ReportDueSchema), required=True)
