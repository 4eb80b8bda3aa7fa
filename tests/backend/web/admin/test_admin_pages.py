"""Pages of admins: what they show, what their forms do, and what they say where they cannot."""

import re
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.accounts.audit import record_act
from backend.clock import utc_now
from backend.database.extensions import db
from backend.metrics import take_uses
from backend.monitoring.checks import CHECKS
from backend.monitoring.usage import store_usage
from backend.reports.content.labels import SECTIONS as SECTION_TITLES
from backend.web.admin.audit_details import readable_details
from backend.web.admin.frame import PAGES
from backend.web.site.labels import LABELS
from tests.support import people
from tests.support.admin_client import AdminBrowser, field_error
from tests.support.clock import FakeClock
from tests.support.people import account, audit_entries
from tests.support.problems import wrong_fields


def test_an_admin_is_led_to_the_installations_health(admin: AdminBrowser) -> None:
    assert admin.client.get("/work").location == "/admin"
    page = admin.get("/admin")
    assert "Cơ sở dữ liệu" in page
    assert "Cần một bản sao lưu mỗi ngày" in page
    assert "Chưa có bản sao lưu nào." in page and "Gõ: scripts/backup" in page
    assert "There is no backup." in admin.get("/admin?lang=en")


def test_an_admin_reads_what_is_used(app: Flask, admin: AdminBrowser) -> None:
    take_uses()  # of other tests
    admin.get("/admin")
    with app.app_context():
        store_usage(utc_now())
    page = admin.get("/admin")
    assert "Những gì được dùng" in page
    used, _, unused = page.partition("Không dùng trong 365 ngày")
    assert "<code>admin.index</code>" in used and "measurements.post_measurements" in unused


def test_every_check_has_words() -> None:
    names = {check.__name__ for check in CHECKS}
    assert LABELS["check"].keys() == LABELS["check_meaning"].keys() == names


def test_a_person_is_invited_by_a_link_shown_once(app: Flask, admin: AdminBrowser) -> None:
    there = people.organisation(app, "Tỉnh Đoàn Thái Nguyên")
    answer = admin.send(
        "/admin/people",
        person="0912 345 678",
        display_name="Chị Hoa",
        role="organiser",
        organisation_id=there,
    )
    assert answer.status_code == 201
    assert re.search(r"/invitation#\S{40,}", answer.text)
    page = admin.get("/admin/people")
    assert "Chị Hoa" in page and "Đơn vị tổ chức: Tỉnh Đoàn Thái Nguyên" in page
    assert "/invitation#" not in page
    assert "0912 345 678" in page and "+84" not in page


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"role": "admin"}, "person"),
        ({"person": "không phải tên", "role": "admin"}, "person"),
        ({"person": "0912345678", "role": "organiser"}, "organisation_id"),
        ({"person": "0912345678", "role": "team_leader", "team": "bảy"}, "team"),
        ({"person": "0912345678", "role": "team_leader", "team": "999"}, "team"),
        ({"person": "0912345678", "role": "official", "unit": "00000"}, "unit"),
        ({"person": "0912345678", "role": "official", "cluster_id": "9"}, "cluster_id"),
        ({"person": "0912345678", "role": "admin", "last_day": "2020-01-01"}, "last_day"),
    ],
)
def test_what_is_wrong_with_an_invitation_stands_beside_it(
    admin: AdminBrowser, typed: dict[str, str], field: str
) -> None:
    empty = dict.fromkeys(("person", "organisation_id", "team", "unit", "last_day"), "")
    page = admin.refused("/admin/people", **{**empty, "cluster_id": "", **typed})
    assert field_error(page, field), page
    assert "notice danger" not in page


def test_a_role_is_granted_and_ended(app: Flask, admin: AdminBrowser) -> None:
    user = account(app, "lan@example.vn")
    admin.done(
        f"/admin/people/{user}", role="official", unit="Tỉnh Thái Nguyên", last_day="2024-12-31"
    )
    page = admin.get(f"/admin/people/{user}")
    assert "Cán bộ phụ trách địa bàn: Tỉnh Thái Nguyên" in page
    assert "đến 00:00, 01/01/2025" in page
    [ending] = re.findall(rf'action="(/admin/people/{user}/roles/\d+/end)"', page)
    admin.done(ending)
    assert "Chưa có vai trò nào." in admin.get(f"/admin/people/{user}")
    assert [act for act, _ in audit_entries(app, f"user:{user}")] == ["role.grant", "role.end"]


