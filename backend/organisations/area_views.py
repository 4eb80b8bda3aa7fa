"""The API of officials' areas: deputies, and successors of units that ended."""

from typing import Any

from backend.accounts.authentication import SignedInParser, actor, keep_private
from backend.database.extensions import PERSON
from backend.http.blueprint import Blueprint
from backend.http.requests import clock_now
from backend.organisations.area_schemas import (
    DeputiesSchema,
    DeputyRequestSchema,
    DeputySchema,
    EndedRolesSchema,
    SuccessionRequestSchema,
    SuccessionSchema,
)
from backend.organisations.deputies import delegate, end_deputy, list_deputies
from backend.organisations.succession import confirm_successors, list_ended

blp = Blueprint("areas", __name__, description="Areas of officials", parser=SignedInParser())
blp.after_request(keep_private)


@blp.post("/deputies")
@blp.doc(security=PERSON)
@blp.arguments(DeputyRequestSchema)
@blp.response(201, DeputySchema)
def add_deputy(data: dict[str, Any]) -> dict[str, Any]:
    """Let another person act in your area until a moment."""
    return delegate(actor(), data, clock_now())


@blp.get("/deputies")
@blp.doc(security=PERSON)
@blp.response(200, DeputiesSchema)
def get_deputies() -> dict[str, Any]:
    """List your deputies, and the people whose deputy you are."""
    return list_deputies(actor(), clock_now())


@blp.delete("/deputies/<int:deputy_id>")
@blp.doc(security=PERSON)
@blp.response(204)
def remove_deputy(deputy_id: int) -> None:
    """End a deputy's role now."""
    end_deputy(actor(), deputy_id, clock_now())


@blp.get("/roles/ended")
@blp.doc(security=PERSON)
@blp.response(200, EndedRolesSchema)
def get_ended() -> dict[str, Any]:
    """List roles that ended with their unit, with the proposed successors."""
    return list_ended(actor(), clock_now())


@blp.post("/roles/<int:role_id>/successors")
@blp.doc(security=PERSON)
@blp.arguments(SuccessionRequestSchema)
@blp.response(200, SuccessionSchema)
def succeed(data: dict[str, Any], role_id: int) -> dict[str, Any]:
    """Confirm the units over which a role continues after its unit ended."""
    return confirm_successors(actor(), role_id, data, clock_now())
