"""flask measurements archive, restore: final months leave the table for files."""

import csv
import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from backend.coverage.statistics.refresh import mark_all, refresh
from backend.database.extensions import db
from backend.measurements.archive import service as archive_service
from backend.measurements.recording import counting, earning_sums
from backend.witness.keys import own_host_id
from tests.backend.coverage.contributions.test_needed import target  # noqa: F401 # a fixture
from tests.support.clock import FakeClock
from tests.support.factories import THERE, location, post, register, sample
from tests.support.people import (
    account,
    add_membership,
    audit_entries,
    campaign,
    organisation,
    person,
    sign_in,
    team,
    unit_id,
)
from tests.support.reports import Office

ROOT = Path(__file__).parents[4]
MONTH = "2024-11"
NOVEMBER, FINAL = datetime(2024, 11, 20, 12, tzinfo=UTC), datetime(2026, 3, 1, 5, tzinfo=UTC)
FIRST = datetime(2024, 11, 1, tzinfo=UTC)
ME = "/api/v1/devices/me"
BODY = {"month": MONTH, "reason": "đo trong xưởng"}


class Archive:
    """A month of two volunteers of two teams, another phone and an import, long ago."""

    def __init__(self, app: Flask, client: FlaskClient, clock: FakeClock, folder: Path) -> None:
        self.app, self.client, self.clock, self.folder = app, client, clock, folder
        self.office = Office(app, client, clock)
        self.office.is_demo()
        self.official, self.union = self.office.headers, (union := organisation(app))
        self.organiser = person(app, "organiser", union)
        self.one, self.two = team(app, union), team(app, union, "Đội 2")
        province = unit_id(app, "19", level="province")
        self.campaign = campaign(app, union, province, last_day=datetime(2025, 1, 15).date())
        self.phone, self.second = register(client), register(client)
        self.volunteer = add_membership(app, self.phone, self.campaign, self.one, FIRST)
        add_membership(app, self.second, self.campaign, self.two, FIRST)
        clock.now = NOVEMBER
        self.samples = [
            sample("2024-11-15T09:00:00+07:00", comment="quán cà phê 𝔘"),
            sample("2024-11-15T09:30:00+07:00"),  # a repeat of the first
            sample("2024-11-16T14:00:00+07:00"),
            sample("2024-11-16T09:40:00+07:00", location=location(**THERE)),
            sample("2024-11-17T08:00:00+07:00", location=None),
        ]
        assert post(client, self.phone, *self.samples).status_code < 300
        post(client, self.second, *(sample(f"2024-11-{day}T10:00:00+07:00") for day in (14, 16)))
        self.office.measured(*range(8, 20, 4), day=12)
        clock.now = NOVEMBER
        self.act = self.exclude([self.samples[2]["id"]]).json["id"]
        assert self.correct(measurements=[self.samples[0]["id"]]).json["measurements"] == 1
        clock.now = datetime(2024, 12, 20, tzinfo=UTC)
        post(client, self.phone, sample("2024-12-19T09:00:00+07:00"))  # of another month
        self.compute()
        self.report = self.office.approved()
        clock.now = FINAL
        self.area = unit_id(app, "19", "2025", "province")  # the official's, after the reform
        self.official = person(app, "official", self.area)

    def compute(self) -> None:
        with self.app.app_context():
            refresh(self.clock.now)
        assert self.run("release", "make", MONTH)[0] == 0
        assert self.run("coverage", "copy-counts", "--everything")[0] == 0

    def run(self, *words: str) -> tuple[int, str]:
        done = self.app.test_cli_runner().invoke(args=list(words))
        return done.exit_code, done.output

    def measurements(self, *words: str) -> tuple[int, str]:
        return self.run("measurements", *words)

    def leave(self) -> None:
        self.run("privacy", "expire")
        status, answer = self.measurements("archive", MONTH)
        assert status == 0, answer

    def exclude(self, ids: list[str]) -> Any:
        return self.client.post(
            "/api/v1/units/19/exclusions", json={**BODY, "measurements": ids}, headers=self.official
        )

    def correct(self, **choice: Any) -> Any:
        body = {"team_id": self.two, "reason": "nhầm đội", **choice}
        url = f"/api/v1/campaigns/{self.campaign}/corrections"
        return self.client.post(url, json=body, headers=self.organiser)

    def stored(self) -> list[str]:
        """Every row of the month without its device, as the database spells it."""
        asked = text("""
            select (to_jsonb(m) - 'device_id')::text from measurements m
            where to_char(day, 'YYYY-MM') = :month order by 1
        """)
        with self.app.app_context():
            return list(db.session.execute(asked, {"month": MONTH}).scalars())

    def figures(self) -> dict[str, Any]:
        """The answers with figures of the month, for everybody, the official and the organiser."""
        place, campaign = f"month={MONTH}", f"/api/v1/campaigns/{self.campaign}/contributions"
        urls = [f"/api/v1/coverage?{place}&level={one}" for one in ("province", "commune")]
        for unit in ("19", "05437"):
            urls += [
                f"/api/v1/units/{unit}/{part}?{place}" for part in ("statistics", "hours", "cells")
            ] + [f"/api/v1/units/{unit}/history?months=24"]
        urls += [f"{campaign}?by={by}" for by in ("team", "member", "unit", "day", "organisation")]
        urls += [f"{campaign}?by={by}&{place}" for by in ("team", "member", "unit", "day")]
        urls += [f"{campaign}?by=day&from=2024-11-15&to=2024-11-16"]
        urls += [f"/api/v1/campaigns/{self.campaign}/corrections"]
        urls += [f"/api/v1/reports/{self.report}", f"/api/v1/units/19/signals?{place}"]
        who = {"public": {}, "official": self.official, "organiser": self.organiser}
        found = {}
        for name, headers in who.items():
            for url in urls:
                answer = self.client.get(url, headers=headers)
                figures = without_pairs(answer) if answer.status_code == 200 else None
                found[f"{name} {url}"] = figures
        return found


