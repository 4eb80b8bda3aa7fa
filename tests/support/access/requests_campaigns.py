"""Valid requests for the rows of the access matrix about one campaign."""

from collections.abc import Callable
from typing import Any

from tests.support.access.table import CAMPAIGN
from tests.support.access.world import World

LIMITS = {
    "radius_km": 12, "visit_least": 5, "assumed_capacity": 8, "community_travels": True,
}  # fmt: skip
SEEN = {"headers": {"If-Match": '"1"'}}


def taking_part(world: World) -> dict[str, Any]:
    """Let a device join the leader's team."""
    return {"made": world.joined(world.stranger)}


def _corrected(world: World) -> dict[str, Any]:
    of_the_team = {"filter": {"team_id": world.team}}
    return {"json": of_the_team | {"team_id": world.other_team, "reason": "nhầm đội"}}


def _excluded(world: World) -> dict[str, Any]:
    return {"json": {"filter": {"team_id": world.team}, "reason": "đo trong xưởng"}}


def _draft(world: World) -> dict[str, Any]:
    return {"at": {"campaign_id": world.draft}}


def _other_plan(world: World) -> dict[str, Any]:
    for team in (world.team, world.other_team):
        world.take_part(world.campaign, team)
    return {"query_string": {"team_id": world.other_team}}


CAMPAIGN_REQUESTS: dict[str, Callable[[World], dict[str, Any]]] = {
    f"POST {CAMPAIGN}/changes": lambda w: SEEN | {"json": {"changes": {"cap": 5}}},
    f"POST {CAMPAIGN}/changes (draft)": lambda w: (
        SEEN | {"json": {"changes": {"cap": 5}}} | _draft(w)
    ),
    f"POST {CAMPAIGN}/corrections": _corrected,
    f"POST {CAMPAIGN}/corrections (draft)": lambda w: _corrected(w) | _draft(w),
    f"POST {CAMPAIGN}/exclusions": _excluded,
    f"POST {CAMPAIGN}/exclusions (draft)": lambda w: _excluded(w) | _draft(w),
    f"GET {CAMPAIGN}/contributions": taking_part,
    f"GET {CAMPAIGN}/contributions (by member)": lambda w: (
        taking_part(w) | {"query_string": {"by": "member"}}
    ),
    f"GET {CAMPAIGN}/contributions (not the leader's)": lambda w: (
        taking_part(w) | {"query_string": {"team": w.other_team}}
    ),
    f"GET {CAMPAIGN}/contributions (draft)": _draft,
    f"GET {CAMPAIGN}/summary": taking_part,
    f"GET {CAMPAIGN}/summary (draft)": _draft,
    f"GET {CAMPAIGN}/certificate": taking_part,
    f"GET {CAMPAIGN}/plan": taking_part,
    f"GET {CAMPAIGN}/plan (not the leader's)": _other_plan,
    f"GET {CAMPAIGN}/plan (draft)": _draft,
    f"GET {CAMPAIGN}/signals (draft)": _draft,
}
