"""API of signals of gaming."""

from typing import Any

from flask import current_app

from backend.accounts.authentication import PersonBlueprint, actor
from backend.coverage.signals.schemas import (
    CampaignSignalsQuerySchema,
    RegistrationsSchema,
    SignalDecisionSchema,
    SignalSchema,
    SignalsSchema,
    UnitSignalsQuerySchema,
)
from backend.coverage.signals.service import (
    SignalContext,
    campaign_signals,
    decide_signal,
    unit_registrations,
    unit_signals,
)
from backend.http.requests import clock_now, language

blp = PersonBlueprint("signals", __name__, description="Signals of gaming")
blueprints = (blp,)


@blp.get("/campaigns/<int:campaign_id>/signals")
@blp.arguments(CampaignSignalsQuerySchema, location="query")
@blp.response(200, SignalsSchema)
def get_campaign_signals(query: dict[str, Any], campaign_id: int) -> dict[str, Any]:
    """List the signals of gaming of a campaign's month."""
    return campaign_signals(actor(), campaign_id, query, _context())


@blp.get("/units/<code>/signals")
@blp.arguments(UnitSignalsQuerySchema, location="query")
@blp.response(200, SignalsSchema)
def get_unit_signals(query: dict[str, Any], code: str) -> dict[str, Any]:
    """List the signals of gaming of a unit's month."""
    return unit_signals(actor(), code, query, _context())


@blp.get("/units/<code>/registrations")
@blp.arguments(UnitSignalsQuerySchema, location="query")
@blp.response(200, RegistrationsSchema)
def get_registrations(query: dict[str, Any], code: str) -> dict[str, Any]:
    """Count the new devices of a unit's month by commune and day."""
    return unit_registrations(actor(), code, query, _context())


@blp.patch("/signals/<int:signal_id>")
@blp.arguments(SignalDecisionSchema)
@blp.response(200, SignalSchema)
def patch_signal(decision: dict[str, Any], signal_id: int) -> dict[str, Any]:
    """Decide on a signal of gaming."""
    return decide_signal(actor(), signal_id, decision, _context())


def _context() -> SignalContext:
    now = clock_now()
    return SignalContext(now, current_app.config["SECRET_KEY"], language())
