"""In which team of a campaign a volunteer is, from when to when; history is not rewritten."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.dialects.postgresql import Range

from backend.campaigns.models import Campaign, Team
from backend.database.extensions import db
from backend.errors import Problem
from backend.memberships import volunteers
from backend.memberships.models import Membership

# Clocks of two workers differ by less; what ends within it has ended.
SKEW = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Named:
    """A campaign or a team by its name."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """One membership as its volunteer sees it."""

    id: int
    campaign: Named
    team: Named
    since: datetime
    until: datetime | None
    guest_of: int | None = None

    @property
    def guest(self) -> bool:
        """Whether a volunteer helped this resident in, for a day."""
        return self.guest_of is not None


def own(device_id: UUID) -> list[Member]:
    """The memberships of a device's volunteer, the newest first."""
    volunteer = volunteers.volunteer_of(device_id)
    if volunteer is None:
        return []
    rows = _rows().where(Membership.volunteer_id == volunteer)
    return _read(rows.order_by(func.lower(Membership.period).desc(), Membership.id.desc()))


def leave(device_id: UUID, membership_id: int, now: datetime) -> Member:
    """Leave a team now; what was earned stays. Once more is no harm."""
    return volunteers.carry_out(lambda: _leave(device_id, membership_id, now))


def _leave(device_id: UUID, membership_id: int, now: datetime) -> Member:
    volunteer = volunteers.hold(device_id)
    mine = _rows().where(Membership.id == membership_id, Membership.volunteer_id == volunteer)
    found = _read(mine)
    if not found:
        raise Problem(404, "not_found")
    if found[0].until is None or found[0].until > now + SKEW:
        end(found[0], now)
        found = _read(mine)
    db.session.commit()
    return found[0]


def standing(volunteer_id: int, campaign_id: int, now: datetime) -> tuple[Member | None, datetime]:
    """The membership that a volunteer has in a campaign, and from when they are free of others."""
    rows = _rows().where(
        Membership.volunteer_id == volunteer_id,
        Membership.campaign_id == campaign_id,
        Membership.period.op("&&")(Range(now, None, bounds="[)")),
    )
    free = now
    for member in _read(rows.order_by(func.lower(Membership.period))):
        if member.until is None or member.until > now + SKEW:
            return member, now
        free = max(free, member.until)
    return None, free


def standing_everywhere(volunteer_id: int, now: datetime) -> dict[int, Member]:
    """The memberships that a volunteer has now, by campaign."""
    rows = _rows().where(Membership.volunteer_id == volunteer_id, _lasts_beyond(now + SKEW))
    return {member.campaign.id: member for member in _read(rows)}


def begin(
    volunteer_id: int,
    place: tuple[int, int],
    since: datetime,
    until: datetime | None = None,
    guest_of: int | None = None,
) -> Member:
    """Put a held volunteer into a team of a campaign: `place` names the campaign and the team."""
    made = Membership(
        volunteer_id=volunteer_id,
        campaign_id=place[0],
        team_id=place[1],
        period=Range(since, until, bounds="[)"),
        guest_of=guest_of,
    )
    db.session.add(made)
    db.session.flush()
    return _read(_rows().where(Membership.id == made.id))[0]


def end(member: Member, now: datetime) -> datetime:
    """End a held volunteer's membership now; when that is."""
    moment = volunteers.end_of(member.since, now)
    db.session.execute(
        update(Membership)
        .where(Membership.id == member.id)
        .values(period=Range(member.since, moment, bounds="[)")),
        execution_options={"synchronize_session": False},
    )
    return moment


def _lasts_beyond(moment: datetime) -> ColumnElement[bool]:
    return Membership.period.op("&&")(Range(moment, None, bounds="[)"))


def _rows() -> Select[Any]:
    return (
        select(
            Membership.id,
            Campaign.id.label("campaign_id"),
            Campaign.name.label("campaign"),
            Team.id.label("team_id"),
            Team.name.label("team"),
            func.lower(Membership.period).label("since"),
            func.upper(Membership.period).label("until"),
            Membership.guest_of,
        )
        .join(Campaign, Campaign.id == Membership.campaign_id)
        .join(Team, Team.id == Membership.team_id)
    )


def _read(rows: Select[Any]) -> list[Member]:
    return [
        Member(
            row.id,
            Named(row.campaign_id, row.campaign),
            Named(row.team_id, row.team),
            row.since,
            row.until,
            row.guest_of,
        )
        for row in db.session.execute(rows)
    ]
