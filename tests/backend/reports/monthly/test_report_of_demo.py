"""The report of a demo month with the real parts: what an official does, from draft to seal."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.coverage.statistics.release_rules import significant
from backend.demo import service
from backend.demo.plan import MonthPlan
from backend.demo.teams import TeamCampaign
from backend.demo.users import make_report, make_users
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.reports import MONTH, URL, Office

NOW = datetime(2024, 12, 10, 3, 0, tzinfo=UTC)
PLAN = MonthPlan(MONTH, "48", "mobile", 600, 3, NOW, threshold=40)
CAST = TeamCampaign(
    "Thành Đoàn Đà Nẵng (mẫu)", "youth_union", "Chi đoàn", "youth", "Thanh niên đo mạng (mẫu)",
    (MONTH,), ("mobile",), teams=4, volunteers=20, province="48",
)  # fmt: skip


@pytest.fixture
def office(app: Flask, client: FlaskClient, clock: FakeClock) -> Office:
    made = Office(app, client, clock, province="48")
    clock.now = NOW
    with app.app_context():
        service.load_plans([PLAN], [CAST], NOW, lambda done, of: None, seed=1)
    return made


@pytest.mark.long
def test_draft_freeze_late_samples_approve_compare_verify(office: Office, tmp_path: Path) -> None:
    report = office.frozen()
    before = office.show(report, "/figures").json
    check_figures(office, before)
    for place in range(10):
        here = {"latitude": 16.0678 + place * 0.002, "longitude": 108.2208, "accuracy_m": 10.0}
        days = [(day, hour) for day in range(1, 18) for hour in (6, 11, 16)][:50]
        office.late(days, location=here)
    assert office.act(report, "approve", json={}).status_code == 200
    frozen, present = office.changes(report)["networks"]["mobile"]["received"]
    assert present - frozen == 500
    assert office.show(report, "/figures").json == before
    run, file = office.app.test_cli_runner().invoke, tmp_path / "report"
    for one in office.show(report).json["files"]:
        if one["name"] == "report.docx":  # the office completes and signs it
            continue
        content = bytearray(office.show(report, f"/files/{one['name']}", headers={}).data)
        file.write_bytes(content)
        assert "key 1, valid" in run(args=["reports", "verify", str(file)]).output
        content[-20] ^= 1
        file.write_bytes(content)
        assert run(args=["reports", "verify", str(file)]).exit_code == 1


def check_figures(office: Office, figures: dict[str, Any]) -> None:
    """Every figure is that of the API's own pages."""
    sections = figures["sections"]
    query = f"month={MONTH}&parent=48&network=mobile"
    coverage = office.client.get(f"/api/v1/coverage?{query}").json
    summary = coverage["summary"]
    for name in ("received", "valid", "counted", "reasons", "unlocated"):
        assert sections["samples"]["mobile"][name] == summary[name]
    communes = sections["reached"]["mobile"][-1]
    assert (communes["reached"], communes["units"]) == (summary["reached"], summary["units"])
    assert communes["best_share"] == summary["distribution"]["best_share"]
    numbers = [(one["code"], one["counted"], one["shortfall"]) for one in coverage["items"]]
    assert numbers == [
        (one["code"], one["counted"], one["shortfall"]) for one in sections["communes"]["mobile"]
    ]
    url = f"/api/v1/units/48/statistics?month={MONTH}&network=mobile"
    found = office.client.get(url, headers=office.headers).json
    totals = found["items"][0]
    assert sections["quality"]["mobile"][0]["n"] == totals["n"] == 600
    spread = sections["quality"]["mobile"][0]["download_mbps"]  # as a release rounds
    assert spread == significant(totals["download_mbps"])
    assert check_teams(office, sections["teams"])
    assert figures["demo"] is True and sections["notes"][0]["code"] == "note_demo"
    assert figures["proposed"].keys() == {"direction", "results", "shortcomings", "tasks"}


def check_teams(office: Office, rows: list[dict[str, Any]]) -> bool:
    """The campaign lies in the province alone: its own page tells the same of each team."""
    campaign = office.client.get("/api/v1/campaigns").json["items"][0]["id"]
    admin = people.person(office.app, "admin")
    url = f"/api/v1/campaigns/{campaign}/contributions?by=team&month={MONTH}"
    answer = office.client.get(url, headers=admin).json["items"]
    assert {(one["name"], one["counted"], one["needed"]) for one in answer if one["received"]} == {
        (one["team"], one["counted"], one["needed"]) for one in rows if one["network"] == "mobile"
    }
    return bool(rows)


@pytest.mark.long
def test_a_demo_that_goes_takes_its_reports_with_it(office: Office) -> None:
    report = office.approved()
    other = office.begin(unit="490").json["id"]
    with office.app.app_context():
        service.remove(lambda done, of: None)
    assert office.show(report).status_code == 404
    assert office.client.get(URL).json["items"] == []
    assert office.show(other).json["demo"] is False


@pytest.mark.long
def test_the_demo_s_official_sealed_the_report_of_the_letter_s_month(office: Office) -> None:
    """After the reform, as always today: the role over the province from before has ended."""
    office.clock.now = datetime(2026, 11, 25, tzinfo=UTC)
    with office.app.app_context():
        make_users(office.clock.now)
        make_report(office.clock.now, office.app.config["VAR_DIR"])
    [report] = office.client.get(URL).json["items"]
    assert (report["unit"]["code"], report["month"]) == ("19", MONTH)
    assert (report["state"], report["demo"]) == ("approved", True)
    assert office.client.get(f"{URL}/by-digest/{report['digest']}").json["valid"] is True
