"""What a phone learns of its team's day."""

from flask import Flask
from flask.testing import FlaskClient

from backend.campaigns.models import CampaignArea
from backend.database.extensions import db
from tests.support.clock import FakeClock
from tests.support.factories import post, register, sample
from tests.support.joining import Cast, join
from tests.support.people import unit_id

URL = "/api/v1/memberships/today"


def test_a_phone_without_a_team_has_no_day(client: FlaskClient) -> None:
    assert client.get(URL, headers=register(client)).json == {
        "date": "2024-11-20",
        "items": [],
        "removed": [],
    }


def test_the_team_s_day_is_the_sum_over_its_phones(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    cast = Cast(app)
    with app.app_context():
        province = unit_id(app, "19", level="province")
        db.session.add(CampaignArea(campaign_id=cast.campaign, unit_id=province))
        db.session.commit()
    one, other, rival = register(client), register(client), register(client)
    for phone, code in ((one, cast.code_one), (other, cast.code_one), (rival, cast.code_two)):
        assert join(client, phone, code).status_code == 201
    at = "2024-11-20T19:00:30+07:00"
    clock.now = clock.now.replace(minute=2)
    for phone in (one, other, rival):
        assert post(client, phone, sample(at)).json["counted"]
    post(client, one, sample("2024-11-20T19:01:30+07:00"))  # a repeat
    post(client, one, sample("2024-11-19T19:01:30+07:00"))  # yesterday's, before joining

    day = client.get(URL, headers=other).json
    assert [item["team"]["name"] for item in day["items"]] == ["Đội 1"]
    answer = day["items"][0]
    assert (answer["received"], answer["valid"], answer["counted"]) == (3, 3, 2)


def test_before_anything_was_measured_the_day_is_empty(app: Flask, client: FlaskClient) -> None:
    cast, phone = Cast(app), register(client)
    membership = join(client, phone, cast.code_one).json["id"]
    answer = client.get(URL, headers=phone).json["items"][0]
    assert (answer["received"], answer["counted"]) == (0, 0)
    assert answer["membership_id"] == membership


def test_who_left_is_told_nothing_more(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    cast, phone = Cast(app), register(client)
    membership = join(client, phone, cast.code_one).json["id"]
    clock.now = clock.now.replace(hour=13)
    client.delete(f"/api/v1/memberships/{membership}", headers=phone)
    assert client.get(URL, headers=phone).json["items"] == []
