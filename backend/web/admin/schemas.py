"""Queries and forms of admins' pages, whose values are text."""

from datetime import date
from typing import Any, TypedDict

from marshmallow import ValidationError, fields, validate, validates_schema

from backend.accounts.audit import AuditQuery
from backend.accounts.login_names import MAX_NAME
from backend.accounts.schemas import ROLES, AuditQuerySchema, Label
from backend.coverage.figures.schemas import month_field
from backend.coverage.targets.schemas import MAX_SOURCE, MAX_THRESHOLD
from backend.coverage.targets.service import PURPOSES
from backend.fields import MAX_ID, Day, Many, QueryWhole, Strict, Text, Whole
from backend.http.paging import MAX_CURSOR
from backend.measurements.recording.reasons import BASES
from backend.measurements.recording.rules import NETWORKS
from backend.notices.service import MAX_TEXT as MAX_NOTICE
from backend.official_import.lines import MAX_LINES, MAX_TEXT
from backend.organisations.grants import KINDS
from backend.organisations.schemas import MAX_NAME as MAX_ORGANISATION
from backend.organisations.schemas import TYPES, Name
from backend.units.catalogue import LEVELS
from backend.units.search import MAX_NAME as MAX_UNIT
from backend.web.site.schemas import LangQuery, PageQuerySchema

# Longest number of a form.
MAX_DIGITS = 12


class FormattedNumber(Whole):
    """A whole number as text, with or without thousands separators."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> float:
        digits = str(value).replace(".", "").replace(",", "").replace(" ", "")
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= MAX_DIGITS):
            raise ValidationError(self.wrong)
        return super()._deserialize(int(digits), *args, **kwargs)


def optional_id() -> FormattedNumber:
    """Return a field of a row's id, or none."""
    return FormattedNumber(1, MAX_ID, allow_none=True, load_default=None)


def optional_unit() -> Text:
    """Return a field of a unit as people name it, or none."""
    return Text(most=MAX_UNIT, allow_none=True, load_default=None)


# A team's name, its organisation's and its number.
MAX_TEAM = 2 * MAX_ORGANISATION + 20
# Rows of a list on a page: a province's communes and their officials are one page.
ROWS = 200
# Names of sets and columns, which a table shows in one line.
MAX_SET_NAME = 100
# Several times the communes of a district.
MAX_SUCCESSORS = 100
MAX_CLUSTER_NAME = 100
# A page of names, one a line.
MAX_UNITS_TEXT = 20_000


class CursorQuery(LangQuery):
    """A cursor of a list."""

    cursor: str | None


class ListQuerySchema(PageQuerySchema):
    """A cursor of a list."""

    cursor = Text(most=MAX_CURSOR, load_default=None)


class PeopleQuery(CursorQuery):
    """A search of people by name or by what they are responsible for, and by role."""

    q: str | None
    role: str | None


class PeopleQuerySchema(ListQuerySchema):
    """A search of people by name or by what they are responsible for, and by role."""

    q = Text(MAX_NAME, load_default=None)
    role = Text(choices=ROLES, load_default=None)


class ProvinceQuery(LangQuery):
    """A province, as people name it."""

    home: str | None


class ProvinceQuerySchema(PageQuerySchema):
    """A province, as people name it."""

    home = Text(most=MAX_UNIT, load_default=None)


class TestMailForm(TypedDict):
    """The address of a test mail."""

    to: str


class TestMailFormSchema(Strict):
    """The address of a test mail."""

    to = Text(most=MAX_NAME, required=True)


class OfficialsForm(TypedDict):
    """A list of officials, the province of its names, and what to do with it."""

    officials: str | None  # a line each
    home: str | None  # as people name it
    home_choice: str | None  # the one that was ticked where the name is not clear
    renew: str | None  # `yes`: new links for those who have not accepted
    mail: str | None  # `yes`: send the links by mail
    known: list[int]  # accounts that are those of the named people
    go: str | None  # `yes`: invite; null: a preview


class OfficialsFormSchema(Strict):
    """A list of officials, the province of its names, and what to do with it."""

    officials = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=MAX_TEXT, error="too_long"),
    )
    home, home_choice = optional_unit(), optional_unit()
    renew = Text(choices=("yes",), allow_none=True, load_default=None)
    mail = Text(choices=("yes",), allow_none=True, load_default=None)
    known = Many(QueryWhole(1, MAX_ID), least=0, most=MAX_LINES, load_default=list)
    go = Text(choices=("yes",), allow_none=True, load_default=None)


