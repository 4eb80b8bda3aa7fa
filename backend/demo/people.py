"""One person per role to sign in as, with random passwords that are printed once."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from backend.accounts.models import Role, User
from backend.accounts.passwords import hash_password
from backend.accounts.users import parse_name
from backend.campaigns.models import Campaign, Team
from backend.database.extensions import db
from backend.demo.plan import LETTER_PROVINCE
from backend.devices.models import Device
from backend.units.models import Unit

DOMAIN = "dosong.example"  # a name that no mail server can have
PASSWORD_BYTES = 12


@dataclass(frozen=True, slots=True)
class SignIn:
    """What somebody who looks at the demo needs to sign in."""

    role: str
    name: str
    password: str


def is_empty() -> bool:
    """Whether nobody and nothing is there yet: only then are people made whom a terminal names."""
    found = db.session.scalar(select(User.id).limit(1)) or db.session.scalar(
        select(Device.id).limit(1)
    )
    db.session.rollback()
    return found is None


def make_people(now: datetime) -> list[SignIn]:
    """Make an admin, an organiser, a team leader and an official of the demo, if none is there."""
    if db.session.scalar(select(User.id).where(User.demo).limit(1)):
        return []
    campaign = db.session.scalars(
        select(Campaign).where(Campaign.demo).order_by(Campaign.id)
    ).first()
    if campaign is None:
        return []
    owners = db.session.scalars(select(Campaign.organisation_id).where(Campaign.demo).distinct())
    owner = Team.organisation_id == campaign.organisation_id
    team = db.session.scalars(select(Team.id).where(owner).order_by(Team.id)).first()
    province = select(Unit.id).where(Unit.level == "province", Unit.code == LETTER_PROVINCE)
    old, new = (db.session.scalar(province.where(Unit.system == one)) for one in ("2024", "2025"))
    people = [
        _person("admin", "quan-tri", [("system", None)], now),
        _person("organiser", "ban-to-chuc", [("organisation", one) for one in owners], now),
        _person("team_leader", "doi-truong", [("team", team)], now),
        _person("official", "can-bo", [("unit", old), ("unit", new)], now),
    ]
    db.session.commit()
    return people


def _person(role: str, name: str, scopes: list[tuple[str, int | None]], now: datetime) -> SignIn:
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    written = f"{name}@{DOMAIN}"
    user = User(name=parse_name(written), password_hash=hash_password(password), demo=True)
    db.session.add(user)
    db.session.flush()
    db.session.add_all(
        Role(user_id=user.id, role=role, scope_kind=kind, scope_id=scope, valid_from=now)
        for kind, scope in scopes
    )
    return SignIn(role, written, password)
