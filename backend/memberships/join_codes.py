"""Join codes: a team shows one so that people join it in one campaign."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, TypedDict

from sqlalchemy import ColumnElement, Row, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from backend.accounts.access import Actor, Scope, can, require, require_recent
from backend.accounts.audit import record_act
from backend.campaigns.models import Campaign, CampaignArea, JoinCode, Team
from backend.database.extensions import db
from backend.devices.credentials import ALPHABET, letters
from backend.errors import FieldError, Problem, invalid, or_404
from backend.memberships.models import Membership
from backend.organisations.models import Organisation
from backend.organisations.references import NamedRef
from backend.organisations.scopes import campaign_scope, team_scope
from backend.organisations.service import with_those_below
from backend.units.models import Unit

# 25 ** 8 is 37 bits: with 5,000 codes in force, one guess in thirty million hits one, and guesses
# are counted per address and device.
CODE_LENGTH = 8

CodeState = Literal["in_force", "expired", "used_up"]


@dataclass(frozen=True, slots=True)
class CampaignTeam:
    """A team in a campaign, as a poster shows it."""

    campaign_id: int
    campaign: str
    last_day: date
    state: str  # of the campaign
    team_id: int
    team: str
    organisation: str  # of the team
    team_ended: bool
    organisation_ended: bool
    organiser: str  # of the campaign; people with an old poster ask there
    telephone: str | None  # of the organiser


class CodeLimits(TypedDict, total=False):
    """The limits of a new code."""

    expires_at: datetime | None  # null: it lasts as long as the campaign
    uses_most: int | None  # null: no limit


class CodeDetails(TypedDict):
    """A join code as its team's leader sees it."""

    code: str
    campaign: NamedRef
    team: NamedRef
    created_at: datetime
    expires_at: datetime | None  # null: it lasts as long as the campaign
    uses: int
    uses_most: int | None  # null: no limit
    state: CodeState


def rotate_code(
    actor: Actor,
    campaign_id: int,
    team_id: int,
    now: datetime,
    expires_at: datetime | None = None,
    uses_most: int | None = None,
) -> CodeDetails:
    """Create a team's code, with an end and a maximum of uses or none; revoke the previous one."""
    scope = _visible_scope(actor, campaign_id, team_id)
    require(actor, "team.edit", scope)
    require_recent(actor, now)
    if expires_at is not None and expires_at <= now:
        raise invalid("expires_at", "in_past")
    place = campaign_team(campaign_id, team_id)
    if place.state != "draft":  # codes and posters are made before a campaign opens
        require_open(place)
    limits: CodeLimits = {"expires_at": expires_at, "uses_most": uses_most}
    _replace_code(campaign_id, team_id, limits, now)
    details = {"expires_at": str(expires_at or ""), "uses_most": uses_most}
    record_act(actor, "join_code.rotate", f"team:{team_id}", campaign=campaign_id, **details)
    db.session.commit()
    return _details(place, now)


def create_codes(
    actor: Actor, campaign_id: int, team_ids: Sequence[int], now: datetime
) -> list[int]:
    """Give codes to the teams without one: they take part from now on; the caller commits.

    Returns the teams that got a code. Teams of other organisations and ended ones are refused.
    """
    scope = campaign_scope(campaign_id)
    require(actor, "campaign.edit", scope)
    require_recent(actor, now)
    organiser = select(Campaign.organisation_id).where(Campaign.id == campaign_id)
    below = with_those_below([db.session.scalar(organiser)])
    own = select(Team.id).where(
        Team.id.in_(team_ids), Team.organisation_id.in_(below), Team.ended_at.is_(None)
    )
    own_ids = set(db.session.scalars(own.with_for_update(key_share=True)))
    if missing := sorted(set(team_ids) - own_ids):
        errors = [FieldError(f"teams.{team_id}", "no_such_team") for team_id in missing]
        raise Problem(422, "invalid", errors)
    coded = coded_teams(campaign_id)
    new = [team_id for team_id in dict.fromkeys(team_ids) if team_id not in coded]
    for team_id in new:
        _replace_code(campaign_id, team_id, {}, now)
    if new:
        record_act(actor, "join_code.create", f"campaign:{campaign_id}", teams=new)
    return new


