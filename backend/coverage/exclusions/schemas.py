"""Questions about exclusions from a unit's counts, decisions, and answers."""

from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from backend.coverage.figures.schemas import month_field
from backend.coverage.signals.findings import NUMBER_BELOW
from backend.coverage.signals.schemas import UnitSignalsQuerySchema
from backend.coverage.statistics.schemas import UnitWithLevelSchema
from backend.fields import ID_MOST, Flag, Strict, Text, Whole
from backend.measurements.recording.incoming import read_id
from backend.organisations.fields import PAGE_DEFAULT, PAGE_MOST, QueryId
from backend.units.catalogue import LEVELS

REASON_MOST = 1_000
# Of one act by ids: what a person can have looked at; all of a device has its own way.
MEASUREMENTS_MOST = 5_000


class LiftSchema(Strict):
    """Why, and whether it is only to be shown."""

    reason = Text(REASON_MOST, required=True)
    level = Text(choices=LEVELS, allow_none=True, load_default=None)
    preview = Flag(load_default=False)

    @validates_schema
    def check_reason(self, data: dict[str, Any], **_: Any) -> None:
        """A reason that says something."""
        if not data.get("reason", "").strip():
            raise ValidationError({"reason": ["required"]})


class UnitExclusionSchema(LiftSchema):
    """Which measurements of the unit's month: by id, or all of one device, by its number."""

    month = month_field(required=True)
    measurements = fields.List(
        Text(36),
        load_default=lambda: [],
        validate=validate.Length(max=MEASUREMENTS_MOST, error="wrong_length"),
        error_messages={"invalid": "not_list"},
    )
    device = Whole(0, NUMBER_BELOW - 1, allow_none=True, load_default=None)
    signal_id = Whole(1, ID_MOST, allow_none=True, load_default=None)

    @validates_schema
    def check_choice(self, data: dict[str, Any], **_: Any) -> None:
        """One way of choosing."""
        if bool(data.get("measurements")) == (data.get("device") is not None):
            raise ValidationError({"measurements": ["ids_or_device"]})

    @post_load
    def choose(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Read the ids."""
        return data | {"ids": [_id(one, place) for place, one in enumerate(data["measurements"])]}


class ExclusionsQuerySchema(UnitSignalsQuerySchema):
    """Which month, the present one unless told; which page."""

    cursor = QueryId(load_default=None)
    limit = fields.Integer(
        load_default=PAGE_DEFAULT,
        validate=validate.Range(1, PAGE_MOST, error="out_of_range"),
        error_messages={"invalid": "not_whole"},
    )


class VerdictsMovedSchema(Schema):
    """How many more or fewer met a fate: `counted`, or a main reason."""

    network = fields.String(required=True)
    fate = fields.String(required=True)
    change = fields.Integer(required=True)


class UnitCountedSchema(Schema):
    """What the count of a commune becomes."""

    unit = fields.Nested(UnitWithLevelSchema, required=True)
    network = fields.String(required=True)
    counted_before = fields.Integer(required=True)
    counted_after = fields.Integer(required=True)


class UnitExcludedSchema(Schema):
    """What an act changed, or would change."""

    id = fields.Integer(required=True, allow_none=True, metadata={"description": "of the act"})
    preview = fields.Boolean(required=True)
    month = fields.String(required=True)
    unit = fields.Nested(UnitWithLevelSchema, required=True)
    measurements = fields.Integer(required=True)
    already = fields.Integer(required=True, metadata={"description": "were excluded before"})
    final = fields.Integer(
        required=True, metadata={"description": "coarsened or withdrawn: they stay as they are"}
    )
    verdicts = fields.List(fields.Nested(VerdictsMovedSchema), required=True)
    units = fields.List(fields.Nested(UnitCountedSchema), required=True)


class ExclusionActSchema(Schema):
    """One act; `lifts` names the one that it took back, `lifted_by` the one that did so."""

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


def _id(written: str, place: int) -> UUID:
    identity = read_id(written)
    if identity is None:
        raise ValidationError({f"measurements.{place}": ["not_uuid"]})
    return identity
