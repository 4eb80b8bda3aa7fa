"""The letter that urges communes to measure: its text, its file, its access."""

import io
from datetime import UTC, date, datetime

import pytest
from docx import Document
from flask import Flask
from flask.testing import FlaskClient

from backend.reports.content.labels import default_letterhead
from backend.reports.files.annexes import TablePart, TextPart
from backend.reports.files.letter import file_name
from backend.reports.reminders.letter import compose_reminder
from tests.support import people
from tests.support.access.requests_officials import LETTERHEAD
from tests.support.daily_counts import count
from tests.support.reminders import HEAD, situation

NAME = "binh@example.vn"
DAY = date(2026, 11, 27)
PAGE = "/desk/area/19/reminder-letter?month=2024-11"


def test_the_letter_says_what_lacks_and_what_to_do() -> None:
    letter = compose_reminder(situation(days_left=5), HEAD)
    assert letter.head.subject == "V/v đôn đốc đo chất lượng mạng tháng 11 năm 2026"
    assert letter.head.recipients == ["Ủy ban nhân dân các xã, phường (theo danh sách tại Phụ lục)"]
    assert letter.opening.startswith("Thực hiện Công văn số 5691/BTTTT-CVT, Sở Khoa học và Công")
    findings, requested, *asks = letter.sections[0].paragraphs
    assert "Đến 13 giờ 33 phút ngày 27/11/2026, 5 trên 92 đơn vị cấp xã đạt 300 mẫu" in findings
    assert "8 đơn vị không có mẫu nào trong 3 ngày qua" in findings
    assert requested.endswith("có tên tại Phụ lục thực hiện các nội dung sau:")
    assert "trong 5 ngày còn lại" in asks[0] and [one[:2] for one in asks] == ["1.", "2.", "3."]
    assert "trước ngày 10 tháng 12 năm 2026" in asks[2]
    assert letter.attached_to.endswith("năm 2026 của Sở Khoa học và Công nghệ)")
    assert letter.closing.endswith("./.")


def test_with_few_days_left_the_letter_asks_for_the_next_month() -> None:
    letter = compose_reminder(situation(days_left=1), HEAD)
    _, _, first, *_ = letter.sections[0].paragraphs
    assert "còn lại" not in first
    assert "ngay từ đầu tháng 12 năm 2026" in first and "(khoảng 10 mẫu mỗi ngày)" in first
    table = letter.annexes[0].parts[1]
    assert isinstance(table, TablePart)
    assert "needed_per_day" not in [column.key for column in table.columns]


def test_few_communes_are_named_and_a_month_that_is_over_asks_nothing_of_it() -> None:
    over = datetime(2026, 12, 3, 2, tzinfo=UTC)
    letter = compose_reminder(situation(2, days_left=None, due=None, at=over), HEAD)
    assert letter.head.recipients == ["Ủy ban nhân dân xã Số 0", "Ủy ban nhân dân phường Số 1"]
    findings, _, *asks = letter.sections[0].paragraphs
    assert findings.startswith("Kết thúc tháng 11 năm 2026, ")
    assert "ngay từ đầu tháng 12 năm 2026" in asks[0] and "báo cáo" not in asks[2]
    [annex] = letter.annexes
    common, table, _ = annex.parts
    assert isinstance(common, TextPart) and isinstance(table, TablePart)
    assert common.text == "Tất cả đơn vị trong bảng: Số máy: 3; Buổi đo: 2; Tình trạng: Không đạt."
    assert [column.key for column in table.columns] == ["name", "has", "shortfall"]


def test_what_differs_between_communes_and_what_one_commune_lacks_stand_in_the_table() -> None:
    [annex] = compose_reminder(situation(1, days_left=9), HEAD).annexes
    table = annex.parts[0]
    assert isinstance(table, TablePart)
    assert {"needed_per_day", "task"} <= {column.key for column in table.columns}


