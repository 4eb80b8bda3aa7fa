"""Searches: of bounded size, at night, by a button or on reading, one at a time; paged."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from backend.coverage.signals import queries, scans
from backend.coverage.signals.models import SignalFinding
from backend.coverage.signals.queries import Part
from backend.coverage.signals.rules import MIN_MOCK
from backend.coverage.signals.scans import Place
from backend.database.extensions import db
from backend.database.locks import SIGNALS_LOCK, TRY_TWO
from backend.jobs.models import Job
from backend.measurements.recording.models import Measurement
from tests.support.clock import FakeClock
from tests.support.joining import send_concurrently
from tests.support.people import person, unit_id
from tests.support.signals import NINE, Cast, add_rows

PROVINCE = "/api/v1/units/19/signals?month=2024-11&level=province"
COMMUNES = text("""
    select c.id from units c join units p on p.id = c.province_id
    where p.system = '2024' and p.code = '19' and c.level = 'commune' order by c.code limit 2
""")
CODE = text("select code from units where id = :id")


class Area:
    """An official of a province, and two of its communes."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        self.clock: FakeClock = app.extensions["clock"]
        self.province = unit_id(app, "19", level="province")
        self.official = person(app, "official", self.province)
        self.one, self.two = db.session.execute(COMMUNES).scalars()

    def search(self) -> bool:
        return scans.search(
            Place("2024-11", self.province), self.app.config["SECRET_KEY"], self.clock.now
        )

    def read(self, url: str = PROVINCE, *, search: bool = True) -> dict[str, Any]:
        """Read signals, by default after a search."""
        assert not search or self.search()
        answer = self.client.get(url, headers=self.official)
        assert answer.status_code == 200, answer.text
        return dict(answer.json)

    def commune(self, unit: int) -> dict[str, Any]:
        code = db.session.execute(CODE, {"id": unit}).scalar_one()
        return self.read(f"/api/v1/units/{code}/signals?month=2024-11&level=commune")

    def run(self, *words: str) -> str:
        result = self.app.test_cli_runner().invoke(args=words)
        assert result.exit_code == 0, result.output
        return result.output.strip()

    def rows_read(self) -> int:
        part = Part(self.one, "2024-11", None, self.app.config["SECRET_KEY"])
        return len(queries.samples_of_commune(part).trails)


@pytest.fixture
def area(app: Flask, client: FlaskClient) -> Iterator[Area]:
    with app.app_context():
        yield Area(app, client)


def kinds(answer: dict[str, Any]) -> set[str]:
    return {one["kind"] for one in answer["kinds"]}


def scripted(unit: int, phones: int = 1) -> None:
    """Phones that test every 40 s, each time in another place."""
    add_rows(unit, "script", phones, 60, step=timedelta(seconds=40), begin=NINE)


@pytest.mark.slow
def test_repeats_of_some_registrations_hide_nothing(area: Area) -> None:
    scripted(area.one)
    add_rows(area.one, "noise", 17, 6_000, step=timedelta(minutes=6), reasons=["repeat"])
    commune, province = area.commune(area.one), area.read()
    assert commune["measurements"] == 102_060 and commune["devices"] == 18
    assert "too_fast" in kinds(commune) and "too_fast" in kinds(province)
    [one] = area.read(f"{PROVINCE}&kind=too_fast")["items"]
    assert one["evidence"]["measurements"] == 60 and len(one["devices"]) == 1
    assert "60 địa điểm" in one["message"] and "40 giây" in one["message"]
    assert 60 < area.rows_read() <= 17 * 30 * queries.UNCOUNTED_A_DAY + 60


def test_removed_positions_take_no_finding_away(area: Area) -> None:
    scripted(area.one)
    assert "too_fast" in kinds(area.read())
    db.session.execute(text("update measurements set latitude = null, longitude = null"))
    for since, left in (("now()", True), ("null", False)):
        db.session.execute(text(f"update devices set without_positions_since = {since}"))
        assert ("too_fast" in kinds(area.read())) is left


