"""The API of campaigns and their teams."""

from flask.typing import ResponseReturnValue

from backend.accounts.authentication import PersonBlueprint, SignedInParser, actor
from backend.campaigns import schemas, service, teams
from backend.database.extensions import PERSON
from backend.http import etags
from backend.http.paging import PageQuery, PageSchema
from backend.http.requests import Blueprint, clock_now

blp = Blueprint(
    "campaigns", __name__, description="Campaigns: area, days, state", parser=SignedInParser()
)
team_blp = PersonBlueprint("teams", __name__, description="Teams of an organisation")
blueprints = (blp, team_blp)


@blp.get("/campaigns")
@blp.arguments(PageSchema, location="query")
@blp.response(200, schemas.CampaignPageSchema)
def list_campaigns(query: PageQuery) -> service.CampaignPage:
    """List campaigns; drafts only to their organiser."""
    return service.list_campaigns(actor(), query)


@blp.post("/campaigns")
@blp.doc(security=PERSON)
@blp.arguments(schemas.CampaignCreateSchema)
@blp.response(201, schemas.CampaignSchema, headers=etags.ETAG_HEADER, description="Added")
def create_campaign(data: service.CampaignCreate) -> ResponseReturnValue:
    """Add a campaign."""
    return etags.with_etag(service.create_campaign(actor(), data), 201)


@blp.get("/campaigns/<int:campaign_id>")
@blp.response(200, schemas.CampaignSchema, headers=etags.ETAG_HEADER)
@blp.alt_response(304, description="As the client has it")
def show_campaign(campaign_id: int) -> ResponseReturnValue:
    """Show a campaign with its area."""
    return etags.with_etag(service.show_campaign(actor(), campaign_id))


@blp.patch("/campaigns/<int:campaign_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.arguments(schemas.CampaignChangeSchema)
@blp.response(200, schemas.CampaignSchema, headers=etags.ETAG_HEADER)
def change_campaign(changes: service.CampaignChanges, campaign_id: int) -> ResponseReturnValue:
    """Change a campaign."""
    expected = etags.expected()
    return etags.with_etag(service.change_campaign(actor(), campaign_id, expected, changes))


@blp.delete("/campaigns/<int:campaign_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.response(204, description="Removed")
def remove_campaign(campaign_id: int) -> None:
    """Remove a campaign that is still a draft."""
    service.remove_campaign(actor(), campaign_id, etags.expected())


@team_blp.get("/organisations/<int:organisation_id>/teams")
@team_blp.arguments(schemas.TeamsQuerySchema, location="query")
@team_blp.response(200, schemas.TeamPageSchema)
def list_teams(query: teams.TeamsQuery, organisation_id: int) -> teams.TeamPage:
    """List an organisation's teams."""
    return teams.list_teams(actor(), organisation_id, query)


@team_blp.post("/organisations/<int:organisation_id>/teams")
@team_blp.arguments(schemas.TeamCreateSchema)
@team_blp.response(201, schemas.TeamSchema, headers=etags.ETAG_HEADER, description="Added")
def create_team(data: teams.TeamChanges, organisation_id: int) -> ResponseReturnValue:
    """Add a team to an organisation."""
    return etags.with_etag(teams.create_team(actor(), organisation_id, data), 201)


@team_blp.get("/teams/<int:team_id>")
@team_blp.response(200, schemas.TeamSchema, headers=etags.ETAG_HEADER)
@team_blp.alt_response(304, description="As the client has it")
def show_team(team_id: int) -> ResponseReturnValue:
    """Show a team to its leader or organiser."""
    return etags.with_etag(teams.show_team(actor(), team_id))


@team_blp.patch("/teams/<int:team_id>")
@team_blp.doc(parameters=etags.IF_MATCH_PARAMETER)
@team_blp.arguments(schemas.TeamChangeSchema)
@team_blp.response(200, schemas.TeamSchema, headers=etags.ETAG_HEADER)
def change_team(changes: teams.TeamChanges, team_id: int) -> ResponseReturnValue:
    """Change a team."""
    expected = etags.expected()
    return etags.with_etag(teams.change_team(actor(), team_id, expected, changes))


@team_blp.delete("/teams/<int:team_id>")
@team_blp.doc(parameters=etags.IF_MATCH_PARAMETER)
@team_blp.response(
    200, schemas.TeamSchema, headers=etags.ETAG_HEADER, description="Ended; what it earned stays"
)
@team_blp.alt_response(204, description="Removed: nobody joined it and it earned nothing")
def end_team(team_id: int) -> ResponseReturnValue:
    """End a team, or remove it where nobody joined it."""
    expected = etags.expected()
    now = clock_now()
    return etags.with_etag_or_204(teams.end_team(actor(), team_id, expected, now))
