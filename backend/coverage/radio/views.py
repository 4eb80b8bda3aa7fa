"""The API of cells with radio samples."""

from typing import Any

from flask import Response

from backend.accounts.authentication import actor
from backend.coverage.radio import schemas, service
from backend.database.extensions import PERSON
from backend.http.etags import with_digest
from backend.http.requests import Blueprint, clock_now, language

blp = Blueprint("radio", __name__, description="Strength of networks by cell")
blueprints = (blp,)

GEOJSON = "application/geo+json"


@blp.get("/units/<code>/radio")
@blp.doc(
    security=[{}, *PERSON], responses={200: {"content": {GEOJSON: {"schema": {"type": "object"}}}}}
)
@blp.arguments(schemas.RadioCellsQuerySchema, location="query")
@blp.response(200, schemas.RadioCellsSchema)
@blp.alt_response(304, description="Nothing changed since the cells of If-None-Match")
def get_radio_cells(query: dict[str, Any], code: str) -> Response:
    """Show median and best signal by cell, operator and technology; the public sees the release."""
    answer = service.show_cells(code, query, language(), clock_now(), actor())
    if query["format"] == "geojson":
        return with_digest(service.as_geojson(answer), GEOJSON)
    return with_digest(answer)
