"""The list of campaigns: what everybody may see, and to organisers their drafts."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select, text, tuple_

from backend.accounts.access import Actor, Scope, can
from backend.campaigns.models import Campaign
from backend.database.extensions import db
from backend.organisations.paging import page_of, place_after

# Organisations that have drafts, each with itself and those above it.
ABOVE_DRAFTS = text("""
    with recursive above as (
        select organisation_id as id, organisation_id as over from campaigns where state = 'draft'
        union
        select a.id, o.parent_id from above a join organisations o on o.id = a.over
        where o.parent_id is not null
    )
    select id, array_agg(over) from above group by id
""")


def list_campaigns(actor: Actor, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A page of campaigns, those that begin last first."""
    query = select(Campaign).order_by(Campaign.first_day.desc(), Campaign.id.desc())
    drafts = Campaign.organisation_id.in_(_with_drafts_to_see(actor))
    query = query.where((Campaign.state != "draft") | drafts)
    if asked["organisation"] is not None:
        query = query.where(Campaign.organisation_id == asked["organisation"])
    if asked["state"]:
        query = query.where(Campaign.state == asked["state"])
    if day := asked["day"]:
        query = query.where(Campaign.first_day <= day, Campaign.last_day >= day)
    if after := place_after(asked["cursor"], date.fromisoformat):
        query = query.where(tuple_(Campaign.first_day, Campaign.id) < tuple_(*after))
    rows = db.session.scalars(query.limit(asked["limit"] + 1)).all()
    page, following = page_of(rows, asked["limit"], _place)
    return {"items": page, "next": following}


def _place(row: Campaign) -> tuple[str, int]:
    return row.first_day.isoformat(), row.id


def _with_drafts_to_see(actor: Actor) -> list[int]:
    """The organisations whose drafts an actor may see."""
    if not actor.signed_in:
        return []
    return [
        organisation
        for organisation, above in db.session.execute(ABOVE_DRAFTS)
        if can(actor, "campaign.see", Scope(organisations=frozenset(above)))
    ]