def without_pairs(answer: TestResponse) -> Any:
    """Return an answer without the numbers of pairs with i-Speed, which go with their samples."""
    return json.loads(
        answer.data,
        object_hook=lambda one: {key: one[key] for key in one if key != "with_ispeed"},
    )


@pytest.fixture
def month(
    app: Flask,
    client: FlaskClient,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    target: int,  # noqa: F811
) -> Archive:
    monkeypatch.setattr(archive_service, "FOLDER", tmp_path / "archive")
    monkeypatch.setitem(app.config, "MINIMUM_N", 2)
    return Archive(app, client, clock, tmp_path / "archive")


def test_every_figure_stays_when_a_month_leaves_and_comes_back(month: Archive) -> None:
    month.run("privacy", "expire")
    before, rows = month.figures(), month.stored()
    assert sum(one is not None for one in before.values()) > 30 and len(rows) == 10
    month.leave()
    assert month.stored() == []
    month.compute()
    after = month.figures()
    # Officials read the hours that everybody reads, those of the release.
    assert {url for url in before if before[url] != after[url]} == {
        f"official /api/v1/units/{unit}/hours?month={MONTH}" for unit in ("19", "05437")
    }
    assert month.measurements("recount") == (0, "differences: 0\n")
    facts = dict(audit_entries(month.app, MONTH))["measurements.archive"]
    assert facts["rows"] == 10

    done = month.measurements("restore", MONTH)[1]
    assert done.endswith("restored: 10\n")
    assert month.stored() == rows
    with month.app.app_context():
        assert db.session.scalar(text("select count(device_id) from measurements")) == 1
        db.session.execute(text("delete from archived_months"))
        assert counting.differences() == []
        db.session.rollback()
    month.run("coverage", "refresh", "--all")
    assert month.figures() == after
    month.leave()
    assert month.stored() == []


