"""Open data: the figures of the API in files that others read, at addresses that stay."""

import contextlib
import csv
import gzip
import hashlib
import io
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import geopandas
import h3
import pandas as pd
import pytest
from flask import Flask
from flask.testing import FlaskClient
from shapely import Point
from werkzeug.test import TestResponse

from backend.database.extensions import db
from backend.errors import Problem
from backend.measurements.recording.models import DemoMonth
from backend.reports.open_data import tables
from backend.reports.open_data.service import FORMATS, publish_data
from backend.reports.open_data.tables import _spreads
from backend.units.service import UnitRow, units_on
from tests.support.clock import FakeClock
from tests.support.live_server import serving_app
from tests.support.measurements import (
    NINE,
    make_release,
    measurement_row,
    members,
    phones,
    store_rows,
)
from tests.support.people import audit_entries, unit_id

URL = "/open-data/2024-11"
DOCS = Path(__file__).parents[4] / "docs"
HERE, NEAR, RURAL = "05443", "05446", "05584"
HERE_CELL = h3.latlng_to_cell(21.87, 105.60, 8)  # in RURAL


@pytest.fixture
def month(app: Flask, clock: FakeClock, tmp_path: Path) -> Flask:
    """November 2024 with some samples in two communes, and over."""
    app.config["VAR_DIR"] = tmp_path
    clock.now = datetime(2024, 12, 3, tzinfo=UTC)
    here, near = unit_id(app, HERE), unit_id(app, NEAR)
    hours, ids = [NINE + timedelta(hours=9 * n) for n in range(40)], members(app, 20)
    for n, at in enumerate(hours):
        row = measurement_row(here, at, download_mbps=10.0 + 17 * n % 40, device_id=ids[n % 20])
        store_rows(app, row)
    for n, at in enumerate(hours[:20]):
        row = measurement_row(near, at, operator="VinaPhone", device_id=ids[n % 10])
        store_rows(app, row | {"assurance": "witnessed" if n < 13 else "claimed"})
    return app


