"""The API of organisations."""

from typing import Any

from backend.accounts.authentication import SignedInParser, actor
from backend.database.extensions import PERSON
from backend.http import etags
from backend.http.blueprint import Blueprint
from backend.http.requests import clock_now
from backend.organisations import service
from backend.organisations.area_views import blp as areas
from backend.organisations.cluster_views import blp as clusters
from backend.organisations.grant_views import blp as grants
from backend.organisations.schemas import (
    OrganisationChangeSchema,
    OrganisationCreateSchema,
    OrganisationPageSchema,
    OrganisationSchema,
    OrganisationsQuerySchema,
)

blp = Blueprint("organisations", __name__, parser=SignedInParser())
blueprints = (blp, areas, clusters, grants)


@blp.get("/organisations")
@blp.arguments(OrganisationsQuerySchema, location="query")
@blp.response(200, OrganisationPageSchema)
def list_organisations(query: dict[str, Any]) -> Any:
    """List or search organisations."""
    return service.list_organisations(query)


@blp.post("/organisations")
@blp.doc(security=PERSON)
@blp.arguments(OrganisationCreateSchema)
@blp.response(201, OrganisationSchema, headers=etags.ETAG_HEADER, description="Added")
def create_organisation(data: dict[str, Any]) -> Any:
    """Add an organisation."""
    return etags.with_etag(service.create_organisation(actor(), data), 201)


@blp.get("/organisations/<int:organisation_id>")
@blp.response(200, OrganisationSchema, headers=etags.ETAG_HEADER)
@blp.alt_response(304, description="As the client has it")
def show_organisation(organisation_id: int) -> Any:
    """Show an organisation."""
    return etags.with_etag(service.show_organisation(organisation_id))


@blp.patch("/organisations/<int:organisation_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.arguments(OrganisationChangeSchema)
@blp.response(200, OrganisationSchema, headers=etags.ETAG_HEADER)
def change_organisation(changes: dict[str, Any], organisation_id: int) -> Any:
    """Change an organisation."""
    expected = etags.expected()
    return etags.with_etag(service.change_organisation(actor(), organisation_id, expected, changes))


@blp.delete("/organisations/<int:organisation_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.response(200, OrganisationSchema, headers=etags.ETAG_HEADER, description="Ended")
@blp.alt_response(204, description="Removed: nothing belonged to it")
def end_organisation(organisation_id: int) -> Any:
    """End an organisation, or remove it where nothing belongs to it."""
    expected = etags.expected()
    now = clock_now()
    return etags.with_etag_or_204(service.end_organisation(actor(), organisation_id, expected, now))