def test_an_observer_of_the_country_is_granted_without_a_place(
    app: Flask, client: FlaskClient, admin: AdminBrowser
) -> None:
    user = account(app, "bo@example.vn")
    admin.done(f"/admin/people/{user}", role="observer", organisation_id="", unit="")
    page = admin.get(f"/admin/people/{user}")
    assert "Theo dõi cả nước" in page and "xác thực hai lớp" in page
    scoped = {"name": "bo2@example.vn", "roles": [{"role": "observer", "scope_id": 1}]}
    refused = client.post("/api/v1/invitations", json=scoped, headers=people.person(app, "admin"))
    assert wrong_fields(refused) == [("roles.0.scope_id", "scope_not_taken")]


def test_the_last_admin_stays(admin: AdminBrowser) -> None:
    own = re.findall(r'href="(/admin/people/\d+)"', admin.get("/admin/people"))[0]
    [ending] = re.findall(rf'action="({own}/roles/\d+/end)"', admin.get(own))
    page = admin.send(ending)
    assert page.status_code == 422 and "notice danger" in page.text


def test_a_form_without_the_pages_token_does_nothing(app: Flask, admin: AdminBrowser) -> None:
    user = account(app, "lan@example.vn")
    answer = admin.client.post(f"/admin/people/{user}", data={"role": "admin"})
    assert answer.status_code == 403
    assert "Chưa có vai trò nào." in admin.get(f"/admin/people/{user}")


