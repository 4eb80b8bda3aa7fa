"""The ranking of a campaign: by samples that were still needed, unless asked otherwise."""

from collections.abc import Iterable, Mapping
from typing import Any

from backend.accounts.access import Actor
from backend.coverage.contributions import needed
from backend.coverage.contributions.figures import Figures, Key, figures
from backend.coverage.contributions.query import Seen, ask, see
from backend.coverage.contributions.service import described, rows
from backend.i18n.languages import Language
from backend.i18n.messages import message


def leaderboard(
    actor: Actor, campaign_id: int, query: Mapping[str, Any], words: Language
) -> dict[str, Any]:
    """Rank the teams of a campaign; a team's leader sees all teams, but only their own members."""
    seen = see(actor, campaign_id)
    if query["by"] == "team":
        seen = Seen(seen.campaign, None)
    asked = ask(seen, query["by"], query)
    found = figures(asked, needed.refresh(asked.months))
    rank, explained = _rank(query["rank"], found)
    ranked = places(found, rank)
    return {
        **described(seen, asked),
        "rank": rank,
        "explained": message(explained, words),
        "items": [
            {"place": place, **row}
            for (place, _), row in zip(ranked, _named(asked, found, ranked, words), strict=True)
        ],
    }


def places(found: Mapping[Key, Figures], rank: str) -> list[tuple[int, Key]]:
    """Places from the first on; equals share one, and the next after two firsts is the third."""
    worth = {key: getattr(one, rank) or 0 for key, one in found.items()}
    ordered = sorted(worth, key=lambda key: (-worth[key], key))
    result: list[tuple[int, Key]] = []
    for nth, key in enumerate(ordered, 1):
        tied = bool(result) and worth[result[-1][1]] == worth[key]
        result.append((result[-1][0] if tied else nth, key))
    return result


def _rank(asked: str, found: Mapping[Key, Figures]) -> tuple[str, str]:
    """By what is ranked, and the code of the words for it: without a target nothing is needed."""
    if asked == "needed" and found and all(one.needed is None for one in found.values()):
        return "counted", "rank_no_target"
    return asked, f"rank_{asked}"


def _named(
    asked: Any, found: Mapping[Key, Figures], ranked: Iterable[tuple[int, Key]], words: Language
) -> list[dict[str, Any]]:
    told = rows(asked, {key: found[key] for _, key in ranked}, words)
    return [{name: row[name] for name in ("id", "name", "team", "needed", "counted")}
            for row in told]  # fmt: skip
