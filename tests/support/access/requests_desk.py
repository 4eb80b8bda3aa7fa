"""Valid forms and paths of the official's desk for the access matrix."""

import io
import secrets
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from backend.contacts.models import UnitContact
from backend.database.extensions import db
from backend.web.desk.schemas import LINES
from tests.support.access.requests_officials import (
    LETTERHEAD,
    activity,
    deputy,
    hamlet,
    lent,
    noted,
    own_deputy,
    place,
)
from tests.support.access.requests_pages import LAUNCH
from tests.support.access.requests_reports import collected, freezing
from tests.support.access.table_pages import DESK_REPORT
from tests.support.access.world import World
from tests.support.people import LONG_AGO, signal, unit_id
from tests.support.reports import PDF, free_month, stored_report

AREA = "/desk/area/<code>"
OWN = {"at": {"code": "19"}}


def _measured(world: World) -> dict[str, Any]:
    return {"at": {"code": "19", "identity": world.measured(world.stranger)}}


def _report(world: World, state: str, **fields: Any) -> dict[str, Any]:
    """Return a form of a report's page with its version."""
    report = stored_report(world.app, world.province, state)
    return {"at": {"report_id": report}, "data": {"version": "1"} | fields}


def _begun(world: World) -> dict[str, Any]:
    return {"data": {"unit": "19", "month": free_month(world.app, world.province)}}


def _frozen(world: World) -> dict[str, Any]:
    return {"at": freezing(world)["at"], "data": {"version": "1"}}


def _letter(world: World) -> dict[str, Any]:
    signed = {"number": "12/BC-SKHCN", "signed_on": "2024-11-10"}
    return _report(world, "approved", file=(io.BytesIO(PDF), "12.pdf"), **signed)


def _table(world: World) -> dict[str, Any]:
    file = (io.BytesIO("Mã xã,Số mẫu\n05443,310\n".encode()), "vnnic.csv")
    return OWN | {"data": {"file": file}}


def _letterhead(world: World) -> dict[str, Any]:
    lists = {name: "\n".join(LETTERHEAD[name]) for name in LINES}
    lines = {name: LETTERHEAD[name] for name in ("agency", "symbol", "place")}
    url, admin = "/api/v1/units/19/letterhead", world.admin
    version = world.client.get(url, headers=admin).json["version"]
    return OWN | {"data": lines | lists | {"version": version}}


def _lending(world: World) -> dict[str, Any]:
    data = deputy(world)["json"]
    own = {"name": data["name"], "reason": data["reason"], "last_day": "2024-11-25"}
    return {"data": own | {"area": "2024/province/19"}}


def _to_exclude(world: World) -> dict[str, Any]:
    """Return a form that selects a sample of November."""
    identity = _measured(world)["at"]["identity"]
    data = {"month": "2024-11", "measurements": identity, "reason": "đo trong xưởng"}
    return OWN | {"data": data}


def _excluded(world: World) -> dict[str, Any]:
    """Exclude a sample as an admin, to be counted again."""
    form = _to_exclude(world)["data"]
    made = world.client.post(
        "/api/v1/units/19/exclusions",
        json={"month": "2024-11", "measurements": [form["measurements"]], "reason": "nhầm"},
        headers=world.admin,
    )
    at = {"code": "19", "act_id": made.json["id"]}
    return {"at": at, "data": {"reason": "đo thật"}}


def _noted(world: World) -> dict[str, Any]:
    """Return a form that excludes a note of November."""
    sent = noted(world)["json"]
    data = {"notes": sent["notes"], "reason": sent["reason"], "excluded": "yes"}
    return OWN | {"data": data, "query_string": {"month": "2024-11"}}


def _sign(world: World) -> dict[str, Any]:
    made = signal(world.app, unit_id=world.province)
    data = {"signals": str(made), "state": "explained", "note": "đã hỏi"}
    return OWN | {"data": data, "query_string": {"month": "2024-11"}}


CONTACT = {"unit": "05443", "name": "Nguyễn Thị Hoa", "phone": "0912 345 678"}


