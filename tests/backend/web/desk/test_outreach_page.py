"""The page of an office's outreach: entered, asked about, changed, removed, frozen."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.database.extensions import db
from tests.support import people
from tests.support.admin_client import field_error

NAME = "binh@example.vn"
PAGE = "/desk/area/19/outreach"
MONTH = f"{PAGE}?month=2024-11"
LAUNCH = {"kind": "launch", "day": "2024-11-05", "people": "40", "unit": "05443",
          "audience": "residents", "note": "nhà văn hóa"}  # fmt: skip

FREEZE = """
    insert into reports (unit_id, month, edition, state, remarks, created_at, frozen_at, content,
        digest) values (:unit, '2024-11', 1, 'frozen', '{}', now(), now(), '{}', 'x')
"""


class Office:
    """A signed-in official of the province."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.province = people.unit_id(app, "19", level="province")
        people.account(app, NAME, "official", self.province)
        self.app, self.client = app, client
        self.token = people.sign_in(client, NAME)["X-CSRF-Token"]

    def send(self, path: str = MONTH, **fields: str) -> Any:
        return self.client.post(path, data={"csrf_token": self.token, **fields})

    def entries(self) -> list[Any]:
        answer = self.client.get("/api/v1/units/19/outreach?month=2024-11")
        return list(answer.json["items"])


@pytest.fixture
def office(app: Flask, client: FlaskClient) -> Office:
    return Office(app, client)


def test_an_activity_is_entered_summed_and_shown(office: Office) -> None:
    answer = office.send(**LAUNCH)
    assert (answer.status_code, answer.location) == (303, f"{PAGE}?month=2024-11")
    page = office.client.get(answer.location).text
    assert "nhà văn hóa" in page and "Phường Trưng Vương" in page
    sums = page.partition("Tổng theo nơi ghi")[2].partition("</table>")[0]
    assert "Cấp tỉnh" in sums and ">40</td>" in sums


def test_the_same_event_is_asked_about_and_another_one_entered(office: Office) -> None:
    office.send(**LAUNCH)
    asked = office.send(**LAUNCH)
    assert asked.status_code == 422
    assert 'name="another" value="yes"' in asked.text and "40" in asked.text
    assert len(office.entries()) == 1
    assert office.send(**LAUNCH, another="yes").status_code == 303
    assert len(office.entries()) == 2


def test_a_missing_field_is_named_beside_it(office: Office) -> None:
    wrong = office.send(**{**LAUNCH, "people": ""})
    assert wrong.status_code == 422
    assert field_error(wrong.text, "people")
    assert field_error(office.send(**{**LAUNCH, "day": ""}).text, "day")
    assert "nhà văn hóa" in wrong.text
    document = office.send(kind="document", day="4/11/2024", document_number="")
    assert field_error(document.text, "document_number")
    many = office.send(**{**LAUNCH, "people": "đông"})
    assert field_error(many.text, "people")


def test_a_document_has_its_number_and_no_people(office: Office) -> None:
    number = {"document_number": "12/KH-UBND", "document_date": "04/11/2024"}
    assert office.send(kind="document", day="4/11/2024", people="7", **number).status_code == 303
    [entry] = office.entries()
    assert (entry["people"], entry["unit"]["code"]) == (None, "19")
    assert "Số 12/KH-UBND, ngày 04/11/2024" in office.client.get(MONTH).text


def test_an_activity_is_changed_against_its_version_and_removed(office: Office) -> None:
    office.send(**LAUNCH)
    [entry] = office.entries()
    seen = {"id": str(entry["id"]), "version": "1"}
    edit = office.client.get(f"{MONTH}&id={entry['id']}").text
    assert 'value="40"' in edit and 'value="2024-11-05"' in edit
    changed = {**LAUNCH, **seen, "people": "55"}
    assert office.send(**changed).status_code == 303
    assert [one["people"] for one in office.entries()] == [55]
    overtaken = office.send(**{**changed, "people": "60"})
    assert overtaken.status_code == 422 and "55" in field_error(overtaken.text, "people")
    remove = f"{PAGE}/{entry['id']}/remove"
    assert office.send(remove, version="2", month="2024-11").status_code == 303
    assert office.entries() == []


def test_a_frozen_month_has_no_form_and_says_why(office: Office) -> None:
    office.send(**LAUNCH)
    with office.app.app_context():
        db.session.execute(text(FREEZE), {"unit": office.province})
        db.session.commit()
    page = office.client.get(MONTH).text
    assert "đã chốt" in page and 'name="kind"' not in page and "nhà văn hóa" in page
    assert office.send(**LAUNCH, another="yes").status_code == 422
    assert len(office.entries()) == 1


def test_a_district_has_a_list_and_no_form(office: Office) -> None:
    page = office.client.get("/desk/area/164/outreach?month=2024-11").text
    assert 'name="kind"' not in page and "cấp tỉnh" in page.lower()
