"""Letters to operators: what they say of places, the step they are, and the answers' table."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from docx import Document
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook

from backend.places.answers import HEADER
from backend.reports.operator_letters.letter import OperatorLetter, compose_letter
from tests.support import people
from tests.support.factories import CONSENT, register
from tests.support.measurements import measurement_row, store_rows
from tests.support.notes import note, post_notes
from tests.support.reminders import HEAD

NAME = "binh@example.vn"
PAGE = "/desk/area/19/places"
NOW = datetime(2024, 11, 20, 12, tzinfo=UTC)
AT = {"latitude": 21.6, "longitude": 105.85}
ANSWERS = ("Có phương án", "Chưa có kế hoạch")


class Office:
    """A signed-in official of the province, and the commune of AT."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        app.extensions["clock"].now = NOW
        people.account(app, NAME, "official", people.unit_id(app, "19", level="province"))
        self.headers = people.sign_in(client, NAME)
        found = client.post("/api/v1/units/locate", json=AT | {"accuracy_m": 10}).json["unit"]
        self.code, self.commune = found["code"], found["name"]

    def api(self, path: str, body: dict[str, Any], **headers: str) -> Any:
        answer = self.client.post(f"/api/v1{path}", json=body, headers=self.headers | headers)
        assert answer.status_code == 201, answer.text
        return answer.json

    def hamlet(self, name: str = "Bản Tèn", operator: str | None = "Viettel", **at: float) -> int:
        hamlet = self.api("/units/19/hamlets", {"name": name, "unit": self.code, **at})
        body = {"hamlet_id": hamlet["id"], "operator": operator, "day": "2024-10-05"}
        return int(self.api("/units/19/places", body)["id"])

    def spot(self, name: str = "Đèo Khế", operator: str | None = None) -> int:
        body = {"name": name, "latitude": 21.6012, "longitude": 105.8543, "operator": operator}
        return int(self.api("/units/19/places", body)["id"])

    def send(self, *numbers: int, **fields: str) -> Any:
        form = {"csrf_token": self.headers["X-CSRF-Token"], "document": "12/SKHCN-BCVT"}
        places = {"place": [str(one) for one in numbers]}
        return self.client.post(f"{PAGE}/letter", data=form | fields | places)

    def place(self, number: int) -> dict[str, Any]:
        return dict(self.client.get(f"/api/v1/places/{number}", headers=self.headers).json)

    def states(self, *numbers: int) -> list[str]:
        return [self.place(one)["state"] for one in numbers]

    def letter(self, *numbers: int) -> tuple[str, list[list[str]]]:
        """Return the text of the Word file, and the rows of its annex."""
        query = {"place": [str(one) for one in numbers]}
        answer = self.client.get(f"{PAGE}/letter.docx", query_string=query)
        assert answer.status_code == 200, answer.text
        document = Document(io.BytesIO(answer.data))
        [table] = [one for one in document.tables if len(one.columns) > 2]
        rows = [[cell.text for cell in row.cells] for row in table.rows]
        return "\n".join(one.text for one in document.paragraphs), rows

    def table(self, *numbers: int, waiting: bool = False) -> Any:
        query = {"place": [str(one) for one in numbers]}
        path = f"{PAGE}/answers.xlsx" if waiting else f"{PAGE}/letter.xlsx"
        answer = self.client.get(path, query_string=query)
        assert answer.status_code == 200
        return load_workbook(io.BytesIO(answer.data))

    def import_(self, book: Any, *, go: bool = True, **fields: str) -> Any:
        raw = io.BytesIO()
        book.save(raw)
        raw.seek(0)
        form: dict[str, Any] = {"csrf_token": self.headers["X-CSRF-Token"], **fields}
        form |= {"file": (raw, "tra-loi.xlsx")} | ({"go": "yes"} if go else {})
        return self.client.post(f"{PAGE}/answers", data=form)


@pytest.fixture
def office(app: Flask, client: FlaskClient) -> Office:
    return Office(app, client)


def fill(book: Any, row: int, *answer: Any) -> None:
    for column, value in enumerate(answer, 8):
        book.worksheets[0].cell(row, column).value = value


def test_a_letter_names_hamlets_and_positions_to_a_kilometre(office: Office) -> None:
    hamlet, spot = office.hamlet(**AT), office.spot()
    text, (head, *rows) = office.letter(hamlet, spot)
    assert head == [HEADER[one][0] for one in (0, 1, 2, 4, 5, 6)]
    other = office.place(spot)["unit"]["name"]
    assert sorted(rows) == [
        [str(hamlet), "Bản Tèn", office.commune, "Viettel", "10/2024", "cơ quan ghi nhận"],
        [str(spot), "Đèo Khế (khoảng 21,60; 105,85)", other, "Mọi nhà mạng", "11/2024",
         "cơ quan ghi nhận"],
    ]  # fmt: skip
    counted = "có 2 điểm tại 2 xã, phường cần xử lý: 1 điểm của mọi nhà mạng; 1 điểm của Viettel"
    assert counted in text
    for branch in ("Viettel Thái Nguyên", "VNPT Thái Nguyên", "MobiFone Thái Nguyên"):
        assert branch in text  # one place is of all operators
    assert "21,6012" not in text + str(rows)


