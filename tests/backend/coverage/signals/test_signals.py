"""Signals of gaming over the API: who sees them, what they tell, what people make of them."""

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete

from backend.campaigns.models import Campaign
from backend.coverage.signals.rules import MIN_MOCK
from backend.database.extensions import db
from backend.demo.service import remove_teams
from backend.measurements.recording.models import Earning
from tests.support.factories import HERE
from tests.support.joining import send_concurrently
from tests.support.people import (
    audit_entries,
)
from tests.support.signals import Cast


@pytest.fixture
def cast(app: Flask, client: FlaskClient) -> Cast:
    return Cast(app, client)


def test_a_sign_names_the_volunteer_to_the_organiser(cast: Cast) -> None:
    answer = cast.of_campaign().json
    assert answer["campaign"]["id"] == cast.campaign and answer["measurements"] == MIN_MOCK
    [one] = answer["items"]
    assert (one["kind"], one["state"], one["current"]) == ("mock_share", "open", True)
    assert one["evidence"] == {
        "devices": 1,
        "measurements": MIN_MOCK,
        "first_day": "2024-11-15",
        "last_day": "2024-11-15",
        "facts": {"share": 1.0},
    }
    assert [row["volunteer"] for row in one["devices"]] == [cast.volunteer]
    assert [row["team_id"] for row in one["devices"]] == [cast.team]


def test_a_sign_is_told_in_vietnamese_and_english(cast: Cast) -> None:
    [one] = cast.of_campaign().json["items"]
    assert one["title"] == "Vị trí giả lập" and f"{MIN_MOCK} mẫu" in one["message"]
    english = cast.of_campaign(headers={**cast.organiser, "Accept-Language": "en"}).json
    assert "position set by another app" in english["items"][0]["message"]
    assert "they prove nothing" in english["explained"]


def test_an_official_sees_numbers_of_devices_alone(cast: Cast) -> None:
    answer = cast.of_unit().json
    assert (answer["unit"]["code"], answer["campaign"]) == ("19", None)
    [one] = answer["items"]
    [device] = one["devices"]
    assert device["volunteer"] is None and device["team_id"] is None
    assert 0 <= device["number"] < 10**8


def test_neither_ids_nor_places_are_told(cast: Cast) -> None:
    device = cast.client.get("/api/v1/devices/me", headers=cast.phone).json["id"]
    for answer in (cast.of_campaign(), cast.of_unit()):
        words = json.dumps(answer.json)
        assert device not in words
        assert "latitude" not in words and str(HERE["latitude"]) not in words


def test_the_same_sign_keeps_its_number_while_it_grows(cast: Cast) -> None:
    [before] = cast.of_campaign().json["items"]
    cast.mock(cast.phone, 2, first=MIN_MOCK)
    [after] = cast.of_campaign().json["items"]
    assert (after["id"], after["found_at"]) == (before["id"], before["found_at"])
    assert after["evidence"]["measurements"] == MIN_MOCK + 2
    assert after["devices"] == before["devices"]


def test_what_people_made_of_a_sign_stands_and_is_audited(cast: Cast) -> None:
    [one] = cast.of_campaign().json["items"]
    found = cast.decide(one["id"], state="explained", note="Máy của Lan dùng bộ thu rời")
    assert found.json["items"][0]["signal"]["state"] == "explained"
    cast.mock(cast.phone, 1, first=MIN_MOCK)
    [after] = cast.of_campaign().json["items"]
    assert (after["state"], after["note"]) == ("explained", "Máy của Lan dùng bộ thu rời")
    assert after["changed_at"] is not None
    [(act, details)] = audit_entries(cast.app, f"signal:{one['id']}")
    assert act == "signal.decide" and "Lan" not in json.dumps(details, ensure_ascii=False)
    assert (details["before"]["state"], details["after"]["state"]) == ("open", "explained")


def test_no_sample_is_lost_by_a_state(cast: Cast) -> None:
    url = f"/api/v1/campaigns/{cast.campaign}/contributions?month=2024-11"
    before = cast.client.get(url, headers=cast.organiser).json["total"]
    [one] = cast.of_campaign().json["items"]
    assert cast.decide(one["id"], state="excluded").status_code == 200
    assert cast.client.get(url, headers=cast.organiser).json["total"] == before


def test_a_decided_sign_that_is_gone_stays_to_be_read(cast: Cast) -> None:
    [one] = cast.of_campaign().json["items"]
    cast.decide(one["id"], state="excluded", note="đã loại")
    cast.client.delete("/api/v1/devices/me", headers=cast.phone)
    [after] = cast.of_campaign().json["items"]
    assert (after["id"], after["current"], after["devices"]) == (one["id"], False, [])


def test_an_open_sign_goes_with_its_device(cast: Cast) -> None:
    assert len(cast.of_campaign().json["items"]) == 1
    cast.client.delete("/api/v1/devices/me", headers=cast.phone)
    assert cast.of_campaign().json["items"] == []


def test_open_signs_come_first(cast: Cast) -> None:
    [one] = cast.of_campaign().json["items"]
    cast.decide(one["id"], state="explained")
    cast.mock(cast.add_volunteer(), MIN_MOCK)
    states = [item["state"] for item in cast.of_campaign().json["items"]]
    assert states == ["open", "explained"]


def test_states_of_a_campaign_and_of_a_unit_are_apart(cast: Cast) -> None:
    [mine], [theirs] = cast.of_campaign().json["items"], cast.of_unit().json["items"]
    assert mine["id"] != theirs["id"]
    assert cast.decide(theirs["id"], state="explained").status_code == 404
    assert cast.decide(theirs["id"], cast.official, state="explained").status_code == 200
    assert cast.of_campaign().json["items"][0]["state"] == "open"


def test_only_one_unit_of_a_campaign(cast: Cast) -> None:
    assert len(cast.of_campaign("&unit=19&level=province").json["items"]) == 1
    assert cast.of_campaign("&unit=01&level=province").json["items"] == []
    assert cast.of_campaign("&unit=xx").status_code == 404


def test_another_month_has_nothing(cast: Cast) -> None:
    url = f"/api/v1/campaigns/{cast.campaign}/signals?month=2024-10"
    answer = cast.client.get(url, headers=cast.organiser).json
    assert (answer["month"], answer["measurements"], answer["items"]) == ("2024-10", 0, [])


def test_the_month_is_the_present_one_unless_told(cast: Cast) -> None:
    url = f"/api/v1/campaigns/{cast.campaign}/signals"
    assert cast.client.get(url, headers=cast.organiser).json["month"] == "2024-11"


def test_a_month_in_future_is_refused(cast: Cast) -> None:
    url = "/api/v1/units/19/signals?level=province&month=2024-12"
    answer = cast.client.get(url, headers=cast.official)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["code"] == "month_in_future"


def test_two_who_look_at_once_see_the_same_sign(cast: Cast) -> None:
    url = f"/api/v1/campaigns/{cast.campaign}/signals?month=2024-11"
    cast.search()
    looks = [lambda client: client.get(url, headers=cast.organiser) for _ in range(4)]
    answers = send_concurrently(cast.app, *looks)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json["items"][0]["id"] for answer in answers if answer.json}) == 1


def test_a_sign_of_a_demo_campaign_goes_with_it(cast: Cast) -> None:
    with cast.app.app_context():
        db.session.get_one(Campaign, cast.campaign).demo = True
        db.session.commit()
    [one] = cast.of_campaign().json["items"]
    with cast.app.app_context():
        db.session.execute(delete(Earning))
        remove_teams()
    assert cast.decide(one["id"], state="open").status_code == 404
