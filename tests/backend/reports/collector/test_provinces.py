"""The table of provinces: sums of what agrees, verified at each reading; page, files and API."""

import io
import json
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import Engine, text

from backend.database.extensions import db
from backend.reports.collector import collecting, service
from backend.reports.collector.collecting import take
from backend.units.service import units_on
from tests.support import people, sign_in
from tests.support.clock import FakeClock
from tests.support.report_sources import NOVEMBER, Office, report_of
from tests.support.reports import DECEMBER
from tests.support.reports import Office as OwnOffice

URL = "/api/v1/reports/provinces"
ADMIN = "quan.tri@example.vn"


class Ministry:
    """The collector on 5 December 2024, with an admin."""

    def __init__(self, app: Flask, client: FlaskClient, clock: FakeClock) -> None:
        self.app, self.client, self.clock = app, client, clock
        clock.now = DECEMBER
        self.headers = people.person(app, "admin")

    def receives(self, office: Office, code: str, report: Any = None, **seal: Any) -> None:
        """Register a source and take its report."""
        unit = {"system": "2024", "level": "province", "code": code, "name": "Tỉnh"}
        content = office.approve(report or report_of(code), **{"unit": unit, **seal})
        with self.app.app_context():
            service.add_source(code, None, [office.public_key], self.clock.now)
            take(content, json.dumps({"seal": office.reports[-1][1]}).encode(), self.clock.now)

    def table(self, network: str = "mobile") -> Any:
        query = {"month": NOVEMBER, "network": network}
        answer = self.client.get(URL, query_string=query, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json

    def row(self, code: str, network: str = "mobile") -> Any:
        (row,) = (one for one in self.table(network)["items"] if one["code"] == code)
        return row

    def page(self, path: str = "", **query: str) -> Any:
        people.account(self.app, ADMIN, "admin", totp_secret=sign_in.SECRET)
        people.sign_in(self.client, ADMIN, totp=sign_in.code(self.clock))
        return self.client.get(f"/desk/provinces{path}", query_string={"lang": "vi", **query})


@pytest.fixture
def ministry(app: Flask, client: FlaskClient, clock: FakeClock) -> Ministry:
    return Ministry(app, client, clock)


@pytest.fixture
def office() -> Iterator[Office]:
    yield Office()


def test_sums_are_of_verified_reports_by_counted_samples(
    ministry: Ministry, office: Office
) -> None:
    ministry.receives(office, "19", report_of("19", counted=(350, 299, 300)))
    ministry.receives(office, "01", report_of("01", counted=(10, 1000)))
    table = ministry.table()
    assert (table["counted"], table["communes"], table["reached"]) == (1959, 5, 3)
    assert (table["received"], table["verified"], table["summed"]) == (2, 2, 2)
    assert table["provinces"] == len(table["items"]) == 63
    assert table["share"] == 0.6 and table["deadline"] == "2024-12-15"
    assert table["basis"] == {
        "target": 300, "counts_from": "witnessed", "rules": 3, "boundaries": "built-in",
        "demo": False,
    }  # fmt: skip
    row = ministry.row("19")
    assert row["verified"] and row["summed"] and not row["late"] and row["received_by"] == "file"
    assert (row["counted"], row["reached"], row["communes"]) == (949, 2, 3)
    assert ministry.table("fixed")["counted"] == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"counts_from": "claimed"}, "counts_from"),
        ({"counts_from": None}, "counts_from"),
        ({"rules": 2}, "rules"),
        ({"boundaries": None}, "boundaries"),
        ({"demo": True}, "demo"),
    ],
)
def test_a_row_that_differs_is_marked_and_left_out(
    ministry: Ministry, office: Office, changes: dict[str, Any], field: str
) -> None:
    for code in ("01", "02"):
        ministry.receives(office, code, report_of(code, counted=(300,)))
    report = report_of("19", counted=(900,), **changes)
    ministry.receives(office, "19", report, demo=report["demo"])
    table = ministry.table()
    assert (table["counted"], table["reached"], table["summed"]) == (600, 2, 2)
    row = ministry.row("19")
    assert (row["differs"], row["summed"], row["verified"]) == ([field], False, True)
    assert row["counted"] == 900


