"""Queries and forms of the desk's pages."""

from collections.abc import Mapping
from typing import Any, Literal, TypedDict

from marshmallow import fields, post_load, pre_load

from backend.coverage.alerts.groups import GROUPS, Group
from backend.coverage.exclusions.schemas import MAX_REASON as MAX_ACT_REASON
from backend.coverage.exclusions.schemas import LiftSchema, UnitExclusionSchema
from backend.coverage.figures.schemas import month_field
from backend.coverage.figures.service import SORTS
from backend.coverage.no_connection.schemas import NoteExclusionSchema, NotesQuerySchema
from backend.coverage.samples.schemas import SampleQuerySchema, SamplesQuerySchema
from backend.coverage.signals.findings import NUMBER_BELOW
from backend.coverage.vnnic.importer import STATES
from backend.fields import MAX_ID, Day, Many, QueryWhole, Strict, Text
from backend.http.paging import PageQuery
from backend.reports.content.figures import SECTIONS
from backend.reports.content.labels import LETTER_KINDS
from backend.reports.monthly import schemas as report_schemas
from backend.reports.monthly.deadlines import DAYS
from backend.reports.monthly.remarks import MAX_REMARK, Remark
from backend.reports.reminders.service import GROUPS as GROUPS_ADDRESSED
from backend.reports.reminders.service import Addressed
from backend.web.board.schemas import QueueQuerySchema
from backend.web.site.schemas import (
    FiguresPageQuery,
    FiguresPageQuerySchema,
    LangQuery,
    MonthQuery,
    MonthQuerySchema,
    PageQuerySchema,
    UnitPageQuery,
    UnitPageQuerySchema,
)

# The groups of an area's units, and those that lack samples together.
Shown = Literal["lacking"] | Group
SHOWN: tuple[Shown, ...] = ("lacking", *GROUPS)
MAX_PAGES = 1_000
# The parts of an area's page that an open page updates.
PARTS = ("tasks", "units")
# Ten contacts of each commune of the largest province.
MAX_RECIPIENTS = 2_000
# Groups that get a message.
Reminded = Literal["lacking"] | Addressed
REMINDED: tuple[Reminded, ...] = ("lacking", *GROUPS_ADDRESSED)


# Fields of a form as they were sent: a text, several, or none where it was left blank.
FormFields = Mapping[str, str | list[str] | None]


def split_lines(typed: str | list[str] | None) -> list[str]:
    """Return the lines of a text field that are not blank."""
    text = typed if isinstance(typed, str) else ""
    return [line for line in text.splitlines() if line.strip()]


class AreaOrder(UnitPageQuery):
    """The order of an area's units."""

    sort: str | None  # a column; with a leading minus in descending order
    page: int  # from 1


class AreaQuery(AreaOrder):
    """The filter and the order of an area's units."""

    show: Shown | None  # null: all


class FiguresQuery(AreaQuery):
    """A part of an area's page."""

    part: str  # of PARTS


class RemindQuery(AreaOrder):
    """The group of units to remind."""

    show: Reminded


class SamplesPageQuery(LangQuery, PageQuery):
    """The filter of a unit's samples."""

    month: str | None  # null: the current one
    level: str | None  # where levels share the code
    network: str | None
    reason: str | None  # why a sample does not count


class NotesPageQuery(LangQuery, PageQuery):
    """A month of no-connection notes, and a page."""

    month: str | None  # null: the current one
    level: str | None  # where levels share the code


class SamplePageQuery(LangQuery):
    """The language, and the level of a unit with an ambiguous code."""

    level: str | None


class AreaMonthQuery(MonthQuery):
    """A month of an area, by default the current one, and a cursor."""

    cursor: int | None


class ExclusionQuery(MonthQuery):
    """The selection of an exclusion: a measurement or a device."""

    measurement: str | None  # its UUID
    device: int | None  # its number in this month


