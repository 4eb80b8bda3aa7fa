"""`flask reports sources`: what is collected, what is refused with which reason, what is told."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import undefer

from backend.database.extensions import db
from backend.i18n.messages import message
from backend.outbox.models import Event
from backend.reports.collector import collecting
from backend.reports.collector.models import CollectedReport
from backend.reports.content.figures import canonical_json, digest
from tests.support.clock import FakeClock
from tests.support.report_sources import NOVEMBER, Office, report_of, seal_of, serving
from tests.support.reports import DECEMBER

HANOI, THAI_NGUYEN = "01", "19"


@pytest.fixture
def today(clock: FakeClock) -> FakeClock:
    clock.now = DECEMBER
    return clock


@pytest.fixture
def office() -> Iterator[Office]:
    with serving(Office()) as running:
        yield running


@pytest.fixture
def other() -> Iterator[Office]:
    """A source of another province, about which nothing is wrong."""
    with serving(Office()) as running:
        running.approve(report_of(HANOI))
        yield running


Run = Callable[..., str]


@pytest.fixture
def run(app: Flask, today: FakeClock) -> Run:
    """Run `flask reports sources …`; return what it prints, also where it fails."""

    def invoke(*arguments: str) -> str:
        done = app.test_cli_runner().invoke(args=["reports", "sources", *arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return str(done.output)

    return invoke


def outcome(run: Run, code: str = THAI_NGUYEN, month: str = NOVEMBER) -> str:
    """Collect; return what became of a month of a source."""
    found = [one for one in run("collect").splitlines() if one.startswith(f"{code} {month}: ")]
    return found[0].partition(": ")[2] if found else ""


def stored(app: Flask) -> dict[tuple[str, int], bytes]:
    """Return the bytes of what was collected by month and edition."""
    with app.app_context():
        query = select(CollectedReport).options(undefer(CollectedReport.content))
        return {(one.month, one.edition): one.content for one in db.session.scalars(query)}


def refused(code: str) -> str:
    return message(code, "en")


def test_a_sealed_report_is_stored_byte_for_byte_and_read_once(
    app: Flask, run: Run, office: Office
) -> None:
    content = office.approve()
    assert "registered" in run("add", THAI_NGUYEN, office.url, office.public_key)
    assert outcome(run) == "received"
    assert outcome(run, month="2024-10") == "no approved report yet"
    assert stored(app) == {(NOVEMBER, 1): content}
    office.asked.clear()
    assert outcome(run) == "unchanged"
    assert [path.partition("&")[0].rpartition("=")[2] for path in office.asked] == [
        *("2024-11", "2024-10", "2024-09"),
    ]
    assert office.url in run("list") and office.public_key in run("list")


def of_another_key(office: Office) -> None:
    office.key = Ed25519PrivateKey.generate()
    office.approve()


def altered(change: Callable[[dict[str, Any]], None]) -> Callable[[Office], None]:
    def alter(office: Office) -> None:
        report = json.loads(office.approve())
        change(report)
        office.reports[0] = canonical_json(report), office.reports[0][1]

    return alter


def add_a_sample(report: dict[str, Any]) -> None:
    report["sections"]["communes"]["mobile"][0]["counted"] += 1


def rewrite(report: dict[str, Any]) -> None:
    report["remarks"]["results"] = "Tốt."


def of_october(office: Office) -> None:
    """The report of October under the address of November's."""
    content = canonical_json(report_of(month="2024-10"))
    seal = seal_of(content, office.key)
    office.reports = [(content, seal)]
    listed = {"unit": {"level": "province", "code": "19"}, "month": NOVEMBER, "edition": 1}
    page = json.dumps({"items": [{"id": 0, "digest": "", "seal": seal, **listed}]}).encode()
    office.answer = lambda path: None if "files" in path else (200, page)


def of_hanoi(office: Office) -> None:
    unit = {"system": "2024", "level": "province", "code": HANOI, "name": "Hà Nội"}
    content = canonical_json(report_of(HANOI))
    seal = seal_of(content, office.key, unit=unit)
    listed = {"unit": {"level": "province", "code": "19"}, "month": NOVEMBER, "edition": 1}
    page = json.dumps({"items": [{"id": 0, "digest": "", "seal": seal, **listed}]}).encode()
    office.reports = [(content, seal)]
    office.answer = lambda path: None if "files" in path else (200, page)


def answers(status: int, content: bytes, path: str = "") -> Callable[[Office], None]:
    def change(office: Office) -> None:
        office.approve()
        office.answer = lambda asked: (status, content) if path in asked else None

    return change


def drips(office: Office) -> None:
    office.approve()
    office.drips = True


