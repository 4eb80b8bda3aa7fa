"""The limits of a campaign's plan, which its organiser may change."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.campaigns.service import visible_campaign
from backend.coverage.plan.models import PlanSettings
from backend.database.extensions import db
from backend.organisations.scopes import campaign_scope


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a plan; the defaults hold for campaigns whose organiser set none."""

    # In a straight line: about half an hour by motorbike. Of 3,321 communes, 645 have no other
    # centre within 10 km.
    radius_km: int = 15
    # A trip for fewer samples is not worth it: a commune's daily share of 300 a month.
    visit_least: int = 10
    # Samples a day of a team without a known capacity: 300 a month, enough for one commune.
    assumed_capacity: int = 10
    # Community digital teams belong to a hamlet: they work in their own commune.
    community_travels: bool = False


def limits_of(campaign_id: int) -> Limits:
    """Return the limits of a campaign's plan."""
    row = db.session.get(PlanSettings, campaign_id)
    if row is None:
        return Limits()
    return Limits(row.radius_km, row.visit_least, row.assumed_capacity, row.community_travels)


def set_limits(actor: Actor, campaign_id: int, wanted: Mapping[str, Any]) -> None:
    """Store the limits of a campaign's plan."""
    visible_campaign(actor, campaign_id)
    require(actor, "campaign.edit", campaign_scope(campaign_id))
    before, after = asdict(limits_of(campaign_id)), dict(wanted)
    if after != before:
        subject = f"campaign:{campaign_id}"
        record_act(actor, "plan.settings", subject, before=before, after=after)
        row = insert(PlanSettings).values(campaign_id=campaign_id, **after)
        db.session.execute(row.on_conflict_do_update(index_elements=["campaign_id"], set_=after))
        db.session.commit()
