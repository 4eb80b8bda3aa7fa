"""GET /api/v1/next without a position: where the plan sends a volunteer's team."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.coverage.figures.public_counts import copy_counts
from backend.coverage.plan.models import Pin
from backend.coverage.plan.next_place import items_by_team
from backend.database.extensions import db
from tests.support.clock import FakeClock
from tests.support.daily_counts import add_counts
from tests.support.factories import HERE, post, register, sample
from tests.support.next_spots import CELLS, URL, ask, commune
from tests.support.people import LONG_AGO, add_membership, campaign, organisation, team


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Plans that a process keeps are of this test's tables alone."""
    items_by_team.cache_clear()
    yield
    items_by_team.cache_clear()


def test_the_team_is_told_where_it_goes(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    headers, unit = register(client), commune(app, client)
    run_by = organisation(app)
    running = campaign(app, run_by, unit.id)
    mine = team(app, run_by, "Đội 1", home_unit_id=unit.id, capacity_per_day=15)
    team(app, run_by, "Đội 2", home_unit_id=unit.id, capacity_per_day=15)
    add_membership(app, headers, running, mine, LONG_AGO, datetime(2024, 11, 20, 13, tzinfo=UTC))
    found = ask(client, headers)
    assert found["unit"] is None and found["spots"] == [] and found["note"] is None
    [assignment] = found["assignments"]
    assert assignment["campaign"]["id"] == running
    assert assignment["team"] == {"id": mine, "name": "Đội 1"}
    [item] = assignment["items"]
    assert (item["unit"]["code"], item["samples"], item["why"]) == (unit.code, 15, "own")
    pinned = Pin(campaign_id=running, day=date(2024, 11, 20), network="mobile", team_id=mine,
                 unit_id=unit.id, samples=4)  # fmt: skip
    with app.app_context():
        db.session.add(pinned)
        db.session.commit()
    items = ask(client, headers)["assignments"][0]["items"]  # seen at once
    assert [(i["samples"], i["pinned"]) for i in items] == [(4, True), (11, False)]
    clock.now += timedelta(hours=2)  # the membership has ended
    assert client.get(URL, headers=headers).json["errors"][0]["code"] == "position_needed"


def test_a_plan_is_kept_for_minutes(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    headers, unit = register(client), commune(app, client)
    run_by = organisation(app)
    running = campaign(app, run_by, unit.id)
    mine = team(app, run_by, home_unit_id=unit.id, capacity_per_day=15)
    add_membership(app, headers, running, mine, LONG_AGO)
    row = {"unit_id": unit.id, "day": date(2024, 11, 1), "network": "mobile"}
    assert ask(client, headers)["assignments"][0]["items"][0]["shortfall"] == 300
    with app.app_context():
        add_counts([{**row, "category": "counted", "n": 300}])
        db.session.commit()
    assert ask(client, headers)["assignments"][0]["items"][0]["shortfall"] == 300
    clock.now += timedelta(minutes=5)
    found = ask(client, headers)
    assert found["assignments"][0]["items"] == [] and found["note"]["code"] == "nothing_planned"


def test_phones_that_ask_at_once_share_one_plan(app: Flask, client: FlaskClient) -> None:
    headers, unit = register(client), commune(app, client)
    run_by = organisation(app)
    mine = team(app, run_by, home_unit_id=unit.id, capacity_per_day=15)
    add_membership(app, headers, campaign(app, run_by, unit.id), mine, LONG_AGO)
    with ThreadPoolExecutor(4) as phones:
        answers = list(phones.map(lambda _: ask(app.test_client(), headers), range(8)))
    assert all(one["assignments"][0]["items"] for one in answers)
    assert items_by_team.cache_info().misses == 1


def test_a_member_gets_spots_where_they_stand(app: Flask, client: FlaskClient) -> None:
    headers, unit = register(client), commune(app, client)
    run_by = organisation(app)
    running = campaign(app, run_by, unit.id)
    add_membership(app, headers, running, team(app, run_by, home_unit_id=unit.id), LONG_AGO)
    found = ask(client, headers, **HERE)
    assert found["assignments"] == [] and len(found["spots"]) == CELLS


def test_the_plan_of_a_day_counts_down_and_stays_that_of_its_begin(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    headers, mate, unit = register(client), register(client), commune(app, client)
    run_by = organisation(app)
    running = campaign(app, run_by, unit.id)
    mine = team(app, run_by, home_unit_id=unit.id, capacity_per_day=15)
    for member in (headers, mate):
        add_membership(app, member, running, mine, LONG_AGO)
    with app.app_context():  # the commune lacks 10, less than the team's day
        row = {"unit_id": unit.id, "day": date(2024, 11, 1), "network": "mobile"}
        add_counts([{**row, "category": "counted", "n": 290}])
        db.session.commit()

    def left() -> list[tuple[int, int, int]]:
        [assignment] = ask(client, headers)["assignments"]
        return [(item["samples"], item["done"], item["shortfall"]) for item in assignment["items"]]

    assert left() == [(10, 0, 10)]
    for member, hour in ((headers, 9), (headers, 14), (mate, 10), (mate, 15)):
        assert post(client, member, sample(f"2024-11-20T{hour:02}:00:00+07:00")).json["counted"]
    assert left() == [(10, 2, 10)]  # a mate who measures alone shows at the full hour
    with app.app_context():
        copy_counts(clock.now, everything=True)
    clock.now += timedelta(hours=1)
    assert left() == [(10, 4, 6)]
    others = [register(client) for _ in range(3)]
    for member in others:
        add_membership(app, member, running, mine, LONG_AGO)
    # Those who measured before the hour are no company; three phones since then are.
    for member, done in zip(others, (4, 4, 7), strict=True):
        assert post(client, member, sample("2024-11-20T18:30:00+07:00")).json["counted"]
        assert left() == [(10, done, 6)]
