"""POST /api/v1/organisations/{id}/teams/import: many teams at once, all of them or none."""

import csv
import gzip
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backend.accounts.models import AuditEntry
from backend.campaigns import bulk_places, bulk_table
from backend.campaigns.bulk_places import Place, Places
from backend.campaigns.bulk_template import EXAMPLE, HEADER
from backend.campaigns.bulk_views import XLSX
from backend.campaigns.models import Team
from backend.extensions import db
from tests.conftest import Hands
from tests.factories import register
from tests.people import organisation, person, team, unit_id

HEAD = "Tên đội,Loại đội,Xã,Số mẫu mỗi ngày\n"
GOOD = (
    HEAD + "Đội 1,Thanh niên,05692,40\n"
    '"Đội Huống Thượng",Tổ công nghệ số cộng đồng,"Xã Huống Thượng, Thành phố Thái Nguyên",\n'
)


@pytest.fixture
def youth(app: Flask) -> int:
    return organisation(app)


@pytest.fixture
def organiser(app: Flask, youth: int) -> dict[str, str]:
    return person(app, "organiser", youth)


def url(organisation_id: int, dry_run: bool | None = False) -> str:
    query = "" if dry_run is None else f"?dry_run={str(dry_run).lower()}"
    return f"/api/v1/organisations/{organisation_id}/teams/import{query}"


def send(
    client: FlaskClient,
    where: str,
    body: str | bytes,
    headers: dict[str, str],
    kind: str = "text/csv",
    **more: str,
) -> Any:
    sent = body.encode() if isinstance(body, str) else body
    return client.post(where, data=sent, headers={**headers, **more}, content_type=kind)


