"""The end of a campaign as its volunteer's phone shows it: what they gave, and what comes next."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.accounts.access import PUBLIC
from backend.campaigns.models import Campaign
from backend.campaigns.service import is_over
from backend.coverage.contributions.figures import sums
from backend.coverage.contributions.query import CampaignAccess, build_query
from backend.coverage.figures.service import CoverageQuery, coverage
from backend.database.extensions import db
from backend.measurements.recording.reasons import COUNTED_CATEGORIES
from backend.memberships.service import own_memberships
from backend.memberships.volunteers import name_of, require_volunteer

# A phone that is opened after the summer tells of the spring no more.
TOLD_FOR = timedelta(days=60)

# The commune of most counted samples of a volunteer in a campaign.
MOST_IN = text("""
    select u.code, u.name, to_char(e.day, 'YYYY-MM') as month, e.network
    from earnings e join units u on u.id = e.unit_id
    where e.campaign_id = :campaign and e.team_id = :team and e.volunteer_id = :volunteer
        and e.category = any(:counted)
    group by 1, 2, 3, 4 order by count(*) desc, 1, 3, 4 limit 1
""")
# Of campaigns in which the same team goes on, whose code it shows.
NEXT = text("""
    select c.id, c.name, j.code from join_codes j join campaigns c on c.id = j.campaign_id
    where j.team_id = :team and j.revoked_at is null and c.state = 'open'
        and c.last_day >= cast(:now as date)
        and (j.expires_at is null or j.expires_at > :now)
        and (j.uses_most is null or j.uses < j.uses_most)
        and not exists (select from memberships m
            where m.campaign_id = c.id and m.volunteer_id = :volunteer)
    order by c.first_day, c.id limit 1
""")


def ended_campaigns(device_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """Return the volunteer's campaigns that ended lately, with what they gave to them."""
    found: dict[int, dict[str, Any]] = {}
    for member in own_memberships(device_id):
        campaign = db.session.get_one(Campaign, member.campaign.id)
        recent = campaign.last_day >= (now - TOLD_FOR).date()
        if member.guest or campaign.id in found or not recent or not is_over(campaign, now):
            continue
        volunteer = require_volunteer(device_id)
        values: dict[str, Any] = {"campaign": campaign.id, "team": member.team.id}
        values |= {"volunteer": volunteer, "now": now, "counted": list(COUNTED_CATEGORIES)}
        own = build_query(CampaignAccess(campaign, (member.team.id,)), "member", {})
        given = sums(own).get((member.team.id, volunteer))
        counted = given.counted if given else 0
        stayed = member.until is None  # who left or was removed is not invited by the team
        following = db.session.execute(NEXT, values).mappings().first() if stayed else None
        named = counted and name_of(volunteer)
        found[campaign.id] = {
            "campaign": member.campaign,
            "team": member.team,
            "counted": counted,
            "unit": _unit(values, now),
            "certificate": f"/api/v1/campaigns/{campaign.id}/certificate" if named else None,
            "next": following,
        }
    return list(found.values())


def _unit(values: dict[str, Any], now: datetime) -> dict[str, Any] | None:
    """Return the commune of most samples with its public count against the target."""
    most = db.session.execute(MOST_IN, values).first()
    if most is None:
        return None
    query = CoverageQuery(
        most.month, "commune", most.network, unit=most.code, reader=PUBLIC, hourly=True
    )
    items = coverage(query, now)["items"]
    shown = {name: items[0][name] if items else None for name in ("counted", "target", "reached")}
    return {"name": most.name, **shown}
