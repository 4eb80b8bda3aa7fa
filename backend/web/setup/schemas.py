"""Queries and forms of the pages that set up campaigns."""

from collections.abc import Mapping
from typing import TypedDict

from marshmallow import EXCLUDE, Schema, fields

from backend.accounts.login_names import MAX_NAME as MAX_CONTACT
from backend.campaign_setup.models import DraftContent
from backend.campaign_setup.team_lines import MAX_TEXT
from backend.campaigns.schemas import MAX_CAPACITY, TYPES
from backend.fields import MAX_ID, Many, QueryWhole, Strict, Text
from backend.organisations.schemas import Name, Telephone
from backend.units.search import MAX_NAME
from backend.web.board.schemas import CampaignForm, CampaignFormSchema
from backend.web.site.schemas import LangQuery, PageQuerySchema
from backend.web.site.unit_fields import MAX_LINES

# Letters of a short field of a draft, which is stored as typed.
MAX_SHORT = 300
MAX_TEAMS = 1_000
MAX_PARTS = 100


class PostersQuery(LangQuery):
    """The posters to print."""

    team: int | None  # null: a part of those of all teams
    part: int  # from 1


class DraftQuerySchema(PageQuerySchema):
    """The team whose poster is wanted; without one the part of all posters."""

    team = QueryWhole(1, MAX_ID, load_default=None)
    part = QueryWhole(1, MAX_PARTS, load_default=1)


class DetailsForm(CampaignForm):
    """The first step: the campaign, its organisation and the telephone number on posters."""

    organisation_id: int
    telephone: str | None


class DetailsFormSchema(CampaignFormSchema):
    """The first step: the campaign, its organisation and the telephone number on posters."""

    organisation_id = QueryWhole(1, MAX_ID, required=True)
    telephone = Telephone(allow_none=True, load_default=None)
    state = Text(choices=("draft", "open"), load_default="open")


class TypedSchema(Schema):
    """Fields of a draft as typed, whatever they contain; unknown ones are left out."""

    class Meta:
        unknown = EXCLUDE

    name = Text(MAX_SHORT, allow_none=True)
    organisation_id = Text(MAX_SHORT, allow_none=True)
    first_day = Text(MAX_SHORT, allow_none=True)
    last_day = Text(MAX_SHORT, allow_none=True)
    areas = Text(MAX_LINES, allow_none=True)
    networks = fields.List(Text(MAX_SHORT))
    target = Text(MAX_SHORT, allow_none=True)
    cap = Text(MAX_SHORT, allow_none=True)
    state = Text(MAX_SHORT, allow_none=True)
    telephone = Text(MAX_SHORT, allow_none=True)
    teams = Text(MAX_TEXT, allow_none=True)
    former = fields.List(Text(MAX_SHORT))


class TeamsForm(TypedDict):
    """The second step: a list of teams, and teams of former campaigns."""

    teams: str | None  # one a line, as typed
    former: list[int]
    go: str  # check, start


class TeamsFormSchema(Strict):
    """The second step: a list of teams, and teams of former campaigns."""

    teams = Text(MAX_TEXT, allow_none=True, load_default=None)
    former = Many(QueryWhole(1, MAX_ID), least=0, most=MAX_TEAMS, load_default=list)
    go = Text(choices=("check", "start"), load_default="check")


class TeamPlaceForm(TypedDict):
    """What the leader of a team may change: its home and capacity."""

    home: str | None  # a commune by name
    home_choice: str | None  # the one that was ticked where the name is not clear
    capacity_per_day: int | None
    version: str | None  # that the person saw


class TeamForm(TeamPlaceForm, total=False):
    """A team: of an organiser also its name and type."""

    name: str
    type: str


class TeamPlaceFormSchema(Strict):
    """What the leader of a team may change: its home and capacity."""

    home = Text(MAX_NAME, allow_none=True, load_default=None)
    home_choice = Text(MAX_NAME, allow_none=True, load_default=None)
    capacity_per_day = QueryWhole(0, MAX_CAPACITY, allow_none=True, load_default=None)
    version = Text(12, load_default=None, allow_none=True)


class TeamFormSchema(TeamPlaceFormSchema):
    """A team: also its name and type."""

    name = Name(required=True)
    type = Text(choices=TYPES, required=True)


class LeaderForm(TypedDict):
    """The leader to invite."""

    contact: str  # e-mail address or telephone number


class LeaderFormSchema(Strict):
    """The e-mail address or telephone number of a leader to invite."""

    contact = Text(MAX_CONTACT, required=True)


class SureForm(TypedDict):
    """The confirmation of an act, and the version of what it changes."""

    sure: str
    version: str | None


class SureFormSchema(Strict):
    """The confirmation of an act, and the version of what it changes."""

    sure = Text(choices=("yes",), required=True)
    version = Text(12, load_default=None, allow_none=True)


class ContactForm(TypedDict):
    """What posters show of an organisation."""

    telephone: str | None
    remove_logo: str | None  # `yes`: without its logo from now on


class ContactFormSchema(Strict):
    """What posters show of an organisation: its telephone number and its logo."""

    telephone = Telephone(allow_none=True, load_default=None)
    remove_logo = Text(choices=("yes",), load_default=None)


def typed(values: Mapping[str, object]) -> DraftContent:
    """Return the fields of a draft as typed; too long ones are left out."""
    schema = TypedSchema()
    wrong = schema.validate(values)
    content: DraftContent = schema.load(
        {name: values[name] for name in values if name not in wrong}
    )
    return content
