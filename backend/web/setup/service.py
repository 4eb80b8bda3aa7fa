"""Data of the pages that set up campaigns: defaults, teams with their codes, posters."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

import segno
from sqlalchemy import select

from backend.accounts.access import Actor, can, require
from backend.accounts.login_names import format_phone
from backend.campaign_setup.logos import logo_address
from backend.campaign_setup.models import DraftContent
from backend.campaigns.models import Campaign, CampaignArea, JoinCode, Team
from backend.campaigns.service import visible_campaign
from backend.clock import local_day, month_end
from backend.database.extensions import db, setting
from backend.drawing import draw, pdf
from backend.errors import Problem
from backend.memberships.poster import content, require_operator, short_address
from backend.organisations.models import Organisation
from backend.organisations.scopes import campaign_scope, team_scope
from backend.reports.content.labels import within
from backend.units.index import unit_index
from backend.units.models import Unit
from backend.units.outlines import Drawing, inside_units
from backend.units.search import home_area
from backend.units.service import set_on

# A campaign shorter than this lasts until the end of the next month.
MIN_DAYS = 10
# Pages of one PDF: each takes a tenth of a second.
MAX_POSTERS = 100
# Communes of a few provinces; more are specks on a poster.
MAX_COMMUNES = 600


@dataclass(frozen=True, slots=True)
class CodedTeam:
    """A team of a campaign with its code in force."""

    id: int
    name: str
    code: str
    expires_at: datetime | None  # of the code; None: as long as the campaign
    home_unit_id: int | None


@dataclass(frozen=True, slots=True)
class PosterTexts:
    """What all posters of a campaign share."""

    organisation: str
    campaign: str
    first_day: date
    last_day: date
    area: str  # in a sentence: "Xã A và 3 nơi khác"
    telephone: str | None  # as read aloud: 0912 345 678
    operator: str  # who answers for the data, with an address
    retention_days: int  # most days that positions are kept
    demo: bool
    logo: str | None  # as a data URL
    map: Drawing | None  # None: no boundary set


@dataclass(frozen=True, slots=True)
class PosterTeam:
    """What the poster of a team adds."""

    name: str
    code: str
    link: str  # of the QR code
    address: str  # to type
    home: str | None  # the commune of the team
    home_code: str | None
    expires: datetime | None  # of the code


def draft_defaults(organisation_id: int, now: datetime) -> DraftContent:
    """Return the proposed fields of a new campaign: this month, the organisation's own area."""
    today = local_day(now)
    last = month_end(f"{today:%Y-%m}")
    if (last - today).days < MIN_DAYS:
        last = month_end(f"{last + timedelta(days=1):%Y-%m}")
    organisation = db.session.get_one(Organisation, organisation_id)
    unit = unit_index().by_id.get(organisation.unit_id or 0)
    if unit is not None and not unit.valid_on(today):
        unit = unit_index().by_id.get(home_area(organisation.unit_id, today) or 0)
    return {
        "organisation_id": str(organisation_id),
        "first_day": today.isoformat(),
        "last_day": last.isoformat(),
        "areas": unit.label if unit else "",
        "networks": ["mobile"],
        "telephone": format_phone(organisation.telephone) or "",
        "state": "open",
    }


def coded_teams(actor: Actor, campaign_id: int, team_id: int | None = None) -> list[CodedTeam]:
    """Return the teams of a campaign with a code in force that the person may see, by name."""
    campaign = visible_campaign(actor, campaign_id)
    query = (
        select(Team.id, Team.name, JoinCode.code, JoinCode.expires_at, Team.home_unit_id)
        .join(JoinCode, JoinCode.team_id == Team.id)
        .where(JoinCode.campaign_id == campaign.id, JoinCode.revoked_at.is_(None))
        .where(Team.ended_at.is_(None))
        .order_by(Team.sort_key.collate("C"), Team.id)
    )
    if team_id is not None:
        query = query.where(Team.id == team_id)
    organises = can(actor, "campaign.see", campaign_scope(campaign_id))
    if not organises and not actor.ids("team_leader"):
        require(actor, "campaign.see", campaign_scope(campaign_id))
    teams = (CodedTeam(*row) for row in db.session.execute(query))
    return [team for team in teams if organises or can(actor, "team.see", team_scope(team.id))]


