"""Schemas of the table of provinces."""

from backend.coverage.figures.schemas import month_field
from backend.fields import Strict, Text, schema_of
from backend.measurements.recording.rules import NETWORKS
from backend.reports.collector.provinces import ProvinceTable


class ProvincesQuerySchema(Strict):
    """The month and the network of the table."""

    month = month_field(required=True)
    network = Text(choices=NETWORKS, load_default="mobile")


class CollectedQuerySchema(Strict):
    """The month of a report."""

    month = month_field(required=True)


ProvinceTableSchema = schema_of(ProvinceTable, "")
