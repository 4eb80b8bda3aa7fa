"""GET /api/v1/teams/{id}/members: for the own leader and organiser alone."""

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from tests.support.clock import FakeClock
from tests.support.factories import register
from tests.support.joining import URL, Cast, join
from tests.support.people import person

ME = "/api/v1/volunteers/me"


def test_a_leader_sees_names_or_numbers_and_no_device(
    app: Flask, client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    leader = person(app, "team_leader", cast.one)
    organiser = person(app, "organiser", cast.organisation)
    phones = [register(client) for _ in range(3)]
    named = {"name": "Hoa", "agreed": True}
    made = [join(client, phones[0], cast.code_one), join(client, phones[1], cast.code_one)]
    join(client, phones[2], cast.code_one, display_name=named)
    clock.now += timedelta(hours=1)
    client.delete(f"{URL}/{made[0].json['id']}", headers=phones[0])
    url = f"/api/v1/teams/{cast.one}/members"
    shown = client.get(url, headers=leader)
    assert shown.status_code == 200
    assert [(one["name"], one["number"], one["devices"]) for one in shown.json["items"]] == [
        ("Thành viên 2", 2, 1), ("Hoa", 3, 1),
    ]  # fmt: skip
    assert set(shown.json["items"][0]) == {
        "id", "name", "number", "campaign", "since", "until", "guest", "devices",
    }  # fmt: skip
    english = client.get(url, headers={**organiser, "Accept-Language": "en"})
    assert english.json["items"][0]["name"] == "Member 2"
    first = client.get(f"{url}?limit=1", headers=leader).json
    second = client.get(f"{url}?limit=1&cursor={first['next']}", headers=leader).json
    assert [page["items"][0]["number"] for page in (first, second)] == [2, 3]
    assert second["next"] is None
    assert client.get(f"{url}?campaign=999", headers=leader).json["items"] == []
    for query in ("limit=0", "limit=x", "cursor=x", "cursor=²", f"cursor={10**30}", "campaign=-1"):
        assert client.get(f"{url}?{query}", headers=leader).status_code == 422, query
