"""Places without a connection: what the public sees of a month, and single notes for officials."""

import csv
import gzip
import io
import json
import uuid
from datetime import datetime, timedelta
from typing import Any

import h3
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from backend.clock import VIETNAM
from backend.coverage.no_connection.service import present_places
from backend.coverage.statistics.models import ReleasedNoConnection
from backend.database.extensions import db, owner_session
from backend.measurements.no_connection.models import NoConnectionNote
from backend.reports.open_data.service import publish_data
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.factories import location, register
from tests.support.measurements import (
    NINE,
    make_release,
    measurement_row,
    phones,
    store_rows,
    volunteers_rows,
)
from tests.support.notes import note, post_notes
from tests.support.people import audit_entries, person, unit_id
from tests.support.reports import Office
from tests.support.sql_statements import execute

COMMUNE = "05584"  # a rural one
CELL = h3.latlng_to_cell(21.87, 105.60, 8)
LATITUDE, LONGITUDE = h3.cell_to_latlng(CELL)
MONTH = {"month": "2024-11"}


def note_row(unit: int, device: uuid.UUID, day: int = 0, **changes: Any) -> dict[str, Any]:
    """Return the row of a note in the middle of the cell."""
    at = NINE + timedelta(days=day, hours=2)
    return {
        "id": uuid.uuid4(), "device_id": device, "received_at": at + timedelta(hours=1),
        "began_at": at - timedelta(seconds=70), "noted_at": at, "day": at.date(), "attempts": 3,
        "operator": "Viettel", "latitude": LATITUDE, "longitude": LONGITUDE, "accuracy_m": 20.0,
        "cell": CELL, "unit_id": unit, "set_id": 1, "how": "inside", **changes,
    }  # fmt: skip


def store_notes(app: Flask, *rows: dict[str, Any]) -> None:
    execute(app, insert(NoConnectionNote), list(rows))


def noted(app: Flask, number: int, days: int = 2, **changes: Any) -> list[uuid.UUID]:
    """Let volunteers of the month note the cell, on so many days in turn; return their phones."""
    commune, devices = unit_id(app, COMMUNE), phones(app, number)
    store_rows(app, *volunteers_rows(unit_id(app, "05443"), devices))
    rows = [note_row(commune, one, day % days, **changes) for day, one in enumerate(devices)]
    store_notes(app, *rows)
    return devices


def places(client: FlaskClient, headers: Any = None, **query: Any) -> list[dict[str, Any]]:
    url = f"/api/v1/units/{COMMUNE}/no-connection"
    answer = client.get(url, query_string=MONTH | query, headers=headers)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def test_the_release_shows_a_zone_and_nothing_before(app: Flask, client: FlaskClient) -> None:
    noted(app, 6)
    url = f"/api/v1/units/{COMMUNE}/no-connection?month=2024-11"
    before = client.get(url).json
    assert before["release"] == {"due": "2024-12-16", "made_at": None} and before["items"] == []
    assert make_release(app)
    (found,) = places(client)
    assert (found["cell"], found["resolution"], found["zone"]) == (CELL, 8, True)
    assert found["operators"] == ["Viettel"]
    assert found["notes"] in (5, 10) and found["devices"] in (5, 10)
    assert (found["latitude"], found["longitude"]) == (round(LATITUDE, 5), round(LONGITUDE, 5))
    country = client.get("/api/v1/no-connection", query_string=MONTH).json
    assert country["items"] == [found] and country["unit"] is None
    layer = client.get(f"{url}&format=geojson")
    assert layer.content_type == "application/geo+json"
    (feature,) = layer.json["features"]
    assert feature["geometry"]["type"] == "Polygon" and feature["properties"]["zone"] is True
    again = client.get(url, headers={"If-None-Match": client.get(url).headers["ETag"]})
    assert again.status_code == 304


def test_notes_are_in_no_count_of_the_release(app: Flask, client: FlaskClient) -> None:
    noted(app, 6)
    make_release(app)
    cells = client.get(f"/api/v1/units/{COMMUNE}/cells", query_string=MONTH).json
    assert cells["items"] == []
    coverage = client.get("/api/v1/coverage?month=2024-11&level=commune").json
    (row,) = [one for one in coverage["items"] if one["code"] == COMMUNE]
    assert row["received"] == row["counted"] == 0
    recount = app.test_cli_runner().invoke(args=["measurements", "recount"])
    assert recount.exit_code == 0, recount.output


def test_a_release_never_changes(app: Flask, client: FlaskClient) -> None:
    devices = noted(app, 6)
    make_release(app)
    before = places(client)
    store_notes(app, *(note_row(unit_id(app, COMMUNE), one, 5) for one in devices))
    assert not make_release(app) and places(client) == before
    with (
        app.app_context(),
        pytest.raises(IntegrityError, match="never changes"),
        owner_session() as owner,
    ):
        row = owner.scalars(select(ReleasedNoConnection)).first()
        assert row is not None
        row.places = []


# Attacks: one script invents places