def workbook(*rows: list[Any], **options: Any) -> bytes:
    """A workbook of one sheet of these rows; `merged` ranges are merged."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for area in options.get("merged", ()):
        sheet.merge_cells(area)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def teams(app: Flask) -> list[tuple[Any, ...]]:
    with app.app_context():
        columns = (Team.name, Team.type, Team.home_unit_id, Team.capacity_per_day, Team.version)
        return [tuple(row) for row in db.session.execute(select(*columns).order_by(Team.id))]


def notes(app: Flask) -> list[AuditEntry]:
    with app.app_context():
        query = select(AuditEntry).where(AuditEntry.act == "team.import").order_by(AuditEntry.id)
        return list(db.session.scalars(query))


def errors(answer: Any) -> list[tuple[int, str, str]]:
    rows = answer.json["rows"]
    return [(row["line"], one["field"], one["code"]) for row in rows for one in row["errors"]]


def totals(**counts: int) -> dict[str, int]:
    unset = dict.fromkeys(("create", "update", "unchanged", "error"), 0)
    return {"rows": sum(counts.values()), **unset, **counts}


def test_a_dry_run_shows_every_row_and_writes_nothing(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    answer = send(client, url(youth, True), GOOD, organiser)
    assert answer.status_code == 200
    assert answer.json["totals"] == totals(create=2)
    assert answer.json["as_of"] == "2024-11-20"
    first = answer.json["rows"][0]
    assert (first["line"], first["outcome"], first["team_id"]) == (2, "create", None)
    label = "Thị trấn Hóa Thượng, Huyện Đồng Hỷ, Tỉnh Thái Nguyên (05692)"
    assert first["changes"]["home_commune"] == {"before": None, "after": label}
    assert teams(app) == [] and notes(app) == []


def test_without_a_word_it_is_a_dry_run(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    assert send(client, url(youth, None), GOOD, organiser).json["dry_run"] is True
    assert teams(app) == []


def test_the_file_is_written_once_and_changes_nothing_again(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    first = send(client, url(youth), GOOD, organiser)
    assert [row["outcome"] for row in first.json["rows"]] == ["create", "create"]
    stand = teams(app)
    homes = [unit_id(app, "05692"), unit_id(app, "05713")]
    assert stand == [
        ("Đội 1", "youth", homes[0], 40, 1),
        ("Đội Huống Thượng", "community_digital", homes[1], None, 1),
    ]
    again = send(client, url(youth), GOOD, organiser)
    assert again.json["totals"]["unchanged"] == 2
    assert [row["team_id"] for row in again.json["rows"]] == [
        row["team_id"] for row in first.json["rows"]
    ]
    assert teams(app) == stand
    made, repeated = notes(app)
    assert len(made.details["created"]) == 2 and made.details["changed"] == {}
    assert repeated.details["created"] == [] and repeated.details["changed"] == {}


def test_an_imported_team_is_there_for_the_rest_of_the_api(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    send(client, url(youth), GOOD, organiser)
    listed = client.get(f"/api/v1/organisations/{youth}/teams", headers=organiser)
    assert [one["name"] for one in listed.json["items"]] == ["Đội 1", "Đội Huống Thượng"]
    same = {"name": "ĐỘI  1", "type": "youth"}
    answer = client.post(f"/api/v1/organisations/{youth}/teams", json=same, headers=organiser)
    assert answer.status_code == 409


def test_a_team_that_stands_is_updated_by_what_differs(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    known = team(app, youth, "Đội 1", capacity_per_day=30, home_unit_id=unit_id(app, "05692"))
    body = "name;capacity;commune\n  ĐỘI   1 ;45;\n"
    answer = send(client, url(youth), body, organiser)
    assert answer.json["read_as"]["delimiter"] == "semicolon"
    row = answer.json["rows"][0]
    assert (row["outcome"], row["team_id"]) == ("update", known)
    assert row["changes"] == {"capacity_per_day": {"before": 30, "after": 45}}
    assert teams(app) == [("Đội 1", "youth", unit_id(app, "05692"), 45, 2)]
    assert notes(app)[0].details["changed"] == {str(known): {"capacity_per_day": [30, 45]}}


def test_one_bad_row_writes_nothing_and_all_are_named(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    body = (
        HEAD + "Đội 1,Thanh niên,05692,40\n"
        ",Thanh niên,,\n"
        "Đội 2,hội,,\n"
        "Đội 3,,,\n"
        "Đội 4,youth,99999,\n"
        "Đội 5,youth,Xã Tân Lập,\n"
        "Đội 6,youth,,nhiều\n"
        "đội  1,youth,,\n"
        "=cmd|'/c calc'!A1,youth,,\n"
        "Đội 8,youth,Xã Hoá Thượng, Huyện Đồng Hỷ,5\n"
        "Đ?i 9,youth,,\n"
        '"Đội "10,youth,,\n'
        "Đội 11,youth,,100001\n"
    )
    answer = send(client, url(youth), body, organiser)
    assert (answer.status_code, answer.json["code"]) == (422, "import_refused")
    expected = [
        (3, "name", "required"),
        (4, "type", "type_unknown"),
        (5, "type", "required"),
        (6, "home_commune", "place_code_unknown"),
        (7, "home_commune", "place_ambiguous"),
        (8, "capacity_per_day", "not_whole"),
        (9, "name", "row_twice"),
        (10, "name", "like_formula"),
        (11, "", "too_many_cells"),
        (12, "name", "letters_lost"),
        (13, "", "not_csv"),
        (14, "capacity_per_day", "out_of_range"),
    ]
    assert errors(answer) == expected
    assert [(one["field"], one["code"]) for one in answer.json["errors"]] == [
        (f"rows.{line}.{field}".rstrip("."), code) for line, field, code in expected
    ]
    assert answer.json["totals"]["create"] == 1 and answer.json["totals"]["error"] == 12
    by_line = {row["line"]: row["errors"][0] for row in answer.json["rows"]}
    assert by_line[9]["candidates"] == ["2"]
    assert len(by_line[7]["candidates"]) == bulk_places.CANDIDATES_MOST
    assert all(one.startswith("Xã Tân Lập, ") for one in by_line[7]["candidates"])
    assert all(one["message"] != one["code"] for one in by_line.values())
    assert teams(app) == [] and notes(app) == []
    dry = send(client, url(youth, True), body, organiser, **{"Accept-Language": "en"})
    assert dry.status_code == 200 and errors(dry) == expected
    assert dry.json["rows"][1]["errors"][0]["message"] == "This field is missing."


def test_a_file_of_many_teams_with_bad_rows(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    """Must show 7 with fewer rows: `scripts/bench bulk` does it with 5,000."""
    rows = [[f"Đội {n}", "youth", "05692", "20"] for n in range(600)]
    bad = range(0, 600, 12)
    for n in bad:
        rows[n][n % 3] = ("", "hội", "Xã Không Đâu")[n % 3]
    listed = {n: rows[n][:] for n in bad}

    def body() -> str:
        out = io.StringIO()
        csv.writer(out).writerows([["name", "type", "commune", "capacity"], *rows])
        return out.getvalue()

    dry = send(client, url(youth, True), body(), organiser)
    assert dry.json["totals"] == totals(create=550, error=50)
    assert {row["line"] - 2 for row in dry.json["rows"] if row["errors"]} == set(bad)
    real = send(client, url(youth), body(), organiser)
    assert real.status_code == 422 and len(real.json["rows"]) == 50
    assert teams(app) == []
    for n in listed:
        rows[n] = [f"Đội {n}", "youth", "05692", "20"]
    done = send(client, url(youth), body(), organiser)
    assert done.json["totals"]["create"] == 600
    stand = teams(app)
    assert len(stand) == 600
    assert send(client, url(youth), body(), organiser).json["totals"]["unchanged"] == 600
    assert teams(app) == stand


@pytest.mark.parametrize(
    ("encoding", "told"),
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
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str], encoding: str, told: str
) -> None:
    body = "Tên đội\tLoại đội\nĐội Hoà Bình Trãi Ý\tThanh niên\n"
    raw = cp1258(body) if encoding == "cp1258" else body.encode(encoding)
    answer = send(client, url(youth), raw, organiser)
    assert answer.status_code == 200, answer.text
    assert answer.json["read_as"] == {"format": "csv", "encoding": told, "delimiter": "tab"}
    assert [row[0] for row in teams(app)] == ["Đội Hoà Bình Trãi Ý"]


def cp1258(body: str) -> bytes:
    """As Windows writes Vietnamese: the tone behind its vowel."""
    import unicodedata

    out = b""
    for letter in body:
        try:
            out += letter.encode("cp1258")
        except UnicodeEncodeError:
            for tone in "\u0300\u0301\u0303\u0309\u0323":
                split = unicodedata.normalize("NFD", letter)
                if tone in split:
                    base = unicodedata.normalize("NFC", split.replace(tone, ""))
                    out += base.encode("cp1258") + tone.encode("cp1258")
    return out


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
        assert answer.status_code == 422, answer.text
        assert [(one["field"], one["code"]) for one in answer.json["errors"]] == [("file", code)]
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


@pytest.mark.parametrize(
    ("words", "code", "note"),
    [
        ("5713", "05713", "code_padded"),
        ("xã huống thượng, tp. thái nguyên", "05713", None),
        ("X. Huống Thượng", "05713", None),
        ("Huống Thượng, Thái Nguyên, Tỉnh Thái Nguyên", "05713", None),
        ("Xa Huong Thuong, Thai Nguyen", "05713", "place_loosely"),
        ("Thị trấn Hoá Thượng", "05692", None),
        ("471", "471", None),
        ("Xã Huống Thượng, Huyện Đồng Hỷ", None, "place_unknown"),
        ("Xã Huống Thươngg", None, "place_unknown"),
        ("Xứ Nẫu", None, "place_unknown"),
    ],
)
def test_a_commune_is_found_as_people_write_it(
    app: Flask,
    client: FlaskClient,
    youth: int,
    organiser: dict[str, str],
    words: str,
    code: str | None,
    note: str | None,
) -> None:
    answer = send(client, url(youth), f'name,type,xã\nĐội 1,youth,"{words}"\n', organiser)
    row = answer.json["rows"][0]
    if code is None:
        assert [one["code"] for one in row["errors"]] == [note]
        return
    assert [one["code"] for one in row["notes"]] == [note] * (note is not None)
    assert teams(app)[0][2] == unit_id(app, code)
    told = row["changes"]["home_commune"]["after"]
    again = send(client, url(youth), f'name,type,xã\nĐội 1,youth,"{told}"\n', organiser)
    assert again.json["totals"]["unchanged"] == 1


def test_a_misspelt_commune_is_answered_with_what_was_meant(
    client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    answer = send(client, url(youth), "name,type,xã\nĐội 1,youth,Xã Huống Thươngg\n", organiser)
    candidates = answer.json["rows"][0]["errors"][0]["candidates"]
    assert "Xã Huống Thượng, Thành phố Thái Nguyên, Tỉnh Thái Nguyên (05713)" in candidates


def test_of_several_communes_of_a_name_that_of_the_organisation_is_meant(
    app: Flask, client: FlaskClient
) -> None:
    province = unit_id(app, "46", level="province")
    local = organisation(app, "Tỉnh Đoàn Thừa Thiên Huế", unit_id=province)
    headers = person(app, "organiser", local)
    answer = send(client, url(local), "name,type,xã\nĐội 1,youth,Xã Phú An\n", headers)
    row = answer.json["rows"][0]
    assert [one["code"] for one in row["notes"]] == ["place_at_home"]
    told = "Xã Phú An, Huyện Phú Vang, Thành phố Huế (19912)"
    assert row["changes"]["home_commune"]["after"] == told


def test_the_communes_are_those_of_today(
    app: Flask, client: FlaskClient, clock: Hands, youth: int, organiser: dict[str, str]
) -> None:
    send(client, url(youth), GOOD, organiser)
    clock.now = datetime(2025, 7, 10, tzinfo=UTC)
    body = "name,xã\nĐội 1,Xã Đồng Hỷ\nĐội Huống Thượng,Xã Huống Thượng\n"
    now = send(client, url(youth, True), body, organiser).json
    assert now["as_of"] == "2025-07-10"
    assert now["rows"][0]["changes"]["home_commune"] == {
        "before": "Thị trấn Hóa Thượng (05692)",
        "after": "Xã Đồng Hỷ, Tỉnh Thái Nguyên (05692)",
    }
    assert now["rows"][1]["errors"][0]["code"] == "place_unknown"


def test_a_leader_is_shown_and_neither_kept_nor_invited(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    body = (
        "name,type,leader\nĐội 1,youth,an@example.vn\nĐội 2,youth,912 345 678\nĐội 3,youth,Anh An\n"
    )
    dry = send(client, url(youth, True), body, organiser)
    assert [row["leader"] for row in dry.json["rows"]] == ["an@example.vn", "0912345678", None]
    assert errors(dry) == [(4, "leader", "not_contact")]
    assert dry.json["rows"][0]["notes"][0]["code"] == "leader_not_invited"
    send(client, url(youth), body.replace("Đội 3,youth,Anh An\n", ""), organiser)
    assert "an@example.vn" not in str(notes(app)[0].details)


def test_columns_that_mean_nothing_here_are_told(
    client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    answer = send(client, url(youth, True), "name,type,Ghi chú\nĐội 1,youth,x\n", organiser)
    assert answer.json["columns"] == ["name", "type"]
    assert answer.json["ignored_columns"] == ["Ghi chú"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_template_is_read_back(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str], form: str
) -> None:
    where = f"/api/v1/organisations/{youth}/teams/template?format={form}"
    given = client.get(where, headers=organiser)
    assert given.status_code == 200
    assert f"doi.{form}" in given.headers["Content-Disposition"]
    answer = send(client, url(youth, True), given.data, organiser, given.mimetype)
    assert answer.json["columns"] == list(bulk_table.COLUMNS)
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


def rezipped(raw: bytes, **parts: bytes) -> bytes:
    """A workbook with parts replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, parts.pop(name, old.read(name)))
        for name, content in parts.items():
            new.writestr(name, content)
    return out.getvalue()


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
            "no_rows",
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
    raw = rezipped(workbook(["name", "type"], ["Đội 1", "youth"]), **{part: content})
    answer = send(client, url(youth), raw, organiser, XLSX)
    assert answer.status_code == 422, answer.text
    assert answer.json["errors"][0]["code"] == code