class ReportsPageQuery(LangQuery, PageQuery):
    """The filter of reports; the month of a new one, and who owes one then."""

    month: str | None
    unit: str | None  # a code
    state: str | None
    of: str | None  # YYYY-MM; null: the last month that is due
    due: str | None  # `communes` of the own area; null: provinces


class ReminderQuery(FiguresPageQuery):
    """The groups of communes that a letter addresses, and who signs it."""

    groups: list[str] | None  # null: all that lack samples
    titles: str | None  # lines above the signature; null: those of the letterhead
    signer: str | None  # null: as a report proposes it


class ContactsQuery(LangQuery):
    """The contact to change, or the unit of a new one."""

    id: int | None
    unit: str | None  # a code


class AreaQuerySchema(UnitPageQuerySchema):
    """The filter and the order of an area's units."""

    show = Text(choices=SHOWN, load_default=None)
    sort = Text(choices=(*SORTS, *(f"-{name}" for name in SORTS)), load_default=None)
    page = QueryWhole(1, MAX_PAGES, load_default=1)


class FiguresQuerySchema(AreaQuerySchema):
    """A part of an area's page."""

    part = Text(choices=PARTS, load_default="tasks")


class RemindQuerySchema(AreaQuerySchema):
    """The group of units to remind."""

    show = Text(choices=REMINDED, load_default="lacking")


class ReminderMailSchema(Strict):
    """The contacts that get a reminder."""

    contact = Many(Text(most=10), 0, MAX_RECIPIENTS, load_default=list)


class SamplesPageQuerySchema(PageQuerySchema, SamplesQuerySchema):
    """The filter of a unit's samples."""


class NotesPageQuerySchema(PageQuerySchema, NotesQuerySchema):
    """A month of no-connection notes, and a page."""


class NotesFormSchema(NoteExclusionSchema):
    """The form that excludes notes, or includes them again."""

    month = month_field(load_default=None)
    excluded = Text(choices=("yes", "no"), required=True)  # type: ignore[assignment]

    @post_load
    def read_choice(self, data: Mapping[str, object], **options: Any) -> Mapping[str, object]:
        """Return the choice as a boolean."""
        return {**data, "excluded": data["excluded"] == "yes"}


class SamplePageQuerySchema(PageQuerySchema, SampleQuerySchema):
    """The language, and the level of a unit with an ambiguous code."""


class AreaMonthQuerySchema(MonthQuerySchema):
    """A month of an area, by default the current one, and a cursor."""

    cursor = QueryWhole(1, MAX_ID, load_default=None)


class SignalsPageQuerySchema(QueueQuerySchema):
    """A page of a month's signals, by default the current one, optionally of one commune."""

    unit = Text(most=10, load_default=None)


class ExclusionQuerySchema(MonthQuerySchema):
    """The selection of an exclusion: a measurement or a device."""

    measurement = Text(36, load_default=None)
    device = QueryWhole(0, NUMBER_BELOW - 1, load_default=None)


class PreviewForm(TypedDict):
    """A form that is previewed first."""

    preview: bool


class PreviewFormSchema(Strict):
    """A form that is previewed without `go`."""

    go = Text(choices=("yes",), allow_none=True, load_default=None)

    @post_load
    def as_preview(self, data: Mapping[str, object], **_: Any) -> Mapping[str, object]:
        """Convert `go` to the `preview` of the API."""
        kept = {name: value for name, value in data.items() if name != "go"}
        return kept | {"preview": data["go"] is None}


class LiftFormSchema(LiftSchema):
    """The reason for counting excluded samples again, which a preview needs not."""

    reason = Text(MAX_ACT_REASON, allow_none=True, load_default=None)  # type: ignore[assignment]

    @post_load
    def without_none(self, data: Mapping[str, object], **_: Any) -> Mapping[str, object]:
        """Return no reason as an empty one."""
        return {**data, "reason": data["reason"] or ""}


class ExclusionFormSchema(LiftFormSchema, UnitExclusionSchema):
    """The form of an exclusion, with numbers as text."""

    device = QueryWhole(0, NUMBER_BELOW - 1, allow_none=True, load_default=None)


