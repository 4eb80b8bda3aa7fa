"""Queries and forms of the campaign pages, and their conversion to API requests."""

from datetime import date
from datetime import date as Date
from typing import Any, NotRequired, TypedDict

from marshmallow import ValidationError, fields, post_load

from backend.campaigns.schemas import MAX_AREAS, MAX_CAP, MAX_TARGET
from backend.campaigns.service import STATES, CampaignChanges
from backend.coverage.contributions.query import BY
from backend.coverage.exclusions.review import MAX_SIGNALS, ChosenSignal, parse_signals
from backend.coverage.signals.schemas import MAX_NOTE
from backend.coverage.signals.service import KINDS
from backend.coverage.signals.service import STATES as SIGNAL_STATES
from backend.errors import invalid
from backend.fields import MAX_ID, Day, Many, QueryWhole, Strict, Text
from backend.http.paging import MAX_CURSOR
from backend.measurements.corrections.schemas import MAX_REASON
from backend.measurements.recording.rules import NETWORKS
from backend.organisations.references import UnitReference
from backend.organisations.schemas import Name
from backend.units.search import MAX_NAME
from backend.web.site.schemas import ListQuery, ListQuerySchema, MonthQuery, MonthQuerySchema
from backend.web.site.unit_fields import MAX_LINES, read_units, unit_reference

ALL_STATES = "all"
# More than the largest team can measure on a day: 100 people with one sample every five minutes.
MAX_PINNED = 10_000
# An hour and a half by motorbike on the roads of a mountain province.
MAX_RADIUS_KM = 50
# Signals of a decision in an address: ids with points between them.
MAX_DONE = 2_000


class QueueQuery(MonthQuery):
    """A page of signals: its filter, the opened signal, and those that were just decided."""

    state: str  # a state of signals, or ALL_STATES
    kind: str | None
    cursor: str | None
    open: int | None  # the signal whose evidence is shown; null: the first one
    done: str | None  # ids with points between them
    part: str | None  # `evidence`: only this part, for the script of the page
    team: NotRequired[str | None]  # of a campaign
    unit: NotRequired[str | None]  # of an area, by code


class QueueQuerySchema(MonthQuerySchema):
    """A page of signals: its filter, the opened signal, and those that were just decided."""

    state = Text(choices=(*SIGNAL_STATES, ALL_STATES), load_default=SIGNAL_STATES[0])
    kind = Text(choices=("", *KINDS), load_default=None)
    cursor = Text(most=MAX_CURSOR, load_default=None)
    open = QueryWhole(1, MAX_ID, load_default=None)
    done = Text(most=MAX_DONE, load_default=None)
    part = Text(choices=("evidence",), load_default=None)


class SignalsPageQuerySchema(QueueQuerySchema):
    """A page of a campaign's signals, optionally of one team."""

    team = Text(most=10, load_default=None)


class BoardQuery(MonthQuery):
    """A month, by default the whole campaign, and a network, by default both."""

    network: str | None


class BoardQuerySchema(MonthQuerySchema):
    """A month, by default the whole campaign, and a network, by default both."""

    network = Text(choices=NETWORKS, load_default=None)


class TeamsQuery(BoardQuery):
    """The grouping of contributions, the page of teams, and the cursor of other groups."""

    page: int
    by: str  # team, unit, day, organisation
    cursor: str | None


class TeamsQuerySchema(BoardQuerySchema, ListQuerySchema):
    """The grouping of contributions, the page of teams, and the cursor of other groups."""

    by = Text(choices=BY, load_default="team")
    cursor = Text(most=MAX_CURSOR, load_default=None)


class CorrectionsQuery(ListQuery):
    """The team or member whose samples move, and the page of the corrections made."""

    from_team: int | None
    member: int | None


class CorrectionsQuerySchema(ListQuerySchema):
    """The team or member whose samples move, and the page of the corrections made."""

    from_team = QueryWhole(1, MAX_ID, load_default=None)
    member = QueryWhole(1, 2**53, load_default=None)


class TodayQuery(BoardQuery):
    """The month and network of a campaign's day, and the page of teams of one that ended."""

    page: int


class TodayQuerySchema(BoardQuerySchema, ListQuerySchema):
    """The month and network of a campaign's day, and the page of teams of one that ended."""


class CertificatesQuery(ListQuery):
    """The team whose certificates are wanted, and the page of their list."""

    team: int | None  # null: all


class CertificatesQuerySchema(ListQuerySchema):
    """The team whose certificates are wanted, by default all, and the page of their list."""

    team = QueryWhole(1, MAX_ID, load_default=None)


class PlanPageQuery(ListQuery):
    """The plan to show, and the page of its teams."""

    date: Date | None  # null: the next day to prepare
    network: str | None  # null: the first one of the campaign
    team_id: int | None  # null: of all visible teams
    unit: str | None  # a commune by name, to fill the form that pins one


class PlanPageQuerySchema(ListQuerySchema):
    """The day, network and, optionally, team of a plan, and the page of its teams."""

    date = Day(load_default=None)
    network = Text(choices=NETWORKS, load_default=None)
    team_id = QueryWhole(1, MAX_ID, load_default=None)
    unit = Text(MAX_NAME, load_default=None)


