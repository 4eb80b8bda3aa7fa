"""Join a team by its code: from this moment on, never before it."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from backend.accounts.rate_limits import Caller, count_attempt
from backend.database.extensions import db
from backend.errors import Problem
from backend.memberships import join_codes, volunteers
from backend.memberships import service as memberships
from backend.memberships.service import Member, Named

# A team of 200 phones behind one carrier address joins in a morning, and five teams share the
# address; at this pace a code is guessed in thirty thousand hours.
CODES_PER_ADDRESS = 1_000
# A person mistypes a code a few times; one phone never needs so many.
CODES_PER_DEVICE = 30


@dataclass(frozen=True, slots=True)
class Joining:
    """What a phone sends to join; a name only with its own consent."""

    code: str
    transfer: bool = False
    display_name: str | None = None


@dataclass(frozen=True, slots=True)
class Guesses:
    """From where codes are tried, and the key under which that is counted."""

    address: str
    secret: str

    def count(self, what: str, device_id: UUID, now: datetime) -> None:
        """Count one more; 429 when the hour's share is used up."""
        count_attempt(what, Caller(self.address, CODES_PER_ADDRESS), self.secret, now)
        one_phone = Caller(f"device {device_id}", CODES_PER_DEVICE)
        count_attempt(what, one_phone, self.secret, now)


@dataclass(frozen=True, slots=True)
class Joined:
    """A membership, and whether it was made just now."""

    member: Member
    created: bool


def join(device_id: UUID, asked: Joining, now: datetime, guesses: Guesses | None = None) -> Joined:
    """Put the volunteer of a device into the team whose code they have."""
    if guesses is not None:
        guesses.count("join", device_id, now)
    return volunteers.carry_out(lambda: _join(device_id, asked, now))


def _join(device_id: UUID, asked: Joining, now: datetime) -> Joined:
    volunteer = volunteers.hold(device_id)
    found = join_codes.find(asked.code)
    place = found.campaign_id, found.team_id
    present, since = None, now
    if volunteer is not None:
        present, since = memberships.standing(volunteer, found.campaign_id, now)
    stays = present is not None and present.team.id == found.team_id and not present.guest
    if not stays:
        join_codes.use(found, now)
        if present is not None:
            since = _leave(present, place, asked.transfer, now)
        volunteer = volunteer or volunteers.begin(device_id, since)
    assert volunteer is not None
    if asked.display_name is not None:
        volunteers.name(volunteer, asked.display_name, now)
    member = present if present and stays else memberships.begin(volunteer, place, since)
    db.session.commit()
    return Joined(member, created=not stays)


def _leave(present: Member, place: tuple[int, int], transfer: bool, now: datetime) -> datetime:
    """End the present membership; a guest may stay for good without being asked."""
    later = present.since > now + memberships.SKEW  # what has not begun cannot be ended
    if (present.team.id != place[1] and not transfer) or later:
        raise other_team("other_team", present.team, _team(place))
    return memberships.end(present, now)


def other_team(code: str, current: Named, wanted: Named) -> Problem:
    """Two teams of one campaign, of which a volunteer can be in one; both are named."""
    return Problem(409, code, members={"current": asdict(current), "wanted": asdict(wanted)})


def _team(place: tuple[int, int]) -> Named:
    found = join_codes.place_of(*place)
    return Named(found.team_id, found.team)