def coded_teams(campaign_id: int) -> set[int]:
    """Return the ids of the teams that have a code in a campaign, also one that has expired."""
    coded = select(JoinCode.team_id).where(
        JoinCode.campaign_id == campaign_id, JoinCode.revoked_at.is_(None)
    )
    return set(db.session.scalars(coded))


def remove_team(actor: Actor, campaign_id: int, team_id: int, now: datetime) -> None:
    """Take a team without members out of a campaign: its code becomes void."""
    scope = _visible_scope(actor, campaign_id, team_id)
    require(actor, "team.edit", scope)
    joined = (
        select(func.count())
        .select_from(Membership)
        .where(Membership.campaign_id == campaign_id, Membership.team_id == team_id)
    )
    if db.session.scalar(joined):
        raise Problem(409, "team_has_members")
    _revoke_code(campaign_id, team_id, now)
    record_act(actor, "join_code.revoke", f"team:{team_id}", campaign=campaign_id)
    db.session.commit()


def show_code(actor: Actor, campaign_id: int, team_id: int, now: datetime) -> CodeDetails:
    """Return a team's code for its leader and organisers."""
    _visible_scope(actor, campaign_id, team_id)
    return _details(campaign_team(campaign_id, team_id), now)


def new_code() -> str:
    """Return a random code, for example ACDEFGHJ."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def lock_code(code: str) -> Row[tuple[JoinCode]]:
    """Find and lock a code; 404 where there is none."""
    query = select(JoinCode.__table__).where(JoinCode.code == letters(code)).with_for_update()
    return or_404(db.session.execute(query).first(), "join_code_unknown")


def invitation_of(code: str, now: datetime) -> tuple[CampaignTeam, Sequence[str]]:
    """Return what a code invites to: a team in a campaign, and the names of its area.

    A Problem says why it cannot be used.
    """
    query = select(JoinCode.__table__).where(JoinCode.code == letters(code))
    row = or_404(db.session.execute(query).first(), "join_code_unknown")
    place = require_usable(row, now)
    names = (
        select(Unit.name)
        .join(CampaignArea, CampaignArea.unit_id == Unit.id)
        .where(CampaignArea.campaign_id == place.campaign_id)
        .order_by(Unit.sort_key, Unit.id)
    )
    return place, db.session.scalars(names).all()


def require_usable(code: Row[tuple[JoinCode]], now: datetime) -> CampaignTeam:
    """Return the team of a code in its campaign; a Problem says why it cannot be used.

    It names the organiser, whom people with an old poster ask.
    """
    place = campaign_team(code.campaign_id, code.team_id)
    if code.revoked_at is not None:
        raise unusable("join_code_revoked", place)
    if code.expires_at is not None and code.expires_at <= now:
        raise unusable("join_code_expired", place)
    if code.uses_most is not None and code.uses >= code.uses_most:
        raise unusable("join_code_used_up", place)
    require_open(place)
    return place


def count_use(code: Row[tuple[JoinCode]], now: datetime) -> None:
    """Count one use of a locked code; a Problem says why it cannot be used."""
    require_usable(code, now)
    db.session.execute(
        update(JoinCode).where(JoinCode.code == code.code).values(uses=JoinCode.uses + 1)
    )


def campaign_team(campaign_id: int, team_id: int) -> CampaignTeam:
    """Return a team in a campaign, as a poster shows it; 404 where one of them does not exist."""
    organiser = aliased(Organisation)  # of the campaign
    columns: list[Any] = [
        Campaign.id.label("campaign_id"),
        Campaign.name.label("campaign"),
        Campaign.last_day,
        Campaign.state,
        Team.id.label("team_id"),
        Team.name.label("team"),
        Organisation.name.label("organisation"),
        Team.ended_at.is_not(None).label("team_ended"),
        Organisation.ended_at.is_not(None).label("organisation_ended"),
        organiser.name.label("organiser"),
        organiser.telephone,
    ]
    rows = db.session.execute(
        select(*columns)
        .select_from(Campaign)
        .join(Team, Team.id == team_id)
        .join(Organisation, Organisation.id == Team.organisation_id)
        .join(organiser, organiser.id == Campaign.organisation_id)
        .where(Campaign.id == campaign_id)
    )
    return CampaignTeam(*or_404(rows.first()))


def require_open(place: CampaignTeam) -> None:
    """Raise the reason why nobody can join a team of a campaign."""
    if place.state == "draft":
        raise Problem(409, "campaign_not_open")
    if place.state != "open":
        raise unusable("campaign_over", place)
    if place.team_ended:
        raise unusable("team_ended", place)
    if place.organisation_ended:
        raise unusable("organisation_ended", place)


def unusable(code: str, place: CampaignTeam) -> Problem:
    """Return 410 with the organiser's name and telephone number: old posters lead to it."""
    organiser = {"name": place.organiser, "telephone": place.telephone}
    return Problem(410, code, members={"organiser": organiser})


