"""Endpoints of phones: join, leave, move, bring a guest; of a team's members and its join code."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import request

from backend.accounts.authentication import PersonBlueprint, actor, keep_private
from backend.database.extensions import BEARER, PERSON
from backend.devices.authentication import current_device
from backend.devices.service import KnownDevice
from backend.fields import MAX_BIG_ID
from backend.http.links import link_root
from backend.http.requests import Blueprint, clock_now, language
from backend.i18n.messages import message
from backend.memberships import join_codes, joining, poster, schemas, service, volunteers

blp = Blueprint("joining", __name__, description="Joining a team", security=BEARER)
code_blp = PersonBlueprint("join codes", __name__, description="What a team shows")
code_blp.after_request(keep_private)  # a code lets people in
blueprints = (blp, code_blp)
blp.after_request(keep_private)

Answer = TypeVar("Answer")
CODE = "/campaigns/<int:campaign_id>/teams/<int:team_id>/join-code"


def device_required(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """Authenticate the device before the body is read: a missing token is reported first."""

    @wraps(view)
    def authenticated(*args: Any, **kwargs: Any) -> Answer:
        return view(current_device(), *args, **kwargs)

    return authenticated


@blp.post("/memberships")
@device_required
@blp.arguments(schemas.JoinRequestSchema)
@blp.response(201, schemas.MembershipSchema, description="Joined, from this moment on")
@blp.alt_response(200, schema=schemas.MembershipSchema, description="Was in that team already")
def join_team(device: KnownDevice, data: joining.JoinRequest) -> tuple[service.Member, int]:
    """Join a team by the code that it shows; `transfer` leaves another team of the campaign."""
    member, created = joining.join(device.id, data, clock_now(), request.remote_addr or "")
    return member, 201 if created else 200


@blp.post("/join-codes/check")
@blp.doc(security=[])
@blp.arguments(schemas.CodeCheckSchema)
@blp.response(200, schemas.CodeInvitationSchema)
def check_code(data: dict[str, str]) -> schemas.CodeInvitation:
    """Show the team and campaign of a join code, for a phone that is not registered yet."""
    place, areas = joining.check_code(data["code"], request.remote_addr or "", clock_now())
    return {
        "campaign": {"id": place.campaign_id, "name": place.campaign},
        "team": {"id": place.team_id, "name": place.team},
        "organisation": place.organisation,
        "areas": list(areas),
        "last_day": place.last_day,
    }


@blp.get("/memberships")
@device_required
@blp.response(200, schemas.MembershipsSchema)
def list_memberships(device: KnownDevice) -> dict[str, list[service.Member]]:
    """List the volunteer's own memberships, present and past."""
    return {"items": service.own_memberships(device.id)}


@blp.delete(f"/memberships/<int(max={MAX_BIG_ID}):membership_id>")
@device_required
@blp.response(200, schemas.MembershipSchema)
def leave_team(device: KnownDevice, membership_id: int) -> service.Member:
    """Leave a team now; what was earned stays earned."""
    return service.leave(device.id, membership_id, clock_now())


@blp.patch("/volunteers/me")
@device_required
@blp.arguments(schemas.NameChangeSchema)
@blp.response(200, schemas.VolunteerSchema)
def rename_me(device: KnownDevice, data: schemas.NameChange) -> volunteers.VolunteerDetails:
    """Show another name to one's team, or none."""
    return volunteers.rename(device.id, data["display_name"], clock_now())


@blp.post("/passes")
@device_required
@blp.arguments(schemas.PassRequestSchema)
@blp.response(201, schemas.PassSchema, description="Good for one other phone")
def make_pass(device: KnownDevice, data: joining.PassRequest) -> tuple[schemas.PassDetails, int]:
    """Make a one-time code: to move to a new phone, or for one resident as a guest."""
    made = joining.create_pass(device.id, data, clock_now())
    content = poster.content(link_root(strict=False), made["code"])
    return {**made, "content": content, "qr_svg": poster.inline_svg(content)}, 201


@blp.post("/passes/check")
@blp.doc(security=[])
@blp.arguments(schemas.CodeCheckSchema)
@blp.response(200, schemas.PassInvitationSchema)
def check_pass(data: dict[str, str]) -> joining.PassInvitation:
    """Show what another phone's code would do, for a phone that is not registered yet."""
    return joining.check_pass(data["code"], request.remote_addr or "", clock_now())


@blp.post("/passes/use")
@device_required
@blp.arguments(schemas.PassUseSchema)
@blp.response(201, schemas.PassResultSchema, description="Moved, or a guest, from this moment on")
@blp.alt_response(200, schema=schemas.PassResultSchema, description="Was so already")
def use_pass(device: KnownDevice, data: schemas.PassUse) -> tuple[joining.PassResult, int]:
    """Use the code that another phone shows; `transfer` takes its place, and that phone ends."""
    address = request.remote_addr or ""
    result, created = joining.use_pass(device.id, address=address, now=clock_now(), **data)
    return result, 201 if created else 200


@blp.get("/teams/<int:team_id>/members")
@blp.doc(security=PERSON)
@blp.arguments(schemas.MembersQuerySchema, location="query")
@blp.response(200, schemas.MembersSchema)
def list_members(query: service.MembersQuery, team_id: int) -> schemas.Members:
    """List who is in a team now: for its leader and its organiser alone."""
    page = service.list_members(actor(), team_id, query, clock_now())
    members = [_with_name(member) for member in page["items"]]
    return {"items": members, "next": page["next"], "withdrawn": page["withdrawn"]}


def _with_name(member: service.ListedMember) -> schemas.TeamMember:
    """Return a member by the name that they show, else by number."""
    numbered = message("guest_numbered" if member["guest"] else "member_numbered", language())
    return {
        "id": member["id"],
        "name": member["display_name"] or numbered.format(number=member["number"]),
        "number": member["number"],
        "campaign": member["campaign"],
        "since": member["since"],
        "until": member["until"],
        "guest": member["guest"],
        "devices": member["devices"],
    }


@code_blp.post(CODE)
@code_blp.arguments(schemas.CodeLimitsSchema)
@code_blp.response(201, schemas.JoinCodeSchema, description="In force; the previous code is void")
def rotate_code(
    limits: join_codes.CodeLimits, campaign_id: int, team_id: int
) -> tuple[schemas.JoinCodeDetails, int]:
    """Create or rotate a team's join code."""
    made = join_codes.rotate_code(actor(), campaign_id, team_id, clock_now(), **limits)
    return _with_content(made), 201


@code_blp.get(CODE)
@code_blp.response(200, schemas.JoinCodeSchema)
def show_code(campaign_id: int, team_id: int) -> schemas.JoinCodeDetails:
    """Show a team's join code to its leader and organisers."""
    return _with_content(join_codes.show_code(actor(), campaign_id, team_id, clock_now()))


def _with_content(code: join_codes.CodeDetails) -> schemas.JoinCodeDetails:
    return {**code, "content": poster.content(link_root(), code["code"])}
