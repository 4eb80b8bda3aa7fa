"""Reports on the official's desk: each step is a form, and what is shown is what is frozen."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import stream_encode_multipart

from backend.database.extensions import db
from backend.http.requests import MAX_BODY_BYTES
from backend.reports.monthly.models import ReportRow
from tests.support import people
from tests.support.access.requests_officials import LETTERHEAD
from tests.support.clock import FakeClock
from tests.support.reports import PDF, Desk


@pytest.fixture
def desk(app: Flask, client: FlaskClient, clock: FakeClock) -> Desk:
    desk = Desk(app, client, clock)
    desk.is_demo()
    return desk


def test_a_report_is_begun(desk: Desk) -> None:
    form = {"csrf_token": desk.token, "unit": "19", "month": "2024-11"}
    begun = desk.client.post("/desk/reports", data=form)
    assert begun.status_code == 303
    assert begun.location in desk.client.get("/desk/reports").text
    again = desk.client.post("/desk/reports", data=form)
    assert again.status_code == 200
    assert 'role="alert"' in again.text


def test_a_month_to_come_stands_beside_its_field(desk: Desk) -> None:
    form = {"csrf_token": desk.token, "unit": "19", "month": "2031-01"}
    page = desk.client.post("/desk/reports", data=form).text
    assert "Tháng này chưa đến." in page.partition('id="of-month-fault">')[2][:80]


@pytest.mark.slow
def test_the_page_says_what_the_report_says(desk: Desk) -> None:
    desk.measured(8, 13, 18)
    report = desk.draft()
    page, found = desk.page(report), desk.show(report, "/figures").json
    for words in found["proposed"].values():
        assert words in page
    assert page.count("data-remark=") == 5
    assert "Viết thêm" in page and "Viết lại cả mục" in page


def test_own_words_are_added_or_replace_the_sentences(desk: Desk) -> None:
    report = desk.draft()
    facts = desk.show(report, "/figures").json["proposed"]["results"]
    seen = token(desk.page(report), "results")
    typed = {"results": "Mưa lũ kéo dài.", "results_seen": seen, "tasks": ""}
    done = desk.send(report, "remarks", **typed)
    assert (done.status_code, done.location) == (303, f"/desk/reports/{report}")
    assert desk.show(report).json["remarks"] == {"results": "Mưa lũ kéo dài."}
    shown = f'data-proposed="{facts}">'
    assert desk.page(report).partition(shown)[2].startswith(f"{facts}\nMưa lũ kéo dài.</div>")
    typed["results_seen"] = token(desk.page(report), "results")
    assert desk.send(report, "remarks", **typed, results_rewrites="yes").status_code == 303
    assert desk.page(report).partition(shown)[2].startswith("Mưa lũ kéo dài.</div>")
    typed |= {"results": "", "results_seen": token(desk.page(report), "results")}
    assert desk.send(report, "remarks", **typed).status_code == 303
    assert desk.show(report).json["remarks"] == {}


def token(page: str, section: str) -> str:
    """The token of a section in a report's page."""
    return page.partition(f'name="{section}_seen" value="')[2].partition('"')[0]


@pytest.mark.long
def test_a_form_of_two_people_saves_both(desk: Desk) -> None:
    report = desk.draft()
    page = desk.page(report)
    seen = {f"{name}_seen": token(page, name) for name in ("results", "tasks", "direction")}
    first = {"results": "Một", "tasks": "", "direction": "", **seen}
    assert desk.send(report, "remarks", **first, version="1").status_code == 303
    # The second form was opened before, and did not touch the samples.
    second = {"results": "", "tasks": "Hai", "direction": "", **seen}
    assert desk.send(report, "remarks", **second, version="1").status_code == 303
    assert desk.show(report).json["remarks"] == {"results": "Một", "tasks": "Hai"}
    third = {"results": "Ba", "tasks": "", "direction": "Bốn", **seen}
    shown = desk.send(report, "freeze", **third, version="1")
    assert shown.status_code == 200 and "Trong lúc bạn viết" in shown.text
    assert ">Ba</textarea>" in shown.text and ">Một</p>" in shown.text  # both texts
    found = desk.show(report).json
    assert found["remarks"] == {"results": "Một", "tasks": "Hai", "direction": "Bốn"}
    assert found["state"] == "draft"
    again = {**third, "results_seen": token(shown.text, "results")}
    assert desk.send(report, "freeze", **again).status_code == 303
    assert desk.show(report, "/figures").json["remarks"]["results"] == "Ba"


