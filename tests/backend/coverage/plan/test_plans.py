"""What is asked of one phone, or of some ids, is found by an index in tables that only grow."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, TextClause, text

from backend.coverage.contributions.service import TEAMS
from backend.database.extensions import db, follow_indexes
from backend.measurements.privacy import retention
from backend.measurements.recording import answers, earnings, timeline
from backend.measurements.revision import service as revising
from backend.memberships import attribution_rows

AT, DAY = datetime(2024, 11, 15, tzinfo=UTC), date(2024, 11, 15)
DEVICES, IDS = "ix_measurements_device_id_measured_at_id", "pk_measurements"
PHONE = UUID("28dd2c79-55ce-4264-9624-0b2ff0100bde")
SPAN = {"first": DAY, "last": DAY, "after": PHONE, "lot": 100}
DECISION = {"excluded": True, "reason": "", "act": None, "lifts": None}
READ, TALLIES, CAPPED, POST = (
    text(statement.replace("%(", ":").replace(")s", ""))
    for statement in (
        timeline.READ, timeline.TALLIES, timeline.CAPPED, timeline.READ_STATE
    )
)  # fmt: skip
SPANS = {"begins": "{2024-11-14T17:00Z}", "ends": "{2024-11-15T17:00Z}", "most": 9}
MONTHS = {"month_begin": AT, "month_end": AT}
DAYS = {"days": "{2024-11-15}", "units": "{1}", **MONTHS}
PHONE_POSTS = {
    "digest": b"", "device": None, "cap": 9, "tickets": "{}",
    "kids": "{}", "communes": "{}", "ids": "{}", "digests": "{}", **SPANS, **MONTHS,
}  # fmt: skip
CAP = {"begin": AT, "end": AT, "unit_id": 1, "network": "mobile", "after": 149, "to": 151}
ASKED: dict[str, tuple[TextClause, str, dict[str, Any]]] = {
    "own list": (answers.PAGE, DEVICES, {"device": PHONE, "at": None, "id": None, "limit": 9}),
    "next page": (answers.PAGE, DEVICES, {"device": PHONE, "at": AT, "id": PHONE, "limit": 9}),
    "some of its own": (answers.BY_ID, IDS, {"device": PHONE, "ids": [PHONE]}),
    "timeline": (READ, DEVICES, {"device": PHONE, **SPANS}),
    "a post": (POST, DEVICES, PHONE_POSTS),
    "a post near a cap": (POST, "ix_measurements_capped", PHONE_POSTS),
    "other days of its months": (TALLIES, "ix_measurements_capped", {"device": PHONE, **DAYS}),
    "those around a cap": (CAPPED, "ix_measurements_capped", {"device": PHONE, **CAP}),
    "revising a phone": (revising.ROWS, DEVICES, {"device": PHONE, **SPAN}),
    "revising imports": (revising.ROWS, "ix_measurements_late", {"device": None, **SPAN}),
    "revising some": (revising.CHOSEN, IDS, {"device": PHONE, "ids": [PHONE]}),
    "teams of a report": (TEAMS, "ix_team_unit_months_unit", {
        "unit": 1, "month": "2024-11", "first": DAY, "last": DAY, "network": "mobile",
    }),
    "excluding some": (revising.DECIDE, IDS, {"device": PHONE, "ids": [PHONE], **DECISION}),
    "who withdraws": (earnings.DELETE_PERSON, "ix_earnings_membership_id", {"device": PHONE}),
    "what comes late": (retention.COARSEN_LATE, "ix_measurements_late", {
        "coarse": DAY, "gone": DAY, "decimals": 3,
    }),
    "out of campaigns": (attribution_rows.EXCLUDED, "pk_campaign_exclusions", {
        "campaigns": [1], "ids": [PHONE],
    }),
}  # fmt: skip


FORGET = """
    select pg_clear_attribute_stats('public', relname::text, attname::text, false)
    from pg_class c join pg_attribute a on attrelid = c.oid and attnum > 0 and not attisdropped
    where relname in ('measurements', 'exclusions', 'team_unit_months', 'earnings')
"""


@pytest.fixture(autouse=True)
def unknown(app: Flask, owner: Engine) -> None:
    """Tables of which PostgreSQL knows nothing: in one it has found empty any index is as good."""
    with owner.begin() as connection:
        connection.exec_driver_sql("truncate measurements, exclusions, team_unit_months, earnings")
        connection.exec_driver_sql(FORGET)


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _indexes(statement: str, values: Mapping[str, Any]) -> set[str]:
    """By which indexes rows are looked up; one that is read from end to end is none."""
    follow_indexes()  # of an empty table a scan is the cheapest plan: what else there is, is asked
    explained = db.session.execute(text(f"explain (format json) {statement}"), values)
    nodes = list(_nodes(explained.scalar_one()[0]["Plan"]))
    db.session.rollback()
    return {node["Index Name"] for node in nodes if "Index Cond" in node}


@pytest.mark.parametrize("name", ASKED)
def test_an_index_leads_to_it(app: Flask, name: str) -> None:
    statement, index, values = ASKED[name]
    with app.app_context():
        assert index in _indexes(statement.text, values)


def test_what_no_index_answers_is_noticed(app: Flask) -> None:
    statement = "select * from measurements where device_id is not distinct from :device"
    with app.app_context():
        assert _indexes(statement, {"device": PHONE}) == set()
