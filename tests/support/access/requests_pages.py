"""Valid forms of pages for the access matrix."""

import io
import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import func, select, update

from backend.accounts.models import PersonalToken, Role
from backend.campaign_setup.models import CampaignDraft, OrganisationLogo
from backend.coverage.plan.models import Pin
from backend.coverage.statistics.models import Release
from backend.database.extensions import db
from backend.memberships.models import Membership
from tests.support import people
from tests.support.access.requests_admin import cluster
from tests.support.access.requests_campaigns import taking_part
from tests.support.access.requests_officials import activity
from tests.support.access.table_pages import BOARD, BOARD_TEAM, DRAFT, DROPPED, RESTORED
from tests.support.access.world import World
from tests.support.uneven_month import HERE, uneven_month

CAMPAIGN_FORM = {
    "name": "Tháng ba", "first_day": "2024-11-01", "last_day": "2024-11-30", "areas": "19",
    "networks": ["mobile"], "state": "open", "version": "1", "go": "yes",
}  # fmt: skip
LAUNCH = {"kind": "launch", "day": "2024-11-05", "people": "40", "unit": "05443", "another": "yes"}
TODAY = "2024-11-20"  # of the tests' clock


LIMITS = {"radius_km": "12", "visit_least": "5", "assumed_capacity": "8"}


def _pin(world: World) -> dict[str, Any]:
    world.take_part(world.campaign, world.team)
    return {"team_id": world.team, "unit": "05443", "date": TODAY, "samples": "5"}


def _pinned(world: World) -> dict[str, Any]:
    key = {"team_id": world.team, "unit_id": people.unit_id(world.app, "05443"), "samples": 5}
    with world.app.app_context():
        db.session.merge(Pin(campaign_id=world.campaign, day=TODAY, network="mobile", **key))
        db.session.commit()
    return {"data": _pin(world)}


def _teams() -> dict[str, Any]:
    table = "Tên đội,Loại đội,Xã\nĐội 9,Thanh niên,05443\n".encode()
    return {"data": {"file": (io.BytesIO(table), "doi.csv"), "go": "start"}}


def _address() -> str:
    return f"{secrets.token_hex(4)}@example.vn"


def _draft(row: str, world: World) -> dict[str, Any]:
    """Return a draft of the organiser, of another one for other actors, and the form of a step."""
    own = world.headers if world.actor == "organiser" else world.headers_of("organiser")
    user = world.user_of(own)
    content = {name: CAMPAIGN_FORM[name] for name in ("name", "first_day", "last_day", "areas")}
    content |= {"networks": ["mobile"], "organisation_id": str(world.organisation)}
    with world.app.app_context():
        draft = CampaignDraft(user_id=user and user.id, content=content, updated_at=people.LONG_AGO)
        db.session.add(draft)
        db.session.commit()
        made = draft.id
    form = CAMPAIGN_FORM | {"organisation_id": world.organisation}
    if row.endswith("/teams"):
        form = {"teams": "Đội 9", "go": "start"}
    return {"at": {"draft_id": made}} | ({"data": form} if row.startswith("POST") else {})


def _logo(world: World) -> dict[str, Any]:
    with world.app.app_context():
        logo = OrganisationLogo(organisation_id=world.organisation, png=b"PNG", digest="0")
        db.session.merge(logo)
        db.session.commit()
    return taking_part(world)


def _code(world: World) -> dict[str, Any]:
    """Return the form that ends the actor's own token, or another's if nobody signs in."""
    user = world.user_of(world.headers) or world.user_of(people.person(world.app))
    with world.app.app_context():
        query = select(PersonalToken.id).where(PersonalToken.user_id == (user and user.id))
        return {"data": {"number": db.session.scalar(query)}}


def _coded(world: World) -> dict[str, Any]:
    return {"made": world.code(world.team)}


def _member(world: World) -> dict[str, Any]:
    """Return the number of a member of the leader's team."""
    joined = world.joined(world.stranger)
    with world.app.app_context():
        number = select(Membership.volunteer_id).where(Membership.id == joined)
        return {"at": {"number": db.session.scalar(number)}}


def _removed(world: World) -> dict[str, Any]:
    """Return the number of a member whom the leader's team has just removed."""
    member = _member(world)
    with world.app.app_context():
        db.session.execute(
            update(Membership)
            .where(Membership.volunteer_id == member["at"]["number"])
            .values(
                period=func.tstzrange(
                    func.lower(Membership.period),
                    func.lower(Membership.period) + timedelta(seconds=1),
                    "[)",
                ),
                removed_at=func.now(),
            )
        )
        db.session.commit()
    return member


def _led(world: World) -> dict[str, Any]:
    user = world.user_of(people.person(world.app, "team_leader", world.team))
    with world.app.app_context():
        role = db.session.scalar(select(Role.id).where(Role.user_id == (user and user.id)))
    return {"at": {"role_id": role}}


def _invited(world: World) -> dict[str, Any]:
    """Return the id of a leader who was invited, and the secret of the link."""
    world.code(world.team)
    asked = {"name": _address(), "roles": [{"role": "team_leader", "scope_id": world.team}]}
    organiser = world.headers_of("organiser")
    made = world.client.post("/api/v1/invitations", json=asked, headers=organiser).json
    return {"at": {"user_id": made["user_id"]}, "secret": made["link"].partition("#")[2]}