def test_a_letter_of_one_operator_is_addressed_to_it_alone(office: Office) -> None:
    office.hamlet(**AT)
    office.spot()
    answer = office.client.get(f"{PAGE}/letter?operator=Viettel").text
    assert "Viettel Thái Nguyên." in answer and "VNPT Thái Nguyên" not in answer
    assert "Đèo Khế" not in answer.partition('class="sheet"')[2]
    assert "Bản Tèn" in office.client.get(f"{PAGE}/letter?operator=").text


def test_kinds_of_evidence_are_named_without_numbers(office: Office, app: Flask) -> None:
    unit = people.unit_id(app, office.code)
    sample = AT | {"accuracy_m": 20.0, "operator": "Viettel"}
    slow = measurement_row(unit, NOW - timedelta(days=3), **sample, download_mbps=1.2)
    failed = {"valid": False, "counted": False, "reasons": ["failed_test"], "download_mbps": None}
    store_rows(app, slow, measurement_row(unit, NOW - timedelta(days=4), **(sample | failed)))
    number = office.hamlet(**AT)
    _, (_, [*_, kinds]) = office.letter(number)
    assert kinds == "phép đo không hoàn thành; phép đo dưới 5 Mbit/s"


def test_a_withdrawn_note_is_in_no_later_letter(office: Office, client: FlaskClient) -> None:
    phone, other = register(client), register(client)
    older = {"consent": CONSENT | {"version": "2"}}
    client.post("/api/v1/devices/me/consents", json=older, headers=other)
    place = {"latitude": 21.6001, "longitude": 105.8501, "accuracy_m": 20.0,
             "at": (NOW - timedelta(minutes=29)).isoformat()}  # fmt: skip
    begin = NOW - timedelta(minutes=30)
    assert post_notes(client, other, note(begin, location=place)).status_code == 201
    number = office.hamlet(**AT)
    kinds = "người dân ghi nhận không kết nối được"
    assert office.letter(number)[1][1][-1] == "cơ quan ghi nhận"  # nobody agreed to text 4
    assert post_notes(client, phone, note(begin, location=place)).status_code == 201
    assert office.letter(number)[1][1][-1] == kinds
    told = str(list(office.table(number).worksheets[0].values))
    assert not any(one in told + str(office.letter(number)) for one in ("21,60", "105,85"))
    assert "20/11/2024" not in told
    office.send(number)
    assert client.delete("/api/v1/devices/me", headers=phone).status_code in (200, 204)
    shown = office.place(number)
    assert shown["evidence"]["notes"] == 0 and shown["evidence"]["months"] == []
    cells = [list(row) for row in office.table(waiting=True).worksheets[0].values]
    assert cells[1][6] == "cơ quan ghi nhận"


def test_pressing_sent_records_the_step_of_each_place(office: Office) -> None:
    first, second, third = office.hamlet(**AT), office.spot(), office.spot("Đèo Nhe", "Viettel")
    sent = office.send(first, second, day="18/11/2024")
    assert sent.status_code == 422  # the second was recorded later
    assert "trước ngày của bước" in sent.text
    assert office.send(first, second, document="").status_code == 422
    assert office.send(first, 999_999).status_code == 422
    assert office.states(first, second) == ["recorded"] * 2
    assert office.send(first, second, day="20/11/2024").status_code == 303
    assert office.states(first, second, third) == ["sent", "sent", "recorded"]
    step = office.place(first)["steps"][0]
    assert (step["document"], step["day"]) == ("12/SKHCN-BCVT", "2024-11-20")
    for file in ("letter.docx", "letter.xlsx"):  # a letter of others would go out by mistake
        assert office.client.get(f"{PAGE}/{file}?place={first}").status_code == 404
    stale = office.send(first)
    assert stale.status_code == 422 and "Ghi đã gửi" not in stale.text
    assert "Đèo Nhe" in office.client.get(f"{PAGE}/letter?place={first}").text
    again = office.send(first, third)
    assert again.status_code == 422 and "vừa được gửi" in again.text
    assert office.states(third) == ["recorded"]


def test_the_table_comes_back_without_loss(office: Office) -> None:
    numbers = [office.hamlet(**AT), office.spot(), office.spot("Đèo Nhe", "Viettel")]
    book = office.table(*numbers)
    rows = [[str(cell or "") for cell in row] for row in book.worksheets[0].values]
    assert rows[0] == [head for head, _ in HEADER]
    at_start = {int(row[0]): row for row in rows[1:]}
    assert set(at_start) == set(numbers)
    office.send(*numbers)
    fill(book, 2, ANSWERS[0], "trạm TNN-12", "31/03/2025")
    fill(book, 3, ANSWERS[1], "chưa có vốn")
    assert office.import_(book, go=False).status_code == 200
    assert set(office.states(*numbers)) == {"sent"}
    letter = {"document": "88/VT", "day": "20/11/2024"}
    assert office.import_(book, **letter).status_code == 303
    answered, refused = (int(rows[one][0]) for one in (1, 2))
    assert office.states(answered, refused) == ["answered", "refused"]
    step = office.place(answered)["steps"][0]
    assert (step["promised_on"], step["note"], step["document"], step["day"]) == (
        "2025-03-31", "trạm TNN-12", "88/VT", "2024-11-20",
    )  # fmt: skip
    assert office.place(refused)["steps"][0]["note"] == "chưa có vốn"
    again = office.import_(book, go=False)
    assert "không có trả lời mới: 3" in again.text  # the same table changes nothing
    waiting = [row[0] for row in office.table(waiting=True).worksheets[0].values][1:]
    assert waiting == [rows[3][0]]