def _visible_scope(actor: Actor, campaign_id: int, team_id: int) -> Scope:
    """Return the scope of a team in a campaign, that of both; 404 for an actor who sees neither.

    Only teams of the campaign's organiser, or of an organisation below it, take part.
    """
    of_campaign, of_team = campaign_scope(campaign_id), team_scope(team_id)
    organiser = db.session.scalar(
        select(Campaign.organisation_id).where(Campaign.id == campaign_id)
    )
    if organiser not in of_team.organisations:
        raise Problem(404, "not_found")
    above = of_campaign.organisations | of_team.organisations
    scope = Scope(teams=of_team.teams, organisations=above)
    require(actor, "team.see", scope, hidden=True)
    draft = select(func.count()).where(Campaign.id == campaign_id, Campaign.state == "draft")
    if (
        not can(actor, "campaign.see", of_campaign)
        and db.session.scalar(draft)
        and _current_code(campaign_id, team_id) is None
    ):
        raise Problem(404, "not_found")  # another organisation's draft
    return scope


def _replace_code(campaign_id: int, team_id: int, limits: CodeLimits, now: datetime) -> None:
    """Revoke the current code and add a new one; concurrent rotations wait for each other."""
    db.session.execute(select(Team.id).where(Team.id == team_id).with_for_update(key_share=True))
    _revoke_code(campaign_id, team_id, now)
    row = insert(JoinCode).on_conflict_do_nothing(index_elements=["code"]).returning(JoinCode.code)
    made = None
    while made is None:  # again in the rare case that the code exists
        fields = {"code": new_code(), "campaign_id": campaign_id, "team_id": team_id}
        made = db.session.scalar(row.values(**fields, **limits, created_at=now))


def _revoke_code(campaign_id: int, team_id: int, now: datetime) -> None:
    current = _is_current(campaign_id, team_id)
    db.session.execute(update(JoinCode).where(current).values(revoked_at=now))


def _current_code(campaign_id: int, team_id: int) -> Row[tuple[JoinCode]] | None:
    current = _is_current(campaign_id, team_id)
    return db.session.execute(select(JoinCode.__table__).where(current)).first()


def _is_current(campaign_id: int, team_id: int) -> ColumnElement[bool]:
    return and_(
        JoinCode.campaign_id == campaign_id,
        JoinCode.team_id == team_id,
        JoinCode.revoked_at.is_(None),
    )


def _details(place: CampaignTeam, now: datetime) -> CodeDetails:
    """Return a join code as its team's leader sees it."""
    row = or_404(_current_code(place.campaign_id, place.team_id), "join_code_none")
    state: CodeState = "in_force"
    if row.expires_at is not None and row.expires_at <= now:
        state = "expired"
    elif row.uses_most is not None and row.uses >= row.uses_most:
        state = "used_up"
    return {
        "code": row.code,
        "campaign": {"id": place.campaign_id, "name": place.campaign},
        "team": {"id": place.team_id, "name": place.team},
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "uses": row.uses,
        "uses_most": row.uses_most,
        "state": state,
    }
