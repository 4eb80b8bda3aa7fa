"""Valid requests for the rows of the access matrix."""

import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
from sqlalchemy import select
from werkzeug.test import TestResponse

from backend.accounts.models import OfficeIdentity, OneTimeLink, PersonalToken, Role, User
from backend.accounts.second_factor import encrypt
from backend.accounts.sessions import secret_hash
from backend.database.extensions import db
from backend.web.maps.basemap import basemap_path
from backend.web.maps.tiles import tiles_path
from tests.support import people, speed_tests
from tests.support.access.requests_admin import ADMIN_REQUESTS
from tests.support.access.requests_campaigns import CAMPAIGN_REQUESTS
from tests.support.access.requests_desk import DESK_REQUESTS
from tests.support.access.requests_officials import OFFICIAL_REQUESTS
from tests.support.access.requests_pages import PAGE_REQUESTS
from tests.support.access.requests_reports import REPORT_REQUESTS
from tests.support.access.table import BY_SESSION, CODE, MEMBERSHIP, endpoint
from tests.support.access.table_pages import PAGES
from tests.support.access.world import PASSWORD, World, hashed_password
from tests.support.factories import sample
from tests.support.notes import note
from tests.support.speed_tests import sign_ticket

CONSENT = {"accepted": True, "version": "4", "accepted_at": "2024-11-01T08:00:00+07:00"}
ABSENT = "900000000"
SEEN = {"headers": {"If-Match": '"1"'}}
ORGANISATION = {"name": "Huyện Đoàn", "type": "youth_union"}
NOVEMBER = {
    "name": "Tháng ba",
    "first_day": "2024-11-01",
    "last_day": "2024-11-30",
    "areas": [{"system": "2024", "level": "province", "code": "19"}],
}
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
HERE = {"latitude": 21.5942, "longitude": 105.8482}


def send_request(world: World, row: str, *, nowhere: bool = False) -> TestResponse:
    """Send the request of a row of the matrix; `nowhere`: with ids that do not exist."""
    return world.client.open(**prepare_request(world, row, nowhere=nowhere), buffered=True)


def prepare_request(world: World, row: str, *, nowhere: bool = False) -> dict[str, Any]:
    """Return the request of a row as arguments of the client, and prepare what it needs."""
    method, path = endpoint(row)
    request = dict(REQUESTS.get(row, REQUESTS.get(f"{method} {path}", lambda world: {}))(world))
    request.pop("made", None)
    at = request.pop("at", {})
    own = world.page_headers() if row in BY_SESSION and world.by_session else world.headers
    headers = own | request.pop("headers", {})
    filled = re.sub(
        r"<(?:[^<>]+:)?(\w+)>",
        lambda part: ABSENT if nowhere else str(at.get(part[1]) or world.place(part[1])),
        path,
    )
    return request | {"path": filled, "method": method, "headers": headers}


def _started_test(world: World) -> str:
    return speed_tests.start(world.client, sign_ticket(world.app))


def _ended_download(world: World) -> dict[str, Any]:
    test = _started_test(world)
    nonce = speed_tests.download(world.client, test, 100)
    return {"query_string": {"test": test, "nonce": nonce}}


def _withdrawal(world: World) -> dict[str, Any]:
    registered = world.client.post("/api/v1/devices", json={"consent": CONSENT}).json
    return {"json": {"withdrawal_code": registered["withdrawal_code"]}}


def _sign_in(world: World) -> dict[str, Any]:
    name = f"{secrets.token_hex(4)}@example.vn"
    people.person(world.app, name=name, password_hash=hashed_password())
    return {"json": {"name": name, "password": PASSWORD}}


def _invited(world: World) -> dict[str, Any]:
    secret, now = secrets.token_urlsafe(32), world.app.extensions["clock"]()
    user = world.user_of(people.person(world.app))
    assert user is not None
    link = {"user_id": user.id, "created_at": now, "expires_at": now + timedelta(days=1)}
    with world.app.app_context():
        db.session.add(OneTimeLink(secret_hash=secret_hash(secret), purpose="invitation", **link))
        db.session.commit()
    return {"json": {"secret": secret, "password": PASSWORD}}


