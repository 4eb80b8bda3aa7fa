"""Valid forms of admins' pages for the access matrix."""

import io
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select

from backend.accounts.models import Role
from backend.database.extensions import db
from backend.devices.models import Notice
from backend.doors.webhooks.models import Webhook
from backend.events.feed import KINDS
from backend.jobs.models import Job
from backend.measurements.recording.models import WithdrawalRequest
from tests.support import people
from tests.support.access.requests_officials import OFFICIAL_REQUESTS, ended
from tests.support.access.table_admin import ADMIN_PAGES
from tests.support.access.world import World
from tests.support.people import LONG_AGO

TARGET_FORM = {
    "level": "commune", "network": "fixed", "purpose": "target", "threshold": "1.200",
    "basis": "counted", "valid_from": "2020-01-01", "valid_to": "2020-12-31",
    "source": "một phép thử",
}  # fmt: skip


def _person(world: World) -> dict[str, Any]:
    """Create a person with a role over the team."""
    name = f"{secrets.token_hex(4)}@example.vn"
    user = people.account(world.app, name, "team_leader", world.team)
    with world.app.app_context():
        role_id = db.session.scalar(select(Role.id).where(Role.user_id == user))
    return {"at": {"user_id": user, "role_id": role_id}}


def _object_of(world: World, row: str) -> dict[str, Any]:
    """Return the object of a row of the API."""
    return {"at": OFFICIAL_REQUESTS[row](world)["at"]}


def _target(world: World) -> dict[str, Any]:
    return _object_of(world, "PATCH /api/v1/targets/<int:target_id>")


def _withdrawal(world: World) -> dict[str, Any]:
    with world.app.app_context():
        row = WithdrawalRequest(channel="letter", received_at=LONG_AGO)
        db.session.add(row)
        db.session.commit()
        return {"at": {"request_id": row.id}, "data": {"step": "done"}}


def _failed(world: World) -> dict[str, Any]:
    columns = {"asked_by": "user:1", "asked_at": LONG_AGO, "arguments": {"name": "x"}}
    with world.app.app_context():
        job = Job(kind="check_set", state="failed", **columns)
        db.session.add(job)
        db.session.commit()
        return {"at": {"job_id": job.id}}


def _ended(kind: str, **result: Any) -> Callable[[World], dict[str, Any]]:
    """Return a function that creates a finished job with its result."""

    def made(world: World) -> dict[str, Any]:
        arguments = {"name": "x", "month": "2024-11", "dry_run": True}
        columns = {"asked_by": "user:1", "asked_at": LONG_AGO, "ended_at": LONG_AGO}
        with world.app.app_context():
            job = Job(kind=kind, state="done", arguments=arguments, result=result, **columns)
            db.session.add(job)
            db.session.commit()
            return {"at": {"job_id": job.id}}

    return made


def _set(world: World) -> dict[str, Any]:
    """Return a form with an empty GeoJSON file, which only the job rejects."""
    content = b'{"type": "FeatureCollection", "features": []}'
    typed = {"name": secrets.token_hex(4), "quality": "derived", "valid_from": "2024-11-01"}
    return {"data": typed | {"file": (io.BytesIO(content), "x.geojson")}}


def webhook(world: World) -> dict[str, Any]:
    """Create a webhook, which nothing is sent to."""
    row = Webhook(url="https://example.vn", kinds=list(KINDS), salt=b"x", cursor=0)
    row.created_at = LONG_AGO
    with world.app.app_context():
        db.session.add(row)
        db.session.commit()
        return {"at": {"webhook_id": row.id}}


def notice(world: World) -> dict[str, Any]:
    """Create a notice, which no phone gets."""
    row = Notice(text="Bảo trì", sent_at=LONG_AGO, until=datetime.fromisoformat(SOON), user_id=1)
    with world.app.app_context():
        db.session.add(row)
        db.session.commit()
        return {"at": {"notice_id": row.id}}