def _speeds(world: World) -> dict[str, Any]:
    """A unit with released speeds, which all may see."""
    with world.app.app_context():
        released = db.session.scalar(select(Release.month))
    if not released:
        uneven_month(world.app)
    query = {"month": "2024-11", "unit": HERE}
    return {"at": {"kind": "speeds", "form": "svg"}, "query_string": query}


def _moved(world: World) -> dict[str, Any]:
    """A picture's address of earlier versions."""
    return {"at": {"unit": HERE, "kind": "speeds", "form": "svg"}}


DRAFT_ROWS = tuple(
    f"{method} {DRAFT}{page}"
    for method, pages in (("GET", ("", "/teams")), ("POST", ("", "/save", "/remove", "/teams")))
    for page in pages
)
# Pages of a leader whose team takes part.
TAKING_PART = (
    "", "/figures", "/teams", "/teams/<int:team_id>",
    "/teams/<int:team_id>/members",
    "/plan", "/plan/slips", "/plan/action-plan.docx", "/signals", "/corrections", "/settings",
    "/end", "/summary", "/thanks.png", "/certificates.pdf",
)  # fmt: skip

PAGE_REQUESTS: dict[str, Callable[[World], dict[str, Any]]] = {
    **{f"GET {BOARD}{page}": taking_part for page in TAKING_PART},
    "GET /cluster/<int:cluster_id>": cluster,
    "GET /reform/<system>/<code>": lambda w: {"at": {"system": "2024", "code": "168"}},
    "POST /account/tokens": lambda w: {"data": {"name": "Excel", "days": "90"}},
    "POST /account/tokens/end": _code,
    "GET /wall.<any(slide,a4):form>.png": lambda w: {"at": {"form": "a4"}},
    "GET /unit/<code>/wall.<any(slide,a4):form>.png": lambda w: {
        "at": {"code": "19", "form": "a4"}
    },
    "GET /network-speed/<any(speeds,months,week,hours,map,gaps):kind>.<any(svg,png):form>": _speeds,
    "GET /unit/<unit>/speeds": _moved,
    "GET /unit/<unit>/<any(speeds,months,week,hours,map):kind>.<any(svg,png):form>": _moved,
    "GET /speeds/<any(speeds,months,hours,map):kind>.<any(svg,png):form>": _moved,
    "GET /unit/<unit>/no-connection.<any(svg,png):form>": _moved,
    "GET /campaigns/teams.<any(xlsx,csv):form>": lambda w: {"at": {"form": "csv"}},
    "POST /campaigns/new": lambda w: {"data": CAMPAIGN_FORM | {"organisation_id": w.organisation}},
    "POST /campaigns/drafts/save": lambda w: {"data": {"name": "Tháng ba"}},
    **{row: partial(_draft, row) for row in DRAFT_ROWS},
    f"POST {BOARD}/contact": lambda w: {"data": {"telephone": "0912 345 678"}},
    f"GET {BOARD}/logo.png": _logo,
    f"GET {BOARD}/posters.pdf": _coded,
    f"GET {BOARD_TEAM}/outreach": taking_part,
    f"POST {BOARD_TEAM}/outreach": lambda w: taking_part(w) | {"data": LAUNCH},
    f"POST {BOARD_TEAM}/outreach/<int:entry_id>/remove": lambda w: (
        taking_part(w) | {"at": activity(w, of_team=True)["at"], "data": {"version": "1"}}
    ),
    f"GET {BOARD_TEAM}/change": _coded,
    f"POST {BOARD_TEAM}/change": lambda w: (
        _coded(w) | {"data": {"name": "Đội khác", "type": "youth", "version": "1"}}
    ),
    f"POST {BOARD_TEAM}/{DROPPED}": _member,
    f"POST {BOARD_TEAM}/{RESTORED}": _removed,
    f"POST {BOARD_TEAM}/end": lambda w: {"data": {"sure": "yes", "version": "1"}},
    f"POST {BOARD_TEAM}/leave": lambda w: {"data": {"sure": "yes"}},
    f"POST {BOARD}/leaders/<int:user_id>/renew": lambda w: {"at": _invited(w)["at"]},
    f"POST {BOARD}/leaders/<int:user_id>/copied": lambda w: {"at": _invited(w)["at"]},
    "POST /invitation/about": lambda w: {"data": {"secret": _invited(w)["secret"]}},
    f"POST {BOARD_TEAM}/leaders": lambda w: {"data": {"contact": _address()}},
    f"POST {BOARD_TEAM}/leaders/<int:role_id>/end": _led,
    f"POST {BOARD}/settings": lambda w: {"data": CAMPAIGN_FORM},
    f"POST {BOARD}/plan/pins": lambda w: {"data": _pin(w)},
    f"POST {BOARD}/plan/unpin": _pinned,
    f"POST {BOARD}/plan/limits": lambda w: {"data": LIMITS},
    f"POST {BOARD}/signals": lambda w: {
        "data": {
            "signals": people.signal(w.app, campaign_id=w.campaign),
            "state": "explained",
            "note": "đã hỏi",
        }
    },
    f"POST {BOARD}/signals/search": lambda w: {},
    f"POST {BOARD}/corrections": lambda w: {
        "data": {"from_team": w.team, "to_team": "none", "reason": "Nhầm", "go": "yes"}
    },
    f"POST {BOARD}/teams/add": lambda w: _teams(),
}
