"""The limits of a plan: radius, homes, islands, settings of the organiser."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backend.accounts.access import Actor, Grant
from backend.accounts.models import AuditEntry
from backend.coverage.plan.service import show_plan_map
from backend.coverage.plan.settings import set_limits
from backend.database.extensions import db
from backend.units.reform import crosswalk
from tests.support.clock import FakeClock
from tests.support.people import campaign, take_part, team, unit_id
from tests.support.plans import HERE, NEAR, TODAY, Cast, plan_rows, store_count

LIMITS = {"radius_km": 15, "visit_least": 10, "assumed_capacity": 10, "community_travels": False}
ADMIN = Actor(user_id=1, grants=(Grant("admin", "system"),))


def change_limits(cast: Cast, **changes: Any) -> None:
    with cast.app.app_context():
        set_limits(cast.actor, cast.campaign, LIMITS | changes)


def test_the_organiser_sets_the_limits(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE, NEAR)
    cast.team("Đội 1", capacity_per_day=20)
    cast.team("Tổ số", type="community_digital")
    store_count(app, HERE, 300)
    plan = cast.plan(client)
    distance = plan["teams"][0]["items"][0]["distance_m"]
    assert plan_rows(plan) == {"Đội 1": [(NEAR, 20, 220, "helps")], "Tổ số": []}
    assert plan["teams"][1]["stays"] and plan["teams"][1]["note"]["code"] == "stays_home"
    change_limits(cast, community_travels=True, assumed_capacity=12)
    rows = plan_rows(cast.plan(client))
    assert {name: row[0][0] for name, row in rows.items()} == {"Đội 1": NEAR, "Tổ số": NEAR}
    assert rows["Tổ số"][0][1] == 12
    change_limits(cast, radius_km=1)
    assert distance > 1000
    nobody = cast.plan(client)
    assert plan_rows(nobody) == {"Đội 1": [], "Tổ số": []}
    assert nobody["teams"][0]["note"]["code"] == "nothing_in_reach"
    change_limits(cast, radius_km=1)  # once more changes nothing
    with app.app_context():
        acts = db.session.scalars(select(AuditEntry.act)).all()
        assert acts.count("plan.settings") == 2


def test_no_team_is_sent_to_the_archipelagos(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, "22736", "22737", "22739")  # communes of Trường Sa
    cast.team("Đội đảo", home="22736", capacity_per_day=20)
    cast.team("Không rõ nhà", home=None, capacity_per_day=20)
    plan = cast.plan(client)
    assert plan["summary"]["communes_lacking"] == 3
    assert plan_rows(plan) == {"Đội đảo": [], "Không rõ nhà": []}


def test_a_home_of_before_the_reform_is_the_commune_of_today(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    clock.now = datetime(2025, 8, 10, tzinfo=UTC)
    cast = Cast(app, HERE)
    new = campaign(
        *(app, cast.organisation, unit_id(app, "19", "2025", "province")),
        first_day=date(2025, 8, 1),
        last_day=date(2025, 9, 30),
    )
    one = team(
        *(app, cast.organisation, "Tổ số"), type="community_digital",
        home_unit_id=unit_id(app, HERE), capacity_per_day=5,
    )  # fmt: skip
    take_part(app, new, one)
    [own] = client.get(f"/api/v1/campaigns/{new}/plan", headers=cast.organiser).json["teams"]
    now = crosswalk().successors(HERE)[0]
    assert own["home"]["code"] == HERE and own["own_commune"]["code"] == now
    [item] = own["items"]
    assert (item["unit"]["code"], item["why"], item["distance_m"]) == (now, "own", 0)


@pytest.mark.parametrize(
    ("hour", "day"), [(9, "2024-11-20"), (10, "2024-11-21"), (16, "2024-11-21")]
)
def test_in_the_evening_the_plan_shown_is_that_of_tomorrow(
    app: Flask, clock: FakeClock, hour: int, day: str
) -> None:
    clock.now = datetime(2024, 11, 20, hour, tzinfo=UTC)  # seven hours earlier than in Vietnam
    cast = Cast(app, HERE)
    query: dict[str, Any] = {"date": None, "network": None, "team_id": None}
    with app.app_context():
        assert str(show_plan_map(ADMIN, cast.campaign, query, clock.now)["date"]) == day
        clock.now = datetime(2024, 11, 30, hour, tzinfo=UTC)  # no tomorrow in this campaign
        assert str(show_plan_map(ADMIN, cast.campaign, query, clock.now)["date"]) == "2024-11-30"


def test_the_api_keeps_today_as_its_default(app: Flask, client: FlaskClient) -> None:
    assert Cast(app, HERE).plan(client)["date"] == TODAY
