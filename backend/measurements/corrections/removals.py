"""Members whom a team removed: the removal, what their phones read of it, and its undo."""

from datetime import datetime, timedelta
from typing import TypedDict
from uuid import UUID

from sqlalchemy import func, text, update
from sqlalchemy.dialects.postgresql import Range

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.clock import local_day
from backend.database.extensions import change_rows, db
from backend.devices.service import lock_devices
from backend.errors import Problem
from backend.measurements.corrections.service import Choice, Decision, apply_decision
from backend.measurements.recording import earnings
from backend.memberships.join_codes import campaign_team, require_open
from backend.memberships.joining import GUEST_STAYS
from backend.memberships.models import Membership
from backend.memberships.service import current_membership, end_membership
from backend.memberships.volunteers import lock_volunteer, retry_on_conflict
from backend.organisations.references import NamedRef
from backend.organisations.scopes import team_scope

# Of the correction of a member who joined the wrong team, which organisers read and can undo.
WRONG_TEAM = "Vào nhầm đội"
# Of the correction that undoes it.
BACK_IN_TEAM = "Đưa lại vào đội"
# A member who measures at weekends reads of the removal within a week, and calls the leader.
UNDO_FOR = timedelta(days=7)

# Corrections of a removal have the time of its transaction, and stand until a later one. Who is in
# the campaign again, or withdrew, is not listed.
REMOVED = text("""
    select m.id, m.volunteer_id as number, v.display_name, lower(m.period) as since,
        upper(m.period) as at, m.guest_of is not null as guest,
        (select min(c.id) from corrections c
            where c.campaign_id = m.campaign_id and c.at = m.removed_at and c.team_id is null
                and not exists (select from corrections o where o.campaign_id = c.campaign_id
                    and o.measurement_id = c.measurement_id and o.id > c.id)) as correction_id
    from memberships m
    join volunteers v on v.id = m.volunteer_id
    where m.campaign_id = :campaign and m.team_id = :team and m.removed_at is not null
        and upper(m.period) > :after
        and not exists (select from memberships o
            where o.volunteer_id = m.volunteer_id and o.campaign_id = m.campaign_id
                and lower(o.period) >= upper(m.period))
        and exists (select from device_links l
            where l.volunteer_id = m.volunteer_id and upper_inf(l.period))
    order by upper(m.period) desc, m.id
""")
# Of campaigns that go on and that the person has not joined again; people ask the organiser.
OWN = text("""
    select m.id as membership_id, c.id as campaign_id, c.name as campaign, t.id as team_id,
        t.name as team, upper(m.period) as at, o.name as organiser, o.telephone,
        not exists (select from corrections d
            where d.campaign_id = m.campaign_id and d.at = m.removed_at and d.team_id is null
                and not exists (select from corrections e where e.campaign_id = d.campaign_id
                    and e.measurement_id = d.measurement_id and e.id > d.id)) as keeps_samples
    from device_links l
    join memberships m on m.volunteer_id = l.volunteer_id and m.removed_at is not null
    join campaigns c on c.id = m.campaign_id and c.state = 'open'
    join teams t on t.id = m.team_id
    join organisations o on o.id = c.organisation_id
    where l.device_id = :device and upper_inf(l.period)
        and not exists (select from memberships p
            where p.volunteer_id = m.volunteer_id and p.campaign_id = m.campaign_id
                and lower(p.period) >= upper(m.period))
    order by m.id
""")
# Of samples since the removal, which the team gets with the undo.
DAYS_SINCE = text("""
    select m.device_id, array_agg(distinct m.day) as days
    from device_links l join measurements m on m.device_id = l.device_id and m.day >= :first
    where l.volunteer_id = :volunteer and upper_inf(l.period)
    group by 1
""")


class RemovedMember(TypedDict):
    """A member whom the team removed, and who can be put back."""

    number: int  # of the volunteer
    display_name: str | None  # that the member showed
    guest: bool  # a resident whom a volunteer added for a day
    at: datetime
    keeps_samples: bool  # whether the team keeps the samples until then


