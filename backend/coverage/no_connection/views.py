"""The API of coverage gaps."""

from typing import Any

from flask import Response

from backend.accounts.authentication import PersonBlueprint, actor, keep_private
from backend.coverage.figures.unit_access import figures_reader
from backend.coverage.no_connection import schemas, service
from backend.database.extensions import PERSON
from backend.http.etags import with_digest
from backend.http.requests import Blueprint, clock_now, language

blp = Blueprint("no_connection", __name__, description="Coverage gaps")
notes = PersonBlueprint("unit_notes", __name__, description="Single no-connection notes")
blueprints = (blp, notes)
notes.after_request(keep_private)

GEOJSON = "application/geo+json"
AS_GEOJSON = {200: {"content": {GEOJSON: {"schema": {"type": "object"}}}}}
NOT_MODIFIED = "Nothing changed since the places of If-None-Match"


@blp.get("/no-connection")
@blp.doc(security=[{}, *PERSON], responses=AS_GEOJSON)
@blp.arguments(schemas.PlacesQuerySchema, location="query")
@blp.response(200, schemas.PlacesSchema)
@blp.alt_response(304, description=NOT_MODIFIED)
def get_country_places(query: dict[str, Any]) -> Response:
    """Show the country's released coverage gaps, as a list or a map layer."""
    return _answer(None, query)


@blp.get("/units/<code>/no-connection")
@blp.doc(security=[{}, *PERSON], responses=AS_GEOJSON)
@blp.arguments(schemas.UnitPlacesQuerySchema, location="query")
@blp.response(200, schemas.PlacesSchema)
@blp.alt_response(304, description=NOT_MODIFIED)
def get_unit_places(query: dict[str, Any], code: str) -> Response:
    """Show a unit's released coverage gaps, as a list or a map layer."""
    return _answer(code, query)


def _answer(code: str | None, query: dict[str, Any]) -> Response:
    answer = service.show_places(code, query, language(), clock_now(), figures_reader())
    if query["format"] == "geojson":
        return with_digest(service.places_as_geojson(answer), GEOJSON)
    return with_digest(answer)


@notes.get("/units/<code>/no-connection-notes")
@notes.arguments(schemas.NotesQuerySchema, location="query")
@notes.response(200, schemas.UnitNotesSchema)
def get_notes(query: dict[str, Any], code: str) -> dict[str, Any]:
    """List the no-connection notes of a unit's month, for officials."""
    return service.list_notes(actor(), code, query, clock_now())


@notes.post("/units/<code>/no-connection-notes/exclusions")
@notes.arguments(schemas.NoteExclusionSchema)
@notes.response(200, schemas.NotesExcludedSchema)
def decide(data: dict[str, Any], code: str) -> dict[str, Any]:
    """Exclude no-connection notes from the next release, or include them again."""
    return service.decide_on_notes(actor(), code, data, clock_now())
