"""Questions about the past of a unit, and answers."""

from marshmallow import Schema, fields, validate

from backend.coverage.statistics.schemas import AskedUnitSchema, network_asked
from backend.units.schemas import AsOfSchema

# Three years: the letters ask for a month, a yearly report compares with the year before.
MONTHS_MOST = 36


class HistoryQuerySchema(AsOfSchema):
    """How many months, the present one the last; of the unit that has the code on a day."""

    network = network_asked()
    months = fields.Integer(
        load_default=12,
        validate=validate.Range(1, MONTHS_MOST, error="out_of_range"),
        error_messages={"invalid": "not_whole"},
    )


class HistoryItemSchema(Schema):
    """A month; `estimated`: communes of the other system were divided for it."""

    month = fields.String(required=True)
    system = fields.String(required=True)
    received = fields.Integer(required=True)
    valid = fields.Integer(required=True)
    counted = fields.Integer(required=True)
    target = fields.Integer(required=True, allow_none=True)
    reached = fields.Boolean(required=True, allow_none=True)
    estimated = fields.Boolean(required=True)


class HistorySchema(Schema):
    """The months of a unit, the oldest first."""

    unit = fields.Nested(AskedUnitSchema, required=True)
    network = fields.String(required=True)
    items = fields.List(fields.Nested(HistoryItemSchema), required=True)