def _contact(world: World) -> dict[str, Any]:
    """Store a contact to remove."""
    with world.app.app_context():
        row = UnitContact(
            unit_id=unit_id(world.app, "05443"),
            name=uuid4().hex,
            phone="+84912345678",
            changed_at=LONG_AGO,
        )
        db.session.add(row)
        db.session.commit()
        return {"at": {"code": "19", "contact_id": row.id}}


def _contacts(world: World) -> dict[str, Any]:
    file = (io.BytesIO("Mã,Họ tên,Điện thoại\n05443,Lê Thu,0912345678\n".encode()), "ds.csv")
    return OWN | {"data": {"file": file, "go": "yes"}}


def _activities(world: World) -> dict[str, Any]:
    table = "Ngày,Hoạt động,Lượt người\n05/11/2024,Ra quân,40\n".encode()
    return OWN | {"data": {"file": (io.BytesIO(table), "hd.csv"), "go": "yes"}}


def _hamlets(world: World) -> dict[str, Any]:
    table = "Thôn,Mã xã\nBản Tèn,05443\n".encode()
    return OWN | {"data": {"file": (io.BytesIO(table), "thon.csv"), "go": "yes"}}


def _known_hamlet(world: World) -> dict[str, Any]:
    """Store a hamlet to remove."""
    return {"at": {"code": "19"} | hamlet(world)["at"], "data": {"version": "1"}}


def _place(world: World) -> dict[str, Any]:
    """Store a place to show, and to take a step further."""
    return {"at": {"code": "19"} | place(world)["at"], "data": {"version": "1", "state": "sent"}}


def _published(world: World) -> dict[str, Any]:
    """Store a place to publish."""
    data = {"version": "1", "published": "yes"}
    return {"at": {"code": "19"} | place(world, "sent")["at"], "data": data}


def _places_told(world: World) -> dict[str, Any]:
    """Store a place to tell operators of."""
    number = str(place(world)["at"]["place_id"])
    return OWN | {"data": {"place": [number], "document": "12/SKHCN"}}


def _in_letter(world: World) -> dict[str, Any]:
    place(world)
    return OWN


def _told(world: World) -> dict[str, Any]:
    """Store a place that operators have been told of."""
    place(world, "sent")
    return OWN


def _answers(world: World) -> dict[str, Any]:
    number = place(world, "sent")["at"]["place_id"]
    table = f"Mã điểm,Trả lời,Lý do\n{number},Chưa có kế hoạch,chưa có vốn\n".encode()
    return OWN | {"data": {"file": (io.BytesIO(table), "tra-loi.csv"), "go": "yes"}}


def _proposed(world: World) -> dict[str, Any]:
    """Add a hamlet as a place."""
    known = hamlet(world)["at"]["hamlet_id"]
    return OWN | {"data": {"hamlet_id": str(known), "act": "add"}}


def _launched(world: World) -> dict[str, Any]:
    """Store an activity of the commune's office to remove."""
    entry_id = activity(world)["at"]["entry_id"]
    return {"at": {"code": "19", "entry_id": entry_id}, "data": {"version": "1"}}