# Communes or former districts of one cluster.
MAX_MEMBERS = 200


class ClusterForm(TypedDict):
    """A new cluster of communes: those that are named, and most of the ground of old districts."""

    name: str | None  # null: that of the only old district
    communes: str | None  # one a line, as people name them
    communes_choice: list[str]  # those that were ticked where a line is not clear
    districts: str | None  # that ended in July 2025, one a line
    districts_choice: list[str]


class ClusterFormSchema(Strict):
    """A new cluster of communes: those that are named, and most of the ground of old districts."""

    name = Label(MAX_CLUSTER_NAME, allow_none=True, load_default=None)
    communes = Text(MAX_UNITS_TEXT, allow_none=True, load_default=None)
    communes_choice = Many(Text(MAX_UNIT), least=0, most=MAX_MEMBERS, load_default=list)
    districts = Text(MAX_UNITS_TEXT, allow_none=True, load_default=None)
    districts_choice = Many(Text(MAX_UNIT), least=0, most=MAX_MEMBERS, load_default=list)


class AuditPageQuery(LangQuery, AuditQuery):
    """The filter of the audit log, and the language of the page, whose view sets the limit."""


class AuditPageQuerySchema(PageQuerySchema, AuditQuerySchema):
    """The filter of the audit log, and the language of the page."""

    limit = fields.Integer(load_default=ROWS, dump_only=True)
    reads = Text(choices=("without", "only", "imports", "all"), load_default="without")


class UnitForm(TypedDict):
    """A unit as people name it."""

    unit: str | None
    unit_choice: str | None  # the one that was ticked where the name is not clear


class RoleForm(UnitForm):
    """A role and its scope; the role determines the field of the scope."""

    role: str
    organisation_id: int | None
    team: str | None  # by name
    team_choice: str | None  # the one that was ticked where the name is not clear
    cluster_id: int | None
    last_day: date | None  # null: without an end


class RoleFormSchema(Strict):
    """A role and its scope; the role determines the field of the scope."""

    role = Text(choices=tuple(KINDS), required=True)
    organisation_id = optional_id()
    team = Text(MAX_TEAM, allow_none=True, load_default=None)
    team_choice = Text(MAX_TEAM, allow_none=True, load_default=None)
    unit, unit_choice = optional_unit(), optional_unit()
    cluster_id = optional_id()
    last_day = Day(allow_none=True, load_default=None)


class InvitationForm(RoleForm):
    """An invitation with a first role."""

    person: str  # the login name
    display_name: str | None


class InvitationFormSchema(RoleFormSchema):
    """An invitation with a first role."""

    person = Text(MAX_NAME, required=True)
    display_name = Label(100, allow_none=True, load_default=None)


class SuccessorsForm(TypedDict):
    """The current units that continue a role."""

    units: list[str]  # codes; empty: none
    level: str
    name: str | None


class SuccessorsFormSchema(Strict):
    """The current units that continue a role, or none."""

    units = Many(Text(most=10), least=0, most=MAX_SUCCESSORS, load_default=list)
    level = Text(choices=("province", "commune"), required=True)
    name = Label(200, allow_none=True, load_default=None)


class VersionForm(TypedDict):
    """The version of the object in a form."""

    version: str


class VersionSchema(Strict):
    """The version of the object in a form."""

    version = Text(most=10, required=True)


class TargetTermsForm(TypedDict):
    """The threshold of a target, its days and its source."""

    threshold: int | None  # samples; null exempts a unit
    basis: str
    valid_from: date
    valid_to: date | None  # null: without an end
    source: str


class TargetTermsSchema(Strict):
    """The threshold of a target, its days and its source."""

    threshold = FormattedNumber(1, MAX_THRESHOLD, allow_none=True, load_default=None)
    basis = Text(choices=BASES, required=True)
    valid_from = Day(required=True)
    valid_to = Day(allow_none=True, load_default=None)
    source = Text(most=MAX_SOURCE, required=True)