class CampaignForm(TypedDict):
    """The form of a campaign; the area has one unit a line."""

    name: str
    first_day: date
    last_day: date
    areas: str | None
    areas_choice: list[str]  # units that were ticked where a line is not clear
    networks: list[str]
    target: int | None
    cap: int | None
    state: str


class CampaignFormSchema(Strict):
    """The form of a campaign; the area has one unit a line."""

    name = Name(required=True)
    first_day = Day(required=True)
    last_day = Day(required=True)
    areas = Text(MAX_LINES, allow_none=True, load_default=None)
    areas_choice = Many(Text(MAX_NAME), least=0, most=MAX_AREAS, load_default=list)
    networks = fields.List(Text(choices=NETWORKS), required=True)
    target = QueryWhole(1, MAX_TARGET, allow_none=True, load_default=None)
    cap = QueryWhole(1, MAX_CAP, allow_none=True, load_default=None)
    state = Text(choices=STATES, load_default="draft")


class UnpinForm(TypedDict):
    """The key of a pin."""

    team_id: int
    unit: str  # a commune's code on the day
    date: Date
    network: str | None


class UnpinFormSchema(Strict):
    """The key of a pin; the unit is a commune's code on the day."""

    team_id = QueryWhole(1, MAX_ID, required=True)
    unit = Text(most=10, required=True)
    date = Day(required=True)
    network = Text(choices=NETWORKS, load_default=None)


class PinForm(TypedDict):
    """The form of a pin."""

    team_id: int
    unit: str  # a commune by name
    unit_choice: str | None  # the one that was ticked where the name is not clear
    date: Date
    network: str | None
    samples: int


class PinFormSchema(UnpinFormSchema):
    """The form of a pin, with the commune by name."""

    unit = Text(MAX_NAME, required=True)
    unit_choice = Text(MAX_NAME, allow_none=True, load_default=None)
    samples = QueryWhole(1, MAX_PINNED, required=True)


class SignalsForm(TypedDict):
    """One decision on the selected signals."""

    signals: list[ChosenSignal]
    state: str
    note: str | None  # the reason


class SentSignals(TypedDict):
    """One decision, with the signals as the form names them."""

    signals: list[str]  # id and version
    state: str
    note: str | None


class SignalsFormSchema(Strict):
    """One decision on the selected signals, with its reason."""

    signals = fields.List(Text(24), required=True)
    state = Text(choices=SIGNAL_STATES, required=True)
    note = Text(MAX_NOTE, allow_none=True, load_default=None)

    @post_load
    def as_request(self, data: SentSignals, **_: Any) -> SignalsForm:
        """Parse the signals and their versions."""
        if not data["signals"]:
            raise ValidationError({"signals": ["no_signal_chosen"]})
        if len(data["signals"]) > MAX_SIGNALS:
            raise ValidationError({"signals": ["wrong_length"]})
        return {
            "signals": parse_signals(data["signals"]),
            "state": data["state"],
            "note": data["note"],
        }


class LimitsForm(TypedDict):
    """The form of a plan's limits, with the day and network of the shown plan."""

    radius_km: int
    visit_least: int  # samples
    assumed_capacity: int  # samples a day, of teams that set none
    community_travels: str | None  # `on`
    date: Date | None
    network: str | None


class LimitsFormSchema(Strict):
    """The form of a plan's limits, with the day and network of the shown plan."""

    radius_km = QueryWhole(1, MAX_RADIUS_KM, required=True)
    visit_least = QueryWhole(1, MAX_PINNED, required=True)
    assumed_capacity = QueryWhole(1, MAX_PINNED, required=True)
    community_travels = Text(choices=("on",), load_default=None)
    date = Day(load_default=None)
    network = Text(choices=NETWORKS, load_default=None)


class CorrectionForm(TypedDict):
    """The form of a correction, or of its reversal."""

    from_team: int | None
    member: int | None
    first_day: date | None
    last_day: date | None
    to_team: str | None  # a team's number, or `none`
    undo: int | None  # a correction of the decision
    reason: str | None


class CorrectionFormSchema(Strict):
    """The form of a correction, or of its reversal."""

    from_team = QueryWhole(1, MAX_ID, load_default=None)
    member = QueryWhole(1, 2**53, load_default=None)
    first_day = Day(load_default=None)
    last_day = Day(load_default=None)
    to_team = Text(12, allow_none=True, load_default=None)  # a team's number, or `none`
    undo = QueryWhole(1, MAX_ID, load_default=None)  # a correction of the decision
    reason = Text(MAX_REASON, allow_none=True, load_default=None)


def campaign_request(form: CampaignForm, home: int | None = None) -> CampaignChanges:
    """Convert the form of a campaign to the request of the API."""
    return {
        "name": form["name"],
        "first_day": form["first_day"],
        "last_day": form["last_day"],
        "networks": form["networks"],
        "target": form["target"],
        "cap": form["cap"],
        "state": form["state"],
        "areas": parse_areas(form, home),
    }


def parse_areas(form: CampaignForm, home: int | None = None) -> list[UnitReference]:
    """Return the units of a text with one a line, on the first and the last day of a campaign."""
    days = [form["last_day"], form["first_day"]]
    units = read_units(form, "areas", days, home=home)
    if not units:
        raise invalid("areas", "required")
    return [unit_reference(unit) for unit in units]
