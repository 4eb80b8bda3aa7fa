"""Schemas of reports, their figures, seals and letterheads."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates

from backend.coverage.figures.schemas import UnitWithLevelSchema, month_field
from backend.fields import Day, Many, Reason, Strict, Text, fields_of, schema_of
from backend.http.paging import PageSchema, page_of
from backend.organisations.names import normalised
from backend.organisations.schemas import Name, UnitBriefSchema
from backend.reports.content.figures import SECTIONS, Report
from backend.reports.content.labels import HEADINGS, LetterheadContent
from backend.reports.monthly.deadlines import ReportDeadlines
from backend.reports.monthly.remarks import RemarkSaved, RemarksState
from backend.reports.monthly.seals import Keys, Seal, WithKey
from backend.units.catalogue import LEVELS
from backend.units.schemas import BoundariesSchema

STATES = ("draft", "frozen", "approved", "superseded")
MAX_NAME = 200
MAX_REASON = 1_000
# More lines do not fit on an A4 page.
MAX_RECIPIENTS = 20
MAX_COPIES = 20
# TM., KT. and the title of the signer.
MAX_TITLES = 3
# More documents than a letter answers, and characters of the longest citation.
MAX_REFERENCES, MAX_REFERENCE = 20, 1_000
MAX_SYMBOL = 50
# Prefixes of signing for another (Decree 30/2020/NĐ-CP, annex I, part II, 7).
PREFIXES = ("TM.", "KT.", "TL.", "TUQ.", "Q.")


class Line(Text):
    """A line of a letter, normalised."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text = normalised(super()._deserialize(value, *args, **kwargs))
        if not text:
            raise ValidationError("blank")
        return text


class LevelQuerySchema(Strict):
    """The level, for a code that names two units."""

    level = Text(choices=LEVELS, load_default=None)


class ReportsQuerySchema(PageSchema):
    """Filters of a list of reports."""

    month = month_field(load_default=None)
    unit = Text(most=10, load_default=None)
    state = Text(choices=STATES, load_default=None)


class ReportCreateSchema(Strict):
    """Unit and month of a report."""

    unit = Text(most=10, required=True)
    level = Text(choices=LEVELS, load_default=None, allow_none=True)
    month = month_field(required=True)


class RemarkQuerySchema(Strict):
    """Whether a remark replaces the proposed sentences of its section, or is added to them."""

    rewrites = Text(choices=("true", "false"), load_default="false")


RemarkSavedSchema = schema_of(RemarkSaved, "Remark")
RemarksStateSchema = schema_of(RemarksState, "Remark")


class TitledSchema(Strict):
    """An approval or a letterhead with its lines above the signature."""

    @validates("titles")
    def check_prefixes(self, titles: list[str] | None, data_key: str) -> None:
        """Reject a line before the last one that is not signed for another."""
        if not all(line.startswith(PREFIXES) for line in (titles or ())[:-1]):
            raise ValidationError("not_for_another")


def references_field(**options: Any) -> Many:
    """Return a field of documents that letters answer, as they cite them."""
    return Many(Line(most=MAX_REFERENCE), 0, MAX_REFERENCES, **options)


class ApprovalSchema(TitledSchema):
    """The signature of a report: the lines above it, by default those of the letterhead; the name.

    The name defaults to that of the account. The letter prints both.
    """

    name = Text(most=MAX_NAME, load_default=None, allow_none=True)
    titles = Many(Line(), 1, MAX_TITLES, load_default=None, allow_none=True)


class SupersedeSchema(Strict):
    """Why a new edition is needed."""

    reason = Reason(MAX_REASON, required=True)


class LetterQuerySchema(Strict):
    """Number and date of a signed letter."""

    number = Line(most=MAX_NAME, required=True)
    signed_on = Day(required=True)


class DeadlinesQuerySchema(Strict):
    """Month and units of a list of deadlines."""

    month = month_field(required=True)
    level = Text(choices=LEVELS, load_default="province")
    parent = Text(most=10, load_default=None)


class ReportApprovedSchema(Schema):
    """When a report was approved, and by whom."""

    at = fields.AwareDateTime(required=True)
    name = fields.String(required=True)
    title = fields.String(required=True, allow_none=True)


class ReportFileSchema(Schema):
    """A file of a frozen report."""

    name = fields.String(required=True)
    size = fields.Integer(required=True)
    digest = fields.String(required=True)


