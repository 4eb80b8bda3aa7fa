"""The API of coverage, readable without a sign-in."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Response

from backend.coverage.figures.answers import answer, coverage_tag
from backend.coverage.figures.files import as_csv, as_geojson, as_xlsx
from backend.coverage.figures.items import FIELDS
from backend.coverage.figures.query import CoverageQuery
from backend.coverage.figures.schemas import (
    CoverageQuerySchema,
    CoverageSchema,
    CoverageSelectionSchema,
)
from backend.coverage.figures.service import CoverageResult, compute_coverage
from backend.coverage.figures.unit_access import figures_reader
from backend.http import etags
from backend.http.requests import Blueprint, as_attachment, clock_now, language
from backend.tables.spreadsheets import XLSX

blp = Blueprint("coverage", __name__, description="Counts against targets")
blueprints = (blp,)

GEOJSON = "application/geo+json"
FORMATS: dict[str, Any] = {
    "application/json": {"schema": {"anyOf": [CoverageSchema, CoverageSelectionSchema]}},
    "text/csv": {"schema": {"type": "string"}},
    XLSX: {"schema": {"type": "string", "format": "binary"}},
    GEOJSON: {"schema": {"type": "object"}},
}


FILES: dict[str, tuple[Callable[[CoverageResult], bytes], str]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "xlsx": (lambda result: as_xlsx(result, language()), XLSX),
    "geojson": (as_geojson, GEOJSON),
}


@blp.get("/coverage")
@blp.doc(responses={200: {"content": FORMATS}})
@blp.arguments(CoverageQuerySchema, location="query")
@blp.response(200)
@blp.alt_response(304, description="Nothing changed since the figures of If-None-Match")
def get_coverage(query: dict[str, Any]) -> Response:
    """Show every unit of a month against its target."""
    form, fields, now = query.pop("format"), query.pop("fields") or FIELDS, clock_now()
    asked = CoverageQuery(**query, reader=figures_reader())
    if form not in FILES:
        tag = coverage_tag(asked, now, form, fields)
        return etags.with_known_tag(tag, partial(answer, tag, asked, now, form, fields))
    encode, media = FILES[form]
    result = compute_coverage(asked, now)
    name = f"coverage-{result.body['month']}-{result.body['level']}-{result.body['network']}"
    return etags.with_content_tag(as_attachment(encode(result), media, f"{name}.{form}"))
