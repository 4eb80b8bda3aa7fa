"""Valid requests for the rows of the access matrix about officials' units."""

import itertools
import secrets
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select

from backend.accounts.models import Role
from backend.database.extensions import db
from backend.outreach.models import Outreach
from backend.places.models import Hamlet, Place, PlaceStep
from backend.reports.open_data.service import FOLDER, PACKAGE
from tests.support import people
from tests.support.access.table import CAMPAIGN, LIFT
from tests.support.access.world import World
from tests.support.factories import register
from tests.support.notes import note, post_notes

SEEN = {"headers": {"If-Match": '"1"'}}
WHY = {"reason": "đo trong xưởng"}
LETTERHEAD = {
    "superior": None,
    "agency": "ỦY BAN NHÂN DÂN PHƯỜNG TRƯNG VƯƠNG",
    "symbol": "UBND-VHXH",
    "place": "Thái Nguyên",
    "recipients": ["Sở Thông tin và Truyền thông tỉnh Thái Nguyên"],
    "titles": ["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"],
    "signer": None,
    "copies": ["Như trên", "Lưu: VT"],
    "headings": ["Chỉ đạo", "Kết quả", "Tồn tại", "Nhiệm vụ", "Kiến nghị"],
    "references": [
        "Công văn số 12/STTTT-BCVT ngày 04 tháng 11 năm 2024 của Sở Thông tin và Truyền thông"
    ],
}


TARGET = {
    "level": "commune",
    "network": "fixed",
    "threshold": 200,
    "valid_from": "2024-11-01",
    "valid_to": "2024-11-30",
    "source": "một phép thử",
}


# Targets must not overlap: each one of a test gets its own year, before those of other requests.
YEARS = itertools.cycle(range(1990, 2020))


def _target(world: World) -> dict[str, Any]:
    admin, year = world.admin, next(YEARS)
    own = {**TARGET, "valid_from": f"{year}-01-01", "valid_to": f"{year}-12-31"}
    made = world.client.post("/api/v1/targets", json=own, headers=admin)
    assert made.status_code == 201, made.text
    return {"at": {"target_id": made.json["id"]}, "json": {"threshold": 150}} | SEEN


def _signal(world: World, **scope: int) -> dict[str, Any]:
    made = people.signal(world.app, **scope)
    return {"json": {"signals": [{"id": made}], "state": "explained", "note": "đã hỏi đội"}}


def _exclusion(world: World) -> dict[str, Any]:
    measured = [world.measured(world.stranger)]
    return {"at": {"code": "19"}, "json": {"month": "2024-11", "measurements": measured} | WHY}


def noted(world: World) -> dict[str, Any]:
    """Post a note, and return a request that excludes it."""
    body = note()
    assert post_notes(world.client, register(world.client), body).status_code == 201
    decision = {"month": "2024-11", "notes": [body["id"]], "excluded": True}
    return {"at": {"code": "19"}, "json": decision | {"reason": WHY["reason"]}}


def _excluded(world: World) -> dict[str, Any]:
    url, admin = "/api/v1/units/19/exclusions", world.admin
    made = world.client.post(url, json=_exclusion(world)["json"], headers=admin)
    assert made.status_code == 200, made.text
    return {"at": {"code": "19", "exclusion_id": made.json["id"]}, "json": WHY}


def deputy(world: World) -> dict[str, Any]:
    name = f"{secrets.token_hex(4)}@example.vn"
    people.account(world.app, name)
    until = {"valid_to": "2024-12-15T00:00:00+07:00", "reason": "nghỉ phép"}
    unit = {"system": "2024", "level": "commune", "code": "05443"}
    return {"json": {"name": name, "unit": unit} | until}


def own_deputy(world: World) -> dict[str, Any]:
    """Let the actor lend the area, if it is theirs."""
    return lent(world, world.headers if world.actor == "official" else None)


def lent(world: World, official: dict[str, str] | None = None) -> dict[str, Any]:
    body, official = deputy(world)["json"], official or world.headers_of("official")
    made = world.client.post("/api/v1/deputies", json=body, headers=official)
    assert made.status_code == 201, made.text
    return {"at": {"deputy_id": made.json["id"]}}


