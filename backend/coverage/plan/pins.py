"""Pins: what an organiser fixes for a team on a day, and takes back."""

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
from backend.coverage.plan.models import Pin
from backend.coverage.plan.service import ask
from backend.coverage.plan.sources import Asked, teams_of
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.organisations.scopes import campaign_scope
from backend.units.models import Unit
from backend.units.service import UnitRow, find


def pin(
    actor: Actor, campaign_id: int, wanted: Mapping[str, Any], now: datetime
) -> tuple[dict[str, Any], bool]:
    """Fix how many samples a team takes in a commune on a day; True where that is new."""
    asked = _asked(actor, campaign_id, wanted, now)
    unit = _unit_of(asked, wanted["unit"])
    if wanted["team_id"] not in {team.id for team in teams_of(asked.campaign, now)}:
        raise invalid("team_id", "team_not_in_campaign")
    key = _key(asked, wanted["team_id"], unit)
    before = db.session.get(Pin, key, with_for_update=True)
    record_act(
        actor,
        "plan.pin",
        f"campaign:{campaign_id}",
        **_named(wanted, before),
        after=wanted["samples"],
    )
    _put(key, {"samples": wanted["samples"], "user_id": actor.user_id})
    db.session.commit()
    told = {"unit": {"code": unit.code, "name": unit.name, "province": unit.province}}
    return {**wanted, **told, "network": asked.network}, before is None


def unpin(actor: Actor, campaign_id: int, wanted: Mapping[str, Any], now: datetime) -> None:
    """Leave a team's place on a day to the plan again."""
    asked = _asked(actor, campaign_id, wanted, now)
    unit = find(asked.day, wanted["unit"], "commune")
    before = db.session.get(Pin, _key(asked, wanted["team_id"], unit), with_for_update=True)
    if before is None:
        raise Problem(404, "not_found")
    record_act(actor, "plan.unpin", f"campaign:{campaign_id}", **_named(wanted, before), after=None)
    db.session.delete(before)
    db.session.commit()


def _asked(actor: Actor, campaign_id: int, wanted: Mapping[str, Any], now: datetime) -> Asked:
    campaign = visible_campaign(actor, campaign_id)
    require(actor, "campaign.edit", campaign_scope(campaign_id))
    return ask(campaign, local_day(now), wanted["date"], wanted["network"])


def _unit_of(asked: Asked, code: str) -> UnitRow:
    """The commune of a code on the day, if it lies in the campaign's area."""
    unit = find(asked.day, code, "commune")
    lies_in = select(CampaignArea.unit_id).where(
        CampaignArea.campaign_id == asked.campaign.id,
        Unit.id == unit.id,
        CampaignArea.unit_id.in_((Unit.id, Unit.parent_id, Unit.province_id)),
    )
    if db.session.scalar(lies_in.limit(1)) is None:
        raise invalid("unit", "outside_area")
    return unit


def _key(asked: Asked, team_id: int, unit: UnitRow) -> dict[str, Any]:
    return {
        "campaign_id": asked.campaign.id,
        "day": asked.day,
        "network": asked.network,
        "team_id": team_id,
        "unit_id": unit.id,
    }


def _put(key: dict[str, Any], values: dict[str, Any]) -> None:
    """Of two that pin the same at once, the later one's number stands."""
    row = insert(Pin).values(**key, **values)
    db.session.execute(row.on_conflict_do_update(index_elements=list(key), set_=values))


def _named(wanted: Mapping[str, Any], before: Pin | None) -> dict[str, Any]:
    """What the audit log tells of a pin."""
    return {
        "team": wanted["team_id"],
        "unit": wanted["unit"],
        "date": wanted["date"].isoformat(),
        "before": before.samples if before else None,
    }
