"""Queries and answers of cells with radio samples."""

from typing import Any

from marshmallow import fields

from backend.coverage.figures.schemas import UnitWithLevelSchema, month_field
from backend.coverage.statistics.radio_rules import NO_SERVICE
from backend.coverage.statistics.schemas import ReleasedSchema
from backend.fields import Strict, Text
from backend.measurements.radio.columns import OPERATORS
from backend.measurements.radio.rules import TECHNOLOGIES
from backend.units.catalogue import LEVELS
from backend.units.schemas import BoundariesSchema, CentreSchema

OPTIONAL: dict[str, Any] = {"load_default": None}


class RadioCellsQuerySchema(Strict):
    """A month, the level if a code is that of two units; an operator, a technology, a format."""

    month = month_field(required=True)
    level = Text(choices=LEVELS, **OPTIONAL)
    operator = Text(choices=OPERATORS[1:], **OPTIONAL)
    technology = Text(choices=(*TECHNOLOGIES, NO_SERVICE), **OPTIONAL)
    format = Text(choices=("json", "geojson"), load_default="json")


class RadioCellSchema(CentreSchema):
    """What phones received in a cell, of an operator and technology."""

    cell = fields.String(required=True, metadata={"example": "884154ad11fffff"})
    resolution = fields.Integer(required=True, metadata={"description": "8, 7 or 6"})
    operator = fields.String(required=True, metadata={"description": 'of the SIM; "": unknown'})
    technology = fields.String(
        required=True,
        metadata={"enum": [*TECHNOLOGIES, NO_SERVICE], "description": "none: no service"},
    )
    n = fields.Integer(required=True, metadata={"description": "samples; released: rounded to 5"})
    devices = fields.Integer(required=True, metadata={"description": "released: rounded to 5"})
    median_dbm = fields.Integer(
        required=True, allow_none=True, metadata={"description": "RSRP, the median of the phones'"}
    )
    best_dbm = fields.Integer(
        required=True, allow_none=True, metadata={"description": "RSRP of the strongest sample"}
    )
    strength = fields.String(
        required=True, metadata={"enum": ["strong", "good", "fair", "weak", "none"]}
    )


class RadioCellsSchema(ReleasedSchema):
    """The cells of a unit; `rule` explains which are shown. Radio samples are never counted."""

    month = fields.String(required=True)
    unit = fields.Nested(UnitWithLevelSchema, required=True)
    boundaries = fields.Nested(BoundariesSchema, required=True, allow_none=True)
    demo = fields.Boolean(required=True)
    least_devices = fields.Integer(required=True)
    title = fields.String(required=True)
    rule = fields.String(required=True)
    items = fields.List(fields.Nested(RadioCellSchema), required=True)
