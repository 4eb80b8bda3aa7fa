"""Questions about coverage, and their answers."""

from typing import Any

from marshmallow import fields, validate

from backend.units.schemas import BoundariesSchema
from backend.validation import Strict, Text

NETWORKS = ("mobile", "fixed")
LEVELS = ("province", "district", "commune")


def month_asked(**options: Any) -> fields.String:
    """The month of a question."""
    pattern = validate.Regexp(r"^(19|20)[0-9][0-9]-(0[1-9]|1[0-2])$(?!\n)", error="not_month")
    return fields.String(validate=pattern, metadata={"example": "2024-11"}, **options)


class CoverageQuerySchema(Strict):
    """Which units of which month, on which network, in which format."""

    month = month_asked(required=True)
    level = fields.String(
        load_default="commune", validate=validate.OneOf(LEVELS, error="not_one_of")
    )
    network = fields.String(
        load_default="mobile", validate=validate.OneOf(NETWORKS, error="not_one_of")
    )
    parent = Text(most=5, load_default=None)
    format = fields.String(
        load_default="json", validate=validate.OneOf(("json", "csv"), error="not_one_of")
    )


class TargetSchema(Strict):
    """A target and its source."""

    threshold = fields.Integer(required=True)
    basis = fields.String(required=True)
    source = fields.String(required=True)


class CoverageItemSchema(Strict):
    """One unit against its target."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    parent = fields.String(required=True, allow_none=True)
    received = fields.Integer(required=True)
    valid = fields.Integer(required=True)
    counted = fields.Integer(required=True)
    counted_by_admin = fields.Integer(required=True)
    target = fields.Integer(required=True, allow_none=True)
    reached = fields.Boolean(required=True, allow_none=True)
    shortfall = fields.Integer(required=True, allow_none=True)
    reasons = fields.Dict(fields.String(), fields.Integer(), required=True)
    no_boundary = fields.Boolean(required=True)


class CoverageSummarySchema(Strict):
    """The sum over the items, and what is in none of them."""

    units = fields.Integer(required=True)
    reached = fields.Integer(required=True, allow_none=True)
    share = fields.Float(required=True, allow_none=True)
    received = fields.Integer(required=True)
    valid = fields.Integer(required=True)
    counted = fields.Integer(required=True)
    counted_by_admin = fields.Integer(required=True)
    reasons = fields.Dict(fields.String(), fields.Integer(), required=True)
    unlocated = fields.Dict(fields.String(), fields.Integer(), required=True)
    elsewhere = fields.Integer(required=True)


class CoverageSchema(Strict):
    """Every unit of a month's list against its target."""

    month = fields.String(required=True)
    level = fields.String(required=True)
    network = fields.String(required=True)
    parent = fields.String(required=True, allow_none=True)
    boundaries = fields.Nested(BoundariesSchema, required=True, allow_none=True)
    demo = fields.Boolean(required=True)
    target = fields.Nested(TargetSchema, required=True, allow_none=True)
    items = fields.List(fields.Nested(CoverageItemSchema), required=True)
    summary = fields.Nested(CoverageSummarySchema, required=True)
