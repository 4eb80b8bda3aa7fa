"""Shapes of decisions on single measurements of a campaign."""

from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from backend.campaigns.schemas import CampaignChangeSchema, CampaignSchema
from backend.fields import ID_MOST, Day, Flag, Object, Strict, Text, Whole
from backend.measurements.corrections.service import MEASUREMENTS_MOST, Choice
from backend.measurements.recording.incoming import read_id
from backend.measurements.recording.rules import NETWORKS

REASON_MOST = 500
PAGE_MOST = 500


def _number(most: int, **options: Any) -> fields.Integer:
    """A whole number in a query string, which is text."""
    allowed = validate.Range(1, most, error="out_of_range")
    return fields.Integer(validate=allowed, error_messages={"invalid": "not_whole"}, **options)


class ChoiceSchema(Strict):
    """The campaign's earnings that fit all that is given."""

    team_id = Whole(1, ID_MOST)
    member = Whole(1, 2**62)
    unit_id = Whole(1, ID_MOST)
    network = Text(choices=NETWORKS)
    first_day = Day()
    last_day = Day()


class DecisionSchema(Strict):
    """Which measurements, why, and whether it is only to be shown."""

    measurements = fields.List(Text(36), validate=lambda ids: len(ids) <= MEASUREMENTS_MOST)
    filter = Object(ChoiceSchema)
    reason = Text(REASON_MOST, required=True)
    preview = Flag(load_default=False)

    @validates_schema
    def check(self, data: dict[str, Any], **_: Any) -> None:
        """One way of choosing, and a reason that says something."""
        if bool(data.get("measurements")) == bool(data.get("filter")):
            raise ValidationError({"measurements": ["ids_or_filter"]})
        if not data.get("reason", "").strip():
            raise ValidationError({"reason": ["required"]})

    @post_load
    def choose(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Make the choice out of ids or filter."""
        return data | {"choice": _choice(data)}


class CorrectionSchema(DecisionSchema):
    """A correction: to a team, or with null to nobody."""

    team_id = Whole(1, ID_MOST, required=True, allow_none=True)


class ExclusionSchema(DecisionSchema):
    """Out of the campaign's figures, or with false back into them."""

    excluded = Flag(load_default=True)


class TeamWorthSchema(Schema):
    """What the measurements are worth to a team."""

    team_id = fields.Integer(required=True)
    received = fields.Integer(required=True)
    counted = fields.Integer(required=True)


class DecidedSchema(Schema):
    """What a decision changed, or would change."""

    preview = fields.Boolean(required=True)
    measurements = fields.Integer(required=True)
    final = fields.Integer(required=True)
    before = fields.List(fields.Nested(TeamWorthSchema), required=True)
    after = fields.List(fields.Nested(TeamWorthSchema), required=True)


class ChangesSchema(Strict):
    """What of a campaign is to change, and whether it is only to be shown."""

    changes = Object(CampaignChangeSchema, required=True)
    preview = Flag(load_default=False)


class ChangedSchema(Schema):
    """What a change of a campaign moved, or would move."""

    preview = fields.Boolean(required=True)
    campaign = fields.Nested(CampaignSchema, required=True)
    changed = fields.Integer(required=True)
    before = fields.List(fields.Nested(TeamWorthSchema), required=True)
    after = fields.List(fields.Nested(TeamWorthSchema), required=True)


class CorrectedSchema(Schema):
    """One correction."""

    id = fields.Integer(required=True)
    measurement_id = fields.String(required=True)
    before_team_id = fields.Integer(required=True, allow_none=True)
    team_id = fields.Integer(required=True, allow_none=True)
    reason = fields.String(required=True)
    user_id = fields.Integer(required=True, allow_none=True)
    at = fields.AwareDateTime(required=True)


class CorrectionsSchema(Schema):
    """A page of corrections, the latest first."""

    items = fields.List(fields.Nested(CorrectedSchema), required=True)
    next = fields.Integer(required=True, allow_none=True)


class CorrectionsQuerySchema(Strict):
    """Which page."""

    cursor = _number(2**62, load_default=None)
    limit = _number(PAGE_MOST, load_default=100)


def _choice(data: dict[str, Any]) -> Choice:
    given = data.get("filter") or {}
    ids: list[UUID] = []
    for place, written in enumerate(data.get("measurements") or ()):
        identity = read_id(written)
        if identity is None:
            raise ValidationError({f"measurements.{place}": ["not_uuid"]})
        ids.append(identity)
    return Choice(
        ids,
        team=given.get("team_id"),
        member=given.get("member"),
        unit=given.get("unit_id"),
        network=given.get("network"),
        first=given.get("first_day"),
        last=given.get("last_day"),
    )
