"""Searches of communes: of bounded size, again only after a change, and paged."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from backend.coverage.signals import queries, service
from backend.coverage.signals.models import SignalFinding, SignalScan
from backend.database.extensions import db
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
        self.official = person(app, "official", unit_id(app, "19", level="province"))
        self.one, self.two = db.session.execute(COMMUNES).scalars()

    def read(self, url: str = PROVINCE) -> dict[str, Any]:
        answer = self.client.get(url, headers=self.official)
        assert answer.status_code == 200, answer.text
        return dict(answer.json)

    def commune(self, unit: int) -> dict[str, Any]:
        code = db.session.execute(CODE, {"id": unit}).scalar_one()
        return self.read(f"/api/v1/units/{code}/signals?month=2024-11&level=commune")

    def find(self) -> str:
        result = self.app.test_cli_runner().invoke(args=["signals", "find"])
        assert result.exit_code == 0, result.output
        return result.output.strip()


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
    assert area.find() == "places searched: 0"
    with area.app.app_context():
        read = db.session.scalars(select(SignalScan.examined)).all()
    assert 60 < max(read) <= 17 * 30 * queries.UNCOUNTED_A_DAY + 60


def test_many_devices_are_read_in_part_and_those_that_count_first(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "DEVICES_MOST", 3)
    monkeypatch.setattr(queries, "ROWS_MOST", 400)
    scripted(area.one)
    add_rows(area.one, "noise", 30, 20, reasons=["repeat"])
    assert "too_fast" in kinds(area.commune(area.one))
    with area.app.app_context():
        assert max(db.session.scalars(select(SignalScan.examined))) <= 500


def test_only_communes_that_changed_are_searched_again(area: Area) -> None:
    scripted(area.one)
    add_rows(area.two, "other", 1, 5)
    area.app.extensions["clock"].now += timedelta(hours=2)
    first = area.read()
    assert first["pending"] == 0 and first["as_of"] is not None
    area.app.extensions["clock"].now += timedelta(minutes=5)
    add_rows(area.two, "more", 1, 5)
    area.read()
    times = select(SignalScan.unit_id, SignalScan.scanned_at)
    with area.app.app_context():
        scanned = {row.unit_id: row.scanned_at for row in db.session.execute(times)}
    assert scanned[area.two] - scanned[area.one] == timedelta(minutes=5)


def test_communes_for_which_there_is_no_time_are_pending(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "REQUEST_S", 0.0)
    scripted(area.one)
    add_rows(area.two, "other", 1, 5)
    assert area.read()["pending"] == 2  # a commune and the province
    assert area.find() == "places searched: 2"
    answer = area.read()
    assert answer["pending"] == 0 and "too_fast" in kinds(answer)


def test_a_withdrawal_removes_a_phone_from_what_is_stored(area: Area, client: FlaskClient) -> None:
    cast = Cast(area.app, client)
    assert [one["kind"] for one in area.read()["items"]] == ["mock_share"]
    area.app.extensions["clock"].now += timedelta(days=8)  # so the samples stay, without a device
    assert client.delete("/api/v1/devices/me", headers=cast.phone).status_code == 200
    area.find()
    with area.app.app_context():
        assert db.session.scalars(select(SignalFinding)).all() == []


def test_a_campaign_is_searched_by_commune_too(area: Area, client: FlaskClient) -> None:
    cast = Cast(area.app, client)
    code = db.session.execute(text("select unit_id from measurements limit 1")).scalar_one()
    add_rows(code, "noise", 3, 900, reasons=["repeat"])
    answer = cast.of_campaign().json
    assert [one["kind"] for one in answer["items"]] == ["mock_share"]
    assert answer["measurements"] == 5 and answer["pending"] == 0
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
