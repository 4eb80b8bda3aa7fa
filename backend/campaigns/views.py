"""The API of campaigns."""

from typing import Any

from flask_smorest import Blueprint

from backend.accounts.authentication import actor
from backend.accounts.parsing import PeopleParser, row_id
from backend.campaigns import service
from backend.campaigns.listing import list_campaigns as listed
from backend.campaigns.schemas import (
    CampaignChangeSchema,
    CampaignNewSchema,
    CampaignPageSchema,
    CampaignSchema,
    CampaignsQuerySchema,
)
from backend.database.extensions import PERSON
from backend.http import etags

campaign_blp = Blueprint("campaigns", __name__, url_prefix="/api/v1")
campaign_blp.ARGUMENTS_PARSER = PeopleParser()


@campaign_blp.get("/campaigns")
@campaign_blp.arguments(CampaignsQuerySchema, location="query")
@campaign_blp.response(200, CampaignPageSchema)
def list_campaigns(query: dict[str, Any]) -> Any:
    """List campaigns; drafts are listed to their organiser alone."""
    return listed(actor(), query)


@campaign_blp.post("/campaigns")
@campaign_blp.doc(security=PERSON)
@campaign_blp.arguments(CampaignNewSchema)
@campaign_blp.response(201, CampaignSchema, headers=etags.TOLD, description="Added")
def create_campaign(asked: dict[str, Any]) -> Any:
    """Add a campaign."""
    return etags.answered(service.create_campaign(actor(), asked), 201)


@campaign_blp.get("/campaigns/<campaign_id>")
@campaign_blp.response(200, CampaignSchema, headers=etags.TOLD)
@campaign_blp.alt_response(304, description="As the client has it")
def show_campaign(campaign_id: str) -> Any:
    """Show a campaign with its area."""
    return etags.answered(service.show_campaign(actor(), row_id(campaign_id)))


@campaign_blp.patch("/campaigns/<campaign_id>")
@campaign_blp.doc(security=PERSON, parameters=etags.WANTED)
@campaign_blp.arguments(CampaignChangeSchema)
@campaign_blp.response(200, CampaignSchema, headers=etags.TOLD)
def change_campaign(changes: dict[str, Any], campaign_id: str) -> Any:
    """Change a campaign."""
    identity, seen = row_id(campaign_id), etags.expected()
    return etags.answered(service.change_campaign(actor(), identity, seen, changes))


@campaign_blp.delete("/campaigns/<campaign_id>")
@campaign_blp.doc(security=PERSON, parameters=etags.WANTED)
@campaign_blp.response(204, description="Removed")
def remove_campaign(campaign_id: str) -> None:
    """Remove a campaign that is still a draft."""
    service.remove_campaign(actor(), row_id(campaign_id), etags.expected())