def test_what_follows_an_ended_unit_is_confirmed(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    user = account(app, "lan@example.vn", "official", people.unit_id(app, "05443"))
    clock.now = datetime(2025, 7, 2, 5, tzinfo=UTC)
    admin = AdminBrowser(app, client, clock.now)
    page = admin.get("/admin/people")
    assert "địa bàn hết ngày 30/06/2025" in page
    [confirming] = re.findall(r'action="(/admin/succession/\d+)"', page)
    [likely] = re.findall(r'value="(\d+)" checked', page)
    admin.done(confirming, units=[likely], level="commune")
    assert 'id="succession"' not in admin.get("/admin/people")
    assert "Cán bộ phụ trách địa bàn: " in admin.get(f"/admin/people/{user}")


def test_a_target_is_set_changed_and_kept_from_meeting_another(admin: AdminBrowser) -> None:
    year = {"valid_from": "1995-01-01", "valid_to": "1995-12-31"}
    asked = year | {
        "level": "commune", "network": "fixed", "purpose": "target", "threshold": "1.200",
        "basis": "counted", "source": "Công văn 12/BTTTT",
    }  # fmt: skip
    admin.done("/admin/targets", **asked)
    page = admin.get("/admin/targets")
    assert "1.200" in page and "01/01/1995 – 31/12/1995" in page
    assert "notice danger" in admin.refused("/admin/targets", **asked)
    changing = re.findall(r'href="(/admin/targets/\d+)"', page)[-1]
    seen = re.findall(r'name="version" value="(\d+)"', admin.get(changing))[0]
    change = {name: asked[name] for name in ("basis", "valid_from", "valid_to", "source")}
    admin.done(changing, **change, threshold="900", version=seen)
    assert ">900<" in admin.get("/admin/targets")
    assert "notice danger" in admin.refused(changing, **change, threshold="800", version=seen)


def test_a_target_that_cannot_be_is_explained(admin: AdminBrowser) -> None:
    page = admin.refused("/admin/targets", threshold="nhiều", valid_from="", source="x")
    assert (
        field_error(page, "threshold")
        and field_error(page, "valid_from")
        and not field_error(page, "source")
    )
    assert 'value="nhiều"' in page
    unknown_unit = {
        "level": "commune", "network": "fixed", "purpose": "target", "threshold": "10",
        "basis": "counted", "valid_from": "2024-11-01", "source": "x", "unit": "99999",
    }  # fmt: skip
    assert field_error(admin.refused("/admin/targets", **unknown_unit), "unit")


def test_an_organisation_is_added_and_ended(admin: AdminBrowser) -> None:
    admin.done("/admin/organisations", name="Sở KH&CN", type="department", unit="Tỉnh Thái Nguyên")
    page = admin.get("/admin/organisations")
    assert "Sở KH&amp;CN" in page and "Tỉnh Thái Nguyên" in page
    [ending] = re.findall(r'action="(/admin/organisations/\d+/end)"', page)
    assert "notice danger" in admin.refused(ending, version="7", sure="yes")
    admin.done(ending, version="1")  # by mistake
    assert "Kết thúc hẳn Sở KH&amp;CN" in admin.get("/admin/organisations")
    admin.done(ending, version="1", sure="yes")
    assert "Chưa có tổ chức nào" in admin.get("/admin/organisations")
    assert field_error(admin.refused("/admin/organisations", name="!", type="other"), "name")
    unknown_unit = {"name": "Sở", "type": "department", "unit": "99999"}
    assert field_error(admin.refused("/admin/organisations", **unknown_unit), "unit")


def test_a_withdrawal_is_noted_and_done(admin: AdminBrowser) -> None:
    admin.done("/admin/withdrawals", channel="letter", received_on="2024-11-01")
    page = admin.get("/admin/withdrawals")
    assert "quá hạn" in page and "hạn 05/11/2024" in page and "hạn 16/11/2024" in page
    [step] = set(re.findall(r'action="(/admin/withdrawals/\d+)"', page))
    admin.done(step, step="done")
    assert step not in admin.get("/admin/withdrawals")
    assert admin.send(step, step="forgotten").status_code == 422
    later = admin.refused("/admin/withdrawals", channel="letter", received_on="2030-01-01")
    assert field_error(later, "received_on")


def test_codes_of_the_audit_log_are_words() -> None:
    details = {
        "role": "official", "scope": "unit", "scope_id": 7, "remarks": {"shortcomings": 1},
        "from": None, "before": {"network": "mobile", "unit_id": 7},
    }  # fmt: skip
    assert readable_details(details, "vi", {("unit", 7): "Xã Phú Lương"}) == [
        ("Vai trò", "Cán bộ phụ trách địa bàn"),
        ("Phạm vi", "Đơn vị"),
        ("Phụ trách", "Xã Phú Lương"),
        ("Lượt sửa lời nhận xét", f"{SECTION_TITLES['shortcomings']}: 1"),
        ("Từ ngày", "–"),
        ("Trước", "Mạng: Di động; Đơn vị: Xã Phú Lương"),
    ]


def test_details_of_the_audit_log_are_written_out() -> None:
    details = {"reason": "đo hai lần", "before": {"name": None, "cap": 3}, "dry_run": True,
               "units": ["19", "22"], "unheard": {}}  # fmt: skip
    assert readable_details(details, "vi") == [
        ("Lý do", "đo hai lần"),
        ("Trước", "Tên: –; Tối đa mỗi thiết bị mỗi ngày: 3"),
        ("chỉ xem trước", "có"),
        ("Đơn vị", "19, 22"),
        ("unheard", "–"),
    ]
    plan = {"date": "2026-11-27", "after": {"counted": 94, "received": 103}}
    assert readable_details(plan, "vi") == [
        ("Ngày", "2026-11-27"),
        ("Sau", "Được tính: 94; Đã nhận: 103"),
    ]
    assert readable_details({"dry_run": False}, "en") == [("preview only", "no")]


def test_the_audit_log_is_read_by_pages_and_filters(app: Flask, admin: AdminBrowser) -> None:
    with app.app_context():
        for _ in range(204):
            record_act(None, "withdrawal.note", "withdrawal:1")
        db.session.commit()
    page = admin.get("/admin/audit?actor=&act=withdrawal.note&subject=&from=&to=")
    assert page.count("<code>withdrawal.<wbr>note</code>") == 200
    [following] = re.findall(r'href="(/admin/audit\?[^"]*cursor=[^"]*)"', page)
    rest = admin.get(following.replace("&amp;", "&"))
    assert rest.count("<code>withdrawal.<wbr>note</code>") == 4
    assert "Không có mục nào" in admin.get("/admin/audit?act=nothing.like.it")
    people = "Đã xem danh sách người dùng"
    admin.get("/admin/people")
    assert people not in admin.get("/admin/audit")
    assert people in admin.get("/admin/audit?reads=only")
    assert "Không mở được trang này" in admin.get("/admin/audit?from=hôm-qua", 422)


@pytest.mark.parametrize("section", PAGES)
def test_english_has_words_of_its_own(admin: AdminBrowser, section: str) -> None:
    page = admin.get(f"/admin{'' if section == 'index' else f'/{section}'}?lang=en")
    assert 'lang="en"' in page and "Quản trị" not in page