def test_what_names_an_archived_month_is_refused(month: Archive, tmp_path: Path) -> None:
    month.leave()
    client, organiser = month.client, month.organiser
    contributions = f"/api/v1/campaigns/{month.campaign}/contributions"
    days = {"first_day": "2024-11-01", "last_day": "2024-11-30"}
    refused = [
        month.exclude([month.samples[0]["id"]]),
        client.post(
            f"/api/v1/units/19/exclusions/{month.act}/lift",
            json={"reason": "x"},
            headers=month.official,
        ),
        month.correct(filter=days),
        client.get(f"/api/v1/units/19/measurements?month={MONTH}", headers=month.official),
        *(
            client.get(f"{contributions}?by={by}&from=2024-11-15", headers=organiser)
            for by in ("member", "unit")
        ),
    ]
    assert [(one.status_code, one.json["code"]) for one in refused] == [
        (409, "month_archived")
    ] * len(refused)
    assert "đã lưu trữ" in refused[0].text
    host = str(own_host_id(month.app.config["SECRET_KEY"]))
    for words in (
        ["measurements", "rejudge", "--month", MONTH],
        ["measurements", "reassign", "--from", "2024-11-01", "--to", "2024-11-30"],
        ["hosts", "revoke", host, "--reason", "x", "--since", "2024-11-05"],
    ):
        status, answer = month.run(*words)
        assert status == 1 and "archived" in answer, answer
    assert month.measurements("reassign")[0] == 0

    pages = [
        ("official", month.area, f"/desk/area/19/exclude?month={MONTH}", {}),
        ("official", month.area, f"/desk/area/19/exclusions/{month.act}?month={MONTH}", {}),
        ("official", month.area, f"/desk/area/19/samples?month={MONTH}", {}),
        ("organiser", month.union, f"/campaigns/{month.campaign}/corrections", {"undo": "1"}),
    ]
    for role, scope, url, form in pages:
        account(month.app, f"{url}@example.vn", role, scope)
        browser = month.app.test_client()
        token = sign_in(browser, f"{url}@example.vn")["X-CSRF-Token"]
        data = form and {"csrf_token": token, "reason": "x", **form}
        page = browser.post(url, data=data) if form else browser.get(url)
        assert page.status_code == (200 if form else 409) and "đã lưu trữ" in page.text

    rows = tmp_path / "rows.ndjson"
    late = [month.samples[0], sample("2024-11-18T09:00:00+07:00"), sample()]
    late[2]["measured_at"] = "2024-10-18T09:00:00+07:00"
    rows.write_text("\n".join(map(json.dumps, late)))
    answer = month.measurements("import", str(rows), "--format", "ndjson")[1]
    assert "accepted: 1, duplicate: 0, conflict: 0, rejected: 2" in answer
    again = post(client, month.phone, month.samples[0])
    assert (again.status_code, again.json["errors"][0]["code"]) == (422, "too_old")
    assert month.stored() == []


def test_a_person_reads_the_numbers_and_takes_them_along(month: Archive) -> None:
    month.leave()
    exported = month.client.get(f"{ME}/export", headers=month.phone).json
    assert [
        tuple(one[name] for name in ("unit_code", "network", "received", "valid", "counted"))
        for one in exported["archived_months"]
    ] == [(None, "mobile", 1, 0, 0), ("05437", "mobile", 3, 2, 1), ("05461", "mobile", 1, 1, 1)]
    assert len(exported["measurements"]) == len(exported["receipts"]) == 1
    assert len(exported["helped_communes"]) == 2
    listed = month.client.get("/api/v1/measurements", headers=month.phone).json["items"]
    assert [one["month"] for one in listed] == ["2024-12"]
    effects = month.client.get(f"{ME}/withdrawal", headers=month.phone).json
    assert effects["older"] == 6
    counts = "select * from unit_months where month = '2024-11' order by unit_id"
    with month.app.app_context():
        before = db.session.execute(text(counts)).all()
    by_team = f"organiser /api/v1/campaigns/{month.campaign}/contributions?by=team&month={MONTH}"
    teams = month.figures()[by_team]
    done = month.client.delete(ME, headers=month.phone).json
    assert done["kept"] == {"anonymous_measurements": 6}
    with month.app.app_context():
        assert db.session.execute(text(counts)).all() == before
        left = "select count(*) from archived_months_of_devices"
        assert db.session.scalar(text(left)) == 2  # of the two other phones
        person = "select count(*) from member_months where volunteer_id = :volunteer"
        assert db.session.scalar(text(person), {"volunteer": month.volunteer}) == 0
        assert earning_sums.differences() == []
    after = month.figures()
    for one in teams["items"] + after[by_team]["items"]:
        one.pop("devices")
    assert after[by_team]["items"] == teams["items"]
    url = f"organiser /api/v1/campaigns/{month.campaign}/contributions?by=member&month={MONTH}"
    nobodys = [one for one in after[url]["items"] if one["id"] is None]
    assert [(one["received"], one["counted"], one["helped"]) for one in nobodys] == [
        (4, 1, 0), (1, 1, 1),  # the corrected one
    ]  # fmt: skip


