"""Who may see a plan, and who may pin."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backend.accounts.models import PersonalToken
from backend.database.extensions import db
from tests.support.people import organisation, person, take_part, team, unit_id
from tests.support.plans import HERE, TODAY, Cast, plan_rows


def test_leaders_read_their_own_teams_rows_and_no_others(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE)
    one = cast.team("Đội 1", capacity_per_day=5)
    two = cast.team("Đội 2", capacity_per_day=5)
    leader = person(app, "team_leader", one)
    plan = cast.plan(client, leader)
    assert plan_rows(plan) == {"Đội 1": [(HERE, 5, 55, "own")]}
    assert plan["teams"][0]["items"][0]["by_others"] == 55
    assert cast.plan(client, leader, team_id=one) == plan
    assert set(plan_rows(cast.plan(client, team_id=two))) == {"Đội 2"}
    other = client.get(f"{cast.url}?team_id={two}", headers=leader)
    assert other.status_code == 404
    body = {"team_id": one, "unit": HERE, "date": TODAY, "samples": 1}
    assert client.put(cast.pins, json=body, headers=leader).status_code == 403
    query = {"team_id": one, "unit": HERE, "date": TODAY}
    assert client.delete(cast.pins, query_string=query, headers=leader).status_code == 403


def test_an_organiser_below_sees_the_teams_below(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE)
    cast.team("Đội của tỉnh")
    below = organisation(app, "Xã đoàn", parent_id=cast.organisation)
    take_part(app, cast.campaign, team(app, below, "Đội của xã"))
    assert set(plan_rows(cast.plan(client, person(app, "organiser", below)))) == {"Đội của xã"}


def test_strangers_are_refused(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE)
    one = cast.team("Đội 1")
    elsewhere = organisation(app, "Tỉnh Đoàn khác")
    strangers: list[tuple[Any, int]] = [
        ({}, 401),
        (person(app), 403),
        (person(app, "organiser", elsewhere), 403),
        (person(app, "official", unit_id(app, HERE)), 403),
    ]
    body = {"team_id": one, "unit": HERE, "date": TODAY, "samples": 1}
    query = {"team_id": one, "unit": HERE, "date": TODAY}
    for headers, status in strangers:
        assert client.get(cast.url, headers=headers).status_code == status
        assert client.put(cast.pins, json=body, headers=headers).status_code == status
        assert client.delete(cast.pins, query_string=query, headers=headers).status_code == status
    assert client.get(cast.url, headers=person(app, "admin")).status_code == 200
    assert client.get("/api/v1/campaigns/999999/plan", headers=cast.organiser).status_code == 404


def test_a_draft_is_hidden_from_all_but_its_organiser(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE, state="draft")
    leader = person(app, "team_leader", cast.team("Đội 1"))
    assert client.get(cast.url, headers=leader).status_code == 404
    assert client.get(cast.url).status_code == 404
    body = {"team_id": 1, "unit": HERE, "date": TODAY, "samples": 1}
    assert client.put(cast.pins, json=body, headers=leader).status_code == 404
    assert client.get(cast.url, headers=cast.organiser).status_code == 200


def test_a_token_for_reading_reads_the_plan_and_pins_nothing(
    app: Flask, client: FlaskClient
) -> None:
    cast = Cast(app, HERE)
    one = cast.team("Đội 1")
    with app.app_context():
        for token in db.session.scalars(select(PersonalToken)):
            token.scopes = ["read"]
        db.session.commit()
    assert client.get(cast.url, headers=cast.organiser).status_code == 200
    assert cast.pin(client, one).status_code == 403
