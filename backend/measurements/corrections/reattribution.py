"""Attribute a campaign again after a change of its dates, area, networks or cap."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from backend.accounts.access import Actor
from backend.accounts.audit import record_act
from backend.campaigns import service as campaigns
from backend.database.extensions import db
from backend.http import etags
from backend.measurements.recording import earnings

# Devices of its members, and those that a correction assigned to it.
DEVICES = text("""
    select distinct l.device_id from memberships m join device_links l
        on l.volunteer_id = m.volunteer_id and l.period && m.period
    where m.campaign_id = :campaign
    union
    select m.device_id from earnings e join measurements m on m.id = e.measurement_id
    where e.campaign_id = :campaign and m.device_id is not null
    order by 1
""")
DAYS = text("select distinct day from measurements where device_id = :device")
BY_TEAM = text("""
    select team_id, count(*) as received, count(*) filter (where fate = 'counted') as counted
    from earnings where campaign_id = :campaign group by 1 order by 1
""")


def reattribute(campaign_id: int) -> dict[str, Any]:
    """Attribute all measurements of a campaign again; return the team totals before and after.

    Runs in the caller's transaction, so that a preview is a rollback. Devices are locked in the
    order of their ids.
    """
    before = team_totals(campaign_id)
    changed = 0
    for device in list(db.session.execute(DEVICES, {"campaign": campaign_id}).scalars()):
        days = db.session.execute(DAYS, {"device": device}).scalars()
        changed += earnings.lock_and_attribute(device, days)
    return {"changed": changed, "before": before, "after": team_totals(campaign_id)}


def change_campaign(
    actor: Actor,
    campaign_id: int,
    seen: etags.Expected,
    changes: Mapping[str, Any],
    *,
    preview: bool,
) -> dict[str, Any]:
    """Change a campaign, also one with members, and attribute again; or show the effect."""
    campaign = campaigns.change_campaign(actor, campaign_id, seen, changes, commit=False)
    moved = reattribute(campaign_id)
    if preview:
        db.session.rollback()
    else:
        record_act(actor, "campaign.reattribute", f"campaign:{campaign_id}", **moved)
        db.session.commit()
    return {"preview": preview, "campaign": campaign, **moved}


def team_totals(campaign_id: int) -> list[dict[str, Any]]:
    """Return received and counted measurements of each team, from the earnings."""
    return [dict(row) for row in db.session.execute(BY_TEAM, {"campaign": campaign_id}).mappings()]