def test_it_goes_on_where_it_stopped_whoever_withdrew_meanwhile(
    month: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    month.run("privacy", "expire")
    monkeypatch.setattr(archive_service, "DELETE_DAY", text("select 1 / 0"))
    assert month.measurements("archive", MONTH)[0] != 0
    monkeypatch.undo()
    monkeypatch.setattr(archive_service, "FOLDER", month.folder)
    assert len(month.stored()) == 10
    assert month.client.delete(ME, headers=month.phone).status_code == 200
    assert len(month.stored()) == 10  # five without a person
    month.leave()
    assert month.stored() == []
    assert "restored: 10" in month.measurements("restore", MONTH)[1]
    assert month.measurements("recount")[0] == 0


def test_a_file_has_no_device_and_is_read_by_its_owner(month: Archive) -> None:
    month.leave()
    path = month.folder / f"{MONTH}.parquet"
    paths = (month.folder, path, path.with_suffix(".json"))
    assert [one.stat().st_mode & 0o777 for one in paths] == [0o700, 0o600, 0o600]
    asked = f"select fate, count(*), min(unit_code) from '{path}' group by 1 order by 1"
    assert duckdb.sql(asked).fetchall() == [
        ("counted", 7, "05437"), ("excluded", 1, "05437"), ("position_missing", 1, None),
        ("repeat", 1, "05437"),
    ]  # fmt: skip
    assert "device_id" not in pq.read_schema(path).names
    with month.app.app_context():
        devices = db.session.execute(text("select id::text from devices")).scalars().all()
    content = str(pq.read_table(path).to_pylist())
    assert not any(device in content for device in devices)


@pytest.mark.long
def test_the_documented_statement_compares_a_file_with_the_counts(
    month: Archive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    month.leave()
    page = (ROOT / "docs/batch.md").read_text("utf-8")
    [counts] = re.findall(r"copy \((select .+ from unit_months .+?)\) to", page)
    [statement] = re.findall(r"```sql\n(with archived .+?)```", page, re.DOTALL)
    statement = statement.replace("var/archive", str(month.folder))
    monkeypatch.chdir(tmp_path)
    with month.app.app_context():
        rows = db.session.execute(text(counts)).mappings().all()
    for lie in (0, 1):
        with Path("unit_months.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, [*rows[0]])
            writer.writeheader()
            writer.writerows({**row, "counted": row["counted"] + lie} for row in rows)
        found = duckdb.sql(statement).fetchall()
        groups = sum(row["month"] == MONTH for row in rows)
        sides = Counter(side for side, *_ in found)
        assert sides == Counter(file=lie * groups, database=lie * groups)
    assert groups == 3


def test_it_refuses_a_month_that_can_change_and_a_damaged_file(month: Archive) -> None:
    month.clock.now = datetime(2025, 11, 29, tzinfo=UTC)  # its last day is kept for a year
    assert "not final" in month.measurements("archive", MONTH)[1]
    month.clock.now = FINAL
    assert "not final" in month.measurements("archive", MONTH)[1]  # positions
    assert "no archive" in month.measurements("restore", MONTH)[1]
    month.run("privacy", "expire")
    with month.app.app_context():
        mark_all(MONTH)
    assert "not final" in month.measurements("archive", MONTH)[1]  # statistics
    month.compute()
    assert len(month.stored()) == 10
    month.leave()
    path = month.folder / f"{MONTH}.parquet"
    path.write_bytes(path.read_bytes()[:-9] + b"123456789")
    for command in ("restore", "archive"):
        status, answer = month.measurements(command, MONTH)
        assert status == 1 and "damaged" in answer
    assert list(month.folder.glob(".*")) == []
