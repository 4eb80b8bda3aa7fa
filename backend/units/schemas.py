"""Requests and answers of the API of units."""

from marshmallow import Schema, fields, validate

from backend.fields import AwareTime, Day, Number, Strict, Text, schema_of
from backend.http.paging import PageSchema
from backend.units.catalogue import LEVELS, Boundaries
from backend.units.search import MAX_FOUND, MAX_NAME

# A larger error would change the shape of a commune.
MAX_TOLERANCE_M = 1_000


class AsOfSchema(Strict):
    """The day of a query, today by default."""

    as_of = Day(load_default=None)
    level = Text(choices=LEVELS, load_default=None)


class GeometryQuerySchema(AsOfSchema):
    """A unit's area, exact or simplified for a small screen."""

    tolerance_m = fields.Integer(
        load_default=0,
        validate=validate.Range(0, MAX_TOLERANCE_M, error="out_of_range"),
        error_messages={"invalid": "not_whole"},
        metadata={"description": "How far a border may be off, in metres; 0 gives all of it"},
    )


class UnitsQuerySchema(AsOfSchema, PageSchema):
    """Filters of units."""

    parent = Text(most=10, load_default=None)
    q = Text(most=100, load_default=None)


class UnitSearchQuerySchema(AsOfSchema):
    """A name as people write it; `within`: the code of a province or district to search in."""

    q = Text(most=MAX_NAME, required=True)
    within = Text(most=10, load_default=None)
    limit = fields.Integer(
        load_default=12,
        validate=validate.Range(1, MAX_FOUND, error="out_of_range"),
        error_messages={"invalid": "not_whole"},
    )


class LocateSchema(Strict):
    """A position and its time."""

    latitude = Number(-90, 90, required=True)
    longitude = Number(-180, 180, required=True)
    accuracy_m = Number(0, 1e7, load_default=None, allow_none=True)
    at = AwareTime(load_default=None, allow_none=True)


BoundariesSchema = schema_of(Boundaries, "")


class UnitNameSchema(Schema):
    """A code and its name."""

    code = fields.String(required=True)
    name = fields.String(required=True)


class CentreSchema(Schema):
    """A known point inside a unit, or a rounded position, EPSG:4326."""

    latitude = fields.Float(required=True)
    longitude = fields.Float(required=True)


class UnitSchema(Schema):
    """A unit on a day; `no_boundary`: the day's set has no polygon of it."""

    system = fields.String(required=True)
    level = fields.String(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    type = fields.String(required=True)
    parent = fields.Nested(UnitNameSchema, required=True, allow_none=True)
    province = fields.Nested(UnitNameSchema, required=True)
    valid_from = fields.Date(required=True, allow_none=True)
    valid_to = fields.Date(required=True, allow_none=True)
    centre = fields.Nested(CentreSchema, required=True, allow_none=True)
    no_boundary = fields.Boolean(required=True)


class DatedSchema(Schema):
    """The day and the boundary set of an answer."""

    as_of = fields.Date(required=True)
    boundaries = fields.Nested(BoundariesSchema, required=True, allow_none=True)


class UnitDetailSchema(UnitSchema, DatedSchema):
    """One unit."""


class UnitPageSchema(DatedSchema):
    """A page of units in Vietnamese order."""

    items = fields.List(fields.Nested(UnitSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class FeatureSchema(Schema):
    """A GeoJSON Feature in EPSG:4326; the geometry is null where the set has no polygon."""

    type = fields.Constant("Feature", required=True)
    id = fields.String(required=True)
    properties = fields.Nested(UnitDetailSchema, required=True)
    geometry = fields.Dict(required=True, allow_none=True)


class LocatedUnitSchema(UnitNameSchema):
    """The commune of a position."""

    province = fields.String(required=True)
    how = fields.String(required=True, validate=validate.OneOf(("inside", "edge", "snapped")))
    ambiguous = fields.Boolean(required=True)


class LocatedSchema(DatedSchema):
    """Where a position lies; `unit` is null outside every commune."""

    unit = fields.Nested(LocatedUnitSchema, required=True, allow_none=True)
    candidates = fields.List(fields.String(), required=True)
    border_distance_m = fields.Float(required=True, allow_none=True)


class NamedUnitSchema(UnitNameSchema):
    """A unit with the names above it; `label`: what forms and files accept as the unit."""

    system = fields.String(required=True)
    level = fields.String(required=True)
    place = fields.String(required=True)
    label = fields.String(required=True)


class FoundUnitSchema(NamedUnitSchema):
    """A found unit; `was`: the ended unit of that name, on whose ground it is.

    `likely`: the unit is on most of that ground, or is made of it.
    """

    was = fields.Nested(NamedUnitSchema, required=True, allow_none=True)
    likely = fields.Boolean(required=True)


class FoundUnitsSchema(Schema):
    """The units that a text may mean, the best first."""

    as_of = fields.Date(required=True)
    items = fields.List(fields.Nested(FoundUnitSchema), required=True)
