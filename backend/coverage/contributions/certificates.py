"""Thanks of a campaign that is over: a picture, and certificates of teams and named members."""

from collections.abc import Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from backend.accounts.access import PUBLIC
from backend.campaign_setup.logos import logo_address
from backend.campaigns.models import Campaign
from backend.campaigns.service import OVER, is_over, visible_campaign
from backend.clock import local_day
from backend.coverage.contributions.figures import figures, total
from backend.coverage.contributions.query import CampaignAccess, build_query
from backend.coverage.contributions.service import rows
from backend.coverage.figures.unit_access import published
from backend.database.extensions import db
from backend.drawing import draw, png, with_palette
from backend.errors import or_404
from backend.i18n.formats import number
from backend.memberships.models import Membership
from backend.memberships.volunteers import volunteer_of
from backend.organisations.models import Organisation

# Pixels of a picture for a phone: an A4 page at 150 dots per inch.
PICTURE_WIDTH = 1240

NAMED = text("select id from volunteers where id = any(:ids) and display_name is not null")


def certificates(access: CampaignAccess, team: int | None = None) -> list[dict[str, Any]]:
    """Return the teams with counted samples, each before its members who chose a name."""
    teams, members = (build_query(access, by, {"team": team}) for by in ("team", "member"))
    found = figures(members)
    ids = {"ids": [member for _, member in found]}
    named = set(db.session.scalars(NAMED, ids))
    theirs = {key: one for key, one in found.items() if key[1] in named and one.counted}
    of_teams = {key: one for key, one in figures(teams).items() if one.counted}
    keyed = [*zip(of_teams, rows(teams, of_teams, "vi"), strict=True)]
    keyed += zip(theirs, rows(members, theirs, "vi"), strict=True)
    keyed.sort(key=itemgetter(0))
    return [{"team_id": key[0], "member": key[1], **row} for key, row in keyed]


def own_certificate(device_id: UUID, campaign_id: int, now: datetime) -> bytes:
    """Return the certificate of a device's volunteer as PNG; 404 without a name or a sample.

    Of several teams it names the one in which most of their samples count.
    """
    volunteer, campaign = volunteer_of(device_id), visible_campaign(PUBLIC, campaign_id)
    joined = select(Membership.team_id).filter_by(volunteer_id=volunteer, campaign_id=campaign_id)
    teams = tuple(db.session.scalars(joined.distinct())) if is_over(campaign, now) else ()
    found = certificates(CampaignAccess(campaign, teams))
    own = [one for one in found if one["member"] and one["member"] == volunteer]
    best = or_404(max(own, key=lambda one: one["counted"], default=None))
    [page] = draw_certificates(campaign, [best], local_day(now))
    return png(page, PICTURE_WIDTH)


def draw_certificates(campaign: Campaign, found: Sequence[dict[str, Any]], day: date) -> list[str]:
    """Draw certificates as pages of A4."""
    about = _about(campaign) | {"day": day, "until": last_day_held(campaign)}
    return [draw("campaigns/certificate.svg", **about, one=one) for one in found]


def draw_thanks(campaign: Campaign) -> bytes:
    """Draw the thanks to all teams as a picture for group chats.

    Its figures are sums over all teams of what public counts of communes contain; before these are
    published it has none.
    """
    query = build_query(CampaignAccess(campaign, None), "team", {})
    found = {key: one for key, one in figures(query).items() if one.counted}
    public = all(published(PUBLIC, month) is None for month in query.months)
    names = [row["name"] for row in rows(query, found, "vi")]
    values = {"names": names, "total": total(query) if public else None}
    until = last_day_held(campaign) if public else campaign.last_day
    drawn = draw("campaigns/thanks.svg", **_about(campaign), **values, until=until)
    return with_palette(png(drawn))


def last_day_held(campaign: Campaign) -> date:
    """Return the last day of a campaign; of a closed one the last day with samples.

    When a campaign was closed is not stored.
    """
    if campaign.state not in OVER:
        return campaign.last_day
    measured = total(build_query(CampaignAccess(campaign, None), "team", {})).last_day
    return min(campaign.last_day, measured or campaign.last_day)


def _about(campaign: Campaign) -> dict[str, Any]:
    return {
        "campaign": campaign,
        "organisation": db.session.get_one(Organisation, campaign.organisation_id).name,
        "logo": logo_address(campaign.organisation_id),
        "number": number,
    }
