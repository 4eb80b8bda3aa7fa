"""The page of open data, and the builder of widgets."""

import html
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.reports.open_data import service as open_data
from backend.reports.open_data.tables import TABLES
from tests.support.clock import FakeClock
from tests.support.measurements import NINE, make_release, measurement_row, members, store_rows
from tests.support.people import unit_id


@pytest.fixture
def folder(app: Flask, tmp_path: Path) -> Path:
    app.config["VAR_DIR"] = tmp_path
    return tmp_path


@pytest.mark.slow
def test_before_the_first_month_the_page_tells_when_and_what(
    client: FlaskClient, folder: Path
) -> None:
    page = client.get("/data").text
    assert "Chưa có tháng nào được công bố" in page and "16/12/2024" in page
    for kind in TABLES:
        assert kind.title.partition(" / ")[0] in page
    assert "Mã đơn vị hành chính" in page and "Creative Commons BY 4.0" in page
    assert client.get("/data?month=2024-11").status_code == 404
    footer = client.get("/").text.rpartition("<footer")[2]
    assert 'href="/data"' in footer and "/open-data/" not in footer


@pytest.mark.long
def test_a_published_month_has_files_a_preview_and_a_citation(
    app: Flask, client: FlaskClient, clock: FakeClock, folder: Path
) -> None:
    clock.now = datetime(2024, 12, 3, tzinfo=UTC)
    here, ids = unit_id(app, "05443"), members(app, 10)
    rows = [
        measurement_row(here, NINE + timedelta(hours=n), device_id=ids[n % 10]) for n in range(40)
    ]
    store_rows(app, *rows)
    make_release(app)
    run = app.test_cli_runner()
    with app.app_context():
        assert open_data.due_months() == ["2024-11"]
    assert "2024-11/speeds.xlsx" in run.invoke(args=["reports", "publish-data"]).output
    assert run.invoke(args=["reports", "publish-data"]).output == ""  # nothing is due
    page = client.get("/data").text
    for suffix in ("csv.gz", "parquet", "xlsx"):
        assert f'href="/open-data/2024-11/units.{suffix}"' in page
    preview = page.partition('id="table-units"')[2].partition("<details")[0]
    assert "Phường Trưng Vương" in preview  # the first row with samples
    assert "Huyện A Lưới" not in preview
    assert "@misc{dosong-2024-11," in page and "http://localhost/data?month=2024-11" in page
    english = client.get("/data?lang=en").text
    assert "Official code of the unit" in english and "Samples and speeds by unit" in english
    sheet = openpyxl.load_workbook(folder / "open-data/2024-11/speeds.xlsx").active
    heads, first = list(sheet.iter_rows(max_row=2, values_only=True))
    assert heads[:4] == ("month", "network", "level", "code") and first[0] == "2024-11"
    assert "0" in sheet["D2"].value or sheet["D2"].value.isdecimal()  # codes stay texts


def test_where_figures_wait_for_approval_a_person_publishes(
    app: Flask, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    make_release(app, "2024-09")
    monkeypatch.setitem(app.config, "PUBLISH", "after_approval")
    with app.app_context():
        assert open_data.due_months() == []


def test_the_builder_gives_the_code_of_a_widget(client: FlaskClient) -> None:
    query = {"unit": "tỉnh thái nguyên", "size": "wide", "words": "en", "network": "fixed"}
    answer = client.get("/embed", query_string=query)
    page = html.unescape(answer.text)
    address = "http://localhost/unit/19/widget?network=fixed&amp;lang=en"
    assert f'<iframe src="{address}" title="Đo Sóng: Tỉnh Thái Nguyên" width="100%"' in page
    assert 'src="/unit/19/widget?network=fixed&lang=en"' in page
    assert "frame-src 'self'" in answer.headers["Content-Security-Policy"]
    assert client.get("/unit/19/widget?network=fixed&lang=en").status_code == 200


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("xứ sở diệu kỳ", "Không có đơn vị nào tên như vậy."),
        ("xã tân lập", "/embed?unit=X%C3%A3+T%C3%A2n+L%E1%BA%ADp"),
        ('"><script>', "Hãy chọn đơn vị trước."),
    ],
)
def test_an_unclear_unit_is_asked(client: FlaskClient, text: str, said: str) -> None:
    page = client.get("/embed", query_string={"unit": text})
    assert page.status_code == 200 and said in page.text
    assert "Hãy chọn đơn vị trước." in page.text and "<script>" not in page.text


def test_a_wrong_choice_names_its_field(client: FlaskClient) -> None:
    assert client.get("/embed?size=huge").status_code == 422
    assert client.get("/embed?words=fr").status_code == 422