@pytest.mark.long
def test_the_letter_is_chosen_in_the_draft(desk: Desk) -> None:
    report = desk.draft()
    assert desk.send(report, "remarks", kind="report").status_code == 303
    assert '<p class="title">BÁO CÁO</p>' in desk.page(report)


@pytest.mark.long
def test_who_signs_is_asked_at_approval_and_printed(desk: Desk) -> None:
    report = desk.frozen()
    page = desk.page(report)
    assert "Ai ký?" in page and '<option value="KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC"' in page
    assert "Dành cho máy" in page
    wrong = {"proposal": "", "titles": "GIÁM ĐỐC\nPHÓ", "name": "Lê Văn Cường"}
    assert desk.send(report, "approve", **wrong).status_code == 200
    lines = "KT. GIÁM ĐỐC\r\nPHÓ GIÁM ĐỐC"
    done = desk.send(report, "approve", proposal=lines, name="Lê Văn Cường")
    assert done.status_code == 303
    page = desk.page(report)
    assert "Lê Văn Cường, PHÓ GIÁM ĐỐC đã xác nhận" in page
    assert '<strong>PHÓ GIÁM ĐỐC</strong><br><strong class="signer">Lê Văn Cường</strong>' in page


def test_the_documents_of_the_letterhead_are_cited_until_a_letter_has_others(desk: Desk) -> None:
    url = "/api/v1/units/19/letterhead"
    head = {"json": LETTERHEAD | {"references": ["Công văn số 1"]}}
    assert desk.client.put(url, **head, headers=people.if_match(desk.headers, 0)).status_code == 200
    report = desk.draft()
    assert "Thực hiện Công văn số 1, " in desk.page(report)
    for typed, chosen in (("Công văn số 1", None), ("A\r\n\r\nB", ["A", "B"]), ("", [])):
        desk.send(report, "remarks", kind="report", references=typed)
        with desk.app.app_context():
            assert db.session.get_one(ReportRow, report).letter["references"] == chosen
    assert "Thực hiện Công văn" not in desk.page(report)


@pytest.mark.long
def test_from_the_draft_to_the_signed_letter(desk: Desk) -> None:
    report = desk.draft()
    url = f"/api/v1/reports/{report}/files/report.csv.zip"
    named = desk.client.get(url).headers["Content-Disposition"]
    assert named == "attachment; filename=BC-2024-11-tinh-thai-nguyen-nhap.csv.zip"
    typed = {"results": "Mưa lũ kéo dài.", "results_seen": token(desk.page(report), "results")}
    assert desk.send(report, "freeze", **typed).status_code == 303
    assert desk.show(report, "/figures").json["remarks"] == {"results": "Mưa lũ kéo dài."}
    assert "chốt số liệu</button>" not in desk.page(report)
    assert 'value="Trần Thị Bình"' in desk.page(report)  # who approves, unless another is named
    assert desk.send(report, "approve").status_code == 303
    assert "Trần Thị Bình, GIÁM ĐỐC đã xác nhận" in desk.page(report)
    letter = {"number": "12/BC-SKHCN", "signed_on": "2024-12-04"}
    none = desk.send(report, "attachments", **letter)
    assert none.status_code == 200 and 'id="file-fault"' in none.text
    sent = desk.send(report, "attachments", file=(BytesIO(PDF), "ký.pdf"), **letter)
    assert sent.status_code == 303
    assert "Số 12/BC-SKHCN, ngày 04/12/2024" in desk.page(report)
    assert desk.send(report, "supersede").status_code == 200  # without a reason
    begun = desk.send(report, "supersede", reason="Nhập thêm mẫu")
    assert "Lý do lập bản này: Nhập thêm mẫu" in desk.client.get(f"{begun.location}").text


