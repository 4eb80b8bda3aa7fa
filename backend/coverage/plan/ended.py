"""The end of a campaign as its volunteer's phone shows it: what they gave, and what comes next."""

from datetime import datetime, timedelta
from typing import TypedDict
from uuid import UUID

from sqlalchemy import text

from backend.accounts.access import PUBLIC
from backend.campaigns.models import Campaign
from backend.campaigns.service import is_over
from backend.coverage.contributions.figures import Figures, sums
from backend.coverage.contributions.query import CampaignAccess, build_query
from backend.coverage.figures.coverage_answer import UnitItem
from backend.coverage.figures.service import CoverageQuery, coverage
from backend.database.extensions import db
from backend.measurements.recording.reasons import COUNTED_CATEGORIES
from backend.memberships.service import Member, own_memberships
from backend.memberships.volunteers import name_of, require_volunteer
from backend.organisations.references import NamedRef

# A phone that is opened after the summer tells of the spring no more.
TOLD_FOR = timedelta(days=60)

# The commune of most counted samples of a volunteer in a campaign.
MOST_IN = text("""
    select u.code, to_char(e.day, 'YYYY-MM') as month, e.network
    from earnings e join units u on u.id = e.unit_id
    where e.campaign_id = :campaign and e.team_id = :team and e.volunteer_id = :volunteer
        and e.category = any(:counted)
    group by 1, 2, 3 order by count(*) desc, 1, 2, 3 limit 1
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


class NextCampaign(TypedDict):
    """A campaign in which the same team goes on."""

    id: int
    name: str
    code: str  # to join


class EndedCampaign(TypedDict):
    """What a volunteer gave to a campaign that ended."""

    campaign: NamedRef
    team: NamedRef
    counted: int  # own samples in the team
    unit: UnitItem | None  # the commune with most of them; null: none, or unpublished
    certificate: str | None  # its address; null: no samples, or no name
    next: NextCampaign | None


def ended_campaigns(device_id: UUID, now: datetime) -> list[EndedCampaign]:
    """Return the volunteer's campaigns that ended lately, the last membership of each."""
    found: dict[int, EndedCampaign] = {}
    for member in own_memberships(device_id):
        campaign = db.session.get_one(Campaign, member.campaign["id"])
        recent = campaign.last_day >= (now - TOLD_FOR).date()
        if not member.guest and campaign.id not in found and recent and is_over(campaign, now):
            found[campaign.id] = _given(campaign, member, require_volunteer(device_id), now)
    return list(found.values())


def _given(campaign: Campaign, member: Member, volunteer: int, now: datetime) -> EndedCampaign:
    team = member.team["id"]
    own = build_query(CampaignAccess(campaign, (team,)), "member", {})
    counted = (sums(own).get((team, volunteer)) or Figures()).counted
    values = {"campaign": campaign.id, "team": team, "volunteer": volunteer, "now": now}
    most = db.session.execute(MOST_IN, values | {"counted": list(COUNTED_CATEGORIES)}).first()
    # Who left or was removed is not invited by the team.
    following = db.session.execute(NEXT, values).first() if not member.until else None
    named = counted and name_of(volunteer)
    return {
        "campaign": member.campaign,
        "team": member.team,
        "counted": counted,
        "unit": _progress(most.code, most.month, most.network, now) if most else None,
        "certificate": f"/api/v1/campaigns/{campaign.id}/certificate" if named else None,
        "next": NextCampaign(id=following.id, name=following.name, code=following.code)
        if following
        else None,
    }


def _progress(code: str, month: str, network: str, now: datetime) -> UnitItem | None:
    """Return the public count of a commune against its target; None before it is published."""
    query = CoverageQuery(month, "commune", network, unit=code, reader=PUBLIC, hourly=True)
    items = coverage(query, now)["items"]
    return items[0] if items else None
