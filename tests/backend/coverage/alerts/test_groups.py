"""The one group of a unit, by what must be done there: the first that fits."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from backend.coverage.alerts.groups import GROUPS, LACKING, Standing, unit_group
from backend.coverage.alerts.overview import AreaOverview, area_overview
from backend.coverage.figures.service import CoverageQuery
from tests.support.daily_counts import count
from tests.support.plans import Cast

HERE, THERE, BEYOND = "05443", "05446", "05449"
NOW = datetime(2024, 11, 20, 12, tzinfo=UTC)  # 11 days are left
USUAL = {
    "target": 300, "missing": 299, "received": 1, "days": 30, "days_left": 21, "on_pace": False,
    "planned": 0, "record": 40,
}  # fmt: skip


@pytest.mark.parametrize(("facts", "group"), [
    ({}, "needs_teams"),
    ({"target": None, "missing": 0}, "exempt"),
    ({"missing": 0, "days_left": 0}, "reached"),
    ({"days_left": 0}, "missed"),
    ({"missing": 841}, "out_of_reach"),  # 40 a day on 21 days are 840
    ({"missing": 841, "planned": 900}, "out_of_reach"),
    ({"missing": 840}, "needs_teams"),
    ({"missing": 5000, "record": None}, "needs_teams"),
    ({"days_left": 1, "record": 9}, "needs_teams"),  # below 10 a day nobody has tried
    ({"days_left": 1, "record": 10}, "out_of_reach"),
    ({"planned": 299}, "planned"),
    ({"planned": 298}, "needs_teams"),
    ({"received": 0, "planned": 299}, "planned"),
    ({"received": 0, "planned": 100}, "not_started"),
    ({"received": 0, "on_pace": True}, "not_started"),  # the first of a month
    ({"on_pace": True}, "on_pace"),
])  # fmt: skip
def test_a_unit_is_in_the_first_group_that_fits(facts: dict[str, object], group: str) -> None:
    assert unit_group(Standing(**(USUAL | facts))) == group  # type: ignore[arg-type]


@given(
    st.builds(
        Standing,
        target=st.none() | st.integers(1, 300),
        missing=st.integers(0, 300),
        received=st.integers(0, 400),
        days=st.integers(28, 31),
        days_left=st.integers(0, 31),
        on_pace=st.booleans(),
        planned=st.integers(0, 400),
        record=st.none() | st.integers(1, 200),
    )
)
def test_what_is_missing_decides_who_lacks(one: Standing) -> None:
    group = unit_group(one)
    assert group in GROUPS
    lacks = one.target is not None and one.missing > 0
    assert (group in LACKING) == lacks
    assert (group == "missed") == (lacks and not one.days_left)


def overview(app: Flask, now: datetime = NOW) -> AreaOverview:
    with app.app_context():
        query = CoverageQuery("2024-11", "commune", "mobile", "19", sort="-shortfall")
        return area_overview(query, now)


def codes(found: AreaOverview) -> dict[str, list[str]]:
    return {name: [one["code"] for one in items] for name, items in found.groups.items()}


def test_one_sample_is_no_schedule(app: Flask) -> None:
    """Sorted by what is missing: the commune with one sample before that with ten."""
    count(app, HERE, ("2024-11-01", 90), ("2024-11-18", 120))
    count(app, THERE, ("2024-11-18", 10))
    count(app, BEYOND, ("2024-11-19", 1))
    found = overview(app)
    groups = codes(found)
    assert found.record == 120
    assert groups["needs_teams"] == [BEYOND, THERE]
    assert groups["on_pace"] == [HERE] and len(groups["not_started"]) == 169


def test_a_plan_counts_once_it_holds_what_is_missing(app: Flask) -> None:
    count(app, HERE, ("2024-11-18", 30))
    cast = Cast(app, HERE)
    one, two = cast.team("Đội 1"), cast.team("Đội 2")
    cast.pin(one, unit=HERE, samples=200, day="2024-11-22")
    assert codes(overview(app))["needs_teams"] == [HERE]
    cast.pin(two, unit=HERE, samples=90, day="2024-11-29")
    assert codes(overview(app))["planned"] == [HERE]


def test_more_a_day_than_any_commune_ever_had_cannot_be_made(app: Flask) -> None:
    """300 missing in 11 days are 28 a day; that of another province is no measure."""
    count(app, HERE, ("2024-10-05", 20))
    count(app, "00001", ("2024-10-05", 400))
    found = overview(app)
    assert found.record == 20 and len(codes(found)["out_of_reach"]) == 172
    count(app, THERE, ("2024-11-20", 100))  # today is not over
    assert overview(app).record == 20
    count(app, THERE, ("2024-10-06", 28))
    found = overview(app)
    assert found.record == 28 and not codes(found)["out_of_reach"]


def test_a_province_that_never_tried_has_no_measure(app: Flask) -> None:
    """A target of 300 asks for 10 samples on each of 30 days."""
    count(app, HERE, ("2024-10-07", 9))
    assert not codes(overview(app))["out_of_reach"]
    count(app, HERE, ("2024-10-08", 10))
    assert len(codes(overview(app))["out_of_reach"]) == 172


def test_a_past_month_is_missed_or_reached(app: Flask) -> None:
    count(app, HERE, ("2024-11-05", 300))
    found = overview(app, datetime(2024, 12, 5, tzinfo=UTC))
    groups = codes(found)
    assert groups["reached"] == [HERE] and len(groups["missed"]) == 171
    assert found.record is None


def test_the_alerts_of_the_api_are_the_same(app: Flask, client: FlaskClient) -> None:
    """Groups are words of pages; `states` stay as they are."""
    count(app, THERE, *[(f"2024-11-{day:02}", 5) for day in range(1, 20)])
    shown = client.get("/api/v1/alerts?parent=19").json
    states = {one["code"]: one["states"] for one in shown["items"]}
    found = {one["code"]: one for one in overview(app).items}
    assert states[THERE] == found[THERE]["states"] == ["behind", "will_miss"]
    assert found[THERE]["group"] == "needs_teams"