def test_new_phones_show_nothing(app: Flask, client: FlaskClient) -> None:
    """Many registrations without counted samples of two days are no volunteers."""
    commune, devices = unit_id(app, COMMUNE), phones(app, 60)
    store_notes(app, *(note_row(commune, one, day % 2) for day, one in enumerate(devices)))
    make_release(app)
    assert places(client) == []


@pytest.mark.parametrize("claimed", [True, False])
def test_claims_make_no_volunteers(app: Flask, client: FlaskClient, claimed: bool) -> None:
    devices, commune = phones(app, 6), unit_id(app, COMMUNE)
    recent = phones(app, 6, NINE - timedelta(days=3))
    samples = volunteers_rows(unit_id(app, "05443"), devices if claimed else recent)
    if claimed:
        samples = [one | {"counted": False, "reasons": ["unproven"]} for one in samples]
    store_rows(app, *samples)
    chosen = devices if claimed else recent
    store_notes(app, *(note_row(commune, one, day % 2) for day, one in enumerate(chosen)))
    make_release(app)
    assert places(client) == []


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"shared_network": True}, None),  # all behind one address
        ({"received_at": NINE + timedelta(days=9)}, False),  # two days by a clock that lies
        ({}, True),
    ],
)
def test_evidence_of_a_zone(
    app: Flask, client: FlaskClient, changes: dict[str, Any], shown: bool | None
) -> None:
    noted(app, 6, **changes)
    make_release(app)
    assert [one["zone"] for one in places(client)] == ([] if shown is None else [shown])


def test_a_phone_that_measured_meanwhile_contradicts_its_note(
    app: Flask, client: FlaskClient
) -> None:
    devices = noted(app, 6)
    meanwhile = NINE + timedelta(hours=2) - timedelta(seconds=30)
    tests = [
        measurement_row(unit_id(app, "05443"), meanwhile + timedelta(days=n % 2), device_id=one)
        for n, one in enumerate(devices[:2])
    ]
    store_rows(app, *tests)
    make_release(app)
    assert places(client) == []


def test_differences_of_releases_and_of_questions_show_no_person(
    app: Flask, client: FlaskClient
) -> None:
    """Four known phones of the attacker and one note of another person publish nothing alone."""
    noted(app, 4)
    victim = phones(app, 1)[0]
    store_notes(app, note_row(unit_id(app, COMMUNE), victim))  # no volunteer of the month
    make_release(app)
    assert places(client) == [] and places(client, level="commune") == []
    province = client.get("/api/v1/units/19/no-connection", query_string=MONTH).json
    assert province["items"] == []


