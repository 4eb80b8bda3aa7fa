"""Import of a month's outreach from a table: 500 rows, errors by cell, twice the same list."""

import csv
import io
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.database.extensions import db
from backend.outreach.importer import HEADS
from backend.outreach.models import Outreach
from tests.support import people

NAME = "binh@example.vn"
PAGE = "/desk/area/19/outreach/import?month=2024-11"
GOOD = ("05/11/2024", "05443", "", "Ra quân", "", "1.200", "chợ", "", "")
WRONG = [
    (("31/02/2024", *GOOD[1:]), "Ngày: Ngày không đúng"),
    (("05/10/2024", *GOOD[1:]), "Ngày: Ngày này thuộc tháng khác"),
    (("30/11/2024", *GOOD[1:]), "Ngày: Ngày này chưa đến"),
    ((*GOOD[:1], "", "Xã Không Có", *GOOD[3:]), "Nơi thực hiện: Không có đơn vị"),
    ((*GOOD[:3], "Liên hoan", *GOOD[4:]), "Hoạt động: Không rõ loại hoạt động"),
    ((*GOOD[:4], "trẻ em", *GOOD[5:]), "Đối tượng: Không rõ đối tượng"),
    ((*GOOD[:5], "đông", *GOOD[6:]), "Lượt người: Chỉ nhập số"),
    ((*GOOD[:5], "", *GOOD[6:]), "Lượt người: Thiếu trường này"),
    (
        (*GOOD[:3], "Loa", "", "7", *GOOD[6:]),
        "Lượt người: Loại hoạt động này không tính lượt người",
    ),
    ((*GOOD[:3], "Văn bản", "", "", "", "", ""), "Số văn bản: Thiếu trường này"),
    ((*GOOD[:6], "x" * 301, *GOOD[7:]), "Ghi chú: "),
]


class Office:
    """A signed-in official of the province."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.province = people.unit_id(app, "19", level="province")
        people.account(app, NAME, "official", self.province)
        self.app, self.client = app, client
        self.token = people.sign_in(client, NAME)["X-CSRF-Token"]

    def send(self, *rows: tuple[str, ...], heads: tuple[str, ...] = HEADS, **fields: str) -> Any:
        file = io.StringIO()
        csv.writer(file).writerows([heads, *rows])
        table = (io.BytesIO(file.getvalue().encode()), "hoat-dong.csv")
        return self.client.post(PAGE, data={"csrf_token": self.token, "file": table, **fields})

    def stored(self) -> list[Outreach]:
        with self.app.app_context():
            return list(db.session.query(Outreach).order_by(Outreach.id))


def plain_text(page: str) -> str:
    return re.sub(r"</?strong>", "", page)


@pytest.fixture
def office(app: Flask, client: FlaskClient) -> Office:
    return Office(app, client)


def test_500_rows_are_checked_then_stored_and_twice_is_once(office: Office) -> None:
    rows = [(f"{n % 18 + 1}/11/2024", "05443", "", "Đến từng nhà", "", str(n + 1), f"thôn {n}",
             "", "") for n in range(498)]  # fmt: skip
    document = (
        "2024-11-04",
        "",
        "",
        "Văn bản chỉ đạo",
        "Cán bộ",
        "",
        "",
        "12/KH-UBND",
        "4/11/2024",
    )
    rows += [document, GOOD]
    checked = office.send(*rows)
    assert checked.status_code == 200 and "thêm: 500" in checked.text and office.stored() == []
    assert office.send(*rows, go="yes").status_code == 303
    stored = office.stored()
    assert len(stored) == 500
    written, launch = stored[498:]
    assert (written.document_number, written.people, written.audience, written.unit_id) == (
        "12/KH-UBND", None, "officials", office.province,
    )  # fmt: skip
    assert (launch.people, launch.audience, launch.note) == (1200, "residents", "chợ")
    assert "không đổi: 500" in office.send(*rows).text
    corrected = (*GOOD[:5], "1.300", *GOOD[6:])
    office.send(*rows[:-1], corrected, go="yes")
    assert [one.people for one in office.stored()][498:] == [None, 1300]


def test_of_500_rows_each_wrong_cell_is_named_by_line(office: Office) -> None:
    """Rows of all kinds of errors among good ones: each line tells its own, others are kept."""
    rows = [(f"{n % 18 + 1}/11/2024", "05443", "", "Đến từng nhà", "", str(n + 1), f"thôn {n}",
             "", "") for n in range(500)]  # fmt: skip
    wrong = {7 + 40 * n: row for n, (row, _) in enumerate(WRONG)}
    for place, row in wrong.items():
        rows[place] = row
    answer = office.send(*rows, go="yes")
    assert f"thêm: {500 - len(wrong)}" in plain_text(answer.text)
    assert len(office.stored()) == 500 - len(wrong)
    told = dict(re.findall(r"<tr>\s*<td[^>]*>([0-9]+)</td>(.*?)</tr>", answer.text, re.DOTALL))
    assert {int(line) for line in told} == {place + 2 for place in wrong}
    for place, (_, said) in zip(wrong, WRONG, strict=True):
        assert said in plain_text(told[str(place + 2)])


@pytest.mark.parametrize(("row", "said"), WRONG)
def test_the_error_of_a_cell_is_told_and_the_other_rows_are_stored(
    office: Office, row: tuple[str, ...], said: str
) -> None:
    answer = office.send(row, GOOD, go="yes")
    assert answer.status_code == 200 and said in plain_text(answer.text)
    assert [one.note for one in office.stored()] == ["chợ"]


def test_a_row_twice_is_refused_and_a_similar_one_noted(office: Office) -> None:
    twice = office.send(GOOD, GOOD)
    assert "đã có ở dòng 2" in twice.text
    office.send(GOOD, go="yes")
    other = (*GOOD[:6], "nhà văn hóa", *GOOD[7:])
    assert "nếu là cùng một buổi" in office.send(other).text


def test_a_frozen_month_takes_no_list_and_a_table_needs_activities(office: Office) -> None:
    assert "Không thấy cột hoạt động" in office.send(("x",), heads=("Cột",)).text
    with office.app.app_context():
        freeze = """
            insert into reports (unit_id, month, edition, state, remarks, created_at, frozen_at,
                content, digest)
            values (:unit, '2024-11', 1, 'frozen', '{}', now(), now(), '{}', 'x')
        """
        db.session.execute(text(freeze), {"unit": office.province})
        db.session.commit()
    assert "đã chốt" in office.send(GOOD, go="yes").text and office.stored() == []