def test_a_workbook_cut_off_anywhere_is_refused(
    client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    raw = workbook(["name", "type"], ["Đội 1", "youth"])
    for length in range(10, len(raw) - 1, len(raw) // 15):
        answer = send(client, url(youth, True), raw[:length], organiser, XLSX)
        assert answer.status_code == 422 and answer.json["errors"][0]["code"] == "not_workbook"


def test_the_body_may_be_gzip_and_has_a_type_and_a_size(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    packed = {"Content-Encoding": "gzip"}
    answer = send(client, url(youth, True), gzip.compress(GOOD.encode()), organiser, **packed)
    assert answer.json["totals"]["create"] == 2
    # A Windows with Excel calls a CSV file so.
    excel = "application/vnd.ms-excel"
    assert send(client, url(youth, True), GOOD, organiser, excel).status_code == 200
    answer = send(client, url(youth), GOOD, organiser, "application/json")
    assert (answer.status_code, answer.json["code"]) == (415, "not_table")
    app.config["MAX_BODY_BYTES"] = 100
    assert send(client, url(youth), GOOD, organiser).status_code == 413


def test_only_the_organisers_of_the_organisation_may(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    other = organisation(app, "Huyện Đoàn Đồng Hỷ")
    below = organisation(app, "Xã Đoàn", parent_id=youth)
    known = team(app, youth)
    cast = [
        ({}, 401),
        (register(client), 401),
        (person(app, "team_leader", known), 403),
        (person(app, "official", unit_id(app, "19", level="province")), 403),
        (person(app, "organiser", other), 403),
        (person(app, "organiser", below), 403),
        (person(app, "organiser", youth, scopes=("read",)), 403),
        (organiser, 200),
    ]
    for headers, status in cast:
        template = f"/api/v1/organisations/{youth}/teams/template"
        assert client.get(template, headers=headers).status_code == status
        for dry_run in (True, False):
            answer = send(client, url(youth, dry_run), GOOD, headers)
            assert answer.status_code == status, (headers, answer.text)
    assert send(client, url(below), GOOD, organiser).status_code == 200
    assert send(client, url(9_999), GOOD, organiser).status_code == 404
    assert send(client, url(9_999), GOOD, {}).status_code == 401


def test_two_imports_at_once_follow_each_other(
    app: Flask, youth: int, organiser: dict[str, str]
) -> None:
    body = "name,type\n" + "".join(f"Đội {n},youth\n" for n in range(200))
    with ThreadPoolExecutor(4) as pool:
        sent = pool.map(lambda _: send(app.test_client(), url(youth), body, organiser), range(4))
        found = [answer.json["totals"] for answer in sent]
    assert sorted(one["create"] for one in found) == [0, 0, 0, 200]
    assert sum(one["unchanged"] for one in found) == 600
    assert {row[4] for row in teams(app)} == {1}


def test_what_has_ended_is_left_alone(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    then = datetime(2024, 11, 1, tzinfo=UTC)
    team(app, youth, "Đội 1", ended_at=then)
    answer = send(client, url(youth), GOOD, organiser)
    assert errors(answer) == [(2, "name", "team_ended")]
    gone = organisation(app, "Đoàn cũ", ended_at=then)
    answer = send(client, url(gone), GOOD, person(app, "organiser", gone))
    assert (answer.status_code, answer.json["code"]) == (409, "organisation_ended")


def test_a_wrong_column_costs_no_endless_guessing() -> None:
    above = (("Huyện A", "Huyện"),)
    known = [Place(n, f"{n:05}", f"Xã Tân {n}", "Xã", above, frozenset({n})) for n in range(900)]
    places = Places(known)
    found = [places.find(f"Xã Tâm Tân {n}x") for n in range(bulk_places.GUESSES_MOST + 1)]
    assert found[0].candidates and not found[-1].candidates


def test_a_short_number_that_may_be_two_codes_is_asked_back() -> None:
    known = [
        Place(n, code, f"Xã {code}", "Xã", (), frozenset({n}))
        for n, code in enumerate(("318", "00318"))
    ]
    found = Places(known).find("318")
    assert found.error == "place_ambiguous"
    assert found.candidates == ("Xã 318 (318)", "Xã 00318 (00318)")
    assert Places(known).find("00318").place == known[1]