def test_notes_of_a_stopped_server_are_seen_by_nobody(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    """Release, report, an official's list and exclusions leave them out."""
    noted(app, 6, server_down=True)
    official = person(app, "official", unit_id(app, "19", level="province"))
    url = f"/api/v1/units/{COMMUNE}/no-connection-notes"
    assert client.get(url, query_string=MONTH, headers=official).json["items"] == []
    with app.app_context():
        ids = [str(one) for one in db.session.scalars(select(NoConnectionNote.id))]
        assert present_places("2024-11", unit_id(app, COMMUNE)).places == []
    body = {"month": "2024-11", "notes": ids, "excluded": True, "reason": "Thử"}
    assert client.post(f"{url}/exclusions", json=body, headers=official).status_code == 422
    make_release(app)
    assert places(client) == []
    assert client.get("/api/v1/no-connection", query_string=MONTH).json["items"] == []


# Officials


def test_officials_list_and_exclude_notes(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    devices = noted(app, 6)
    official = person(app, "official", unit_id(app, "19", level="province"))
    other = person(app, "official", unit_id(app, "01", level="province"))
    url = f"/api/v1/units/{COMMUNE}/no-connection-notes"
    page = client.get(url, query_string=MONTH | {"limit": 4}, headers=official)
    assert page.status_code == 200 and page.headers["Cache-Control"] == "no-store"
    rest = client.get(url, query_string=MONTH | {"cursor": page.json["next"]}, headers=official)
    notes = [*page.json["items"], *rest.json["items"]]
    assert len(notes) == 6 and len({one["device"] for one in notes}) == 6
    assert notes[0]["position"] == {
        "latitude": round(LATITUDE, 3),
        "longitude": round(LONGITUDE, 3),
    }
    assert str(devices[0]) not in json.dumps(notes)
    for headers, status in ((None, 404), (other, 404)):
        assert client.get(url, query_string=MONTH, headers=headers).status_code == status
    ids = [one["id"] for one in notes[:2]]
    body = {"month": "2024-11", "notes": ids, "excluded": True, "reason": "Tự bịa ra"}
    act = f"{url}/exclusions"
    assert client.post(act, json=body, headers=other).status_code == 404
    assert client.post(act, json=body | {"reason": " "}, headers=official).status_code == 422
    unknown = body | {"notes": [str(uuid.uuid4())]}
    assert client.post(act, json=unknown, headers=official).status_code == 422
    assert client.post(act, json=body | {"notes": ["x"]}, headers=official).status_code == 422
    done = client.post(act, json=body, headers=official)
    assert done.status_code == 200 and done.json["changed"] == 2
    assert client.post(act, json=body, headers=official).json["changed"] == 0  # again
    entries = audit_entries(app, f"unit:{unit_id(app, COMMUNE)}")
    details = {"month": "2024-11", "notes": 2, "reason": "Tự bịa ra"}
    assert entries[:2] == [("read.notes", {}), ("no_connection.exclude", details)]
    make_release(app)
    assert places(client) == []  # four are left
    included = client.post(act, json=body | {"excluded": False}, headers=official)
    assert included.json["changed"] == 2


def test_the_phone_sees_that_its_note_was_excluded(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    headers, province = register(client), unit_id(app, "19", level="province")
    official = person(app, "official", province)
    sent = note(location=location(latitude=LATITUDE, longitude=LONGITUDE))
    assert post_notes(client, headers, sent).status_code == 201
    url = f"/api/v1/units/{COMMUNE}/no-connection-notes/exclusions"
    body = {"month": "2024-11", "notes": [sent["id"]], "excluded": True, "reason": "Thử"}
    assert client.post(url, json=body, headers=official).json["changed"] == 1
    (own,) = client.get("/api/v1/no-connection-notes", headers=headers).json["items"]
    assert own["excluded"] is True


def test_the_desk_lists_and_excludes_notes(app: Flask, client: FlaskClient) -> None:
    noted(app, 3)
    people.account(app, "binh@example.vn", "official", unit_id(app, "19", level="province"))
    token = people.sign_in(client, "binh@example.vn")["X-CSRF-Token"]
    url = "/api/v1/units/19/no-connection-notes"
    ids = [one["id"] for one in client.get(url, query_string=MONTH).json["items"]]
    page = "/desk/area/19/no-connection?month=2024-11&lang=vi"
    shown = client.get(page).text
    assert all(one in shown for one in ids) and shown.count("Đang dùng") == 3
    form = {"csrf_token": token, "notes": ids[:2], "excluded": "yes"}
    without = client.post(page, data=form)
    assert without.status_code == 200 and "checked" in without.text
    form["reason"] = "Tự bịa ra"
    assert client.post(page, data=form).status_code == 303
    assert client.get(page).text.count("Đã loại") == 2
    assert client.post(page, data=form | {"excluded": "no"}).status_code == 303
    assert client.get(page).text.count("Đang dùng") == 3


# Page, report, open data


@pytest.mark.slow
def test_the_page_shows_released_places(app: Flask, client: FlaskClient) -> None:
    noted(app, 6)
    store_rows(app, measurement_row(unit_id(app, COMMUNE)))
    page = f"/network-speed?unit={COMMUNE}&month=2024-11&network=mobile&lang=vi"
    picture = f"/network-speed/gaps.svg?unit={COMMUNE}&month=2024-11&lang=vi"
    assert "▲ Vùng lõm sóng" not in client.get(page).text
    assert client.get(picture).status_code == 404
    make_release(app)
    shown = client.get(page).text
    assert "Điểm không kết nối được (người đo ghi nhận)" in shown and "▲ Vùng lõm sóng" in shown
    assert "gaps.svg" in shown and "format=geojson" in shown
    svg = client.get(picture)
    assert svg.text.count('class="lack" d=') == 1 and "Vùng lõm sóng: 1" in svg.text
    assert "script" not in svg.headers["Content-Security-Policy"] and "CC BY 4.0" in svg.text
    png = client.get(picture.replace(".svg", ".png"))
    assert png.status_code == 200 and png.content_type == "image/png"
    fixed = client.get(page.replace("mobile", "fixed")).text
    assert "Điểm không kết nối được" not in fixed


@pytest.mark.slow
def test_the_report_has_a_section(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    noted(app, 6)
    office = Office(app, client, clock)
    report = office.draft()
    content = office.show(report, "/figures").json
    (row,) = content["sections"]["no_connection"]
    assert (row["code"], row["zones"], row["places"], row["areas"]) == (COMMUNE, 1, 0, 0)
    assert "Ghi nhận 01 vùng lõm sóng" in content["proposed"]["results"]
    assert "người đo ghi nhận trong hai ngày" in content["proposed"]["results"]


@pytest.mark.long
def test_open_data_has_the_released_places(app: Flask, client: FlaskClient) -> None:
    noted(app, 6)
    make_release(app)
    with app.app_context():
        publish_data("2024-11", datetime(2024, 12, 16, 2, tzinfo=VIETNAM))
    content = client.get("/open-data/2024-11/noconnection.csv.gz", buffered=True).data
    (row,) = csv.DictReader(io.StringIO(gzip.decompress(content).decode()))
    assert (row["cell"], row["resolution"], row["zone"]) == (CELL, "8", "true")
    package = client.get("/open-data/2024-11/datapackage.json", buffered=True).json
    names = [one["name"] for one in package["resources"]]
    assert "noconnection-csv" in names and "noconnection-parquet" in names