def test_many_devices_are_read_in_part_and_those_that_count_first(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MAX_DEVICES", 3)
    monkeypatch.setattr(queries, "MAX_ROWS", 400)
    scripted(area.one)
    add_rows(area.one, "noise", 30, 20, reasons=["repeat"])
    assert "too_fast" in kinds(area.commune(area.one))
    assert area.rows_read() <= 500


def test_a_page_shows_what_was_found_and_lets_older_findings_be_searched_again(area: Area) -> None:
    scripted(area.one)
    first = area.read(search=False)
    assert (first["as_of"], first["searching"], first["items"]) == (None, True, [])
    assert area.read(search=False)["searching"]
    assert area.run("jobs", "run") == "jobs done: 1"
    found = area.read(search=False)
    assert found["as_of"] == area.clock.now.isoformat() and not found["searching"]
    assert "too_fast" in kinds(found)
    add_rows(area.two, "more", 2, 60, step=timedelta(seconds=40), begin=NINE)
    area.clock.now += scans.SEARCH_EVERY - timedelta(seconds=1)
    assert not area.read(search=False)["searching"]
    area.clock.now += timedelta(seconds=1)
    before = area.read(search=False)
    assert before["searching"] and before["items"] == found["items"]
    assert area.run("jobs", "run") == "jobs done: 1"
    assert len(area.read(search=False)["items"]) > len(before["items"])
    assert db.session.scalars(select(Job)).all() == []


@pytest.mark.parametrize("campaign", [None, 7])
def test_a_page_tells_that_the_nightly_command_searches(area: Area, campaign: int | None) -> None:
    assert area.search()
    place = Place("2024-11", None if campaign else area.province, campaign)
    with db.engine.begin() as command:
        command.execute(TRY_TWO, {"key": SIGNALS_LOCK, "of": place.province or -7})
        assert scans.is_searched(place)
        assert campaign or area.read(search=False)["searching"]
    assert not scans.is_searched(place) and not area.read(search=False)["searching"]


def test_pages_that_are_opened_at_once_start_one_search(area: Area) -> None:
    scripted(area.one)
    looks = [lambda client: client.get(PROVINCE, headers=area.official) for _ in range(6)]
    answers = send_concurrently(area.app, *looks)
    assert {one.status_code for one in answers} == {200}
    assert area.run("jobs", "run") == "jobs done: 1"


def test_a_search_that_ended_with_its_process_is_asked_for_again(area: Area) -> None:
    area.read(search=False)
    db.session.execute(text("update jobs set state = 'running'"))
    db.session.commit()
    assert area.read(search=False)["searching"]
    assert area.run("jobs", "run") == "jobs done: 1"
    assert not area.read(search=False)["searching"]


def test_a_failed_search_leaves_what_was_found(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(area.one)
    found = area.read()
    area.clock.now += scans.SEARCH_EVERY
    area.read(search=False)

    def fail(*_: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(scans, "_search_province", fail)
        assert area.run("jobs", "run").endswith("jobs done: 1")
    after = area.read(search=False)
    assert (after["as_of"], after["items"]) == (found["as_of"], found["items"])
    assert after["searching"]  # again, since the page is older than an hour


def test_two_searches_of_a_province_do_not_run_at_once(area: Area) -> None:
    with db.engine.begin() as other:
        other.execute(
            text("select pg_advisory_xact_lock(:key, :of)"),
            {"key": SIGNALS_LOCK, "of": area.province},
        )
        assert not area.search()
    assert area.search()


def test_each_place_is_searched_once_a_night(area: Area) -> None:
    scripted(area.one)
    assert area.run("signals", "find") == "places searched: 1"
    assert "too_fast" in kinds(area.read(search=False))
    area.clock.now += timedelta(hours=1)
    assert area.run("signals", "find") == "places searched: 0"
    assert area.run("signals", "find", "--again") == "places searched: 1"
    area.clock.now += timedelta(days=1)
    assert area.run("signals", "find") == "places searched: 1"
    area.clock.now += timedelta(days=90)  # no samples of November arrive any more
    assert area.run("signals", "find") == "places searched: 0"


def test_excluded_samples_stay_excluded_when_a_rule_no_longer_finds_them(
    area: Area, client: FlaskClient
) -> None:
    cast = Cast(area.app, client)
    [one] = cast.of_unit().json["items"]
    body = {"signals": [{"id": one["id"]}], "state": "excluded", "note": "giả", "samples": True}
    assert client.patch("/api/v1/signals", json=body, headers=cast.official).json["decided"] == 1
    [after] = cast.of_unit().json["items"]  # excluded samples are not searched
    assert (after["id"], after["state"], after["current"]) == (one["id"], "excluded", False)
    excluded = select(Measurement.id).where(Measurement.reasons.contains(["excluded"]))
    assert len(db.session.scalars(excluded).all()) == MIN_MOCK


def test_a_withdrawal_removes_a_phone_from_what_is_stored(area: Area, client: FlaskClient) -> None:
    cast = Cast(area.app, client)
    assert [one["kind"] for one in area.read()["items"]] == ["mock_share"]
    area.app.extensions["clock"].now += timedelta(days=8)  # so the samples stay, without a device
    assert client.delete("/api/v1/devices/me", headers=cast.phone).status_code == 200
    area.run("signals", "find")
    with area.app.app_context():
        assert db.session.scalars(select(SignalFinding)).all() == []


def test_a_campaign_is_searched_by_commune_too(area: Area, client: FlaskClient) -> None:
    cast = Cast(area.app, client)
    code = db.session.execute(text("select unit_id from measurements limit 1")).scalar_one()
    add_rows(code, "noise", 3, 900, reasons=["repeat"])
    answer = cast.of_campaign().json
    assert [one["kind"] for one in answer["items"]] == ["mock_share"]
    assert answer["measurements"] == 5 and not answer["searching"]
    cast.mock(cast.phone, 2, first=5)
    assert cast.of_campaign().json["measurements"] == 7


def test_pages_and_kinds(area: Area) -> None:
    scripted(area.one, phones=3)
    add_rows(area.two, "night", 2, 20, step=timedelta(minutes=3))  # from midnight to one
    whole = area.read()
    assert {one["kind"]: one["n"] for one in whole["kinds"]}["too_fast"] == 3
    assert whole["next"] is None
    seen, cursor = [], ""
    while cursor is not None:
        page = area.read(f"{PROVINCE}&limit=2&cursor={cursor}")
        assert len(page["items"]) <= 2
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert seen == [one["id"] for one in whole["items"]]
    only = area.read(f"{PROVINCE}&kind=too_fast")
    assert {one["kind"] for one in only["items"]} == {"too_fast"} and len(only["items"]) == 3
    assert only["kinds"] == whole["kinds"]
    wrong = area.client.get(f"{PROVINCE}&cursor=x", headers=area.official)
    assert wrong.status_code == 422


def test_a_signal_names_the_communes_of_the_unit_only(area: Area) -> None:
    scripted(area.one)
    with area.app.app_context():
        db.session.execute(
            text("update measurements set unit_id = :two where measured_at > :at"),
            {"two": area.two, "at": NINE + timedelta(minutes=20)},
        )
        db.session.commit()
    [one] = area.commune(area.one)["items"]
    assert len(one["units"]) == 1 and one["evidence"]["measurements"] == 60
