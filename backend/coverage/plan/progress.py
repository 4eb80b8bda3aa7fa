"""The progress of a campaign towards its goal, and its teams without recent samples."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from backend.accounts.access import Actor, require
from backend.campaigns.service import visible_campaign
from backend.clock import local_day, month_end
from backend.coverage.alerts.service import SILENT_DAYS
from backend.coverage.contributions.schemas import ContributionsQuerySchema
from backend.coverage.contributions.service import contributions
from backend.coverage.figures.forecast import LAST_DAYS
from backend.coverage.figures.service import CoverageQuery, coverage
from backend.coverage.figures.unit_access import published
from backend.coverage.plan.planner import PlanRequest, communes_of, teams_of
from backend.coverage.plan.service import places_of
from backend.coverage.plan.settings import limits_of
from backend.i18n.catalogues import Language
from backend.organisations.scopes import campaign_scope
from backend.units.catalogue import system_on

BY_TEAM = ContributionsQuerySchema()


def campaign_progress(
    actor: Actor, campaign_id: int, network: str | None, now: datetime
) -> dict[str, Any]:
    """Return the progress of a campaign in its present or last month, for its organisers.

    It has the communes of its area in one network, and their sums: what reaches the target in every
    commune, and what they have of it.
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
    left = request.days_left if campaign.last_day >= today else 0
    return {
        "network": kind,
        "month": f"{day:%Y-%m}",
        "area": places_of(rows),
        "need": need,
        "has": need - lack,
        "shortfall": lack,
        "reached": sum(bool(row.need) and not row.shortfall for row in rows),
        "lacking": sum(bool(row.shortfall) for row in rows),
        "per_day": -(-lack // left) if left > LAST_DAYS else None,  # until the end
    }


def home_figures(
    home: Mapping[str, Any] | None, network: str, now: datetime
) -> dict[str, Any] | None:
    """Return this month's coverage of a team's home commune; None for a unit of the past."""
    month = f"{local_day(now):%Y-%m}"
    if home is None or home["system"] != system_on(month_end(month)):
        return None
    query = CoverageQuery(month, home["level"], network, unit=home["code"], hourly=True)
    (item,) = coverage(query, now)["items"]
    return dict(item)


def _latest_days(actor: Actor, campaign_id: int, language: Language) -> dict[int, date]:
    """Return the last day with samples of each team that has some."""
    latest: dict[int, date] = {}
    cursor = None
    while True:
        after: dict[str, str] = {"cursor": cursor} if cursor else {}
        query: Mapping[str, Any] = BY_TEAM.load({"by": "team"} | after)
        page = contributions(actor, campaign_id, query, language)
        latest |= {int(one["id"]): one["last_day"] for one in page["items"] if one["id"]}
        cursor = page["next_cursor"]
        if cursor is None:
            return latest


def silent_teams(
    actor: Actor, campaign_id: int, now: datetime, language: Language
) -> list[dict[str, Any]]:
    """Return the teams of a running campaign without samples for SILENT_DAYS days.

    `last_day` is None of a team without any.
    """
    campaign, today = visible_campaign(actor, campaign_id), local_day(now)
    require(actor, "campaign.see", campaign_scope(campaign_id))
    first = campaign.first_day
    if not first <= today <= campaign.last_day or (today - first).days < SILENT_DAYS:
        return []
    latest = _latest_days(actor, campaign_id, language)
    silent = []
    for team in teams_of(campaign, now):
        last = latest.get(team.id)
        days = (today - (last or first)).days
        if days > SILENT_DAYS or last is None:
            silent.append({"id": team.id, "name": team.name, "last_day": last, "days": days})
    return sorted(silent, key=lambda one: (-one["days"], one["name"]))
