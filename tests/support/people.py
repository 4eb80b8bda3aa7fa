"""Factories of rows: people, organisations, teams, campaigns."""

import secrets
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from flask import Flask, current_app
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import Range

from backend.accounts.models import AuditEntry, PersonalToken, Role, User
from backend.accounts.passwords import hash_password
from backend.accounts.second_factor import encrypt
from backend.accounts.sessions import TOKEN_PREFIX, secret_hash
from backend.campaigns.models import Campaign, CampaignArea, JoinCode, Team
from backend.coverage.signals.models import Signal
from backend.database.extensions import db
from backend.devices.models import Device
from backend.devices.service import authenticate
from backend.memberships.join_codes import new_code
from backend.memberships.models import DeviceLink, Membership, Volunteer
from backend.organisations.models import Cluster, ClusterUnit, Organisation
from backend.units.models import Unit

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
LATER = datetime(2024, 11, 10, tzinfo=UTC)
SCOPES = {
    "team_leader": "team", "organiser": "organisation", "official": "unit", "observer": "system",
    "admin": "system",
}  # fmt: skip


def person(
    app: Flask,
    role: str | None = None,
    scope: int | None = None,
    scopes: tuple[str, ...] = ("read", "write"),
    kind: str | None = None,
    **changes: Any,
) -> dict[str, str]:
    """Create a person with at most one role; return the headers of their token."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with app.app_context():
        # These roles count only with a second factor.
        needed = role in ("admin", "observer")
        second = {"totp_secret": "JBSWY3DPEHPK3PXP"} if needed else {}
        fields = {"name": f"{secrets.token_hex(4)}@example.vn", "confirmed_at": LONG_AGO}
        user = User(**{**fields, **second, **changes})
        db.session.add(user)
        db.session.flush()
        _seal(user)
        if role:
            kind = kind or SCOPES[role]
            granted = Role(role=role, scope_kind=kind, scope_id=scope, valid_from=LONG_AGO)
            granted.user_id = user.id
            db.session.add(granted)
        db.session.add(
            PersonalToken(
                user_id=user.id,
                name="test",
                token_hash=secret_hash(token),
                scopes=list(scopes),
                created_at=LONG_AGO,
            )
        )
        db.session.commit()
    return {"Authorization": f"Bearer {token}"}


def _seal(user: User) -> None:
    if user.totp_secret:
        user.totp_secret = encrypt(user.totp_secret, user.id, current_app.config["SECRET_KEY"])


PASSWORD = "nắng sớm bên sông"


@cache
def password_hash() -> str:
    """Return the hash of PASSWORD, computed once: hashing is slow by design."""
    return hash_password(PASSWORD)


def account(app: Flask, name: str, role: str | None = None, scope: int | None = None,
            **changes: Any) -> int:  # fmt: skip
    """Create a person who signs in with PASSWORD; return their id."""
    fields = {"name": name, "password_hash": password_hash(), "confirmed_at": LONG_AGO, **changes}
    with app.app_context():
        user = User(**fields)
        db.session.add(user)
        db.session.flush()
        _seal(user)
        made = user.id
        db.session.commit()
    if role:
        grant(app, made, role, scope)
    return made


def grant(app: Flask, user_id: int, role: str, scope: int | None = None) -> None:
    """Give a person a role."""
    given = Role(role=role, scope_kind=SCOPES[role], scope_id=scope, valid_from=LONG_AGO)
    given.user_id = user_id
    _add(app, given)


def sign_in(client: FlaskClient, name: str, **changes: Any) -> dict[str, str]:
    """Sign in; return the CSRF header that a page sends with its cookie."""
    answer = client.post("/api/v1/sessions", json={"name": name, "password": PASSWORD, **changes})
    assert answer.status_code == 200, answer.text
    return {"X-CSRF-Token": answer.json["csrf_token"]}


def unit_id(app: Flask, code: str, system: str = "2024", level: str = "commune") -> int:
    """Return the id of a unit."""
    with app.app_context():
        found = db.session.query(Unit.id).filter_by(code=code, system=system, level=level).one()
        return int(found[0])


def organisation(app: Flask, name: str = "Tỉnh Đoàn Thái Nguyên", **changes: Any) -> int:
    return _add(app, Organisation(**{"name": name, "type": "youth_union", **changes}))


def team(app: Flask, organisation_id: int, name: str = "Đội 1", **changes: Any) -> int:
    fields = {"organisation_id": organisation_id, "name": name, "type": "youth", **changes}
    return _add(app, Team(**fields))


def take_part(app: Flask, campaign_id: int, *team_ids: int) -> None:
    """Give teams a join code in a campaign."""
    with app.app_context():
        for team_id in team_ids:
            code = new_code()
            db.session.add(
                JoinCode(code=code, campaign_id=campaign_id, team_id=team_id, created_at=LONG_AGO)
            )
        db.session.commit()


def campaign(app: Flask, organisation_id: int, *areas: int, **changes: Any) -> int:
    """Create an open campaign of November 2024 over units, mobile only by default."""
    fields: dict[str, Any] = {
        "organisation_id": organisation_id,
        "name": "Tháng thanh niên đo mạng",
        "first_day": date(2024, 11, 1),
        "last_day": date(2024, 11, 30),
        "networks": ["mobile"],
        "state": "open",
        **changes,
    }
    made = _add(app, Campaign(**fields))
    with app.app_context():
        db.session.add_all([CampaignArea(campaign_id=made, unit_id=unit) for unit in areas])
        db.session.commit()
    return made


def cluster(app: Flask, codes: tuple[str, ...], **changes: Any) -> int:
    """Create a cluster of communes of 2024, valid as long as they are."""
    units = [unit_id(app, code) for code in codes]
    span = {"valid_from": LONG_AGO.date(), "valid_to": date(2025, 6, 30)}
    fields = {"name": "Cụm xã", **span, **changes}
    made = _add(app, Cluster(**fields))
    with app.app_context():
        db.session.add_all([ClusterUnit(cluster_id=made, unit_id=unit) for unit in units])
        db.session.commit()
    return made


def signal(app: Flask, **scope: int) -> int:
    """Create a signal of November 2024, of a campaign_id or unit_id."""
    evidence = {
        "devices": 1,
        "measurements": 6,
        "first_day": "2024-11-05",
        "last_day": "2024-11-05",
        "facts": {"share": 0.5},
    }
    row = Signal(kind="mock_share", month="2024-11", subject=secrets.token_hex(16), **scope)
    row.evidence, row.found_at = evidence, LONG_AGO
    return _add(app, row)


def _add(app: Flask, row: Any) -> int:
    with app.app_context():
        db.session.add(row)
        db.session.commit()
        return int(row.id)


def add_membership(
    app: Flask,
    headers: dict[str, str],
    campaign_id: int,
    team_id: int,
    since: datetime,
    until: datetime | None = None,
) -> int:
    """Add a device's volunteer, created if needed, to a team for a span; return their id."""
    with app.app_context():
        device = authenticate(headers["Authorization"].split()[1], since).id
        link = db.session.query(DeviceLink).filter_by(device_id=device).one_or_none()
        if link is None:
            volunteer = Volunteer()
            db.session.add(volunteer)
            db.session.flush()
            link = DeviceLink(
                device_id=device, volunteer_id=volunteer.id, period=Range(LONG_AGO, None)
            )
            db.session.add(link)
            db.session.execute(update(Device).where(Device.id == device).values(joined=True))
        db.session.add(
            Membership(
                volunteer_id=link.volunteer_id,
                campaign_id=campaign_id,
                team_id=team_id,
                period=Range(since, until),
            )
        )
        db.session.commit()
        return int(link.volunteer_id)


def if_match(headers: dict[str, str], version: int = 1) -> dict[str, str]:
    """Return headers with the expected version."""
    return {**headers, "If-Match": f'"{version}"'}


def audit_entries(app: Flask, subject: str) -> list[tuple[str, dict[str, Any]]]:
    """Return acts and details of the audit log about a subject, in order."""
    with app.app_context():
        rows = db.session.query(AuditEntry).filter_by(subject=subject).order_by(AuditEntry.id)
        return [(row.act, row.details) for row in rows]
