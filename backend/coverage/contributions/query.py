"""Whose contributions somebody may see, over which days: from a query to what is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text

from backend.accounts.access import Actor, can, require
from backend.campaigns.models import Campaign
from backend.campaigns.service import visible_campaign
from backend.clock import month_end, month_start
from backend.coverage.contributions.sources import Asked
from backend.coverage.figures.query import months_between
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.measurements.recording.rules import NETWORKS
from backend.organisations.scopes import campaign_scope, team_scope

TAKES_PART = text("""
    select exists (select from memberships where campaign_id = :campaign and team_id = :team)
        or exists (select from team_counts
                   where campaign_id = :campaign and month = any(:months) and team_id = :team)
        or exists (select from team_deltas where campaign_id = :campaign and team_id = :team)
""")


@dataclass(frozen=True, slots=True)
class Seen:
    """A campaign, and which of its teams somebody may see; None: all."""

    campaign: Campaign
    teams: tuple[int, ...] | None


def see(actor: Actor, campaign_id: int) -> Seen:
    """What an actor may see of a campaign: an organiser all, a team's leader their own team."""
    campaign, scope = visible_campaign(actor, campaign_id), campaign_scope(campaign_id)
    if can(actor, "campaign.see", scope):
        return Seen(campaign, None)
    months = months_of(campaign.first_day, campaign.last_day)
    own = [
        team
        for team in sorted(actor.ids("team_leader"))
        if can(actor, "team.see", team_scope(team)) and _takes_part(campaign_id, team, months)
    ]
    if not own:
        require(actor, "campaign.see", scope)
    return Seen(campaign, tuple(own))


def ask(seen: Seen, by: str, query: Mapping[str, Any]) -> Asked:
    """Turn a query into the days, networks and teams that it asks for."""
    first, last, months = _days(seen.campaign, query)
    teams = seen.teams
    if query.get("team") is not None:
        if teams is not None and query["team"] not in teams:
            raise Problem(403, "forbidden")
        teams = (query["team"],)
    return Asked(
        campaign_id=seen.campaign.id,
        by=by,
        first=first,
        last=last,
        months=months,
        whole=first == month_start(months[0]) and last == month_end(months[-1]),
        networks=(query["network"],) if query.get("network") else NETWORKS_ASKED,
        teams=teams,
    )


# What is unknown is received too, and counted nowhere.
NETWORKS_ASKED = (*NETWORKS, "unknown")


def _days(campaign: Campaign, query: Mapping[str, Any]) -> tuple[date, date, tuple[str, ...]]:
    """First and last day: those of the campaign's months, of one month, or given."""
    first, last = (
        month_start(f"{campaign.first_day:%Y-%m}"),
        month_end(f"{campaign.last_day:%Y-%m}"),
    )
    if month := query.get("month"):
        first, last = month_start(month), month_end(month)
    first = max(first, query["from_"]) if query.get("from_") else first
    last = min(last, query["to"]) if query.get("to") else last
    if last < first:
        raise invalid("to" if query.get("to") else "from", "no_days")
    return first, last, months_of(first, last)


def months_of(first: date, last: date) -> tuple[str, ...]:
    """The months from one day to another."""
    return tuple(months_between(f"{first:%Y-%m}", f"{last:%Y-%m}"))


def _takes_part(campaign_id: int, team_id: int, months: tuple[str, ...]) -> bool:
    values = {"campaign": campaign_id, "team": team_id, "months": list(months)}
    return bool(db.session.execute(TAKES_PART, values).scalar())
