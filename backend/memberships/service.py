"""Memberships: the teams of a volunteer, with start and end, and the members of a team."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import Select, func, select, text, update
from sqlalchemy.dialects.postgresql import Range

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_read
from backend.campaigns.models import Campaign, Team
from backend.database.extensions import change_rows, db
from backend.errors import Problem
from backend.http.paging import PageQuery, big_row_id, decode_cursor, take_page
from backend.memberships import volunteers
from backend.memberships.models import Membership
from backend.memberships.volunteers import retry_on_conflict
from backend.organisations.references import NamedRef
from backend.organisations.scopes import team_scope

# A period is never empty: an empty range has no bounds.
SHORTEST_PERIOD = timedelta(microseconds=1)
# Clocks of two workers differ by less: a membership that ends within it has ended.
SKEW = timedelta(seconds=1)

# By campaign, because the index begins with it. A volunteer without a device does not measure: they
# withdrew, or their phone went to another volunteer.
MEMBERS = text("""
    select m.id, v.id as number, v.display_name, c.id as campaign_id, c.name as campaign,
        lower(m.period) as since, upper(m.period) as until, m.guest_of is not null as guest,
        own.devices
    from memberships m
    join volunteers v on v.id = m.volunteer_id
    join campaigns c on c.id = m.campaign_id
    cross join lateral (
        select count(*) as devices from device_links l
        where l.volunteer_id = v.id and upper_inf(l.period)
    ) own
    where m.team_id = :team and m.campaign_id in (select id from campaigns)
        and m.period @> cast(:now as timestamptz)
        and (cast(:campaign as bigint) is null or m.campaign_id = :campaign)
        and m.id > :after and own.devices > 0
    order by m.id limit :most
""")
WITHDRAWN = text("""
    select coalesce(sum(people), 0)::int from withdrawn_members
    where team_id = :team and (cast(:campaign as bigint) is null or campaign_id = :campaign)
""")


@dataclass(frozen=True, slots=True)
class Member:
    """One membership as its volunteer sees it."""

    id: int
    campaign: NamedRef
    team: NamedRef
    since: datetime
    until: datetime | None  # None: it lasts
    guest_of: int | None = None  # the volunteer who helps; None: a member of their own

    @property
    def guest(self) -> bool:
        """Whether the member is a resident whom a volunteer added for a day."""
        return self.guest_of is not None


class MembersQuery(PageQuery):
    """A page of a team's members."""

    campaign: int | None  # null: in all campaigns


class ListedMember(TypedDict):
    """A member of a team as read, without a name where none is shown."""

    id: int
    number: int  # of the volunteer
    display_name: str | None  # null: shown by number
    campaign: NamedRef
    since: datetime
    until: datetime | None  # null: as long as the campaign
    guest: bool  # a resident whom a volunteer added for a day
    devices: int  # that the volunteer has now


class MembersPage(TypedDict):
    """A page of the present members of a team."""

    items: list[ListedMember]
    next: str | None  # the cursor of the next page; null on the last one
    withdrawn: int  # people who withdrew their consent


def own_memberships(device_id: UUID) -> list[Member]:
    """Return the memberships of a device's volunteer, the newest first."""
    volunteer = volunteers.volunteer_of(device_id)
    if volunteer is None:
        return []
    rows = _membership_rows().where(Membership.volunteer_id == volunteer)
    newest_first = func.lower(Membership.period).desc(), Membership.id.desc()
    return _read_members(rows.order_by(*newest_first))


@retry_on_conflict
def leave(device_id: UUID, membership_id: int, now: datetime) -> Member:
    """Leave a team now and keep what was earned; idempotent."""
    volunteer = volunteers.lock_volunteer(device_id)
    own = _membership_rows().where(
        Membership.id == membership_id, Membership.volunteer_id == volunteer
    )
    memberships = _read_members(own)
    if not memberships:
        raise Problem(404, "not_found")
    if memberships[0].until is None or memberships[0].until > now + SKEW:
        end_membership(memberships[0], now)
        memberships = _read_members(own)
    db.session.commit()
    return memberships[0]


def current_membership(
    volunteer_id: int, campaign_id: int, now: datetime
) -> tuple[Member | None, datetime]:
    """Return a volunteer's membership in a campaign, and the earliest start of another one."""
    rows = _membership_rows().where(
        Membership.volunteer_id == volunteer_id,
        Membership.campaign_id == campaign_id,
        Membership.period.op("&&")(Range(now, None, bounds="[)")),
    )
    free = now
    for member in _read_members(rows.order_by(func.lower(Membership.period))):
        if member.until is None or member.until > now + SKEW:
            return member, now
        free = max(free, member.until)
    return None, free


def current_memberships(volunteer_id: int, now: datetime) -> dict[int, Member]:
    """Return the memberships that a volunteer has now, by campaign."""
    lasts = Membership.period.op("&&")(Range(now + SKEW, None, bounds="[)"))
    rows = _membership_rows().where(Membership.volunteer_id == volunteer_id, lasts)
    return {member.campaign["id"]: member for member in _read_members(rows)}


def create_membership(
    volunteer_id: int,
    place: tuple[int, int],
    since: datetime,
    until: datetime | None = None,
    guest_of: int | None = None,
) -> Member:
    """Add a locked volunteer to a team of a campaign: `place` is (campaign id, team id)."""
    made = Membership(
        volunteer_id=volunteer_id,
        campaign_id=place[0],
        team_id=place[1],
        period=Range(since, until, bounds="[)"),
        guest_of=guest_of,
    )
    db.session.add(made)
    db.session.flush()
    return _read_members(_membership_rows().where(Membership.id == made.id))[0]


def end_membership(member: Member, now: datetime) -> datetime:
    """End a locked volunteer's membership now; return the moment of its end."""
    moment = max(now, member.since + SHORTEST_PERIOD)  # another worker's clock may have begun it
    period = Range(member.since, moment, bounds="[)")
    ending = update(Membership).where(Membership.id == member.id)
    change_rows(ending.values(period=period))
    return moment


def list_members(actor: Actor, team_id: int, query: MembersQuery, now: datetime) -> MembersPage:
    """Return a page of the present members of a team, in one campaign or all."""
    require(actor, "team.see", team_scope(team_id), hidden=True)
    record_read(actor, "members", f"team:{team_id}")
    (after,) = decode_cursor(query["cursor"], big_row_id) or (0,)
    values = {"team": team_id, "now": now, "campaign": query["campaign"], "after": after}
    rows = db.session.execute(MEMBERS, values | {"most": query["limit"] + 1}).all()
    page, next_cursor = take_page(rows, query["limit"], lambda row: (row.id,))
    items: list[ListedMember] = [
        {
            "id": row.id,
            "number": row.number,
            "display_name": row.display_name,
            "campaign": {"id": row.campaign_id, "name": row.campaign},
            "since": row.since,
            "until": row.until,
            "guest": row.guest,
            "devices": row.devices,
        }
        for row in page
    ]
    withdrawn: int = db.session.execute(WITHDRAWN, values).scalar_one()
    return {"items": items, "next": next_cursor, "withdrawn": withdrawn}


def _membership_rows() -> Select[Any]:
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


def _read_members(rows: Select[Any]) -> list[Member]:
    return [
        Member(
            row.id,
            {"id": row.campaign_id, "name": row.campaign},
            {"id": row.team_id, "name": row.team},
            row.since,
            row.until,
            row.guest_of,
        )
        for row in db.session.execute(rows)
    ]
