"""Schemas of decisions on measurements of a campaign, and of changes of it."""

from typing import Any, TypedDict

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from backend.campaigns.schemas import CampaignChangeSchema, CampaignSchema
from backend.campaigns.service import CampaignChanges
from backend.fields import MAX_ID, Day, Flag, Many, Object, Reason, Strict, Text, Whole, schema_of
from backend.measurements.corrections.service import MAX_MEASUREMENTS, Choice, TeamTotals
from backend.measurements.recording.intake import parse_ids
from backend.measurements.recording.rules import NETWORKS

MAX_REASON = 500


class DecisionRequest(TypedDict):
    """Chosen measurements and reason, as `DecisionSchema` reads them."""

    choice: Choice
    reason: str
    preview: bool  # only show the effect


class CorrectionCreate(DecisionRequest):
    """A correction, as `CorrectionCreateSchema` reads it."""

    team_id: int | None  # null: of no team


class ExclusionCreate(DecisionRequest):
    """An exclusion, as `ExclusionCreateSchema` reads it."""

    excluded: bool  # false: its reversal


class Changes(TypedDict):
    """Changes of a campaign, as `ChangesSchema` reads them."""

    changes: CampaignChanges
    preview: bool


class ChoiceFilterSchema(Strict):
    """Properties of the campaign's earnings; all given ones must match."""

    team_id = Whole(1, MAX_ID)
    member = Whole(1, 2**62)
    unit_id = Whole(1, MAX_ID)
    network = Text(choices=NETWORKS)
    first_day = Day()
    last_day = Day()

    @validates_schema
    def check(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse to tell in which commune a member measured."""
        if {"member", "unit_id"} <= data.keys():
            raise ValidationError({name: ["member_or_unit"] for name in ("member", "unit_id")})


class DecisionSchema(Strict):
    """Chosen measurements and reason; with `preview` only the effect is shown."""

    measurements = Many(Text(36), 0, MAX_MEASUREMENTS)
    filter = Object(ChoiceFilterSchema)
    reason = Reason(MAX_REASON, required=True)
    preview = Flag(load_default=False)

    @validates_schema
    def check(self, data: dict[str, Any], **_: Any) -> None:
        """Require either ids or a filter."""
        if bool(data.get("measurements")) == bool(data.get("filter")):
            raise ValidationError({"measurements": ["ids_or_filter"]})

    @post_load
    def choose(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Build the choice from ids or filter."""
        ids = parse_ids(data.get("measurements") or (), "measurements")
        return data | {"choice": Choice(ids, **(data.get("filter") or {}))}


class CorrectionCreateSchema(DecisionSchema):
    """A correction: to a team, or with null to none."""

    team_id = Whole(1, MAX_ID, required=True, allow_none=True)


class ExclusionCreateSchema(DecisionSchema):
    """An exclusion from the campaign's figures; with `excluded` false its reversal."""

    excluded = Flag(load_default=True)


TeamTotalsSchema = schema_of(TeamTotals, "")


class MovedTotalsSchema(Schema):
    """The team totals before and after."""

    before = fields.List(fields.Nested(TeamTotalsSchema), required=True)
    after = fields.List(fields.Nested(TeamTotalsSchema), required=True)


class DecisionEffectSchema(MovedTotalsSchema):
    """Effect of a decision, stored or previewed."""

    preview = fields.Boolean(required=True)
    measurements = fields.Integer(required=True)
    final = fields.Integer(required=True)


class ChangesSchema(Strict):
    """Changes of a campaign; with `preview` only the effect is shown."""

    changes = Object(CampaignChangeSchema, required=True)
    preview = Flag(load_default=False)


class ChangeEffectSchema(MovedTotalsSchema):
    """Effect of a change of a campaign, stored or previewed; `changed` earnings."""

    changed = fields.Integer(required=True)
    preview = fields.Boolean(required=True)
    campaign = fields.Nested(CampaignSchema, required=True)
