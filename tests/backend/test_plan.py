"""Where should teams go: GET /campaigns/{id}/plan, and what an organiser pins."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from backend.accounts.models import AuditEntry, PersonalToken
from backend.campaigns.models import (
    Campaign,
    CampaignArea,
    Membership,
    Pin,
    Team,
    Volunteer,
)
from backend.extensions import db
from backend.measurements.models import Count, TeamCount, TeamDelta
from backend.units.models import Unit
from geo.fix import distance_m
from tests.conftest import Hands
from tests.people import LONG_AGO, campaign, organisation, person, team, unit_id

# Four communes of Thái Nguyên city, near each other, and one across the country.
HERE, NEAR, THIRD, FOURTH = "05443", "05446", "05449", "05452"
TODAY = "2024-11-20"  # of the tests' clock; eleven days of November are left with it


class Cast:
    """An organisation with a campaign over a few communes, and its organiser."""

    def __init__(self, app: Flask, *codes: str, **changes: Any) -> None:
        self.app = app
        self.organisation = organisation(app)
        areas = [unit_id(app, code) for code in codes]
        self.campaign = campaign(app, self.organisation, *areas, **changes)
        self.organiser = person(app, "organiser", self.organisation)
        self.url = f"/api/v1/campaigns/{self.campaign}/plan"
        self.pins = f"{self.url}/pins"

    def team(self, name: str, home: str | None = HERE, **changes: Any) -> int:
        home_id = unit_id(self.app, home) if home else None
        return team(self.app, self.organisation, name, home_unit_id=home_id, **changes)

    def plan(self, client: FlaskClient, headers: Any = None, **query: Any) -> Any:
        answer = client.get(self.url, headers=headers or self.organiser, query_string=query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def pin(self, client: FlaskClient, team_id: int, unit: str = HERE, **changes: Any) -> Any:
        body = {"team_id": team_id, "unit": unit, "date": TODAY, "samples": 7, **changes}
        return client.put(self.pins, json=body, headers=self.organiser)


def counted(app: Flask, code: str, n: int, system: str = "2024", month: str = "2024-11") -> None:
    """So many counted mobile samples of a commune and month."""
    unit = unit_id(app, code, system)
    with app.app_context():
        row = {"month": month, "unit_id": unit, "network": "mobile", "fate": "counted", "n": n}
        db.session.add(Count(**row, day=None))
        db.session.commit()


def worked(app: Flask, campaign_id: int, team_id: int, *days: tuple[str, int]) -> None:
    """What a team earned on some days, folded."""
    with app.app_context():
        for day, n in days:
            row = {"campaign_id": campaign_id, "team_id": team_id, "network": "mobile", "n": n}
            row |= {"month": day[:7], "grain": "day", "fate": "counted", "guest": False}
            db.session.add(TeamCount(**row, day=date.fromisoformat(day)))
        db.session.commit()


def rows(plan: Any) -> dict[str, list[tuple[str, int, int, str]]]:
    return {
        one["name"]: [
            (i["unit"]["code"], i["samples"], i["samples_until_end"], i["why"])
            for i in one["items"]
        ]
        for one in plan["teams"]
    }


# What is planned


def test_a_team_is_sent_to_what_lacks_least_and_told_why(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE, NEAR, THIRD)
    cast.team("Đội 1", capacity_per_day=20)
    counted(app, HERE, 300)
    counted(app, NEAR, 200)
    counted(app, THIRD, 100)
    plan = cast.plan(client)
    assert rows(plan) == {"Đội 1": [(NEAR, 20, 100, "reaches"), (THIRD, 0, 120, "helps")]}
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
    assert "50 km" in plan["rule"]
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
    counted(app, HERE, 150)
    plan = cast.plan(client)
    assert rows(plan) == {
        "Đội 1": [(HERE, 10, 110, "reaches")],
        "Đội 2": [(HERE, 10, 40, "reaches")],
    }
    assert [one["items"][0]["by_others"] for one in plan["teams"]] == [40, 110]


def test_the_nearest_team_goes(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, NEAR)
    cast.team("Ở xa hơn", home=HERE, capacity_per_day=30)
    cast.team("Ở ngay đó", home=NEAR, capacity_per_day=30)
    assert rows(cast.plan(client)) == {
        "Ở xa hơn": [],
        "Ở ngay đó": [(NEAR, 30, 300, "reaches")],
    }
    notes = {one["name"]: one["note"] for one in cast.plan(client)["teams"]}
    assert notes["Ở ngay đó"] is None
    assert notes["Ở xa hơn"]["code"] == "nothing_in_reach"


def test_nobody_is_sent_across_the_country(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE)
    cast.team("Cà Mau", home="32248", capacity_per_day=30)
    assert rows(cast.plan(client)) == {"Cà Mau": []}


def test_the_campaigns_own_target_and_end(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE, target=50, last_day=date(2024, 11, 21))
    cast.team("Đội 1", capacity_per_day=20)
    counted(app, HERE, 20)
    plan = cast.plan(client)
    assert plan["target"] == {"threshold": 50, "basis": "counted", "source": "campaign"}
    assert plan["days_left"] == 2
    assert rows(plan) == {"Đội 1": [(HERE, 20, 30, "reaches")]}
    assert rows(cast.plan(client, date="2024-11-21")) == {"Đội 1": [(HERE, 20, 20, "helps")]}


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


def test_only_communes_of_the_list_in_force(app: Flask, client: FlaskClient, clock: Hands) -> None:
    clock.now = datetime(2025, 8, 10, tzinfo=UTC)
    cast = Cast(app, HERE, first_day=date(2024, 11, 1), last_day=date(2025, 12, 31))
    assert cast.plan(client)["summary"]["communes"] == 0  # its commune ended with the reform
    new = campaign(
        *(app, cast.organisation, unit_id(app, "19", "2025", "province")),
        first_day=date(2025, 8, 1),
        last_day=date(2025, 9, 30),
    )
    team(
        *(app, cast.organisation, "Đội 1"),
        home_unit_id=unit_id(app, HERE),  # a home may be told in the units of before
        capacity_per_day=5,
    )
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
    assert rows(plan) == {"Đội 1": []}


def test_the_same_again(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE, NEAR, THIRD, FOURTH)
    for number in range(6):
        cast.team(f"Đội {number}", capacity_per_day=11)
    assert cast.plan(client) == cast.plan(client)


# Teams and what they can do


def test_capacity_is_the_median_of_the_last_seven_active_days(
    app: Flask, client: FlaskClient
) -> None:
    cast = Cast(app, HERE)
    one = cast.team("Đội 1")
    days = [(f"2024-11-{day:02d}", n) for day, n in zip(range(4, 13), range(1, 10), strict=True)]
    worked(app, cast.campaign, one, *days, (TODAY, 500))  # 1 … 9; the last seven are 3 … 9
    with app.app_context():  # what waits to be folded counts too: 12 November is 9 + 20 now
        db.session.add(
            TeamDelta(
                campaign_id=cast.campaign,
                team_id=one,
                day=date(2024, 11, 12),
                network="mobile",
                fate="counted",
                guest=True,
                n=20,
            )
        )
        db.session.commit()
    told = cast.plan(client)["teams"][0]
    assert (told["capacity_per_day"], told["capacity_from"]) == (6, "median")
    with app.app_context():
        db.session.get_one(Team, one).capacity_per_day = 4
        db.session.commit()
    told = cast.plan(client)["teams"][0]
    assert (told["capacity_per_day"], told["capacity_from"]) == (4, "organiser")


def test_a_team_of_unknown_capacity_comes_last_with_nothing_and_is_told(
    app: Flask, client: FlaskClient
) -> None:
    cast = Cast(app, HERE)
    cast.team("Chưa rõ sức")
    cast.team("Chưa rõ nơi ở", home=None, capacity_per_day=3)
    plan = cast.plan(client)
    assert rows(plan) == {"Chưa rõ nơi ở": [(HERE, 3, 33, "helps")], "Chưa rõ sức": []}
    assert [one["name"] for one in plan["teams"]] == ["Chưa rõ nơi ở", "Chưa rõ sức"]
    assert [one["note"]["code"] for one in plan["teams"]] == ["home_unknown", "capacity_unknown"]
    assert plan["teams"][0]["items"][0]["distance_m"] is None
    assert "đặt số mẫu" in plan["teams"][1]["note"]["message"]


def test_which_teams_take_part(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE)
    below = organisation(app, "Xã đoàn", parent_id=cast.organisation)
    beside = organisation(app, "Hội khác")
    team(app, below, "Của đơn vị dưới")
    team(app, beside, "Của hội khác")
    member = team(app, beside, "Có người tham gia")
    team(app, below, "Đã giải thể", ended_at=datetime(2024, 11, 1, tzinfo=UTC))
    with app.app_context():
        volunteer = Volunteer()
        db.session.add(volunteer)
        db.session.flush()
        period = Range(LONG_AGO, None)
        joined = Membership(volunteer_id=volunteer.id, campaign_id=cast.campaign, team_id=member)
        joined.period = period
        db.session.add(joined)
        db.session.commit()
    assert set(rows(cast.plan(client))) == {"Của đơn vị dưới", "Có người tham gia"}


# Pins


def test_a_pin_stands_and_the_plan_goes_around_it(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE, NEAR)
    one = cast.team("Đội 1", capacity_per_day=20)
    counted(app, HERE, 200)
    counted(app, NEAR, 295)
    assert rows(cast.plan(client))["Đội 1"][0] == (NEAR, 5, 5, "reaches")
    first = cast.pin(client, one, samples=12)
    assert first.status_code == 201
    assert first.json["unit"]["code"] == HERE and first.json["samples"] == 12
    assert first.json["network"] == "mobile"
    plan = cast.plan(client)
    assert rows(plan)["Đội 1"] == [
        (HERE, 12, 12, "pinned"),
        (NEAR, 5, 5, "reaches"),
        (HERE, 3, 88, "reaches"),
    ]
    assert [i["pinned"] for i in plan["teams"][0]["items"]] == [True, False, False]
    again = cast.pin(client, one, samples=19)
    assert again.status_code == 200
    assert rows(cast.plan(client))["Đội 1"][:2] == [
        (HERE, 19, 19, "pinned"),
        (NEAR, 1, 5, "reaches"),
    ]


def test_a_later_pin_takes_from_what_is_left(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE)
    one = cast.team("Đội 1", capacity_per_day=20)
    two = cast.team("Đội 2", capacity_per_day=20)
    counted(app, HERE, 200)
    assert cast.pin(client, two, date="2024-11-25", samples=60).status_code == 201
    plan = cast.plan(client)
    assert rows(plan) == {"Đội 1": [(HERE, 20, 40, "reaches")], "Đội 2": []}
    assert plan["teams"][0]["items"][0]["by_others"] == 60
    assert one < two


def test_a_pin_is_taken_back(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE)
    one = cast.team("Đội 1")
    cast.pin(client, one)
    query = {"team_id": one, "unit": HERE, "date": TODAY}
    gone = client.delete(cast.pins, headers=cast.organiser, query_string=query)
    assert gone.status_code == 204
    assert rows(cast.plan(client)) == {"Đội 1": []}
    assert client.delete(cast.pins, headers=cast.organiser, query_string=query).status_code == 404


def test_pins_are_in_the_audit_log(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE)
    one = cast.team("Đội 1")
    cast.pin(client, one)
    cast.pin(client, one, samples=9)
    query = {"team_id": one, "unit": HERE, "date": TODAY}
    client.delete(cast.pins, headers=cast.organiser, query_string=query)
    with app.app_context():
        entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        assert [(e.act, e.details["before"], e.details["after"]) for e in entries] == [
            ("plan.pin", None, 7),
            ("plan.pin", 7, 9),
            ("plan.unpin", 9, None),
        ]
        assert {e.subject for e in entries} == {f"campaign:{cast.campaign}"}
        assert entries[0].details["team"] == one and entries[0].details["unit"] == HERE


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"unit": FOURTH}, "unit", "outside_area"),
        ({"team_id": 999_999}, "team_id", "team_not_in_campaign"),
        ({"team_id": 2**40}, "team_id", "out_of_range"),
        ({"samples": 0}, "samples", "out_of_range"),
        ({"samples": "7"}, "samples", "not_whole"),
        ({"date": "2024-11-19"}, "date", "day_passed"),
        ({"date": "2024-12-01"}, "date", "outside_campaign"),
        ({"date": None}, "date", "null"),
        ({"network": "fixed"}, "network", "network_not_measured"),
        ({"network": "satellite"}, "network", "not_one_of"),
    ],
)
def test_what_cannot_be_pinned(
    app: Flask, client: FlaskClient, changes: dict[str, Any], field: str, code: str
) -> None:
    cast = Cast(app, HERE)
    answer = cast.pin(client, **{"team_id": cast.team("Đội 1"), **changes})
    assert answer.status_code == 422, answer.text
    assert [(e["field"], e["code"]) for e in answer.json["errors"]] == [(field, code)]
    with app.app_context():
        assert db.session.scalars(select(Pin)).all() == []


def test_an_unknown_commune_cannot_be_pinned(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE)
    answer = cast.pin(client, cast.team("Đội 1"), unit="99999")
    assert (answer.status_code, answer.json["code"]) == (404, "unit_unknown")


@pytest.mark.parametrize("state", ["closed", "archived"])
def test_a_campaign_that_is_over_has_no_plan(app: Flask, client: FlaskClient, state: str) -> None:
    cast = Cast(app, HERE, state=state)
    answer = client.get(cast.url, headers=cast.organiser)
    assert (answer.status_code, answer.json["code"]) == (409, "plan_closed")
    assert cast.pin(client, cast.team("Đội 1")).status_code == 409


@pytest.mark.parametrize(
    ("query", "field"),
    [("date=2024-11-19", "date"), ("date=2025-01-01", "date"), ("network=fixed", "network"),
     ("date=tomorrow", "date"), ("team_id=x", "team_id"), ("team_id=1.5", "team_id")],
)  # fmt: skip
def test_plans_that_there_are_not(app: Flask, client: FlaskClient, query: str, field: str) -> None:
    cast = Cast(app, HERE)
    answer = client.get(f"{cast.url}?{query}", headers=cast.organiser)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, field)


# Who may


def test_leaders_read_their_own_teams_rows_and_no_others(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE)
    one = cast.team("Đội 1", capacity_per_day=5)
    two = cast.team("Đội 2", capacity_per_day=5)
    leader = person(app, "team_leader", one)
    plan = cast.plan(client, leader)
    assert rows(plan) == {"Đội 1": [(HERE, 5, 55, "helps")]}
    assert plan["teams"][0]["items"][0]["by_others"] == 55
    assert cast.plan(client, leader, team_id=one) == plan
    assert set(rows(cast.plan(client, team_id=two))) == {"Đội 2"}
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
    team(app, below, "Đội của xã")
    assert set(rows(cast.plan(client, person(app, "organiser", below)))) == {"Đội của xã"}


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


def test_an_area_that_shrinks_leaves_its_pins_out(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE)
    cast.pin(client, cast.team("Đội 1"))
    with app.app_context():
        db.session.get_one(Campaign, cast.campaign).version = 2
        area = db.session.scalars(select(CampaignArea)).one()
        area.unit_id = unit_id(app, NEAR)
        db.session.commit()
    assert rows(cast.plan(client)) == {"Đội 1": []}