def cluster(world: World) -> dict[str, Any]:
    """Create a cluster of communes."""
    return {"at": {"cluster_id": people.cluster(world.app, ("05443", "05452"))}}


SOON = "2030-01-01T00:00:00+07:00"
TRIED = {
    "month": "2024-11", "activation": 99, "would_move": 0, "final": 0, "units": [], "all_units": 0,
    "reached": [],
}  # fmt: skip
CHECKED = {"report": "", "units": 1, "kinds": {}, "forbidden": 0}

ADMIN_REQUESTS: dict[str, Callable[[World], dict[str, Any]]] = {
    "POST /admin/jobs/<kind>": lambda w: {
        "at": {"kind": "reassign"},
        "data": {"first": "2024-11-01", "last": "2024-11-30"},
    },
    "POST /admin/jobs/<int:job_id>/again": _failed,
    "POST /admin/webhooks": lambda w: {"data": {"url": "https://example.vn"}},
    "GET /admin/webhooks/<int:webhook_id>": webhook,
    "POST /admin/webhooks/<int:webhook_id>": lambda w: webhook(w) | {"data": {"act": "disable"}},
    "POST /api/v1/webhooks": lambda w: {"json": {"url": "https://example.vn"}},
    "GET /api/v1/webhooks/<int:webhook_id>": webhook,
    "PATCH /api/v1/webhooks/<int:webhook_id>": lambda w: webhook(w) | {"json": {"enabled": True}},
    "POST /api/v1/webhooks/<int:webhook_id>/replay": lambda w: webhook(w) | {"json": {"after": 0}},
    "POST /api/v1/webhooks/<int:webhook_id>/secret": webhook,
    "DELETE /api/v1/webhooks/<int:webhook_id>": webhook,
    "POST /admin/sets": _set,
    "GET /admin/checks/<int:job_id>": _ended("check_set", **CHECKED),
    "GET /admin/sets/tried/<int:job_id>": _ended("try_set", **TRIED),
    "POST /admin/sets/tried/<int:job_id>": _ended("try_set", **TRIED),
    "POST /admin/people": lambda w: {
        "data": {"person": f"{secrets.token_hex(4)}@example.vn", "role": "admin"}
    },
    **{row: _person for row in ADMIN_PAGES if "<int:user_id>" in row},
    "POST /admin/people/<int:user_id>": lambda w: (
        _person(w) | {"data": {"role": "organiser", "organisation_id": w.organisation}}
    ),
    "POST /admin/people/officials": lambda w: {
        "data": {"officials": f"Tỉnh Thái Nguyên\t\t{secrets.token_hex(4)}@example.vn"}
    },
    "GET /admin/people/officials/list.xlsx": lambda w: {"query_string": {"home": "19"}},
    "POST /admin/succession/<int:role_id>": lambda w: (
        ended(w) | {"data": {"level": "province", "units": ["19"]}}
    ),
    "POST /admin/organisations": lambda w: {"data": {"name": "Sở", "type": "department"}},
    "POST /admin/organisations/<int:organisation_id>/end": lambda w: {
        "data": {"version": "1", "sure": "yes"}
    },
    "POST /admin/clusters": lambda w: {
        "data": {"name": secrets.token_hex(4), "communes": "05443\n05452"}
    },
    "POST /admin/clusters/<int:cluster_id>/end": lambda w: cluster(w) | {"data": {"sure": "yes"}},
    "POST /admin/targets": lambda w: {"data": TARGET_FORM},
    "GET /admin/targets/<int:target_id>": _target,
    "POST /admin/targets/<int:target_id>": lambda w: (
        _target(w) | {"data": TARGET_FORM | {"version": "1"}}
    ),
    "POST /admin/notices": lambda w: {"data": {"text": "Bảo trì", "until": "2030-01-01"}},
    "POST /admin/notices/<int:notice_id>/end": notice,
    "POST /admin/withdrawals": lambda w: {
        "data": {"channel": "letter", "received_on": "2024-11-18"}
    },
    "POST /admin/withdrawals/<int:request_id>": _withdrawal,
}
