"""Questions about when and where samples were taken, and answers."""

from marshmallow import Schema, fields

from backend.coverage.statistics.schemas import UnitMonthQuerySchema, UnitMonthSchema
from backend.fields import Text

FORMATS = ("json", "geojson")


class CellsQuerySchema(UnitMonthQuerySchema):
    """Which month, and as what."""

    format = Text(choices=FORMATS, load_default="json")


class UnitHoursSchema(UnitMonthSchema):
    """Counted samples by weekday from Monday and hour in Vietnam; null under the minimum."""

    n = fields.Integer(required=True)
    hours = fields.List(fields.List(fields.Integer()), required=True, allow_none=True)


class EvennessSchema(Schema):
    """How evenly samples are spread over a unit's cells: 1 is even, near 0 is one place."""

    value = fields.Float(required=True)
    effective_cells = fields.Float(required=True)
    largest_share = fields.Float(required=True)
    cells_in_unit = fields.Integer(required=True)
    definition = fields.String(required=True)


class SuppressedSchema(Schema):
    """What is not shown, summed up."""

    cells = fields.Integer(required=True)
    n = fields.Integer(required=True)


class H3CellSchema(Schema):
    """A cell by its H3 index, its centre, and how many counted samples it has."""

    cell = fields.String(required=True, metadata={"example": "884154ad11fffff"})
    latitude = fields.Float(required=True)
    longitude = fields.Float(required=True)
    n = fields.Integer(required=True)


class UnitCellsSchema(UnitMonthSchema):
    """The cells of a unit, those with most samples first; `rule` says which are shown."""

    resolution = fields.Integer(required=True)
    n = fields.Integer(required=True)
    cells = fields.Integer(required=True)
    evenness = fields.Nested(EvennessSchema, required=True, allow_none=True)
    least_devices = fields.Integer(required=True)
    rule = fields.String(required=True)
    suppressed = fields.Nested(SuppressedSchema, required=True)
    items = fields.List(fields.Nested(H3CellSchema), required=True)
