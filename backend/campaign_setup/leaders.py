"""Invitations of team leaders by organisers, and messages to copy, which are always Vietnamese."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypedDict

from sqlalchemy import select, text

from backend.accounts import links, users
from backend.accounts.access import Actor, proved_lately, require
from backend.accounts.audit import record_act
from backend.accounts.links import Link
from backend.accounts.login_names import format_phone, normalize
from backend.accounts.models import Role, User
from backend.accounts.sessions import secret_hash
from backend.campaign_setup.models import CampaignDraft
from backend.campaigns.models import Team
from backend.clock import VIETNAM
from backend.database.extensions import db
from backend.errors import Problem, or_404
from backend.memberships.join_codes import coded_teams
from backend.organisations.grants import RoleRequest, grant_role, invite
from backend.organisations.scopes import campaign_scope

ROLE = "team_leader"

# What a link invites to: of a leader the teams with their campaigns, else nothing.
INVITATION = text("""
    select u.name, maker.display_name as inviter,
        array_remove(array_agg(distinct t.name), null) as teams,
        array_remove(array_agg(distinct c.name), null) as campaigns,
        array_remove(array_agg(distinct o.name), null) as organisations,
        array(
            select distinct own.name
            from roles given join organisations own on own.id = given.scope_id
            where given.user_id = u.id and given.role = 'organiser'
                and (given.valid_to is null or given.valid_to > :now)
            order by 1
        ) as organises
    from one_time_links l join users u on u.id = l.user_id
    left join users maker on maker.id = l.made_by
    left join roles r on r.user_id = u.id and r.role = 'team_leader'
        and (r.valid_to is null or r.valid_to > :now)
    left join teams t on t.id = r.scope_id
    left join join_codes j on j.team_id = t.id and j.revoked_at is null
    left join campaigns c on c.id = j.campaign_id and c.state in ('draft', 'open')
    left join organisations o on o.id = coalesce(c.organisation_id, t.organisation_id)
    where l.secret_hash = :hash and l.used_at is null and l.expires_at > :now
    group by u.id, maker.id
""")


class Invitation(TypedDict):
    """What a link invites to."""

    name: str | None  # the contact of the invited person, as read aloud
    inviter: str | None  # who made the link
    teams: list[str]  # names, of a leader
    campaigns: list[str]
    organisations: list[str]
    organises: list[str]  # names of organisations, of an organiser


@dataclass(frozen=True, slots=True)
class Leader:
    """A leader of teams; who has not signed in yet has a link, or gets one."""

    contact: str
    teams: dict[int, str]  # names
    user_id: int = 0  # 0: in the list of teams, and not invited yet
    roles: dict[int, int] = field(default_factory=dict)  # ids, by team
    name: str | None = None
    accepted: bool = False
    link: Link | None = None

    @property
    def state(self) -> str:
        if self.accepted:
            return "accepted"
        if self.link is None:
            return "expired" if self.user_id else "unsent"
        return "copied" if self.link.copied else "unsent"

    @property
    def needs_link(self) -> bool:
        return not self.accepted and self.link is None


def leaders_of(team_ids: Sequence[int], now: datetime) -> list[Leader]:
    """Return the leaders of teams with their links, by the name of the first team."""
    rows = db.session.execute(
        select(User.id, User.name, User.display_name, User.accepted, Role.id.label("role"),
               Team.id.label("team"), Team.name.label("team_name"))
        .join(Role, User.id == Role.user_id)
        .join(Team, Team.id == Role.scope_id)
        .where(Role.role == ROLE, Role.scope_id.in_(team_ids))
        .where(users.in_force(now), User.closed_at.is_(None))
        .order_by(Team.sort_key.collate("C"), Role.id)
    ).all()  # fmt: skip
    waiting = links.waiting_links([row.id for row in rows if not row.accepted], now)
    leaders: dict[int, Leader] = {}
    for row in rows:
        leader = leaders.setdefault(
            row.id,
            Leader(row.name, {}, row.id, {}, row.display_name, row.accepted, waiting.get(row.id)),
        )
        leader.teams[row.team], leader.roles[row.team] = row.team_name, row.role
    return list(leaders.values())


def list_leaders(actor: Actor, campaign_id: int, now: datetime) -> list[Leader]:
    """Return the leaders of a campaign's teams: first those of its list who are not invited yet."""
    require(actor, "campaign.edit", campaign_scope(campaign_id))
    present = leaders_of(list(coded_teams(campaign_id)), now)
    draft = _draft_of(campaign_id)
    listed: Mapping[str, Sequence[int]] = draft.content.get("leaders") or {} if draft else {}
    leads = {(leader.contact, team) for leader in present for team in leader.teams}
    new = []
    for contact, ids in listed.items():
        teams = _names([team for team in ids if (normalize(contact), team) not in leads])
        new += [Leader(contact, teams)] if teams else []
    return new + sorted(present, key=lambda leader: leader.accepted)