def _enrolling(world: World) -> dict[str, Any]:
    """Prepare the enrolment of a second factor; return its first code."""
    user = world.user_of(world.headers)
    if user is not None:
        with world.app.app_context():
            sealed = encrypt(SECRET, user.id, world.app.config["SECRET_KEY"])
            db.session.get_one(User, user.id).totp_pending = sealed
            db.session.commit()
    code = pyotp.TOTP(SECRET).at(world.app.extensions["clock"]())
    return {"json": {"code": code}}


def _token_of(world: World, headers: dict[str, str]) -> dict[str, Any]:
    """Return the id of a person's token, of another person's if nobody signs in."""
    user = world.user_of(headers) or world.user_of(people.person(world.app))
    assert user is not None
    with world.app.app_context():
        tokens = select(PersonalToken.id).where(PersonalToken.user_id == user.id)
        return {"at": {"token_id": db.session.scalar(tokens)}}


def _identity_of(world: World, headers: dict[str, str]) -> dict[str, Any]:
    """Link an account at a provider with a person, with another one if nobody signs in."""
    user = world.user_of(headers) or world.user_of(people.person(world.app))
    assert user is not None
    identity = OfficeIdentity(
        issuer="https://sso.example.vn", subject=secrets.token_hex(4), user_id=user.id,
        created_at=people.LONG_AGO, signed_in_at=people.LONG_AGO,
    )  # fmt: skip
    with world.app.app_context():
        db.session.add(identity)
        db.session.commit()
        at = {"identity_id": identity.id}
    return {"at": at, "json": {"password": PASSWORD}}


def _person(world: World) -> dict[str, Any]:
    """Create a person who has accepted an invitation."""
    user = world.user_of(people.person(world.app, password_hash=hashed_password()))
    return {"at": {"user_id": user and user.id}}


def _other_team(world: World) -> dict[str, Any]:
    return {"at": {"team_id": world.other_team}}


def _draft(world: World) -> dict[str, Any]:
    return {"at": {"campaign_id": world.draft}}


def _coded(world: World) -> dict[str, Any]:
    return {"made": world.code(world.team)}


def _invitation(role: str, scope: int | None) -> dict[str, Any]:
    roles = [{"role": role} | ({} if scope is None else {"scope_id": scope})]
    return {"json": {"name": f"{secrets.token_hex(4)}@example.vn", "roles": roles}}


def _role(world: World, role: str, scope: int) -> dict[str, Any]:
    user = world.user_of(people.person(world.app, role, scope))
    assert user is not None
    with world.app.app_context():
        role_id = db.session.scalar(select(Role.id).where(Role.user_id == user.id))
    return {"at": {"user_id": user.id, "role_id": role_id}}


def _tiles(world: World) -> dict[str, Any]:
    """Create an empty file of tiles."""
    digest = "0" * 64
    folder = world.app.config["VAR_DIR"] / "tiles"
    folder.mkdir(exist_ok=True)
    for path in (tiles_path(folder, digest), basemap_path(folder, digest)):
        path.write_bytes(b"PMTiles")
    return {"at": {"digest": digest}}


def _guide(world: World) -> dict[str, Any]:
    return {"at": {"name": "nguoi-do", "file": "do.webp"}}