def test_bad_rows_are_told_by_their_cell(office: Office, app: Flask) -> None:
    first, second, third = office.hamlet(**AT), office.spot(), office.spot("Đèo Nhe", "Viettel")
    fourth, fifth = office.spot("Đèo So"), office.spot("Dốc Lim")
    elsewhere = people.person(app, "official", people.unit_id(app, "01", level="province"))
    hanoi = {"name": "Bãi Giữa", "latitude": 21.03, "longitude": 105.85}
    answer = office.client.post("/api/v1/units/01/places", json=hanoi, headers=elsewhere)
    assert answer.status_code == 201
    book = office.table(first, second, third)
    office.send(first, second, third)
    sheet = book.worksheets[0]
    lines = [
        (first, "", "", "", "", "", "", ANSWERS[0], "trạm", "19/11/2024"),
        (second, "Bản Khác", "", "", "", "", "", ANSWERS[0], "", datetime(2025, 3, 31)),
        (third, "", "", "", "", "", "", "có lẽ", "", ""),
        (third, "", "", "", "", "", "", ANSWERS[1], "", ""),
        (999_999, "", "", "", "", "", "", ANSWERS[1], "", ""),
        (answer.json["id"], "", "", "", "", "", "", ANSWERS[1], "", ""),
        (fourth, "", "", "", "", "", "", ANSWERS[1], "", ""),
        (fifth, "", "", "", "", "", "", "", "", "31/02/2025"),
        ("mười", "", "", "", "", "", "", ANSWERS[1], "", ""),
    ]
    for row, line in enumerate(lines, 2):
        for column, value in enumerate(line, 1):
            sheet.cell(row, column).value = value
    shown = office.import_(book)
    assert shown.status_code == 200
    text = shown.text
    assert "lỗi: 9" in text
    for words in (
        "<strong>Ngày hoàn thành</strong>: Ngày hẹn", "<strong>Trạm, biện pháp hoặc lý do",
        "<strong>Trả lời</strong>: Hãy ghi Có phương án", "Điểm này đã có ở dòng 4",
        "<strong>Mã điểm</strong>: Tỉnh không có điểm nào mang mã này",
        "<strong>Thôn hoặc điểm</strong>: Điểm mang mã này là: Đèo Khế",
    ):  # fmt: skip
        assert words in text, words
    assert text.count("Tỉnh không có điểm nào mang mã này") == 3
    assert office.states(first, second, third, fourth, fifth) == ["sent"] * 3 + ["recorded"] * 2


def test_a_letter_has_one_addressee_or_a_list_and_cites_its_request() -> None:
    row: Any = {"id": "1", "name": "Bản Tèn", "unit": "Xã Văn Lăng", "operator": "Viettel",
                "month": "10/2026", "kinds": "cơ quan ghi nhận"}  # fmt: skip
    facts = OperatorLetter(
        province="Tỉnh Thái Nguyên", rows=[row] * 3, operators=["Viettel"],
        request="Công văn số 5691/BTTTT-CVT", at=datetime(2026, 11, 27, 6, tzinfo=UTC), demo=False,
    )  # fmt: skip
    letter = compose_letter(facts, HEAD)
    assert letter.head.recipients == ["Viettel Thái Nguyên"]
    assert letter.opening.startswith("Thực hiện Công văn số 5691/BTTTT-CVT, Sở Khoa học và Công")
    findings, asked, *asks = letter.sections[0].paragraphs
    assert "Đến ngày 27/11/2026, có 3 điểm tại 1 xã, phường" in findings
    assert asked == "Sở Khoa học và Công nghệ đề nghị đơn vị thực hiện:"
    assert [one[:2] for one in asks] == ["1.", "2.", "3."]
    assert all(head in asks[1] for head, _ in HEADER[7:])
    assert letter.closing.endswith("./.")
    assert letter.attached_to.endswith("năm 2026 của Sở Khoa học và Công nghệ)")


def test_nobody_else_gets_a_letter(office: Office, app: Flask) -> None:
    number = office.hamlet(**AT)
    for code in ("05443", "01"):
        clerk = app.test_client()
        unit = people.unit_id(app, code, level="province" if code == "01" else "commune")
        people.account(app, f"{code}@example.vn", "official", unit)
        people.sign_in(clerk, f"{code}@example.vn")
        for path in ("letter", "letter.docx", "letter.xlsx", "answers", "answers.xlsx"):
            answer = clerk.get(f"{PAGE}/{path}?place={number}")
            assert answer.status_code == 404, path
