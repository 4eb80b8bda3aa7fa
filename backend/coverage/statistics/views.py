"""The API of a unit's speeds and of its past, readable without a sign-in."""

from datetime import date
from typing import TypedDict

from flask import Response

from backend.accounts.authentication import actor
from backend.clock import local_day
from backend.coverage.figures.unit_access import (
    UnitMonth,
    figures_reader,
    unit_month,
)
from backend.coverage.statistics import schemas
from backend.coverage.statistics.answers import SpeedComparison
from backend.coverage.statistics.cells import CellsQuery, as_geojson, unit_cells
from backend.coverage.statistics.comparison import comparison
from backend.coverage.statistics.history import unit_history
from backend.coverage.statistics.service import unit_hours, unit_statistics
from backend.database.extensions import PERSON
from backend.http.etags import with_digest
from backend.http.requests import Blueprint, clock_now, language

blp = Blueprint("statistics", __name__, description="Speeds, history, hours and cells")
blueprints = (blp,)

GEOJSON = "application/geo+json"
NOT_MODIFIED = "Nothing changed since the figures of If-None-Match"


class CountryMonthQuery(TypedDict):
    """A month and network."""

    month: str  # YYYY-MM
    network: str


class UnitMonthQuery(CountryMonthQuery):
    """A month, network and level."""

    level: str | None  # needed if the code names two units


class SpeedComparisonQuery(TypedDict):
    """A speed to compare."""

    download_mbps: float
    network: str


class HistoryQuery(TypedDict):
    """The months of the unit that has a code on a day."""

    as_of: date | None  # null: today
    level: str | None
    network: str
    months: int  # up to the present one


class CellsFormatQuery(CellsQuery):
    """Whose cells are wanted, and how."""

    format: str  # json, geojson


@blp.get("/statistics")
@blp.doc(security=[{}, *PERSON])
@blp.arguments(schemas.CountryMonthQuerySchema, location="query")
@blp.response(200, schemas.StatisticsSchema)
@blp.alt_response(304, description=NOT_MODIFIED)
def get_country_statistics(query: CountryMonthQuery) -> Response:
    """Show median, mean and percentiles of the country's speeds by operator and technology."""
    month = _unit_month(None, {**query, "level": None})
    return with_digest(unit_statistics(month, figures_reader()))


@blp.get("/units/<code>/statistics")
@blp.doc(security=[{}, *PERSON])
@blp.arguments(schemas.UnitMonthQuerySchema, location="query")
@blp.response(200, schemas.StatisticsSchema)
@blp.alt_response(304, description=NOT_MODIFIED)
def get_unit_statistics(query: UnitMonthQuery, code: str) -> Response:
    """Show median, mean and percentiles of a unit's speeds by operator and technology."""
    return with_digest(unit_statistics(_unit_month(code, query), figures_reader()))


@blp.get("/units/<code>/comparison")
@blp.arguments(schemas.SpeedComparisonQuerySchema, location="query")
@blp.response(200, schemas.SpeedComparisonSchema)
def compare_speed(query: SpeedComparisonQuery, code: str) -> SpeedComparison:
    """Compare a download speed with those of a commune's latest monthly release."""
    return comparison(code, query["network"], query["download_mbps"], local_day(clock_now()))


@blp.get("/units/<code>/history")
@blp.arguments(schemas.HistoryQuerySchema, location="query")
@blp.response(200, schemas.HistorySchema)
@blp.alt_response(304, description=NOT_MODIFIED)
def get_unit_history(query: HistoryQuery, code: str) -> Response:
    """Show the last months of a unit, also across the reform of July 2025."""
    return with_digest(unit_history(code, **query, now=clock_now(), reader=figures_reader()))


@blp.get("/units/<code>/hours")
@blp.doc(security=[{}, *PERSON])
@blp.arguments(schemas.UnitMonthQuerySchema, location="query")
@blp.response(200, schemas.UnitHoursSchema)
@blp.alt_response(304, description=NOT_MODIFIED)
def get_unit_hours(query: UnitMonthQuery, code: str) -> Response:
    """Show a unit's counted samples by weekday and hour; the public sees the release."""
    return with_digest(unit_hours(_unit_month(code, query), figures_reader()))


@blp.get("/units/<code>/cells")
@blp.doc(
    security=[{}, *PERSON], responses={200: {"content": {GEOJSON: {"schema": {"type": "object"}}}}}
)
@blp.arguments(schemas.CellsQuerySchema, location="query")
@blp.response(200, schemas.UnitCellsSchema)
@blp.alt_response(304, description=NOT_MODIFIED)
def get_unit_cells(query: CellsFormatQuery, code: str) -> Response:
    """Show a unit's counted samples by cell of some 500 m; the public sees the release."""
    cells = unit_cells(actor(), code, query, language(), clock_now())
    if query["format"] == "geojson":
        return with_digest(as_geojson(cells), GEOJSON)
    return with_digest(cells)


def _unit_month(code: str | None, query: UnitMonthQuery) -> UnitMonth:
    return unit_month(code, **query, now=clock_now(), reader=figures_reader())
