"""Invitations of team leaders by organisers, and messages to copy, which are always Vietnamese."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from backend.accounts import users
from backend.accounts.access import Actor
from backend.accounts.links import Link
from backend.accounts.models import Role, User
from backend.campaigns.models import Team
from backend.clock import VIETNAM
from backend.database.extensions import db
from backend.errors import Problem
from backend.organisations.grants import grant_role, invite

ROLE = "team_leader"


@dataclass(frozen=True, slots=True)
class InvitedLeader:
    """A leader's teams, and the link of a new account; without a link the account got the roles.

    `error`: the code of the reason why neither was possible.
    """

    contact: str
    teams: tuple[str, ...]
    link: Link | None = None
    error: str | None = None


def invite_leader(
    actor: Actor, contact: str, team_ids: Sequence[int], now: datetime
) -> InvitedLeader:
    """Invite a person to lead teams; an existing account gets the roles without a link."""
    unset = {"unit": None, "cluster_id": None, "valid_to": None}
    roles = [{"role": ROLE, "scope_id": one, **unset} for one in team_ids]
    names = _names(team_ids)
    try:
        return InvitedLeader(contact, names, invite(actor, contact, None, roles, now))
    except Problem as problem:
        db.session.rollback()
        user_id = problem.members.get("user_id")
        if problem.code != "account_exists" or user_id is None:
            raise
    for role in roles:
        grant_role(actor, user_id, role, now)
    return InvitedLeader(contact, names)


def invite_leaders(
    actor: Actor, wanted: Mapping[str, Sequence[int]], now: datetime
) -> list[InvitedLeader]:
    """Invite the leaders of several teams, by contact; one that fails does not stop the others."""
    found = []
    for contact, team_ids in wanted.items():
        try:
            found.append(invite_leader(actor, contact, team_ids, now))
        except Problem as problem:
            db.session.rollback()
            if problem.code in ("unauthorized", "forbidden", "password_needed"):
                raise
            code = problem.errors[0].code if problem.errors else problem.code
            found.append(InvitedLeader(contact, _names(team_ids), error=code))
    return found


def leaders_of(team_ids: Sequence[int], now: datetime) -> dict[int, list[dict[str, Any]]]:
    """Return the leaders of teams: their names, and whether they accepted the invitation."""
    rows = db.session.execute(
        select(Role.scope_id, Role.id, User.id, User.name, User.display_name, User.accepted)
        .join(User, User.id == Role.user_id)
        .where(Role.role == ROLE, Role.scope_kind == "team", Role.scope_id.in_(team_ids))
        .where(users.in_force(now), User.closed_at.is_(None))
        .order_by(Role.id)
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for team_id, role_id, user_id, name, display_name, accepted in rows:
        leader = {"role_id": role_id, "user_id": user_id, "contact": name, "name": display_name}
        found.setdefault(int(team_id or 0), []).append(leader | {"accepted": accepted})
    return found


def _names(team_ids: Sequence[int]) -> tuple[str, ...]:
    query = select(Team.name).where(Team.id.in_(team_ids)).order_by(Team.sort_key.collate("C"))
    return tuple(db.session.scalars(query))


def member_message(
    team: str, campaign: str, days: tuple[date, date], link: str, code: str, call: str | None
) -> str:
    """Return the invitation of a team's members."""
    lines = [
        f"Mời bạn cùng đo chất lượng mạng với {team}.",
        f"{campaign}, từ {days[0]:%d/%m} đến {days[1]:%d/%m/%Y}.",
        f"Mở bằng Chrome hoặc Safari trên điện thoại: {link}",
        f"Hoặc nhập mã {code[:4]} {code[4:]}. Mỗi lần đo chưa đến một phút.",
    ]
    return "\n".join([*lines, f"Cần giúp, gọi {call}."] if call else lines)


def leader_message(
    teams: tuple[str, ...], campaign: str, link: str, until: datetime, call: str | None
) -> str:
    """Return the invitation of a leader, whose link sets a password once."""
    lines = [
        f"Mời anh/chị làm đội trưởng {', '.join(teams)} trong chiến dịch {campaign}.",
        f"Mở đường dẫn sau để đặt mật khẩu (chỉ của riêng anh/chị, dùng một lần): {link}",
        f"Đường dẫn có hiệu lực đến {until.astimezone(VIETNAM):%H:%M ngày %d/%m/%Y}.",
    ]
    return "\n".join([*lines, f"Cần giúp, gọi {call}."] if call else lines)
