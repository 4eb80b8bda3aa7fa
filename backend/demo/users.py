"""Users of the demo, one per role, its cluster of communes, and the report of its official."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from backend.accounts.access import Actor, Grant
from backend.accounts.models import Role, User
from backend.accounts.passwords import hash_password
from backend.accounts.users import parse_name
from backend.campaigns.models import Campaign, Team
from backend.clock import local_day
from backend.database.extensions import db
from backend.demo.plan import LETTER_MONTH, LETTER_PROVINCE
from backend.devices.models import Device
from backend.organisations.models import Cluster, ClusterUnit
from backend.reports.monthly.lifecycle import approve_report, begin_report, freeze_report
from backend.units.catalogue import REFORM
from backend.units.index import unit_index
from backend.units.models import Unit

DOMAIN = "dosong.example"  # reserved: no mail server can have it
PASSWORD_BYTES = 12


@dataclass(frozen=True, slots=True)
class Credentials:
    """Credentials of a demo user."""

    role: str
    name: str
    password: str


def is_empty() -> bool:
    """Return whether there are no users and devices, apart from those of the demo.

    Only then demo users are created at start.
    """
    found = db.session.scalar(select(User.id).where(~User.demo).limit(1)) or db.session.scalar(
        select(Device.id).where(~Device.demo).limit(1)
    )
    db.session.rollback()
    return found is None


def make_users(now: datetime) -> list[Credentials]:
    """Create an admin, an organiser, a team leader and an official of the demo's campaigns."""
    campaign = db.session.scalars(
        select(Campaign).where(Campaign.demo).order_by(Campaign.id)
    ).first()
    if campaign is None:
        return []
    owners = db.session.scalars(select(Campaign.organisation_id).where(Campaign.demo).distinct())
    owner = Team.organisation_id == campaign.organisation_id
    team = db.session.scalars(select(Team.id).where(owner).order_by(Team.id)).first()
    province = select(Unit.id).where(Unit.level == "province", Unit.code == LETTER_PROVINCE)
    old, new = (
        db.session.scalar(province.where(Unit.system == system)) for system in ("2024", "2025")
    )
    users = [
        _make_user("admin", "quan-tri", [("system", None)], now),
        _make_user("organiser", "ban-to-chuc", [("organisation", owner) for owner in owners], now),
        _make_user("team_leader", "doi-truong", [("team", team)], now),
        _make_user("official", "can-bo", [("unit", old), ("unit", new)], now),
    ]
    db.session.commit()
    return users


def _make_user(
    role: str, name: str, scopes: list[tuple[str, int | None]], now: datetime
) -> Credentials:
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    address = f"{name}@{DOMAIN}"
    user = User(
        name=parse_name(address),
        password_hash=hash_password(password),
        confirmed_at=now,
        demo=True,
    )
    db.session.add(user)
    db.session.flush()
    db.session.add_all(
        Role(user_id=user.id, role=role, scope_kind=kind, scope_id=scope, valid_from=now)
        for kind, scope in scopes
    )
    return Credentials(role, address, password)


def demo_official() -> Actor:
    """Return the demo's official of the letter's province."""
    own = select(Role).join(User).where(User.demo, Role.role == "official")
    roles = db.session.scalars(own).all()
    grants = tuple(Grant("official", "unit", role.scope_id) for role in roles)
    return Actor(user_id=roles[0].user_id, grants=grants)


DISTRICT = "169"  # Huyện Đồng Hỷ, of the letter's province


def add_cluster(now: datetime) -> None:
    """Add the cluster of today's communes on most of the ground of a former district."""
    index, day = unit_index(), local_day(now)
    district = index.find("2024", DISTRICT)
    heirs = index.heirs(district) if district and day >= REFORM else ()
    communes = [one.unit.id for one in heirs if one.likely]
    if district is None or not communes:
        return
    row = Cluster(name=f"{district.name} (cũ, mẫu)", valid_from=day, demo=True)
    db.session.add(row)
    db.session.flush()
    db.session.add_all(ClusterUnit(cluster_id=row.id, unit_id=one) for one in communes)
    db.session.commit()


SIGNER = {"name": "Trần Thị Bình (mẫu)", "titles": ["KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"]}


def make_report(now: datetime, var_dir: Path) -> None:
    """Make and seal the report as the demo's official."""
    official = demo_official()
    data = {"unit": LETTER_PROVINCE, "level": "province", "month": LETTER_MONTH}
    draft = begin_report(official, data, now)
    report = int(draft["id"])
    frozen = freeze_report(official, report, frozenset({str(draft["version"])}), now)
    approve_report(official, report, frozenset({str(frozen["version"])}), SIGNER, now, var_dir)
