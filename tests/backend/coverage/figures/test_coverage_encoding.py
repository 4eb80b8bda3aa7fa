"""Answers of coverage as JSON: their bytes and tags."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, inspect, text

from backend.accounts.access import PUBLIC
from backend.coverage.figures import views
from backend.coverage.figures.answers import STATE
from backend.coverage.figures.items import ROWS
from backend.coverage.figures.month import ELSEWHERE, NUMBERS, READ_KEY
from backend.coverage.figures.public_counts import copy_counts
from backend.coverage.figures.service import CoverageQuery, coverage
from backend.coverage.figures.unit_access import publish
from backend.coverage.targets.models import Target
from backend.database.extensions import db, owner_session
from backend.measurements.recording.reasons import COLUMNS
from tests.support.clock import FakeClock
from tests.support.contributions import add_measurement, volunteers
from tests.support.daily_counts import count
from tests.support.people import campaign, organisation, person, team, unit_id

URL = "/api/v1/coverage"
HERE, THERE = "05443", "05446"
PLACE = {"month": "2024-11", "parent": "19"}


def answer(client: FlaskClient, tag: str | None = None, **query: str) -> Any:
    headers = {"If-None-Match": tag} if tag else {}
    got = client.get(URL, query_string=PLACE | query, headers=headers)
    assert got.status_code in (200, 304), got.text
    return got


@pytest.mark.parametrize(
    "changes", [{}, {"sort": "-counted", "limit": 7}, {"since": "2024-09"}, {"limit": 3}]
)
def test_the_bytes_are_those_of_the_items(
    app: Flask, client: FlaskClient, clock: FakeClock, changes: dict[str, Any]
) -> None:
    for n, category in enumerate(COLUMNS):
        count(app, (HERE, THERE)[n % 2], ("2024-11-10", 7 + n), category=category)
    query = CoverageQuery("2024-11", parent="19", reader=PUBLIC, **changes)
    with app.app_context():
        copy_counts(clock.now)
        expected = orjson.dumps(coverage(query, clock.now))
    sent = {name: str(value) for name, value in changes.items() if name != "since"}
    if since := changes.get("since"):
        sent |= {"from": since, "to": "2024-11", "month": ""}
    got = client.get(URL, query_string={k: v for k, v in (PLACE | sent).items() if v})
    assert got.data == expected


def changes(app: Flask, clock: FakeClock) -> Iterator[str]:
    """Change one by one what the figures are computed from."""
    yield "nothing at first"
    count(app, HERE, ("2024-11-10", 7))
    yield "a sample"
    count(app, HERE, ("2024-11-10", -1), ("2024-11-11", 1))
    yield "another day of the same month"
    count(app, HERE, ("2024-11-11", -1), ("2024-11-11", 1), network="fixed")
    count(app, HERE, ("2024-11-11", -1))
    count(app, HERE, ("2024-11-11", 1), category="repeat")
    yield "another verdict"
    count(app, HERE, ("2024-10-11", 2))
    yield "the month before"
    with app.app_context():
        made = Target(
            level="commune", network="mobile", purpose="target", unit_id=unit_id(app, HERE),
            threshold=250, basis="counted", valid_from=date(2024, 1, 1), source="test",
        )  # fmt: skip
        with owner_session() as writer:
            writer.add(made)
    yield "a target"
    owner, unit = organisation(app), unit_id(app, HERE)
    made = campaign(app, owner, unit_id(app, "19", level="province"))
    (person,) = volunteers(app, None)
    with app.app_context():
        add_measurement(made, team(app, owner), unit=unit, volunteer=person)
        db.session.commit()
    yield "an active team"
    with app.app_context(), owner_session() as writer:
        writer.execute(text("insert into releases values ('2024-11', now())"))
        values = "(:unit, 'mobile', '2024-11', 3, '[]', '[]')"
        columns = "(unit_id, network, month, devices, cells, statistics)"
        statement = f"insert into released_figures {columns} values {values}"
        writer.execute(text(statement), {"unit": unit})
    yield "devices of the release"
    clock.now = datetime(2024, 11, 21, 3, tzinfo=UTC)
    yield "another day"
    clock.now = datetime(2025, 1, 5, 3, tzinfo=UTC)
    yield "a past month"
    count(app, HERE, ("2024-10-11", 2))
    yield "the month before a past one"


@pytest.mark.slow
@pytest.mark.parametrize("query", [{}, {"level": "district"}, {"sort": "-counted", "limit": "3"}])
def test_the_tag_is_another_where_the_answer_is(
    app: Flask, client: FlaskClient, clock: FakeClock, query: dict[str, str]
) -> None:
    seen: dict[str, bytes] = {}
    for name in changes(app, clock):
        got = answer(client, **query)
        assert seen.setdefault(got.headers["ETag"], got.data) == got.data, name
        for _ in range(2):
            assert answer(client, got.headers["ETag"], **query).status_code == 304
    assert len(set(seen.values())) >= 7  # some changes are of other units than these


def test_nothing_is_computed_for_a_client_that_has_it_or_another_that_asks_again(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, workbook = answer(client), answer(client, format="xlsx")
    tag = first.headers["ETag"]
    monkeypatch.setattr(views, "coverage_of_months", None)
    kept = answer(client, tag)
    assert (kept.status_code, kept.data, kept.headers["ETag"]) == (304, b"", tag)
    assert answer(client).data == first.data
    assert answer(client, format="xlsx").data == workbook.data


# A change of one row of each table that an answer reads; targets are changed by PATCH, with a
# version, and the others as the program writes them.
ROW_CHANGES = {
    "unit_months": "update unit_months set repeat = repeat + 1, version = version + 1",
    "team_unit_months": "update team_unit_months set team_id = team_id + 1",
    "public_months": "update public_months set repeat = 9, copied_at = copied_at + interval '1 h'",
    "targets": "update targets set threshold = 299, version = version + 1 where id = 1",
    "released_figures": "delete from releases",  # they never change otherwise
    "statistics_versions": "insert into statistics_versions values ('2024-11', 'mobile', 0, 1)",
    "demo_months": "insert into demo_months values ('2024-11')",
    "daily_history": "delete from daily_history",  # made again by the next reader
    "boundary_sets": "update boundary_sets set activation = activation + 100",
    "units": """
        insert into units (system, level, code, name, type, parent_id, province_id, sort_key,
            search_key)
        select system, level, '05444', name, type, parent_id, province_id, sort_key, search_key
        from units where system = '2024' and code = '05443'
    """,
}


def test_the_tag_is_another_after_a_change_of_any_table(
    app: Flask, client: FlaskClient, clock: FakeClock, owner: Engine
) -> None:
    admin = person(app, "admin")

    def read_tags() -> list[str]:
        got = [client.get(URL, query_string=PLACE, headers=one) for one in (None, admin)]
        return [one.headers["ETag"] for one in got]

    for name in changes(app, clock):
        if name == "devices of the release":
            break
    statements = [STATE, NUMBERS, ELSEWHERE, ROWS, READ_KEY]
    read = {name for one in statements for name in re.findall(r"(?:from|join) (\w+)", one)}
    named = set(inspect(owner).get_table_names()) & read
    # Their rows change with those of months, or of what statistics were computed of, alone.
    assert named - {"unit_days", "public_days", "statistics"} == ROW_CHANGES.keys()
    tags = [read_tags()]
    try:
        for name, statement in ROW_CHANGES.items():
            with owner.begin() as connection:
                assert connection.execute(text(statement)).rowcount, name
            clock.now += timedelta(seconds=1)
            tags.append(read_tags())
            assert tags[-1] not in tags[:-1], name
    finally:  # units and sets are those of all tests
        with owner.begin() as connection:
            connection.execute(text("delete from units where code = '05444'"))
            connection.execute(text("update boundary_sets set activation = activation - 100"))


def test_the_tag_is_that_of_what_its_reader_may_see(app: Flask, client: FlaskClient) -> None:
    app.config["PUBLISH"] = "after_approval"
    country = {"parent": "", "level": "province"}
    admin, public = person(app, "admin"), answer(client, **country).headers["ETag"]
    seen = client.get(URL, query_string=PLACE | country, headers=admin).headers["ETag"]
    assert answer(client, **country).headers["ETag"] == public != seen
    with app.app_context():
        publish(unit_id(app, "19", level="province"), "2024-11")
        db.session.commit()
    assert answer(client, **country).headers["ETag"] not in (public, seen)
