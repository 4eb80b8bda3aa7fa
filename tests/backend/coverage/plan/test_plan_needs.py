"""What a plan and its map hold communes against: the target that coverage tells of each."""

from flask import Flask
from flask.testing import FlaskClient

from backend.accounts.access import Actor, Grant
from backend.coverage.figures.public_counts import copy_counts
from backend.coverage.plan.service import show_plan_map
from tests.support.clock import FakeClock
from tests.support.measurements import NINE, measurement_row, store_rows
from tests.support.people import person, unit_id
from tests.support.plans import HERE, NEAR, Cast, plan_rows, store_count

OWN = {
    "level": "commune", "purpose": "target", "basis": "counted",
    "unit": {"system": "2024", "level": "commune", "code": HERE},
    "valid_from": "2024-11-01", "source": "Sở",
}  # fmt: skip


def set_target(app: Flask, client: FlaskClient, **kwargs: object) -> None:
    answer = client.post("/api/v1/targets", json=OWN | kwargs, headers=person(app, "admin"))
    assert answer.status_code == 201, answer.text


def area(app: Flask, cast: Cast, clock: FakeClock) -> dict[str, tuple[int, int, int]]:
    """Step, samples and need of each commune on the plan's map."""
    asked = {"date": None, "network": None, "team_id": None}
    with app.app_context():
        copy_counts(clock.now)
        shown = show_plan_map(ADMIN, cast.campaign, asked, clock.now)
    return {one.code: (one.step, one.has, one.need) for one in shown["area"]}


ADMIN = Actor(user_id=1, grants=(Grant("admin", "system"),))


def test_a_commune_of_its_own_target_is_drawn_by_it(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    cast = Cast(app, HERE, NEAR)
    set_target(app, client, network="mobile", threshold=900)
    store_count(app, HERE, 450)
    store_count(app, NEAR, 150)
    found = area(app, cast, clock)
    assert found[HERE][1:] == (450, 900) and found[NEAR][1:] == (150, 300)
    assert found[HERE][0] == found[NEAR][0]  # half of the way, both


def test_free_teams_bring_phones_to_communes_with_enough_samples(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    cast = Cast(app, HERE, NEAR)
    cast.team("Đội 1", capacity_per_day=20)
    rows = [measurement_row(unit_id(app, HERE), NINE) for _ in range(300)]
    store_rows(app, *rows)  # each of another phone, in one outing
    store_count(app, NEAR, 292)
    app.test_cli_runner().invoke(args=["coverage", "refresh"])
    with app.app_context():
        copy_counts(clock.now, everything=True)
    plan = cast.plan(client)
    assert plan_rows(plan) == {"Đội 1": [(NEAR, 8, 8, "reaches"), (HERE, 10, 10, "phones")]}
    stop = plan["teams"][0]["items"][1]
    assert (stop["devices"], stop["outings"]) == (300, 1)
    assert "300 máy · 1 buổi đo (nên có từ 12 máy, 15 buổi đo)" in client.get(
        f"/campaigns/{cast.campaign}/plan", headers=cast.organiser).text  # fmt: skip


def test_a_target_of_one_commune_alone_is_planned_for(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE, NEAR, networks=["fixed"])
    cast.team("Đội 1", capacity_per_day=20)
    set_target(app, client, network="fixed", threshold=100)
    plan = cast.plan(client, network="fixed")
    assert plan["target"] is None
    assert plan_rows(plan) == {"Đội 1": [(HERE, 20, 100, "own")]}
