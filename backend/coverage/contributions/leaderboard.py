"""The leaderboard of a campaign, by default ranked by needed samples."""

from collections.abc import Iterable, Mapping
from typing import Any

from backend.accounts.access import Actor
from backend.coverage.contributions import needed
from backend.coverage.contributions.figures import Figures, Key, figures
from backend.coverage.contributions.query import (
    CampaignAccess,
    ContributionQuery,
    build_query,
    campaign_access,
)
from backend.coverage.contributions.service import describe, rows
from backend.i18n.catalogues import Language
from backend.i18n.messages import message


def leaderboard(
    actor: Actor, campaign_id: int, parameters: Mapping[str, Any], language: Language
) -> dict[str, Any]:
    """Rank the teams of a campaign; a team's leader sees all teams, but only their own members."""
    access = campaign_access(actor, campaign_id)
    if parameters["by"] == "team":
        access = CampaignAccess(access.campaign, None)
    query = build_query(access, parameters["by"], parameters)
    found = figures(query, needed.refresh(query.months))
    rank, explanation = _rank(parameters["rank"], found)
    ranked = places(found, rank)
    return {
        **describe(access, query),
        "rank": rank,
        "explained": message(explanation, language),
        "items": [
            {"place": place, **row}
            for (place, _), row in zip(ranked, _named(query, found, ranked, language), strict=True)
        ],
    }


def places(found: Mapping[Key, Figures], rank: str) -> list[tuple[int, Key]]:
    """Return keys with their places, first to last; ties share a place and the next is skipped."""
    value = {key: getattr(one, rank) or 0 for key, one in found.items()}
    ordered = sorted(value, key=lambda key: (-value[key], key))
    result: list[tuple[int, Key]] = []
    for nth, key in enumerate(ordered, 1):
        tied = bool(result) and value[result[-1][1]] == value[key]
        result.append((result[-1][0] if tied else nth, key))
    return result


def _rank(wanted: str, found: Mapping[Key, Figures]) -> tuple[str, str]:
    """Return the field to rank by and the code of its explanation; no target: by counted."""
    if wanted == "needed" and found and all(one.needed is None for one in found.values()):
        return "counted", "rank_no_target"
    return wanted, f"rank_{wanted}"


def _named(
    query: ContributionQuery,
    found: Mapping[Key, Figures],
    ranked: Iterable[tuple[int, Key]],
    language: Language,
) -> list[dict[str, Any]]:
    names = ("id", "name", "team", "needed", "counted")
    ordered = {key: found[key] for _, key in ranked}
    return [{name: row[name] for name in names} for row in rows(query, ordered, language)]
