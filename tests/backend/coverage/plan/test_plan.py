"""Where should teams go: GET /campaigns/{id}/plan."""

from datetime import UTC, date, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.dialects.postgresql import Range

from backend.campaigns.models import Team
from backend.database.extensions import db
from backend.errors import Problem
from backend.memberships.models import Membership, Volunteer
from backend.units.models import Unit
from geo.fix import distance_m
from tests.support.clock import FakeClock
from tests.support.people import LONG_AGO, campaign, organisation, person, take_part, team, unit_id
from tests.support.plans import (
    FOURTH,
    HERE,
    NEAR,
    THIRD,
    TODAY,
    Cast,
    plan_rows,
    store_count,
    store_team_counts,
)

# What is planned


def test_a_team_is_sent_to_what_lacks_least_and_told_why(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE, NEAR, THIRD)
    cast.team("Đội 1", capacity_per_day=20)
    store_count(app, HERE, 300)
    store_count(app, NEAR, 200)
    store_count(app, THIRD, 100)
    plan = cast.plan(client)
    assert plan_rows(plan) == {"Đội 1": [(NEAR, 20, 100, "reaches")]}
    [later] = plan["teams"][0]["later"]  # no stop of 0
    assert (later["unit"]["code"], later["samples_until_end"]) == (THIRD, 120)
    assert plan["summary"] == {
        "communes": 3,
        "communes_lacking": 2,
        "communes_reached_by_plan": 1,
        "shortfall": 300,
        "covered_by_plan": 220,
    }
    assert (plan["date"], plan["last_day"], plan["days_left"]) == (TODAY, "2024-11-30", 11)
    assert plan["target"]["threshold"] == 300 and plan["network"] == "mobile"
    assert plan["campaign"] == {"id": cast.campaign, "name": "Tháng thanh niên đo mạng"}
    assert "Hoàng Sa" in plan["rule"]
    assert plan["limits"] == {
        "radius_km": 15, "visit_least": 10, "assumed_capacity": 10, "community_travels": False,
    }  # fmt: skip
    item = plan["teams"][0]["items"][0]
    assert (item["shortfall"], item["by_others"]) == (100, 0)
    assert item["pace_per_day"] == 10.0  # 200 in 20 days
    assert item["needed_per_day"] == 10  # 100 in 11 days, rounded up
    with app.app_context():
        here, near = (db.session.get(Unit, unit_id(app, code)) for code in (HERE, NEAR))
        assert here and near and here.latitude and here.longitude
        assert near.latitude and near.longitude
        metres = distance_m(here.longitude, here.latitude, near.longitude, near.latitude)
        assert item["distance_m"] == round(metres) > 100
        assert item["unit"]["name"] == near.name


def test_what_the_others_cover_is_told_and_not_planned_twice(
    app: Flask, client: FlaskClient
) -> None:
    cast = Cast(app, HERE)
    cast.team("Đội 1", capacity_per_day=10)
    cast.team("Đội 2", capacity_per_day=10)
    store_count(app, HERE, 150)
    plan = cast.plan(client)
    assert plan_rows(plan) == {
        "Đội 1": [(HERE, 10, 75, "own")],  # in equal parts
        "Đội 2": [(HERE, 10, 75, "own")],
    }
    assert [one["items"][0]["by_others"] for one in plan["teams"]] == [75, 75]
    assert all(one["items"][0]["reaches"] for one in plan["teams"])


def test_the_nearest_team_goes(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, NEAR)
    cast.team("Ở xa hơn", home=HERE, capacity_per_day=30)
    cast.team("Ở ngay đó", home=NEAR, capacity_per_day=30)
    assert plan_rows(cast.plan(client)) == {
        "Ở xa hơn": [],
        "Ở ngay đó": [(NEAR, 30, 300, "own")],
    }
    notes = {one["name"]: one["note"] for one in cast.plan(client)["teams"]}
    assert notes["Ở ngay đó"] is None
    assert notes["Ở xa hơn"]["code"] == "nothing_in_reach"


def test_nobody_is_sent_across_the_country(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE)
    cast.team("Cà Mau", home="32248", capacity_per_day=30)
    assert plan_rows(cast.plan(client)) == {"Cà Mau": []}


def test_the_campaigns_own_target_and_end(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE, target=50, last_day=date(2024, 11, 21))
    cast.team("Đội 1", capacity_per_day=20)
    store_count(app, HERE, 20)
    plan = cast.plan(client)
    assert plan["target"] == {"threshold": 50, "basis": "counted", "source": "campaign"}
    assert plan["days_left"] == 2
    assert plan_rows(plan) == {"Đội 1": [(HERE, 20, 30, "own")]}
    plan = cast.plan(client, date="2024-11-21")
    assert plan_rows(plan) == {"Đội 1": [(HERE, 20, 20, "own")]}
    assert not plan["teams"][0]["items"][0]["reaches"]


def test_a_province_holds_its_communes(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app)
    with app.app_context():
        province = unit_id(app, "19", level="province")
    second = campaign(app, cast.organisation, province)
    url = f"/api/v1/campaigns/{second}/plan"
    plan = client.get(url, headers=cast.organiser).json
    assert plan["summary"]["communes"] == 172
    assert plan["summary"]["shortfall"] == 172 * 300
    assert cast.plan(client)["summary"]["communes"] == 0  # of no area


