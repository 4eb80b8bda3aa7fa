"""The letter that urges communes to measure: its text, its file, its access."""

import io

import pytest
from docx import Document
from flask import Flask
from flask.testing import FlaskClient

from backend.reports.reminders.letter import compose_reminder, file_name, render_reminder
from tests.support import people
from tests.support.daily_counts import count
from tests.support.reminders import HEAD, situation

NAME = "binh@example.vn"
PAGE = "/desk/area/19/reminder-letter?month=2024-11"


def test_the_letter_says_what_lacks_and_what_to_do() -> None:
    letter = compose_reminder(situation(), HEAD)
    assert letter.subject == "V/v đôn đốc đo chất lượng mạng tháng 11 năm 2026"
    assert letter.recipients == ["Ủy ban nhân dân các xã, phường (theo danh sách tại Phụ lục)"]
    assert letter.opening.startswith("Thực hiện Công văn số 5691/BTTTT-CVT, Sở Khoa học và Công")
    assert "Đến 13 giờ 33 phút ngày 27/11/2026, 5 trên 92 đơn vị cấp xã đạt 300 mẫu" in (
        letter.findings
    )
    assert "8 đơn vị không có mẫu nào trong 3 ngày qua" in letter.findings
    assert "trong 4 ngày còn lại" in letter.asks[0]
    assert "trước ngày 10 tháng 12 năm 2026" in letter.asks[2]
    assert letter.closing.endswith("./.")


def test_few_communes_are_named_and_a_month_that_is_over_asks_nothing_of_it() -> None:
    letter = compose_reminder(situation(2, days_left=None, due=None), HEAD)
    assert letter.recipients == ["Ủy ban nhân dân xã Số 0", "Ủy ban nhân dân phường Số 1"]
    assert letter.findings.startswith("Kết thúc tháng 11 năm 2026, ")
    assert "các tháng tiếp theo" in letter.asks[0] and "báo cáo" not in letter.asks[2]
    assert [column.key for column in letter.columns] == [
        "name", "has", "target", "shortfall", "state",
    ]  # fmt: skip
    assert {row["state"] for row in letter.rows} == {"Không đạt"}


def test_the_file_is_named_and_the_same_facts_give_the_same_bytes() -> None:
    assert file_name("Tỉnh Thái Nguyên", "2026-11") == "CV-don-doc-2026-11-tinh-thai-nguyen.docx"
    assert render_reminder(situation(), HEAD) == render_reminder(situation(), HEAD)


def text_of(raw: bytes) -> str:
    document = Document(io.BytesIO(raw))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(one.text for one in document.paragraphs), *cells])


def test_the_official_downloads_it_for_some_groups(app: Flask, client: FlaskClient) -> None:
    """It is the 20th of November 2024; one commune measures too little, 171 are silent."""
    people.account(app, NAME, "official", people.unit_id(app, "19", level="province"))
    people.sign_in(client, NAME)
    count(app, "05446", *[(f"2024-11-{day:02}", 5) for day in range(1, 20)])
    page = client.get(PAGE).text
    assert "V/v đôn đốc đo chất lượng mạng tháng 11 năm 2024" in page
    assert "172 đơn vị có tên tại Phụ lục chưa đạt" in page and "171 đơn vị không có mẫu" in page
    path = PAGE.replace("reminder-letter", "reminder-letter.docx")
    answer = client.get(f"{path}&groups=will_miss")
    assert "CV-don-doc-2024-11-tinh-thai-nguyen.docx" in answer.headers["Content-Disposition"]
    text = text_of(answer.data)
    assert "Ủy ban nhân dân phường Quang Trung" in text and "Khó đạt" in text
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in text and "Số:          /" in text
    assert "Kèm theo Công văn số" in text and "Cần Thơ" not in text
    assert client.get(f"{path}&groups=reached").status_code == 422
    assert client.get(f"{path}&groups=behind").status_code == 404  # nobody is addressed


@pytest.mark.parametrize("code", ["05443", "01", "99999"])
def test_a_commune_and_other_areas_have_none(app: Flask, client: FlaskClient, code: str) -> None:
    people.account(app, NAME, "official", people.unit_id(app, "05443"))
    people.sign_in(client, NAME)
    assert client.get(f"/desk/area/{code}/reminder-letter").status_code == 404
