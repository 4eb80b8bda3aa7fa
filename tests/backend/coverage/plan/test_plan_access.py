"""Whose rows of a plan a person sees."""

from flask import Flask
from flask.testing import FlaskClient

from tests.support.people import organisation, person, take_part, team
from tests.support.plans import HERE, Cast, plan_rows


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


def test_an_organiser_below_sees_the_teams_below(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE)
    cast.team("Đội của tỉnh")
    below = organisation(app, "Xã đoàn", parent_id=cast.organisation)
    take_part(app, cast.campaign, team(app, below, "Đội của xã"))
    assert set(plan_rows(cast.plan(client, person(app, "organiser", below)))) == {"Đội của xã"}
