"""Whose count steers a province: `GET` and `POST /units/{code}/steering`."""

from datetime import date
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from backend.coverage.vnnic.steering import steered_by
from tests.support import people
from tests.support.clock import FakeClock

URL = "/api/v1/units/19/steering"


def steer(client: FlaskClient, headers: dict[str, str], by: str, network: str = "mobile") -> Any:
    return client.post(URL, json={"network": network, "steered_by": by}, headers=headers)


def steering_on(app: Flask, day: int, network: str = "mobile") -> str:
    with app.app_context():
        province = people.unit_id(app, "19", level="province")
        return steered_by(province, network, date(2024, 11, day))


def test_a_province_is_steered_by_vnnic_from_a_day_on_and_back_at_any_time(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    province = people.unit_id(app, "19", level="province")
    official = people.person(app, "official", province)
    clock.now = clock.now.replace(year=2024, month=11, day=10)
    asked = client.get(URL, headers=official).json
    assert (asked["unit"]["code"], asked["steered_by"], asked["since"]) == ("19", "own", None)
    switched = steer(client, official, "vnnic").json
    assert (switched["steered_by"], switched["since"]) == ("vnnic", "2024-11-10")
    clock.now = clock.now.replace(day=12)
    assert steer(client, official, "vnnic").json["since"] == "2024-11-10"  # nothing to change
    assert client.get(URL, headers=official).json == switched
    assert steer(client, official, "own").json["since"] == "2024-11-12"
    assert [steering_on(app, day) for day in (9, 10, 11, 12)] == ["own", "vnnic", "vnnic", "own"]
    assert steering_on(app, 11, "fixed") == "own"
    acts = [one for one in people.audit_entries(app, f"unit:{province}") if "steer" in one[0]]
    assert acts == [
        ("vnnic.steer", {"network": "mobile", "before": "own", "after": "vnnic"}),
        ("vnnic.steer", {"network": "mobile", "before": "vnnic", "after": "own"}),
    ]


def test_of_two_changes_of_a_day_the_later_one_holds(app: Flask, client: FlaskClient) -> None:
    admin = people.person(app, "admin")
    for by in ("vnnic", "own", "vnnic"):
        assert steer(client, admin, by, "fixed").json["steered_by"] == by
    asked = client.get(URL, headers=admin, query_string={"network": "fixed"}).json
    assert (asked["steered_by"], asked["network"]) == ("vnnic", "fixed")


def test_only_officials_of_the_province_steer_it(app: Flask, client: FlaskClient) -> None:
    of_commune = people.person(app, "official", people.unit_id(app, "05443"))
    assert steer(client, of_commune, "vnnic").status_code == 404
    assert client.get(URL, headers=of_commune).status_code == 404
    province = people.unit_id(app, "19", level="province")
    reader = people.person(app, "official", province, scopes=("read",))
    assert steer(client, reader, "vnnic").status_code == 404
    assert client.get(URL, headers=reader).json["steered_by"] == "own"
    body = {"network": "mobile", "steered_by": "vnnic"}
    of_province = people.person(app, "official", province)
    url = "/api/v1/units/05443/steering"  # a commune follows its province
    assert client.post(url, json=body, headers=of_province).status_code == 404