def test_a_row_with_another_target_is_left_out(ministry: Ministry, office: Office) -> None:
    for code in ("01", "02"):
        ministry.receives(office, code)
    report = report_of("19")
    report["sections"]["reached"]["mobile"][0]["threshold"] = 200
    ministry.receives(office, "19", report)
    assert ministry.row("19")["differs"] == ["target"]


def test_a_revoked_key_takes_a_report_out_of_the_sum(ministry: Ministry, office: Office) -> None:
    other = Office()
    ministry.receives(office, "19")
    ministry.receives(other, "01")
    with ministry.app.app_context():
        service.revoke_key("19", office.public_key, "bị lộ", ministry.clock.now)
    row = ministry.row("19")
    assert (row["verified"], row["problem"]) == (False, "source_key_revoked")
    assert row["counted"] is None and ministry.table()["summed"] == 1


def test_a_byte_changed_in_the_database_shows(
    ministry: Ministry, office: Office, owner: Engine
) -> None:
    ministry.receives(office, "19")
    with owner.begin() as connection:
        connection.execute(
            text(
                "update collected_reports set content = convert_to("
                "replace(convert_from(content, 'UTF8'), '350', '950'), 'UTF8')"
            )
        )
    assert ministry.row("19")["problem"] == "source_altered"
    assert ministry.table()["counted"] == 0


def test_the_latest_edition_stands_and_lateness_is_that_of_the_first(
    ministry: Ministry, office: Office
) -> None:
    ministry.receives(office, "19")
    ministry.clock.now = DECEMBER.replace(day=18)
    ministry.receives(office, "19", report_of("19", edition=2, counted=(1, 400)))
    ministry.receives(office, "01", report_of("01"))
    row = ministry.row("19")
    assert (row["edition"], row["counted"], row["late"]) == (2, 401, False)
    assert ministry.row("01")["late"] and ministry.row("02")["late"]


def test_a_clock_ahead_makes_no_report_early(ministry: Ministry, office: Office) -> None:
    ministry.clock.now = DECEMBER.replace(day=16)
    ahead = (DECEMBER - timedelta(days=9)).isoformat()
    ministry.receives(office, "19", approved_at=ahead)
    assert ministry.row("19")["late"]
    assert ministry.row("19")["approved_at"].startswith("2024-11-26")


def test_a_province_of_this_server_stands_there_by_its_sealed_report(
    ministry: Ministry, app: Flask, client: FlaskClient
) -> None:
    own = OwnOffice(app, client, ministry.clock)
    own.is_demo()
    own.measured(9, 14)
    frozen = own.frozen()
    assert ministry.row("19")["received_by"] is None  # not approved: no figures
    own.act(frozen, "approve", json={})
    row = ministry.row("19")
    assert (row["counted"], row["received_by"], row["report_id"]) == (2, "own_server", frozen)
    own.late([(16, 9), (16, 14)])
    assert ministry.row("19")["counted"] == 2  # by its seal, not live
    assert ministry.table()["basis"]["demo"] is True


def test_a_source_stands_before_a_report_of_this_server(
    ministry: Ministry, app: Flask, client: FlaskClient, office: Office
) -> None:
    own = OwnOffice(app, client, ministry.clock)
    own.is_demo()
    own.measured(9, 14)
    own.approved()
    ministry.receives(office, "19")
    assert ministry.row("19")["counted"] == 649


