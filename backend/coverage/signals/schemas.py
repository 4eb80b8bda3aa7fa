"""Schemas of signals of gaming and of decisions on them."""

from marshmallow import Schema, fields

from backend.coverage.figures.schemas import UnitWithLevelSchema, month_field
from backend.coverage.signals.findings import SignalDevice
from backend.coverage.signals.service import KINDS, STATES, TeamCount
from backend.fields import MAX_ID, QueryWhole, Strict, Text, schema_of
from backend.http.paging import PageSchema
from backend.organisations.schemas import BriefSchema
from backend.units.catalogue import LEVELS
from backend.units.schemas import UnitNameSchema

# Some ten sentences: the explanation, or the measures taken.
MAX_NOTE = 1_000


class UnitMonthQuerySchema(Strict):
    """Month, by default the current one; the level if a code is that of two units."""

    month = month_field(load_default=None)
    level = Text(choices=LEVELS, load_default=None)


class UnitSignalsQuerySchema(UnitMonthQuerySchema, PageSchema):
    """A page of a month's signals, optionally of one kind, state or unit."""

    kind = Text(choices=KINDS, load_default=None)
    state = Text(choices=STATES, load_default=None)
    unit = Text(most=10, load_default=None, metadata={"description": "the code of a unit"})


class CampaignSignalsQuerySchema(UnitSignalsQuerySchema):
    """Month, by default the campaign's latest, and optionally one unit and team."""

    team = QueryWhole(1, MAX_ID, load_default=None)


SignalDeviceSchema = schema_of(SignalDevice, "")


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
    version = fields.Integer(required=True)
    with_samples = fields.Boolean(
        required=True,
        metadata={"description": "whether its samples were excluded with it"},
    )
    current = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={"description": "false: no longer found; null: not computed now"},
    )


class SignalKindCountSchema(Schema):
    """A kind of signal and how many there are, whatever the page."""

    kind = fields.String(required=True, metadata={"enum": list(KINDS)})
    title = fields.String(required=True)
    n = fields.Integer(required=True)


class SignalStateCountSchema(Schema):
    """A state and how many signals are in it."""

    state = fields.String(required=True, metadata={"enum": list(STATES)})
    n = fields.Integer(required=True)


SignalTeamSchema = schema_of(TeamCount, "Signal")


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
        metadata={"description": "the last search; null before the first one"},
    )
    searching = fields.Boolean(
        required=True,
        metadata={"description": "whether a new search waits or runs; read again in a minute"},
    )
    networks_note = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "that no list of carriers' networks is loaded"},
    )
    explained = fields.String(required=True)
    kinds = fields.List(fields.Nested(SignalKindCountSchema), required=True)
    states = fields.List(fields.Nested(SignalStateCountSchema), required=True)
    teams = fields.List(fields.Nested(SignalTeamSchema), required=True)
    items = fields.List(fields.Nested(SignalSchema), required=True)
    next = fields.String(required=True, allow_none=True)
