"""What admins' pages take: their addresses, and the forms that are not the API's own."""

from typing import Any

from marshmallow import fields, post_load, pre_load, validate

from backend.accounts.login_names import NAME_MOST
from backend.accounts.schemas import AuditQuerySchema, Label
from backend.coverage.targets.in_force import PURPOSES
from backend.coverage.targets.schemas import SOURCE_MOST, THRESHOLD_MOST
from backend.fields import ID_MOST, Day, Strict, Text
from backend.http.paging import CURSOR_MOST
from backend.measurements.privacy.request_views import CHANNELS
from backend.measurements.recording.reasons import BASES
from backend.measurements.recording.rules import NETWORKS
from backend.organisations.fields import Many, Name
from backend.organisations.grants import KINDS
from backend.organisations.schemas import TYPES
from backend.units.catalogue import LEVELS
from backend.web.admin.fields import Typed, optional_code, optional_id
from backend.web.site.schemas import LANGUAGES, MONTH, PageQuerySchema

# What a person reads through on a page.
ROWS = 50
# Of a set, and of a column of its file: what a table shows in one line.
SET_NAME_MOST = 100
# The communes of a district, several times.
SUCCESSORS_MOST = 100


class ListQuerySchema(PageQuerySchema):
    """Which page of a list."""

    cursor = Text(most=CURSOR_MOST, load_default=None)


class PeopleQuerySchema(ListQuerySchema):
    """Whom to list: of a name, or all."""

    name = Text(NAME_MOST, load_default=None)

    @pre_load
    def without_empty(self, given: Any, **_: Any) -> dict[str, Any]:
        """Take a field that was left empty for one that was not sent."""
        return _filled(given)


class AuditPageQuerySchema(AuditQuerySchema):
    """The audit log's own questions, of a page in a language."""

    lang = Text(choices=LANGUAGES, load_default=None)
    limit = fields.Integer(load_default=ROWS, dump_only=True)

    @pre_load
    def without_empty(self, given: Any, **_: Any) -> dict[str, Any]:
        """Take a field that was left empty for one that was not sent."""
        return _filled(given)


class RoleFormSchema(Strict):
    """A role, and over what: which of the fields counts depends on the role."""

    role = Text(choices=tuple(KINDS), required=True)
    organisation_id = optional_id()
    team_id = optional_id()
    unit_code = optional_code()
    cluster_id = optional_id()
    last_day = Day(allow_none=True, load_default=None)


class InvitationFormSchema(RoleFormSchema):
    """A person who is let in, with a first role."""

    person = Text(NAME_MOST, required=True)
    display_name = Label(100, allow_none=True, load_default=None)


class SuccessorsFormSchema(Strict):
    """Over which units of today a role goes on; none: over nothing."""

    units = Many(Text(most=10), least=0, most=SUCCESSORS_MOST, load_default=list)
    level = Text(choices=("province", "commune"), required=True)
    name = Label(200, allow_none=True, load_default=None)


class TargetFormSchema(Strict):
    """A new target: of all units of a level, or of one."""

    level = Text(choices=LEVELS, required=True)
    network = Text(choices=NETWORKS, required=True)
    purpose = Text(choices=PURPOSES, required=True)
    unit_code = optional_code()
    threshold = Typed(1, THRESHOLD_MOST, required=True)
    basis = Text(choices=BASES, required=True)
    valid_from = Day(required=True)
    valid_to = Day(allow_none=True, load_default=None)
    source = Text(most=SOURCE_MOST, required=True)


class TargetChangeFormSchema(Strict):
    """What of a target may change, and the version that was seen."""

    threshold = Typed(1, THRESHOLD_MOST, required=True)
    basis = Text(choices=BASES, required=True)
    valid_from = Day(required=True)
    valid_to = Day(allow_none=True, load_default=None)
    source = Text(most=SOURCE_MOST, required=True)
    version = Text(most=10, required=True)


class OrganisationFormSchema(Strict):
    """A new organisation."""

    name = Name(required=True)
    type = Text(choices=TYPES, required=True)
    unit_code = optional_code()
    parent_id = optional_id()


class VersionSchema(Strict):
    """The version of a thing that somebody saw."""

    version = Text(most=10, required=True)


class WithdrawalFormSchema(Strict):
    """How and on which day somebody asked to be withdrawn; never who."""

    channel = Text(choices=CHANNELS, required=True)
    received_on = Day(required=True)


class SpanFormSchema(Strict):
    """The days of which measurements are placed again."""

    first = Day(required=True)
    last = Day(required=True)


class MonthFormSchema(Strict):
    """The month that is judged again; in earnest only where somebody says so."""

    month = fields.String(required=True, validate=validate.Regexp(MONTH, error="not_month"))
    dry_run = Text(choices=("yes", "no"), required=True)

    @post_load
    def decided(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Say it as the work takes it."""
        return data | {"dry_run": data["dry_run"] == "yes"}


class NewSetFormSchema(Strict):
    """A boundary set whose file is sent: its name, its days, how far it can be trusted."""

    name = Label(SET_NAME_MOST, required=True)
    quality = Text(choices=("published", "derived"), required=True)
    valid_from = Day(required=True)
    valid_to = Day(allow_none=True, load_default=None)
    note = Label(SOURCE_MOST, allow_none=True, load_default=None)
    code_column = Label(SET_NAME_MOST, allow_none=True, load_default=None)
    name_column = Label(SET_NAME_MOST, allow_none=True, load_default=None)
    file = Text(load_default=None, allow_none=True)

    @post_load
    def without_file(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The file comes beside the form."""
        return {name: value for name, value in data.items() if name != "file"}


class FindingQuerySchema(PageQuerySchema):
    """Which thing that a check found is looked at from near."""

    finding = fields.Integer(load_default=None, validate=validate.Range(1, ID_MOST))


class SetFormSchema(Strict):
    """A boundary set by its name."""

    name = Text(required=True)


class EverythingSchema(Strict):
    """What is not undone wants to be said twice."""

    sure = Text(choices=("yes",), required=True)


def _filled(given: Any) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value != ""}
