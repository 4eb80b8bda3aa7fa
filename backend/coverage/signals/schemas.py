"""Schemas of signals of gaming and of decisions on them."""

from marshmallow import Schema, fields

from backend.coverage.figures.schemas import UnitWithLevelSchema, month_field
from backend.coverage.signals.service import KINDS, STATES
from backend.fields import Strict, Text
from backend.http.paging import PageSchema
from backend.organisations.schemas import BriefSchema
from backend.units.catalogue import LEVELS
from backend.units.schemas import UnitNameSchema

# Some ten sentences: the explanation, or the measures taken.
NOTE_MOST = 1_000


class UnitMonthQuerySchema(Strict):
    """Month, by default the current one; the level if a code is that of two units."""

    month = month_field(load_default=None)
    level = Text(choices=LEVELS, load_default=None)


class UnitSignalsQuerySchema(UnitMonthQuerySchema, PageSchema):
    """A page of a month's signals, optionally of one kind."""

    kind = Text(choices=KINDS, load_default=None)


class CampaignSignalsQuerySchema(UnitSignalsQuerySchema):
    """Month, by default the campaign's latest, and optionally one unit."""

    unit = Text(most=10, load_default=None, metadata={"description": "the code of a unit"})


class SignalDecisionSchema(Strict):
    """The decision on a signal, with a note."""

    state = Text(choices=STATES, required=True)
    note = Text(most=NOTE_MOST, allow_none=True, load_default=None)


class SignalDeviceSchema(Schema):
    """A device by its number of the month, with its volunteer and team in the campaign."""

    number = fields.Integer(required=True)
    volunteer = fields.Integer(required=True, allow_none=True)
    team_id = fields.Integer(required=True, allow_none=True)


class SignalEvidenceSchema(Schema):
    """Extent of a signal and the figures that exceeded a limit."""

    devices = fields.Integer(required=True)
    measurements = fields.Integer(required=True)
    # Stored as text.
    first_day = fields.String(required=True, metadata={"format": "date"})
    last_day = fields.String(required=True, metadata={"format": "date"})
    facts = fields.Dict(keys=fields.String(), values=fields.Raw(), required=True)


class SignalSchema(Schema):
    """One signal with its evidence, innocent explanations, and the decision on it."""

    id = fields.Integer(required=True)
    kind = fields.String(required=True, metadata={"enum": list(KINDS)})
    month = fields.String(required=True)
    title = fields.String(required=True)
    message = fields.String(required=True)
    may_be = fields.String(required=True)
    evidence = fields.Nested(SignalEvidenceSchema, required=True)
    devices = fields.List(fields.Nested(SignalDeviceSchema), required=True)
    units = fields.List(
        fields.Nested(UnitNameSchema),
        required=True,
        metadata={"description": "the communes of its samples"},
    )
    found_at = fields.AwareDateTime(required=True)
    state = fields.String(required=True, metadata={"enum": list(STATES)})
    note = fields.String(required=True, allow_none=True)
    changed_at = fields.AwareDateTime(required=True, allow_none=True)
    current = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={"description": "false: no longer found; null: not computed now"},
    )


class SignalKindSchema(Schema):
    """A kind of signal and how many there are, whatever the page."""

    kind = fields.String(required=True, metadata={"enum": list(KINDS)})
    title = fields.String(required=True)
    n = fields.Integer(required=True)


class SignalsSchema(Schema):
    """A page of the signals of a campaign's or unit's month."""

    month = fields.String(required=True)
    campaign = fields.Nested(BriefSchema, required=True, allow_none=True)
    unit = fields.Nested(UnitWithLevelSchema, required=True, allow_none=True)
    measurements = fields.Integer(required=True, metadata={"description": "valid tests"})
    devices = fields.Integer(
        required=True, metadata={"description": "counted in each commune where they measured"}
    )
    as_of = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={"description": "the oldest search of a commune; null without samples"},
    )
    pending = fields.Integer(
        required=True,
        metadata={"description": "communes whose changed samples will be searched later"},
    )
    networks_note = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "that no list of carriers' networks is loaded"},
    )
    explained = fields.String(required=True)
    kinds = fields.List(fields.Nested(SignalKindSchema), required=True)
    items = fields.List(fields.Nested(SignalSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class RegistrationsOfDaySchema(Schema):
    """New devices of one commune and day."""

    unit = fields.Nested(UnitNameSchema, required=True)
    day = fields.Date(required=True)
    registered = fields.Integer(required=True)
    once = fields.Integer(required=True, metadata={"description": "with one measurement so far"})


class RegistrationsSchema(Schema):
    """New devices of a unit's month."""

    month = fields.String(required=True)
    unit = fields.Nested(UnitWithLevelSchema, required=True)
    registered = fields.Integer(required=True)
    items = fields.List(fields.Nested(RegistrationsOfDaySchema), required=True)
