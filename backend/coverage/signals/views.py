"""API of signals of gaming."""

from flask import current_app

from backend.accounts.authentication import PersonBlueprint, actor
from backend.coverage.signals import schemas, service
from backend.http.requests import clock_now, language

blp = PersonBlueprint("signals", __name__, description="Signals of gaming")
blueprints = (blp,)


@blp.get("/campaigns/<int:campaign_id>/signals")
@blp.arguments(schemas.CampaignSignalsQuerySchema, location="query")
@blp.response(200, schemas.SignalsSchema)
def get_campaign_signals(query: service.SignalsQuery, campaign_id: int) -> service.SignalsPage:
    """List the signals of gaming of a campaign's month."""
    return service.campaign_signals(actor(), campaign_id, query, _context())


@blp.get("/units/<code>/signals")
@blp.arguments(schemas.UnitSignalsQuerySchema, location="query")
@blp.response(200, schemas.SignalsSchema)
def get_unit_signals(query: service.SignalsQuery, code: str) -> service.SignalsPage:
    """List the signals of gaming of a unit's month."""
    return service.unit_signals(actor(), code, query, _context())


def _context() -> service.SignalContext:
    now = clock_now()
    return service.SignalContext(now, current_app.config["SECRET_KEY"], language())