class OwnRemoval(TypedDict):
    """A removal as the removed member's phone tells it."""

    membership_id: int
    campaign: NamedRef
    team: NamedRef
    at: datetime
    keeps_samples: bool  # whether the team keeps the samples until then
    organiser: str  # of the campaign, whom to ask
    telephone: str | None  # of the organiser


@retry_on_conflict
def remove_member(
    actor: Actor, campaign_id: int, team_id: int, number: int, now: datetime, *, samples: bool
) -> None:
    """End a membership now, as if the member left: samples so far stay with the team.

    With `samples` they belong to no team of the campaign. The commune keeps them in any case.
    """
    _require(actor, team_id)
    lock_volunteer(None, number)
    member, _ = current_membership(number, campaign_id, now)
    if member is None or member.team["id"] != team_id:
        raise Problem(404, "not_found")
    end_membership(member, now)
    removed = update(Membership).where(Membership.id == member.id)
    change_rows(removed.values(removed_at=func.now()))
    record_act(actor, "membership.remove", f"team:{team_id}", membership=member.id)
    if samples:
        choice = Choice(team_id=team_id, member=number)
        apply_decision(actor, campaign_id, choice, Decision(WRONG_TEAM), preview=False)
    db.session.commit()


@retry_on_conflict
def restore_member(
    actor: Actor, campaign_id: int, team_id: int, number: int, now: datetime
) -> None:
    """Undo a removal as if it had not been, with the samples that it took from the team.

    The team also gets the samples of the time between.
    """
    _require(actor, team_id)
    require_open(campaign_team(campaign_id, team_id))
    lock_volunteer(None, number)
    values = {"campaign": campaign_id, "team": team_id, "after": now - UNDO_FOR}
    rows = db.session.execute(REMOVED, values).all()
    row = next((row for row in rows if row.number == number), None)
    if row is None:  # too late, in the campaign again, or never removed
        raise Problem(404, "not_found")
    period = Range(row.since, row.since + GUEST_STAYS if row.guest else None, bounds="[)")
    ended = update(Membership).where(Membership.id == row.id)
    change_rows(ended.values(period=period, removed_at=None))
    record_act(actor, "membership.restore", f"team:{team_id}", membership=row.id)
    since = {"volunteer": number, "first": local_day(row.at)}
    days_of = {row.device_id: row.days for row in db.session.execute(DAYS_SINCE, since)}
    earnings.attribute({device: days_of[device] for device in lock_devices(days_of)})
    if row.correction_id is not None:
        undone = Decision(BACK_IN_TEAM, undo=row.correction_id)
        apply_decision(actor, campaign_id, Choice(), undone, preview=False)
    db.session.commit()


def removed_members(
    actor: Actor, campaign_id: int, team_id: int, now: datetime
) -> list[RemovedMember]:
    """Return whom the team removed lately and can put back, the latest first."""
    _require(actor, team_id)
    values = {"campaign": campaign_id, "team": team_id, "after": now - UNDO_FOR}
    return [
        {
            "number": row.number,
            "display_name": row.display_name,
            "guest": row.guest,
            "at": row.at,
            "keeps_samples": row.correction_id is None,
        }
        for row in db.session.execute(REMOVED, values)
    ]


def own_removals(device_id: UUID) -> list[OwnRemoval]:
    """Return by which teams of open campaigns a device's volunteer was removed."""
    return [
        {
            "membership_id": row.membership_id,
            "campaign": {"id": row.campaign_id, "name": row.campaign},
            "team": {"id": row.team_id, "name": row.team},
            "at": row.at,
            "keeps_samples": row.keeps_samples,
            "organiser": row.organiser,
            "telephone": row.telephone,
        }
        for row in db.session.execute(OWN, {"device": device_id})
    ]


def _require(actor: Actor, team_id: int) -> None:
    require(actor, "team.see", team_scope(team_id), hidden=True)
    require(actor, "team.correct", team_scope(team_id))