class ReportAttachmentSchema(Schema):
    """A signed letter."""

    id = fields.Integer(required=True)
    number = fields.String(required=True)
    signed_on = fields.Date(required=True)
    size = fields.Integer(required=True)
    digest = fields.String(required=True)
    attached_at = fields.AwareDateTime(required=True)


class SealedReportSchema(Schema):
    """The sealed report."""

    id = fields.Integer(required=True)
    unit = fields.Nested(UnitBriefSchema, required=True)
    month = fields.String(required=True)
    edition = fields.Integer(required=True)
    state = fields.String(required=True)
    demo = fields.Boolean(required=True)
    approved = fields.Nested(ReportApprovedSchema, required=True)
    superseded_at = fields.AwareDateTime(required=True, allow_none=True)


class ReportSchema(SealedReportSchema):
    """A report of a unit's month, with its state."""

    reason = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True)
    deadline = fields.Date(required=True)
    remarks = fields.Dict(fields.String(), fields.String(), required=True)
    rewritten = fields.List(fields.String(), required=True)  # sections of remarks alone
    created_at = fields.AwareDateTime(required=True)
    frozen_at = fields.AwareDateTime(required=True, allow_none=True)
    digest = fields.String(required=True, allow_none=True)
    approved = fields.Nested(ReportApprovedSchema, required=True, allow_none=True)
    seal = fields.Nested(schema_of(Seal, "Seal"), required=True, allow_none=True)
    files = fields.List(fields.Nested(ReportFileSchema), required=True)
    attachments = fields.List(fields.Nested(ReportAttachmentSchema), required=True)


ReportPageSchema = page_of(ReportSchema)  # the latest first


ReportDeadlinesSchema = schema_of(ReportDeadlines, "Report")


SealKeysSchema = schema_of(Keys, "Seal")


class SealCheckSchema(Schema):
    """The report with a digest (`of`: a file's name, `figures`, `letter`); is its seal valid."""

    digest = fields.String(required=True)
    of = fields.String(required=True)
    valid = fields.Boolean(required=True)
    problem = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "enum": [
                *("seal_broken", "seal_key_unknown", "seal_key_revoked", "letter_not_sealed"),
                None,
            ]
        },
    )
    report = fields.Nested(SealedReportSchema, required=True)
    letter = fields.Nested(ReportAttachmentSchema, required=True, allow_none=True)
    seal = fields.Nested(schema_of(WithKey, "Seal"), required=True, allow_none=True)


class ReportFiguresSchema(Schema):
    """The content of a report; the digest of a frozen report is that of this JSON."""

    class Meta:
        boundaries = fields.Nested(BoundariesSchema, required=True, allow_none=True)
        include = fields_of(Report, "Report") | {"boundaries": boundaries}


class LetterheadChangeSchema(TitledSchema):
    """A letterhead and the day from which it is valid, default today."""

    valid_from = Day(load_default=None, allow_none=True)
    superior = Line(required=True, allow_none=True)
    agency = Line(required=True)
    symbol = Line(most=MAX_SYMBOL, required=True, metadata={"example": "SKHCN-BCVT"})
    place = Name(required=True)
    recipients = Many(Line(), 1, MAX_RECIPIENTS, required=True)
    titles = Many(
        Line(),
        1,
        MAX_TITLES,
        required=True,
        metadata={
            "description": "The lines above the signature; all but the last begin with TM., KT., "
            "TL., TUQ. or Q.",
            "example": ["TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"],
        },
    )
    signer = Line(required=True, allow_none=True)
    copies = Many(Line(), 1, MAX_COPIES, required=True)
    headings = Many(
        Line(),
        len(SECTIONS),
        len(SECTIONS),
        load_default=lambda: list(HEADINGS),
        metadata={"description": f"Of a report's sections: {', '.join(SECTIONS)}"},
    )
    references = references_field(
        load_default=list,
        metadata={"description": "documents that letters answer; none: those of the unit above"},
    )


class LetterheadSchema(Schema):
    """A letterhead; `valid_from` is null for the default one."""

    unit = fields.Nested(UnitWithLevelSchema, required=True)
    valid_from = fields.Date(required=True, allow_none=True)
    version = fields.Integer(required=True)

    class Meta:
        include = fields_of(LetterheadContent, "Letterhead")
