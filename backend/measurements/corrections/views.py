"""The API of organisers' decisions on measurements of their campaigns."""

from functools import partial
from typing import Any

from backend.accounts.authentication import actor
from backend.accounts.parsing import PeopleParser
from backend.database.extensions import PERSON
from backend.http import etags
from backend.http.blueprint import Blueprint
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

blp = Blueprint("decisions", __name__, parser=PeopleParser())
blueprints = (blp,)


@blp.post("/campaigns/<int:campaign_id>/corrections")
@blp.doc(security=PERSON)
@blp.arguments(CorrectionSchema)
@blp.response(200, DecidedSchema)
def correct(asked: dict[str, Any], campaign_id: int) -> Any:
    """Give measurements to another team of a campaign, or to none."""
    decision = Decision(asked["reason"], team_id=asked["team_id"])
    return decide(actor(), campaign_id, asked["choice"], decision, preview=asked["preview"])


@blp.get("/campaigns/<int:campaign_id>/corrections")
@blp.doc(security=PERSON)
@blp.arguments(CorrectionsQuerySchema, location="query")
@blp.response(200, CorrectionsSchema)
def list_corrections(query: dict[str, Any], campaign_id: int) -> Any:
    """List a campaign's corrections, the latest first."""
    return corrections(actor(), campaign_id, query["cursor"], query["limit"])


@blp.post("/campaigns/<int:campaign_id>/exclusions")
@blp.doc(security=PERSON)
@blp.arguments(ExclusionSchema)
@blp.response(200, DecidedSchema)
def exclude(asked: dict[str, Any], campaign_id: int) -> Any:
    """Take measurements out of one campaign's figures, or back in; the commune keeps them."""
    decision = Decision(asked["reason"], exclude=asked["excluded"])
    return decide(actor(), campaign_id, asked["choice"], decision, preview=asked["preview"])


@blp.post("/campaigns/<int:campaign_id>/changes")
@blp.doc(security=PERSON, parameters=etags.WANTED)
@blp.arguments(ChangesSchema)
@blp.response(200, ChangedSchema)
def change(asked: dict[str, Any], campaign_id: int) -> Any:
    """Change what earnings of a campaign rest on, or show what it would move."""
    seen, preview = etags.expected(), asked["preview"]
    return change_campaign(actor(), campaign_id, seen, asked["changes"], preview=preview)


@blp.post("/campaigns/<int:campaign_id>/memberships/import")
@blp.doc(security=PERSON, requestBody=BODY)
@blp.arguments(ImportQuerySchema, location="query")
@blp.response(200, PastSchema)
def import_past(query: dict[str, Any], campaign_id: int) -> Any:
    """Show what memberships of the past would move; with `dry_run=false`, write them or nothing."""
    return import_memberships(
        actor(),
        campaign_id,
        partial(read_bytes, TAKEN, "not_table"),
        dry_run=query["dry_run"] == "true",
        now=clock_now(),
        told=partial(told, language=language()),
    )
