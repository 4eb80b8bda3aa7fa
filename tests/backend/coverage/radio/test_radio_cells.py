"""Cells with radio samples: what the public sees of a month, and officials of their area."""

import csv
import gzip
import io
from datetime import datetime
from typing import Any

import h3
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from backend.clock import VIETNAM
from backend.coverage.statistics import radio
from backend.coverage.statistics.models import ReleasedRadio
from backend.database.extensions import db
from backend.reports.files.annexes import TablePart, list_annexes
from backend.reports.files.tables import build_tables
from backend.reports.open_data.service import publish_data
from tests.support.clock import FakeClock
from tests.support.measurements import make_release, phones, store_rows, volunteers_rows
from tests.support.people import person, unit_id
from tests.support.radio import CELL, COMMUNE, radio_row, recorded, store_radio
from tests.support.reports import Office

NEAR = sorted(h3.grid_ring(CELL, 1))
MONTH = {"month": "2024-11"}
URL = f"/api/v1/units/{COMMUNE}/radio"


def cells(client: FlaskClient, headers: Any = None, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(URL, query_string=MONTH | query, headers=headers)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def test_the_release_shows_a_cell_and_nothing_before(app: Flask, client: FlaskClient) -> None:
    recorded(app, [-90], [-91], [-100, -60, -100], [-101], [-110])
    before = client.get(URL, query_string=MONTH).json
    assert before["release"] == {"due": "2024-12-16", "made_at": None} and before["items"] == []
    assert make_release(app)
    (found,) = cells(client)
    assert (found["cell"], found["resolution"]) == (CELL, 8)
    assert (found["operator"], found["technology"]) == ("Viettel", "4G")
    assert (found["median_dbm"], found["best_dbm"], found["strength"]) == (-100, -60, "fair")
    assert found["n"] in (5, 10) and found["devices"] == 5
    assert cells(client, operator="VinaPhone") == [] == cells(client, technology="5G")
    assert cells(client, operator="Viettel", technology="4G") == [found]
    layer = client.get(URL, query_string=MONTH | {"format": "geojson"})
    assert layer.content_type == "application/geo+json"
    (feature,) = layer.json["features"]
    assert feature["geometry"]["type"] == "Polygon"
    assert feature["properties"]["median_dbm"] == -100
    tag = client.get(URL, query_string=MONTH).headers["ETag"]
    again = client.get(URL, query_string=MONTH, headers={"If-None-Match": tag})
    assert again.status_code == 304


def test_places_without_service_are_a_technology_of_their_own(
    app: Flask, client: FlaskClient
) -> None:
    recorded(app, *([None, -118] for _ in range(5)))
    make_release(app)
    weak, none = cells(client)
    assert (weak["technology"], weak["strength"], weak["best_dbm"]) == ("4G", "weak", -118)
    assert (none["technology"], none["strength"], none["median_dbm"]) == ("none", "none", None)


def test_a_phone_at_rest_weighs_as_much_as_one_that_passes(app: Flask, client: FlaskClient) -> None:
    recorded(app, [-60] * 400, [-101], [-102], [-103], [-104])
    make_release(app)
    (found,) = cells(client)
    assert found["median_dbm"] == -102


def test_radio_samples_are_in_no_count_of_the_release(app: Flask, client: FlaskClient) -> None:
    recorded(app, *([-90] for _ in range(6)))
    make_release(app)
    shown = client.get(f"/api/v1/units/{COMMUNE}/cells", query_string=MONTH).json
    assert shown["items"] == []
    coverage = client.get("/api/v1/coverage?month=2024-11&level=commune").json
    (row,) = [one for one in coverage["items"] if one["code"] == COMMUNE]
    assert row["received"] == row["counted"] == 0
    recount = app.test_cli_runner().invoke(args=["measurements", "recount"])
    assert recount.exit_code == 0, recount.output


def test_a_release_never_changes(app: Flask, client: FlaskClient) -> None:
    devices = recorded(app, *([-90] for _ in range(5)))
    make_release(app)
    before = cells(client)
    store_radio(app, *(radio_row(unit_id(app, COMMUNE), one, 9, rsrp_dbm=-50) for one in devices))
    assert not make_release(app) and cells(client) == before
    with app.app_context(), pytest.raises(IntegrityError, match="never changes"):
        row = db.session.scalars(select(ReleasedRadio)).first()
        assert row is not None
        row.cells = []
        db.session.commit()


# Attacks and privacy


def test_fewer_volunteers_show_a_larger_area_or_nothing(app: Flask, client: FlaskClient) -> None:
    commune = unit_id(app, COMMUNE)
    devices = recorded(app, [-90], [-91], [-92], [-93])
    make = volunteers_rows(unit_id(app, "05443"), other := phones(app, 1))
    store_rows(app, *make)
    siblings = [one for one in NEAR if h3.cell_to_parent(one, 7) == h3.cell_to_parent(CELL, 7)]
    store_radio(app, radio_row(commune, other[0], cell=siblings[0], rsrp_dbm=-99))
    make_release(app)
    # The centre of the larger cell may lie in the next commune.
    url = "/api/v1/units/19/radio"
    (found,) = client.get(url, query_string=MONTH | {"level": "province"}).json["items"]
    assert (found["cell"], found["resolution"]) == (h3.cell_to_parent(CELL, 7), 7)
    assert found["median_dbm"] == -92 and len(devices) == 4


def test_new_phones_show_nothing(app: Flask, client: FlaskClient) -> None:
    """Many registrations without counted samples of two days are no volunteers."""
    commune = unit_id(app, COMMUNE)
    store_radio(app, *(radio_row(commune, one) for one in phones(app, 60)))
    make_release(app)
    assert cells(client) == []


def test_one_person_with_most_phones_hides_a_cell(app: Flask, client: FlaskClient) -> None:
    commune = unit_id(app, COMMUNE)
    recorded(app, *([-90] for _ in range(4)))
    store_radio(app, *(radio_row(commune, one) for one in phones(app, 5)))
    make_release(app)
    assert cells(client) == []


# Officials


def test_officials_see_their_area_live_and_others_as_the_public(
    app: Flask, client: FlaskClient
) -> None:
    recorded(app, [-90, -90], [None])
    mine = person(app, "official", unit_id(app, "19", level="province"))
    other = person(app, "official", unit_id(app, "01", level="province"))
    weak, strong = sorted(cells(client, mine), key=lambda one: one["n"])
    assert (strong["n"], strong["devices"], strong["median_dbm"]) == (2, 1, -90)
    assert (weak["n"], weak["technology"]) == (1, "none")
    answer = client.get(URL, query_string=MONTH, headers=mine).json
    assert answer["release"] is None and answer["least_devices"] == 0
    public = client.get(URL, query_string=MONTH)
    assert client.get(URL, query_string=MONTH, headers=other).data == public.data
    assert public.json["items"] == []


def test_a_unit_of_too_many_samples_is_refused(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(radio, "ROWS_MOST", 2)
    recorded(app, [-90, -90], [-91])
    mine = person(app, "official", unit_id(app, "19", level="province"))
    answer = client.get(URL, query_string=MONTH, headers=mine)
    assert (answer.status_code, answer.json["code"]) == (422, "too_many_to_look_at")


@pytest.mark.parametrize(
    ("query", "code"),
    [({"month": "2024-12"}, "month_in_future"), (MONTH | {"operator": "x"}, "not_one_of")],
)
def test_wrong_queries(client: FlaskClient, query: dict[str, str], code: str) -> None:
    answer = client.get(URL, query_string=query)
    assert answer.status_code == 422 and answer.json["errors"][0]["code"] == code


# Open data and report


@pytest.mark.long
def test_open_data_have_the_released_cells(app: Flask, client: FlaskClient) -> None:
    recorded(app, *([-97] for _ in range(5)))
    make_release(app)
    with app.app_context():
        publish_data("2024-11", datetime(2024, 12, 16, 2, tzinfo=VIETNAM))
    content = client.get("/open-data/2024-11/radio.csv.gz", buffered=True).data
    (row,) = csv.DictReader(io.StringIO(gzip.decompress(content).decode()))
    assert (row["cell"], row["operator"], row["technology"]) == (CELL, "Viettel", "4G")
    assert (row["median_dbm"], row["best_dbm"], row["devices"]) == ("-97", "-97", "5")


@pytest.mark.slow
def test_the_report_has_a_sentence_and_a_table(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    office = Office(app, client, clock)
    report = office.draft()
    without = office.show(report, "/figures").json
    assert "radio" not in without["sections"] and "radio" not in build_tables(without)
    assert "Dọc đường đi" not in without["proposed"]["no_connection"]
    recorded(app, *([-110, None] for _ in range(5)))
    recorded(app, *([-80] for _ in range(5)), operator=None)
    content = office.show(report, "/figures").json
    assert content["sections"]["radio"] == [
        {"operator": None, "technology": "4G", "cells": 1, "weak": 0, "areas": 0},
        {"operator": "Viettel", "technology": "4G", "cells": 1, "weak": 1, "areas": 0},
        {"operator": "Viettel", "technology": "none", "cells": 1, "weak": 1, "areas": 0},
    ]
    sentence = content["proposed"]["no_connection"]
    assert "Viettel 4G yếu ở 1 trên 1 ô; Viettel không có sóng ở 1 ô" in sentence
    assert "dưới -105 dBm" in sentence
    built = build_tables(content)
    assert built["radio"].rows == content["sections"]["radio"]
    (annex,) = [one for one in list_annexes(content, built) if "no_connection" in one.sections]
    (part,) = annex.parts
    assert isinstance(part, TablePart) and part.title.startswith("Sóng di động dọc đường đi")
