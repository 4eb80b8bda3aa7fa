"""The API of what teams contributed."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from backend.accounts.authentication import actor
from backend.accounts.parsing import PeopleParser, row_id
from backend.coverage.contributions.day_picture import draw
from backend.coverage.contributions.day_summary import summarise_day
from backend.coverage.contributions.files import as_csv, as_xlsx
from backend.coverage.contributions.leaderboard import leaderboard
from backend.coverage.contributions.schemas import (
    ContributionsQuerySchema,
    ContributionsSchema,
    LeaderboardQuerySchema,
    LeaderboardSchema,
    SummaryQuerySchema,
    SummarySchema,
)
from backend.coverage.contributions.service import contributions
from backend.database.extensions import PERSON
from backend.http.etags import answered_figures
from backend.http.requests import as_attachment, clock_now, language
from backend.tables.spreadsheets import XLSX

blp = Blueprint("contributions", __name__, url_prefix="/api/v1/campaigns")
blp.ARGUMENTS_PARSER = PeopleParser()

BINARY = {"schema": {"type": "string", "format": "binary"}}
TABLES = {"text/csv": {"schema": {"type": "string"}}, XLSX: BINARY}


@blp.get("/<campaign_id>/contributions")
@blp.doc(security=PERSON, responses={200: {"content": TABLES}})
@blp.arguments(ContributionsQuerySchema, location="query")
@blp.response(200, ContributionsSchema)
@blp.alt_response(304, description="Nothing changed since the figures of If-None-Match")
def get_contributions(query: dict[str, Any], campaign_id: str) -> Response:
    """Show what each team, member, unit, day or organisation contributed to a campaign."""
    identity = row_id(campaign_id)
    answer = contributions(actor(), identity, query, language())
    name = f"contributions-{identity}-{query['by']}"
    if query["format"] == "csv":
        return as_attachment(as_csv(answer, language()), "text/csv; charset=utf-8", f"{name}.csv")
    if query["format"] == "xlsx":
        return as_attachment(as_xlsx(answer, language()), XLSX, f"{name}.xlsx")
    return answered_figures(answer)


@blp.get("/<campaign_id>/leaderboard")
@blp.doc(security=PERSON)
@blp.arguments(LeaderboardQuerySchema, location="query")
@blp.response(200, LeaderboardSchema)
@blp.alt_response(304, description="Nothing changed since the figures of If-None-Match")
def get_leaderboard(query: dict[str, Any], campaign_id: str) -> Response:
    """Rank the teams of a campaign by samples that were still needed."""
    return answered_figures(leaderboard(actor(), row_id(campaign_id), query, language()))


@blp.get("/<campaign_id>/summary")
@blp.doc(security=PERSON, responses={200: {"content": {"image/png": BINARY}}})
@blp.arguments(SummaryQuerySchema, location="query")
@blp.response(200, SummarySchema)
@blp.alt_response(304, description="Nothing changed since the figures of If-None-Match")
def get_day_summary(query: dict[str, Any], campaign_id: str) -> Response:
    """Tell a day of a campaign in a few Vietnamese lines, or as a picture of them."""
    identity, now = row_id(campaign_id), clock_now()
    day, lines = summarise_day(actor(), identity, query, now)
    if query["format"] == "png":
        return as_attachment(draw(lines), "image/png", f"summary-{identity}-{day}.png")
    return answered_figures({"day": day, "text": "\n".join(lines)})
