"""Schemas of a person's rights: export and withdrawal."""

from marshmallow import Schema, fields

from backend.fields import Strict, Text
from backend.organisations.schemas import BriefSchema


class WithdrawalSchema(Strict):
    """A withdrawal by code."""

    withdrawal_code = Text(60, required=True)


class RemovedSchema(Schema):
    """Number of removed records by kind."""

    devices = fields.Integer(required=True)
    measurements = fields.Integer(required=True)
    consents = fields.Integer(required=True)
    receipts = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    no_connection_notes = fields.Integer(required=True)
    positions = fields.Integer(required=True)


class KeptSchema(Schema):
    """Number of records that stay without a person."""

    anonymous_measurements = fields.Integer(required=True)


class WithdrawnSchema(Schema):
    """Result of a withdrawal."""

    removed = fields.Nested(RemovedSchema, required=True)
    kept = fields.Nested(KeptSchema, required=True)
    explanation = fields.String(required=True)


class TeamEffectSchema(Schema):
    """Counted samples of a device for a team, and those of the last 7 days, which would leave."""

    campaign = fields.Nested(BriefSchema, required=True)
    team = fields.Nested(BriefSchema, required=True)
    counted = fields.Integer(required=True)
    recent = fields.Integer(required=True)


class EffectsSchema(Schema):
    """Samples of the last 7 days, which a withdrawal deletes, and older ones; positions to remove.

    Removing positions takes those of `positions_now` at once, and the others until a time.
    """

    display_name = fields.String(required=True, allow_none=True)
    teams = fields.List(fields.Nested(TeamEffectSchema), required=True)
    recent = fields.Integer(required=True)
    recent_counted = fields.Integer(required=True)
    older = fields.Integer(required=True)
    positions_now = fields.Integer(required=True)
    positions_later = fields.Integer(required=True)
    positions_until = fields.AwareDateTime(required=True, allow_none=True)
    without_positions_since = fields.AwareDateTime(required=True, allow_none=True)


class ExportSchema(Schema):
    """All data stored about a device; of archived months numbers, and earnings by commune."""

    exported_at = fields.AwareDateTime(required=True)
    device = fields.Dict(required=True, allow_none=True)
    consents = fields.List(fields.Dict(), required=True)
    measurements = fields.List(fields.Dict(), required=True)
    exclusions = fields.List(fields.Dict(), required=True)
    receipts = fields.List(fields.Dict(), required=True)
    volunteers = fields.List(fields.Dict(), required=True)
    device_links = fields.List(fields.Dict(), required=True)
    memberships = fields.List(fields.Dict(), required=True)
    former_phones = fields.List(fields.Dict(), required=True)
    earnings = fields.List(fields.Dict(), required=True)
    archived_months = fields.List(fields.Dict(), required=True)
    helped_communes = fields.List(fields.Dict(), required=True)
    corrections = fields.List(fields.Dict(), required=True)
    campaign_exclusions = fields.List(fields.Dict(), required=True)
    tickets = fields.List(fields.Dict(), required=True)
    no_connection_notes = fields.List(fields.Dict(), required=True)
    events = fields.List(fields.Dict(), required=True)
    refused = fields.List(fields.Dict(), required=True)
