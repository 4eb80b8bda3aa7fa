"""People, organisations, teams and campaigns for tests: plain functions that make valid rows."""

import secrets
from datetime import UTC, date, datetime
from typing import Any

from flask import Flask

from backend.accounts.models import PersonalToken, Role, User
from backend.accounts.signing import TOKEN_PREFIX, secret_hash
from backend.campaigns.models import Campaign, CampaignArea, Organisation, Team
from backend.extensions import db
from backend.units.models import Unit

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
SCOPES = {"team_leader": "team", "organiser": "organisation", "official": "unit", "admin": "system"}


def person(
    app: Flask, role: str | None = None, scope: int | None = None, **changes: Any
) -> dict[str, str]:
    """A person with at most one role; the headers of a program that acts for them."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with app.app_context():
        user = User(name=f"{secrets.token_hex(4)}@example.vn", **changes)
        db.session.add(user)
        db.session.flush()
        if role:
            kind = SCOPES[role]
            held = Role(role=role, scope_kind=kind, scope_id=scope, valid_from=LONG_AGO)
            held.user_id = user.id
            db.session.add(held)
        db.session.add(
            PersonalToken(
                user_id=user.id,
                name="test",
                token_hash=secret_hash(token),
                scopes=["read", "write"],
                created_at=LONG_AGO,
            )
        )
        db.session.commit()
    return {"Authorization": f"Bearer {token}"}


def unit_id(app: Flask, code: str, system: str = "2024", level: str = "commune") -> int:
    """The row of a unit."""
    with app.app_context():
        found = db.session.query(Unit.id).filter_by(code=code, system=system, level=level).one()
        return int(found[0])


def organisation(app: Flask, name: str = "Tỉnh Đoàn Thái Nguyên", **changes: Any) -> int:
    return _add(app, Organisation(**{"name": name, "type": "youth_union", **changes}))


def team(app: Flask, organisation_id: int, name: str = "Đội 1", **changes: Any) -> int:
    fields = {"organisation_id": organisation_id, "name": name, "type": "youth", **changes}
    return _add(app, Team(**fields))


def campaign(app: Flask, organisation_id: int, *areas: int, **changes: Any) -> int:
    """An open campaign of November 2024 over the given units, mobile only unless told."""
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


def _add(app: Flask, row: Any) -> int:
    with app.app_context():
        db.session.add(row)
        db.session.commit()
        return int(row.id)
