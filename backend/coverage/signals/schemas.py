"""Questions about signs of gaming, decisions on them, and answers."""

from marshmallow import Schema, fields

from backend.coverage.figures.schemas import month_asked
from backend.coverage.signals.rules import SIGNALS
from backend.coverage.signals.service import STATES
from backend.fields import Strict, Text
from backend.units.catalogue import LEVELS

# Some ten sentences: why it was no cheat, or what was done.
NOTE_MOST = 1_000


class UnitSignalsQuerySchema(Strict):
    """Which month, the present one unless told; the level where a code names two units."""

    month = month_asked(load_default=None)
    level = Text(choices=LEVELS, load_default=None)


class CampaignSignalsQuerySchema(UnitSignalsQuerySchema):
    """Which month, the campaign's last so far unless told; in one unit, if told."""

    unit = Text(most=10, load_default=None, metadata={"description": "the code of a unit"})


class SignalDecisionSchema(Strict):
    """What a sign came to, and why."""

    state = Text(choices=STATES, required=True)
    note = Text(most=NOTE_MOST, allow_none=True, load_default=None)


class SignalDeviceSchema(Schema):
    """A device by a number of this month; its volunteer and team in the campaign."""

    number = fields.Integer(required=True)
    volunteer = fields.Integer(required=True, allow_none=True)
    team_id = fields.Integer(required=True, allow_none=True)


class SignalEvidenceSchema(Schema):
    """How much there is of a sign, over which days, and the figures that told."""

    devices = fields.Integer(required=True)
    measurements = fields.Integer(required=True)
    # Kept as they are told.
    first_day = fields.String(required=True, metadata={"format": "date"})
    last_day = fields.String(required=True, metadata={"format": "date"})
    facts = fields.Dict(keys=fields.String(), values=fields.Raw(), required=True)


class SignalSchema(Schema):
    """One sign with its evidence, what else it may be, and what people made of it."""

    id = fields.Integer(required=True)
    kind = fields.String(required=True, metadata={"enum": list(SIGNALS)})
    month = fields.String(required=True)
    title = fields.String(required=True)
    message = fields.String(required=True)
    may_be = fields.String(required=True)
    evidence = fields.Nested(SignalEvidenceSchema, required=True)
    devices = fields.List(fields.Nested(SignalDeviceSchema), required=True)
    found_at = fields.AwareDateTime(required=True)
    state = fields.String(required=True, metadata={"enum": list(STATES)})
    note = fields.String(required=True, allow_none=True)
    changed_at = fields.AwareDateTime(required=True, allow_none=True)
    current = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={"description": "false: no longer found; null: nobody looked just now"},
    )


class SignalUnitSchema(Schema):
    """A unit by its name."""

    system = fields.String(required=True)
    level = fields.String(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)


class SignalCampaignSchema(Schema):
    """A campaign by its name."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)


class SignalsSchema(Schema):
    """The signs of a campaign's or unit's month."""

    month = fields.String(required=True)
    campaign = fields.Nested(SignalCampaignSchema, required=True, allow_none=True)
    unit = fields.Nested(SignalUnitSchema, required=True, allow_none=True)
    measurements = fields.Integer(required=True, metadata={"description": "looked at"})
    devices = fields.Integer(required=True)
    explained = fields.String(required=True)
    items = fields.List(fields.Nested(SignalSchema), required=True)


class RegisteredUnitSchema(Schema):
    """A commune."""

    code = fields.String(required=True)
    name = fields.String(required=True)


class RegistrationsOfDaySchema(Schema):
    """New devices of one commune and day."""

    unit = fields.Nested(RegisteredUnitSchema, required=True)
    day = fields.Date(required=True)
    registered = fields.Integer(required=True)
    once = fields.Integer(required=True, metadata={"description": "measured one time so far"})


class RegistrationsSchema(Schema):
    """New devices of a unit's month."""

    month = fields.String(required=True)
    unit = fields.Nested(SignalUnitSchema, required=True)
    registered = fields.Integer(required=True)
    items = fields.List(fields.Nested(RegistrationsOfDaySchema), required=True)
