"""Schemas of alerts."""

from marshmallow import fields

from backend.coverage.alerts.service import STATES
from backend.coverage.figures.schemas import CoverageItemSchema, CoverageSchema, month_field
from backend.fields import Strict, Text
from backend.measurements.recording.rules import NETWORKS
from backend.units.catalogue import LEVELS


class AlertsQuerySchema(Strict):
    """Month, by default the current one, network, and place."""

    month = month_field(load_default=None)
    network = Text(choices=NETWORKS, load_default="mobile")
    parent = Text(most=5, load_default=None)
    level = Text(choices=LEVELS, load_default="commune")


class AlertSchema(CoverageItemSchema):
    """A unit in at least one of the states."""

    last_day = fields.Date(required=True, allow_none=True)
    planned = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "samples that organisers pinned for teams until the end of the month; "
            "null for the public"
        },
    )
    states = fields.List(fields.String(), required=True)


# Number of units in each state.
AlertCountsSchema = Strict.from_dict(
    {state: fields.Integer(required=True) for state in STATES}, name="AlertCountsSchema"
)


class AlertsSchema(CoverageSchema):
    """The units that are silent, behind, will miss the target or have reached it."""

    units = fields.Integer(required=True)
    counts = fields.Nested(AlertCountsSchema, required=True)
    items = fields.List(fields.Nested(AlertSchema), required=True)
