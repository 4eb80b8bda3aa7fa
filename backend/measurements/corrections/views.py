"""The API of organisers' decisions on measurements of their campaigns."""

from functools import partial
from typing import Any

from flask_smorest import Blueprint

from backend.accounts.authentication import actor
from backend.accounts.parsing import PeopleParser, row_id
from backend.database.extensions import PERSON
from backend.http import etags
from backend.http.requests import clock_now, language, read_bytes
from backend.measurements.corrections.past_memberships import import_memberships
from backend.measurements.corrections.past_schemas import PastSchema, told
from backend.measurements.corrections.reattribution import change_campaign
from backend.measurements.corrections.schemas import (
    ChangedSchema,
    ChangesSchema,
    CorrectionSchema,
    CorrectionsQuerySchema,
    CorrectionsSchema,
    DecidedSchema,
    ExclusionSchema,
)
from backend.measurements.corrections.service import Decision, corrections, decide
from backend.team_import.schemas import BODY, TAKEN, ImportQuerySchema

campaign_blp = Blueprint("decisions", __name__, url_prefix="/api/v1")
campaign_blp.ARGUMENTS_PARSER = PeopleParser()


@campaign_blp.post("/campaigns/<campaign_id>/corrections")
@campaign_blp.doc(security=PERSON)
@campaign_blp.arguments(CorrectionSchema)
@campaign_blp.response(200, DecidedSchema)
def correct(asked: dict[str, Any], campaign_id: str) -> Any:
    """Give measurements to another team of a campaign, or to none."""
    decision = Decision(asked["reason"], team_id=asked["team_id"])
    return decide(actor(), row_id(campaign_id), asked["choice"], decision, preview=asked["preview"])


@campaign_blp.get("/campaigns/<campaign_id>/corrections")
@campaign_blp.doc(security=PERSON)
@campaign_blp.arguments(CorrectionsQuerySchema, location="query")
@campaign_blp.response(200, CorrectionsSchema)
def list_corrections(query: dict[str, Any], campaign_id: str) -> Any:
    """List a campaign's corrections, the latest first."""
    return corrections(actor(), row_id(campaign_id), query["cursor"], query["limit"])


@campaign_blp.post("/campaigns/<campaign_id>/exclusions")
@campaign_blp.doc(security=PERSON)
@campaign_blp.arguments(ExclusionSchema)
@campaign_blp.response(200, DecidedSchema)
def exclude(asked: dict[str, Any], campaign_id: str) -> Any:
    """Take measurements out of one campaign's figures, or back in; the commune keeps them."""
    decision = Decision(asked["reason"], exclude=asked["excluded"])
    return decide(actor(), row_id(campaign_id), asked["choice"], decision, preview=asked["preview"])


@campaign_blp.post("/campaigns/<campaign_id>/changes")
@campaign_blp.doc(security=PERSON, parameters=etags.WANTED)
@campaign_blp.arguments(ChangesSchema)
@campaign_blp.response(200, ChangedSchema)
def change(asked: dict[str, Any], campaign_id: str) -> Any:
    """Change what earnings of a campaign rest on, or show what it would move."""
    seen, preview = etags.expected(), asked["preview"]
    return change_campaign(actor(), row_id(campaign_id), seen, asked["changes"], preview=preview)


@campaign_blp.post("/campaigns/<campaign_id>/memberships/import")
@campaign_blp.doc(security=PERSON, requestBody=BODY)
@campaign_blp.arguments(ImportQuerySchema, location="query")
@campaign_blp.response(200, PastSchema)
def import_past(query: dict[str, Any], campaign_id: str) -> Any:
    """Show what memberships of the past would move; with `dry_run=false`, write them or nothing."""
    return import_memberships(
        actor(),
        row_id(campaign_id),
        partial(read_bytes, TAKEN, "not_table"),
        dry_run=query["dry_run"] == "true",
        now=clock_now(),
        told=partial(told, language=language()),
    )
