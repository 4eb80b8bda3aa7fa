"""The API of teams."""

from typing import Any

from flask_smorest import Blueprint

from backend.accounts.authentication import actor
from backend.accounts.parsing import PeopleParser, row_id
from backend.campaigns import teams as service
from backend.campaigns.team_schemas import (
    TeamChangeSchema,
    TeamNewSchema,
    TeamPageSchema,
    TeamSchema,
    TeamsQuerySchema,
)
from backend.database.extensions import PERSON
from backend.http import etags
from backend.http.requests import clock_now

team_blp = Blueprint("teams", __name__, url_prefix="/api/v1")
team_blp.ARGUMENTS_PARSER = PeopleParser()


@team_blp.get("/organisations/<organisation_id>/teams")
@team_blp.doc(security=PERSON)
@team_blp.arguments(TeamsQuerySchema, location="query")
@team_blp.response(200, TeamPageSchema)
def list_teams(query: dict[str, Any], organisation_id: str) -> Any:
    """List an organisation's teams."""
    return service.list_teams(actor(), row_id(organisation_id), query)


@team_blp.post("/organisations/<organisation_id>/teams")
@team_blp.doc(security=PERSON)
@team_blp.arguments(TeamNewSchema)
@team_blp.response(201, TeamSchema, headers=etags.TOLD, description="Added")
def create_team(asked: dict[str, Any], organisation_id: str) -> Any:
    """Add a team to an organisation."""
    return etags.answered(service.create_team(actor(), row_id(organisation_id), asked), 201)


@team_blp.get("/teams/<team_id>")
@team_blp.doc(security=PERSON)
@team_blp.response(200, TeamSchema, headers=etags.TOLD)
@team_blp.alt_response(304, description="As the client has it")
def show_team(team_id: str) -> Any:
    """Show a team to its leader or organiser."""
    return etags.answered(service.show_team(actor(), row_id(team_id)))


@team_blp.patch("/teams/<team_id>")
@team_blp.doc(security=PERSON, parameters=etags.WANTED)
@team_blp.arguments(TeamChangeSchema)
@team_blp.response(200, TeamSchema, headers=etags.TOLD)
def change_team(changes: dict[str, Any], team_id: str) -> Any:
    """Change a team."""
    identity, seen = row_id(team_id), etags.expected()
    return etags.answered(service.change_team(actor(), identity, seen, changes))


@team_blp.delete("/teams/<team_id>")
@team_blp.doc(security=PERSON, parameters=etags.WANTED)
@team_blp.response(200, TeamSchema, headers=etags.TOLD, description="Ended; what it earned stays")
@team_blp.alt_response(204, description="Removed: nobody joined it and it earned nothing")
def end_team(team_id: str) -> Any:
    """End a team, or remove it where nobody joined it."""
    identity, seen = row_id(team_id), etags.expected()
    now = clock_now()
    return etags.ended(service.end_team(actor(), identity, seen, now))
