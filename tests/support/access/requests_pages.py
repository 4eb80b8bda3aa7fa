"""Valid forms of pages for the access matrix."""

import io
from collections.abc import Callable
from typing import Any

from tests.support import people
from tests.support.access.requests_campaigns import taking_part
from tests.support.access.table_pages import BOARD
from tests.support.access.world import World

CAMPAIGN_FORM = {
    "name": "Tháng ba", "first_day": "2024-11-01", "last_day": "2024-11-30", "areas": "19",
    "networks": ["mobile"], "state": "open", "version": "1", "go": "yes",
}  # fmt: skip
TODAY = "2024-11-20"  # of the tests' clock


LIMITS = {"radius_km": "12", "visit_least": "5", "assumed_capacity": "8"}


def _pin(world: World) -> dict[str, Any]:
    return {"team_id": world.team, "unit": "05443", "date": TODAY, "samples": "5"}


def _pinned(world: World) -> dict[str, Any]:
    wanted = _pin(world) | {"samples": 5}
    url = f"/api/v1/campaigns/{world.campaign}/plan/pins"
    world.client.put(url, json=wanted, headers=world.admin)
    return {"data": _pin(world)}


def _teams() -> dict[str, Any]:
    table = "Tên đội,Loại đội,Xã\nĐội 9,Thanh niên,05443\n".encode()
    return {"data": {"file": (io.BytesIO(table), "doi.csv"), "go": "yes"}}


# Pages of a leader whose team takes part.
TAKING_PART = (
    "", "/figures", "/contributions", "/contributions.csv", "/teams", "/teams/<int:team_id>",
    "/plan", "/plan/slips", "/signals", "/corrections", "/settings", "/teams/import",
)  # fmt: skip

PAGE_REQUESTS: dict[str, Callable[[World], dict[str, Any]]] = {
    **{f"GET {BOARD}{page}": taking_part for page in TAKING_PART},
    "POST /campaigns/new": lambda w: {"data": CAMPAIGN_FORM | {"organisation_id": w.organisation}},
    f"POST {BOARD}/settings": lambda w: {"data": CAMPAIGN_FORM},
    f"POST {BOARD}/plan/pins": lambda w: {"data": _pin(w)},
    f"POST {BOARD}/plan/unpin": _pinned,
    f"POST {BOARD}/plan/limits": lambda w: {"data": LIMITS},
    f"POST {BOARD}/signals": lambda w: {
        "data": {"signal_id": people.signal(w.app, campaign_id=w.campaign), "state": "explained"}
    },
    f"POST {BOARD}/corrections": lambda w: {
        "data": {"from_team": w.team, "to_team": "none", "reason": "Nhầm", "go": "yes"}
    },
    f"POST {BOARD}/teams/import": lambda w: _teams(),
}
