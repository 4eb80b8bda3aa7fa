"""Coverage as files: the same figures as the API's, in cells that a spreadsheet reckons with."""

import csv
import io

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.coverage.figures.files import COLUMNS
from backend.i18n.catalogues import gettext
from tests.support.daily_counts import count

URL = "/api/v1/coverage?month=2024-11&parent=19"
PUBLIC = [name for name in COLUMNS if name != "of_teams"]
VIETNAMESE = [gettext(COLUMNS[name], "vi") for name in PUBLIC]


@pytest.mark.slow
def test_the_workbook_holds_the_same_figures(app: Flask, client: FlaskClient) -> None:
    count(app, "05443", ("2024-11-10", 300), ("2024-11-11", 1))
    count(app, "05446", *[(f"2024-11-{day:02}", 5) for day in range(8, 20)])
    items = client.get(URL).json["items"]
    answer = client.get(f"{URL}&format=xlsx", headers={"Accept-Language": "vi"})
    assert sum(one["projection"] is not None for one in items) == 1
    assert (
        'filename="coverage-2024-11-commune-mobile.xlsx"' in answer.headers["Content-Disposition"]
    )
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None and sheet.freeze_panes == "D2" and sheet.auto_filter.ref
    head, *rows = sheet.iter_rows(values_only=True)
    assert list(head) == VIETNAMESE
    assert len(rows) == len(items) == 172
    for row, item in zip(rows, items, strict=True):
        found = dict(zip(PUBLIC, row, strict=True))
        for name in ("code", "name", "parent", "counted", "target", "shortfall", "expected"):
            assert found[name] == item[name]
        assert found["high"] == (item["projection"] or {"high": None})["high"]
        assert found["reached"] == ("có" if item["reached"] else "không")
        assert found["today"] == item["today"] == 0


def test_several_months_have_a_row_of_each_unit(app: Flask, client: FlaskClient) -> None:
    count(app, "05443", ("2024-10-10", 7), ("2024-11-11", 1))
    query = "from=2024-09&to=2024-11&parent=19&format=xlsx"
    answer = client.get(f"/api/v1/coverage?{query}", headers={"Accept-Language": "en"})
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    assert book.sheetnames == ["By month", "Units"]
    head, *rows = book["By month"].iter_rows(values_only=True)
    assert head == ("Code", "Unit", "Part of", "2024-09", "2024-10", "2024-11")
    assert [row[3:] for row in rows if row[0] == "05443"] == [(0, 7, 1)]
    assert len(list(book["Units"].iter_rows())) == 3 * 172 + 1


def test_the_table_tells_codes(app: Flask, client: FlaskClient) -> None:
    count(app, "05443", ("2024-11-10", 300))
    body = client.get(f"{URL}&format=csv&filter=reached").get_data(as_text=True)
    (row,) = csv.DictReader(io.StringIO(body.removeprefix("\ufeff")))
    assert (row["code"], row["counted"], row["state"], row["reached"]) == (
        "05443", "300", "reached", "True",
    )  # fmt: skip


def test_a_page_offers_the_table_with_heads_in_its_language(
    app: Flask, client: FlaskClient
) -> None:
    count(app, "05443", ("2024-11-10", 300))
    assert "/table.csv?" in client.get("/unit/19?month=2024-11").text
    for language, expected in (("vi", ("300", "đạt", "có")), ("en", ("300", "reached", "yes"))):
        url = f"/table.csv?month=2024-11&parent=19&filter=reached&lang={language}"
        answer = client.get(url)
        assert answer.content_type == "text/csv; charset=utf-8"
        head, row = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
        assert head == [gettext(COLUMNS[name], language) for name in PUBLIC]
        found = dict(zip(PUBLIC, row, strict=True))
        assert (found["counted"], found["state"], found["reached"]) == expected
