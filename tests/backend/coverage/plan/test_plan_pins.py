"""What an organiser pins in a plan."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backend.accounts.models import AuditEntry
from backend.campaigns.models import Campaign, CampaignArea
from backend.coverage.plan.models import Pin
from backend.database.extensions import db
from backend.errors import Problem
from tests.support.people import unit_id
from tests.support.plans import FOURTH, HERE, NEAR, Cast, plan_rows, store_count


def test_a_pin_stands_and_the_plan_goes_around_it(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE, NEAR)
    one = cast.team("Đội 1", capacity_per_day=20)
    store_count(app, HERE, 200)
    store_count(app, NEAR, 295)
    assert plan_rows(cast.plan(client))["Đội 1"] == [(HERE, 20, 100, "own")]
    cast.pin(one, unit=NEAR, samples=5)
    plan = cast.plan(client)
    assert plan_rows(plan)["Đội 1"] == [(NEAR, 5, 5, "pinned"), (HERE, 15, 100, "own")]
    assert [i["pinned"] for i in plan["teams"][0]["items"]] == [True, False]
    cast.pin(one, unit=NEAR, samples=19)
    assert plan_rows(cast.plan(client))["Đội 1"] == [
        (NEAR, 19, 19, "pinned"),
        (HERE, 1, 100, "own"),
    ]


def test_a_later_pin_takes_from_what_is_left(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE)
    one = cast.team("Đội 1", capacity_per_day=20)
    two = cast.team("Đội 2", capacity_per_day=20)
    store_count(app, HERE, 200)
    cast.pin(two, day="2024-11-25", samples=60)
    plan = cast.plan(client)
    # 40 are left: in proportion to the rooms of 220 and 160
    assert plan_rows(plan) == {"Đội 1": [(HERE, 20, 23, "own")], "Đội 2": [(HERE, 17, 17, "own")]}
    assert plan["teams"][0]["items"][0]["by_others"] == 77
    assert one < two


def test_a_pin_is_taken_back(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE)
    one = cast.team("Đội 1")
    cast.pin(one)
    cast.unpin(one)
    assert plan_rows(cast.plan(client)) == {"Đội 1": [(HERE, 10, 110, "own")]}
    with pytest.raises(Problem, match="not_found"):
        cast.unpin(one)


def test_pins_are_in_the_audit_log(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE)
    one = cast.team("Đội 1")
    cast.pin(one)
    cast.pin(one, samples=9)
    cast.unpin(one)
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
        ({"day": "2024-11-19"}, "date", "day_passed"),
        ({"day": "2024-12-01"}, "date", "outside_campaign"),
        ({"network": "fixed"}, "network", "network_not_measured"),
    ],
)
def test_what_cannot_be_pinned(app: Flask, changes: dict[str, Any], field: str, code: str) -> None:
    cast = Cast(app, HERE)
    with pytest.raises(Problem) as refused:
        cast.pin(**{"team_id": cast.team("Đội 1"), **changes})
    assert [(one.field, one.code) for one in refused.value.errors] == [(field, code)]
    with app.app_context():
        assert db.session.scalars(select(Pin)).all() == []


def test_an_unknown_commune_cannot_be_pinned(app: Flask) -> None:
    cast = Cast(app, HERE)
    with pytest.raises(Problem) as refused:
        cast.pin(cast.team("Đội 1"), unit="99999")
    assert (refused.value.status, refused.value.code) == (404, "unit_unknown")


def test_an_area_that_shrinks_leaves_its_pins_out(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE)
    cast.pin(cast.team("Đội 1", type="community_digital"))
    with app.app_context():
        db.session.get_one(Campaign, cast.campaign).version = 2
        area = db.session.scalars(select(CampaignArea)).one()
        area.unit_id = unit_id(app, NEAR)
        db.session.commit()
    assert plan_rows(cast.plan(client)) == {"Đội 1": []}
