"""The API of exclusions from a unit's counts."""

from typing import Any

from backend.accounts.authentication import PersonBlueprint, actor
from backend.coverage.exclusions import review, schemas, service
from backend.coverage.signals.service import SignalContext
from backend.database.extensions import setting
from backend.http.requests import clock_now, language

blp = PersonBlueprint("exclusions", __name__, description="Exclusion of samples")
blueprints = (blp,)


@blp.post("/units/<code>/exclusions")
@blp.arguments(schemas.UnitExclusionSchema)
@blp.response(200, schemas.UnitExcludedSchema)
def exclude_in_unit(data: dict[str, Any], code: str) -> dict[str, Any]:
    """Exclude measurements from a unit's counts, or preview the changes."""
    return service.exclude_in_unit(actor(), code, data, clock_now())


@blp.get("/units/<code>/exclusions")
@blp.arguments(schemas.ExclusionsQuerySchema, location="query")
@blp.response(200, schemas.ExclusionActsSchema)
def get_exclusions(query: dict[str, Any], code: str) -> dict[str, Any]:
    """List the exclusions from a unit's counts in a month."""
    return service.list_exclusions(actor(), code, query, clock_now())


@blp.post("/units/<code>/exclusions/<int:exclusion_id>/lift")
@blp.arguments(schemas.LiftSchema)
@blp.response(200, schemas.UnitExcludedSchema)
def lift(data: dict[str, Any], code: str, exclusion_id: int) -> dict[str, Any]:
    """Lift an exclusion, or preview the changes."""
    return service.lift_exclusion(actor(), code, exclusion_id, data, clock_now())


@blp.patch("/signals")
@blp.arguments(schemas.SignalDecisionsSchema)
@blp.response(200, schemas.SignalOutcomesSchema)
def patch_signals(request: dict[str, Any]) -> dict[str, Any]:
    """Decide on several signals of gaming, each as by itself."""
    context = SignalContext(clock_now(), setting("SECRET_KEY"), language())
    return review.decide_signals(actor(), request, context)