def test_the_bytes_and_the_seal_are_sent_as_a_program_verifies_them(
    ministry: Ministry, office: Office
) -> None:
    ministry.receives(office, "19")
    query = {"month": NOVEMBER}
    got = [
        ministry.client.get(f"{URL}/19/{name}", query_string=query, headers=ministry.headers)
        for name in ("report.json", "seal.json")
    ]
    assert got[0].data == office.reports[0][0]
    assert got[1].json["seal"].items() >= office.reports[0][1].items()
    for address in (f"{URL}/01/report.json", f"{URL}/99/report.json"):
        assert ministry.client.get(address, query_string=query, headers=ministry.headers
                                   ).status_code == 404  # fmt: skip


def test_the_page_and_its_files(ministry: Ministry, office: Office) -> None:
    ministry.receives(office, "19", report_of("19", counted=(350, 299)))
    ministry.receives(Office(), "01", report_of("01", counted=(900,), rules=2))
    page = ministry.page()
    assert page.status_code == 200
    for words in ("63 tỉnh", "đã kiểm tra niêm phong", "1/2 (50,00%)", "649", "không cộng",
                  "quy tắc"):  # fmt: skip
        assert words in page.text, words
    query = {"lang": "vi", "month": NOVEMBER}
    csv = ministry.client.get("/desk/provinces.csv", query_string=query)
    assert csv.text.startswith("\ufeffMã,") and len(csv.text.splitlines()) == 64
    book = ministry.client.get("/desk/provinces.xlsx", query_string=query)
    rows = list(load_workbook(io.BytesIO(book.data)).active.values)
    assert len(rows) == 64 and ("19", 649) in {(row[0], row[2]) for row in rows}
    report = ministry.client.get("/desk/provinces/19", query_string=query)
    assert report.status_code == 200
    for words in ("Trần Thị Bình", "Xã 1", "350", "đã kiểm tra niêm phong"):
        assert words in report.text, words
    missing = ministry.client.get("/desk/provinces/02", query_string=query)
    assert missing.status_code == 404


def test_a_source_that_is_away_is_told_beside_what_it_gave_before(
    ministry: Ministry, office: Office
) -> None:
    ministry.receives(office, "19")
    ministry.receives(Office(), "01")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dead = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with ministry.app.app_context():
        for code in ("19", "02"):
            service.add_source(code, dead, [office.public_key], ministry.clock.now)
        collecting.collect(ministry.clock.now)
    assert ministry.row("19")["problem"] == ministry.row("02")["problem"] == "source_refused"
    assert ministry.row("19")["summed"] and ministry.row("01")["problem"] is None
    page = ministry.page().text
    assert "2 tỉnh có vướng mắc" in page and page.count("Máy chủ từ chối kết nối.") == 2
    reports = ministry.client.get("/desk/reports?lang=vi").text
    assert 'id="due"' not in reports and "/desk/provinces" in reports


def test_a_month_to_come_is_refused(ministry: Ministry) -> None:
    query = {"month": "2025-01"}
    answer = ministry.client.get(URL, query_string=query, headers=ministry.headers)
    assert answer.status_code == 422


@pytest.mark.slow
def test_34_generated_reports_are_shown_within_the_time(ministry: Ministry, app: Flask) -> None:
    """168 communes each, and as large as a report with its other sections; all are verified."""
    with app.app_context():
        codes = [one.code for one in units_on(DECEMBER.date().replace(day=1), "province")][:34]
        db.session.rollback()
    for n, code in enumerate(codes):
        report = report_of(code, counted=tuple(range(n, n + 168)))
        report["sections"]["notes"] = [{"code": "x", "words": "y" * 500}] * 250
        ministry.receives(Office(), code, report)
    assert ministry.page().status_code == 200
    times = []
    for _ in range(5):
        began = time.process_time()
        page = ministry.client.get("/desk/provinces", query_string={"lang": "vi"})
        times.append(time.process_time() - began)
        assert page.text.count("✓ đã kiểm tra niêm phong") == 34
    assert min(times) < 0.3, times
