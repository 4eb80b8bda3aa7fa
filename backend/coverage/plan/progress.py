"""The progress of a campaign towards its goal, and the day of its teams."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from backend.accounts.access import Actor, require
from backend.campaigns.models import Campaign
from backend.campaigns.service import visible_campaign
from backend.clock import local_day, month_end, month_start
from backend.coverage.alerts.service import SILENT_DAYS
from backend.coverage.contributions.service import all_contributions
from backend.coverage.figures.forecast import LAST_DAYS
from backend.coverage.figures.service import CoverageQuery, coverage
from backend.coverage.figures.unit_access import published
from backend.coverage.plan.planner import PlanRequest, communes_of, days_left, teams_of
from backend.coverage.plan.service import places_of, visible_teams
from backend.coverage.plan.settings import limits_of
from backend.database.extensions import db
from backend.i18n.catalogues import Language
from backend.memberships.attribution import COUNTED
from backend.organisations.scopes import campaign_scope
from backend.units.catalogue import system_on


def campaign_progress(
    actor: Actor, campaign_id: int, network: str | None, now: datetime
) -> dict[str, Any]:
    """Return the progress of a campaign in its present or last month, for its organisers.

    It has the communes of its area in one network, and their sums: what reaches the target in every
    commune, what they have of it, and what is needed on each of the campaign's remaining days.
    """
    campaign, today = visible_campaign(actor, campaign_id), local_day(now)
    require(actor, "campaign.see", campaign_scope(campaign_id))
    day = min(max(today, campaign.first_day), campaign.last_day)
    kind = network if network in campaign.networks else campaign.networks[0]
    request = PlanRequest(campaign, day, kind, today, limits_of(campaign_id))
    rows = communes_of(request).rows
    shown = published(actor, f"{day:%Y-%m}")
    rows = [row for row in rows if shown is None or row.id in shown]
    need, lack = sum(row.need for row in rows), sum(row.shortfall for row in rows)
    left = days_left(campaign, now)
    return {
        "network": kind,
        "month": f"{day:%Y-%m}",
        "area": places_of(rows),
        "need": need,
        "has": need - lack,
        "shortfall": lack,
        "reached": sum(row.reached for row in rows),
        "lacking": sum(bool(row.need) and not row.reached for row in rows),
        "table_day": max((row.table["day"] for row in rows if row.table), default=None),
        "per_day": -(-lack // left) if left > LAST_DAYS else None,  # until the end
    }


# A team's counted samples wherever they are: their communes would follow one who measures alone.
TEAM_SINCE = text("""
    select count(*) from earnings e join measurements m on m.id = e.measurement_id and m.day = e.day
    where e.team_id = :team and e.network = :network and e.category = any(:counted)
        and e.day >= :first and m.received_at >= :as_of
""").bindparams(counted=sorted(COUNTED))


def home_figures(
    home: Mapping[str, Any] | None, team_id: int, network: str, now: datetime
) -> dict[str, Any] | None:
    """Return this month's coverage of a team's home commune; None for a unit of the past.

    `team_since`: the team's counted samples anywhere that the public counts may lack.
    """
    month = f"{local_day(now):%Y-%m}"
    if home is None or home["system"] != system_on(month_end(month)):
        return None
    query = CoverageQuery(month, home["level"], network, unit=home["code"], hourly=True)
    (item,) = coverage(query, now)["items"]
    if item["as_of"] is None:
        return dict(item)
    values = {
        "team": team_id, "network": network, "first": month_start(month), "as_of": item["as_of"],
    }  # fmt: skip
    return {**item, "team_since": db.session.scalar(TEAM_SINCE, values)}


def team_state(campaign: Campaign, last_day: date | None, today: date) -> str | None:
    """Return the state of a team by its last day with samples; None while the campaign rests.

    `today`: it measured; `silent`: without samples for SILENT_DAYS days; `none`: without any, in
    the first days; `active`: else.
    """
    if campaign.state != "open" or not campaign.first_day <= today <= campaign.last_day:
        return None
    if last_day is None:
        return "silent" if (today - campaign.first_day).days >= SILENT_DAYS else "none"
    days = (today - last_day).days
    return "silent" if days > SILENT_DAYS else "active" if days else "today"


def teams_today(
    actor: Actor, campaign_id: int, now: datetime, language: Language
) -> dict[str, Any]:
    """Return the figures of a campaign and of today, and the state of each visible team.

    Teams that measured today come first, those with most samples before others; then those without
    samples for the longest time.
    """
    campaign, today = visible_campaign(actor, campaign_id), local_day(now)
    ever = all_contributions(actor, campaign_id, language, {}, now)
    running = campaign.first_day <= today <= campaign.last_day
    on_day = {"from": today.isoformat(), "to": today.isoformat(), "month": f"{today:%Y-%m}"}
    day = all_contributions(actor, campaign_id, language, on_day, now) if running else None
    counted = {one["id"]: one["counted"] for one in day["items"]} if day else {}
    latest = {one["id"]: one["last_day"] for one in ever["items"]}
    teams = teams_of(campaign, now)
    visible = visible_teams(actor, campaign, teams)
    rows: list[dict[str, Any]] = [
        {
            "id": team.id,
            "name": team.name,
            "counted": counted.get(str(team.id)),
            "last_day": latest.get(str(team.id)),
            "state": team_state(campaign, latest.get(str(team.id)), today),
        }
        for team in teams
        if team.id in visible
    ]
    rows.sort(key=lambda one: (one["last_day"] != today, -(one["counted"] or 0),
                               one["last_day"] or date.min, one["name"]))  # fmt: skip
    return {"teams": rows, "total": ever["total"], "today": day and day["total"]}
