"""The API of single samples, for officials of the area."""

from typing import Any

from backend.accounts.authentication import PersonBlueprint, actor, keep_private
from backend.coverage.samples import schemas, service
from backend.http.requests import clock_now, language

blp = PersonBlueprint("samples", __name__, description="Single samples")
blueprints = (blp,)
blp.after_request(keep_private)


@blp.get("/units/<code>/measurements")
@blp.arguments(schemas.SamplesQuerySchema, location="query")
@blp.response(200, schemas.SamplesSchema)
def get_samples(query: dict[str, Any], code: str) -> dict[str, Any]:
    """List the samples of a unit's month, for officials."""
    return service.list_samples(actor(), code, query, clock_now(), language())


@blp.get("/units/<code>/measurements/<identity>")
@blp.arguments(schemas.SampleQuerySchema, location="query")
@blp.response(200, schemas.OneSampleSchema)
def get_sample(query: dict[str, Any], code: str, identity: str) -> dict[str, Any]:
    """Show one sample of a unit with the reasons of its verdict."""
    return service.show_sample(actor(), code, identity, query["level"], language())
