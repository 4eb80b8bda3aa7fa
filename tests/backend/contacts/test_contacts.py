"""Contacts of units: kept on the desk, imported from a list, never public."""

import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import xlsxwriter
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from backend.accounts.models import AuditEntry
from backend.clock import utc_now
from backend.contacts import importer
from backend.contacts.models import UnitContact
from backend.contacts.service import delete_expired
from backend.database.extensions import db
from tests.support import people
from tests.support.clock import FakeClock

NAME, OTHER, COMMUNE = "binh@example.vn", "tu@example.vn", "lan@example.vn"
PAGE = "/desk/area/19/contacts"
PERSON = {"unit": "05443", "name": "Nguyễn Thị Hoa", "office": "Phó Chủ tịch",
          "phone": "0912.345.678", "email": "Hoa@Example.vn"}  # fmt: skip


@pytest.fixture
def token(app: Flask, client: FlaskClient) -> str:
    """The official of Thái Nguyên has signed in."""
    people.account(app, NAME, "official", people.unit_id(app, "19", level="province"))
    return people.sign_in(client, NAME)["X-CSRF-Token"]


def save(client: FlaskClient, token: str, page: str = PAGE, **changes: Any) -> Any:
    return client.post(page, data={"csrf_token": token, **PERSON, **changes})


def stored(app: Flask) -> list[UnitContact]:
    with app.app_context():
        return list(db.session.scalars(select(UnitContact).order_by(UnitContact.id)))


@pytest.mark.slow
def test_a_contact_is_added_changed_and_removed(
    app: Flask, client: FlaskClient, token: str
) -> None:
    assert save(client, token).status_code == 303
    (one,) = stored(app)
    assert (one.phone, one.email) == ("+84912345678", "hoa@example.vn")
    page = client.get(PAGE).text
    assert "0912 345 678" in page and 'href="tel:+84912345678"' in page
    assert "<strong>1</strong> trên 173 đơn vị đã có đầu mối" in page
    edited = client.get(f"{PAGE}?id={one.id}").text
    assert 'value="Nguyễn Thị Hoa"' in edited and 'name="version" value="1"' in edited
    assert "đã có đầu mối cùng tên" in save(client, token).text  # a second tap adds no second row
    changed = {"id": one.id, "version": 1, "office": "Chủ tịch"}
    assert save(client, token, **changed).status_code == 303
    late = save(client, token, **changed | {"office": "Bí thư"})  # an old version changes nothing
    assert (late.status_code, 'value="Bí thư"' in late.text) == (200, True)
    assert "Người khác đã lưu: Chủ tịch" in late.text and 'name="version" value="2"' in late.text
    assert stored(app)[0].office == "Chủ tịch"
    gone = client.post(f"{PAGE}/{one.id}/remove", data={"csrf_token": token})
    assert gone.status_code == 303 and stored(app) == []
    with app.app_context():
        entries = db.session.scalars(
            select(AuditEntry).where(AuditEntry.act.like("contact.%")).order_by(AuditEntry.id)
        )
        log = [(row.act, str(row.details)) for row in entries]
    assert [act for act, _ in log] == ["contact.add", "contact.change", "contact.remove"]
    assert "Hoa" not in str(log) and "345" not in str(log) and "office" in log[1][1]


def test_officials_of_communes_are_contacts_by_themselves(
    app: Flask, client: FlaskClient, token: str
) -> None:
    commune = people.unit_id(app, "05443")
    people.account(app, COMMUNE, "official", commune, display_name="Lê Thị Lan")
    people.account(app, "+84912345678", "official", people.unit_id(app, "05446"))
    page = client.get(PAGE).text
    assert "Lê Thị Lan" in page and f"mailto:{COMMUNE}" in page and "tel:+84912345678" in page
    assert "<strong>2</strong> trên 173 đơn vị" in client.get(PAGE).text  # once
    remind = client.get("/desk/area/19/remind?month=2024-11&level=commune").text
    assert "Lê Thị Lan" in remind and 'href="tel:+84912345678"' in remind
    [lan] = [one for one in stored(app) if one.email == COMMUNE]
    refused = client.post(f"{PAGE}/{lan.id}/remove", data={"csrf_token": token})
    assert refused.status_code == 409 and "là cán bộ của đơn vị" in refused.text


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"phone": "", "email": ""}, "cần có số điện thoại hoặc thư điện tử"),
        ({"phone": "12"}, "0912 345 678"),
        ({"email": "hoa"}, "địa chỉ thư điện tử"),
        ({"unit": "01234"}, "ngoài địa bàn"),
        ({"name": ""}, "Không được để trống"),
    ],
)
def test_a_wrong_field_is_named(
    app: Flask, client: FlaskClient, token: str, changes: dict[str, str], found: str
) -> None:
    answer = save(client, token, **changes)
    assert answer.status_code == 200 and found in answer.text, answer.text
    assert 'value="Nguyễn Thị Hoa"' in answer.text or "name" in changes  # what was typed stays
    assert stored(app) == []