def test_only_communes_of_the_list_in_force(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    clock.now = datetime(2025, 8, 10, tzinfo=UTC)
    cast = Cast(app, HERE, first_day=date(2024, 11, 1), last_day=date(2025, 12, 31))
    assert cast.plan(client)["summary"]["communes"] == 0  # its commune ended with the reform
    new = campaign(
        *(app, cast.organisation, unit_id(app, "19", "2025", "province")),
        first_day=date(2025, 8, 1),
        last_day=date(2025, 9, 30),
    )
    one = team(
        *(app, cast.organisation, "Đội 1"),
        home_unit_id=unit_id(app, HERE),  # a home may be stated in old units
        capacity_per_day=5,
    )
    take_part(app, new, one)
    plan = client.get(f"/api/v1/campaigns/{new}/plan", headers=cast.organiser).json
    assert plan["summary"]["communes"] == 92
    assert plan["last_day"] == "2025-08-31"
    assert plan["teams"][0]["items"][0]["samples"] == 5
    coming = f"/api/v1/campaigns/{new}/plan?date=2025-09-03"
    assert client.get(coming, headers=cast.organiser).json["summary"]["shortfall"] == 92 * 300


def test_without_a_target_nothing_lacks(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE, networks=["mobile", "fixed"])
    cast.team("Đội 1", capacity_per_day=20)
    plan = cast.plan(client, network="fixed")
    assert plan["target"] is None and plan["summary"]["shortfall"] == 0
    assert plan_rows(plan) == {"Đội 1": []}


def test_the_same_again(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE, NEAR, THIRD, FOURTH)
    for number in range(6):
        cast.team(f"Đội {number}", capacity_per_day=11)
    assert cast.plan(client) == cast.plan(client)


@pytest.mark.parametrize("state", ["closed", "archived"])
def test_a_campaign_that_is_over_has_no_plan(app: Flask, client: FlaskClient, state: str) -> None:
    cast = Cast(app, HERE, state=state)
    answer = client.get(cast.url, headers=cast.organiser)
    assert (answer.status_code, answer.json["code"]) == (409, "plan_closed")
    with pytest.raises(Problem, match="plan_closed"):
        cast.pin(cast.team("Đội 1"))


@pytest.mark.parametrize(
    ("query", "field"),
    [("date=2024-11-19", "date"), ("date=2025-01-01", "date"), ("network=fixed", "network")],
)  # fmt: skip
def test_plans_that_there_are_not(app: Flask, client: FlaskClient, query: str, field: str) -> None:
    cast = Cast(app, HERE)
    answer = client.get(f"{cast.url}?{query}", headers=cast.organiser)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, field)


# Teams and what they can do


def test_capacity_is_the_median_of_the_last_seven_active_days(
    app: Flask, client: FlaskClient
) -> None:
    cast = Cast(app, HERE)
    one = cast.team("Đội 1")
    days = [(f"2024-11-{day:02d}", n) for day, n in zip(range(4, 13), range(1, 10), strict=True)]
    # 1 … 9; the last seven are 3 … 9
    store_team_counts(app, cast.campaign, one, *days, (TODAY, 500))
    found = cast.plan(client)["teams"][0]
    assert (found["capacity_per_day"], found["capacity_from"]) == (6, "median")
    with app.app_context():
        db.session.get_one(Team, one).capacity_per_day = 4
        db.session.commit()
    found = cast.plan(client)["teams"][0]
    assert (found["capacity_per_day"], found["capacity_from"]) == (4, "organiser")


def test_a_team_of_unknown_capacity_has_a_stated_assumption(
    app: Flask, client: FlaskClient
) -> None:
    cast = Cast(app, HERE)
    cast.team("Chưa rõ sức")
    cast.team("Chưa rõ nơi ở", home=None, capacity_per_day=3)
    plan = cast.plan(client)
    assert plan_rows(plan) == {
        "Chưa rõ sức": [(HERE, 10, 110, "own")],
        "Chưa rõ nơi ở": [(HERE, 3, 33, "helps")],
    }
    first, second = plan["teams"]
    assert [one["note"]["code"] for one in plan["teams"]] == ["capacity_assumed", "home_unknown"]
    assert (first["capacity_per_day"], first["capacity_from"]) == (10, "assumed")
    assert second["items"][0]["distance_m"] is None
    assert "tạm tính" in first["note"]["message"]


def test_which_teams_take_part(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE)
    below = organisation(app, "Xã đoàn", parent_id=cast.organisation)
    beside = organisation(app, "Hội khác")
    team(app, below, "Của chiến dịch trước")
    member = team(app, beside, "Có người tham gia")
    coded = [
        team(app, below, "Của đơn vị dưới"),
        team(app, beside, "Của hội khác"),
        team(app, below, "Đã giải thể", ended_at=datetime(2024, 11, 1, tzinfo=UTC)),
    ]
    take_part(app, cast.campaign, *coded)
    with app.app_context():
        volunteer = Volunteer()
        db.session.add(volunteer)
        db.session.flush()
        period = Range(LONG_AGO, None)
        joined = Membership(volunteer_id=volunteer.id, campaign_id=cast.campaign, team_id=member)
        joined.period = period
        db.session.add(joined)
        db.session.commit()
    assert set(plan_rows(cast.plan(client))) == {"Của đơn vị dưới", "Có người tham gia"}


# Whose rows a person sees


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
