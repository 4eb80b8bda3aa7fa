"""The API of the plan: for organisers and team leaders, and for a volunteer's phone."""

from typing import Any

from flask import current_app

from backend.accounts.authentication import actor
from backend.accounts.parsing import PeopleParser
from backend.coverage.contributions.own_day import own_day
from backend.coverage.plan.cache import RecentPlans
from backend.coverage.plan.next_place import next_for
from backend.coverage.plan.pins import pin, unpin
from backend.coverage.plan.schemas import (
    NextQuerySchema,
    NextSchema,
    OwnDaySchema,
    PlanPinnedSchema,
    PlanPinSchema,
    PlanQuerySchema,
    PlanSchema,
    UnpinQuerySchema,
)
from backend.coverage.plan.service import show_plan
from backend.database.extensions import BEARER, PERSON
from backend.devices.service import authenticate
from backend.http.blueprint import Blueprint
from backend.http.requests import bearer_token, clock_now, language
from backend.i18n.messages import message

blp = Blueprint("plan", __name__, description="Where to measure next", parser=PeopleParser())
blueprints = (blp,)


@blp.get("/campaigns/<int:campaign_id>/plan")
@blp.doc(security=PERSON)
@blp.arguments(PlanQuerySchema, location="query")
@blp.response(200, PlanSchema)
def get_plan(query: dict[str, Any], campaign_id: int) -> dict[str, Any]:
    """Show where each team of a campaign should go on a day, and why."""
    told = show_plan(actor(), campaign_id, query, clock_now())
    for team in told["teams"]:
        team["note"] = _worded(team["note"])
    return told | {"rule": message("plan_rule", language())}


@blp.put("/campaigns/<int:campaign_id>/plan/pins")
@blp.doc(security=PERSON)
@blp.arguments(PlanPinSchema)
@blp.response(200, PlanPinnedSchema, description="Changed")
@blp.alt_response(201, schema=PlanPinnedSchema, description="Pinned")
def put_pin(wanted: dict[str, Any], campaign_id: int) -> Any:
    """Fix how many samples a team takes in a commune on a day."""
    told, new = pin(actor(), campaign_id, wanted, clock_now())
    return told, 201 if new else 200


@blp.delete("/campaigns/<int:campaign_id>/plan/pins")
@blp.doc(security=PERSON)
@blp.arguments(UnpinQuerySchema, location="query")
@blp.response(204)
def delete_pin(query: dict[str, Any], campaign_id: int) -> None:
    """Leave a team's place on a day to the plan again."""
    unpin(actor(), campaign_id, query, clock_now())


@blp.get("/next")
@blp.doc(security=BEARER)
@blp.arguments(NextQuerySchema, location="query")
@blp.response(200, NextSchema)
def get_next(query: dict[str, Any]) -> dict[str, Any]:
    """Tell a volunteer's phone where to measure next."""
    now = clock_now()
    told = next_for(authenticate(bearer_token(), now), query, now, *_kept())
    return told | {"note": _worded(told["note"])}


@blp.get("/memberships/today")
@blp.doc(security=BEARER)
@blp.response(200, OwnDaySchema)
def get_own_day() -> dict[str, Any]:
    """Tell a volunteer's phone what its teams have earned today."""
    now = clock_now()
    return own_day(authenticate(bearer_token(), now).id, now)


def _kept() -> tuple[Any, RecentPlans]:
    """What this process keeps: the index of places, and plans made within minutes."""
    plans = current_app.extensions.setdefault("recent_plans", RecentPlans())
    return current_app.extensions["locator"], plans


def _worded(code: str | None) -> dict[str, str] | None:
    return {"code": code, "message": message(code, language())} if code else None
