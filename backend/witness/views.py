"""Endpoints of tickets."""

from typing import Any

from flask import current_app, request

from backend.database.extensions import BEARER
from backend.http.requests import Blueprint, bearer_token, clock_now
from backend.witness.schemas import TicketKeysSchema, TicketRequestSchema, TicketSchema
from backend.witness.service import TicketIssuer

blp = Blueprint("tests", __name__, description="Tickets of speed tests")
blueprints = (blp,)


@blp.post("/tests")
@blp.doc(security=BEARER)
@blp.arguments(TicketRequestSchema)
@blp.response(201, TicketSchema)
def issue_ticket(data: dict[str, Any]) -> Any:
    """Get a ticket for one speed test."""
    issued = _issuer().issue(bearer_token(), data["profile"], data["host"], clock_now())
    ticket = issued.ticket
    host = {
        "id": ticket.host_id,
        "name": issued.host_name,
        "url": issued.url or request.host_url.rstrip("/"),
        "signs": issued.signs,
    }
    return {
        "id": ticket.id,
        "ticket": issued.token,
        "host": host,
        "profile": ticket.profile,
        "issued_at": ticket.issued_at,
        "expires_at": ticket.expires_at,
    }


@blp.get("/tests/keys")
@blp.response(200, TicketKeysSchema)
def list_keys() -> Any:
    """Return the public key that measuring hosts check tickets with."""
    key = _issuer().public_key
    public_key = key.public_bytes.hex()
    return {"items": [{"kid": key.kid, "algorithm": "Ed25519", "public_key": public_key}]}


def _issuer() -> TicketIssuer:
    issuer: TicketIssuer = current_app.extensions["ticket_issuer"]
    return issuer
