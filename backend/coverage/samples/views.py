"""The API of single samples, for officials of the area."""

from typing import Any

from flask import current_app

from backend.accounts.authentication import PersonBlueprint, actor, keep_private
from backend.coverage.samples.schemas import (
    OneSampleSchema,
    SampleQuerySchema,
    SamplesQuerySchema,
    SamplesSchema,
)
from backend.coverage.samples.service import SampleContext, list_samples, show_sample
from backend.http.requests import clock_now, language

blp = PersonBlueprint("samples", __name__, description="Single samples")
blueprints = (blp,)
blp.after_request(keep_private)


@blp.get("/units/<code>/measurements")
@blp.arguments(SamplesQuerySchema, location="query")
@blp.response(200, SamplesSchema)
def get_samples(query: dict[str, Any], code: str) -> dict[str, Any]:
    """List the samples of a unit's month, for officials."""
    return list_samples(actor(), code, query, _context())


@blp.get("/units/<code>/measurements/<identity>")
@blp.arguments(SampleQuerySchema, location="query")
@blp.response(200, OneSampleSchema)
def get_sample(query: dict[str, Any], code: str, identity: str) -> dict[str, Any]:
    """Show one sample of a unit with the reasons of its verdict."""
    return show_sample(actor(), code, identity, query["level"], _context())


def _context() -> SampleContext:
    config = current_app.config
    return SampleContext(clock_now(), config["SECRET_KEY"], config["SAMPLE_DECIMALS"], language())
