"""Queries of contributions: access to a campaign's teams, days, networks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text

from backend.accounts.access import Actor, can, require
from backend.campaigns.models import Campaign
from backend.campaigns.service import visible_campaign
from backend.clock import day_begin, month_end, month_start, months_between
from backend.coverage.figures.public_counts import full_hour
from backend.coverage.figures.unit_access import ACT as EXACT_FIGURES
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.measurements.recording.rules import NETWORKS
from backend.organisations.scopes import campaign_scope, team_scope

BY = ("team", "member", "unit", "day", "organisation")
# Samples of an unknown network are received, but never counted.
ALL_NETWORKS = (*NETWORKS, "unknown")

TAKES_PART = text("""
    select exists (select from memberships where campaign_id = :campaign and team_id = :team)
        or exists (select from join_codes where campaign_id = :campaign and team_id = :team
                   and revoked_at is null)
        or exists (select from team_days where campaign_id = :campaign and team_id = :team
                   and day between :first and :last)
""")


@dataclass(frozen=True, slots=True)
class ContributionQuery:
    """Campaign, grouping, days, networks and teams of figures."""

    campaign_id: int
    by: str  # one of BY, or `campaign`: a single row
    first: date
    last: date
    months: tuple[str, ...]
    whole: bool  # the days are all those of the months
    networks: tuple[str, ...]
    teams: tuple[int, ...] | None = None  # None: all
    hour: datetime | None = None  # rows by unit are of this full hour; None: exact

    def values(self) -> dict[str, object]:
        """Return the bind values of the statements."""
        return {
            "by": self.by,
            "whole": self.whole,
            "campaign": self.campaign_id,
            "networks": list(self.networks),
            "teams": None if self.teams is None else list(self.teams),
            "first": self.first,
            "last": self.last,
            "begins": day_begin(self.first),
            "ends": day_begin(self.last + timedelta(days=1)),
            "months": list(self.months),
            "month_ends": [month_end(month) for month in self.months],
        }


@dataclass(frozen=True, slots=True)
class CampaignAccess:
    """A campaign and the teams that an actor may see."""

    campaign: Campaign
    teams: tuple[int, ...] | None  # None: all


def campaign_access(actor: Actor, campaign_id: int) -> CampaignAccess:
    """Return the visible teams of a campaign: all for an organiser, their own for a leader."""
    campaign, scope = visible_campaign(actor, campaign_id), campaign_scope(campaign_id)
    if can(actor, "campaign.see", scope):
        return CampaignAccess(campaign, None)
    values = {"campaign": campaign_id, "first": campaign.first_day, "last": campaign.last_day}
    own = [
        team
        for team in sorted(actor.ids("team_leader"))
        if can(actor, "team.see", team_scope(team))
        and db.session.execute(TAKES_PART, {**values, "team": team}).scalar()
    ]
    if not own:
        require(actor, "campaign.see", scope)
    return CampaignAccess(campaign, tuple(own))


def build_query(
    access: CampaignAccess, by: str, parameters: Mapping[str, Any]
) -> ContributionQuery:
    """Build a query from the parameters of a request."""
    first, last, months = _days(access.campaign, parameters)
    teams = access.teams
    if parameters.get("team") is not None:
        if teams is not None and parameters["team"] not in teams:
            raise Problem(403, "forbidden")
        teams = (parameters["team"],)
    whole = first == month_start(months[0]) and last == month_end(months[-1])
    networks = (parameters["network"],) if parameters.get("network") else ALL_NETWORKS
    return ContributionQuery(access.campaign.id, by, first, last, months, whole, networks, teams)


def as_read_by(actor: Actor, query: ContributionQuery, now: datetime) -> ContributionQuery:
    """Return a query whose rows by unit follow nobody: as of the full hour, exact for admins."""
    if query.by != "unit" or can(actor, EXACT_FIGURES):
        return query
    return replace(query, hour=full_hour(now))


def _days(campaign: Campaign, parameters: Mapping[str, Any]) -> tuple[date, date, tuple[str, ...]]:
    """Return first day, last day and months: of the campaign, of one month, or as given."""
    month = parameters.get("month")
    first = month_start(month or f"{campaign.first_day:%Y-%m}")
    last = month_end(month or f"{campaign.last_day:%Y-%m}")
    first = max(first, parameters["from_"]) if parameters.get("from_") else first
    last = min(last, parameters["to"]) if parameters.get("to") else last
    if last < first:
        raise invalid("to" if parameters.get("to") else "from", "no_days")
    return first, last, months_of(first, last)


def months_of(first: date, last: date) -> tuple[str, ...]:
    """Return the months from one day to another."""
    return tuple(months_between(f"{first:%Y-%m}", f"{last:%Y-%m}"))
