"""Endpoints of tickets."""

import orjson
from flask import Response, current_app
from marshmallow import ValidationError

from backend.database.extensions import BEARER
from backend.errors import Problem, field_errors
from backend.http.etags import with_digest
from backend.http.links import link_root
from backend.http.requests import Blueprint, bearer_token, clock_now, read_object
from backend.witness import hosts
from backend.witness.schemas import HostsSchema, TicketKeysSchema, TicketRequestSchema, TicketSchema
from backend.witness.service import TicketIssuer, TicketKeys, TicketRequest, serialize

blp = Blueprint("tests", __name__, description="Tickets of speed tests")
blueprints = (blp,)

REQUEST = TicketRequestSchema()


@blp.post("/tests")
@blp.doc(security=BEARER)
@blp.doc(requestBody={"content": {"application/json": {"schema": TicketRequestSchema}}})
@blp.response(201, TicketSchema)
def issue_ticket() -> Response:
    """Get a ticket for one speed test; the same `id` again returns the same ticket."""
    try:
        data = REQUEST.load(read_object())
    except ValidationError as error:
        raise Problem(422, "invalid", field_errors(error.messages)) from None
    asked = TicketRequest(data["profile"], data["host"], data["id"])
    issued = _issuer().issue(bearer_token(), asked, clock_now())
    answer = serialize(issued, _own_url())
    return Response(orjson.dumps(answer), 201, content_type="application/json")


@blp.get("/hosts")
@blp.doc(security=[])
@blp.response(200, HostsSchema)
def list_hosts() -> Response:
    """List the measuring hosts that are up, the preferred one first."""
    response = with_digest(hosts.hosts_up(current_app.config, _own_url()))
    response.headers["Cache-Control"] = "public, max-age=60"
    return response


@blp.get("/tests/keys")
@blp.response(200, TicketKeysSchema)
def list_keys() -> TicketKeys:
    """Return the public key that measuring hosts check tickets with."""
    key = _issuer().public_key
    public_key = key.public_bytes.hex()
    return {"items": [{"kid": key.kid, "algorithm": "Ed25519", "public_key": public_key}]}


def _own_url() -> str:
    """Return the address of the own host: no text of one client is in the kept answer of others."""
    return link_root(strict=False).removesuffix("/")


def _issuer() -> TicketIssuer:
    issuer: TicketIssuer = current_app.extensions["ticket_issuer"]
    return issuer
