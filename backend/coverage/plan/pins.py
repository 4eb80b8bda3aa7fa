"""Pins: samples that an organiser fixes for a team, commune and day."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.campaigns.models import CampaignArea
from backend.campaigns.service import visible_campaign
from backend.clock import local_day
from backend.coverage.plan.inputs import PlanRequest, teams_of
from backend.coverage.plan.models import Pin
from backend.coverage.plan.service import plan_request
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.organisations.scopes import campaign_scope
from backend.units.models import Unit
from backend.units.service import UnitRow, find


def pin(
    actor: Actor, campaign_id: int, wanted: Mapping[str, Any], now: datetime
) -> tuple[dict[str, Any], bool]:
    """Set a team's samples in a commune on a day; return the pin, and whether it is new."""
    request = _request(actor, campaign_id, wanted, now)
    unit = _unit_of(request, wanted["unit"])
    if wanted["team_id"] not in {team.id for team in teams_of(request.campaign, now)}:
        raise invalid("team_id", "team_not_in_campaign")
    key = _key(request, wanted["team_id"], unit)
    before = db.session.get(Pin, key, with_for_update=True)
    record_act(
        actor,
        "plan.pin",
        f"campaign:{campaign_id}",
        **_details(wanted, before),
        after=wanted["samples"],
    )
    _put(key, {"samples": wanted["samples"], "user_id": actor.user_id})
    db.session.commit()
    place = {"code": unit.code, "name": unit.name, "province": unit.province}
    return {**wanted, "unit": place, "network": request.network}, before is None


def unpin(actor: Actor, campaign_id: int, wanted: Mapping[str, Any], now: datetime) -> None:
    """Delete the pin of a team, commune and day."""
    request = _request(actor, campaign_id, wanted, now)
    unit = find(request.day, wanted["unit"], "commune")
    before = db.session.get(Pin, _key(request, wanted["team_id"], unit), with_for_update=True)
    if before is None:
        raise Problem(404, "not_found")
    record_act(
        actor, "plan.unpin", f"campaign:{campaign_id}", **_details(wanted, before), after=None
    )
    db.session.delete(before)
    db.session.commit()


def _request(
    actor: Actor, campaign_id: int, wanted: Mapping[str, Any], now: datetime
) -> PlanRequest:
    campaign = visible_campaign(actor, campaign_id)
    require(actor, "campaign.edit", campaign_scope(campaign_id))
    return plan_request(campaign, local_day(now), wanted["date"], wanted["network"])


def _unit_of(request: PlanRequest, code: str) -> UnitRow:
    """Return the commune of a code on the day; raise 422 if it is outside the campaign's area."""
    unit = find(request.day, code, "commune")
    lies_in = select(CampaignArea.unit_id).where(
        CampaignArea.campaign_id == request.campaign.id,
        Unit.id == unit.id,
        CampaignArea.unit_id.in_((Unit.id, Unit.parent_id, Unit.province_id)),
    )
    if db.session.scalar(lies_in.limit(1)) is None:
        raise invalid("unit", "outside_area")
    return unit


def _key(request: PlanRequest, team_id: int, unit: UnitRow) -> dict[str, Any]:
    return {
        "campaign_id": request.campaign.id,
        "day": request.day,
        "network": request.network,
        "team_id": team_id,
        "unit_id": unit.id,
    }


def _put(key: dict[str, Any], values: dict[str, Any]) -> None:
    """Insert or update a pin; the later one of concurrent calls wins."""
    row = insert(Pin).values(**key, **values)
    db.session.execute(row.on_conflict_do_update(index_elements=list(key), set_=values))


def _details(wanted: Mapping[str, Any], before: Pin | None) -> dict[str, Any]:
    """Return the audit log's details of a pin."""
    return {
        "team": wanted["team_id"],
        "unit": wanted["unit"],
        "date": wanted["date"].isoformat(),
        "before": before.samples if before else None,
    }
