"""Places without coverage: added, taken step by step, corrected; evidence, and who sees them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.database.extensions import db
from backend.places.states import NEXT, STATES, following
from tests.support import people
from tests.support.factories import CONSENT, register
from tests.support.measurements import measurement_row, store_rows
from tests.support.notes import note, post_notes

Json = dict[str, Any]
LIST = "/api/v1/units/19/places"
SPOT: Json = {"name": "Đèo Khế, km 12", "latitude": 21.6, "longitude": 105.85}
ANSWER: Json = {"state": "answered", "note": "trạm TQG0424-11", "promised_on": "2025-03-31"}
NOW = datetime(2024, 11, 20, 12, tzinfo=UTC)


class Office:
    """An official of the province, and the commune of SPOT."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        app.extensions["clock"].now = NOW
        self.province = people.unit_id(app, "19", level="province")
        self.official = people.person(app, "official", self.province, display_name="Nguyễn Bình")
        at = {"latitude": SPOT["latitude"], "longitude": SPOT["longitude"]}
        found = client.post("/api/v1/units/locate", json=at | {"accuracy_m": 10}).json["unit"]
        self.commune = people.unit_id(app, found["code"])
        self.code = found["code"]

    def add(self, wanted: int = 201, **data: Any) -> Json:
        answer = self.client.post(LIST, json=SPOT | data, headers=self.official)
        assert answer.status_code == wanted, answer.text
        return dict(answer.json)

    def hamlet(self, **data: Any) -> int:
        fields = {"name": "Bản Tèn", "unit": self.code} | data
        answer = self.client.post("/api/v1/units/19/hamlets", json=fields, headers=self.official)
        assert answer.status_code == 201, answer.text
        return int(answer.json["id"])

    def add_hamlet(self, hamlet_id: int, wanted: int = 201, **data: Any) -> Json:
        body = {"hamlet_id": hamlet_id, **data}
        answer = self.client.post(LIST, json=body, headers=self.official)
        assert answer.status_code == wanted, answer.text
        return dict(answer.json)

    def step(self, place: Json, wanted: int = 201, version: int | None = None, **data: Any) -> Json:
        headers = people.if_match(self.official, version or place["version"])
        url = f"/api/v1/places/{place['id']}/steps"
        answer = self.client.post(url, json=data, headers=headers)
        assert answer.status_code == wanted, answer.text
        return dict(answer.json)

    def shown(self, place: Json) -> Json:
        answer = self.client.get(f"/api/v1/places/{place['id']}", headers=self.official)
        return dict(answer.json)

    def slow(self, number: int = 1, **changes: Any) -> None:
        """Store slow samples at SPOT, each of another phone."""
        at = {"latitude": 21.6, "longitude": 105.85, "accuracy_m": 20.0, "download_mbps": 1.2}
        days = NOW - timedelta(days=3)
        rows = [measurement_row(self.commune, days, **(at | changes)) for _ in range(number)]
        store_rows(self.app, *rows)


@pytest.fixture
def office(app: Flask, client: FlaskClient) -> Office:
    return Office(app, client)


def numbers(evidence: Json) -> tuple[Any, ...]:
    return tuple(evidence[one] for one in ("notes", "failed_tests", "slow_tests", "phones"))


def test_a_place_goes_from_the_office_to_the_second_measurement(office: Office) -> None:
    place = office.add()
    assert (place["state"], place["operator"], place["unit"]["code"]) == (
        "recorded", None, office.code,
    )  # fmt: skip
    place = office.step(place, state="sent", document="12/SKHCN-BCVT")
    place = office.step(place, **ANSWER)
    assert (place["promised_on"], place["overdue"]) == ("2025-03-31", False)
    office.app.extensions["clock"].now = datetime(2025, 4, 1, tzinfo=UTC)
    assert office.shown(place)["overdue"]
    place = office.step(place, state="remeasure")
    place = office.step(place, state="covered", note="đội 1 đo ngày 1/4")
    assert not place["overdue"]
    steps = [one["state"] for one in place["steps"]]
    assert steps == ["covered", "remeasure", "answered", "sent", "recorded"]
    assert {one["entered_by"] for one in place["steps"]} == {"Nguyễn Bình"}


