"""Requests and answers about targets."""

from marshmallow import Schema, fields

from backend.coverage.targets.service import PURPOSES, TARGET
from backend.fields import Day, Strict, Text, Whole
from backend.http.paging import PageSchema, page_of
from backend.measurements.recording.reasons import BASES
from backend.measurements.recording.rules import NETWORKS
from backend.organisations.schemas import UnitBriefSchema, unit
from backend.units.catalogue import LEVELS

# Above any real month of a commune; sums of it over all units fit into an integer.
MAX_THRESHOLD = 1_000_000
# A letter's number, date and author.
MAX_SOURCE = 500


class TargetsQuerySchema(PageSchema):
    """Filters of the list of targets."""

    level = Text(choices=LEVELS, load_default=None)
    network = Text(choices=NETWORKS, load_default=None)
    purpose = Text(choices=PURPOSES, load_default=None)
    as_of = Day(load_default=None)


class TargetChangeSchema(Strict):
    """Changes of a target; missing fields stay unchanged. A threshold of null exempts a unit."""

    threshold = Whole(1, MAX_THRESHOLD, allow_none=True)
    basis = Text(choices=BASES)
    valid_from = Day()
    valid_to = Day(allow_none=True)
    source = Text(most=MAX_SOURCE)


class TargetCreateSchema(TargetChangeSchema):
    """A new target, of every unit of a level or of one unit; null exempts the unit."""

    level = Text(choices=LEVELS, required=True)
    network = Text(choices=NETWORKS, required=True)
    purpose = Text(choices=PURPOSES, load_default=TARGET)
    unit = unit(load_default=None)
    threshold = Whole(1, MAX_THRESHOLD, required=True, allow_none=True)
    basis = Text(choices=BASES, load_default="counted")
    valid_from = Day(required=True)
    valid_to = Day(allow_none=True, load_default=None)
    source = Text(most=MAX_SOURCE, required=True)


class TargetRowSchema(Schema):
    """A target: the samples that a unit of a level needs, with its source.

    With the purpose `assessment`: the least samples for assessing a unit. Null: the unit is exempt.
    """

    id = fields.Integer(required=True)
    level = fields.String(required=True)
    network = fields.String(required=True)
    purpose = fields.String(required=True)
    unit = fields.Nested(UnitBriefSchema, required=True, allow_none=True)
    threshold = fields.Integer(required=True, allow_none=True)
    basis = fields.String(required=True)
    valid_from = fields.Date(required=True)
    valid_to = fields.Date(required=True, allow_none=True)
    source = fields.String(required=True)
    version = fields.Integer(required=True)


TargetPageSchema = page_of(TargetRowSchema, "TargetPage")  # in the order of their creation
