"""What a join code invites to, for a phone that is not registered yet."""

from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from backend.memberships import joining
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.joining import Cast

URL = "/api/v1/join-codes/check"


def checked(client: FlaskClient, code: Any) -> tuple[int, dict[str, Any]]:
    answer = client.post(URL, json={"code": code})
    return answer.status_code, answer.json


def test_a_code_shows_team_campaign_and_area(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, people.unit_id(app, "19", "2025", "province"))
    status, shown = checked(client, " teamcafa ")
    assert status == 200
    assert (shown["team"]["id"], shown["team"]["name"]) == (cast.one, "Đội 1")
    assert shown["areas"] == ["Tỉnh Thái Nguyên"]
    assert set(shown) == {"team", "campaign", "organisation", "areas", "last_day"}


def test_it_says_why_a_code_cannot_be_used(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    cast = Cast(app)
    before = clock() - timedelta(hours=1)
    revoked = cast.code(cast.one, revoked_at=before)
    teams = [people.team(app, cast.organisation, f"Đội {n}") for n in (3, 4)]
    expired = cast.code(teams[0], expires_at=before)
    used = cast.code(teams[1], uses_most=1, uses=1)
    for code, expected in (
        (revoked, (410, "join_code_revoked")),
        (expired, (410, "join_code_expired")),
        (used, (410, "join_code_used_up")),
        ("ZZZZZZZZ", (404, "join_code_unknown")),
        ("", (404, "join_code_unknown")),
        (7, (422, "invalid")),
    ):
        status, problem = checked(client, code)
        assert (status, problem["code"]) == expected


def test_checking_counts_no_use_and_guesses_are_limited(
    app: Flask, client: FlaskClient, monkeypatch: Any
) -> None:
    cast = Cast(app)
    code = cast.code(people.team(app, cast.organisation, "Đội 3"), uses_most=1)
    monkeypatch.setattr(joining, "CODES_PER_ADDRESS", 3)
    assert [checked(client, code)[0] for _ in range(2)] == [200, 200]
    assert checked(client, "ZZZZZZZZ")[0] == 404
    assert checked(client, code)[0] == 429  # a right guess gets the same answer