LIES: dict[str, tuple[Callable[[Office], None], str]] = {
    "wrong key": (of_another_key, "source_key_unknown"),
    "altered count": (altered(add_a_sample), "source_altered"),
    "altered text": (altered(rewrite), "source_altered"),
    "other month": (of_october, "source_other_month"),
    "other province": (of_hanoi, "source_other_unit"),
    "6 MB": (answers(200, b" " * 6_000_000, "files"), "source_too_large"),
    "a list of 6 MB": (answers(200, b" " * 6_000_000), "source_too_large"),
    "HTML": (answers(200, b"<!doctype html><title>Sign in</title>"), "source_not_report"),
    "HTML for the file": (answers(200, b"<!doctype html>", "files"), "source_altered"),
    "redirect": (answers(302, b""), "source_redirects"),
    "error": (answers(500, b"{}"), "source_http_error"),
    "a list of numbers": (answers(200, b'{"items": [1, null]}'), "source_not_report"),
    "one byte a second": (drips, "source_timeout"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_source_is_refused_and_told_and_stops_no_other(
    app: Flask, run: Run, office: Office, other: Office, monkeypatch: pytest.MonkeyPatch, lie: str
) -> None:
    monkeypatch.setattr(collecting, "TIMEOUT_S", 1.0)
    change, code = LIES[lie]
    run("add", THAI_NGUYEN, office.url, office.public_key)
    run("add", HANOI, other.url, other.public_key)
    change(office)
    printed = run("collect")
    assert f"{THAI_NGUYEN} {NOVEMBER}: {refused(code)}" in printed
    assert f"{HANOI} {NOVEMBER}: received" in printed
    assert list(stored(app)) == [(NOVEMBER, 1)]
    assert refused(code) in run("list")
    doctor = app.test_cli_runner().invoke(args=["doctor"]).output
    assert "The source of reports of" in doctor and refused(code) in doctor
    with app.app_context():
        events = db.session.scalars(select(Event).filter_by(kind="source.failed")).all()
        assert [one.data for one in events] == [{"problem": code}]
    run("collect")  # the same again is no further event
    with app.app_context():
        assert len(db.session.scalars(select(Event).filter_by(kind="source.failed")).all()) == 1


def test_a_dead_source_is_refused_and_back_without_a_trace(
    app: Flask, run: Run, other: Office
) -> None:
    with serving(Office()) as office:
        office.approve()
        run("add", THAI_NGUYEN, office.url, office.public_key)
        run("add", HANOI, other.url, other.public_key)
    assert outcome(run) == refused("source_refused")
    with app.app_context():
        assert len(stored(app)) == 1  # the other's
    with serving(Office(office.key)) as back:
        back.approve()
        run("add", THAI_NGUYEN, back.url, back.public_key)
        assert outcome(run) == "received"
    assert "since" not in run("list")


def test_a_revoked_key_seals_nothing_more_and_another_key_does(run: Run, office: Office) -> None:
    former, office.key = office.key, Ed25519PrivateKey.generate()
    newer, office.key = office.key, former
    office.approve()
    run("add", THAI_NGUYEN, office.url, office.public_key)
    assert "revoked" in run("revoke-key", THAI_NGUYEN, office.public_key, "--reason", "bị lộ")
    assert outcome(run) == refused("source_key_revoked")
    assert refused("seal_key_revoked") in run("add", THAI_NGUYEN, office.url, office.public_key)
    office.key = newer
    office.approve(report_of(edition=2))
    run("add", THAI_NGUYEN, office.url, office.public_key)
    assert outcome(run) == "received"


def test_editions_are_never_replaced(app: Flask, run: Run, office: Office) -> None:
    second = office.approve(report_of(edition=2))
    run("add", THAI_NGUYEN, office.url, office.public_key)
    assert outcome(run) == "received"
    office.reports.clear()
    first = office.approve()
    assert outcome(run) == refused("source_earlier")
    office.reports.clear()
    office.approve(report_of(edition=2, counted=(1, 2)))
    assert outcome(run) == refused("source_changed")
    assert stored(app) == {(NOVEMBER, 2): second} and first != second
    office.reports.clear()
    third = office.approve(report_of(edition=3, counted=(400, 500)))
    assert outcome(run) == "received"
    assert stored(app) == {(NOVEMBER, 2): second, (NOVEMBER, 3): third}


def test_a_report_that_its_server_withdraws_is_kept_and_told(
    app: Flask, run: Run, office: Office
) -> None:
    content = office.approve()
    run("add", THAI_NGUYEN, office.url, office.public_key)
    run("collect")
    office.reports.clear()
    assert outcome(run) == refused("source_missing")
    assert stored(app) == {(NOVEMBER, 1): content}


def test_a_clock_a_day_ahead_is_kept_beside_the_own_time(
    app: Flask, run: Run, office: Office, today: FakeClock
) -> None:
    ahead = today.now + timedelta(days=1)
    office.approve(approved_at=ahead.isoformat())
    run("add", THAI_NGUYEN, office.url, office.public_key)
    assert outcome(run) == "received"
    with app.app_context():
        row = db.session.scalars(select(CollectedReport)).one()
        assert (row.approved_at, row.received_at) == (ahead, today.now)


MALFORMED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a list": lambda report: [],
    "no sections": lambda report: report.pop("sections"),
    "no network": lambda report: report["sections"]["communes"].pop("fixed"),
    "a text as count": lambda report: report["sections"]["samples"]["mobile"].update(counted="9"),
    "a negative count": lambda report: report["sections"]["samples"]["mobile"].update(counted=-1),
    "a huge count": lambda report: report["sections"]["samples"]["mobile"].update(counted=10**30),
    "a wrong commune": lambda report: report["sections"]["communes"].update(mobile=[None]),
    "NUL": lambda report: report.update(counts_from="a\0"),
    "another month": lambda report: report.update(month="2024-10"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_sealed_text_that_is_no_report_is_refused(run: Run, office: Office, name: str) -> None:
    report = report_of()
    whole = MALFORMED[name](report) == [] and canonical_json([])
    content = whole or canonical_json(report)
    stated = {"month": NOVEMBER, "digest": digest(content)}
    office.reports = [(content, seal_of(canonical_json(report_of()), office.key, **stated))]
    run("add", THAI_NGUYEN, office.url, office.public_key)
    assert outcome(run) == refused("source_not_report")


@pytest.mark.parametrize("at", ["2024-12-03T02:00:00", "0001-01-01T00:00:00+14:00", "x", None])
def test_a_seal_without_a_time_is_refused(run: Run, office: Office, at: str | None) -> None:
    office.approve(approved_at=at)
    run("add", THAI_NGUYEN, office.url, office.public_key)
    assert outcome(run) == refused("source_not_report")


def test_sources_are_asked_from_day_1_to_20(run: Run, office: Office, today: FakeClock) -> None:
    office.approve()
    run("add", THAI_NGUYEN, office.url, office.public_key)
    today.now = DECEMBER.replace(day=21)
    assert outcome(run) == "" and office.asked == []
    assert f"{NOVEMBER}: received" in run("collect", "--any-day")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://do.example.vn", "source_not_https"),
        ("http://10.1.0.5", "source_not_https"),
        ("https://10.1.0.5", "webhook_address"),
        ("https://127.0.0.1", "webhook_address"),
    ],
)
def test_an_address_is_https_and_public(run: Run, office: Office, url: str, code: str) -> None:
    assert refused(code) in run("add", THAI_NGUYEN, url, office.public_key)
    assert run("list") == ""


def test_a_key_is_a_public_key_and_the_province_exists(run: Run, office: Office) -> None:
    assert refused("not_public_key") in run("add", THAI_NGUYEN, office.url, "ab12")
    assert refused("unit_unknown") in run("add", "999", office.url, office.public_key)
    assert refused("source_key_not_registered") in run(
        "revoke-key", THAI_NGUYEN, office.public_key, "--reason", "x"
    )
    assert refused("source_unknown") in run("remove", THAI_NGUYEN)


def test_a_source_is_removed_with_its_keys(app: Flask, run: Run, office: Office) -> None:
    office.approve()
    run("add", THAI_NGUYEN, office.url, office.public_key)
    run("collect")
    assert "removed" in run("remove", THAI_NGUYEN)
    assert run("list") == "" and len(stored(app)) == 1


def test_an_office_without_a_route_brings_two_files(
    app: Flask, run: Run, office: Office, tmp_path: Path
) -> None:
    content = office.approve()
    report, seal = tmp_path / "report.json", tmp_path / "seal.json"
    report.write_bytes(content)
    seal.write_text(json.dumps({"digest": "x", "seal": office.reports[0][1]}))
    assert refused("source_unknown") in run("take", str(report), str(seal))
    run("add", THAI_NGUYEN, "-", office.public_key)
    assert run("collect") == ""
    assert f"{NOVEMBER}, edition 1: received" in run("take", str(report), str(seal))
    assert f"{NOVEMBER}, edition 1: unchanged" in run("take", str(report), str(seal))
    assert stored(app) == {(NOVEMBER, 1): content}
    report.write_bytes(content.replace(b"350", b"351"))
    assert refused("source_altered") in run("take", str(report), str(seal))
    seal.write_text("{}")
    assert refused("source_no_seal") in run("take", str(report), str(seal))


def test_the_serving_role_writes_no_keys_and_changes_no_report(
    app: Flask, run: Run, office: Office
) -> None:
    office.approve()
    run("add", THAI_NGUYEN, office.url, office.public_key)
    run("collect")
    with app.app_context():
        for statement in (
            text("update report_sources set url = 'https://example.vn'"),
            text("delete from report_source_keys"),
            update(CollectedReport).values(edition=9),
            text("delete from collected_reports"),
        ):
            with pytest.raises(ProgrammingError):
                db.session.execute(statement)
            db.session.rollback()
        assert db.session.scalars(select(CollectedReport)).one().edition == 1
