"""Queries and answers of coverage gaps, and of single notes."""

from typing import Any

from marshmallow import Schema, fields, post_load

from backend.coverage.figures.schemas import UnitWithLevelSchema, month_field
from backend.coverage.signals.schemas import UnitMonthQuerySchema
from backend.coverage.statistics.schemas import ReleasedSchema
from backend.fields import Flag, Many, Reason, Strict, Text
from backend.http.paging import PageSchema
from backend.measurements.recording.intake import parse_ids
from backend.units.catalogue import LEVELS
from backend.units.schemas import BoundariesSchema, CentreSchema, UnitNameSchema

MAX_REASON = 1_000
# In one decision: as many as a person can review.
MAX_NOTES = 500


class PlacesQuerySchema(Strict):
    """A past month and a format."""

    month = month_field(required=True)
    format = Text(choices=("json", "geojson"), load_default="json")


class UnitPlacesQuerySchema(PlacesQuerySchema):
    """A past month, the level if a code is that of two units, and a format."""

    level = Text(choices=LEVELS, load_default=None)


class PlaceSchema(CentreSchema):
    """A cell in which enough volunteers noted that there was no connection."""

    cell = fields.String(required=True, metadata={"example": "884154ad11fffff"})
    resolution = fields.Integer(required=True, metadata={"description": "8, 7 or 6"})
    notes = fields.Integer(required=True, metadata={"description": "rounded to 5"})
    devices = fields.Integer(required=True, metadata={"description": "rounded to 5"})
    operators = fields.List(
        fields.String(), required=True, metadata={"description": "noted by enough volunteers"}
    )
    zone = fields.Boolean(
        required=True, metadata={"description": "noted on two days, and more than was measured"}
    )


class PlacesSchema(ReleasedSchema):
    """The released places of a unit or of the country; `rule` explains which are shown."""

    month = fields.String(required=True)
    unit = fields.Nested(UnitWithLevelSchema, required=True, allow_none=True)
    boundaries = fields.Nested(BoundariesSchema, required=True, allow_none=True)
    demo = fields.Boolean(required=True)
    least_devices = fields.Integer(required=True)
    title = fields.String(required=True)
    rule = fields.String(required=True)
    items = fields.List(fields.Nested(PlaceSchema), required=True)


class NotesQuerySchema(UnitMonthQuerySchema, PageSchema):
    """A month, by default the present one, and a page."""


class UnitNoteSchema(Schema):
    """A note; `device` is a number of this month that identifies no person."""

    id = fields.String(required=True)
    noted_at = fields.AwareDateTime(required=True)
    received_at = fields.AwareDateTime(required=True)
    unit = fields.Nested(UnitNameSchema, required=True)
    device = fields.Integer(required=True)
    position = fields.Nested(CentreSchema, required=True, allow_none=True)
    accuracy_m = fields.Float(required=True, allow_none=True)
    attempts = fields.Integer(required=True)
    operator = fields.String(required=True, allow_none=True)
    shared_network = fields.Boolean(
        required=True,
        metadata={"description": "sent from an address that another device used for this area"},
    )
    excluded = fields.Boolean(required=True)


class UnitNotesSchema(Schema):
    """A page of the notes of a unit's month, the latest first."""

    month = fields.String(required=True)
    unit = fields.Nested(UnitWithLevelSchema, required=True)
    decimals = fields.Integer(required=True, metadata={"description": "of the positions"})
    items = fields.List(fields.Nested(UnitNoteSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class NoteExclusionSchema(Strict):
    """Notes of a unit's month to exclude, or to include again, with the reason."""

    month = month_field(required=True)
    level = Text(choices=LEVELS, allow_none=True, load_default=None)
    notes = Many(Text(36), 1, MAX_NOTES, required=True)
    excluded = Flag(required=True)
    reason = Reason(MAX_REASON, required=True)

    @post_load
    def parse_ids(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Parse the ids of the notes."""
        return data | {"ids": parse_ids(data["notes"], "notes")}


class NotesExcludedSchema(Schema):
    """Number of notes whose state a decision changed."""

    month = fields.String(required=True)
    unit = fields.Nested(UnitWithLevelSchema, required=True)
    excluded = fields.Boolean(required=True)
    changed = fields.Integer(required=True)
