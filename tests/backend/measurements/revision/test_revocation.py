"""Revoking a measuring host with --since: what it proved no longer counts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from backend.accounts.models import AuditEntry
from backend.database.extensions import db
from backend.measurements.recording import counting, earning_sums
from backend.reports.monthly.models import ReportRow
from backend.witness import hosts
from backend.witness.keys import own_host_id
from tests.support.clock import FakeClock
from tests.support.factories import HERE, location, post, register, sample
from tests.support.people import add_membership, campaign, organisation, team, unit_id
from tests.support.reports import DECEMBER, Office
from tests.support.requirements import counting_from
from tests.support.speed_tests import get_ticket, witnessed

BEGIN = datetime(2024, 11, 20, 12, 0, tzinfo=UTC)
METRE = 1 / 111_195


@pytest.fixture(autouse=True)
def tickets_required(app: Flask) -> Iterator[None]:
    with counting_from(app, "ticketed"):
        yield


@pytest.fixture
def office(app: Flask, client: FlaskClient, clock: FakeClock) -> Office:
    made = Office(app, client, clock)
    made.is_demo()  # built-in boundaries are enough for a report
    clock.now = BEGIN
    return made


def measure(client: FlaskClient, clock: FakeClock, phone: Any, test: dict[str, str]) -> str:
    """Post a sample of a test that ran now, a place farther each minute; return its id."""
    minutes = (clock.now - BEGIN) / timedelta(minutes=1)
    place = location(latitude=HERE["latitude"] + 150 * minutes * METRE)
    body = sample(
        clock.now.isoformat(), test=test, download_mbps=1.0, upload_mbps=1.0, location=place
    )
    answer = post(client, phone, body)
    assert answer.json["counted"] is True, answer.text
    clock.now += timedelta(minutes=1)
    return str(body["id"])


def revoke(app: Flask, host: Any, *since: str) -> Result:
    words = ["hosts", "revoke", str(host), "--reason", "A copied key.", *since]
    return app.test_cli_runner().invoke(args=words)


def states(app: Flask) -> dict[str, tuple[str, list[str], list[str]]]:
    """Assurance, reasons and marks of each sample; the counts agree with the rows."""
    with app.app_context():
        assert counting.differences() == earning_sums.differences() == []
        rows = db.session.execute(text("select id, assurance, reasons, marks from measurements"))
        return {str(row.id): (row.assurance, row.reasons, row.marks) for row in rows}


@pytest.mark.long
def test_samples_since_a_time_are_judged_again(
    app: Flask, client: FlaskClient, clock: FakeClock, office: Office
) -> None:
    made = organisation(app)
    members = team(app, made, "A")
    terms = campaign(app, made, unit_id(app, "19", level="province"))
    phone = register(client)
    add_membership(app, phone, terms, members, BEGIN - timedelta(days=5))
    with app.app_context():
        other = str(hosts.add_host("old", "https://old.example.vn", None, clock.now))
    ids = [
        measure(client, clock, phone, witnessed(client, phone)),
        measure(client, clock, phone, witnessed(client, phone)),
        measure(client, clock, phone, {"ticket": get_ticket(client, phone, host=other)["ticket"]}),
    ]
    with app.app_context():
        earned = db.session.execute(text("select category from earnings")).scalars().all()
    assert sorted(earned) == ["counted_ticketed", "counted_witnessed", "counted_witnessed"]
    clock.now = DECEMBER
    report = office.frozen()
    before = office.show(report, "/files/report.json")
    assert before.json["sections"]["samples"]["mobile"]["counted"] == 3
    with app.app_context():
        digest = db.session.get_one(ReportRow, report).digest
    own = own_host_id(app.config["SECRET_KEY"])
    done = revoke(app, own, "--since", "2024-11-20T19:01")
    assert done.exit_code == 0, done.output
    assert done.output == "samples that are claimed now: 1; verdicts changed: 1\n"
    assert states(app) == {
        ids[0]: ("witnessed", [], []),
        ids[1]: ("claimed", ["unproven"], ["host_revoked"]),
        ids[2]: ("ticketed", [], []),
    }
    with app.app_context():
        earned = db.session.execute(text("select category from earnings")).scalars().all()
        entries = db.session.scalars(
            select(AuditEntry).where(AuditEntry.act.like("hosts.revoke%")).order_by(AuditEntry.id)
        ).all()
        assert db.session.get_one(ReportRow, report).digest == digest
    assert sorted(earned) == ["counted_ticketed", "counted_witnessed", "unproven"]
    assert [(one.act, one.subject) for one in entries] == [
        ("hosts.revoke", str(own)), ("hosts.revoke_samples", str(own)),
    ]  # fmt: skip
    assert entries[0].details == {
        "reason": "A copied key.", "since": "2024-11-20T19:01:00+07:00",
    }  # fmt: skip
    assert entries[1].details == {"samples": 1, "changed": 1}
    assert office.show(report, "/files/report.json").data == before.data
    counted = client.get("/api/v1/coverage?month=2024-11&parent=19").json["summary"]["counted"]
    assert counted == 2
    rejudged = app.test_cli_runner().invoke(args=["measurements", "rejudge", "--month", "2024-11"])
    assert "verdicts changed: 0" in rejudged.output


def test_it_can_be_repeated_with_an_earlier_time(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    phone = register(client)
    first = measure(client, clock, phone, witnessed(client, phone))
    own = own_host_id(app.config["SECRET_KEY"])
    assert revoke(app, own).exit_code == 0
    revoked_at = clock.now
    clock.now += timedelta(hours=1)
    assert revoke(app, own).exit_code == 1
    assert states(app)[first] == ("witnessed", [], [])
    since = ("--since", "2024-11-20")
    assert "now: 1; verdicts changed: 1" in revoke(app, own, *since).output
    assert "now: 0; verdicts changed: 0" in revoke(app, own, *since).output
    assert states(app)[first] == ("claimed", ["unproven"], ["host_revoked"])
    with app.app_context():
        [(host, _)] = hosts.list_hosts()
        assert host.revoked_at == revoked_at


def test_where_claims_count_only_the_part_changes(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    phone = register(client)
    with counting_from(app, "claimed"):
        body = measure(client, clock, phone, witnessed(client, phone))
        done = revoke(app, own_host_id(app.config["SECRET_KEY"]), "--since", "2024-11-20")
        assert done.output == "samples that are claimed now: 1; verdicts changed: 0\n"
        assert states(app) == {body: ("claimed", [], ["host_revoked"])}
    summary = client.get("/api/v1/coverage?month=2024-11&parent=19").json["summary"]
    assert (summary["counted"], summary["by_assurance"]["claimed"]) == (1, 1)


def test_a_claim_that_anchored_a_repeat_frees_the_next_sample(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    phone = register(client)
    with app.app_context():
        other = str(hosts.add_host("old", "https://old.example.vn", None, clock.now))
    anchor = measure(client, clock, phone, witnessed(client, phone))
    ticket = {"ticket": get_ticket(client, phone, host=other)["ticket"]}
    body = sample(clock.now.isoformat(), test=ticket)
    assert post(client, phone, body).json["counted"] is False
    revoke(app, own_host_id(app.config["SECRET_KEY"]), "--since", "2024-11-20")
    found = states(app)
    assert (found[anchor][1], found[body["id"]][1]) == (["unproven"], [])


def test_a_later_time_than_now_is_refused(app: Flask, client: FlaskClient) -> None:
    get_ticket(client, register(client))
    result = revoke(app, own_host_id(app.config["SECRET_KEY"]), "--since", "2024-12-01")
    assert result.exit_code == 1
    with app.app_context():
        [(host, _)] = hosts.list_hosts()
    assert host.revoked_at is None
