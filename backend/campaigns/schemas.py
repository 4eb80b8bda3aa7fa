"""Requests and answers about campaigns."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from backend.campaigns.states import NETWORKS, NEW_STATES, STATES
from backend.fields import ID_MOST, Day, Object, Strict, Text, Whole
from backend.organisations.fields import (
    Many,
    Name,
    PageSchema,
    QueryId,
    UnitNamedSchema,
    UnitToldSchema,
)

# All communes of today one by one; whoever wants more names districts and provinces.
AREAS_MOST = 4_000
# The ministry asks for hundreds per commune and month.
TARGET_MOST = 1_000_000
# More than a device could measure in a day.
CAP_MOST = 10_000


def _areas(**options: Any) -> Many:
    return Many(Object(UnitNamedSchema), least=1, most=AREAS_MOST, **options)


def _networks(**options: Any) -> Many:
    return Many(Text(choices=NETWORKS), least=1, most=len(NETWORKS), **options)


class CampaignsQuerySchema(PageSchema):
    """Which campaigns to list; `day`: those that it lies in."""

    organisation = QueryId(load_default=None)
    state = Text(choices=STATES, load_default=None)
    day = Day(load_default=None)


class _AreaSchema(Strict):
    """The area: units of any level, or those of a cluster of communes as it is now."""

    @validates_schema
    def check_area(self, data: dict[str, Any], **_: Any) -> None:
        """One way of naming it."""
        if "areas" in data and "cluster_id" in data:
            raise ValidationError({"cluster_id": ["areas_or_cluster"]})


class CampaignChangeSchema(_AreaSchema):
    """What of a campaign is to change; what is not named stays."""

    name = Name()
    first_day = Day()
    last_day = Day()
    areas = _areas()
    cluster_id = Whole(1, ID_MOST)
    networks = _networks()
    target = Whole(1, TARGET_MOST, allow_none=True)
    cap = Whole(1, CAP_MOST, allow_none=True)
    state = Text(choices=STATES)


class CampaignNewSchema(_AreaSchema):
    """A new campaign."""

    @validates_schema
    def check_named(self, data: dict[str, Any], **_: Any) -> None:
        """A campaign has an area."""
        if "areas" not in data and "cluster_id" not in data:
            raise ValidationError({"areas": ["required"]})

    organisation_id = Whole(1, ID_MOST, required=True)
    name = Name(required=True)
    first_day = Day(required=True)
    last_day = Day(required=True)
    areas = _areas()
    cluster_id = Whole(1, ID_MOST)
    networks = _networks(load_default=["mobile"])
    target = Whole(1, TARGET_MOST, allow_none=True, load_default=None)
    cap = Whole(1, CAP_MOST, allow_none=True, load_default=None)
    state = Text(choices=NEW_STATES, load_default="draft")


class CampaignListedSchema(Schema):
    """A campaign as lists show it."""

    id = fields.Integer(required=True)
    organisation_id = fields.Integer(required=True)
    name = fields.String(required=True)
    first_day = fields.Date(required=True)
    last_day = fields.Date(required=True)
    networks = fields.List(fields.String(), required=True)
    target = fields.Integer(required=True, allow_none=True)
    cap = fields.Integer(required=True, allow_none=True)
    state = fields.String(required=True)
    demo = fields.Boolean(required=True)
    version = fields.Integer(required=True)


class CampaignSchema(CampaignListedSchema):
    """A campaign; `target` per commune where it differs, `cap` per device and day."""

    areas = fields.List(fields.Nested(UnitToldSchema), required=True)


class CampaignPageSchema(Schema):
    """A page of campaigns, those that begin last first."""

    items = fields.List(fields.Nested(CampaignListedSchema), required=True)
    next = fields.String(required=True, allow_none=True)
