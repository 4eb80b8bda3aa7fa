"""The API of organisations."""

from typing import Any

from flask_smorest import Blueprint

from backend.accounts.authentication import actor
from backend.accounts.parsing import PeopleParser, row_id
from backend.database.extensions import PERSON
from backend.http import etags
from backend.http.requests import clock_now
from backend.organisations import service
from backend.organisations.schemas import (
    OrganisationChangeSchema,
    OrganisationNewSchema,
    OrganisationPageSchema,
    OrganisationSchema,
    OrganisationsQuerySchema,
)

organisation_blp = Blueprint("organisations", __name__, url_prefix="/api/v1")
organisation_blp.ARGUMENTS_PARSER = PeopleParser()


@organisation_blp.get("/organisations")
@organisation_blp.arguments(OrganisationsQuerySchema, location="query")
@organisation_blp.response(200, OrganisationPageSchema)
def list_organisations(query: dict[str, Any]) -> Any:
    """List or search organisations."""
    return service.list_organisations(query)


@organisation_blp.post("/organisations")
@organisation_blp.doc(security=PERSON)
@organisation_blp.arguments(OrganisationNewSchema)
@organisation_blp.response(201, OrganisationSchema, headers=etags.TOLD, description="Added")
def create_organisation(asked: dict[str, Any]) -> Any:
    """Add an organisation."""
    return etags.answered(service.create_organisation(actor(), asked), 201)


@organisation_blp.get("/organisations/<organisation_id>")
@organisation_blp.response(200, OrganisationSchema, headers=etags.TOLD)
@organisation_blp.alt_response(304, description="As the client has it")
def show_organisation(organisation_id: str) -> Any:
    """Show an organisation."""
    return etags.answered(service.show_organisation(row_id(organisation_id)))


@organisation_blp.patch("/organisations/<organisation_id>")
@organisation_blp.doc(security=PERSON, parameters=etags.WANTED)
@organisation_blp.arguments(OrganisationChangeSchema)
@organisation_blp.response(200, OrganisationSchema, headers=etags.TOLD)
def change_organisation(changes: dict[str, Any], organisation_id: str) -> Any:
    """Change an organisation."""
    identity, seen = row_id(organisation_id), etags.expected()
    return etags.answered(service.change_organisation(actor(), identity, seen, changes))


@organisation_blp.delete("/organisations/<organisation_id>")
@organisation_blp.doc(security=PERSON, parameters=etags.WANTED)
@organisation_blp.response(
    200, OrganisationSchema, headers=etags.TOLD, description="Ended; what it was stays"
)
@organisation_blp.alt_response(204, description="Removed: nothing belonged to it")
def end_organisation(organisation_id: str) -> Any:
    """End an organisation, or remove it where nothing belongs to it."""
    identity, seen = row_id(organisation_id), etags.expected()
    now = clock_now()
    return etags.ended(service.end_organisation(actor(), identity, seen, now))
