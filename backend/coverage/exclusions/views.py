"""The API of exclusions from a unit's counts."""

from typing import Any

from flask import current_app

from backend.accounts.authentication import PersonBlueprint, actor
from backend.coverage.exclusions.schemas import (
    ExclusionActsSchema,
    ExclusionsQuerySchema,
    LiftSchema,
    UnitExcludedSchema,
    UnitExclusionSchema,
)
from backend.coverage.exclusions.service import (
    ExclusionContext,
    exclude_in_unit,
    lift_exclusion,
    list_exclusions,
)
from backend.http.requests import clock_now

blp = PersonBlueprint("exclusions", __name__, description="Exclusion of samples")
blueprints = (blp,)


@blp.post("/units/<code>/exclusions")
@blp.arguments(UnitExclusionSchema)
@blp.response(200, UnitExcludedSchema)
def exclude(data: dict[str, Any], code: str) -> dict[str, Any]:
    """Exclude measurements from a unit's counts, or preview the changes."""
    return exclude_in_unit(actor(), code, data, _context())


@blp.get("/units/<code>/exclusions")
@blp.arguments(ExclusionsQuerySchema, location="query")
@blp.response(200, ExclusionActsSchema)
def get_exclusions(query: dict[str, Any], code: str) -> dict[str, Any]:
    """List the exclusions from a unit's counts in a month."""
    return list_exclusions(actor(), code, query, clock_now())


@blp.post("/units/<code>/exclusions/<int:exclusion_id>/lift")
@blp.arguments(LiftSchema)
@blp.response(200, UnitExcludedSchema)
def lift(data: dict[str, Any], code: str, exclusion_id: int) -> dict[str, Any]:
    """Lift an exclusion, or preview the changes."""
    return lift_exclusion(actor(), code, exclusion_id, data, _context())


def _context() -> ExclusionContext:
    config = current_app.config
    return ExclusionContext(clock_now(), config["SECRET_KEY"], config["COUNT_MANUAL"])
