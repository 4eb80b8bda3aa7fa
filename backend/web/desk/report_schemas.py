"""What the pages of reports take."""

from typing import Any

from marshmallow import fields, post_load

from backend.coverage.figures.schemas import month_field
from backend.fields import Strict, Text
from backend.reports.content.figures import SECTIONS
from backend.reports.monthly.schemas import (
    REMARK_MOST,
    ApprovalSchema,
    DeadlinesQuerySchema,
    LetterQuerySchema,
    ReportCreateSchema,
    ReportsQuerySchema,
    SupersedeSchema,
)
from backend.web.site.schemas import PageQuerySchema


class Seen(Strict):
    """The version of a report that its form was made of."""

    version = Text(most=20, required=True)


class ReportsPageQuerySchema(PageQuerySchema, ReportsQuerySchema):
    """Which reports to list, and of which month one is to be begun; the last one unless told."""

    of = month_field(load_default=None)


class DeadlinesPageQuerySchema(PageQuerySchema, DeadlinesQuerySchema):
    """Of which month, the last one that is over unless told; of which units."""

    month = fields.String(
        load_default=None, validate=DeadlinesQuerySchema().fields["month"].validate
    )


class BeginFormSchema(ReportCreateSchema):
    """Whose report of which month."""


class RemarksFormSchema(Seen):
    """Remarks as they are typed: an empty one leaves the proposed sentences."""

    samples = Text(most=REMARK_MOST, load_default=None, allow_none=True)
    reached = Text(most=REMARK_MOST, load_default=None, allow_none=True)
    lacking = Text(most=REMARK_MOST, load_default=None, allow_none=True)
    quality = Text(most=REMARK_MOST, load_default=None, allow_none=True)
    teams = Text(most=REMARK_MOST, load_default=None, allow_none=True)
    vnnic = Text(most=REMARK_MOST, load_default=None, allow_none=True)
    notes = Text(most=REMARK_MOST, load_default=None, allow_none=True)

    @post_load
    def by_section(self, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        """The remarks that the form held, by section."""
        remarks = {name: data[name] for name in SECTIONS}
        return {"version": data["version"], "remarks": remarks}


class ApprovalFormSchema(ApprovalSchema, Seen):
    """Who answers for the report."""


class SupersedeFormSchema(SupersedeSchema, Seen):
    """Why another edition is needed."""


class LetterFormSchema(LetterQuerySchema):
    """The number and the day of a signed letter; its PDF comes as a file."""

    file = Text(load_default=None, allow_none=True)
