"""The API of organisations, areas of officials, invitations and roles."""

from typing import TypedDict

from flask import current_app
from flask.typing import ResponseReturnValue

from backend.accounts.authentication import PersonBlueprint, SignedInParser, actor, keep_private
from backend.accounts.links import LinkHandedOut, deliver
from backend.accounts.models import Role
from backend.accounts.schemas import LinkSchema, RoleSchema
from backend.database.extensions import PERSON
from backend.http import etags
from backend.http.links import link_root
from backend.http.requests import Blueprint, clock_now
from backend.organisations import areas, grants, schemas, service

blp = Blueprint(
    "organisations", __name__, description="Organisers of campaigns", parser=SignedInParser()
)
area_blp = PersonBlueprint("areas", __name__, description="Areas of officials")
area_blp.after_request(keep_private)
grant_blp = PersonBlueprint("granting", __name__, description="Invitations and roles")
grant_blp.after_request(keep_private)
blueprints = (blp, area_blp, grant_blp)


@blp.get("/organisations")
@blp.arguments(schemas.OrganisationsQuerySchema, location="query")
@blp.response(200, schemas.OrganisationPageSchema)
def list_organisations(query: service.OrganisationsQuery) -> service.OrganisationPage:
    """List or search organisations."""
    return service.list_organisations(query)


@blp.post("/organisations")
@blp.doc(security=PERSON)
@blp.arguments(schemas.OrganisationCreateSchema)
@blp.response(201, schemas.OrganisationSchema, headers=etags.ETAG_HEADER, description="Added")
def create_organisation(data: service.NewOrganisation) -> ResponseReturnValue:
    """Add an organisation."""
    return etags.with_etag(service.create_organisation(actor(), data), 201)


@blp.get("/organisations/<int:organisation_id>")
@blp.response(200, schemas.OrganisationSchema, headers=etags.ETAG_HEADER)
@blp.alt_response(304, description="As the client has it")
def show_organisation(organisation_id: int) -> ResponseReturnValue:
    """Show an organisation."""
    return etags.with_etag(service.show_organisation(organisation_id))


@blp.patch("/organisations/<int:organisation_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.arguments(schemas.OrganisationChangeSchema)
@blp.response(200, schemas.OrganisationSchema, headers=etags.ETAG_HEADER)
def change_organisation(
    changes: service.OrganisationChanges, organisation_id: int
) -> ResponseReturnValue:
    """Change an organisation."""
    expected = etags.expected()
    return etags.with_etag(service.change_organisation(actor(), organisation_id, expected, changes))


@blp.delete("/organisations/<int:organisation_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.response(200, schemas.OrganisationSchema, headers=etags.ETAG_HEADER, description="Ended")
@blp.alt_response(204, description="Removed: nothing belonged to it")
def end_organisation(organisation_id: int) -> ResponseReturnValue:
    """End an organisation, or remove it where nothing belongs to it."""
    expected = etags.expected()
    now = clock_now()
    return etags.with_etag_or_204(service.end_organisation(actor(), organisation_id, expected, now))


@area_blp.post("/deputies")
@area_blp.arguments(schemas.DeputyRequestSchema)
@area_blp.response(201, schemas.DeputySchema)
def add_deputy(data: areas.DeputyRequest) -> areas.DeputyAnswer:
    """Let another person act in your area until a moment."""
    return areas.delegate(actor(), data, clock_now())


@area_blp.get("/deputies")
@area_blp.response(200, schemas.DeputiesSchema)
def get_deputies() -> areas.Deputies:
    """List your deputies, and the people whose deputy you are."""
    return areas.list_deputies(actor(), clock_now())


@area_blp.delete("/deputies/<int:deputy_id>")
@area_blp.response(204)
def remove_deputy(deputy_id: int) -> None:
    """End a deputy's role now."""
    areas.end_deputy(actor(), deputy_id, clock_now())


@area_blp.post("/deputies/<int:deputy_id>/renewal")
@area_blp.response(204)
def renew_deputy(deputy_id: int) -> None:
    """Let your deputy continue for 30 days from now."""
    areas.renew_deputy(actor(), deputy_id, clock_now())


class InvitationRequest(TypedDict):
    """A person to invite, with their roles."""

    name: str  # the login name
    display_name: str | None
    roles: list[grants.RoleRequest]


@grant_blp.post("/invitations")
@grant_blp.arguments(schemas.InvitationSchema)
@grant_blp.response(201, LinkSchema)
def invite(data: InvitationRequest) -> LinkHandedOut:
    """Invite a person with roles; the link is mailed, or in the answer to be handed over."""
    link = grants.invite(actor(), data["name"], data["display_name"], data["roles"], clock_now())
    return deliver(link, link_root(), current_app.config)


@grant_blp.post("/users/<int:user_id>/roles")
@grant_blp.arguments(schemas.RoleRequestSchema)
@grant_blp.response(201, RoleSchema)
@grant_blp.alt_response(200, schema=RoleSchema, description="The person has that role already")
def grant_role(data: grants.RoleRequest, user_id: int) -> tuple[Role, int]:
    """Grant a person a further role."""
    role, fresh = grants.grant_role(actor(), user_id, data, clock_now())
    return role, 201 if fresh else 200


@grant_blp.delete("/users/<int:user_id>/roles/<int:role_id>")
@grant_blp.response(204)
def end_role(user_id: int, role_id: int) -> None:
    """End a person's role now."""
    grants.end_role(actor(), user_id, role_id, clock_now())