@pytest.mark.slow
def test_nobody_else_sees_or_changes_them(app: Flask, client: FlaskClient, token: str) -> None:
    save(client, token)
    (one,) = stored(app)
    for scope, role in (("01", "official"), ("05446", "official")):
        level = "province" if scope == "01" else "commune"
        name = f"{scope}@example.vn"
        people.account(app, name, role, people.unit_id(app, scope, level=level))
        other = app.test_client()
        sent = {"csrf_token": people.sign_in(other, name)["X-CSRF-Token"]}
        for path in (PAGE, f"{PAGE}.csv", f"{PAGE}/import"):
            assert other.get(path).status_code == 404
        removal = other.post(f"/desk/area/{scope}/contacts/{one.id}/remove", data=sent)
        assert removal.status_code == 404
        assert save(other, sent["csrf_token"], f"/desk/area/{scope}/contacts").status_code == 200
    assert len(stored(app)) == 2  # the official of the commune is one
    public = app.test_client()
    for path in ("/unit/05443", "/api/v1/units/05443", "/api/v1/units/search?q=hoa",
                 "/api/v1/coverage?month=2024-11&parent=19"):  # fmt: skip
        text = re.sub(r"/static/[0-9a-f]{16}/", "", public.get(path).text)  # digests of files
        assert "345" not in text.replace("0.345", "")


def test_the_commune_keeps_its_own(app: Flask, client: FlaskClient, token: str) -> None:
    people.account(app, COMMUNE, "official", people.unit_id(app, "05443"))
    own = app.test_client()
    sent = people.sign_in(own, COMMUNE)["X-CSRF-Token"]
    assert save(own, sent, "/desk/area/05443/contacts").status_code == 303
    assert "Nguyễn Thị Hoa" in client.get(PAGE).text


def workbook(*rows: tuple[Any, ...]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return out.getvalue()


def upload(client: FlaskClient, token: str, raw: bytes, name: str = "ds.csv", **more: str) -> Any:
    data = {"csrf_token": token, "file": (io.BytesIO(raw), name), **more}
    return client.post(f"{PAGE}/import", data=data)


def test_a_list_is_checked_then_imported_once(app: Flask, client: FlaskClient, token: str) -> None:
    rows = (
        ("Đơn vị", "Họ và tên", "Chức vụ", "Số điện thoại", "E-mail"),
        ("phuong trung vuong", "Nguyễn Thị Hoa", "Phó Chủ tịch", 912345678, ""),
        ("Phường Không Có", "Trần Văn An", "", "0987654321", ""),
        ("Phường Phan Đình Phùng", "Lê Thu", "", "không có", ""),
    )
    raw = workbook(*rows)
    shown = upload(client, token, raw, "ds.xlsx")
    assert shown.status_code == 200 and stored(app) == []
    assert "thêm: 1" in shown.text and "lỗi: 2" in shown.text and "0912 345 678" in shown.text
    # The form has the table: the file is chosen once.
    [table] = re.findall(r'name="table" value="([^"]+)"', shown.text)
    assert 'type="file"' not in shown.text
    again = {"csrf_token": token, "table": table, "go": "yes"}
    kept = client.post(f"{PAGE}/import", data=again)
    broken = client.post(f"{PAGE}/import", data=again | {"table": table[:5]})
    assert broken.status_code == 200 and 'aria-invalid="true"' in broken.text
    assert (kept.status_code == 200 and "Không có xã" in kept.text) or "tên này" in kept.text
    (one,) = stored(app)
    assert (one.name, one.phone) == ("Nguyễn Thị Hoa", "+84912345678")
    again = upload(client, token, raw, "ds.xlsx")
    assert (
        "như cũ: 1" in again.text or "giữ nguyên: 1" in again.text or "không đổi: 1" in again.text
    )
    assert len(stored(app)) == 1


def test_of_two_imports_at_once_the_later_one_is_told_to_look_again(
    app: Flask, client: FlaskClient, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = "Mã,Họ tên,Điện thoại\n05443,Lê Thu,0987654321\n".encode()
    record = importer.record_act

    def overtaken(*arguments: Any, **facts: Any) -> None:
        with db.engine.begin() as other:
            other.execute(insert(UnitContact).values(
                unit_id=people.unit_id(app, "05443"), name="Lê Thu", phone="+84987654321",
                changed_at=utc_now(),
            ))  # fmt: skip
        record(*arguments, **facts)

    monkeypatch.setattr(importer, "record_act", overtaken)
    answer = upload(client, token, raw, go="yes")
    assert answer.status_code == 200 and "vừa được thêm" in answer.text
    assert len(stored(app)) == 1


def test_the_downloaded_list_can_be_filled_in_and_imported(
    app: Flask, client: FlaskClient, token: str
) -> None:
    save(client, token, name="=cmd|' /C calc'!A0")
    sheet = client.get(f"{PAGE}.csv")
    assert sheet.headers["Cache-Control"] == "no-store"
    text = sheet.data.decode("utf-8-sig")
    assert text.startswith("Mã,Đơn vị,Họ tên") and "'=cmd" in text and "19,Tỉnh Thái Nguyên" in text
    line = next(one for one in text.splitlines() if one.startswith("05446,"))
    filled = text.splitlines()[0] + "\n" + line.rstrip(",") + ",Lê Thu,,0987 654 321,\n"
    assert upload(client, token, filled.encode(), go="yes").status_code == 303
    assert {one.name for one in stored(app)} >= {"Lê Thu"}


def test_old_contacts_are_deleted(
    app: Flask, client: FlaskClient, token: str, clock: FakeClock
) -> None:
    save(client, token)
    with app.app_context():
        assert delete_expired(datetime(2026, 11, 19, tzinfo=UTC)) == 1  # the unit ended in 2025
        db.session.rollback()
        assert delete_expired(datetime(2025, 6, 1, tzinfo=UTC)) == 0