def ended(world: World) -> dict[str, Any]:
    """Create a role over a unit that the reform has ended."""
    world.app.extensions["clock"].now = datetime(2025, 7, 2, tzinfo=UTC)
    user = world.user_of(people.person(world.app, "official", world.province))
    assert user is not None
    with world.app.app_context():
        role_id = db.session.scalar(select(Role.id).where(Role.user_id == user.id))
    return {"at": {"role_id": role_id}}


def _published(world: World) -> dict[str, Any]:
    """Create a month of open data without tables."""
    folder = world.app.config["VAR_DIR"] / FOLDER / "2024-11"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PACKAGE).write_text('{"resources": []}')
    return {"at": {"month": "2024-11", "name": PACKAGE}}


OUTREACH = {"kind": "visits", "people": 12, "day": "2024-11-05", "another": True}
OUTREACH_OF_TEAM = f"{CAMPAIGN}/teams/<int:team_id>/outreach"


def _part(world: World) -> dict[str, Any]:
    """Let the team of the leader take part in the campaign."""
    world.take_part(world.campaign, world.team)
    return {}


def activity(
    world: World, data: dict[str, Any] | None = None, *, of_team: bool = False
) -> dict[str, Any]:
    """Store an activity of the commune's office, or of the team, to change or to remove."""
    commune, team, campaign = people.unit_id(world.app, "05443"), world.team, world.campaign
    with world.app.app_context():
        row = Outreach(
            day=date(2024, 11, 4),
            unit_id=commune,
            office_id=None if of_team else commune,
            team_id=team if of_team else None,
            campaign_id=campaign if of_team else None,
            kind="launch",
            audience="residents",
            people=40,
            note="",
        )
        db.session.add(row)
        db.session.commit()
        request = {"at": {"entry_id": row.id}} | SEEN
    return request | ({"json": data} if data else {})


HAMLET = {"name": "Bản Tèn", "unit": "05443", "latitude": 21.6, "longitude": 105.85}


def hamlet(world: World, data: dict[str, Any] | None = None) -> dict[str, Any]:
    """Store a hamlet of the province, to change or to remove."""
    commune = people.unit_id(world.app, "05443")
    with world.app.app_context():
        row = Hamlet(province_id=world.province, unit_id=commune, name=secrets.token_hex(4))
        db.session.add(row)
        db.session.commit()
        request = {"at": {"hamlet_id": row.id}} | SEEN
    return request | ({"json": data} if data else {})


PLACE = {"name": "Đèo Khế", "latitude": 21.6, "longitude": 105.85}


def place(world: World, state: str = "recorded") -> dict[str, Any]:
    """Store a place without coverage of the province."""
    commune = people.unit_id(world.app, "05443")
    with world.app.app_context():
        row = Place(province_id=world.province, unit_id=commune, state=state, **PLACE)
        db.session.add(row)
        db.session.flush()
        numbers = {"notes": 0, "failed_tests": 0, "slow_tests": 0}
        step = {"state": state, "day": date(2024, 11, 4), "correction": False}
        db.session.add(PlaceStep(place_id=row.id, number=1, **step, **numbers))
        db.session.commit()
        return {"at": {"place_id": row.id}}


