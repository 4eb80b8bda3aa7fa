"""Endpoints of admins, and of organisers for their teams, to invite people and grant roles."""

from typing import Any

from flask import current_app, request

from backend.accounts.authentication import SignedInParser, actor, keep_private
from backend.accounts.links import deliver
from backend.accounts.schemas import LinkSchema, RoleSchema
from backend.database.extensions import PERSON
from backend.http.blueprint import Blueprint
from backend.http.requests import clock_now
from backend.organisations import grants
from backend.organisations.grant_schemas import InvitationSchema, RoleRequestSchema

blp = Blueprint("granting", __name__, description="Invitations and roles", parser=SignedInParser())
blp.after_request(keep_private)


@blp.post("/invitations")
@blp.doc(security=PERSON)
@blp.arguments(InvitationSchema)
@blp.response(201, LinkSchema)
def invite(data: dict[str, Any]) -> Any:
    """Invite a person with roles; the link is mailed, or in the answer to be handed over."""
    link = grants.invite(actor(), data["name"], data["display_name"], data["roles"], clock_now())
    return deliver(link, request.host_url, current_app.config)


@blp.post("/users/<int:user_id>/roles")
@blp.doc(security=PERSON)
@blp.arguments(RoleRequestSchema)
@blp.response(201, RoleSchema)
@blp.alt_response(200, schema=RoleSchema, description="The person has that role already")
def grant_role(data: dict[str, Any], user_id: int) -> Any:
    """Grant a person a further role."""
    role, fresh = grants.grant_role(actor(), user_id, data, clock_now())
    return role, 201 if fresh else 200


@blp.delete("/users/<int:user_id>/roles/<int:role_id>")
@blp.doc(security=PERSON)
@blp.response(204)
def end_role(user_id: int, role_id: int) -> None:
    """End a person's role now."""
    grants.end_role(actor(), user_id, role_id, clock_now())