def invite_listed(actor: Actor, campaign_id: int, now: datetime) -> dict[str, str]:
    """Make a link for each leader of a campaign who has none; the links of others stay valid.

    Returns the codes of why that was not possible, by contact: one does not stop the others.
    """
    refused: dict[str, str] = {}
    for leader in list_leaders(actor, campaign_id, now):
        if not leader.needs_link:
            continue
        try:
            invite_leader(actor, leader.contact, list(leader.teams), now)
        except Problem as problem:
            db.session.rollback()
            if problem.code in ("unauthorized", "forbidden", "password_needed"):
                raise
            refused[leader.contact] = problem.errors[0].code if problem.errors else problem.code
    if draft := _draft_of(campaign_id):  # the accounts keep the contacts of the others
        listed = draft.content.get("leaders") or {}
        draft.content = {
            "leaders": {contact: listed[contact] for contact in listed if contact in refused}
        }
        db.session.commit()
    return refused


def invite_leader(actor: Actor, contact: str, team_ids: Sequence[int], now: datetime) -> None:
    """Invite a person to lead teams, by a new link; an existing account gets the roles at once."""
    roles: list[RoleRequest] = [
        {"role": ROLE, "scope_id": team_id, "unit": None, "cluster_id": None, "valid_to": None}
        for team_id in team_ids
    ]
    try:
        invite(actor, contact, None, roles, now, confirms=False)
        return
    except Problem as problem:
        db.session.rollback()
        user_id = problem.members.get("user_id")
        if problem.code != "account_exists" or user_id is None:
            raise
    for role in roles:
        grant_role(actor, user_id, role, now)


def renew_link(actor: Actor, campaign_id: int, user_id: int, now: datetime) -> None:
    """Make a new link for one leader who has not signed in yet."""
    leader = _invited(actor, campaign_id, user_id, now)
    invite_leader(actor, leader.contact, list(leader.teams), now)


def note_copied(actor: Actor, campaign_id: int, user_id: int, now: datetime) -> None:
    """Note that the message with a leader's link was copied."""
    _invited(actor, campaign_id, user_id, now)
    links.note_copied(user_id, now)
    record_act(actor, "user.link_copied", f"user:{user_id}", campaign=campaign_id)
    db.session.commit()


def _invited(actor: Actor, campaign_id: int, user_id: int, now: datetime) -> Leader:
    leaders = list_leaders(actor, campaign_id, now)
    invited = (leader for leader in leaders if leader.user_id == user_id and not leader.accepted)
    return or_404(next(invited, None))


def links_to_send(actor: Actor, campaign_id: int, now: datetime) -> list[Leader]:
    """Return the leaders whose links the person made, and sees again soon after the password."""
    leaders = list_leaders(actor, campaign_id, now) if proved_lately(actor, now) else []
    return [
        leader
        for leader in leaders
        if leader.link and leader.link.made_by == actor.user_id and leader.link.secret
    ]


def invitation_of(secret: str, now: datetime) -> Invitation:
    """Return what an unused link invites to; 404 where it is used or expired."""
    values = {"hash": secret_hash(secret), "now": now}
    row = or_404(db.session.execute(INVITATION, values).first(), "link_not_valid")
    return {
        "name": format_phone(row.name),
        "inviter": row.inviter,
        "teams": row.teams,
        "campaigns": row.campaigns,
        "organisations": row.organisations,
        "organises": row.organises,
    }


def _draft_of(campaign_id: int) -> CampaignDraft | None:
    """Return the draft of which a campaign was started."""
    query = select(CampaignDraft).where(CampaignDraft.campaign_id == campaign_id)
    row: CampaignDraft | None = db.session.scalar(query.order_by(CampaignDraft.id.desc()).limit(1))
    return row


def _names(team_ids: Sequence[int]) -> dict[int, str]:
    query = select(Team.id, Team.name).where(Team.id.in_(team_ids))
    return {row.id: row.name for row in db.session.execute(query.order_by(Team.id))}


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


def leader_message(leader: Leader, campaign: str, link: str, call: str | None) -> str:
    """Return the invitation of a leader, whose link sets a password once."""
    assert leader.link is not None
    teams, until = ", ".join(leader.teams.values()), leader.link.expires_at.astimezone(VIETNAM)
    lines = [
        f"Mời anh/chị làm đội trưởng {teams} trong chiến dịch {campaign}.",
        f"Mở đường dẫn sau để đặt mật khẩu (chỉ của riêng anh/chị, dùng một lần): {link}",
        f"Đường dẫn có hiệu lực đến {until:%H:%M ngày %d/%m/%Y}.",
    ]
    return "\n".join([*lines, f"Cần giúp, gọi {call}."] if call else lines)


def group_message(leaders: Sequence[Leader], campaign: str, call: str | None) -> str:
    """Return one message for the group of all leaders: without links, which are one person's."""
    waiting = (leader for leader in leaders if not leader.accepted)
    teams = ", ".join(dict.fromkeys(name for leader in waiting for name in leader.teams.values()))
    lines = [
        f"Gửi các đội trưởng chiến dịch {campaign}: mỗi người có một đường dẫn mời trong tin nhắn "
        "riêng. Mở đường dẫn đó, đặt mật khẩu là vào ngay trang của đội.",
        f"Còn chờ: {teams}.",
    ]
    return "\n".join(
        [*lines, f"Chưa nhận được hoặc đường dẫn hết hạn, gọi {call}."] if call else lines
    )
