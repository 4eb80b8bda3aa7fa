"""The API of signs of gaming."""

from typing import Any

from flask import current_app

from backend.accounts.authentication import actor
from backend.accounts.parsing import PeopleParser
from backend.coverage.signals.schemas import (
    CampaignSignalsQuerySchema,
    RegistrationsSchema,
    SignalDecisionSchema,
    SignalSchema,
    SignalsSchema,
    UnitSignalsQuerySchema,
)
from backend.coverage.signals.service import (
    Asking,
    campaign_signals,
    decide_signal,
    unit_registrations,
    unit_signals,
)
from backend.database.extensions import PERSON
from backend.http.blueprint import Blueprint
from backend.http.requests import clock_now, language

blp = Blueprint("signals", __name__, description="Signs of gaming", parser=PeopleParser())
blueprints = (blp,)


@blp.get("/campaigns/<int:campaign_id>/signals")
@blp.doc(security=PERSON)
@blp.arguments(CampaignSignalsQuerySchema, location="query")
@blp.response(200, SignalsSchema)
def get_campaign_signals(query: dict[str, Any], campaign_id: int) -> dict[str, Any]:
    """Show what in a campaign's month a person should look at."""
    return campaign_signals(actor(), campaign_id, query, _asking())


@blp.get("/units/<code>/signals")
@blp.doc(security=PERSON)
@blp.arguments(UnitSignalsQuerySchema, location="query")
@blp.response(200, SignalsSchema)
def get_unit_signals(query: dict[str, Any], code: str) -> dict[str, Any]:
    """Show what in a unit's month a person should look at."""
    return unit_signals(actor(), code, query, _asking())


@blp.get("/units/<code>/registrations")
@blp.doc(security=PERSON)
@blp.arguments(UnitSignalsQuerySchema, location="query")
@blp.response(200, RegistrationsSchema)
def get_registrations(query: dict[str, Any], code: str) -> dict[str, Any]:
    """Count the new devices of a unit's month by commune and day."""
    return unit_registrations(actor(), code, query, _asking())


@blp.patch("/signals/<int:signal_id>")
@blp.doc(security=PERSON)
@blp.arguments(SignalDecisionSchema)
@blp.response(200, SignalSchema)
def patch_signal(decision: dict[str, Any], signal_id: int) -> dict[str, Any]:
    """Say what a sign of gaming came to."""
    return decide_signal(actor(), signal_id, decision, _asking())


def _asking() -> Asking:
    now = clock_now()
    return Asking(now, current_app.config["SECRET_KEY"], language())
