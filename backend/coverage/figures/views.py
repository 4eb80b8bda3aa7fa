"""The API of coverage, readable without a sign-in."""

from typing import Any

from flask import Response

from backend.coverage.figures.files import as_csv, as_geojson, as_xlsx
from backend.coverage.figures.query import figures_reader
from backend.coverage.figures.schemas import CoverageQuerySchema, CoverageSchema
from backend.coverage.figures.service import (
    CoverageQuery,
    CoverageResult,
    compute_coverage,
    coverage,
)
from backend.http import etags
from backend.http.requests import Blueprint, as_attachment, clock_now, language
from backend.tables.spreadsheets import XLSX

blp = Blueprint("coverage", __name__, description="Counts against targets")
blueprints = (blp,)

GEOJSON = "application/geo+json"
FILE_FORMATS: dict[str, Any] = {
    "text/csv": {"schema": {"type": "string"}},
    XLSX: {"schema": {"type": "string", "format": "binary"}},
    GEOJSON: {"schema": {"type": "object"}},
}


@blp.get("/coverage")
@blp.doc(responses={200: {"content": FILE_FORMATS}})
@blp.arguments(CoverageQuerySchema, location="query")
@blp.response(200, CoverageSchema)
@blp.alt_response(304, description="Nothing changed since the figures of If-None-Match")
def get_coverage(query: dict[str, Any]) -> Response:
    """Show every unit of a month against its target."""
    file_format, now = query.pop("format"), clock_now()
    parameters = CoverageQuery(**query, reader=figures_reader())
    if file_format == "json":
        return etags.with_digest(coverage(parameters, now))
    return etags.with_content_tag(_file(compute_coverage(parameters, now), file_format))


def _file(result: CoverageResult, file_format: str) -> Response:
    body = result.body
    name = f"coverage-{body['month']}-{body['level']}-{body['network']}.{file_format}"
    if file_format == "csv":
        return as_attachment(as_csv(result), "text/csv; charset=utf-8", name)
    if file_format == "xlsx":
        return as_attachment(as_xlsx(result, language()), XLSX, name)
    return as_attachment(as_geojson(result), GEOJSON, name)
