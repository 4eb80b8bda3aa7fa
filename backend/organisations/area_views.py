"""The API of officials' areas: deputies, and successors of units that ended."""

from typing import Any

from flask_smorest import Blueprint

from backend.accounts.authentication import actor, keep_private
from backend.accounts.parsing import PeopleParser, row_id
from backend.database.extensions import PERSON
from backend.http.requests import clock_now
from backend.organisations.area_schemas import (
    DeputiesSchema,
    DeputyAskedSchema,
    DeputySchema,
    EndedRolesSchema,
    SucceededSchema,
    SuccessorsSchema,
)
from backend.organisations.deputies import delegate, end_deputy, list_deputies
from backend.organisations.succession import confirm_successors, list_ended

area_blp = Blueprint("areas", __name__, url_prefix="/api/v1", description="Areas of officials")
area_blp.ARGUMENTS_PARSER = PeopleParser()
area_blp.after_request(keep_private)


@area_blp.post("/deputies")
@area_blp.doc(security=PERSON)
@area_blp.arguments(DeputyAskedSchema)
@area_blp.response(201, DeputySchema)
def add_deputy(asked: dict[str, Any]) -> dict[str, Any]:
    """Let another person act in one's own area until a moment."""
    return delegate(actor(), asked, clock_now())


@area_blp.get("/deputies")
@area_blp.doc(security=PERSON)
@area_blp.response(200, DeputiesSchema)
def get_deputies() -> dict[str, Any]:
    """List who stands in for oneself, and for whom one does."""
    return list_deputies(actor(), clock_now())


@area_blp.delete("/deputies/<deputy_id>")
@area_blp.doc(security=PERSON)
@area_blp.response(204)
def remove_deputy(deputy_id: str) -> None:
    """End what was lent to a deputy now."""
    end_deputy(actor(), row_id(deputy_id), clock_now())


@area_blp.get("/roles/ended")
@area_blp.doc(security=PERSON)
@area_blp.response(200, EndedRolesSchema)
def get_ended() -> dict[str, Any]:
    """List roles that ended with their unit, and the successors that are proposed."""
    return list_ended(actor(), clock_now())


@area_blp.post("/roles/<role_id>/successors")
@area_blp.doc(security=PERSON)
@area_blp.arguments(SuccessorsSchema)
@area_blp.response(200, SucceededSchema)
def succeed(asked: dict[str, Any], role_id: str) -> dict[str, Any]:
    """Confirm over which units a role goes on whose unit ended."""
    return confirm_successors(actor(), row_id(role_id), asked, clock_now())