# Parts of a request: `made` was created before, `at` is for the path, the rest for the client.
REQUESTS: dict[str, Callable[[World], dict[str, Any]]] = {
    **PAGE_REQUESTS,
    **ADMIN_REQUESTS,
    **DESK_REQUESTS,
    **CAMPAIGN_REQUESTS,
    **OFFICIAL_REQUESTS,
    **REPORT_REQUESTS,
    "GET /j/<code>": lambda w: {"at": {"code": "ACDEFGHJ"}},
    **{row: _guide for row in PAGES if "/huong-dan/" in row or "/guide/" in row},
    "GET /documents/<name>.md": lambda w: {"at": {"name": "operator"}},
    "GET /do/down": lambda w: {"query_string": {"bytes": 0}},
    "POST /do/up": lambda w: {"data": b"0" * 1000},
    "POST /do/tests": lambda w: {"json": {"ticket": sign_ticket(w.app)}},
    "POST /do/down/end": _ended_download,
    "POST /do/tests/end": lambda w: {"query_string": {"test": _started_test(w)}},
    **{
        row: lambda w: {"at": {"token": "unknown", "name": "coverageRequest"}, "json": {}}
        for row in PAGES
        if row.startswith("POST /rmbt/")
    },
    "POST /RMBTControlServer/<name>": lambda w: {"at": {"name": "settings"}, "json": {}},
    "GET /api/v1/units/search": lambda w: {"query_string": {"q": "phu luong"}},
    "POST /api/v1/units/locate": lambda w: {"json": HERE},
    "GET /table.csv": lambda w: {"query_string": {"month": "2024-11", "level": "province"}},
    "GET /map/figures": lambda w: {"query_string": {"month": "2024-11"}},
    "GET /map/tiles/<digest>.pmtiles": _tiles,
    "GET /map/base/<digest>.pmtiles": _tiles,
    "GET /api/v1/coverage": lambda w: {"query_string": {"month": "2024-11", "level": "province"}},
    "GET /api/v1/alerts": lambda w: {"query_string": {"level": "province"}},
    "GET /api/v1/statistics": lambda w: {"query_string": {"month": "2024-11"}},
    "GET /api/v1/units/<code>/comparison": lambda w: {
        "at": {"code": "05443"},
        "query_string": {"download_mbps": "40"},
    },
    "GET /api/v1/units/<code>/statistics": lambda w: {"query_string": {"month": "2024-11"}},
    "GET /api/v1/units/<code>/hours": lambda w: {"query_string": {"month": "2024-11"}},
    "GET /api/v1/units/<code>/cells": lambda w: {"query_string": {"month": "2024-11"}},
    "GET /api/v1/no-connection": lambda w: {"query_string": {"month": "2024-11"}},
    "GET /api/v1/units/<code>/no-connection": lambda w: {"query_string": {"month": "2024-11"}},
    "POST /api/v1/devices": lambda w: {"json": {"consent": CONSENT}},
    "POST /api/v1/devices/me/notices/<int:notice_id>/read": lambda w: {"at": {"notice_id": 1}},
    "POST /api/v1/withdrawals": _withdrawal,
    "POST /api/v1/withdrawals/effects": _withdrawal,
    "POST /api/v1/devices/me/consents": lambda w: {"json": {"consent": CONSENT}},
    "POST /api/v1/tests": lambda w: {"json": {"profile": "small"}},
    "POST /api/v1/measurements": lambda w: {"json": sample()},
    "GET /api/v1/measurements/<identity>": lambda w: {"at": {"identity": w.measured(w.device())}},
    "GET /api/v1/measurements/<identity> (another's)": lambda w: {
        "at": {"identity": w.measured(w.stranger)}
    },
    "POST /api/v1/no-connection-notes": lambda w: {"json": note()},
    "POST /api/v1/measurements/check": lambda w: {"json": {"ids": []}},
    "GET /api/v1/next": lambda w: {"query_string": HERE},
    "POST /api/v1/organisations": lambda w: {"json": ORGANISATION},
    "POST /api/v1/organisations (below the organiser's)": lambda w: {
        "json": ORGANISATION | {"parent_id": w.organisation}
    },
    "PATCH /api/v1/organisations/<int:organisation_id>": lambda w: (
        SEEN | {"json": {"name": "Đoàn"}}
    ),
    "DELETE /api/v1/organisations/<int:organisation_id>": lambda w: SEEN | {"made": w.team},
    "POST /api/v1/organisations/<int:organisation_id>/teams": lambda w: {
        "json": {"name": "Đội 3", "type": "youth"}
    },
    "GET /api/v1/teams/<int:team_id> (not the leader's)": _other_team,
    "PATCH /api/v1/teams/<int:team_id>": lambda w: SEEN | {"json": {"name": "Đội 3"}},
    "PATCH /api/v1/teams/<int:team_id> (capacity)": lambda w: (
        SEEN | {"json": {"capacity_per_day": 5}}
    ),
    "PATCH /api/v1/teams/<int:team_id> (not the leader's)": lambda w: (
        SEEN | {"json": {"name": "Đội 3"}} | _other_team(w)
    ),
    "DELETE /api/v1/teams/<int:team_id>": lambda w: SEEN,
    "GET /api/v1/teams/<int:team_id>/members (not the leader's)": _other_team,
    "POST /api/v1/campaigns": lambda w: {"json": NOVEMBER | {"organisation_id": w.organisation}},
    "GET /api/v1/campaigns/<int:campaign_id> (draft)": _draft,
    "PATCH /api/v1/campaigns/<int:campaign_id>": lambda w: SEEN | {"json": {"target": 50}},
    "PATCH /api/v1/campaigns/<int:campaign_id> (draft)": lambda w: (
        SEEN | {"json": {"target": 50}} | _draft(w)
    ),
    "DELETE /api/v1/campaigns/<int:campaign_id>": lambda w: SEEN,
    "DELETE /api/v1/campaigns/<int:campaign_id> (draft)": lambda w: SEEN | _draft(w),
    f"POST {CODE}": lambda w: {"json": {}},
    f"POST {CODE} (draft)": lambda w: {"json": {}} | _draft(w),
    f"GET {CODE}": _coded,
    f"GET {CODE} (not the leader's)": lambda w: _other_team(w) | {"made": w.code(w.other_team)},
    "POST /api/v1/join-codes/check": lambda w: {"json": {"code": w.code(w.team)}},
    "POST /api/v1/memberships": lambda w: {"json": {"code": w.code(w.team)}},
    f"DELETE {MEMBERSHIP}": lambda w: {"at": {"membership_id": w.joined(w.device())}},
    f"DELETE {MEMBERSHIP} (another's)": lambda w: {"at": {"membership_id": w.joined(w.stranger)}},
    "PATCH /api/v1/volunteers/me": lambda w: {
        "made": w.joined(w.device()),
        "json": {"display_name": "Lan", "agreed": True},
    },
    "POST /api/v1/passes": lambda w: {"made": w.joined(w.device()), "json": {"kind": "move"}},
    "POST /api/v1/passes/check": lambda w: {"json": {"code": w.shown_pass()}},
    "POST /api/v1/passes/use": lambda w: {"json": {"code": w.shown_pass(), "transfer": True}},
    "POST /api/v1/sessions": _sign_in,
    "POST /api/v1/invitations/accept": _invited,
    "PATCH /api/v1/account/password": lambda w: {
        "json": {"old": PASSWORD, "new": f"{PASSWORD} hơn"}
    },
    "PATCH /api/v1/account/name": lambda w: {
        "json": {"name": f"{secrets.token_hex(4)}@example.vn", "password": PASSWORD}
    },
    "POST /api/v1/account/totp": lambda w: {"json": {"password": PASSWORD}},
    "POST /api/v1/account/recovery-codes": lambda w: {"json": {"password": PASSWORD}},
    "POST /api/v1/account/totp/confirm": _enrolling,
    "DELETE /api/v1/account/totp": lambda w: {"json": {"password": PASSWORD}},
    "DELETE /api/v1/account": lambda w: {"json": {"password": PASSWORD}},
    "POST /api/v1/account/identities": lambda w: {"json": {"password": PASSWORD}},
    "DELETE /api/v1/account/identities/<int:identity_id>": lambda w: _identity_of(w, w.headers),
    "DELETE /api/v1/account/identities/<int:identity_id> (another's)": lambda w: _identity_of(
        w, {}
    ),
    "POST /api/v1/account/password": lambda w: {"json": {"password": PASSWORD}},
    "POST /api/v1/account/tokens": lambda w: {"json": {"name": "máy tính ở Sở"}},
    "DELETE /api/v1/account/tokens/<int:token_id>": lambda w: _token_of(w, w.headers),
    "DELETE /api/v1/account/tokens/<int:token_id> (another's)": lambda w: _token_of(w, {}),
    "POST /api/v1/users/<int:user_id>/password-link": _person,
    "POST /api/v1/users/<int:user_id>/confirmation": _person,
    "POST /api/v1/invitations": lambda w: _invitation("team_leader", w.team),
    "POST /api/v1/invitations (of an organiser)": lambda w: _invitation(
        "organiser", w.organisation
    ),
    "POST /api/v1/invitations (of an admin)": lambda w: _invitation("admin", None),
    "POST /api/v1/users/<int:user_id>/roles": lambda w: (
        _person(w) | {"json": {"role": "team_leader", "scope_id": w.team}}
    ),
    "POST /api/v1/users/<int:user_id>/roles (of an official)": lambda w: (
        _person(w) | {"json": {"role": "official", "scope_id": w.province}}
    ),
    "DELETE /api/v1/users/<int:user_id>/roles/<int:role_id>": lambda w: _role(
        w, "team_leader", w.team
    ),
    "DELETE /api/v1/users/<int:user_id>/roles/<int:role_id> (of an organiser)": lambda w: _role(
        w, "organiser", w.organisation
    ),
}
