"""Places that officials publish: pressed one by one, taken back, and nothing of persons."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support import people
from tests.support.factories import register
from tests.support.measurements import measurement_row, store_rows
from tests.support.notes import note, post_notes

Json = dict[str, Any]
NOW = datetime(2024, 11, 20, 12, tzinfo=UTC)
AT: Json = {"latitude": 21.6, "longitude": 105.85}
NAME = "binh@example.vn"


class Office:
    """An official of the province with one hamlet and one position that are places."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        app.extensions["clock"].now = NOW
        people.account(app, NAME, "official", people.unit_id(app, "19", level="province"))
        self.headers = people.sign_in(client, NAME)
        self.visitor = app.test_client()
        found = client.post("/api/v1/units/locate", json=AT | {"accuracy_m": 10}).json["unit"]
        self.code, self.commune = found["code"], found["name"]
        listed = {"name": "Bản Tèn", "unit": self.code, **AT}
        hamlet = self.post("/units/19/hamlets", listed)["id"]
        self.hamlet = self.post(
            "/units/19/places", {"hamlet_id": hamlet, "operator": "Viettel", "day": "2024-10-05"}
        )
        self.spot = self.post("/units/19/places", {"name": "Nhà ông Ba", **AT})

    def post(self, path: str, body: Json) -> Json:
        answer = self.client.post(f"/api/v1{path}", json=body, headers=self.headers)
        assert answer.status_code == 201, answer.text
        return dict(answer.json)

    def step(self, place: Json, **step: Any) -> None:
        headers = people.if_match(self.headers, place["version"])
        url = f"/api/v1/places/{place['id']}/steps"
        answer = self.client.post(url, json=step, headers=headers)
        assert answer.status_code == 201, answer.text
        place |= answer.json

    def publish(self, place: Json, published: bool = True, wanted: int = 200) -> Json:
        headers = people.if_match(self.headers, place["version"])
        url = f"/api/v1/places/{place['id']}/publication"
        answer = self.client.put(url, json={"published": published}, headers=headers)
        assert answer.status_code == wanted, answer.text
        return dict(answer.json)

    def public(self, unit: str = "19") -> list[Json]:
        answer = self.visitor.get(f"/api/v1/places?unit={unit}")
        assert answer.status_code == 200, answer.text
        return list(answer.json["items"])


@pytest.fixture
def office(app: Flask, client: FlaskClient) -> Office:
    return Office(app, client)


def test_the_public_sees_a_place_from_sent_on_after_a_press(office: Office) -> None:
    assert office.publish(office.hamlet, wanted=409)["code"] == "place_not_sent"
    office.step(office.hamlet, state="sent", day="2024-10-07")
    assert office.public() == []
    assert office.publish(office.hamlet)["published"] is True
    [shown] = office.public()
    assert shown.pop("unit")["code"] == office.code
    assert shown == {
        "hamlet": "Bản Tèn", "operator": "Viettel", "state": "sent", "month": "2024-10",
    }  # fmt: skip
    assert office.public(office.code) and office.public("01") == []
    office.step(office.hamlet, state="refused")
    assert [(one["state"], one["month"]) for one in office.public()] == [("refused", "2024-11")]
    office.publish(office.hamlet, published=False)
    assert office.public() == []


def test_a_place_that_is_no_hamlet_is_its_commune(office: Office) -> None:
    office.step(office.spot, state="sent")
    office.publish(office.spot)
    [shown] = office.public()
    assert (shown["hamlet"], shown["unit"]["code"], shown["operator"]) == (None, office.code, None)
    for path in ("/api/v1/places?unit=19", "/unit/19/places", f"/unit/{office.code}"):
        text = office.visitor.get(path).text
        assert "Nhà ông Ba" not in text and "105.85" not in text.partition("</head>")[2], path


def test_a_correction_takes_a_place_back_for_good(office: Office) -> None:
    office.step(office.hamlet, state="sent")
    office.publish(office.hamlet)
    office.step(office.hamlet, state="recorded", correction=True, note="chưa gửi")
    assert office.public() == []
    office.step(office.hamlet, state="sent")
    assert office.public() == []  # the office presses again


def test_the_public_answer_depends_on_no_phone(office: Office, client: FlaskClient) -> None:
    """Whoever polls, or subtracts two answers, reads what officials entered alone."""
    office.step(office.hamlet, state="sent")
    office.publish(office.hamlet)
    addresses = ("/api/v1/places?unit=19", f"/api/v1/places?unit={office.code}", "/unit/19/places")

    def read() -> list[tuple[str | None, bytes]]:
        answers = [office.visitor.get(one) for one in addresses]
        return [(one.headers.get("ETag"), one.data) for one in answers]

    before = read()
    phone = register(client)
    place = {**AT, "accuracy_m": 20.0, "at": (NOW - timedelta(minutes=29)).isoformat()}
    answer = post_notes(client, phone, note(NOW - timedelta(minutes=30), location=place))
    assert answer.status_code == 201
    row = measurement_row(
        people.unit_id(office.app, office.code), NOW, **AT, accuracy_m=20.0, download_mbps=1.0
    )
    store_rows(office.app, row)
    url = f"/api/v1/places/{office.hamlet['id']}"
    evidence = client.get(url, headers=office.headers).json["evidence"]
    assert (evidence["notes"], evidence["slow_tests"]) == (1, 1)
    assert read() == before
    assert client.delete("/api/v1/devices/me", headers=phone).status_code in (200, 204)
    assert client.get(url, headers=office.headers).json["evidence"]["notes"] == 0
    assert read() == before
    tag = {"If-None-Match": str(before[0][0])}
    assert office.visitor.get(addresses[0], headers=tag).status_code == 304


def test_nobody_else_publishes(office: Office) -> None:
    office.step(office.hamlet, state="sent")
    url = f"/api/v1/places/{office.hamlet['id']}/publication"
    app, body = office.app, {"published": True}
    for headers in (
        people.person(app, "official", people.unit_id(app, office.code)),
        people.person(app, "official", people.unit_id(app, "01", level="province")),
        people.person(app, "organiser", people.organisation(app)),
    ):
        matching = people.if_match(headers, 2)
        assert office.visitor.put(url, json=body, headers=matching).status_code == 404
    stale = people.if_match(office.headers, 1)
    assert office.client.put(url, json=body, headers=stale).status_code == 412
    assert office.public() == []


def test_the_pages_lead_from_the_press_to_the_public_list(office: Office) -> None:
    office.step(office.hamlet, state="sent")
    page = f"/desk/area/19/places/{office.hamlet['id']}"
    assert "Chưa công bố" in office.client.get(page).text
    assert "Bản Tèn" not in office.visitor.get(f"/unit/{office.code}").text
    fields = {"csrf_token": office.headers["X-CSRF-Token"], "version": "2", "published": "yes"}
    assert office.client.post(f"{page}/publication", data=fields).status_code == 303
    assert "Công chúng thấy gì" in office.client.get(page).text
    for address in (f"/unit/{office.code}", "/unit/19/places", f"/unit/{office.code}/places"):
        shown = office.visitor.get(address).text
        assert "Bản Tèn" in shown and "Đã gửi nhà mạng" in shown and "tháng" in shown.lower()
    assert "/unit/19/places" in office.visitor.get("/unit/19").text
    assert (
        office.client.post(f"{page}/publication", data=fields | {"published": ""}).status_code
        == 303
    )
    assert "Bản Tèn" not in office.visitor.get("/unit/19/places").text
    assert "Chưa công bố điểm nào" in office.visitor.get("/unit/19/places").text
