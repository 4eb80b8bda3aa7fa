"""API of hamlets."""

from flask.typing import ResponseReturnValue

from backend.accounts.authentication import SignedInParser, actor
from backend.database.extensions import PERSON
from backend.http import etags
from backend.http.requests import Blueprint, clock_now
from backend.places import hamlets, schemas

blp = Blueprint(
    "hamlets",
    __name__,
    description="Hamlets of provinces",
    parser=SignedInParser(),
)
blueprints = (blp,)


@blp.get("/units/<code>/hamlets")
@blp.doc(security=PERSON)
@blp.arguments(schemas.HamletQuerySchema, location="query")
@blp.response(200, schemas.HamletPageSchema)
def list_hamlets(query: hamlets.HamletQuery, code: str) -> hamlets.HamletPage:
    """List the hamlets of a province, for its officials."""
    return hamlets.list_hamlets(actor(), code, query, clock_now())


@blp.post("/units/<code>/hamlets")
@blp.doc(security=PERSON)
@blp.arguments(schemas.HamletSchema)
@blp.response(201, schemas.HamletAnswerSchema, headers=etags.ETAG_HEADER, description="Added")
def add_hamlet(data: hamlets.HamletFields, code: str) -> ResponseReturnValue:
    """Add a hamlet to the list of a province."""
    return etags.with_etag(hamlets.add_hamlet(actor(), code, data, clock_now()), 201)


@blp.put("/hamlets/<int:hamlet_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.arguments(schemas.HamletSchema)
@blp.response(200, schemas.HamletAnswerSchema, headers=etags.ETAG_HEADER)
def change_hamlet(data: hamlets.HamletFields, hamlet_id: int) -> ResponseReturnValue:
    """Change a hamlet: its name, commune, position, and what else the office knows."""
    expected = etags.expected()
    return etags.with_etag(hamlets.change_hamlet(actor(), hamlet_id, expected, data, clock_now()))


@blp.delete("/hamlets/<int:hamlet_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.response(204, description="Removed")
def remove_hamlet(hamlet_id: int) -> None:
    """Remove a hamlet from the list."""
    hamlets.remove_hamlet(actor(), hamlet_id, etags.expected())
