"""Join a team by its code, from this moment on."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from backend.accounts.rate_limits import Caller, count_attempt
from backend.database.extensions import db
from backend.errors import Problem
from backend.memberships import join_codes, volunteers
from backend.memberships import service as memberships
from backend.memberships.service import Brief, Member
from backend.memberships.volunteers import retry_on_conflict

# A team of 200 phones behind one carrier address joins in a morning, and five teams share the
# address; at this pace a code is guessed in thirty thousand hours.
CODES_PER_ADDRESS = 1_000
# A person mistypes a code a few times; one phone never needs so many.
CODES_PER_DEVICE = 30


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """A phone's request to join; a name only with its own consent."""

    code: str
    transfer: bool = False
    display_name: str | None = None


@dataclass(frozen=True, slots=True)
class GuessLimiter:
    """Limits how many codes an address and a device may try; `secret` is the key of the counts."""

    address: str
    secret: str

    def count(self, action: str, device_id: UUID, now: datetime) -> None:
        """Count one attempt; 429 when the limit of the hour is reached."""
        count_attempt(action, Caller(self.address, CODES_PER_ADDRESS), self.secret, now)
        device = Caller(f"device {device_id}", CODES_PER_DEVICE)
        count_attempt(action, device, self.secret, now)


@dataclass(frozen=True, slots=True)
class JoinResult:
    """A membership, and whether it was created now."""

    member: Member
    created: bool


def join(
    device_id: UUID, request: JoinRequest, now: datetime, guesses: GuessLimiter | None = None
) -> JoinResult:
    """Add the volunteer of a device to the team of a code."""
    if guesses is not None:
        guesses.count("join", device_id, now)
    return _join(device_id, request, now)


@retry_on_conflict
def _join(device_id: UUID, request: JoinRequest, now: datetime) -> JoinResult:
    volunteer = volunteers.lock_volunteer(device_id)
    found = join_codes.lock_code(request.code)
    place = found.campaign_id, found.team_id
    present, since = None, now
    if volunteer is not None:
        present, since = memberships.current_membership(volunteer, found.campaign_id, now)
    stays = present is not None and present.team.id == found.team_id and not present.guest
    if not stays:
        join_codes.count_use(found, now)
        if present is not None:
            since = _leave(present, place, request.transfer, now)
        volunteer = volunteer or volunteers.create_volunteer(device_id, since)
    assert volunteer is not None
    if request.display_name is not None:
        volunteers.set_name(volunteer, request.display_name, now)
    member = (
        present if present and stays else memberships.create_membership(volunteer, place, since)
    )
    db.session.commit()
    return JoinResult(member, created=not stays)


def _leave(present: Member, place: tuple[int, int], transfer: bool, now: datetime) -> datetime:
    """End the present membership; a guest who joins the same team needs no `transfer`."""
    later = present.since > now + memberships.SKEW  # a membership that has not begun cannot end
    if (present.team.id != place[1] and not transfer) or later:
        raise other_team("other_team", present.team, _team(place))
    return memberships.end_membership(present, now)


def other_team(code: str, current: Brief, wanted: Brief) -> Problem:
    """Return the error of a volunteer who cannot be in two teams of a campaign; it names both."""
    return Problem(409, code, members={"current": asdict(current), "wanted": asdict(wanted)})


def _team(place: tuple[int, int]) -> Brief:
    found = join_codes.campaign_team(*place)
    return Brief(found.team_id, found.team)
