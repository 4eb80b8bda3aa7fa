"""The API of targets."""

from flask.typing import ResponseReturnValue

from backend.accounts.authentication import SignedInParser, actor
from backend.coverage.targets import schemas, service
from backend.database.extensions import PERSON
from backend.http import etags
from backend.http.requests import Blueprint

blp = Blueprint("targets", __name__, description="Targets of units", parser=SignedInParser())
blueprints = (blp,)


@blp.get("/targets")
@blp.arguments(schemas.TargetsQuerySchema, location="query")
@blp.response(200, schemas.TargetPageSchema)
def list_targets(query: service.TargetsQuery) -> service.TargetPage:
    """List targets with their validity."""
    return service.list_targets(query)


@blp.post("/targets")
@blp.doc(security=PERSON)
@blp.arguments(schemas.TargetCreateSchema)
@blp.response(201, schemas.TargetRowSchema, headers=etags.ETAG_HEADER, description="Set")
def set_target(data: service.NewTarget) -> ResponseReturnValue:
    """Create a target with a validity."""
    return etags.with_etag(service.set_target(actor(), data), 201)


@blp.patch("/targets/<int:target_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.arguments(schemas.TargetChangeSchema)
@blp.response(200, schemas.TargetRowSchema, headers=etags.ETAG_HEADER)
def change_target(changes: service.TargetChanges, target_id: int) -> ResponseReturnValue:
    """Change a target, or end its validity."""
    expected = etags.expected()
    return etags.with_etag(service.change_target(actor(), target_id, expected, changes))
