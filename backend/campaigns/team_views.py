"""The API of teams."""

from typing import Any

from backend.accounts.authentication import SignedInParser, actor
from backend.campaigns import teams as service
from backend.campaigns.team_schemas import (
    TeamChangeSchema,
    TeamCreateSchema,
    TeamPageSchema,
    TeamSchema,
    TeamsQuerySchema,
)
from backend.database.extensions import PERSON
from backend.http import etags
from backend.http.blueprint import Blueprint
from backend.http.requests import clock_now

blp = Blueprint("teams", __name__, parser=SignedInParser())


@blp.get("/organisations/<int:organisation_id>/teams")
@blp.doc(security=PERSON)
@blp.arguments(TeamsQuerySchema, location="query")
@blp.response(200, TeamPageSchema)
def list_teams(query: dict[str, Any], organisation_id: int) -> Any:
    """List an organisation's teams."""
    return service.list_teams(actor(), organisation_id, query)


@blp.post("/organisations/<int:organisation_id>/teams")
@blp.doc(security=PERSON)
@blp.arguments(TeamCreateSchema)
@blp.response(201, TeamSchema, headers=etags.ETAG_HEADER, description="Added")
def create_team(data: dict[str, Any], organisation_id: int) -> Any:
    """Add a team to an organisation."""
    return etags.with_etag(service.create_team(actor(), organisation_id, data), 201)


@blp.get("/teams/<int:team_id>")
@blp.doc(security=PERSON)
@blp.response(200, TeamSchema, headers=etags.ETAG_HEADER)
@blp.alt_response(304, description="As the client has it")
def show_team(team_id: int) -> Any:
    """Show a team to its leader or organiser."""
    return etags.with_etag(service.show_team(actor(), team_id))


@blp.patch("/teams/<int:team_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.arguments(TeamChangeSchema)
@blp.response(200, TeamSchema, headers=etags.ETAG_HEADER)
def change_team(changes: dict[str, Any], team_id: int) -> Any:
    """Change a team."""
    expected = etags.expected()
    return etags.with_etag(service.change_team(actor(), team_id, expected, changes))


@blp.delete("/teams/<int:team_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.response(200, TeamSchema, headers=etags.ETAG_HEADER, description="Ended; what it earned stays")
@blp.alt_response(204, description="Removed: nobody joined it and it earned nothing")
def end_team(team_id: int) -> Any:
    """End a team, or remove it where nobody joined it."""
    expected = etags.expected()
    now = clock_now()
    return etags.with_etag_or_204(service.end_team(actor(), team_id, expected, now))
