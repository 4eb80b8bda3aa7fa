"""API of alerts; public, since they are derived from public counts."""

from typing import TypedDict

from flask import Response

from backend.clock import this_month
from backend.coverage.alerts.schemas import AlertsQuerySchema, AlertsSchema
from backend.coverage.alerts.service import alerts
from backend.coverage.figures.unit_access import figures_reader
from backend.http import etags
from backend.http.requests import Blueprint, clock_now

blp = Blueprint("alerts", __name__, description="Units that need attention")
blueprints = (blp,)


class AlertsQuery(TypedDict):
    """Month, network and place of alerts."""

    month: str | None  # YYYY-MM; null: the current one
    network: str  # mobile, fixed
    parent: str | None  # code of a province or district; null: the country
    level: str  # province, district, commune


@blp.get("/alerts")
@blp.arguments(AlertsQuerySchema, location="query")
@blp.response(200, AlertsSchema)
@blp.alt_response(304, description="Nothing changed since the figures of If-None-Match")
def get_alerts(query: AlertsQuery) -> Response:
    """List the units that are silent, behind, will miss the target or have reached it."""
    now = clock_now()
    month = query["month"] or this_month(now)
    found = alerts(month, query["network"], query["parent"], now, query["level"], figures_reader())
    return etags.with_digest(found)
