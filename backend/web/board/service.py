"""Data of the campaign pages, from the services of campaigns and coverage."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from backend.accounts.access import Actor, can
from backend.campaigns.service import CampaignDetails, show_campaign
from backend.clock import local_day
from backend.coverage.contributions.query import campaign_access, months_of
from backend.coverage.contributions.schemas import ContributionsQuerySchema
from backend.coverage.contributions.service import all_contributions, rank_teams
from backend.coverage.plan.planner import PlanTeam, days_left, teams_of
from backend.coverage.plan.progress import team_state
from backend.coverage.plan.service import next_day, visible_teams
from backend.i18n.catalogues import Language
from backend.memberships.service import MembersQuery, list_members
from backend.organisations.scopes import campaign_scope
from backend.organisations.service import show_organisation

# Members of a team on its page: more than any team has.
MAX_MEMBERS = 5_000
NO_FIGURES = {"received": 0, "counted": 0, "needed": None, "last_day": None}
EVERY_CONTRIBUTION = ContributionsQuerySchema()

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CampaignBoard:
    """The header of a campaign's pages: the campaign, and the permissions of the person."""

    campaign: CampaignDetails
    organisation: str
    organises: bool  # else the person leads a team
    days_left: int
    today: date
    plan_day: date | None  # the day to prepare; None where there is nothing to plan
    months: tuple[str, ...]

    @property
    def plan_when(self) -> str | None:
        """Whether the day to prepare is `today`, `tomorrow` or another `day`."""
        if self.plan_day is None:
            return None
        return {0: "today", 1: "tomorrow"}.get((self.plan_day - self.today).days, "day")

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
        days_left=(left := days_left(access.campaign, now)),
        today=local_day(now),
        plan_day=next_day(access.campaign, now) if left else None,
        months=months_of(campaign["first_day"], campaign["last_day"]),
    )


def list_teams(
    actor: Actor, campaign_id: int, filters: Mapping[str, str], now: datetime, language: Language
) -> Answer:
    """Return the teams by rank, then those without samples: figures, last day and state.

    Leaders see the rank of all teams, but the rest of their own alone.
    """
    answer = all_contributions(actor, campaign_id, language, filters)
    ranked = rank_teams(actor, campaign_id, filters, language)
    campaign = campaign_access(actor, campaign_id).campaign
    homes = {str(one.id): one for one in list_visible_teams(actor, campaign_id, now)}
    earned = {one["id"]: one for one in answer["items"]}
    own = homes.keys() | earned.keys()
    idle = [
        {"place": None, "id": one, "name": homes[one].name, "needed": None, "counted": 0}
        for one in sorted(homes.keys() - earned.keys(), key=lambda one: homes[one].name)
    ]
    rows = []
    for row in ranked["items"] + idle:
        one, last = row["id"], earned.get(row["id"], {}).get("last_day")
        state = None if filters or one not in homes else team_state(campaign, last, local_day(now))
        about = {"own": one in own, "home": getattr(homes.get(one), "home_name", None)}
        rows.append(row | about | {"last_day": last, "state": state})
    return {"items": rows, "total": answer["total"], "explained": ranked["explained"]}


def list_team_members(
    actor: Actor, campaign_id: int, team_id: int, now: datetime, language: Language
) -> Answer:
    """Return the members of a team with what each contributed, former ones last, and the sum."""
    page: MembersQuery = {"campaign": campaign_id, "cursor": None, "limit": MAX_MEMBERS}
    listed = list_members(actor, team_id, page, now)
    wanted = {"by": "member", "team": str(team_id)}
    answer = all_contributions(actor, campaign_id, language, wanted)
    earned = {one["id"]: one for one in answer["items"]}
    rows = []
    for one in listed["items"]:
        number = str(one["number"])
        about = {"id": number, "name": one["display_name"], "since": one["since"]}
        figures = earned.pop(number, NO_FIGURES)
        rows.append({**figures, **about, "guest": one["guest"], "devices": one["devices"]})
    rest = {"former": list(earned.values()), "withdrawn": listed["withdrawn"]}
    return {"rows": rows, "total": answer["total"]} | rest


def list_visible_teams(actor: Actor, campaign_id: int, now: datetime) -> list[PlanTeam]:
    """Return the teams of a campaign that the person may see."""
    campaign = campaign_access(actor, campaign_id).campaign
    teams = teams_of(campaign, now)
    visible = visible_teams(actor, campaign, teams)
    return [team for team in teams if team.id in visible]
