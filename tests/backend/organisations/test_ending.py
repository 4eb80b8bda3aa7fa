"""What ends with a team or an organisation: memberships, and the roles over it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.clock import FakeClock
from tests.support.factories import post, register, sample
from tests.support.joining import send_concurrently
from tests.support.people import (
    LATER,
    LONG_AGO,
    account,
    add_membership,
    audit_entries,
    campaign,
    if_match,
    organisation,
    person,
    team,
    unit_id,
)

Cast = dict[str, Any]


@pytest.fixture
def cast(app: Flask, client: FlaskClient) -> Cast:
    """A team with one volunteer, who measured, and its leader."""
    union = organisation(app)
    own = team(app, union)
    run = campaign(app, union, unit_id(app, "19", level="province"))
    phone = register(client)
    add_membership(app, phone, run, own, LONG_AGO)
    post(client, phone, sample())
    admin, organiser = person(app, "admin"), person(app, "organiser", union)
    return {
        "union": union, "team": own, "campaign": run, "phone": phone, "admin": admin,
        "organiser": organiser, "leader": person(app, "team_leader", own),
    }  # fmt: skip


def end(client: FlaskClient, cast: Cast) -> Any:
    return client.delete(f"/api/v1/teams/{cast['team']}", headers=if_match(cast["organiser"]))


def memberships(client: FlaskClient, cast: Cast) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/memberships", headers=cast["phone"])
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def test_memberships_end_with_their_team(
    client: FlaskClient, app: Flask, clock: FakeClock, cast: Cast
) -> None:
    assert end(client, cast).status_code == 200
    [one] = memberships(client, cast)
    assert datetime.fromisoformat(one["until"]) == clock.now
    clock.now = datetime(2024, 11, 21, tzinfo=UTC)
    post(client, cast["phone"], sample("2024-11-20T22:00:00+07:00"))
    url = f"/api/v1/campaigns/{cast['campaign']}/contributions?month=2024-11"
    found = client.get(url, headers=cast["organiser"]).json
    assert found["total"]["counted"] == 1  # what was measured before stays earned
    [(act, details)] = audit_entries(app, f"team:{cast['team']}")
    assert (act, details["ended"]) == ("team.end", {"memberships": 1, "roles": 1})


def test_a_membership_that_had_ended_stays_as_it_was(
    client: FlaskClient, app: Flask, cast: Cast
) -> None:
    other = register(client)
    add_membership(app, other, cast["campaign"], cast["team"], LONG_AGO, LATER)
    end(client, cast)
    [one] = memberships(client, {**cast, "phone": other})
    assert datetime.fromisoformat(one["until"]) == LATER


def test_a_leader_of_a_team_that_ended_is_none_any_more(client: FlaskClient, cast: Cast) -> None:
    url = f"/api/v1/teams/{cast['team']}"
    assert client.get(url, headers=cast["leader"]).status_code == 200
    end(client, cast)
    assert client.get(url, headers=cast["leader"]).status_code == 404
    assert client.get(url, headers=cast["organiser"]).status_code == 200


def test_an_organiser_of_an_organisation_that_ended_is_none_any_more(
    client: FlaskClient, cast: Cast
) -> None:
    url = f"/api/v1/organisations/{cast['union']}"
    teams = f"{url}/teams"
    assert client.get(teams, headers=cast["organiser"]).status_code == 200
    assert client.delete(url, headers=if_match(cast["organiser"])).status_code == 200
    assert client.get(teams, headers=cast["organiser"]).status_code == 403
    assert client.get(teams, headers=cast["admin"]).status_code == 200


@pytest.mark.parametrize(
    ("role", "place", "code"),
    [("team_leader", "team", "team_ended"), ("organiser", "union", "organisation_ended")],
)
def test_no_role_over_what_ended(
    client: FlaskClient, app: Flask, cast: Cast, role: str, place: str, code: str
) -> None:
    end(client, cast)
    client.delete(f"/api/v1/organisations/{cast['union']}", headers=if_match(cast["admin"]))
    url = f"/api/v1/users/{account(app, 'lan@example.vn')}/roles"
    asked = {"role": role, "scope_id": cast[place]}
    answer = client.post(url, json=asked, headers=cast["admin"])
    assert answer.status_code == 422 and answer.json["errors"][0]["code"] == code


def test_who_joins_while_a_team_ends_is_in_it_no_more(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    url = f"/api/v1/campaigns/{cast['campaign']}/teams/{cast['team']}/join-code"
    code = client.post(url, json={}, headers=cast["organiser"]).json["code"]
    phones = [register(client) for _ in range(4)]
    send_concurrently(
        app,
        *[
            lambda own, phone=phone: own.post(
                "/api/v1/memberships", json={"code": code}, headers=phone
            )
            for phone in phones
        ],
        lambda own: end(own, cast),
    )
    for phone in phones:
        held = memberships(client, {**cast, "phone": phone})
        assert all(one["until"] is not None for one in held)
