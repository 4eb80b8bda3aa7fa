"""The API of targets."""

from typing import Any

from backend.accounts.authentication import actor
from backend.accounts.parsing import PeopleParser
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
from backend.http.blueprint import Blueprint

blp = Blueprint("targets", __name__, description="What units are held to", parser=PeopleParser())
blueprints = (blp,)


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


@blp.patch("/targets/<int:target_id>")
@blp.doc(security=PERSON, parameters=etags.WANTED)
@blp.arguments(TargetChangeSchema)
@blp.response(200, TargetRowSchema, headers=etags.TOLD)
def change_target(changes: dict[str, Any], target_id: int) -> Any:
    """Change a target, or let it end."""
    seen = etags.expected()
    return etags.answered(service.change_target(actor(), target_id, seen, changes))
