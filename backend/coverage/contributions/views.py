"""API of contributions."""

from typing import Any

from flask import Response

from backend.accounts.authentication import PersonBlueprint, actor
from backend.coverage.contributions import schemas
from backend.coverage.contributions.certificates import own_certificate
from backend.coverage.contributions.day_picture import day_picture
from backend.coverage.contributions.day_summary import summarise_day
from backend.coverage.contributions.files import as_csv, as_xlsx, file_name
from backend.coverage.contributions.service import contributions
from backend.database.extensions import BEARER
from backend.devices.service import authenticate
from backend.http.etags import with_digest
from backend.http.requests import as_attachment, bearer_token, clock_now, language
from backend.tables.spreadsheets import XLSX

blp = PersonBlueprint(
    "contributions",
    __name__,
    description="What teams and volunteers earned",
    url_prefix="/api/v1/campaigns",
)
blueprints = (blp,)

BINARY = {"schema": {"type": "string", "format": "binary"}}
TABLES = {"text/csv": {"schema": {"type": "string"}}, XLSX: BINARY}


@blp.get("/<int:campaign_id>/contributions")
@blp.doc(responses={200: {"content": TABLES}})
@blp.arguments(schemas.ContributionsQuerySchema, location="query")
@blp.response(200, schemas.ContributionsSchema)
@blp.alt_response(304, description="Nothing changed since the figures of If-None-Match")
def get_contributions(query: dict[str, Any], campaign_id: int) -> Response:
    """Show the contributions of teams, members, units, days or organisations to a campaign."""
    answer = contributions(actor(), campaign_id, query, language(), clock_now())
    name = file_name(campaign_id, query["by"], query["format"])
    if query["format"] == "csv":
        return as_attachment(as_csv(answer, language()), "text/csv; charset=utf-8", name)
    if query["format"] == "xlsx":
        return as_attachment(as_xlsx(answer, language()), XLSX, name)
    return with_digest(answer)


@blp.get("/<int:campaign_id>/summary")
@blp.doc(responses={200: {"content": {"image/png": BINARY}}})
@blp.arguments(schemas.SummaryQuerySchema, location="query")
@blp.response(200, schemas.SummarySchema)
@blp.alt_response(304, description="Nothing changed since the figures of If-None-Match")
def get_day_summary(query: dict[str, Any], campaign_id: int) -> Response:
    """Summarise a day of a campaign in a few Vietnamese lines, or as a picture of them."""
    now = clock_now()
    if query["format"] == "png":
        day, picture = day_picture(actor(), campaign_id, query, now)
        return as_attachment(picture, "image/png", f"tom-tat-{campaign_id}-{day}.png")
    day, lines = summarise_day(actor(), campaign_id, query, now)
    return with_digest({"day": day, "text": "\n".join(lines)})


@blp.get("/<int:campaign_id>/certificate")
@blp.doc(security=BEARER)
@blp.response(200, BINARY["schema"], content_type="image/png")
def get_own_certificate(campaign_id: int) -> Response:
    """Draw the certificate of a phone's volunteer who chose a name, once the campaign is over."""
    now = clock_now()
    picture = own_certificate(authenticate(bearer_token(), now).id, campaign_id, now)
    return as_attachment(picture, "image/png", f"giay-chung-nhan-{campaign_id}.png", stored=False)