def organisation_contact(campaign_id: int) -> tuple[Organisation, str | None]:
    """Return the organisation of a campaign, and its telephone number as read aloud."""
    query = select(Organisation).join(Campaign, Campaign.organisation_id == Organisation.id)
    organisation = db.session.scalars(query.where(Campaign.id == campaign_id)).one()
    return organisation, format_phone(organisation.telephone)


def poster_texts(campaign_id: int, now: datetime) -> PosterTexts:
    """Return what all posters of a campaign share."""
    campaign = db.session.get_one(Campaign, campaign_id)
    organisation, call = organisation_contact(campaign_id)
    query = (
        select(Unit.id, Unit.name)
        .join(CampaignArea, CampaignArea.unit_id == Unit.id)
        .where(CampaignArea.campaign_id == campaign_id)
        .order_by(Unit.level != "province", Unit.sort_key.collate("C"), Unit.id)
    )
    areas = db.session.execute(query).all()
    day = min(max(local_day(now), campaign.first_day), campaign.last_day)
    active, units = set_on(day), [unit for unit, _ in areas]
    require_operator()
    operator = setting("OPERATOR_NAME"), setting("OPERATOR_CONTACT")
    return PosterTexts(
        organisation=organisation.name,
        campaign=campaign.name,
        first_day=campaign.first_day,
        last_day=campaign.last_day,
        area=_area_name([name for _, name in areas]),
        telephone=call,
        operator=", ".join(filter(None, operator)),
        retention_days=setting("RETENTION_DAYS"),
        demo=campaign.demo,
        logo=logo_address(organisation.id),
        map=inside_units(active, units, MAX_COMMUNES) if active else None,
    )


def poster_teams(teams: Sequence[CodedTeam], base_url: str, day: date) -> list[PosterTeam]:
    """Return the teams of posters; 404 without one."""
    if not teams:
        raise Problem(404, "join_code_none")
    index = unit_index()
    posters = []
    for team in teams:
        home = index.by_id.get(team.home_unit_id or 0)
        home = home if home and home.valid_on(day) else None
        posters.append(
            PosterTeam(
                name=team.name,
                code=team.code,
                link=content(base_url, team.code),
                address=short_address(base_url, team.code),
                home=home.name if home else None,
                home_code=home.code if home else None,
                expires=team.expires_at,
            )
        )
    return posters


def _area_name(names: Sequence[str]) -> str:
    """Return an area in a sentence: its name, or the first with the number of others."""
    distinct = [within(name) for name in dict.fromkeys(names)]
    if len(distinct) <= 2:
        return " và ".join(distinct)
    return f"{distinct[0]} và {len(distinct) - 1} nơi khác"


def draw_posters(texts: PosterTexts, teams: Iterable[PosterTeam]) -> bytes:
    """Return the posters of teams as a PDF; `texts` is what all posters of a campaign share."""
    pages = (draw("web/setup/poster.svg", texts=texts, team=team, qr=qr(team.link))
             for team in teams)  # fmt: skip
    return pdf(pages, texts.campaign)


def qr(text: str) -> tuple[str, int]:
    """Return a QR code as a path with a quiet zone of two modules, and its side in modules.

    A quarter of it may be damaged: posters hang outside.
    """
    rows, path = segno.make_qr(text, error="q").matrix, ""
    for y, row in enumerate(rows, 2):
        x = 2
        for dark, modules in groupby(row):
            wide = len(list(modules))
            path += f"M{x},{y}h{wide}v1h-{wide}z" if dark else ""
            x += wide
    return path, len(rows) + 4
