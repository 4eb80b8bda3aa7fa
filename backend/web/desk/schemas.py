"""Queries and forms of the desk's pages."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from marshmallow import fields, post_load, pre_load

from backend.accounts.login_names import NAME_MOST
from backend.clock import day_begin
from backend.coverage.alerts.service import STATES
from backend.coverage.exclusions.schemas import LiftSchema, UnitExclusionSchema
from backend.coverage.figures.rows import FILTERS, SORTS
from backend.coverage.figures.schemas import month_field
from backend.coverage.samples.schemas import SampleQuerySchema, SamplesQuerySchema
from backend.coverage.signals.findings import NUMBER_BELOW
from backend.coverage.vnnic.schemas import COLUMNS_MOST, VnnicImportQuerySchema
from backend.fields import ID_MOST, Day, QueryWhole, Strict, Text
from backend.measurements.recording.rules import NETWORKS
from backend.organisations.area_schemas import REASON_MOST
from backend.reports.content.figures import SECTIONS
from backend.reports.monthly.letterhead_schemas import LetterheadChangeSchema
from backend.reports.monthly.schemas import (
    REMARK_MOST,
    ApprovalSchema,
    DeadlinesQuerySchema,
    LetterQuerySchema,
    ReportCreateSchema,
    ReportsQuerySchema,
    SupersedeSchema,
)
from backend.units.catalogue import LEVELS
from backend.web.site.schemas import PageQuerySchema

# Those of coverage, and the states that only alerts tell.
SHOWN = tuple(dict.fromkeys(("lacking", *STATES, *FILTERS)))


class MonthQuerySchema(PageQuerySchema):
    """Which month of an area, the running one unless told, on which network."""

    month = month_field(load_default=None)
    network = Text(choices=NETWORKS, load_default="mobile")


class AreaQuerySchema(MonthQuerySchema):
    """Which of an area's units are shown, and in which order."""

    level = Text(choices=LEVELS, load_default=None)
    show = Text(choices=SHOWN, load_default=None)
    sort = Text(choices=(*SORTS, *(f"-{name}" for name in SORTS)), load_default=None)


class WallQuerySchema(AreaQuerySchema):
    """Whose figures a meeting room looks at; without a unit those of the only own area."""

    unit = Text(most=5, load_default=None)


class SamplesPageQuerySchema(PageQuerySchema, SamplesQuerySchema):
    """Which samples of a unit's month."""


class SamplePageQuerySchema(PageQuerySchema, SampleQuerySchema):
    """The language, and the level of a unit whose code names two."""


class OfMonthQuerySchema(PageQuerySchema):
    """Which month of an area, the running one unless told; which page."""

    month = month_field(load_default=None)
    cursor = QueryWhole(1, ID_MOST, load_default=None)


class ChosenQuerySchema(PageQuerySchema):
    """What is to be excluded: one measurement, or a device, perhaps for a sign."""

    month = month_field(load_default=None)
    measurement = Text(36, load_default=None)
    device = QueryWhole(0, NUMBER_BELOW - 1, load_default=None)
    signal_id = QueryWhole(1, ID_MOST, load_default=None)


class Decided(Strict):
    """With `go` it is done, else shown."""

    go = Text(choices=("yes",), allow_none=True, load_default=None)

    @post_load
    def shown_first(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Say it as the API does."""
        kept = {name: value for name, value in data.items() if name != "go"}
        return kept | {"preview": data["go"] is None}


class ExclusionFormSchema(UnitExclusionSchema, Decided):
    """An exclusion as it is typed: every number is text."""

    device = QueryWhole(0, NUMBER_BELOW - 1, allow_none=True, load_default=None)
    signal_id = QueryWhole(1, ID_MOST, allow_none=True, load_default=None)


class LiftFormSchema(LiftSchema, Decided):
    """Why what was excluded counts again."""


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


# Fields of a letterhead that are a list: typed with one line for each.
LINES = ("recipients", "titles", "copies")


class TableFormSchema(VnnicImportQuerySchema):
    """A table of VNNIC's; with `go` it is kept, else shown."""

    columns = Text(most=COLUMNS_MOST, load_default=None, allow_none=True)
    file = Text(load_default=None, allow_none=True)
    go = Text(choices=("yes",), load_default=None, allow_none=True)


class LetterheadFormSchema(LetterheadChangeSchema, Seen):
    """A letterhead as it is typed."""

    @pre_load
    def by_line(self, data: Mapping[str, Any], **options: Any) -> dict[str, Any]:
        """One entry a line."""
        typed = {name: (data.get(name) or "").splitlines() for name in LINES}
        lists = {name: [line for line in lines if line.strip()] for name, lines in typed.items()}
        return {"superior": None, "signer": None, **data, **lists}


class DeputyFormSchema(Strict):
    """Who is to stand in, where, through which day and why."""

    name = Text(NAME_MOST, required=True)
    area = Text(40, required=True)  # system, level and code
    last_day = Day(required=True)
    reason = Text(REASON_MOST, required=True)

    @post_load
    def as_request(self, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        """As the API asks for it: until the end of the day, where people live."""
        named = dict(zip(("system", "level", "code"), data["area"].split("/"), strict=False))
        unit = {"system": "", "level": None, "code": "", **named}
        until = day_begin(data["last_day"] + timedelta(days=1))
        return {
            "name": data["name"],
            "unit": unit,
            "cluster_id": None,
            "valid_to": until,
            "reason": data["reason"],
        }