def test_a_committee_s_letter_has_the_head_of_its_report() -> None:
    """ỦY BAN NHÂN DÂN stands above the name of the unit, as in the letter of a report."""
    committee = default_letterhead("commune", "Xã Phú Lương", "Tỉnh Thái Nguyên", DAY)
    letter = compose_reminder(situation(request=""), committee)
    assert letter.head.agency == ["ỦY BAN NHÂN DÂN", "XÃ PHÚ LƯƠNG"]
    assert letter.opening.startswith("Ủy ban nhân dân xã Phú Lương theo dõi kết quả đo")


def test_the_file_is_named_by_month_and_unit() -> None:
    name = file_name("CV-don-doc", "2026-11", "Tỉnh Thái Nguyên")
    assert name == "CV-don-doc-2026-11-tinh-thai-nguyen.docx"


def text_of(raw: bytes) -> str:
    document = Document(io.BytesIO(raw))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(one.text for one in document.paragraphs), *cells])


def test_the_official_downloads_it_for_some_groups(app: Flask, client: FlaskClient) -> None:
    """It is the 20th of November 2024; one commune measures too little, 171 not at all."""
    people.account(app, NAME, "official", people.unit_id(app, "19", level="province"))
    people.sign_in(client, NAME)
    count(app, "05446", *[(f"2024-11-{day:02}", 5) for day in range(1, 20)])
    page = client.get(PAGE).text
    assert "V/v đôn đốc đo chất lượng mạng tháng 11 năm 2024" in page
    assert "172 đơn vị có tên tại Phụ lục chưa đạt" in page and "171 đơn vị không có mẫu" in page
    path = PAGE.replace("reminder-letter", "reminder-letter.docx")
    answer = client.get(f"{path}&groups=needs_teams")
    assert "CV-don-doc-2024-11-tinh-thai-nguyen.docx" in answer.headers["Content-Disposition"]
    text = text_of(answer.data)
    assert "Ủy ban nhân dân Phường Quang Trung" in text and "Cần thêm đội" in text
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in text and "Số:          /" in text
    assert "Kèm theo Công văn số" in text and "Cần Thơ" not in text
    assert client.get(f"{path}&groups=reached").status_code == 422
    assert client.get(f"{path}&groups=out_of_reach").status_code == 404  # nobody is addressed


def test_it_asks_who_signs_as_a_report_does(app: Flask, client: FlaskClient) -> None:
    unit = people.unit_id(app, "19", level="province")
    people.account(app, NAME, "official", unit, display_name="Trần Thị Bình")
    people.sign_in(client, NAME)
    page = client.get(PAGE).text
    assert 'class="signer">Trần Thị Bình<' in page and 'value="Trần Thị Bình"' in page
    assert "KT. GIÁM ĐỐC / PHÓ GIÁM ĐỐC" in page
    path = PAGE.replace("reminder-letter", "reminder-letter.docx")
    signed = {"month": "2024-11", "titles": "KT. GIÁM ĐỐC\r\nPHÓ GIÁM ĐỐC", "signer": "Lê Cường"}
    text = text_of(client.get(path.partition("?")[0], query_string=signed).data)
    assert "KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC\nLê Cường" in text
    assert client.get(f"{PAGE}&titles=VUA").status_code == 422


def test_it_cites_the_documents_of_the_letterhead(app: Flask, client: FlaskClient) -> None:
    """Not the source of the target, which may be a letter to another province."""
    people.account(app, NAME, "official", people.unit_id(app, "19", level="province"))
    token = people.sign_in(client, NAME)
    assert "Thực hiện" not in client.get(PAGE).text
    head = LETTERHEAD | {"valid_from": "2024-11-01"}
    made = client.put("/api/v1/units/19/letterhead", json=head, headers=people.if_match(token, 0))
    assert made.status_code == 200, made.text
    assert f"Thực hiện {LETTERHEAD['references'][0]}, " in client.get(PAGE).text


@pytest.mark.parametrize("code", ["05443", "01", "99999"])
def test_a_commune_and_other_areas_have_none(app: Flask, client: FlaskClient, code: str) -> None:
    people.account(app, NAME, "official", people.unit_id(app, "05443"))
    people.sign_in(client, NAME)
    assert client.get(f"/desk/area/{code}/reminder-letter").status_code == 404
