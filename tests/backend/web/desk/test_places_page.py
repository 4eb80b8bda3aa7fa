"""The pages of places without coverage: added, taken a step further, corrected, filtered."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support import people
from tests.support.admin_client import field_error

NAME = "binh@example.vn"
PAGE = "/desk/area/19/places"
SPOT = {"name": "Đèo Khế", "position": "21.6, 105.85"}


class Office:
    """A signed-in official of the province."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.province = people.unit_id(app, "19", level="province")
        people.account(app, NAME, "official", self.province)
        self.app, self.client = app, client
        self.headers = people.sign_in(client, NAME)

    def send(self, path: str = PAGE, **fields: str) -> Any:
        token = self.headers["X-CSRF-Token"]
        return self.client.post(path, data={"csrf_token": token, **fields})

    def add(self, **fields: str) -> str:
        """Add a place; return the address of its page."""
        answer = self.send(**(SPOT | fields))
        assert answer.status_code == 303, answer.text
        return str(answer.location)


@pytest.fixture
def office(app: Flask, client: FlaskClient) -> Office:
    return Office(app, client)


def test_a_place_is_added_and_answered(office: Office) -> None:
    page = office.add(operator="Viettel", day="01/11/2024")
    assert "Đã ghi nhận" in office.client.get(page).text
    sent = {"version": "1", "state": "sent", "day": "15/11/2024", "document": "12/SKHCN"}
    assert office.send(page, **sent).status_code == 303
    answer = {"version": "2", "state": "answered", "note": "trạm TNN-12", "day": "15/11/2024"}
    missing = office.send(page, **answer, promised_on="")
    assert missing.status_code == 422 and field_error(missing.text, "promised_on")
    assert office.send(page, **answer, promised_on="31/12/2024").status_code == 303
    shown = office.client.get(page).text
    assert "hẹn xong ngày 31/12/2024" in shown and "Văn bản 12/SKHCN" in shown
    listed = office.client.get(PAGE).text
    assert "Đèo Khế" in listed and "Viettel" in listed
    assert "Đèo Khế" not in office.client.get(f"{PAGE}?state=sent").text


def test_a_promised_day_that_passed_is_a_task_of_the_desk(office: Office) -> None:
    page = office.add(operator="Viettel", day="01/11/2024")
    office.send(page, version="1", state="sent", day="01/11/2024")
    answer = {"state": "answered", "note": "trạm", "day": "02/11/2024"}
    office.send(page, version="2", **answer, promised_on="10/11/2024")
    desk = office.client.get("/desk/area/19").text
    assert "Điểm không có sóng cần đo lại" in desk
    assert "Đèo Khế" in office.client.get(f"{PAGE}?to_measure=true").text
    assert "phép đo xong" in office.client.get(page).text
    office.send(page, version="3", state="remeasure")
    office.send(page, version="4", state="uncovered")
    assert "Điểm không có sóng cần đo lại" not in office.client.get("/desk/area/19").text
    assert "Đèo Khế" not in office.client.get(f"{PAGE}?to_measure=true").text


def test_a_missing_or_distant_position_is_told_at_its_field(office: Office) -> None:
    for position in ("", "đỉnh đèo", "10.5, 106.7"):
        wrong = office.send(**(SPOT | {"position": position}))
        assert wrong.status_code == 422 and field_error(wrong.text, "position"), position
    assert field_error(office.send(**(SPOT | {"name": ""})).text, "name")


def test_the_second_of_two_officials_reads_what_the_first_did(office: Office) -> None:
    page = office.add()
    office.send(page, version="1", state="sent")
    overtaken = office.send(page, version="1", state="wrong", note="có sóng")
    assert overtaken.status_code == 422 and "Đã gửi nhà mạng" in overtaken.text
    assert "có sóng" in overtaken.text


def test_a_wrong_step_is_corrected_with_a_reason(office: Office) -> None:
    page = office.add()
    office.send(page, version="1", state="sent")
    correct = f"{page}?correct=true"
    assert "Đính chính bước mới nhất</h2>" in office.client.get(correct).text
    back = {"version": "2", "state": "recorded", "correction": "yes", "note": ""}
    assert field_error(office.send(correct, **back).text, "note")
    assert office.send(correct, **(back | {"note": "chưa ký"})).status_code == 303
    assert "đính chính" in office.client.get(page).text


def test_a_hamlet_is_added_from_its_list(office: Office) -> None:
    hamlet = {"name": "Bản Tèn", "unit": "05443"}
    made = office.client.post("/api/v1/units/19/hamlets", json=hamlet, headers=office.headers)
    link = f"{PAGE}?hamlet={made.json['id']}"
    assert link in office.client.get("/desk/area/19/hamlets").text
    assert "Bản Tèn" in office.client.get(link).text
    added = office.send(hamlet_id=str(made.json["id"]))
    assert "chưa có vị trí" in office.client.get(added.location).text
    remove = f"/desk/area/19/hamlets/{made.json['id']}/remove"
    kept = office.send(remove, version="1")
    assert kept.status_code == 409 and "không xóa được" in kept.text
    again = office.send(hamlet_id=str(made.json["id"]))
    assert again.status_code == 422 and "đã có trong danh sách" in again.text


def test_the_tab_of_a_province_leads_to_its_places_and_that_of_a_commune_to_notes(
    office: Office, app: Flask
) -> None:
    assert f'href="{PAGE}' in office.client.get("/desk/area/19/samples").text
    clerk = app.test_client()
    people.account(app, "xa@example.vn", "official", people.unit_id(app, "05443"))
    people.sign_in(clerk, "xa@example.vn")
    page = clerk.get("/desk/area/05443/samples").text
    assert "/desk/area/05443/no-connection" in page and "/places" not in page
    assert clerk.get(PAGE).status_code == 404
    assert clerk.get("/desk/area/05443/places").status_code == 404
