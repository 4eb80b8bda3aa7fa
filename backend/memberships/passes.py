"""One-time codes that one phone shows to another: to belong to its volunteer, or to be a guest."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, delete, select, update

from backend.accounts.rate_limits import Caller, count_attempt
from backend.campaigns.models import Team
from backend.database.extensions import db
from backend.devices.credentials import letters, new_code
from backend.errors import Problem, invalid
from backend.memberships import service as memberships
from backend.memberships import volunteers
from backend.memberships.join_codes import check_open, place_of
from backend.memberships.joining import Guesses, other_team
from backend.memberships.models import Pass
from backend.memberships.service import Member

KINDS = ("link", "guest")
# Both phones of one person are at hand: a code that is longer good only helps who peeks at it.
LINK_VALID = timedelta(minutes=10)
# The resident still has to install the app and read what they agree to.
GUEST_VALID = timedelta(minutes=30)
# What a resident measures in the first day was measured because a volunteer helped.
GUEST_STAYS = timedelta(hours=24)
# A volunteer who goes from house to house shows a pass every few minutes.
PASSES_PER_HOUR = 60
# A phone whose answer was lost asks again within a day; then nothing of a pass is needed.
KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What kind of pass a phone asks for; a guest's is for one campaign."""

    kind: str
    campaign_id: int | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A pass; its code is told this once."""

    kind: str
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Used:
    """What the second phone became, and whether it did just now."""

    kind: str
    members: list[Member]
    created: bool


def make(device_id: UUID, asked: Asked, now: datetime, secret: str) -> Made:
    """Make a pass for one other phone."""
    volunteer = volunteers.known(device_id)
    valid = LINK_VALID
    if asked.kind == "guest":
        if asked.campaign_id is None:
            raise invalid("campaign_id", "required")
        _host(volunteer, asked.campaign_id, now)
        valid = GUEST_VALID
    count_attempt("pass", Caller(f"volunteer {volunteer}", PASSES_PER_HOUR), secret, now)
    db.session.execute(
        delete(Pass).where(Pass.volunteer_id == volunteer, Pass.expires_at < now - KEPT)
    )
    code = new_code()
    fields = {"kind": asked.kind, "volunteer_id": volunteer, "expires_at": now + valid}
    campaign = asked.campaign_id if asked.kind == "guest" else None
    db.session.add(Pass(code_hash=code_hash(code, secret), campaign_id=campaign, **fields))
    db.session.commit()
    return Made(asked.kind, code, now + valid)


def use(device_id: UUID, code: str, now: datetime, guesses: Guesses) -> Used:
    """Use the pass that another phone shows."""
    guesses.count("use_pass", device_id, now)
    digest = code_hash(code, guesses.secret)
    return volunteers.carry_out(lambda: _use(device_id, digest, now))


def code_hash(code: str, secret: str) -> bytes:
    """Hash a pass's code as a person may write it; keyed, as a withdrawal code is."""
    return hmac.digest(secret.encode(), b"pass|" + letters(code).encode(), hashlib.sha256)


def _use(device_id: UUID, digest: bytes, now: datetime) -> Used:
    seen = db.session.execute(select(Pass.volunteer_id).where(Pass.code_hash == digest)).scalar()
    if seen is None:
        raise Problem(404, "pass_unknown")
    own = volunteers.hold(device_id, seen)
    held = select(Pass.__table__).where(Pass.code_hash == digest).with_for_update()
    found = db.session.execute(held).first()
    if found is None:  # forgotten in this very moment
        raise Problem(404, "pass_unknown")
    used = (_link if found.kind == "link" else _invite)(device_id, own, found, now)
    if used.created:
        db.session.execute(update(Pass).where(Pass.code_hash == digest).values(used_at=now))
    db.session.commit()
    return used


def _link(device_id: UUID, own: int | None, found: Row[tuple[Pass]], now: datetime) -> Used:
    """Give the device to the volunteer who shows the pass, from now on."""
    theirs = memberships.standing_everywhere(found.volunteer_id, now)
    if own == found.volunteer_id:
        return Used("link", list(theirs.values()), created=False)
    _check_unused(found, now)
    mine = memberships.standing_everywhere(own, now) if own is not None else {}
    for campaign, member in mine.items():
        wanted = theirs.get(campaign)
        if wanted is not None and wanted.team != member.team:
            raise other_team("teams_differ", member.team, wanted.team)
    volunteers.link(device_id, found.volunteer_id, now)
    if own is not None and volunteers.devices_of(own) == 0:
        for member in mine.values():  # nobody is left who could measure for it
            memberships.end(member, now)
    return Used("link", list(theirs.values()), created=True)


def _invite(device_id: UUID, own: int | None, found: Row[tuple[Pass]], now: datetime) -> Used:
    """Make a resident's device a guest of the volunteer who shows the pass, for a day."""
    present, since = None, now
    if own is not None:
        present, since = memberships.standing(own, found.campaign_id, now)
    if present is not None:
        if found.used_at is not None and present.guest_of == found.volunteer_id:
            return Used("guest", [present], created=False)
        current = {"id": present.team.id, "name": present.team.name}
        raise Problem(409, "already_member", members={"current": current})
    _check_unused(found, now)
    host = _host(found.volunteer_id, found.campaign_id, now)
    guest = own if own is not None else volunteers.begin(device_id, since)
    place = host.campaign.id, host.team.id
    until = since + GUEST_STAYS
    member = memberships.begin(guest, place, since, until, guest_of=found.volunteer_id)
    return Used("guest", [member], created=True)


def _host(volunteer: int, campaign_id: int, now: datetime) -> Member:
    """The host's own membership; a guest cannot bring guests, nor who has left."""
    host, _ = memberships.standing(volunteer, campaign_id, now)
    if host is None or host.guest:
        raise Problem(409, "host_not_member")
    # A team that ends meanwhile ends all memberships: none may come after.
    db.session.execute(select(Team.id).where(Team.id == host.team.id).with_for_update(read=True))
    check_open(place_of(campaign_id, host.team.id))
    return host


def _check_unused(found: Row[tuple[Pass]], now: datetime) -> None:
    if found.used_at is not None:
        raise Problem(410, "pass_used")
    if found.expires_at <= now:
        raise Problem(410, "pass_expired")