def test_what_speaks_for_coverage_is_counted_since_the_promised_day(office: Office) -> None:
    place = office.step(office.add(operator="Viettel"), state="sent")
    place = office.step(place, **ANSWER | {"promised_on": "2024-11-21"})
    assert place["good_tests"] is None
    now = datetime(2024, 11, 25, 12, tzinfo=UTC)
    office.app.extensions["clock"].now = now
    at = {"latitude": 21.6, "longitude": 105.85, "accuracy_m": 20.0}
    for number, changes in enumerate((
        {}, {"operator": "VinaPhone"}, {"download_mbps": 4.9}, {"latitude": 21.606},
        {"valid": False, "reasons": ["failed_test"]}, {"day": datetime(2024, 11, 20).date()},
    )):  # fmt: skip
        row = measurement_row(office.commune, now - timedelta(hours=number), **(at | changes))
        store_rows(office.app, row)
    good = office.shown(place)["good_tests"]
    assert good == {"since": "2024-11-21", "tests": 1, "phones": None}
    query = {"to_measure": "true"}
    listed = office.client.get(LIST, query_string=query, headers=office.official).json["items"]
    assert [one["id"] for one in listed] == [place["id"]]
    place = office.step(office.step(place, state="remeasure"), state="covered")
    assert place["good_tests"] is None
    assert office.client.get(LIST, query_string=query, headers=office.official).json["items"] == []


@pytest.mark.parametrize(
    ("data", "field", "code"),
    [
        ({"name": " "}, "name", "required"),
        ({"longitude": None}, "longitude", "required"),
        ({"latitude": None, "longitude": None}, "latitude", "required"),
        ({"latitude": 21.0, "longitude": 105.8}, "latitude", "place_outside"),
        ({"day": "2024-11-21"}, "day", "day_in_future"),
        ({"operator": "Vodafone"}, "operator", "not_one_of"),
        ({"hamlet_id": 1}, "hamlet_id", "hamlet_or_position"),
        ({"hamlet_id": 999, "name": None, "latitude": None, "longitude": None}, "hamlet_id",
         "no_such_hamlet"),
    ],
)  # fmt: skip
def test_a_wrong_place_is_named(office: Office, data: Json, field: str, code: str) -> None:
    errors = [(one["field"], one["code"]) for one in office.add(422, **data)["errors"]]
    assert errors[0] == (field, code)


@pytest.mark.parametrize(
    ("data", "field", "code"),
    [
        ({"state": "covered"}, "state", "step_not_next"),
        ({"state": "answered", "note": "trạm"}, "promised_on", "required"),
        (ANSWER | {"note": " "}, "note", "required"),
        ({"state": "wrong"}, "note", "required"),
        ({"state": "sent", "day": "2024-11-21"}, "day", "day_in_future"),
        ({"state": "sent", "day": "2024-11-19"}, "day", "before_last_step"),
        ({"state": "sent", "promised_on": "2025-01-01"}, "promised_on", "promise_of_answer"),
        ({"state": "covered", "correction": True}, "note", "required"),
    ],
)
def test_a_wrong_step_is_named(office: Office, data: Json, field: str, code: str) -> None:
    [error] = office.step(office.add(), 422, **data)["errors"]
    assert (error["field"], error["code"]) == (field, code)


def test_a_promise_is_not_before_its_answer(office: Office) -> None:
    place = office.step(office.add(), state="sent")
    [error] = office.step(place, 422, **ANSWER | {"promised_on": "2024-11-19"})["errors"]
    assert (error["field"], error["code"]) == ("promised_on", "promised_before")


def test_a_wrong_step_is_followed_by_a_correcting_one(office: Office) -> None:
    place = office.step(office.add(), state="sent")
    place = office.step(place, state="recorded", correction=True, note="chưa ký văn bản")
    assert [one["state"] for one in place["steps"]] == ["recorded", "sent", "recorded"]
    assert place["steps"][0]["correction"] and place["may_follow"][0] == "sent"