@pytest.fixture
def few_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish the units of two provinces: those of the whole country take seconds."""

    def units_of_two(day: date) -> list[UnitRow]:
        return [unit for unit in units_on(day) if unit.province_code in ("01", "19")]

    monkeypatch.setattr(tables, "units_on", units_of_two)


def publish(app: Flask, month: str = "2024-11") -> dict[str, str]:
    """Publish a month without workbooks, which take most of the time."""
    make_release(app, month)
    with app.app_context(), pytest.MonkeyPatch.context() as patch:
        patch.delitem(FORMATS, "xlsx")
        return dict(publish_data(month, app.extensions["clock"]()))


def get(client: FlaskClient, name: str, **more: Any) -> TestResponse:
    """A file, read whole and closed."""
    return client.get(f"{URL}/{name}", buffered=True, **more)


def table(client: FlaskClient, name: str = "units") -> list[dict[str, str]]:
    content = get(client, f"{name}.csv.gz").data
    return list(csv.DictReader(io.StringIO(gzip.decompress(content).decode())))


def commune(rows: list[dict[str, str]], code: str = HERE) -> dict[str, str]:
    [found] = [
        r for r in rows if (r["code"], r["level"], r["network"]) == (code, "commune", "mobile")
    ]
    return found


@pytest.mark.slow
def test_units_have_the_figures_of_the_api(month: Flask, client: FlaskClient) -> None:
    publish(month)
    rows = table(client)
    query = "month=2024-11&level=commune&network=mobile"
    items = {i["code"]: i for i in client.get(f"/api/v1/coverage?{query}").json["items"]}
    result = [r for r in rows if r["level"] == "commune" and r["network"] == "mobile"]
    assert {r["code"]: int(r["counted"]) for r in result} == {
        code: item["counted"] for code, item in items.items()
    }
    here, speeds = commune(rows), f"/api/v1/units/{HERE}/statistics?month=2024-11"
    whole = client.get(speeds).json["items"][0]
    assert float(here["download_mbps_median"]) == whole["download_mbps"]["median"] == 29.5
    assert (here["devices"], here["reached"], here["target"]) == ("20", "false", "300")
    near = commune(rows, NEAR)
    parts = {part: int(near[part]) for part in items[NEAR]["by_assurance"]}
    assert parts == items[NEAR]["by_assurance"]
    assert (parts["witnessed"], parts["claimed"], near["counted"]) == (13, 7, "20")


def test_cells_of_earlier_releases_lack_later_metrics() -> None:
    median = {"median": 40.0}
    row = _spreads({"download_mbps": median, "upload_mbps": None})
    assert row["download_mbps_median"] == 40
    assert row["ping_download_ms_median"] is row["jitter_ms_median"] is None


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
def test_few_samples_tell_no_speed(month: Flask, client: FlaskClient) -> None:
    publish(month)
    near = commune(table(client), NEAR)
    assert (near["counted"], near["download_mbps_median"]) == ("20", "")
    few = [r for r in table(client, "speeds") if r["code"] == NEAR]
    assert few and all(r["n"] == "20" and not r["ping_ms_p90"] for r in few)
    assert (few[0]["operator"], few[0]["technology"]) == ("all", "all")


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
def test_cells_of_few_volunteers_are_not_told(
    month: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    month.config["MINIMUM_N"] = 5
    rural, ids = unit_id(month, RURAL), phones(month, 5)
    for cell, people in zip((HERE_CELL, *h3.grid_ring(HERE_CELL, 1)[:2]), (5, 2, 1), strict=True):
        at = dict(zip(("latitude", "longitude"), h3.cell_to_latlng(cell), strict=True))
        rows = [
            measurement_row(
                rural, NINE + timedelta(days=n % 7), device_id=ids[n % people],
                download_mbps=float(n), **at,
            )
            for n in range(30)
        ]  # fmt: skip
        store_rows(month, *rows)
    publish(month)
    [cell] = table(client, "cells")
    assert (cell["n"], cell["devices"], cell["download_mbps_median"]) == ("30", "5", "14.5")
    assert cell["cell"] == HERE_CELL
    [shown] = geopandas.read_parquet(tmp_path / "open-data/2024-11/cells.parquet").geometry
    latitude, longitude = h3.cell_to_latlng(HERE_CELL)
    assert shown.contains(Point(longitude, latitude)) and len(shown.exterior.coords) == 7


def test_a_month_is_published_after_its_release(month: Flask) -> None:
    done = month.test_cli_runner().invoke(args=["reports", "publish-data", "2024-11"])
    assert done.exit_code == 1 and "not released yet" in done.output


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
def test_parquet_and_csv_hold_the_same(month: Flask, client: FlaskClient, tmp_path: Path) -> None:
    publish(month)
    frame = geopandas.read_parquet(tmp_path / "open-data/2024-11/units.parquet")
    rows = table(client)
    assert frame["code"].tolist() == [r["code"] for r in rows]
    assert frame["counted"].tolist() == [int(r["counted"]) for r in rows]
    assert frame.crs.to_epsg() == 4326
    one = frame[(frame.code == HERE) & (frame.level == "commune")].iloc[0]
    assert (one.geometry.x, one.geometry.y) == (one.longitude, one.latitude)
    types = duckdb.sql(f"describe from '{tmp_path}/open-data/2024-11/speeds.parquet'").fetchall()
    assert {"code": "VARCHAR", "n": "BIGINT", "ping_ms_mean": "DOUBLE"}.items() <= {
        name: kind for name, kind, *_ in types
    }.items()


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
def test_the_package_describes_every_file(month: Flask, client: FlaskClient) -> None:
    digests = publish(month)
    package = get(client, "datapackage.json").json
    assert package["licenses"][0]["name"] == "CC-BY-4.0" and package["demo"] is False
    assert package["boundaries"]["quality"] == "approximate" and package["minimum_n"] == 30
    for resource in package["resources"]:
        content = get(client, resource["path"]).data
        mark = hashlib.sha256(content).hexdigest()
        assert (resource["hash"], resource["bytes"]) == (f"sha256:{mark}", len(content))
        assert digests[resource["path"]] == mark
        fields = [field["name"] for field in resource["schema"]["fields"]]
        assert all(field["description"] for field in resource["schema"]["fields"])
        if resource["format"] == "csv":
            assert gzip.decompress(content).decode().splitlines()[0].split(",") == fields
        else:
            names = pd.read_parquet(io.BytesIO(content)).columns.tolist()
            assert [n for n in names if n != "geometry"] == fields


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
def test_the_same_figures_are_the_same_bytes(month: Flask, clock: FakeClock) -> None:
    first = publish(month)
    clock.now += timedelta(days=1)
    again = publish(month)
    assert {n: d for n, d in again.items() if n != "datapackage.json"} == {
        n: d for n, d in first.items() if n != "datapackage.json"
    }
    entries = audit_entries(month, "2024-11")
    assert [(act, details.get("digests")) for act, details in entries] == [
        ("release.make", None), ("open_data.publish", first), ("open_data.publish", again)
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
def test_what_a_client_has_is_not_sent_again(month: Flask, client: FlaskClient) -> None:
    digests = publish(month)
    for name, mark in digests.items():
        answer = get(client, name)
        assert answer.headers["ETag"] == f'"{mark}"'
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        again = get(client, name, headers={"If-None-Match": f'"{mark}"'})
        assert again.status_code == 304 and not again.data
    part = get(client, "units.parquet", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.data) == (206, b"PAR1")


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
def test_months_are_listed(month: Flask, client: FlaskClient) -> None:
    assert client.get("/open-data/").json == {"items": []}
    publish(month)
    [listed] = client.get("/open-data/").json["items"]
    assert listed == {"month": "2024-11", "path": f"{URL}/datapackage.json"}


@pytest.mark.parametrize(
    "address",
    ["2024-11/units.parquet", "2024-12/datapackage.json", "2024-11/secret_key", "../secret_key",
     "2024-11/..%2F..%2Fsecret_key", "x/units.parquet"],
)  # fmt: skip
def test_what_was_not_published_is_not_there(
    client: FlaskClient, app: Flask, tmp_path: Path, address: str
) -> None:
    app.config["VAR_DIR"] = tmp_path
    (tmp_path / "secret_key").write_text("x")
    (tmp_path / "open-data" / "2024-11").mkdir(parents=True)
    (tmp_path / "open-data" / "2024-11" / "secret_key").write_text("x")
    (tmp_path / "open-data" / "2024-11" / "units.parquet").write_text("before its package")
    assert client.get(f"/open-data/{address}").status_code == 404


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
def test_the_command_tells_digests(month: Flask) -> None:
    make_release(month)
    done = month.test_cli_runner().invoke(args=["reports", "publish-data", "2024-11"])
    assert done.exit_code == 0, done.output
    lines = dict(reversed(line.split()) for line in done.output.splitlines())
    assert set(lines) > {"2024-11/units.parquet", "2024-11/datapackage.json"}
    again = month.test_cli_runner().invoke(args=["reports", "publish-data", "2024-12"])
    assert again.exit_code == 1 and "not over" in again.output


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
def test_a_month_that_fails_does_not_stop_the_others(month: Flask, tmp_path: Path) -> None:
    make_release(month)
    make_release(month, "2024-10")
    (tmp_path / "open-data").mkdir()
    (tmp_path / "open-data" / "2024-10").write_text("where its folder would be")
    run = month.test_cli_runner().invoke
    done = run(args=["reports", "publish-data", "2024-12", "2024-10", "2024-11"])
    assert done.exit_code == 1 and "2024-11/units.parquet" in done.output
    first, second = done.output.splitlines()[-2:]
    assert first.startswith("Error: 2024-12: ") and "not over" in first
    assert second.startswith("2024-10: FileExistsError")


def test_a_running_month_is_not_published(month: Flask, clock: FakeClock, tmp_path: Path) -> None:
    clock.now = datetime(2024, 11, 30, 16, tzinfo=UTC)  # the last day, in Vietnam too
    with pytest.raises(Problem, match="data_of_running_month"):
        publish(month)
    assert not (tmp_path / "open-data").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
def test_made_up_months_say_so(month: Flask, client: FlaskClient) -> None:
    with month.app_context():
        db.session.add(DemoMonth(month="2024-11"))
        db.session.commit()
    publish(month)
    package = get(client, "datapackage.json").json
    assert package["demo"] is True and "SỐ LIỆU MINH HỌA" in package["title"]


@pytest.mark.long
def test_the_lines_of_the_documentation_run(
    month: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(month)
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "open-data.md").read_text("utf-8"), re.S)
    assert len(blocks) == 3
    monkeypatch.chdir(tmp_path)
    out = io.StringIO()
    with serving_app(month) as url, contextlib.redirect_stdout(out):
        for block in blocks:
            exec(block, {"url": url})
    said = out.getvalue()
    assert "29.5" in said and "Tỉnh Thái Nguyên" in said and "POINT" in said