class TargetForm(TargetTermsForm, UnitForm):
    """A new target of all units of a level, or of one unit."""

    level: str
    network: str
    purpose: str


class TargetFormSchema(TargetTermsSchema):
    """A new target of all units of a level, or of one unit."""

    level = Text(choices=LEVELS, required=True)
    network = Text(choices=NETWORKS, required=True)
    purpose = Text(choices=PURPOSES, required=True)
    unit, unit_choice = optional_unit(), optional_unit()


class TargetChangeForm(TargetTermsForm, VersionForm):
    """Changes of a target, and its version."""


class TargetChangeFormSchema(TargetTermsSchema, VersionSchema):
    """Changes of a target, and its version."""


class OrganisationForm(UnitForm):
    """A new organisation."""

    name: str
    type: str
    parent_id: int | None


class OrganisationFormSchema(Strict):
    """A new organisation."""

    name = Name(required=True)
    type = Text(choices=TYPES, required=True)
    unit, unit_choice = optional_unit(), optional_unit()
    parent_id = optional_id()


class WithdrawalForm(TypedDict):
    """The channel and the day of a withdrawal, without the person."""

    channel: str
    received_on: date


class WithdrawalFormSchema(Strict):
    """The channel and the day of a withdrawal, without the person."""

    channel = Text(choices=("email", "telephone", "letter", "in_person"), required=True)
    received_on = Day(required=True)


class StepForm(TypedDict):
    """A step of handling a withdrawal."""

    step: str  # acknowledged, done


class StepSchema(Strict):
    """A step of handling a withdrawal."""

    step = Text(choices=("acknowledged", "done"), required=True)


class SpanForm(TypedDict):
    """The days whose measurements are reassigned."""

    first: date
    last: date


class SpanFormSchema(Strict):
    """The days whose measurements are reassigned."""

    first = Day(required=True)
    last = Day(required=True)

    @validates_schema
    def in_order(self, data: SpanForm, **_: Any) -> None:
        """Reject a last day before the first; no day would be reassigned."""
        if data["last"] < data["first"]:
            raise ValidationError("before_first_day", "last")


class NewSetForm(TypedDict):
    """A new boundary set, beside its uploaded file."""

    name: str
    quality: str  # published, derived
    valid_from: date
    valid_to: date | None  # null: without an end
    note: str | None
    code_column: str | None  # null: found by its name
    name_column: str | None


class NewSetFormSchema(Strict):
    """A new boundary set, beside its uploaded file."""

    name = Label(MAX_SET_NAME, required=True)
    quality = Text(choices=("published", "derived"), required=True)
    valid_from = Day(required=True)
    valid_to = Day(allow_none=True, load_default=None)
    note = Label(MAX_SOURCE, allow_none=True, load_default=None)
    code_column = Label(MAX_SET_NAME, allow_none=True, load_default=None)
    name_column = Label(MAX_SET_NAME, allow_none=True, load_default=None)


class FindingQuery(LangQuery):
    """The finding of a check that is shown as a close-up."""

    finding: int | None  # its number, from 1


class FindingQuerySchema(PageQuerySchema):
    """The finding of a check that is shown as a close-up."""

    finding = fields.Integer(load_default=None, validate=validate.Range(1, MAX_ID))


class SetForm(TypedDict):
    """A boundary set by its name."""

    name: str


class SetFormSchema(Strict):
    """A boundary set by its name."""

    name = Text(required=True)


class EverythingForm(TypedDict):
    """The confirmation of an irreversible action."""

    sure: str  # `yes`


class EverythingSchema(Strict):
    """The confirmation of an irreversible action."""

    sure = Text(choices=("yes",), required=True)


class NoticeForm(UnitForm):
    """A notice to phones, its last day, and the confirmation of what was previewed."""

    text: str
    month: str | None  # YYYY-MM, in which a phone measured; null: any
    until: date  # the last day
    go: str | None  # the token of the preview


class NoticeFormSchema(Strict):
    """A notice to phones, its last day, and the confirmation of what was previewed."""

    text = Label(MAX_NOTICE, required=True)
    unit, unit_choice = optional_unit(), optional_unit()
    month = month_field(allow_none=True, load_default=None)
    until = Day(required=True)
    go = Text(allow_none=True, load_default=None)