@pytest.mark.long
def test_a_letter_may_be_larger_than_what_phones_send(desk: Desk) -> None:
    report = desk.approved()
    large = PDF + b"\n" * MAX_BODY_BYTES
    letter: dict[str, Any] = {"number": "12", "signed_on": "2024-12-04"}
    letter["csrf_token"] = desk.token
    letter["file"] = FileStorage(BytesIO(large), "a.pdf")
    # In memory: the test client leaves its own temporary file open.
    body, _, boundary = stream_encode_multipart(letter, use_tempfile=False)
    kind = f"multipart/form-data; boundary={boundary}"
    url = f"/desk/reports/{report}/attachments"
    sent = desk.client.post(url, data=body.read(), content_type=kind)
    assert sent.status_code == 303


@pytest.mark.slow
def test_a_month_that_goes_on_cannot_be_frozen(desk: Desk) -> None:
    desk.clock.now = datetime(2024, 11, 20, 12, tzinfo=UTC)
    report = desk.draft()
    assert "Chỉ chốt được số liệu khi tháng đã hết" in desk.page(report)
    seen = token(desk.page(report), "results")
    refused = desk.send(report, "freeze", results="Mưa lũ kéo dài.", results_seen=seen).text
    assert 'role="alert"' in refused and ">Mưa lũ kéo dài.</textarea>" in refused
    assert desk.show(report).json["remarks"] == {"results": "Mưa lũ kéo dài."}


def test_a_draft_is_given_up(desk: Desk) -> None:
    report = desk.draft()
    done = desk.send(report, "remove")
    assert (done.status_code, done.location) == (303, "/desk/reports")
    assert desk.client.get(f"/desk/reports/{report}").status_code == 404


@pytest.mark.long
def test_what_came_after_freezing_is_told(desk: Desk) -> None:
    phone = desk.measured(8)
    report = desk.frozen()
    assert "số liệu không đổi" in desk.page(report)
    desk.late([(16, 9)], phone)
    assert "đã thay đổi sau khi chốt" in desk.page(report)


@pytest.mark.slow
def test_all_see_what_is_approved_and_nobody_else_s_forms(desk: Desk, app: Flask) -> None:
    report = desk.approved()
    elsewhere = people.person(app, "official", people.unit_id(app, "01", level="province"))
    page = app.test_client().get(f"/desk/reports/{report}", headers=elsewhere)
    assert page.status_code == 200
    assert f'action="/desk/reports/{report}/' not in page.text


@pytest.mark.slow
def test_who_has_not_sent_stands_first(desk: Desk) -> None:
    desk.approved()
    page = desk.client.get("/desk/reports?lang=vi").text.partition('id="due"')[2]  # last month's
    assert "Nộp trước ngày 15/12/2024" in page
    assert "1 trên 63 đơn vị đã có báo cáo" in page
    table = page.partition("<tbody>")[2]
    assert table.index("Thành phố Hà Nội") < table.index("Tỉnh Thái Nguyên")


def test_a_commune_s_official_sees_its_own_reports_alone(app: Flask, client: FlaskClient) -> None:
    name = "xa@example.vn"
    people.account(app, name, "official", people.unit_id(app, "05443"))
    people.sign_in(client, name)
    page = client.get("/desk/reports?lang=vi").text
    assert 'id="begin"' in page and 'id="due"' not in page and "Tỉnh Thái Nguyên" not in page


def test_a_filter_left_empty_asks_for_nothing(desk: Desk) -> None:
    report = desk.draft()
    page = desk.client.get("/desk/reports?month=&state=&lang=vi")
    assert page.status_code == 200 and f"/desk/reports/{report}" in page.text
    assert desk.client.get("/desk/area/19/samples?network=&reason=").status_code == 200
    none = desk.client.get("/desk/reports?month=&state=approved").text.partition('id="due"')[0]
    assert f"/desk/reports/{report}" not in none
