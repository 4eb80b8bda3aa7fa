"""Data of the campaign pages, from the services of campaigns and coverage."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.accounts.access import Actor, can
from backend.campaigns.service import show_campaign
from backend.clock import local_day
from backend.coverage.contributions.day_summary import summarise_day
from backend.coverage.contributions.query import campaign_access, months_of
from backend.coverage.contributions.schemas import ContributionsQuerySchema, LeaderboardQuerySchema
from backend.coverage.contributions.service import contributions, leaderboard
from backend.coverage.plan.planner import PlanTeam, days_left, teams_of
from backend.coverage.plan.service import visible_teams
from backend.i18n.catalogues import Language
from backend.i18n.formats import number
from backend.organisations.scopes import campaign_scope
from backend.organisations.service import show_organisation
from backend.web.site.charts import bars

# Teams of the leaderboard on the page; the page of contributions lists all.
LEADERS_SHOWN = 10
EVERY_CONTRIBUTION = ContributionsQuerySchema()
EVERY_PLACE = LeaderboardQuerySchema()

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CampaignBoard:
    """The header of a campaign's pages: the campaign, and the permissions of the person."""

    campaign: Answer
    organisation: str
    organises: bool  # else the person leads a team
    days_left: int
    months: tuple[str, ...]

    @property
    def takes_codes(self) -> bool:
        """Whether teams get codes: nobody joins a campaign that is closed."""
        return self.organises and self.campaign["state"] in ("draft", "open")


def show_board(actor: Actor, campaign_id: int, now: datetime) -> CampaignBoard:
    """Return the header of a campaign for its organisers and team leaders, else 403 or 404."""
    access = campaign_access(actor, campaign_id)
    campaign = show_campaign(actor, campaign_id)
    return CampaignBoard(
        campaign=campaign,
        organisation=show_organisation(campaign["organisation_id"])["name"],
        organises=can(actor, "campaign.see", campaign_scope(campaign_id)),
        days_left=days_left(access.campaign, now),
        months=months_of(campaign["first_day"], campaign["last_day"]),
    )


def month_overview(
    actor: Actor,
    campaign_id: int,
    query: Mapping[str, Any],
    now: datetime,
    language: Language,
    needed_per_day: int | None = None,
) -> Answer:
    """Return the figures of a month or of the whole campaign: days, teams, latest day."""
    filters = {name: query[name] for name in ("month", "network") if query.get(name)}
    by_day = contributions(
        actor, campaign_id, EVERY_CONTRIBUTION.load({"by": "day", **filters}), language
    )
    ranked = leaderboard(actor, campaign_id, EVERY_PLACE.load(filters), language)
    last = min(local_day(now), show_campaign(actor, campaign_id)["last_day"])
    day, lines = summarise_day(actor, campaign_id, {"day": last}, now)
    return {
        "total": by_day["total"],
        "drawn": bars(
            [
                (f"{int(one['name'][-2:])}", one["counted"], number(one["counted"], language))
                for one in by_day["items"]
            ],
            needed_per_day,
        ),
        "needed_per_day": needed_per_day,
        "leaders": ranked["items"][:LEADERS_SHOWN],
        "explained": ranked["explained"],
        "latest": day,
        "lines": lines,
    }


def list_visible_teams(actor: Actor, campaign_id: int, now: datetime) -> list[PlanTeam]:
    """Return the teams of a campaign that the person may see."""
    campaign = campaign_access(actor, campaign_id).campaign
    teams = teams_of(campaign, now)
    visible = visible_teams(actor, campaign, teams)
    return [team for team in teams if team.id in visible]
