"""Members who joined the wrong team: removed by its leader or organiser."""

from datetime import datetime

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.database.extensions import db
from backend.errors import Problem
from backend.measurements.corrections.service import Choice, Decision, apply_decision
from backend.memberships import volunteers
from backend.memberships.service import Member, current_membership, end_membership
from backend.memberships.volunteers import retry_on_conflict
from backend.organisations.scopes import team_scope

REASON = "Vào nhầm đội"  # of the correction, which organisers read and can undo


def remove_member(
    actor: Actor, campaign_id: int, team_id: int, number: int, now: datetime, *, samples: bool
) -> None:
    """End a membership now, as if the member left: samples so far stay with the team.

    With `samples` they belong to no team of the campaign. The commune keeps them in any case.
    """
    scope = team_scope(team_id)
    require(actor, "team.see", scope, hidden=True)
    require(actor, "team.correct", scope)
    _require_member(campaign_id, team_id, number, now)
    if samples:
        choice = Choice(team_id=team_id, member=number)
        apply_decision(actor, campaign_id, choice, Decision(REASON), preview=False)
    _end(actor, campaign_id, team_id, number, now)


@retry_on_conflict
def _end(actor: Actor, campaign_id: int, team_id: int, number: int, now: datetime) -> None:
    volunteers.lock_volunteer(None, number)
    member = _require_member(campaign_id, team_id, number, now)
    end_membership(member, now)
    record_act(
        actor, "membership.remove", f"team:{team_id}", campaign=campaign_id, membership=member.id
    )
    db.session.commit()


def _require_member(campaign_id: int, team_id: int, number: int, now: datetime) -> Member:
    member, _ = current_membership(number, campaign_id, now)
    if member is None or member.team.id != team_id:
        raise Problem(404, "not_found")
    return member
