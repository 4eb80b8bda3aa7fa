"""The API of targets."""

from typing import Any

from flask_smorest import Blueprint

from backend.accounts.authentication import actor
from backend.accounts.parsing import PeopleParser, row_id
from backend.coverage.targets import service
from backend.coverage.targets.schemas import (
    TargetChangeSchema,
    TargetNewSchema,
    TargetPageSchema,
    TargetRowSchema,
    TargetsQuerySchema,
)
from backend.database.extensions import PERSON
from backend.http import etags

blp = Blueprint("targets", __name__, url_prefix="/api/v1", description="What units are held to")
blp.ARGUMENTS_PARSER = PeopleParser()


@blp.get("/targets")
@blp.arguments(TargetsQuerySchema, location="query")
@blp.response(200, TargetPageSchema)
def list_targets(query: dict[str, Any]) -> Any:
    """List what units are held against, and since when."""
    return service.list_targets(query)


@blp.post("/targets")
@blp.doc(security=PERSON)
@blp.arguments(TargetNewSchema)
@blp.response(201, TargetRowSchema, headers=etags.TOLD, description="Set")
def set_target(asked: dict[str, Any]) -> Any:
    """Set a target for a span of days."""
    return etags.answered(service.set_target(actor(), asked), 201)


@blp.patch("/targets/<target_id>")
@blp.doc(security=PERSON, parameters=etags.WANTED)
@blp.arguments(TargetChangeSchema)
@blp.response(200, TargetRowSchema, headers=etags.TOLD)
def change_target(changes: dict[str, Any], target_id: str) -> Any:
    """Change a target, or let it end."""
    identity, seen = row_id(target_id), etags.expected()
    return etags.answered(service.change_target(actor(), identity, seen, changes))
