"""A team's members, for its leader and organiser: by number, or by name where they chose one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from backend.accounts.access import Actor, require
from backend.database.extensions import db
from backend.http.paging import big_row_id, decode_cursor, take_page
from backend.memberships.service import Named
from backend.organisations.scopes import team_scope

# By campaign, because the index begins with it. Whoever has no device is nobody that measures: they
# withdrew, or their phone went to another volunteer.
MEMBERS = text("""
    select m.id, v.id as number, v.display_name, c.id as campaign_id, c.name as campaign,
        lower(m.period) as since, upper(m.period) as until, m.guest_of is not null as guest,
        held.devices
    from memberships m
    join volunteers v on v.id = m.volunteer_id
    join campaigns c on c.id = m.campaign_id
    cross join lateral (
        select count(*) as devices from device_links l
        where l.volunteer_id = v.id and upper_inf(l.period)
    ) held
    where m.team_id = :team and m.campaign_id in (select id from campaigns)
        and m.period @> cast(:now as timestamptz)
        and (cast(:campaign as bigint) is null or m.campaign_id = :campaign)
        and m.id > :after and held.devices > 0
    order by m.id limit :most
""")


@dataclass(frozen=True, slots=True)
class TeamMember:
    """A membership as the team's leader sees it; no device is told."""

    id: int
    number: int  # the volunteer's, as in what each contributed
    display_name: str | None
    campaign: Named
    since: datetime
    until: datetime | None
    guest: bool
    devices: int


@dataclass(frozen=True, slots=True)
class Page:
    """Which members: those of one campaign or of all, after a cursor, so many."""

    campaign_id: int | None
    cursor: str | None
    limit: int


def members(
    actor: Actor, team_id: int, page: Page, now: datetime
) -> tuple[list[TeamMember], str | None]:
    """List the present members of a team, with the cursor of the next page."""
    require(actor, "team.see", team_scope(team_id), hidden=True)
    (after,) = decode_cursor(page.cursor, big_row_id) or (0,)
    asked = {"team": team_id, "now": now, "campaign": page.campaign_id, "after": after}
    found = db.session.execute(MEMBERS, asked | {"most": page.limit + 1}).all()
    rows, next_cursor = take_page(found, page.limit, lambda row: (row.id,))
    shown = [
        TeamMember(
            row.id,
            row.number,
            row.display_name,
            Named(row.campaign_id, row.campaign),
            row.since,
            row.until,
            row.guest,
            row.devices,
        )
        for row in rows
    ]
    return shown, next_cursor
