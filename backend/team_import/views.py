"""Endpoints of the import of teams."""

from typing import Any

from flask import Response

from backend.accounts.authentication import actor
from backend.database.extensions import PERSON
from backend.http.requests import Blueprint, as_attachment, clock_now, language, read_bytes
from backend.tables.schemas import BODY, FILE, MEDIA_TYPES, ImportQuerySchema
from backend.tables.sheet_import import SheetImport, read_sheet
from backend.tables.spreadsheets import XLSX
from backend.team_import import schemas, service
from backend.team_import.rows import TEAMS
from backend.team_import.template import template

blp = Blueprint("teams_bulk", __name__, description="Import of teams", security=PERSON)
blueprints = (blp,)

MEDIA = {"csv": "text/csv; charset=utf-8", "xlsx": XLSX}
FILES = {200: {"content": {XLSX: FILE}}}


@blp.get("/organisations/<int:organisation_id>/teams/template")
@blp.doc(responses=FILES)
@blp.arguments(schemas.TemplateQuerySchema, location="query")
@blp.response(200, {"type": "string"}, content_type="text/csv")
def get_template(query: dict[str, Any], organisation_id: int) -> Response:
    """Return the template of a list of teams."""
    form = query["format"]
    content = template(actor(), organisation_id, form)
    return as_attachment(content, MEDIA[form], f"mau-danh-sach-doi.{form}")


@blp.post("/organisations/<int:organisation_id>/teams/import")
@blp.doc(requestBody=BODY)
@blp.arguments(ImportQuerySchema, location="query")
@blp.response(200, schemas.ImportSchema)
def post_import(query: dict[str, Any], organisation_id: int) -> dict[str, Any]:
    """Show the effect of each row of a file on teams; with `dry_run=false` apply all or nothing."""

    def read() -> SheetImport:
        return read_sheet(read_bytes(MEDIA_TYPES, "not_table"), TEAMS, exact=True)

    return service.import_teams(
        actor(),
        organisation_id,
        read,
        dry_run=query["dry_run"] == "true",
        now=clock_now(),
        language=language(),
    )
