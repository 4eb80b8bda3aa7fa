"""Lists are read as spreadsheets write them, and files that cannot be read are refused."""

import csv
import io
import time
from datetime import date

import openpyxl
import pytest
import xlsxwriter
from flask import Flask

from backend.campaign_setup.team_lines import TeamLine, as_text
from backend.campaign_setup.team_rows import EXAMPLE, TEAMS
from backend.campaign_setup.team_template import HEADER, template
from backend.errors import Problem
from backend.i18n.messages import message
from backend.tables.reader import read_table
from backend.tables.sheet_import import read_sheet
from tests.support.team_files import cp1258, errors, import_list, replace_parts, workbook


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("cp1258", "windows-1258"),
    ],
)
def test_the_encodings_of_spreadsheets(encoding: str, found: str) -> None:
    body = "Tên đội\tLoại đội\nĐội Hoà Bình Trãi Ý\tThanh niên\n"
    raw = cp1258(body) if encoding == "cp1258" else body.encode(encoding)
    sheet = read_sheet(raw, TEAMS)
    assert sheet.how == {"format": "csv", "encoding": found, "delimiter": "tab"}
    assert [row.cells["name"] for row in sheet.rows] == ["Đội Hoà Bình Trãi Ý"]


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
def test_a_file_that_cannot_be_read(raw: bytes, code: str) -> None:
    assert refusal_of(raw) == code and message(code, "en") != code


def refusal_of(raw: bytes) -> str:
    with pytest.raises(Problem) as refused:
        read_table(raw, TEAMS)
    [error] = refused.value.errors
    assert (refused.value.status, error.field) == (422, "file")
    return error.code


def test_windows_1252_where_nothing_else_is_possible() -> None:
    sheet = read_sheet("name,type\nHòa Bình,youth\n".encode("cp1252"), TEAMS)
    assert sheet.how["encoding"] == "windows-1252" and sheet.rows[0].cells["name"] == "Hòa Bình"


def test_a_name_may_hold_a_line_break_and_lines_are_still_right() -> None:
    raw = 'Danh sách đội,,Ghi chú\n\nname,type,Ghi chú\n"Đội\n1",youth\n"Đội "2,youth\n'.encode()
    sheet = read_sheet(raw, TEAMS)
    assert [(row.line, row.cells.get("name")) for row in sheet.rows] == [(4, "Đội 1"), (6, None)]
    assert [one.code for one in sheet.rows[1].errors] == ["not_csv"]
    assert (list(sheet.columns), sheet.ignored) == (["name", "type"], ("Ghi chú",))


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_template_is_read_back(app: Flask, youth: int, form: str) -> None:
    sheet = read_sheet(template(form), TEAMS)
    assert list(sheet.columns) == list(TEAMS.columns) and sheet.ignored == ()
    assert [row.cells["name"] for row in sheet.rows] == [EXAMPLE]
    listed = as_text([TeamLine(**row.cells) for row in sheet.rows])
    done = import_list(app, youth, listed, dry_run=True)
    assert errors(done) == [(1, "name", "example_left")]


def test_the_template_holds_no_formula() -> None:
    book = openpyxl.load_workbook(io.BytesIO(template("xlsx")))
    assert book.sheetnames == ["Đội", "Hướng dẫn"]
    assert [cell.value for cell in book["Đội"][1]] == list(HEADER)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value]
    assert {cell.data_type for cell in cells} == {"s"}
    table = template("csv").decode("utf-8-sig")
    assert not [cell for row in csv.reader(io.StringIO(table)) for cell in row if cell[0] in "=+-@"]


def test_what_spreadsheets_make_of_cells() -> None:
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
    sheet = read_sheet(raw, TEAMS)
    assert sheet.how == {"format": "xlsx", "sheet": "Sheet"}
    first, *_, last = sheet.rows
    assert (first.cells["home_commune"], first.cells["capacity_per_day"]) == ("5713", "40")
    assert (last.cells["name"], last.cells["capacity_per_day"]) == ("1", "2.5")
    assert [(row.line, row.lost) for row in sheet.rows if row.lost] == [
        (4, {"name": "cell_is_date"}),
        (5, {"capacity_per_day": "cell_is_formula"}),
        (6, {"name": "cell_is_logical"}),
        (7, {"type": "cell_is_error"}),
    ]


def test_a_formula_with_its_result_is_read() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet("Khác").write_row(0, 0, ["Ghi chú"])
        sheet = book.add_worksheet("Đội")
        sheet.write_row(0, 0, ["name", "type", "capacity"])
        sheet.write_row(1, 0, ["Đội 1", "youth"])
        sheet.write_formula(1, 2, "=20*2", None, 40)
    found = read_sheet(out.getvalue(), TEAMS)
    assert found.how["sheet"] == "Đội" and found.rows[0].cells["capacity_per_day"] == "40"


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
def test_a_poisoned_workbook_is_refused(part: str, content: bytes, code: str) -> None:
    raw = replace_parts(workbook(["name", "type"], ["Đội 1", "youth"]), **{part: content})
    assert refusal_of(raw) == code


def test_a_dtd_in_another_encoding_is_refused() -> None:
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
    assert refusal_of(raw) == "not_workbook"


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


def test_a_workbook_cut_off_anywhere_is_refused() -> None:
    raw = workbook(["name", "type"], ["Đội 1", "youth"])
    for length in range(10, len(raw) - 1, len(raw) // 15):
        assert refusal_of(raw[:length]) == "not_workbook"
