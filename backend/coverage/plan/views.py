"""API of plans, for organisers, team leaders and volunteers' phones."""

from typing import Any

from backend.accounts.authentication import PersonBlueprint, actor
from backend.accounts.rate_limits import count_for_account
from backend.coverage.contributions.service import OwnDay, own_day
from backend.coverage.plan import schemas
from backend.coverage.plan.ended import ended_campaigns
from backend.coverage.plan.next_place import find_next_place
from backend.coverage.plan.service import show_plan
from backend.database.extensions import BEARER
from backend.devices.notices import deliver
from backend.devices.service import authenticate
from backend.http.requests import bearer_token, clock_now, language
from backend.i18n.messages import message
from backend.measurements.recording.reasons import BY_CODE as REASONS
from backend.measurements.recording.service import recording_context

# Questions of a phone in an hour. The measuring page asks at most every 3 s, while its phone moves
# where no test counts: 1,200.
MAX_QUESTIONS = 1_500

blp = PersonBlueprint("plan", __name__, description="Plans of campaigns and next places to measure")
blueprints = (blp,)


@blp.get("/campaigns/<int:campaign_id>/plan")
@blp.arguments(schemas.PlanQuerySchema, location="query")
@blp.response(200, schemas.PlanSchema)
def get_plan(query: dict[str, Any], campaign_id: int) -> dict[str, Any]:
    """Show the plan of a campaign's day: the assignments of each team, with reasons."""
    plan = show_plan(actor(), campaign_id, query, clock_now())
    for team in plan["teams"]:
        team["note"] = _serialize_note(team["note"])
    return plan | {"rule": message("plan_rule", language())}


@blp.get("/next")
@blp.doc(security=BEARER)
@blp.arguments(schemas.NextQuerySchema, location="query")
@blp.response(200, schemas.NextSchema)
def get_next(query: dict[str, Any]) -> Any:
    """Show a volunteer's phone the next places to measure."""
    now = clock_now()
    device, recording = authenticate(bearer_token(), now), recording_context(tickets=False)
    count_for_account("next", str(device.id), MAX_QUESTIONS, now)
    result = find_next_place(device, query, now, recording)
    if here := result["here"]:
        if code := here["reason"]:
            here["reason"] = {"code": code, "message": REASONS[code].message(language())}
        for team in here["teams"]:
            team["reason"] = _serialize_note(team["reason"])
    answer = result | {"note": _serialize_note(result["note"])} | deliver(device, now)
    return answer, 200, {"Cache-Control": "no-store"}


@blp.get("/memberships/today")
@blp.doc(security=BEARER)
@blp.response(200, schemas.OwnDaySchema)
def get_own_day() -> OwnDay:
    """Show a volunteer's phone today's sums of its teams."""
    now = clock_now()
    return own_day(authenticate(bearer_token(), now).id, now)


@blp.get("/memberships/ended")
@blp.doc(security=BEARER)
@blp.response(200, schemas.EndedCampaignsSchema)
def get_ended_campaigns() -> dict[str, Any]:
    """Show a volunteer's phone what it gave to campaigns that ended in the last 60 days."""
    now = clock_now()
    return {"items": ended_campaigns(authenticate(bearer_token(), now).id, now)}


def _serialize_note(code: str | None) -> dict[str, str] | None:
    return {"code": code, "message": message(code, language())} if code else None
