"""The API of one's own identities: list, link and unlink them."""

from typing import TypedDict

from marshmallow import Schema, fields

from backend.accounts.access import require_session
from backend.accounts.authentication import (
    SignedInParser,
    actor,
    keep_private,
    sign_in_context,
)
from backend.accounts.models import OfficeIdentity
from backend.accounts.schemas import PasswordSchema
from backend.database.extensions import PERSON, SESSION
from backend.errors import Problem
from backend.http.paging import list_of
from backend.http.requests import Blueprint, clock_now
from backend.oidc import service
from backend.oidc.browser import callback_url, current_provider, pending_cookie

blp = Blueprint(
    "identities",
    __name__,
    url_prefix="/api/v1/account/identities",
    description="Accounts at the operator's provider with which one signs in",
    parser=SignedInParser(),
    security=SESSION,
)
blp.after_request(keep_private)
blueprints = (blp,)


class IdentitySchema(Schema):
    """An account at a provider with which the person signs in."""

    id = fields.Integer(required=True)
    issuer = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)
    signed_in_at = fields.AwareDateTime(required=True)


IdentitiesSchema = list_of(IdentitySchema, "Identities")


class LinkingSchema(Schema):
    """The address at the provider where the person signs in to link the account."""

    url = fields.String(required=True)


class Identities(TypedDict):
    """The accounts at the operator's provider with which one signs in."""

    items: list[OfficeIdentity]


@blp.get("")
@blp.doc(security=PERSON)
@blp.response(200, IdentitiesSchema)
def list_identities() -> Identities:
    """List the accounts at the operator's provider with which one signs in."""
    return {"items": service.list_identities(actor())}


@blp.post("")
@blp.arguments(PasswordSchema)
@blp.response(201, LinkingSchema)
def link(data: dict[str, str]) -> tuple[dict[str, str], int, dict[str, str]]:
    """Begin to link an account at the operator's provider; the browser opens the address."""
    caller, provider = actor(), current_provider()
    require_session(caller)
    if provider is None:
        raise Problem(404, "not_found")
    url, pending = service.begin_linking(
        provider, caller, data["password"], sign_in_context(), callback_url()
    )
    return {"url": url}, 201, {"Set-Cookie": pending_cookie(pending)}


@blp.delete("/<int:identity_id>")
@blp.arguments(PasswordSchema)
@blp.response(204)
def unlink(data: dict[str, str], identity_id: int) -> None:
    """Unlink an account: its sessions and the roles that rules gave end."""
    service.unlink(actor(), identity_id, data["password"], clock_now())
