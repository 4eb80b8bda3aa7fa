"""Join a team by its code, and passes: one-time codes to move to a new phone or add a guest."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypedDict
from uuid import UUID

from sqlalchemy import Row, delete, select, text, update

from backend.accounts.rate_limits import count_attempt
from backend.campaigns.models import Team
from backend.database.extensions import db, setting
from backend.devices import service as devices
from backend.devices.credentials import letters, new_code
from backend.errors import Problem, invalid, or_404
from backend.memberships import join_codes, volunteers
from backend.memberships import service as memberships
from backend.memberships.join_codes import CampaignTeam, campaign_team, require_open
from backend.memberships.models import Pass
from backend.memberships.service import Member
from backend.memberships.volunteers import retry_on_conflict


class JoinRequest(TypedDict):
    """A phone that joins a team."""

    code: str
    transfer: bool  # agrees to leave another team of the campaign
    display_name: str | None  # null: the name stays as it is


class PassRequest(TypedDict):
    """A pass to create."""

    kind: str  # move, guest
    campaign_id: int | None  # of a guest's


class NewPass(TypedDict):
    """A pass with its code, which is stored as a hash."""

    kind: str
    code: str
    expires_at: datetime


class PassResult(TypedDict):
    """The memberships that the second phone has by a pass."""

    kind: str
    memberships: list[Member]
    display_name: str | None


class PassInvitation(TypedDict):
    """What a pass would do to the phone that uses it; without a name, which is asked for later."""

    kind: str  # move, guest
    teams: list[str]  # names: of the moving phone, or the one that a guest measures for
    hours: int | None  # for which a guest measures for the team; null: moves


# As many as all phones that an address registers in an hour may try, so that a few phones keep no
# team from joining; at this pace one of 5,000 codes in force is guessed in 900 hours. The page also
# asks, once, what a code invites to.
CODES_PER_ADDRESS = 30_000
# A person mistypes a code a few times; one phone never needs so many.
CODES_PER_DEVICE = 30


def count_guess(action: str, device_id: UUID, address: str, now: datetime) -> None:
    """Count one code that a device tries; 429 when its limit or that of its address is reached.

    A refused device uses up nothing of its address.
    """
    count_attempt(action, f"device {device_id}", CODES_PER_DEVICE, now)
    count_attempt(action, address, CODES_PER_ADDRESS, now)


def check_code(code: str, address: str, now: datetime) -> tuple[CampaignTeam, Sequence[str]]:
    """Return what a join code invites to, before the phone is registered."""
    count_attempt("check_code", address, CODES_PER_ADDRESS, now)
    return join_codes.invitation_of(code, now)


def join(device_id: UUID, request: JoinRequest, now: datetime, address: str) -> tuple[Member, bool]:
    """Add the volunteer of a device to the team of a code; named only with a consent to that.

    Return the membership, and whether it is new.
    """
    count_guess("join", device_id, address, now)
    return _join(device_id, request, now)


@retry_on_conflict
def _join(device_id: UUID, request: JoinRequest, now: datetime) -> tuple[Member, bool]:
    volunteer = volunteers.lock_volunteer(device_id)
    code = join_codes.lock_code(request["code"])
    place = code.campaign_id, code.team_id
    present, since = None, now
    if volunteer is not None:
        present, since = memberships.current_membership(volunteer, code.campaign_id, now)
    stays = present is not None and present.team["id"] == code.team_id and not present.guest
    if not stays:
        join_codes.count_use(code, now)
        if present is not None:
            since = _leave(present, place, request["transfer"], now)
        volunteer = volunteer or volunteers.create_volunteer(device_id, since)
    assert volunteer is not None
    if request["display_name"] is not None:
        volunteers.set_name(volunteer, request["display_name"], now)
    member = (
        present if present and stays else memberships.create_membership(volunteer, place, since)
    )
    db.session.commit()
    return member, not stays


def _leave(present: Member, place: tuple[int, int], transfer: bool, now: datetime) -> datetime:
    """End the present membership; a guest who joins the same team needs no `transfer`."""
    later = present.since > now + memberships.SKEW  # a membership that has not begun cannot end
    if (present.team["id"] != place[1] and not transfer) or later:
        wanted = join_codes.campaign_team(*place)
        teams = {"current": present.team, "wanted": {"id": place[1], "name": wanted.team}}
        raise Problem(409, "other_team", members=teams)
    return memberships.end_membership(present, now)


KINDS = ("move", "guest")
# Both phones of one person are at hand: a longer validity only helps an onlooker.
MOVE_VALID = timedelta(minutes=10)
# What a phone sent is judged on its own timeline: a phone that sent something takes over no other.
HAS_SENT = text("select exists (select from receipts where device_id = :device)")
# The resident still has to install the app and read the terms.
GUEST_VALID = timedelta(minutes=30)
# A resident's measurements of the first day are due to the volunteer who helped.
GUEST_STAYS = timedelta(hours=24)
# A volunteer who goes from house to house shows a pass every few minutes.
PASSES_PER_HOUR = 60
# A phone whose answer was lost sends the request again within a day; then a pass is deleted.
KEPT = timedelta(days=1)


def create_pass(device_id: UUID, data: PassRequest, now: datetime) -> NewPass:
    """Create a pass for one other phone; return it with its code, which is stored as a hash."""
    kind, campaign_id = data["kind"], None
    volunteer = volunteers.require_volunteer(device_id)
    valid = MOVE_VALID
    if kind == "guest":
        campaign_id = data["campaign_id"]
        if campaign_id is None:
            raise invalid("campaign_id", "required")
        _require_host(volunteer, campaign_id, now)
        valid = GUEST_VALID
    count_attempt("pass", f"volunteer {volunteer}", PASSES_PER_HOUR, now)
    own = Pass.volunteer_id == volunteer
    db.session.execute(delete(Pass).where(own, Pass.expires_at < now - KEPT))
    if kind == "move":  # the one shown before is void
        db.session.execute(delete(Pass).where(Pass.device_id == device_id, Pass.used_at.is_(None)))
    code = new_code()
    fields = {"kind": kind, "volunteer_id": volunteer, "expires_at": now + valid}
    fields |= {"campaign_id": campaign_id, "device_id": device_id if kind == "move" else None}
    db.session.add(Pass(code_hash=code_hash(code), **fields))
    db.session.commit()
    return {"kind": kind, "code": code, "expires_at": now + valid}


def use_pass(
    device_id: UUID, code: str, address: str, now: datetime, *, transfer: bool = False
) -> tuple[PassResult, bool]:
    """Use the pass that another phone shows; `transfer` agrees to become that phone.

    Return the kind, memberships and name of this phone now, and whether they are new.
    """
    count_guess("use_pass", device_id, address, now)
    return _use(device_id, code_hash(code), transfer, now)


def check_pass(code: str, address: str, now: datetime) -> PassInvitation:
    """Return what a pass invites to, before the phone is registered."""
    count_attempt("check_pass", address, CODES_PER_ADDRESS, now)
    query = select(Pass.__table__).where(Pass.code_hash == code_hash(code))
    pass_row = or_404(db.session.execute(query).first(), "pass_unknown")
    _check_unused(pass_row, now)
    current = memberships.current_memberships(pass_row.volunteer_id, now)
    if pass_row.kind == "move":
        teams = [member.team["name"] for member in current.values()]
        return {"kind": "move", "teams": teams, "hours": None}
    host = current.get(pass_row.campaign_id)
    if host is None or host.guest:
        raise Problem(409, "host_not_member")
    hours = GUEST_STAYS // timedelta(hours=1)
    return {"kind": "guest", "teams": [host.team["name"]], "hours": hours}


def code_hash(code: str) -> bytes:
    """Return the keyed hash of a code in any spelling, as of a withdrawal code."""
    key = setting("SECRET_KEY").encode()
    return hmac.digest(key, b"pass|" + letters(code).encode(), hashlib.sha256)


@volunteers.retry_on_conflict
def _use(device_id: UUID, digest: bytes, transfer: bool, now: datetime) -> tuple[PassResult, bool]:
    owner = or_404(
        db.session.execute(select(Pass.volunteer_id).where(Pass.code_hash == digest)).scalar(),
        "pass_unknown",
    )
    own = volunteers.lock_volunteer(device_id, owner)
    query = select(Pass.__table__).where(Pass.code_hash == digest).with_for_update()
    pass_row = db.session.execute(query).first()
    if pass_row is None:  # deleted at this moment
        raise Problem(404, "pass_unknown")
    if pass_row.kind == "move":
        result, created = _move(device_id, own, pass_row, transfer, now)
    else:
        result, created = _add_guest(device_id, own, pass_row, now)
    if created:
        db.session.execute(update(Pass).where(Pass.code_hash == digest).values(used_at=now))
    db.session.commit()
    return result, created


def _move(
    device_id: UUID, own: int | None, pass_row: Row[tuple[Pass]], transfer: bool, now: datetime
) -> tuple[PassResult, bool]:
    """Move the device that shows the pass to the phone that uses it; asks first, with names."""
    current = list(memberships.current_memberships(pass_row.volunteer_id, now).values())
    name = volunteers.name_of(pass_row.volunteer_id)
    result: PassResult = {"kind": "move", "memberships": current, "display_name": name}
    if device_id == pass_row.device_id:
        if pass_row.used_at is None:
            raise Problem(409, "own_pass")
        return result, False
    _check_unused(pass_row, now)
    if db.session.scalar(HAS_SENT, {"device": device_id}):
        raise Problem(409, "phone_in_use")
    if not transfer:
        teams = [member.team["name"] for member in current]
        raise Problem(409, "moves_phone", members={"display_name": name, "teams": teams})
    if own is not None:  # what the new phone was before ends
        volunteers.set_name(own, None, now)
        for member in memberships.current_memberships(own, now).values():
            memberships.end_membership(member, now)
    devices.move(pass_row.device_id, device_id, now)
    return result, True


def _add_guest(
    device_id: UUID, own: int | None, pass_row: Row[tuple[Pass]], now: datetime
) -> tuple[PassResult, bool]:
    """Add a resident's device as a guest of the volunteer who shows the pass, for a day."""
    present, since = None, now
    if own is not None:
        present, since = memberships.current_membership(own, pass_row.campaign_id, now)
    if present is not None:
        if pass_row.used_at is not None and present.guest_of == pass_row.volunteer_id:
            return _guest_result(present), False
        raise Problem(409, "already_member", members={"current": present.team})
    _check_unused(pass_row, now)
    host = _require_host(pass_row.volunteer_id, pass_row.campaign_id, now)
    guest = own if own is not None else volunteers.create_volunteer(device_id, since)
    place = host.campaign["id"], host.team["id"]
    until, host_id = since + GUEST_STAYS, pass_row.volunteer_id
    member = memberships.create_membership(guest, place, since, until, guest_of=host_id)
    return _guest_result(member), True


def _guest_result(member: Member) -> PassResult:
    return {"kind": "guest", "memberships": [member], "display_name": None}


def _require_host(volunteer: int, campaign_id: int, now: datetime) -> Member:
    """Return the host's membership; guests and former members cannot add guests."""
    host, _ = memberships.current_membership(volunteer, campaign_id, now)
    if host is None or host.guest:
        raise Problem(409, "host_not_member")
    # A team that ends meanwhile ends all its memberships: lock it so that none is added after.
    db.session.execute(select(Team.id).where(Team.id == host.team["id"]).with_for_update(read=True))
    require_open(campaign_team(campaign_id, host.team["id"]))
    return host


def _check_unused(pass_row: Row[tuple[Pass]], now: datetime) -> None:
    if pass_row.used_at is not None:
        raise Problem(410, "pass_used")
    if pass_row.expires_at <= now:
        raise Problem(410, "pass_expired")
