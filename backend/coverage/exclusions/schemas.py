"""Queries, decisions and answers of exclusions from a unit's counts."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from backend.coverage.exclusions.review import MAX_SIGNALS
from backend.coverage.figures.schemas import UnitWithLevelSchema, month_field
from backend.coverage.signals.findings import NUMBER_BELOW
from backend.coverage.signals.schemas import MAX_NOTE, SignalSchema, UnitMonthQuerySchema
from backend.coverage.signals.service import STATES
from backend.fields import MAX_ID, Flag, Many, Object, Reason, Strict, Text, Whole
from backend.http.paging import PageSchema
from backend.measurements.recording.intake import parse_ids
from backend.organisations.schemas import QueryId
from backend.units.catalogue import LEVELS

MAX_REASON = 1_000
# By id in one act: as many as a person can review; a device is excluded as a whole.
MAX_MEASUREMENTS = 5_000


class LiftSchema(Strict):
    """The reason of a decision, and whether it is a preview."""

    reason = Reason(MAX_REASON, required=True)
    level = Text(choices=LEVELS, allow_none=True, load_default=None)
    preview = Flag(load_default=False)


class UnitExclusionSchema(LiftSchema):
    """Measurements of the unit's month: by id, or all of one device by its number."""

    month = month_field(required=True)
    measurements = Many(Text(36), 0, MAX_MEASUREMENTS, load_default=list)
    device = Whole(0, NUMBER_BELOW - 1, allow_none=True, load_default=None)

    @validates_schema
    def check_choice(self, data: dict[str, Any], **_: Any) -> None:
        """Require either ids or a device."""
        if bool(data.get("measurements")) == (data.get("device") is not None):
            raise ValidationError({"measurements": ["ids_or_device"]})

    @post_load
    def parse_ids(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Parse the ids of the measurements."""
        return data | {"ids": parse_ids(data["measurements"], "measurements")}


class SignalRefSchema(Strict):
    """A signal, optionally in the version that the person has seen."""

    id = Whole(1, MAX_ID, required=True)
    version = Whole(1, MAX_ID, allow_none=True, load_default=None)


class SignalDecisionsSchema(Strict):
    """One decision on signals; with `samples` their phones' samples follow the state."""

    state = Text(choices=STATES, required=True)
    note = Text(most=MAX_NOTE, allow_none=True, load_default=None)
    signals = Many(Object(SignalRefSchema), 1, MAX_SIGNALS, required=True)
    samples = Flag(load_default=False)

    @validates_schema
    def check_reason(self, data: dict[str, Any], **_: Any) -> None:
        """Require a reason where samples are excluded."""
        excludes = data.get("samples") and data.get("state") == "excluded"
        if excludes and not (data.get("note") or "").strip():
            raise ValidationError({"note": ["required"]})


class SignalOutcomeSchema(Schema):
    """The outcome of one signal: its HTTP status, and the code of the problem, if any."""

    id = fields.Integer(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True, allow_none=True)
    message = fields.String(required=True, allow_none=True)
    signal = fields.Nested(SignalSchema, required=True, allow_none=True)


class SignalOutcomesSchema(Schema):
    """The outcomes of a decision in the order of the request."""

    decided = fields.Integer(required=True)
    items = fields.List(fields.Nested(SignalOutcomeSchema), required=True)


class ExclusionsQuerySchema(UnitMonthQuerySchema, PageSchema):
    """A month, by default the present one, and a page."""

    cursor = QueryId(load_default=None)  # type: ignore[assignment] # the last decision's id


class VerdictsMovedSchema(Schema):
    """Change of a category: `counted`, or a main reason."""

    network = fields.String(required=True)
    fate = fields.String(required=True)
    change = fields.Integer(required=True)


class UnitCountedSchema(Schema):
    """Counted samples of a commune before and after a decision."""

    unit = fields.Nested(UnitWithLevelSchema, required=True)
    network = fields.String(required=True)
    counted_before = fields.Integer(required=True)
    counted_after = fields.Integer(required=True)


class CommunesReachedSchema(Schema):
    """Communes of the province that reach their targets before and after a decision."""

    network = fields.String(required=True)
    communes = fields.Integer(required=True)
    reached_before = fields.Integer(required=True)
    reached_after = fields.Integer(required=True)


class UnitExcludedSchema(Schema):
    """Changes by an act, or by its preview."""

    id = fields.Integer(required=True, allow_none=True, metadata={"description": "of the act"})
    preview = fields.Boolean(required=True)
    month = fields.String(required=True)
    unit = fields.Nested(UnitWithLevelSchema, required=True)
    measurements = fields.Integer(required=True)
    counted = fields.Integer(
        required=True, metadata={"description": "of the measurements, those that counted before"}
    )
    already = fields.Integer(required=True, metadata={"description": "were excluded before"})
    final = fields.Integer(
        required=True, metadata={"description": "coarsened or withdrawn: they stay as they are"}
    )
    verdicts = fields.List(fields.Nested(VerdictsMovedSchema), required=True)
    units = fields.List(fields.Nested(UnitCountedSchema), required=True)
    reached = fields.List(fields.Nested(CommunesReachedSchema), required=True)


class ExclusionActSchema(Schema):
    """One act; `lifts` is the act that it lifted, `lifted_by` the act that lifted it.

    `unit` is the commune of its samples, or the unit of the decision where they are of several.
    """

    id = fields.Integer(required=True)
    at = fields.AwareDateTime(required=True)
    unit = fields.Nested(UnitWithLevelSchema, required=True)
    lifts = fields.Integer(required=True, allow_none=True)
    lifted_by = fields.Integer(required=True, allow_none=True)
    device = fields.Integer(required=True, allow_none=True)
    signal_id = fields.Integer(required=True, allow_none=True)
    measurements = fields.Integer(required=True)
    reason = fields.String(required=True)
    user_id = fields.Integer(required=True)


class ExclusionActsSchema(Schema):
    """A page of the acts of a unit's month, the latest first."""

    month = fields.String(required=True)
    unit = fields.Nested(UnitWithLevelSchema, required=True)
    items = fields.List(fields.Nested(ExclusionActSchema), required=True)
    next = fields.Integer(required=True, allow_none=True)
