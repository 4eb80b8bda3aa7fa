"""Drafts of campaigns: stored while they are typed, and started with their teams."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypedDict

from sqlalchemy import Select, delete, select, text

from backend.accounts.access import Actor, can, require, require_person
from backend.accounts.login_names import format_phone, read_contact
from backend.campaign_setup.models import CampaignDraft, DraftContent
from backend.campaign_setup.team_import import import_teams
from backend.campaigns.service import CampaignCreate, create_campaign
from backend.database.extensions import change_rows, db
from backend.errors import Problem, invalid, or_404
from backend.i18n.catalogues import Language
from backend.memberships.join_codes import create_codes
from backend.organisations.scopes import requested_organisation_scope
from backend.organisations.service import with_those_below

# A person sets up a few campaigns at a time; older drafts are deleted with their contacts.
MAX_DRAFTS = 20
KEPT = timedelta(days=90)

# Teams that can be added to a campaign: of the organisation and below it, lasting, without a code.
FORMER_TEAMS = text("""
    select t.id, t.name, u.name as home, o.name as organisation
    from teams t join organisations o on o.id = t.organisation_id
    left join units u on u.id = t.home_unit_id
    where t.organisation_id = any(:organisations)
        and t.ended_at is null and o.ended_at is null
        and not exists (select from join_codes j where j.team_id = t.id
                        and j.campaign_id = :campaign and j.revoked_at is null)
        and not exists (select from memberships m where m.team_id = t.id
                        and m.campaign_id = :campaign)
    order by t.sort_key collate "C", t.id limit :most
""")
MAX_FORMER = 1_000


class FormerTeam(TypedDict):
    """A team that can be added to a campaign."""

    id: int
    name: str
    home: str | None  # the name of its commune
    organisation: str


def list_drafts(actor: Actor) -> list[CampaignDraft]:
    """Return the person's drafts that were not started, the latest first."""
    own = _own(actor).where(CampaignDraft.campaign_id.is_(None))
    return list(db.session.scalars(own.order_by(CampaignDraft.updated_at.desc(), CampaignDraft.id)))


def save_draft(
    actor: Actor, draft_id: int | None, content: DraftContent, now: datetime
) -> CampaignDraft:
    """Store fields of a draft as typed, or begin one; a started one does not change."""
    user_id = require_person(actor, write=True)
    if draft_id is None:
        if not (can(actor, "system.manage") or actor.ids("organiser")):
            raise Problem(403, "forbidden")
        row = CampaignDraft(user_id=user_id, content=dict(content), updated_at=now)
        own = CampaignDraft.user_id == user_id
        latest = select(CampaignDraft.id).where(own).order_by(CampaignDraft.updated_at.desc())
        kept = list(db.session.scalars(latest.limit(MAX_DRAFTS - 1)))
        db.session.execute(delete(CampaignDraft).where(own, CampaignDraft.id.not_in(kept)))
        db.session.add(row)
        db.session.flush()
    else:
        row = show_draft(actor, draft_id, lock=True)
        if row.campaign_id is None:
            row.content, row.updated_at = {**row.content, **content}, now
    db.session.commit()
    return row


def remove_draft(actor: Actor, draft_id: int) -> None:
    """Delete a draft of the person."""
    require_person(actor, write=True)
    db.session.delete(show_draft(actor, draft_id, lock=True))
    db.session.commit()


def delete_expired_drafts(now: datetime) -> int:
    """Delete the drafts that nobody changed for months; the caller commits."""
    return change_rows(delete(CampaignDraft).where(CampaignDraft.updated_at < now - KEPT))


def former_teams(
    actor: Actor, organisation_id: int, campaign_id: int | None = None
) -> list[FormerTeam]:
    """Return the teams of an organisation and those below it that are not in the campaign."""
    require(actor, "team.see", requested_organisation_scope(organisation_id))
    below = with_those_below([organisation_id])
    values = {"organisations": below, "campaign": campaign_id, "most": MAX_FORMER}
    return [
        {"id": row.id, "name": row.name, "home": row.home, "organisation": row.organisation}
        for row in db.session.execute(FORMER_TEAMS, values)
    ]


def start_campaign(
    actor: Actor,
    draft_id: int,
    campaign: CampaignCreate,
    former: Sequence[int],
    *,
    now: datetime,
    language: Language,
) -> int:
    """Create the campaign of a draft with its teams and their codes, all or nothing.

    A second request returns the same campaign: a double tap creates no second one.
    """
    row = show_draft(actor, draft_id, lock=True)
    if row.campaign_id is not None:
        return row.campaign_id
    created = create_campaign(actor, campaign, commit=False)
    done = import_teams(
        actor, campaign["organisation_id"], row.content.get("teams") or "", dry_run=False, now=now,
        language=language, commit=False,
    )  # fmt: skip
    teams = done["rows"] if done else []
    wanted = [*(team["team_id"] for team in teams if team["team_id"]), *former]
    if not wanted:
        raise invalid("teams", "no_teams")
    create_codes(actor, created["id"], wanted, now)
    row.campaign_id, row.updated_at = created["id"], now
    leaders: dict[str, list[int]] = {}
    for team in teams:
        contact, team_id = format_phone(read_contact(team["typed"].leader)), team["team_id"]
        if contact and team_id is not None:
            leaders.setdefault(contact, []).append(team_id)
    row.content = {"leaders": leaders}
    db.session.commit()
    return created["id"]


def add_teams(actor: Actor, campaign_id: int, team_ids: Sequence[int], now: datetime) -> list[int]:
    """Let existing teams take part in a campaign; return those that did not before."""
    added = create_codes(actor, campaign_id, team_ids, now)
    db.session.commit()
    return added


def _own(actor: Actor) -> Select[CampaignDraft]:
    return select(CampaignDraft).where(CampaignDraft.user_id == require_person(actor))


def show_draft(actor: Actor, draft_id: int, *, lock: bool = False) -> CampaignDraft:
    """Return a draft of the person; 404 for that of another."""
    query = _own(actor).where(CampaignDraft.id == draft_id)
    row: CampaignDraft = or_404(db.session.scalar(query.with_for_update() if lock else query))
    return row
