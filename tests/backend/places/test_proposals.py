"""Proposed places: hamlets and cells with evidence, without those that are places already."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.backend.places.test_places import NOW, SPOT, Office
from tests.support import people

URL = "/api/v1/units/19/places/proposals"
PAGE = "/desk/area/19/places/proposals"


@pytest.fixture
def office(app: Flask, client: FlaskClient) -> Office:
    return Office(app, client)


def proposed(office: Office) -> list[dict[str, Any]]:
    return list(office.client.get(URL, headers=office.official).json["items"])


def test_evidence_goes_to_the_nearest_hamlet_and_else_to_a_cell(office: Office) -> None:
    near = office.hamlet(name="Bản Gần", latitude=21.601, longitude=105.85)
    office.hamlet(name="Bản Xa", latitude=21.607, longitude=105.85)
    office.hamlet(name="Bản Chưa Rõ")
    office.slow(3)
    office.slow(operator="VinaPhone")
    office.slow(latitude=21.66)
    hamlet, cell = proposed(office)
    assert (hamlet["hamlet_id"], hamlet["slow_tests"], hamlet["phones"]) == (near, 4, None)
    assert hamlet["operators"] == ["Viettel", "VinaPhone"] and hamlet["centre"] is None
    assert (cell["hamlet_id"], cell["name"], cell["slow_tests"]) == (None, None, 1)
    centre = cell["centre"]
    assert all(round(one, 2) == one for one in centre.values()) and centre["latitude"] != 21.66


def test_old_evidence_is_not_proposed(office: Office) -> None:
    office.slow(day=(NOW - timedelta(days=93)).date())
    assert proposed(office) == []


def test_what_is_near_a_place_of_its_operator_is_not_proposed(office: Office) -> None:
    office.slow(2)
    office.slow(operator="VinaPhone")
    place = office.add(operator="Viettel")
    [cell] = proposed(office)
    assert (cell["operators"], cell["slow_tests"]) == (["VinaPhone"], 1)
    office.step(place, state="wrong", note="có sóng")
    assert len(proposed(office)) == 1
    office.add()
    assert proposed(office) == []


def test_a_place_of_a_position_reaches_500_metres_and_that_of_a_hamlet_1_km(
    office: Office,
) -> None:
    office.slow(latitude=21.606)
    office.add()
    assert len(proposed(office)) == 1
    office.add_hamlet(office.hamlet(latitude=SPOT["latitude"], longitude=SPOT["longitude"]))
    assert proposed(office) == []


def test_one_press_adds_a_hamlet_and_one_says_why_not(app: Flask, client: FlaskClient) -> None:
    office = Office(app, client)
    office.hamlet(name="Bản Một", latitude=21.6, longitude=105.85)
    office.hamlet(name="Bản Hai", latitude=21.62, longitude=105.85)
    office.slow()
    office.slow(latitude=21.62)
    people.account(app, "binh@example.vn", "official", office.province)
    token = people.sign_in(client, "binh@example.vn")["X-CSRF-Token"]

    def press(hamlet: dict[str, Any], **fields: str) -> Any:
        data = {"csrf_token": token, "hamlet_id": str(hamlet["hamlet_id"]), **fields}
        return client.post(PAGE, data=data)

    first, second = proposed(office)
    assert "Bản Một" in client.get(PAGE).text
    assert press(first, act="add", operator="Viettel").status_code == 303
    empty = press(second, act="reject", reason=" ")
    assert empty.status_code == 422 and "reason-" in empty.text
    assert press(second, act="reject", reason="có sóng, đo lại rồi").status_code == 303
    assert proposed(office) == []
    listed = client.get("/api/v1/units/19/places").json["items"]
    states = {one["name"]: (one["state"], one["operator"]) for one in listed}
    assert states[first["name"]] == ("recorded", "Viettel")
    assert states[second["name"]] == ("wrong", None)