def test_of_two_officials_at_once_the_second_is_told(office: Office) -> None:
    place = office.add()
    office.step(place, state="sent")
    office.step(place, 412, version=1, state="wrong", note="có sóng")
    assert office.shown(place)["state"] == "sent"


def test_the_serving_role_changes_no_step(office: Office) -> None:
    office.add()
    with office.app.app_context(), pytest.raises(Exception, match="permission denied"):
        db.session.execute(text("update place_steps set note = 'x'"))


def test_a_hamlet_is_once_for_an_operator_and_again_once_the_first_was_wrong(
    office: Office,
) -> None:
    hamlet = office.hamlet()
    place = office.add_hamlet(hamlet)
    assert office.add_hamlet(hamlet, 409)["code"] == "place_known"
    office.add_hamlet(hamlet, operator="Viettel")
    office.step(place, state="wrong", note="có sóng")
    office.add_hamlet(hamlet)
    refused = office.step(office.shown(place), 409, state="recorded", correction=True, note="nhầm")
    assert refused["code"] == "place_known"


def test_a_place_follows_its_hamlet_which_the_list_keeps(office: Office) -> None:
    hamlet = office.hamlet()
    place = office.add_hamlet(hamlet)
    assert place["position"] is None and numbers(place["evidence"]) == (0, 0, 0, 0)
    url, other = f"/api/v1/hamlets/{hamlet}", "05446"
    moved = {"name": "Bản Mới", "unit": other, "latitude": 21.6, "longitude": 105.85}
    headers = people.if_match(office.official)
    assert office.client.put(url, json=moved, headers=headers).status_code == 200
    shown = office.shown(place)
    assert (shown["name"], shown["unit"]["code"]) == ("Bản Mới", other)
    gone = office.client.delete(url, headers=people.if_match(office.official, 2))
    assert (gone.status_code, gone.json["code"]) == (409, "hamlet_has_places")


def test_evidence_is_of_the_place_and_of_its_operator(office: Office) -> None:
    office.slow(2)
    office.slow(operator="VinaPhone")
    office.slow(reasons=["failed_test"], valid=False, counted=False, download_mbps=None)
    # None of these is evidence.
    office.slow(latitude=21.606)
    office.slow(accuracy_m=250.0)
    office.slow(download_mbps=5.0)
    office.slow(network="fixed")
    office.slow(reasons=["mock_position"], counted=False)
    office.slow(marks=["capped"])
    place = office.add()
    assert numbers(place["evidence"]) == (0, 1, 3, None)
    months = [(one["month"], one["operator"], one["slow_tests"])
              for one in place["evidence"]["months"]]  # fmt: skip
    assert months == [("2024-11", "VinaPhone", 1), ("2024-11", "Viettel", 2)] or sorted(months) == [
        ("2024-11", "Viettel", 2),
        ("2024-11", "VinaPhone", 1),
    ]
    of_operator = office.add(operator="VinaPhone")
    assert numbers(of_operator["evidence"]) == (0, 0, 1, None)
    office.slow(2)
    assert office.shown(place)["evidence"]["phones"] == 6
    assert office.shown(place)["steps"][0]["phones"] is None


def test_a_hamlet_has_a_wider_circle(office: Office) -> None:
    office.slow(latitude=21.606)
    place = office.add_hamlet(office.hamlet(latitude=21.6, longitude=105.85))
    assert place["evidence"]["slow_tests"] == 1