class VersionFormSchema(Strict):
    """The version of the object in the form."""

    version = Text(most=20, required=True)


class ReportsPageQuerySchema(PageQuerySchema, report_schemas.ReportsQuerySchema):
    """The filter of reports; the month of a new one, by default the last; who owes one then."""

    of = month_field(load_default=None)
    due = Text(choices=("communes",), load_default=None)  # of the own area, not provinces


class RemarksFormSchema(VersionFormSchema):
    """The form of a draft: remarks, and what is chosen for the letter.

    A missing remark is kept. `seen` names the texts with which the form was filled.
    """

    class Meta(VersionFormSchema.Meta):
        include = {name: Text(most=MAX_REMARK, allow_none=True) for name in SECTIONS}

    seen = fields.Dict(fields.String(), fields.String(), load_default=dict)
    rewritten = fields.List(fields.String(), load_default=list)
    kind = Text(choices=tuple(LETTER_KINDS), load_default=None, allow_none=True)
    references = report_schemas.references_field(load_default=list)

    @pre_load
    def gather(self, data: FormFields, **options: Any) -> Mapping[str, object]:
        """Gather the tokens of sections, and those whose remark replaces the sentences."""
        tokens = {name: data.get(f"{name}_seen") for name in SECTIONS}
        return {
            **data,
            "seen": {name: token for name, token in tokens.items() if token},
            "rewritten": [name for name in SECTIONS if data.get(f"{name}_rewrites")],
            "references": split_lines(data.get("references")),
        }

    @post_load
    def by_section(self, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Return the remarks by section, and the letter if the form has it."""
        remarks = {
            name: Remark(data[name] or "", name in data["rewritten"])
            for name in SECTIONS
            if name in data
        }
        letter = {name: data[name] for name in ("kind", "references")}
        return {
            "version": data["version"],
            "seen": data["seen"],
            "remarks": remarks,
            "letter": letter if data["kind"] else None,
        }


class ApprovalFormSchema(report_schemas.ApprovalSchema, VersionFormSchema):
    """The signature of a report; the chosen lines precede other ones."""

    @pre_load
    def by_line(self, data: FormFields, **options: Any) -> Mapping[str, object]:
        """Split the lines above the signature."""
        lines = data.get("proposal") or data.get("titles")
        return {**data, "titles": split_lines(lines) or None}


class SupersedeFormSchema(report_schemas.SupersedeSchema, VersionFormSchema):
    """The reason for another edition."""


# List fields of a letterhead: one entry a line.
LINES = ("recipients", "titles", "copies", "headings", "references")


class TableFormSchema(Strict):
    """The form of a VNNIC table: a new one, or another state of the one that is stored."""

    state = Text(choices=("", *STATES), allow_none=True, load_default=None)
    day = Day(allow_none=True, load_default=None)  # of a new table; null: today


class LetterheadFormSchema(report_schemas.LetterheadChangeSchema, VersionFormSchema):
    """The form of a letterhead."""

    @pre_load
    def by_line(self, data: FormFields, **options: Any) -> Mapping[str, object]:
        """Split list fields into lines."""
        lists = {name: split_lines(data.get(name)) for name in LINES}
        return {"superior": None, "signer": None, **data, **lists}


class ReminderQuerySchema(FiguresPageQuerySchema):
    """The groups of communes that a letter addresses, and who signs it."""

    groups = fields.List(Text(choices=GROUPS_ADDRESSED), load_default=None)
    titles = Text(most=1_000, load_default=None)
    signer = Text(most=report_schemas.MAX_NAME, load_default=None)


class ContactsQuerySchema(PageQuerySchema):
    """The contact to change, or the unit of a new one."""

    id = QueryWhole(1, MAX_ID, load_default=None)
    unit = Text(most=10, load_default=None)


class CommuneDeadlineSchema(Strict):
    """The day before which communes report; empty: they need not."""

    before_day = QueryWhole(*DAYS, allow_none=True, load_default=None)
