"""Data of the campaign pages, from the services of campaigns and coverage."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypedDict

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
from backend.measurements.corrections.removals import RemovedMember, removed_members
from backend.memberships.service import ListedMember, MembersQuery, list_members
from backend.organisations.scopes import campaign_scope
from backend.organisations.service import show_organisation

# Members of a team on its page: more than any team has.
MAX_MEMBERS = 5_000
EVERY_CONTRIBUTION = ContributionsQuerySchema()


class RankedTeam(TypedDict):
    """A team of a campaign by its rank."""

    place: int | None  # null: without samples
    id: str
    name: str
    needed: int | None  # samples towards the target; null: none was in force
    counted: int
    with_ispeed: int | None  # of the counted; null: no sample, or not to be seen
    own: bool  # whether the person may see more of it than its rank
    home: str | None  # the name of its commune
    last_day: date | None  # with samples
    state: str | None  # today, active, silent, none; null: the campaign rests


class TeamsTable(TypedDict):
    """The teams of a campaign by rank, then those without samples."""

    items: list[RankedTeam]
    total: dict[str, Any]  # figures of contributions
    explained: str  # how teams are ranked


class MemberFigures(TypedDict):
    """What a member of a team contributed."""

    id: str | None  # the volunteer's number
    name: str | None  # that the member shows
    since: datetime | None  # null: no longer a member
    received: int
    counted: int
    with_ispeed: int | None  # of the counted; null: no sample, or of archived months
    needed: int | None  # samples towards the target; null: none was in force
    last_day: date | None  # with samples
    guest: bool
    devices: int  # 0: no longer a member


class TeamMembers(TypedDict):
    """The members of a team with what each contributed."""

    rows: list[MemberFigures]
    former: list[MemberFigures]
    removed: list[RemovedMember]  # lately, who can be put back
    withdrawn: int  # people who withdrew their consent
    total: dict[str, Any]  # figures of contributions


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
) -> TeamsTable:
    """Return the teams by rank, then those without samples: figures, last day and state.

    Leaders see the rank of all teams, but the rest of their own alone.
    """
    answer = all_contributions(actor, campaign_id, language, filters, now)
    ranked = rank_teams(actor, campaign_id, filters, language)
    campaign = campaign_access(actor, campaign_id).campaign
    visible = {str(team.id): team for team in list_visible_teams(actor, campaign_id, now)}
    last_days = {row["id"]: row["last_day"] for row in answer["items"]}
    with_ispeed = {row["id"]: row["with_ispeed"] for row in answer["items"]}
    own = visible.keys() | last_days.keys()
    needed = None if answer["total"]["needed"] is None else 0
    idle = [
        {"place": None, "id": id, "name": visible[id].name, "needed": needed, "counted": 0}
        for id in sorted(visible.keys() - last_days.keys(), key=lambda id: visible[id].name)
    ]
    rows: list[RankedTeam] = []
    for row in ranked["items"] + idle:
        team, last_day = visible.get(row["id"]), last_days.get(row["id"])
        rests = filters or team is None
        rows.append(
            {
                "place": row["place"],
                "id": row["id"],
                "name": row["name"],
                "needed": row["needed"],
                "counted": row["counted"],
                "with_ispeed": with_ispeed.get(row["id"]),
                "own": row["id"] in own,
                "home": team.home_name if team else None,
                "last_day": last_day,
                "state": None if rests else team_state(campaign, last_day, local_day(now)),
            }
        )
    return {"items": rows, "total": answer["total"], "explained": ranked["explained"]}


def list_team_members(
    actor: Actor, campaign_id: int, team_id: int, now: datetime, language: Language
) -> TeamMembers:
    """Return the members of a team with what each contributed, former ones last, and the sum."""
    page: MembersQuery = {"campaign": campaign_id, "cursor": None, "limit": MAX_MEMBERS}
    listed = list_members(actor, team_id, page, now)
    wanted = {"by": "member", "team": str(team_id)}
    answer = all_contributions(actor, campaign_id, language, wanted, now)
    earned = {row["id"]: row for row in answer["items"]}
    present = [(member, earned.pop(str(member["number"]), None)) for member in listed["items"]]
    return {
        "rows": [_member_figures(figures, member) for member, figures in present],
        "former": [_member_figures(figures) for figures in earned.values()],
        "removed": removed_members(actor, campaign_id, team_id, now),
        "withdrawn": listed["withdrawn"],
        "total": answer["total"],
    }


def _member_figures(
    figures: Mapping[str, Any] | None, member: ListedMember | None = None
) -> MemberFigures:
    """Return a row of contributions, or none of a member without samples, with the member."""
    name = figures["name"] if figures else None
    return {
        "id": str(member["number"]) if member else figures["id"] if figures else None,
        "name": member["display_name"] if member else name,
        "since": member["since"] if member else None,
        "received": figures["received"] if figures else 0,
        "counted": figures["counted"] if figures else 0,
        "with_ispeed": figures["with_ispeed"] if figures else None,
        "needed": figures["needed"] if figures else None,
        "last_day": figures["last_day"] if figures else None,
        "guest": member["guest"] if member else False,
        "devices": member["devices"] if member else 0,
    }


def list_visible_teams(actor: Actor, campaign_id: int, now: datetime) -> list[PlanTeam]:
    """Return the teams of a campaign that the person may see."""
    campaign = campaign_access(actor, campaign_id).campaign
    teams = teams_of(campaign, now)
    visible = visible_teams(actor, campaign, teams)
    return [team for team in teams if team.id in visible]
