"""The API of speeds, readable without a sign-in."""

from typing import Any

from flask import Response, current_app
from flask_smorest import Blueprint

from backend.arguments import Parser
from backend.clock import local_day
from backend.coverage.statistics import unit_statistics
from backend.coverage.statistics_schemas import (
    CountryMonthQuerySchema,
    StatisticsSchema,
    UnitMonthQuerySchema,
)
from backend.etags import answered_figures
from backend.http import clock_now

blp = Blueprint("statistics", __name__, url_prefix="/api/v1", description="Speeds")
blp.ARGUMENTS_PARSER = Parser()

KNOWN = "Nothing changed since the figures of If-None-Match"


@blp.get("/statistics")
@blp.arguments(CountryMonthQuerySchema, location="query")
@blp.response(200, StatisticsSchema)
@blp.alt_response(304, description=KNOWN)
def get_country_statistics(query: dict[str, Any]) -> Response:
    """Show median, mean and percentiles of the country's speeds by operator and technology."""
    return _answer(None, query)


@blp.get("/units/<code>/statistics")
@blp.arguments(UnitMonthQuerySchema, location="query")
@blp.response(200, StatisticsSchema)
@blp.alt_response(304, description=KNOWN)
def get_unit_statistics(query: dict[str, Any], code: str) -> Response:
    """Show median, mean and percentiles of a unit's speeds by operator and technology."""
    return _answer(code, query)


def _answer(code: str | None, query: dict[str, Any]) -> Response:
    minimum, today = current_app.config["MINIMUM_N"], local_day(clock_now())
    month, network = query["month"], query["network"]
    told = unit_statistics(
        code, query.get("level"), month, network, minimum=minimum, today=today
    )  # fmt: skip
    return answered_figures(told)
