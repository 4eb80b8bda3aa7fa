"""The API of documents that letters answer."""

from typing import Any

from backend.accounts.authentication import PersonBlueprint, actor
from backend.http import etags
from backend.http.requests import clock_now
from backend.reports.references import schemas, service

blp = PersonBlueprint("references", __name__, description="Documents that letters cite")
blueprints = (blp,)


@blp.get("/references")
@blp.response(200, schemas.LetterDocumentsSchema)
def get_references() -> Any:
    """List the documents of the installation."""
    return service.list_references(actor(), None, None, clock_now())


@blp.post("/references")
@blp.arguments(schemas.LetterDocumentChangeSchema)
@blp.response(201, schemas.LetterDocumentSchema, headers=etags.ETAG_HEADER, description="Added")
def post_reference(data: dict[str, Any]) -> Any:
    """Add a document of the installation."""
    answer = service.add_reference(actor(), None, None, data, clock_now())
    return etags.with_etag(answer, 201)


@blp.get("/units/<code>/references")
@blp.arguments(schemas.LevelQuerySchema, location="query")
@blp.response(200, schemas.LetterDocumentsSchema)
def get_unit_references(query: dict[str, Any], code: str) -> Any:
    """List the documents that letters of a unit can cite."""
    return service.list_references(actor(), code, query["level"], clock_now())


@blp.post("/units/<code>/references")
@blp.arguments(schemas.LevelQuerySchema, location="query")
@blp.arguments(schemas.LetterDocumentChangeSchema)
@blp.response(201, schemas.LetterDocumentSchema, headers=etags.ETAG_HEADER, description="Added")
def post_unit_reference(query: dict[str, Any], data: dict[str, Any], code: str) -> Any:
    """Add a document of a unit."""
    answer = service.add_reference(actor(), code, query["level"], data, clock_now())
    return etags.with_etag(answer, 201)


@blp.put("/references/<int:reference_id>")
@blp.doc(parameters=etags.IF_MATCH_PARAMETER)
@blp.arguments(schemas.LetterDocumentChangeSchema)
@blp.response(200, schemas.LetterDocumentSchema, headers=etags.ETAG_HEADER)
def put_reference(data: dict[str, Any], reference_id: int) -> Any:
    """Change a document, confirm it, or take the confirmation back."""
    seen = etags.expected()
    answer = service.change_reference(actor(), reference_id, seen, data, clock_now())
    return etags.with_etag(answer)


@blp.delete("/references/<int:reference_id>")
@blp.doc(parameters=etags.IF_MATCH_PARAMETER)
@blp.response(204, description="Removed")
def delete_reference(reference_id: int) -> None:
    """Remove a document."""
    service.remove_reference(actor(), reference_id, etags.expected())
