"""The API of campaigns."""

from typing import Any

from backend.accounts.authentication import SignedInParser, actor
from backend.campaigns import service
from backend.campaigns.schemas import (
    CampaignChangeSchema,
    CampaignCreateSchema,
    CampaignPageSchema,
    CampaignSchema,
    CampaignsQuerySchema,
)
from backend.campaigns.team_views import blp as teams
from backend.database.extensions import PERSON
from backend.http import etags
from backend.http.blueprint import Blueprint

blp = Blueprint("campaigns", __name__, parser=SignedInParser())
blueprints = (blp, teams)


@blp.get("/campaigns")
@blp.arguments(CampaignsQuerySchema, location="query")
@blp.response(200, CampaignPageSchema)
def list_campaigns(query: dict[str, Any]) -> Any:
    """List campaigns; drafts only to their organiser."""
    return service.list_campaigns(actor(), query)


@blp.post("/campaigns")
@blp.doc(security=PERSON)
@blp.arguments(CampaignCreateSchema)
@blp.response(201, CampaignSchema, headers=etags.ETAG_HEADER, description="Added")
def create_campaign(data: dict[str, Any]) -> Any:
    """Add a campaign."""
    return etags.with_etag(service.create_campaign(actor(), data), 201)


@blp.get("/campaigns/<int:campaign_id>")
@blp.response(200, CampaignSchema, headers=etags.ETAG_HEADER)
@blp.alt_response(304, description="As the client has it")
def show_campaign(campaign_id: int) -> Any:
    """Show a campaign with its area."""
    return etags.with_etag(service.show_campaign(actor(), campaign_id))


@blp.patch("/campaigns/<int:campaign_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.arguments(CampaignChangeSchema)
@blp.response(200, CampaignSchema, headers=etags.ETAG_HEADER)
def change_campaign(changes: dict[str, Any], campaign_id: int) -> Any:
    """Change a campaign."""
    expected = etags.expected()
    return etags.with_etag(service.change_campaign(actor(), campaign_id, expected, changes))


@blp.delete("/campaigns/<int:campaign_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.response(204, description="Removed")
def remove_campaign(campaign_id: int) -> None:
    """Remove a campaign that is still a draft."""
    service.remove_campaign(actor(), campaign_id, etags.expected())
