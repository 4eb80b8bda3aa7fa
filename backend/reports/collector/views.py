"""The API of the table of provinces, and of the sealed reports that were collected."""

from typing import TypedDict

from flask import Response, current_app

from backend.accounts.authentication import SignedInParser, actor
from backend.database.extensions import PERSON
from backend.http.requests import Blueprint, as_attachment, clock_now
from backend.reports.collector import provinces, schemas
from backend.reports.collector.provinces import ProvinceTable
from backend.reports.content.figures import Network
from backend.reports.monthly.seals import trusted_keys

blp = Blueprint(
    "provinces",
    __name__,
    url_prefix="/api/v1/reports/provinces",
    description="Sealed reports of provinces, of several servers",
    parser=SignedInParser(),
)
blueprints = (blp,)

JSON = {200: {"content": {"application/json": {"schema": {"type": "object"}}}}}


class ProvincesQuery(TypedDict):
    """The month and the network of the table."""

    month: str  # YYYY-MM
    network: Network


class CollectedQuery(TypedDict):
    """The month of a report."""

    month: str  # YYYY-MM


@blp.get("")
@blp.doc(security=PERSON)
@blp.arguments(schemas.ProvincesQuerySchema, location="query")
@blp.response(200, schemas.ProvinceTableSchema)
def get_provinces(query: ProvincesQuery) -> ProvinceTable:
    """List the provinces of a month by their sealed reports, with sums of those that add up."""
    trusted = trusted_keys(current_app.config)
    return provinces.list_provinces(actor(), query["month"], query["network"], clock_now(), trusted)


@blp.get("/<code>/report.json")
@blp.doc(security=PERSON, responses=JSON)
@blp.arguments(schemas.CollectedQuerySchema, location="query")
@blp.response(200)
def get_collected_report(query: CollectedQuery, code: str) -> Response:
    """Send the bytes of the latest collected report of a province."""
    sealed = provinces.show_collected(actor(), code, query["month"]).report.sealed
    return _file(sealed.content, f"report-{code}-{query['month']}.json")


@blp.get("/<code>/seal.json")
@blp.doc(security=PERSON, responses=JSON)
@blp.arguments(schemas.CollectedQuerySchema, location="query")
@blp.response(200)
def get_collected_seal(query: CollectedQuery, code: str) -> Response:
    """Send the seal of the latest collected report of a province."""
    sealed = provinces.show_collected(actor(), code, query["month"]).report.sealed
    return _file(provinces.seal_file(sealed), f"seal-{code}-{query['month']}.json")


def _file(content: bytes, name: str) -> Response:
    return as_attachment(content, "application/json", name, stored=False)
