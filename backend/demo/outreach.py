"""The demo's outreach: what the province, some communes and teams of a campaign entered."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from backend.campaigns.models import Campaign, CampaignArea, Team
from backend.clock import local_day
from backend.database.extensions import db
from backend.outreach.models import Outreach

# Of offices, by which their entries are removed; no campaign refers to them.
NOTES = (
    "Hướng dẫn cán bộ các xã, phường cài ứng dụng và đo (mẫu).",
    "Kế hoạch đo chất lượng mạng (mẫu).",
    "Tin trên trang thông tin của tỉnh (mẫu).",
    "Ra quân tại nhà văn hóa xã (mẫu).",
)
TRAINING, PLAN, MEDIA, LAUNCH = NOTES
VISITS = "Hướng dẫn từng nhà tự đo (mẫu)."
MOST = 12  # communes and teams that entered something


def add_outreach(campaign_id: int, now: datetime) -> None:
    """Enter activities of a campaign's first month until today."""
    campaign = db.session.get_one(Campaign, campaign_id)
    province = db.session.scalars(
        select(CampaignArea.unit_id).where(CampaignArea.campaign_id == campaign_id)
    ).one()
    teams = db.session.scalars(
        select(Team).where(Team.organisation_id == campaign.organisation_id).order_by(Team.id)
    ).all()[:MOST]
    entries = [*_of_province(province, campaign.first_day), *_of_communes(teams, campaign)]
    entries += _of_teams(teams, campaign)
    db.session.add_all(one for one in entries if one.day <= local_day(now))
    db.session.commit()


def _of_province(unit: int, first: date) -> Iterator[Outreach]:
    office: dict[str, Any] = {"unit_id": unit, "office_id": unit, "audience": "officials"}
    number = {"document_number": "12/KH-UBND (mẫu)", "document_date": first}
    yield Outreach(day=first, kind="document", note=PLAN, **number, **office)
    day = first + timedelta(days=3)
    yield Outreach(day=day, kind="conference", people=180, note=TRAINING, **office)
    office |= {"audience": "residents"}
    yield Outreach(day=first + timedelta(days=5), kind="media", note=MEDIA, **office)


def _of_communes(teams: Sequence[Team], campaign: Campaign) -> Iterator[Outreach]:
    """Yield a launch in each home of the teams."""
    homes = dict.fromkeys(team.home_unit_id for team in teams if team.home_unit_id)
    for place, unit in enumerate(homes):
        yield Outreach(
            day=campaign.first_day + timedelta(days=5 + place % 5),
            unit_id=unit,
            office_id=unit,
            kind="launch",
            audience="residents",
            people=40 + 7 * (place % 6),
            note=LAUNCH,
        )


def _of_teams(teams: Sequence[Team], campaign: Campaign) -> Iterator[Outreach]:
    """Yield visits of each team, in its home."""
    for place, team in enumerate(teams):
        if team.home_unit_id:
            yield Outreach(
                day=campaign.first_day + timedelta(days=7 + 2 * (place % 6)),
                unit_id=team.home_unit_id,
                team_id=team.id,
                campaign_id=campaign.id,
                kind="visits",
                audience="residents",
                people=15 + 4 * (place % 7),
                note=VISITS,
            )
