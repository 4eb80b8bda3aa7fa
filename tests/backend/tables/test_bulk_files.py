"""The import of teams reads what spreadsheets write, and refuses plainly what it cannot."""

import csv
import gzip
import io
import time
from datetime import date

import openpyxl
import pytest
import xlsxwriter
from flask import Flask
from flask.testing import FlaskClient

from backend.tables.reader import read_table
from backend.team_import.rows import TEAMS
from backend.team_import.template import EXAMPLE, HEADER
from backend.team_import.views import XLSX
from tests.support.problems import wrong_fields
from tests.support.team_files import GOOD, cp1258, errors, replace_parts, send, teams, url, workbook


@pytest.mark.slow
@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1258", "windows-1258"),
    ],
)
def test_the_encodings_of_spreadsheets(
    app: Flask,
    client: FlaskClient,
    youth: int,
    organiser: dict[str, str],
    encoding: str,
    found: str,
) -> None:
    body = "Tên đội\tLoại đội\nĐội Hoà Bình Trãi Ý\tThanh niên\n"
    raw = cp1258(body) if encoding == "cp1258" else body.encode(encoding)
    answer = send(client, url(youth), raw, organiser)
    assert answer.status_code == 200, answer.text
    assert answer.json["read_as"] == {"format": "csv", "encoding": found, "delimiter": "tab"}
    assert [row[0] for row in teams(app)] == ["Đội Hoà Bình Trãi Ý"]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "no_header"),
        (b"\xff\xfe\x00", "encoding_unknown"),
        (b"name,type\n", "no_rows"),
        (b"xa,loai\n05692,youth\n", "no_header"),
        (b"name,team\nx,y\n", "column_twice"),
        (b"name,type\n\xc3\xe3\x81\x8f,youth\n", "encoding_unknown"),
        ("name,type\nTr\u00e3i,youth\n".encode("cp1252"), "encoding_unclear"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old_workbook"),
        (b"name,type\n" + b"a,youth\n" * 5_001, "too_many_rows"),
        (b"PK\x03\x04 damaged", "not_workbook"),
    ],
)
def test_a_file_that_cannot_be_read(
    client: FlaskClient, youth: int, organiser: dict[str, str], raw: bytes, code: str
) -> None:
    for dry_run in (True, False):
        answer = send(client, url(youth, dry_run), raw, organiser)
        assert wrong_fields(answer) == [("file", code)]
        assert answer.json["errors"][0]["message"] != code


