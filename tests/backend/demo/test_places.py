"""The demo's hamlets and places without coverage: one in each state, and gone without a trace."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.database.extensions import db
from backend.demo.places import NAMES, UNPLACED, add_places
from backend.demo.service import remove
from backend.demo.users import demo_official, make_users
from backend.places.states import STATES
from tests.support import people

NOW = datetime(2025, 2, 10, 3, 0, tzinfo=UTC)
LIST = "/api/v1/units/19/places"


@pytest.fixture(autouse=True)
def later(clock: Any) -> None:
    clock.now = NOW


LEFT = text("""
    select (select count(*) from places), (select count(*) from place_steps),
        (select count(*) from hamlets)
""")


def test_the_demo_has_a_place_in_each_state_and_leaves_those_of_others(
    app: Flask, client: FlaskClient
) -> None:
    province = people.unit_id(app, "19", level="province")
    organisation = people.organisation(app)
    people.team(app, organisation)
    campaign = people.campaign(app, organisation)
    official = people.person(app, "official", province)
    with app.app_context():
        db.session.execute(
            text("update campaigns set demo = true where id = :it"), {"it": campaign}
        )
        make_users(NOW)
        add_places(demo_official(), NOW)
    listed = client.get(f"{LIST}?limit=100", headers=official).json["items"]
    assert {one["state"] for one in listed} == set(STATES)
    assert any(one["overdue"] for one in listed)
    assert 0 < sum(one["published"] for one in listed) < len(listed)
    hamlets = client.get("/api/v1/units/19/hamlets?limit=100", headers=official).json
    assert (hamlets["total"], hamlets["unplaced"]) == (len(NAMES), UNPLACED)
    assert not any(one["outside"] for one in hamlets["items"])

    free = {one["id"] for one in hamlets["items"]} - {one["hamlet_id"] for one in listed}
    own = client.post(LIST, json={"hamlet_id": min(free)}, headers=official).json["id"]
    with app.app_context():
        remove(lambda done, of: None)
        assert tuple(db.session.execute(LEFT).one()) == (1, 1, 1)
    left = client.get(LIST, headers=official).json["items"]
    assert [one["id"] for one in left] == [own]
