"""Valid requests about reports for the access matrix."""

import json
from collections.abc import Callable
from typing import Any

from backend.database.extensions import db
from backend.measurements.recording.models import DemoMonth
from backend.reports.collector.collecting import take
from backend.reports.collector.service import add_source
from backend.reports.monthly.models import ReportRow
from tests.support.access.table import REPORT
from tests.support.access.world import World
from tests.support.report_sources import Office as SourceOffice
from tests.support.report_sources import report_of
from tests.support.reports import PDF, free_month, stored_report

SEEN = {"headers": {"If-Match": '"1"'}}


def _report(world: World, state: str, **more: Any) -> dict[str, Any]:
    """Store a report of a past month; return its id and version."""
    return {"at": {"report_id": stored_report(world.app, world.province, state)}} | SEEN | more


def freezing(world: World) -> dict[str, Any]:
    request = _report(world, "draft")
    with world.app.app_context():
        month = db.session.get_one(ReportRow, request["at"]["report_id"]).month
        db.session.add(DemoMonth(month=month))
        db.session.commit()
    return request


def _begun(world: World) -> dict[str, Any]:
    return {"json": {"unit": "19", "month": free_month(world.app, world.province)}}


def _letter(world: World) -> dict[str, Any]:
    query = {"number": "12/BC-SKHCN", "signed_on": "2024-11-10"}
    more = {"data": PDF, "content_type": "application/pdf", "query_string": query}
    return _report(world, "approved", **more)


def _attached(world: World) -> dict[str, Any]:
    letter = _letter(world)
    url = f"/api/v1/reports/{letter['at']['report_id']}/attachments"
    names = ("data", "content_type", "query_string")
    body = {name: letter[name] for name in names} | {"headers": world.admin}
    made = world.client.post(url, **body)
    assert made.status_code == 201, made.text
    return {"at": letter["at"] | {"attachment_id": made.json["attachments"][0]["id"]}}


def _sealed(world: World) -> dict[str, Any]:
    report = stored_report(world.app, world.province, "approved")
    return {"at": {"digest": world.client.get(f"/api/v1/reports/{report}").json["digest"]}}


def _named(request: dict[str, Any]) -> dict[str, Any]:
    return request | {"at": request["at"] | {"name": "report.json"}}


def _remark(world: World, state: str) -> dict[str, Any]:
    request = _report(world, state, data="Đủ.".encode(), content_type="text/plain")
    return request | {"headers": {"If-Match": '"0"'}, "at": request["at"] | {"section": "results"}}


def collected(world: World) -> dict[str, Any]:
    """Collect a report of October, from files."""
    office, month = SourceOffice(), "2024-10"
    content = office.approve(report_of(month=month))
    with world.app.app_context():
        add_source("19", None, [office.public_key], world.app.extensions["clock"]())
        seal = json.dumps({"seal": office.reports[0][1]}).encode()
        take(content, seal, world.app.extensions["clock"]())
    return {"at": {"code": "19"}, "query_string": {"month": month}}


REPORT_REQUESTS: dict[str, Callable[[World], dict[str, Any]]] = {
    "POST /api/v1/reports": _begun,
    "GET /api/v1/reports/deadlines": lambda w: {"query_string": {"month": "2024-10"}},
    "GET /api/v1/reports/provinces": lambda w: {"query_string": {"month": "2024-10"}},
    "GET /api/v1/reports/provinces/<code>/report.json": collected,
    "GET /api/v1/reports/provinces/<code>/seal.json": collected,
    f"GET {REPORT}": lambda w: _report(w, "draft"),
    f"GET {REPORT} (approved)": lambda w: _report(w, "approved"),
    f"DELETE {REPORT}": lambda w: _report(w, "draft"),
    f"GET {REPORT}/figures": lambda w: _report(w, "draft"),
    f"GET {REPORT}/figures (approved)": lambda w: _report(w, "approved"),
    f"GET {REPORT}/files/<name>": lambda w: _named(_report(w, "frozen")),
    f"GET {REPORT}/files/<name> (approved)": lambda w: _named(_report(w, "approved")),
    f"POST {REPORT}/freeze": freezing,
    f"POST {REPORT}/approve": lambda w: _report(w, "frozen", json={"name": "Trần Thị Bình"}),
    f"POST {REPORT}/supersede": lambda w: _report(w, "frozen", json={"reason": "nhập thêm"}),
    f"POST {REPORT}/supersede (approved)": lambda w: _report(
        w, "approved", json={"reason": "nhập thêm"}
    ),
    f"GET {REPORT}/remarks": lambda w: _report(w, "draft"),
    f"GET {REPORT}/remarks (approved)": lambda w: _report(w, "approved"),
    f"PUT {REPORT}/remarks/<section>": lambda w: _remark(w, "draft"),
    f"PUT {REPORT}/remarks/<section> (approved)": lambda w: _remark(w, "approved"),
    f"POST {REPORT}/attachments": _letter,
    f"GET {REPORT}/attachments/<int:attachment_id>": _attached,
    "GET /api/v1/reports/by-digest/<digest>": _sealed,
    "GET /seal/<digest>": _sealed,
}