def test_windows_1252_where_nothing_else_is_possible(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    raw = "name,type\nHòa Bình,youth\n".encode("cp1252")
    assert send(client, url(youth), raw, organiser).json["read_as"]["encoding"] == "windows-1252"
    assert teams(app)[0][0] == "Hòa Bình"


def test_control_characters_and_long_cells_are_refused(
    client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    body = f"name,type\na\x00b,youth\n{'x' * 201},youth\n---,youth\na,{'x' * 301}\n"
    answer = send(client, url(youth), body, organiser)
    assert errors(answer) == [
        (2, "name", "has_control"),
        (3, "name", "too_long"),
        (4, "name", "blank"),
        (5, "type", "too_long"),
    ]


def test_a_name_may_hold_a_line_break_and_lines_are_still_right(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    body = 'Danh sách đội\n\nname,type\n"Đội\n1",youth\n,youth\n'
    assert errors(send(client, url(youth), body, organiser)) == [(6, "name", "required")]
    answer = send(client, url(youth), body.removesuffix(",youth\n"), organiser)
    assert answer.json["rows"][0]["line"] == 4 and teams(app)[0][0] == "Đội 1"


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_template_is_read_back(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str], form: str
) -> None:
    where = f"/api/v1/organisations/{youth}/teams/template?format={form}"
    given = client.get(where, headers=organiser)
    assert given.status_code == 200
    assert f"doi.{form}" in given.headers["Content-Disposition"]
    answer = send(client, url(youth, True), given.data, organiser, given.mimetype)
    assert answer.json["columns"] == list(TEAMS.columns)
    assert "example_left" in [code for _, _, code in errors(answer)]
    if form == "csv":
        body = given.data.decode().replace(EXAMPLE, "Đội 1").replace("Xã Hoá", "Thị trấn Hoá")
        row = send(client, url(youth), body, organiser).json["rows"][0]
        assert row["changes"]["type"]["after"] == "youth"


def test_the_template_holds_no_formula(
    client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    where = f"/api/v1/organisations/{youth}/teams/template"
    book = openpyxl.load_workbook(io.BytesIO(client.get(where, headers=organiser).data))
    assert book.sheetnames == ["Đội", "Hướng dẫn"]
    assert [cell.value for cell in book["Đội"][1]] == list(HEADER)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value]
    assert {cell.data_type for cell in cells} == {"s"}
    table = client.get(f"{where}?format=csv", headers=organiser).data.decode("utf-8-sig")
    assert not [cell for row in csv.reader(io.StringIO(table)) for cell in row if cell[0] in "=+-@"]


def test_what_spreadsheets_make_of_cells(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    raw = workbook(
        ["Danh sách"],
        ["Tên đội", "Loại đội", "Xã", "Số mẫu mỗi ngày"],
        ["Đội 1", "youth", 5713, 40.0],
        [date(2026, 3, 26), "youth"],
        ["Đội 3", "youth", None, "=20*2"],
        [True, "youth"],
        ["Đội 5", "#REF!"],
        [1, "youth", None, 2.5],
    )
    answer = send(client, url(youth), raw, organiser, XLSX)
    assert errors(answer) == [
        (4, "name", "cell_is_date"),
        (5, "capacity_per_day", "cell_is_formula"),
        (6, "name", "cell_is_logical"),
        (7, "type", "cell_is_error"),
        (8, "capacity_per_day", "not_whole"),
    ]
    dry = send(client, url(youth, True), raw, organiser, XLSX)
    assert dry.json["read_as"] == {"format": "xlsx", "sheet": "Sheet"}
    assert [one["code"] for one in dry.json["rows"][0]["notes"]] == ["code_padded"]
    assert teams(app) == []


def test_a_formula_with_its_result_is_read(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet("Khác").write_row(0, 0, ["Ghi chú"])
        sheet = book.add_worksheet("Đội")
        sheet.write_row(0, 0, ["name", "type", "capacity"])
        sheet.write_row(1, 0, ["Đội 1", "youth"])
        sheet.write_formula(1, 2, "=20*2", None, 40)
    answer = send(client, url(youth), out.getvalue(), organiser, XLSX)
    assert answer.json["read_as"]["sheet"] == "Đội"
    assert teams(app) == [("Đội 1", "youth", None, 40, 1)]


def test_merged_cells_are_shared_by_their_rows(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    rows = [["name", "type"], ["Đội 1", "youth"], ["Đội 2"], ["Đội 3"], ["Đội 4", "staff"]]
    raw = workbook(*rows, merged=["B2:B4"])
    assert send(client, url(youth), raw, organiser, XLSX).status_code == 200
    assert [row[1] for row in teams(app)] == ["youth", "youth", "youth", "staff"]


@pytest.mark.parametrize(
    ("part", "content", "code"),
    [
        ("xl/media/bomb.bin", b"\0" * 30_000_000, "unpacks_too_large"),
        ("xl/worksheets/sheet1.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "not_workbook"),
        ("xl/worksheets/sheet1.xml", b"<worksheet", "not_workbook"),
        ("xl/workbook.xml", b"", "not_workbook"),
        (
            "xl/worksheets/sheet1.xml",
            b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
            b'<sheetData><row r="9999999"><c r="A9999999" t="str"><v>name</v></c></row></sheetData>'
            b"</worksheet>",
            "no_header",  # no spreadsheet has such a row: it is not waited for
        ),
    ],
)
def test_a_poisoned_workbook_is_refused(
    client: FlaskClient,
    youth: int,
    organiser: dict[str, str],
    part: str,
    content: bytes,
    code: str,
) -> None:
    raw = replace_parts(workbook(["name", "type"], ["Đội 1", "youth"]), **{part: content})
    answer = send(client, url(youth), raw, organiser, XLSX)
    assert answer.status_code == 422, answer.text
    assert answer.json["errors"][0]["code"] == code


def test_a_dtd_in_another_encoding_is_refused(
    client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    sheet = (
        '<?xml version="1.0" encoding="UTF-16"?>'
        f'<!DOCTYPE worksheet [<!ENTITY long "{"x" * 100}">]>'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="str"><v>name</v></c><c r="B1" t="str"><v>type</v></c></row>'
        '<row r="2"><c r="A2" t="str"><v>&long;</v></c><c r="B2" t="str"><v>youth</v></c></row>'
        "</sheetData></worksheet>"
    )
    raw = workbook(["name", "type"], ["Đội 1", "youth"])
    raw = replace_parts(raw, **{"xl/worksheets/sheet1.xml": sheet.encode("utf-16")})
    answer = send(client, url(youth), raw, organiser, XLSX)
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "not_workbook")


def test_the_time_for_a_file_grows_with_its_size_alone() -> None:
    """Beginnings without an end are not searched for it one by one: 5 kB took 14 seconds."""
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1" t="str"><v>name</v></c></row>'
        b'<row r="2"><c r="A2" t="str"><v>An</v></c></row></sheetData>'
        b"<!--" + b"<mergeCell " * 100_000 + b"--></worksheet>"
    )
    raw = replace_parts(workbook(["name"]), **{"xl/worksheets/sheet1.xml": sheet})
    began = time.process_time()
    assert len(read_table(raw, TEAMS).rows) == 1
    assert len(read_table(b"(" * 100_000 + b"\nname\nAn\n", TEAMS).rows) == 1
    assert time.process_time() - began < 10


def test_a_workbook_cut_off_anywhere_is_refused(
    client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    raw = workbook(["name", "type"], ["Đội 1", "youth"])
    for length in range(10, len(raw) - 1, len(raw) // 15):
        answer = send(client, url(youth, True), raw[:length], organiser, XLSX)
        assert answer.status_code == 422 and answer.json["errors"][0]["code"] == "not_workbook"


@pytest.mark.slow
def test_the_body_may_be_gzip_and_has_a_type_and_a_size(
    monkeypatch: pytest.MonkeyPatch, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    packed = {"Content-Encoding": "gzip"}
    answer = send(client, url(youth, True), gzip.compress(GOOD.encode()), organiser, **packed)
    assert answer.json["totals"]["create"] == 2
    # A Windows with Excel calls a CSV file so.
    excel = "application/vnd.ms-excel"
    assert send(client, url(youth, True), GOOD, organiser, excel).status_code == 200
    answer = send(client, url(youth), GOOD, organiser, "application/json")
    assert (answer.status_code, answer.json["code"]) == (415, "not_table")
    monkeypatch.setattr("backend.http.requests.MAX_BODY_BYTES", 100)
    assert send(client, url(youth), GOOD, organiser).status_code == 413
