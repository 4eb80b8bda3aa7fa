"""Members who joined the wrong team: removed by its leader or organiser."""

from datetime import datetime

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.database.extensions import db
from backend.errors import Problem
from backend.measurements.corrections.service import Choice, Decision, apply_decision
from backend.memberships.service import current_membership, end_membership
from backend.memberships.volunteers import lock_volunteer, retry_on_conflict
from backend.organisations.scopes import team_scope

REASON = "Vào nhầm đội"  # of the correction, which organisers read and can undo


@retry_on_conflict
def remove_member(
    actor: Actor, campaign_id: int, team_id: int, number: int, now: datetime, *, samples: bool
) -> None:
    """End a membership now, as if the member left: samples so far stay with the team.

    With `samples` they belong to no team of the campaign. The commune keeps them in any case.
    """
    require(actor, "team.see", team_scope(team_id), hidden=True)
    require(actor, "team.correct", team_scope(team_id))
    lock_volunteer(None, number)
    member, _ = current_membership(number, campaign_id, now)
    if member is None or member.team.id != team_id:
        raise Problem(404, "not_found")
    end_membership(member, now)
    record_act(actor, "membership.remove", f"team:{team_id}", membership=member.id)
    if samples:
        choice = Choice(team_id=team_id, member=number)
        apply_decision(actor, campaign_id, choice, Decision(REASON), preview=False)
    db.session.commit()
