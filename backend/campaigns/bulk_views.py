"""Endpoints of many teams at once."""

from functools import partial
from typing import Any

from flask import Response
from flask_smorest import Blueprint

from backend.accounts.asking import row_id
from backend.accounts.signing import actor
from backend.arguments import Parser
from backend.campaigns.bulk_answers import told
from backend.campaigns.bulk_schemas import (
    BODY,
    FILE,
    TAKEN,
    ImportQuerySchema,
    ImportSchema,
    TemplateQuerySchema,
)
from backend.campaigns.bulk_teams import import_teams
from backend.campaigns.bulk_template import template
from backend.extensions import PERSON
from backend.http import as_attachment, clock_now, language, read_bytes
from backend.spreadsheets import XLSX

blp = Blueprint("teams_bulk", __name__, url_prefix="/api/v1", description="Many teams at once")
blp.ARGUMENTS_PARSER = Parser()

MEDIA = {"csv": "text/csv; charset=utf-8", "xlsx": XLSX}
FILES = {200: {"content": {XLSX: FILE}}}


@blp.get("/organisations/<organisation_id>/teams/template")
@blp.doc(security=PERSON, responses=FILES)
@blp.arguments(TemplateQuerySchema, location="query")
@blp.response(200, {"type": "string"}, content_type="text/csv")
def get_template(query: dict[str, Any], organisation_id: str) -> Response:
    """Give the template of a list of teams, to fill in and send back."""
    form = query["format"]
    made = template(actor(), row_id(organisation_id), form)
    return as_attachment(made, MEDIA[form], f"mau-danh-sach-doi.{form}")


@blp.post("/organisations/<organisation_id>/teams/import")
@blp.doc(security=PERSON, requestBody=BODY)
@blp.arguments(ImportQuerySchema, location="query")
@blp.response(200, ImportSchema)
def post_import(query: dict[str, Any], organisation_id: str) -> dict[str, Any]:
    """Show what each row of a file does to the teams; with `dry_run=false`, do it or nothing."""
    return import_teams(
        actor(),
        row_id(organisation_id),
        partial(read_bytes, TAKEN, "not_table"),
        dry_run=query["dry_run"] == "true",
        now=clock_now(),
        told=partial(told, language=language()),
    )
