"""Teams: an organiser's; read by their own leader and organiser, by nobody else."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.campaigns.models import JoinCode
from backend.database.extensions import db
from tests.support.factories import register
from tests.support.people import (
    add_membership,
    audit_entries,
    campaign,
    if_match,
    organisation,
    person,
    team,
)
from tests.support.problems import wrong_fields

V1 = "/api/v1"
HOME = {"system": "2024", "level": "commune", "code": "05443"}
NEW = {"name": "Đội thanh niên 1", "type": "youth"}


def create(client: FlaskClient, owner: int, headers: dict[str, str], **changes: Any) -> Any:
    return client.post(f"{V1}/organisations/{owner}/teams", json=NEW | changes, headers=headers)


def patch(client: FlaskClient, one: int, headers: dict[str, str], **changes: Any) -> Any:
    return client.patch(f"{V1}/teams/{one}", json=changes, headers=headers)


def ids(client: FlaskClient, owner: int, headers: dict[str, str], **query: Any) -> list[int]:
    answer = client.get(f"{V1}/organisations/{owner}/teams", headers=headers, query_string=query)
    assert answer.status_code == 200
    return [one["id"] for one in answer.json["items"]]


# Making one


def test_an_organiser_makes_one(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    answer = create(client, youth, organiser, home_unit=HOME, capacity_per_day=120)
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    made = answer.json
    assert (made["organisation_id"], made["capacity_per_day"]) == (youth, 120)
    assert {name: made["home_unit"][name] for name in HOME} == HOME
    shown = client.get(f"{V1}/teams/{made['id']}", headers=organiser)
    assert (shown.json, shown.headers["ETag"]) == (made, '"1"')
    act, details = audit_entries(app, f"team:{made['id']}")[0]
    assert (act, details["after"]["name"]) == ("team.create", NEW["name"])
    assert details["after"]["home_unit_id"] == made["home_unit"]["id"]


def test_an_organisation_that_ended_gets_none(app: Flask, client: FlaskClient, clock: Any) -> None:
    gone = organisation(app, ended_at=clock.now)
    answer = create(client, gone, person(app, "organiser", gone))
    assert (answer.status_code, answer.json["code"]) == (409, "organisation_ended")


@pytest.mark.parametrize(
    "same", ["Đội thanh niên 1", " ĐỘI THANH  NIÊN 1", "Đo\u0323\u0302i thanh niên 1"]
)
def test_a_name_is_one_team_s(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str], same: str
) -> None:
    assert create(client, youth, organiser).status_code == 201
    answer = create(client, youth, organiser, name=same)
    assert (answer.status_code, answer.json["code"]) == (409, "name_taken")
    assert [(one["field"], one["code"]) for one in answer.json["errors"]] == [
        ("name", "name_taken")
    ]
    second = team(app, youth, "Đội 2")
    assert patch(client, second, if_match(organiser), name=same).status_code == 409
    other = organisation(app, "Khác")
    assert create(client, other, person(app, "organiser", other), name=same).status_code == 201


def test_the_same_name_twice_at_once_is_one_team(
    app: Flask, youth: int, organiser: dict[str, str]
) -> None:
    def post(_: int) -> int:
        status: int = create(app.test_client(), youth, organiser).status_code
        return status

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(post, range(4))) == [201, 409, 409, 409]


def test_a_home_that_there_is_not(
    client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    answer = create(client, youth, organiser, home_unit={**HOME, "code": "00000"})
    assert wrong_fields(answer) == [("home_unit", "no_such_unit")]


# Reading


def test_the_list_is_in_vietnamese_order_and_paged(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str], clock: Any
) -> None:
    names = ("Đội 10", "Đội 9", "Ánh", "Đội 1")
    made = {name: team(app, youth, name) for name in names}
    gone = team(app, youth, "Cũ", ended_at=clock.now)
    team(app, organisation(app, "Khác"), "Đội 5")
    order = [made[name] for name in ("Ánh", "Đội 1", "Đội 9", "Đội 10")]
    assert ids(client, youth, organiser) == order
    assert ids(client, youth, organiser, ended="true") == [order[0], gone, *order[1:]]
    url = f"{V1}/organisations/{youth}/teams?limit=3"
    first = client.get(url, headers=organiser).json
    assert [one["id"] for one in first["items"]] == order[:3]
    rest = client.get(f"{url}&cursor={first['next']}", headers=organiser).json
    assert ([one["id"] for one in rest["items"]], rest["next"]) == (order[3:], None)


# Changing


def test_an_organiser_changes_one(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    mine = team(app, youth)
    changes = {"name": "đội 1", "type": "staff", "home_unit": HOME, "capacity_per_day": 0}
    answer = patch(client, mine, if_match(organiser), **changes)
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert {name: answer.json[name] for name in ("name", "type", "capacity_per_day")} == {
        "name": "đội 1",
        "type": "staff",
        "capacity_per_day": 0,
    }
    act, details = audit_entries(app, f"team:{mine}")[0]
    assert (act, details["before"]["name"], details["after"]["name"]) == (
        "team.change",
        "Đội 1",
        "đội 1",
    )
    back = patch(client, mine, if_match(organiser, 2), home_unit=None, capacity_per_day=None)
    assert (back.json["home_unit"], back.json["capacity_per_day"]) == (None, None)


def test_a_team_stays_with_its_organisation(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    mine, other = team(app, youth), organisation(app, "Khác")
    answer = patch(client, mine, if_match(organiser), organisation_id=other)
    assert (answer.status_code, answer.json["organisation_id"]) == (200, youth)


def test_a_change_names_the_version_it_saw(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    mine = team(app, youth)
    assert patch(client, mine, organiser, name="x").status_code == 428
    assert patch(client, mine, if_match(organiser, 2), name="x").status_code == 412


def test_what_the_client_holds_is_not_sent_again(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    url = f"{V1}/teams/{team(app, youth)}"
    assert client.get(url, headers={**organiser, "If-None-Match": '"1"'}).status_code == 304
    assert client.get(url, headers={"If-None-Match": '"1"'}).status_code == 401


# Ending


def test_one_that_nobody_joined_is_removed_with_its_codes(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str], clock: Any
) -> None:
    mine, where = team(app, youth), campaign(app, youth)
    leader = person(app, "team_leader", mine)
    code = JoinCode(code="ABCDEFGH", campaign_id=where, team_id=mine, created_at=clock.now)
    with app.app_context():
        db.session.add(code)
        db.session.commit()
    assert client.delete(f"{V1}/teams/{mine}", headers=if_match(organiser)).status_code == 204
    assert client.get(f"{V1}/teams/{mine}", headers=organiser).status_code == 404
    clock.now += timedelta(seconds=1)
    assert client.get(f"{V1}/teams/{mine}", headers=leader).status_code == 404
    assert [act for act, _ in audit_entries(app, f"team:{mine}")] == ["team.remove"]
    assert create(client, youth, organiser, name="Đội 1").status_code == 201


def test_one_that_somebody_joined_ends_and_keeps_its_name(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str], clock: Any
) -> None:
    mine, where = team(app, youth), campaign(app, youth)
    with app.app_context():
        db.session.add(
            JoinCode(code="ABCDEFGH", campaign_id=where, team_id=mine, created_at=clock.now)
        )
        db.session.commit()
    add_membership(app, register(client), where, mine, clock.now)
    answer = client.delete(f"{V1}/teams/{mine}", headers=if_match(organiser))
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert answer.json["ended_at"] is not None
    with app.app_context():
        assert db.session.query(JoinCode).count() == 1
    assert ids(client, youth, organiser) == []
    assert client.get(f"{V1}/teams/{mine}", headers=organiser).json == answer.json
    assert patch(client, mine, if_match(organiser, 2), name="x").json["code"] == "team_ended"
    assert create(client, youth, organiser, name="Đội 1").status_code == 409
    assert client.delete(f"{V1}/teams/{mine}", headers=if_match(organiser, 2)).json == answer.json
    assert [act for act, _ in audit_entries(app, f"team:{mine}")] == ["team.end"]