DESK_REQUESTS: dict[str, Callable[[World], dict[str, Any]]] = {
    f"GET {AREA}": lambda w: OWN,
    f"GET {AREA}/figures": lambda w: OWN,
    f"GET {AREA}/samples": lambda w: OWN,
    f"GET {AREA}/samples/<identity>": _measured,
    f"GET {AREA}/no-connection": lambda w: OWN,
    f"POST {AREA}/no-connection": _noted,
    f"GET {AREA}/remind": lambda w: OWN,
    f"GET {AREA}/remind/mail": lambda w: OWN,
    f"POST {AREA}/remind/mail": lambda w: OWN,
    f"GET {AREA}/contacts": lambda w: OWN,
    f"POST {AREA}/contacts": lambda w: OWN | {"data": CONTACT | {"name": uuid4().hex}},
    f"POST {AREA}/contacts/<int:contact_id>/remove": _contact,
    f"GET {AREA}/contacts.csv": lambda w: OWN,
    f"GET {AREA}/contacts/import": lambda w: OWN,
    f"POST {AREA}/contacts/import": _contacts,
    f"GET {AREA}/outreach": lambda w: OWN,
    f"POST {AREA}/outreach": lambda w: OWN | {"data": LAUNCH},
    f"GET {AREA}/outreach/import": lambda w: OWN,
    f"POST {AREA}/outreach/import": _activities,
    f"POST {AREA}/outreach/<int:entry_id>/remove": _launched,
    f"GET {AREA}/hamlets": lambda w: OWN,
    f"POST {AREA}/hamlets": lambda w: (
        OWN | {"data": {"name": secrets.token_hex(4), "unit": "05443"}}
    ),
    f"POST {AREA}/hamlets/<int:hamlet_id>/remove": _known_hamlet,
    f"GET {AREA}/hamlets/import": lambda w: OWN,
    f"POST {AREA}/hamlets/import": _hamlets,
    f"GET {AREA}/places": lambda w: OWN,
    f"POST {AREA}/places": lambda w: OWN | {"data": {"name": "Đèo", "position": "21.6, 105.85"}},
    f"GET {AREA}/places/proposals": lambda w: OWN,
    f"POST {AREA}/places/proposals": _proposed,
    f"POST {AREA}/places/<int:place_id>/publication": _published,
    f"GET {AREA}/places/letter": lambda w: OWN,
    f"POST {AREA}/places/letter": _places_told,
    f"GET {AREA}/places/letter.docx": _in_letter,
    f"GET {AREA}/places/letter.xlsx": _in_letter,
    f"GET {AREA}/places/answers": lambda w: OWN,
    f"POST {AREA}/places/answers": _answers,
    f"GET {AREA}/places/answers.xlsx": _told,
    f"GET {AREA}/places/<int:place_id>": lambda w: {"at": _place(w)["at"]},
    f"POST {AREA}/places/<int:place_id>": _place,
    f"GET {AREA}/reminder-letter": lambda w: OWN,
    f"GET {AREA}/reminder-letter.docx": lambda w: OWN,
    f"GET {AREA}/action-plan.docx": lambda w: OWN,
    f"POST {AREA}/deadline": lambda w: OWN | {"data": {"before_day": "10"}},
    f"GET {AREA}/signals": lambda w: OWN,
    f"POST {AREA}/signals": _sign,
    f"POST {AREA}/signals/search": lambda w: OWN,
    f"GET {AREA}/exclusions": lambda w: OWN,
    f"GET {AREA}/exclude": lambda w: OWN,
    f"POST {AREA}/exclude": _to_exclude,
    f"GET {AREA}/exclusions/<int:act_id>": _excluded,
    f"POST {AREA}/exclusions/<int:act_id>": _excluded,
    "GET /desk/provinces/<code>": collected,
    "GET /desk/provinces.<any(csv,xlsx):form>": lambda w: {"at": {"form": "csv"}},
    "POST /desk/reports": _begun,
    f"GET {DESK_REPORT}": lambda w: _report(w, "draft"),
    f"GET {DESK_REPORT} (approved)": lambda w: _report(w, "approved"),
    f"POST {DESK_REPORT}/remarks": lambda w: _report(w, "draft", kind="report"),
    f"POST {DESK_REPORT}/freeze": _frozen,
    f"POST {DESK_REPORT}/approve": lambda w: _report(w, "frozen", name="Trần Thị Bình"),
    f"POST {DESK_REPORT}/supersede": lambda w: _report(w, "frozen", reason="nhập thêm"),
    f"POST {DESK_REPORT}/remove": lambda w: _report(w, "draft"),
    f"POST {DESK_REPORT}/attachments": _letter,
    f"GET {AREA}/vnnic": lambda w: OWN,
    f"POST {AREA}/vnnic": _table,
    f"POST {AREA}/steering": lambda w: OWN | {"data": {"network": "mobile", "steered_by": "vnnic"}},
    f"GET {AREA}/letterhead": lambda w: OWN,
    f"POST {AREA}/letterhead": _letterhead,
    "POST /account/deputies": _lending,
    "POST /account/deputies/<int:deputy_id>/renew": own_deputy,
    "POST /account/deputies/<int:deputy_id>/end": lent,
}