OFFICIAL_REQUESTS: dict[str, Callable[[World], dict[str, Any]]] = {
    "POST /api/v1/targets": lambda w: {"json": TARGET},
    "PATCH /api/v1/targets/<int:target_id>": _target,
    "PATCH /api/v1/signals": lambda w: _signal(w, campaign_id=w.campaign),
    "PATCH /api/v1/signals (of a unit)": lambda w: _signal(
        w, unit_id=people.unit_id(w.app, "05443")
    ),
    "PUT /api/v1/units/<code>/letterhead": lambda w: {
        "headers": {"If-Match": '"0", "1"'},
        "json": LETTERHEAD,
    },
    "POST /api/v1/deputies": deputy,
    "DELETE /api/v1/deputies/<int:deputy_id>": lent,
    "POST /api/v1/deputies/<int:deputy_id>/renewal": own_deputy,
    "GET /api/v1/units/<code>/measurements/<identity>": lambda w: {
        "at": {"code": "19", "identity": w.measured(w.stranger)}
    },
    "GET /api/v1/odata/<name>": lambda w: {"at": {"name": "Coverage"}},
    "GET /api/v1/odata/<name> (contributions)": lambda w: {"at": {"name": "Contributions"}},
    "GET /api/v1/odata/<name> (samples)": lambda w: {"at": {"name": "Samples"}},
    "GET /api/v1/odata/<name>/$count": lambda w: {"at": {"name": "Units"}},
    "GET /ogc/collections/<name>": lambda w: {"at": {"name": "2024-11-mobile"}},
    "GET /ogc/collections/<name>/items": lambda w: {"at": {"name": "2024-11-mobile"}},
    "GET /ogc/collections/<name>/items/<code>": lambda w: {"at": {"name": "2024-11-mobile"}},
    "GET /api/v1/vnnic": lambda w: {"query_string": {"month": "2024-11", "parent": "19"}},
    "POST /api/v1/units/<code>/vnnic": lambda w: {
        "at": {"code": "19"},
        "json": {"month": "2024-11", "level": "province", "state": "published"},
    },
    "GET /api/v1/units/<code>/steering": lambda w: {"at": {"code": "19"}},
    "POST /api/v1/units/<code>/steering": lambda w: {
        "at": {"code": "19"},
        "json": {"network": "mobile", "steered_by": "vnnic"},
    },
    "POST /api/v1/units/<code>/outreach": lambda w: {"json": OUTREACH},
    f"GET {OUTREACH_OF_TEAM}": lambda w: _part(w),
    f"POST {OUTREACH_OF_TEAM}": lambda w: {**_part(w), "json": OUTREACH | {"unit": "05443"}},
    "PUT /api/v1/outreach/<int:entry_id>": lambda w: activity(w, OUTREACH),
    "PUT /api/v1/outreach/<int:entry_id> (of a team)": lambda w: activity(
        w, OUTREACH | {"unit": "05443"}, of_team=True
    ),
    "DELETE /api/v1/outreach/<int:entry_id>": lambda w: activity(w),
    "GET /api/v1/units/<code>/hamlets": lambda w: {"at": {"code": "19"}},
    "POST /api/v1/units/<code>/hamlets": lambda w: {
        "at": {"code": "19"},
        "json": HAMLET | {"name": secrets.token_hex(4)},
    },
    "PUT /api/v1/hamlets/<int:hamlet_id>": lambda w: hamlet(
        w, HAMLET | {"name": secrets.token_hex(4)}
    ),
    "DELETE /api/v1/hamlets/<int:hamlet_id>": lambda w: hamlet(w),
    "GET /api/v1/units/<code>/places": lambda w: {"at": {"code": "19"}},
    "POST /api/v1/units/<code>/places": lambda w: {"at": {"code": "19"}, "json": PLACE},
    "GET /api/v1/units/<code>/places/proposals": lambda w: {"at": {"code": "19"}},
    "GET /api/v1/places": lambda w: {"query_string": {"unit": "19"}},
    "PUT /api/v1/places/<int:place_id>/publication": lambda w: (
        place(w, "sent") | {"headers": {"If-Match": '"1"'}, "json": {"published": True}}
    ),
    "GET /api/v1/places/<int:place_id>": place,
    "POST /api/v1/places/<int:place_id>/steps": lambda w: (
        place(w) | SEEN | {"json": {"state": "sent"}}
    ),
    "POST /api/v1/vnnic/import": lambda w: {
        "query_string": {"month": "2024-11", "dry_run": "false"},
        "data": "Mã xã,Số mẫu\n05443,310\n",
        "content_type": "text/csv",
    },
    "POST /api/v1/units/<code>/exclusions": _exclusion,
    "GET /api/v1/units/<code>/no-connection-notes": lambda w: {"at": {"code": "19"}},
    "POST /api/v1/units/<code>/no-connection-notes/exclusions": noted,
    f"POST {LIFT}": _excluded,
    "GET /open-data/<month>/<name>": _published,
}
