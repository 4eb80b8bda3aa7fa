"""What the board's forms take, put into the shape of the API's requests."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from marshmallow import fields

from backend.campaigns.schemas import CAP_MOST, TARGET_MOST
from backend.campaigns.service import NETWORKS, STATES
from backend.coverage.plan.schemas import PINNED_MOST, PlanPinRequestSchema
from backend.coverage.signals.schemas import SignalDecisionSchema
from backend.errors import Problem, invalid
from backend.fields import ID_MOST, Day, QueryWhole, Strict, Text
from backend.measurements.corrections.schemas import REASON_MOST
from backend.organisations.fields import Name
from backend.units.service import UnitRow, find

AREA_LETTERS = 200_000  # four thousand lines of a code and a name


class CampaignFormSchema(Strict):
    """A campaign as it is typed; the area is one unit a line."""

    name = Name(required=True)
    first_day = Day(required=True)
    last_day = Day(required=True)
    areas = Text(AREA_LETTERS, required=True)
    networks = fields.List(Text(choices=NETWORKS), required=True)
    target = QueryWhole(1, TARGET_MOST, allow_none=True, load_default=None)
    cap = QueryWhole(1, CAP_MOST, allow_none=True, load_default=None)
    state = Text(choices=STATES, load_default="draft")


class NewCampaignFormSchema(CampaignFormSchema):
    """A new campaign, and whose it is."""

    organisation_id = QueryWhole(1, ID_MOST, required=True)


class PinFormSchema(PlanPinRequestSchema):
    """A pin as it is typed: every number is text."""

    team_id = QueryWhole(1, ID_MOST, required=True)
    samples = QueryWhole(1, PINNED_MOST, required=True)


class SignalFormSchema(SignalDecisionSchema):
    """What a sign came to, and in which month it was read."""

    signal_id = QueryWhole(1, ID_MOST, required=True)


class CorrectionFormSchema(Strict):
    """Which earnings go to which team, and why; with `go` it is done, else shown."""

    from_team = QueryWhole(1, ID_MOST, load_default=None)
    member = QueryWhole(1, 2**53, load_default=None)
    first_day = Day(load_default=None)
    last_day = Day(load_default=None)
    to_team = Text(12, required=True)  # a team's number, or `none`
    reason = Text(REASON_MOST, required=True)
    go = Text(choices=("yes",), load_default=None)


def as_asked(typed: Mapping[str, Any]) -> dict[str, Any]:
    """The API's request of a campaign's form."""
    return dict(typed) | {"areas": areas_of(typed)}


def areas_of(typed: Mapping[str, Any]) -> list[dict[str, str]]:
    """The units that are typed, one a line: a code, and its name or whatever else follows.

    A campaign that spans the reform means a code's unit before it and after it.
    """
    found = {}
    lines = filter(None, map(str.strip, typed["areas"].splitlines()))
    for code in dict.fromkeys(line.split()[0] for line in lines):  # each is looked up once
        units = [unit for day in ("first_day", "last_day") if (unit := _unit(typed[day], code))]
        if not units:
            raise invalid("areas", "unit_unknown")
        found.update({(one.system, one.level, one.code): one for one in units})
    if not found:
        raise invalid("areas", "required")
    return [dict(zip(("system", "level", "code"), key, strict=True)) for key in found]


def area_lines(areas: Iterable[Mapping[str, Any]]) -> str:
    """The area of a campaign as it is typed."""
    return "\n".join(dict.fromkeys(f"{one['code']} {one['name']}" for one in areas))


def _unit(day: date, code: str) -> UnitRow | None:
    try:
        return find(day, code)
    except Problem:
        return None
