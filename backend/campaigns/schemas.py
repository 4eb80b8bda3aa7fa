"""Requests and answers about campaigns and teams."""

from typing import Any

from backend.campaigns.service import (
    FIRST_STATES,
    NETWORKS,
    STATES,
    CampaignDetails,
    CampaignSummary,
)
from backend.campaigns.teams import TeamDetails
from backend.fields import MAX_ID, Day, Many, Object, Strict, Text, Whole, schema_of
from backend.http.paging import PageSchema, page_of
from backend.organisations.schemas import (
    YES_NO,
    Name,
    UnitReferenceSchema,
    unit,
)

# All communes of today one by one; a larger area is given by districts and provinces.
MAX_AREAS = 4_000
# The ministry expects hundreds per commune and month.
MAX_TARGET = 1_000_000
# More than a device could measure in a day.
MAX_CAP = 10_000


def _areas(**options: Any) -> Many:
    return Many(Object(UnitReferenceSchema), least=1, most=MAX_AREAS, **options)


def _networks(**options: Any) -> Many:
    return Many(Text(choices=NETWORKS), least=1, most=len(NETWORKS), **options)


class CampaignChangeSchema(Strict):
    """Changes of a campaign; a missing field stays as it is."""

    name = Name()
    first_day = Day()
    last_day = Day()
    areas = _areas()
    networks = _networks()
    target = Whole(1, MAX_TARGET, allow_none=True)
    cap = Whole(1, MAX_CAP, allow_none=True)
    state = Text(choices=STATES)


class CampaignCreateSchema(Strict):
    """A new campaign."""

    organisation_id = Whole(1, MAX_ID, required=True)
    name = Name(required=True)
    first_day = Day(required=True)
    last_day = Day(required=True)
    areas = _areas(required=True)
    networks = _networks(load_default=["mobile"])
    target = Whole(1, MAX_TARGET, allow_none=True, load_default=None)
    cap = Whole(1, MAX_CAP, allow_none=True, load_default=None)
    state = Text(choices=FIRST_STATES, load_default="draft")


CampaignSummarySchema = schema_of(CampaignSummary, "")
CampaignSchema = schema_of(CampaignDetails, "")
CampaignPageSchema = page_of(CampaignSummarySchema, "CampaignPage")  # the latest first


TYPES = ("youth", "community_digital", "staff", "other")
# A volunteer alone measures some hundred times a day at most, and teams have some dozens.
MAX_CAPACITY = 100_000


class TeamsQuerySchema(PageSchema):
    """Filters of teams; ended ones are left out by default."""

    ended = Text(choices=YES_NO, load_default="false")


class TeamChangeSchema(Strict):
    """Changes of a team; a missing field stays as it is."""

    name = Name()
    type = Text(choices=TYPES)
    home_unit = unit()
    capacity_per_day = Whole(0, MAX_CAPACITY, allow_none=True)


class TeamCreateSchema(TeamChangeSchema):
    """A new team."""

    name = Name(required=True)
    type = Text(choices=TYPES, required=True)
    home_unit = unit(load_default=None)
    capacity_per_day = Whole(0, MAX_CAPACITY, allow_none=True, load_default=None)


TeamSchema = schema_of(TeamDetails, "")
TeamPageSchema = page_of(TeamSchema, "TeamPage")  # in Vietnamese order
