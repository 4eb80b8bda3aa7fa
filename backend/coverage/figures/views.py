"""The API of coverage, readable without a sign-in."""

from typing import Any

from flask import Response

from backend.coverage.figures.files import as_csv, as_geojson, as_xlsx
from backend.coverage.figures.readers import reader
from backend.coverage.figures.schemas import CoverageQuerySchema, CoverageSchema
from backend.coverage.figures.service import Answer, Question, coverage, find
from backend.http import etags
from backend.http.blueprint import Blueprint
from backend.http.requests import as_attachment, clock_now, language
from backend.tables.spreadsheets import XLSX

blp = Blueprint("coverage", __name__, description="Counts against targets")
blueprints = (blp,)

GEOJSON = "application/geo+json"
FORMS: dict[str, Any] = {
    "text/csv": {"schema": {"type": "string"}},
    XLSX: {"schema": {"type": "string", "format": "binary"}},
    GEOJSON: {"schema": {"type": "object"}},
}


@blp.get("/coverage")
@blp.doc(responses={200: {"content": FORMS}})
@blp.arguments(CoverageQuerySchema, location="query")
@blp.response(200, CoverageSchema)
@blp.alt_response(304, description="Nothing changed since the figures of If-None-Match")
def get_coverage(query: dict[str, Any]) -> Response:
    """Show every unit of a month against its target."""
    form, now = query.pop("format"), clock_now()
    asked = Question(**query, reader=reader())
    if form == "json":
        return etags.answered_figures(coverage(asked, now))
    return etags.unless_known(_written(find(asked, now), form))


def _written(answer: Answer, form: str) -> Response:
    """The answer as a file."""
    told = answer.told
    name = f"coverage-{told['month']}-{told['level']}-{told['network']}.{form}"
    if form == "csv":
        return as_attachment(as_csv(answer), "text/csv; charset=utf-8", name)
    if form == "xlsx":
        return as_attachment(as_xlsx(answer, language()), XLSX, name)
    return as_attachment(as_geojson(answer), GEOJSON, name)
