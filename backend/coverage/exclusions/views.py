"""The API of exclusions from a unit's counts."""

from typing import Any

from flask import current_app

from backend.accounts.authentication import SignedInParser, actor
from backend.coverage.exclusions.listing import list_exclusions
from backend.coverage.exclusions.schemas import (
    ExclusionActsSchema,
    ExclusionsQuerySchema,
    LiftSchema,
    UnitExcludedSchema,
    UnitExclusionSchema,
)
from backend.coverage.exclusions.service import Terms, exclude_in_unit, lift_exclusion
from backend.database.extensions import PERSON
from backend.http.blueprint import Blueprint
from backend.http.requests import clock_now

blp = Blueprint("exclusions", __name__, description="Out of the counts", parser=SignedInParser())
blueprints = (blp,)


@blp.post("/units/<code>/exclusions")
@blp.doc(security=PERSON)
@blp.arguments(UnitExclusionSchema)
@blp.response(200, UnitExcludedSchema)
def exclude(asked: dict[str, Any], code: str) -> dict[str, Any]:
    """Take measurements out of a unit's counts, or show what it would change."""
    return exclude_in_unit(actor(), code, asked, _terms())


@blp.get("/units/<code>/exclusions")
@blp.doc(security=PERSON)
@blp.arguments(ExclusionsQuerySchema, location="query")
@blp.response(200, ExclusionActsSchema)
def get_exclusions(query: dict[str, Any], code: str) -> dict[str, Any]:
    """List what was taken out of a unit's counts in a month."""
    return list_exclusions(actor(), code, query, clock_now())


@blp.post("/units/<code>/exclusions/<int:exclusion_id>/lift")
@blp.doc(security=PERSON)
@blp.arguments(LiftSchema)
@blp.response(200, UnitExcludedSchema)
def lift(asked: dict[str, Any], code: str, exclusion_id: int) -> dict[str, Any]:
    """Count again what was taken out, or show what it would change."""
    return lift_exclusion(actor(), code, exclusion_id, asked, _terms())


def _terms() -> Terms:
    config = current_app.config
    return Terms(clock_now(), config["SECRET_KEY"], config["COUNT_MANUAL"])
