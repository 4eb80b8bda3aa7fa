"""Endpoints of phones: join, leave, link another phone, bring a guest; and a team's members."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import current_app, request

from backend.accounts.authentication import actor, keep_private
from backend.database.extensions import BEARER, PERSON
from backend.devices import service as devices
from backend.devices.registration import KnownDevice
from backend.errors import invalid
from backend.fields import BIG_ID_MOST
from backend.http.blueprint import Blueprint
from backend.http.requests import bearer_token, clock_now, language
from backend.i18n.messages import message
from backend.memberships import joining, passes, poster, service, volunteers
from backend.memberships.join_code_views import blp as join_codes
from backend.memberships.schemas import (
    JoinRequestSchema,
    MembershipSchema,
    MembershipsSchema,
    MembersQuerySchema,
    MembersSchema,
    NameChangeSchema,
    PassRequestSchema,
    PassResultSchema,
    PassSchema,
    PassUseSchema,
    VolunteerSchema,
)

blp = Blueprint("joining", __name__, description="Joining a team")
blueprints = (blp, join_codes)
blp.after_request(keep_private)

PAGE_MOST = 500


def device_required(view: Callable[..., Any]) -> Callable[..., Any]:
    """Authenticate the device before the body is read: a missing token is reported first."""

    @wraps(view)
    def authenticated(*args: Any, **kwargs: Any) -> Any:
        return view(devices.authenticate(bearer_token(), clock_now()), *args, **kwargs)

    return authenticated


@blp.post("/memberships")
@blp.doc(security=BEARER)
@device_required
@blp.arguments(JoinRequestSchema)
@blp.response(201, MembershipSchema, description="Joined, from this moment on")
@blp.alt_response(200, schema=MembershipSchema, description="Was in that team already")
def join_team(device: KnownDevice, data: joining.JoinRequest) -> Any:
    """Join a team by the code that it shows; `transfer` leaves another team of the campaign."""
    result = joining.join(device.id, data, clock_now(), _guess_limiter())
    return result.member, 201 if result.created else 200


@blp.get("/memberships")
@blp.doc(security=BEARER)
@device_required
@blp.response(200, MembershipsSchema)
def list_memberships(device: KnownDevice) -> Any:
    """List the volunteer's own memberships, present and past."""
    return {"items": service.own_memberships(device.id)}


@blp.delete(f"/memberships/<int(max={BIG_ID_MOST}):membership_id>")
@blp.doc(security=BEARER)
@device_required
@blp.response(200, MembershipSchema)
def leave_team(device: KnownDevice, membership_id: int) -> Any:
    """Leave a team now; what was earned stays earned."""
    return service.leave(device.id, membership_id, clock_now())


@blp.patch("/volunteers/me")
@blp.doc(security=BEARER)
@device_required
@blp.arguments(NameChangeSchema)
@blp.response(200, VolunteerSchema)
def rename_me(device: KnownDevice, data: dict[str, Any]) -> Any:
    """Show another name to one's team, or none."""
    return volunteers.rename(device.id, data["display_name"], clock_now())


@blp.post("/passes")
@blp.doc(security=BEARER)
@device_required
@blp.arguments(PassRequestSchema)
@blp.response(201, PassSchema, description="Good for one other phone")
def make_pass(device: KnownDevice, data: passes.PassRequest) -> Any:
    """Make a one-time code: to link another phone of one's own, or for one resident as a guest."""
    made = passes.create_pass(device.id, data, clock_now(), current_app.config["SECRET_KEY"])
    content = poster.content(request.url_root, made.code)
    answer = {"kind": made.kind, "code": made.code, "content": content}
    return answer | {"expires_at": made.expires_at}, 201


@blp.post("/passes/use")
@blp.doc(security=BEARER)
@device_required
@blp.arguments(PassUseSchema)
@blp.response(201, PassResultSchema, description="Linked, or a guest, from this moment on")
@blp.alt_response(200, schema=PassResultSchema, description="Was so already")
def use_pass(device: KnownDevice, data: dict[str, str]) -> Any:
    """Use the code that another phone shows."""
    result = passes.use_pass(device.id, data["code"], clock_now(), _guess_limiter())
    return {"kind": result.kind, "memberships": result.members}, 201 if result.created else 200


@blp.get("/teams/<int:team_id>/members")
@blp.doc(security=PERSON)
@blp.arguments(MembersQuerySchema, location="query")
@blp.response(200, MembersSchema)
def list_members(query: dict[str, Any], team_id: int) -> Any:
    """List who is in a team now: for its leader and its organiser alone."""
    items, next_cursor = service.list_members(actor(), team_id, _page(query), clock_now())
    return {"items": [_serialize_member(one) for one in items], "next": next_cursor}


def _page(query: dict[str, Any]) -> service.MembersPage:
    if not 1 <= query["limit"] <= PAGE_MOST:
        raise invalid("limit", "out_of_range")
    if query["campaign"] is not None and not 0 <= query["campaign"] <= BIG_ID_MOST:
        raise invalid("campaign", "out_of_range")
    return service.MembersPage(query["campaign"], query["cursor"], query["limit"])


def _serialize_member(one: service.TeamMember) -> dict[str, Any]:
    numbered = message("guest_numbered" if one.guest else "member_numbered", language())
    name = one.display_name or numbered.format(number=one.number)
    return {
        "id": one.id, "name": name, "number": one.number, "campaign": one.campaign,
        "since": one.since, "until": one.until, "guest": one.guest, "devices": one.devices,
    }  # fmt: skip


def _guess_limiter() -> joining.GuessLimiter:
    return joining.GuessLimiter(request.remote_addr or "", current_app.config["SECRET_KEY"])
