"""Schemas of a person's rights: export and withdrawal."""

from marshmallow import Schema, fields

from backend.fields import Strict, Text, schema_of
from backend.measurements.privacy.effects import Effects
from backend.measurements.privacy.withdrawal import Withdrawn


class WithdrawalSchema(Strict):
    """A withdrawal by code."""

    withdrawal_code = Text(60, required=True)


WithdrawnSchema = schema_of(Withdrawn, "")
EffectsSchema = schema_of(Effects, "")


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