def test_a_withdrawal_leaves_no_evidence_and_no_position(
    office: Office, client: FlaskClient
) -> None:
    phone = register(client)
    noted = note(NOW - timedelta(minutes=30), location={
        "latitude": 21.6001, "longitude": 105.8501, "accuracy_m": 20.0,
        "at": (NOW - timedelta(minutes=29)).isoformat(),
    })  # fmt: skip
    answer = post_notes(client, phone, noted)
    assert answer.status_code == 201, answer.text
    place = office.add()
    assert numbers(place["evidence"]) == (1, 0, 0, None)
    place = office.step(place, state="sent")
    assert numbers(place["evidence"]) == (1, 0, 0, None) == numbers(place["steps"][0])
    assert client.delete("/api/v1/devices/me", headers=phone).status_code in (200, 204)
    shown = office.shown(place)
    assert numbers(shown["evidence"]) == (0, 0, 0, 0) and shown["evidence"]["months"] == []
    assert shown["position"] == {"latitude": 21.6, "longitude": 105.85}
    with office.app.app_context():
        kept = " ".join(map(str, db.session.execute(text("select * from place_steps")).all()))
    assert "21.6001" not in kept and "105.85" not in kept


def test_notes_are_evidence_for_an_operator_under_a_consent_that_names_operators(
    office: Office, client: FlaskClient
) -> None:
    phone = register(client)

    def noted(days: int) -> None:
        office.app.extensions["clock"].now = now = NOW + timedelta(days=days)
        at = {"latitude": 21.6001, "longitude": 105.8501, "accuracy_m": 20.0}
        place = at | {"at": (now - timedelta(minutes=29)).isoformat()}
        answer = post_notes(client, phone, note(now - timedelta(minutes=30), location=place))
        assert answer.status_code == 201, answer.text

    def agree(version: str) -> None:
        office.app.extensions["clock"].now += timedelta(hours=1)
        body = {"consent": CONSENT | {"version": version}}
        url = "/api/v1/devices/me/consents"
        assert client.post(url, json=body, headers=phone).status_code == 201

    agree("2")
    noted(1)
    place = office.add()
    assert numbers(place["evidence"]) == (1, 0, 0, None)
    place = office.step(place, state="sent")
    assert numbers(place["evidence"]) == (0, 0, 0, 0) == numbers(place["steps"][0])
    agree("4")
    assert office.shown(place)["evidence"]["notes"] == 0  # what was noted before stays as it was
    noted(2)
    assert numbers(office.shown(place)["evidence"]) == (1, 0, 0, None)
    agree("2")
    noted(3)
    assert office.shown(place)["evidence"]["notes"] == 1
    place = office.step(place, state="recorded", correction=True, note="chưa gửi")
    assert place["evidence"]["notes"] == 3


def test_the_list_is_filtered_and_paged(office: Office) -> None:
    first = office.add()
    office.add(name="Đèo Nhe", operator="Viettel")
    office.step(first, state="sent")

    def listed(**query: str) -> Json:
        return dict(office.client.get(LIST, query_string=query, headers=office.official).json)

    assert [one["name"] for one in listed(state="sent")["items"]] == [SPOT["name"]]
    assert [one["name"] for one in listed(operator="Viettel")["items"]] == ["Đèo Nhe"]
    page = listed(limit="1")
    assert len(page["items"]) == 1 == len(listed(limit="1", cursor=page["next"])["items"])


def test_nobody_else_knows_of_a_place(office: Office) -> None:
    place = office.add()
    app, client = office.app, office.client
    url = f"/api/v1/places/{place['id']}"
    for headers in (
        people.person(app, "official", office.commune),
        people.person(app, "official", people.unit_id(app, "01", level="province")),
        people.person(app, "organiser", people.organisation(app)),
    ):
        step = client.post(f"{url}/steps", json={"state": "sent"}, headers=people.if_match(headers))
        asked = (client.get(LIST, headers=headers), client.get(url, headers=headers), step,
                 client.post(LIST, json=SPOT, headers=headers))  # fmt: skip
        assert [one.status_code for one in asked] == [404] * 4
    assert client.get(url).status_code == 404


def test_every_state_is_reached_and_only_closed_ones_end() -> None:
    assert set(NEXT) == set(STATES)
    assert {state for after in NEXT.values() for state in after} | {"recorded"} == set(STATES)
    assert [state for state in STATES if not NEXT[state]] == ["wrong", "duplicate"]
    for state in STATES:
        assert state not in following(state, correction=True)
