"""An area's units in task groups, each in exactly one, and the course of a month."""

from datetime import UTC, datetime

from flask import Flask

from backend.coverage.alerts.overview import area_overview
from backend.coverage.figures.service import CoverageQuery
from tests.support.clock import FakeClock
from tests.support.daily_counts import count

HERE, THERE, BEYOND = "05443", "05446", "05449"
QUERY = CoverageQuery("2024-11", "commune", "mobile", "19", sort="-shortfall")


def test_groups_are_disjoint_and_complete(app: Flask) -> None:
    """It is the 20th of November; 172 communes of Thái Nguyên, one at its target."""
    count(app, HERE, ("2024-11-19", 300))
    count(app, THERE, *[(f"2024-11-{day:02}", 5) for day in range(1, 20)])
    count(app, BEYOND, ("2024-11-16", 200))
    now = datetime(2024, 11, 20, 12, tzinfo=UTC)
    with app.app_context():
        overview = area_overview(QUERY, now)
    groups = overview.groups
    codes = [one["code"] for items in groups.values() for one in items]
    assert sorted(codes) == sorted(one["code"] for one in overview.items)
    assert len(codes) == len(set(codes)) == overview.targeted == 172
    assert overview.reached == 1 and [one["code"] for one in groups["reached"]] == [HERE]
    assert [one["code"] for one in groups["needs_teams"]] == [THERE]  # 95 of 190
    assert [one["code"] for one in groups["on_pace"]] == [BEYOND]  # silent for three days
    assert len(groups["not_started"]) == 169 and not groups["exempt"]


def test_the_course_fills_targets_and_no_more(app: Flask) -> None:
    count(app, HERE, ("2024-11-10", 400))
    count(app, THERE, ("2024-11-18", 90), ("2024-11-20", 10))
    with app.app_context():
        course = area_overview(QUERY, datetime(2024, 11, 20, 12, tzinfo=UTC)).course
    assert course is not None
    assert course.filled[9] == 300 and course.filled[-1] == 400 and len(course.filled) == 20
    assert course.daily[9] == 400 and course.reached[8:10] == [0, 1]
    assert course.need == 172 * 300 and course.pace == round(172 * 300 * 19 / 30)
    assert course.left == 11 and course.per_day == round(90 / 7)
    assert course.needed_per_day == -(-(172 * 300 - 400) // 11)


def test_a_past_month_has_its_course_for_a_month(app: Flask, clock: FakeClock) -> None:
    count(app, HERE, ("2024-11-10", 300))
    with app.app_context():
        course = area_overview(QUERY, datetime(2024, 12, 5, tzinfo=UTC)).course
        assert course is not None and course.left is None and len(course.filled) == 30
        assert area_overview(QUERY, datetime(2025, 1, 5, tzinfo=UTC)).course is None


def test_without_a_target_every_unit_is_exempt(app: Flask) -> None:
    query = CoverageQuery("2024-11", "commune", "fixed", "19")
    with app.app_context():
        overview = area_overview(query, datetime(2024, 11, 20, 12, tzinfo=UTC))
    assert overview.targeted == 0 and overview.course is None
    assert len(overview.groups["exempt"]) == 172
