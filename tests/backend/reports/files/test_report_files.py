"""A report's files show its figures."""

import csv
import io
import json
import zipfile
from datetime import datetime
from typing import Any

import pytest
from docx import Document
from flask import Flask
from openpyxl import load_workbook

from backend.reports.content import labels
from backend.reports.content.figures import Report, canonical_json, digest
from backend.reports.files.letter import agency_lines
from backend.reports.files.rendering import RENDERERS, Files, render, render_file
from tests.support.report_content import commune, lacking, report, sections, spread

FILES = ["report.docx", "report.xlsx", "report.csv.zip", "report.json"]


@pytest.fixture(scope="module")
def rendered(built: Flask) -> Files:
    return made(built, report())


def made(app: Flask, one: Report) -> Files:
    with app.app_context():
        return render(one)


def sheets(files: Files) -> dict[str, Any]:
    return {s.title: s for s in load_workbook(io.BytesIO(files["report.xlsx"])).worksheets}


def tables(files: Files) -> dict[str, list[dict[str, str]]]:
    """The CSV files by name."""
    with zipfile.ZipFile(io.BytesIO(files["report.csv.zip"])) as archive:
        texts = {n: archive.read(n).decode("utf-8") for n in archive.namelist()}
    assert all(text.startswith("\ufeff") for name, text in texts.items() if name.endswith("csv"))
    return {
        name.removesuffix(".csv"): list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
        for name, text in texts.items()
    }


def words(files: Files) -> str:
    """All that the letter says outside of its tables."""
    letter = Document(io.BytesIO(files["report.docx"]))
    return "\n".join(paragraph.text for paragraph in letter.paragraphs)


def rows(files: Files, head: str) -> list[list[str]]:
    """The rows of the letter's first table that has a column of this name."""
    for table in Document(io.BytesIO(files["report.docx"])).tables:
        lines = [[cell.text for cell in row.cells] for row in table.rows]
        if head in lines[0]:
            return lines
    raise AssertionError(f"no table with {head}")


def test_json_is_the_report_itself(rendered: Files) -> None:
    assert json.loads(rendered["report.json"]) == report()


# The workbook


def test_the_workbook_has_typed_cells(rendered: Files) -> None:
    sheet = sheets(rendered)["Mức đạt"]
    assert [cell.value for cell in sheet[2]][:4] == ["Mạng", "Cấp", "Số đơn vị", "Đạt"]
    assert [cell.value for cell in sheet[4]][:5] == ["Di động", "Xã, phường", 177, 175, 175 / 177]
    assert (sheet["E4"].number_format, sheet["C4"].number_format) == ("0.00%", "#,##0")
    whole = sheets(rendered)["Báo cáo"]
    assert whole["A3"].value == "19" and whole["A3"].data_type == "s"
    assert whole["G3"].value == datetime(2024, 12, 3, 1, 30)  # in Vietnam


def test_every_sheet_is_frozen_and_filtered(rendered: Files) -> None:
    for sheet in sheets(rendered).values():
        assert sheet.freeze_panes == "A3" and sheet.auto_filter.ref.startswith("A2:")


def test_sums_are_formulas_with_their_values(rendered: Files) -> None:
    sheet = sheets(rendered)["Lý do không tính"]
    assert sheet["A6"].value == "Tổng di động"
    assert sheet["D6"].value == '=SUMIF($A$3:$A$4,"Di động",D3:D4)'
    kept = load_workbook(io.BytesIO(rendered["report.xlsx"]), data_only=True)
    samples = report()["sections"]["samples"]["mobile"]
    assert kept["Lý do không tính"]["D6"].value == samples["received"] - samples["counted"]
    assert sheets(rendered)["Tổ, đội"]["G6"].value == "=SUM(G3:G4)"
    assert kept["Tổ, đội"]["G6"].value == 1239


@pytest.mark.slow
def test_nothing_in_a_workbook_is_run(rendered: Files) -> None:
    assert sheets(rendered)["Tổ, đội"]["D4"].data_type == "s"
    assert tables(rendered)["teams"][1]["team"] == "'=1+1"


def test_every_column_is_in_the_dictionary(rendered: Files) -> None:
    named = tables(rendered)
    answer = {(row["table"], row["key"]) for row in named["dictionary"]}
    for name, lines in named.items():
        if name != "dictionary":
            assert {(name, key) for key in (lines[0] if lines else ())} <= answer
    assert all(row["meaning"] for row in named["dictionary"])


def test_csv_and_workbook_hold_the_same(rendered: Files) -> None:
    named, book = tables(rendered), sheets(rendered)
    speeds = [float(row["download_mbps_median"] or 0) for row in named["quality"]]
    assert speeds == [48.25, 52.125, 50, 0]
    cells = [book["Chất lượng"].cell(row, 6).value for row in (3, 4, 5, 6)]
    assert cells == [48.25, 52.125, 50, None]  # null is an empty cell, never 0
    assert [row["share_download_40"] for row in named["quality"]] == ["", "", "0.625", ""]
    assert [book["Từng xã, phường"].cell(row, 9).value for row in (3, 4, 5)] == [
        "Không", "Không", "Có"
    ]  # fmt: skip
    assert [row["shortfall"] for row in named["lacking"]] == ["288", "50"]
    assert [book["Chưa đạt"].cell(row, 7).value for row in (3, 4)] == [288, 50]


@pytest.mark.slow
def test_counted_samples_have_their_parts(app: Flask) -> None:
    changed = sections()
    numbers = {"witnessed": 64_000, "ticketed": 0, "claimed": 595, "imported": 0, "withdrawn": 0}
    changed["samples"]["mobile"]["by_assurance"] = numbers
    changed["samples"]["fixed"]["by_assurance"] = dict.fromkeys(numbers, 0)
    changed["samples"]["mobile"]["of_teams"] = 50_000
    changed["samples"]["fixed"]["of_teams"] = 0
    files = made(app, report(sections=changed))
    named = tables(files)["assurance"]
    assert [(one["assurance"], int(one["n"])) for one in named[:5]] == list(numbers.items())
    assert sheets(files)["Mức bảo đảm"]["D3"].value == 64_000
    assert rows(files, "Mức bảo đảm") == [  # without those that are 0
        ["Mạng", "Mức bảo đảm", "Số mẫu"],
        ["Di động", "Được máy chủ đo xác nhận", "64.000"],
        ["Di động", "Chỉ do điện thoại báo", "595"],
    ]
    assert [row["of_teams"] for row in tables(files)["samples"]] == ["50000", "0"]
    stored = json.loads(files["report.json"])  # its keys are in another order
    again = made(app, stored)
    assert tables(again) == tables(files) and words(again) == words(files)


def test_latency_under_load_is_in_the_workbook(app: Flask, rendered: Files) -> None:
    changed = sections()
    limits = {"median_low": 110.0, "median_high": 130.0}
    for row in changed["quality"]["mobile"]:
        row |= {"effective_n": 40.0, "more_devices": None, "rank": None}
        row |= {"ping_download_ms": None, "ping_upload_ms": None}
    loaded = spread(120.0) | limits | {"n": 44, "effective_n": 40.0}
    changed["quality"]["mobile"][0]["ping_download_ms"] = loaded
    files = made(app, report(sections=changed))
    first, second, *_ = tables(files)["quality"]
    names = ("ping_download_ms_median", "ping_upload_ms_median")
    assert [first[name] for name in names] == ["120.0", ""]
    assert [second[name] for name in names] == ["", ""]
    [interval] = tables(files)["intervals"]
    assert (interval["metric"], interval["n"], interval["low"]) == (
        "ping_download_ms", "44", "110.0",
    )  # fmt: skip
    assert not set(names) & set(tables(rendered)["quality"][0])  # of version 1.0
    # A report that was frozen between the two versions has intervals alone.
    for row in changed["quality"]["mobile"]:
        del row["ping_download_ms"], row["ping_upload_ms"]
    assert tables(made(app, report(sections=changed)))["quality"][0][names[0]] == ""


def test_a_report_of_version_1_0_is_rendered_without_parts(rendered: Files) -> None:
    assert "assurance" not in tables(rendered)
    assert "Mức bảo đảm" not in sheets(rendered)
    assert not any("assurance" in row["table"] for row in tables(rendered)["dictionary"])
    with pytest.raises(AssertionError):
        rows(rendered, "Mức bảo đảm")


# The letter


def test_a_long_agency_breaks_before_its_last_part() -> None:
    assert agency_lines("SỞ KHOA HỌC VÀ CÔNG NGHỆ") == ["SỞ KHOA HỌC", "VÀ CÔNG NGHỆ"]
    assert agency_lines("ỦY BAN NHÂN DÂN XÃ VÀ ĐÔNG")[1] == "XÃ VÀ ĐÔNG"
    assert agency_lines("SỞ TÀI CHÍNH") == ["SỞ TÀI CHÍNH"]


def test_the_letter_is_laid_out_as_decree_30_asks(rendered: Files) -> None:
    letter = Document(io.BytesIO(rendered["report.docx"]))
    page = letter.sections[0]
    assert (round(page.page_width.mm), round(page.page_height.mm)) == (210, 297)
    margins = page.top_margin, page.bottom_margin, page.left_margin, page.right_margin
    assert [round(margin.mm) for margin in margins] == [20, 20, 30, 15]
    assert page.different_first_page_header_footer and not page.first_page_header.paragraphs[0].text
    assert "PAGE" in page.header._element.xml
    style = letter.styles["Thân"]
    assert (style.font.name, style.font.size.pt) == ("Times New Roman", 14)
    [footer] = page.footer.paragraphs
    assert footer.text.endswith(digest(canonical_json(report()))) and page.first_page_footer
    left, right = letter.tables[0].rows[0].cells
    agency = ["SỞ THÔNG TIN", "VÀ TRUYỀN THÔNG"]
    assert left.text.splitlines()[:3] == ["UBND TỈNH THÁI NGUYÊN", *agency]
    assert right.text.startswith("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc")
    assert "Kính gửi: Cục Viễn thông, Bộ Thông tin và Truyền thông." in words(rendered)
    last = end_of(letter)
    assert last[0].text.startswith("Nơi nhận:\n- Như trên;") and "GIÁM ĐỐC" in last[1].text


def end_of(letter: Any) -> Any:
    """The cells of recipients and signature."""
    tables = [table.rows[0].cells for table in letter.tables]
    return next(cells for cells in tables if cells[0].text.startswith("Nơi nhận:"))


def test_sections_stand_in_the_letters_order(rendered: Files) -> None:
    said = words(rendered)
    heads = [line for line in said.splitlines() if line[:3] in {f"{n}. " for n in range(1, 8)}]
    assert len(heads) == 7 and "theo số liệu Đo Sóng" in heads[1]
    assert LETTER_SAID in said and said.rstrip().count("./.") == 1


LETTER_SAID = (
    "Thực hiện Công văn số 5691/BTTTT-CVT ngày 31 tháng 12 năm 2024"
    " của Bộ Thông tin và Truyền thông"
)


def test_what_the_official_wrote_replaces_what_was_proposed(rendered: Files) -> None:
    said = words(rendered).splitlines()
    assert "Toàn tỉnh có 64.595 mẫu. (Chi tiết tại Phụ lục I.)" in said
    assert "Hai phường sẽ đo bù." in said
    assert "Trong tháng 12. (Chi tiết tại Phụ lục I.)" in said
    assert "175 trên 177 xã." not in said


def test_figures_are_written_as_vietnamese_write_them(rendered: Files) -> None:
    assert rows(rendered, "Hợp lệ")[1] == [
        "Di động", "70.123", "66.900", "64.595", "300", "175", "177", "98,87%"
    ]  # fmt: skip
    assert rows(rendered, "Nguồn")[2][4] == "98,87%"
    assert rows(rendered, "Công nghệ")[1][:5] == ["Tất cả", "Tất cả", "64.595", "7.177", "48,2"]
    assert rows(rendered, "Công nghệ")[4][4] == "–"


def test_heads_repeat_and_figures_stand_to_the_right(rendered: Files) -> None:
    letter = Document(io.BytesIO(rendered["report.docx"]))
    table = next(t for t in letter.tables if t.rows[0].cells[0].text == "Mạng")
    assert "w:tblHeader" in table.rows[0]._tr.xml and "w:cantSplit" in table.rows[1]._tr.xml
    assert [cell.paragraphs[0].style.name for cell in table.rows[1].cells] == [
        "Ô chữ", *["Ô số"] * 7
    ]  # fmt: skip


def test_a_chart_and_a_map_are_inside(rendered: Files) -> None:
    letter = Document(io.BytesIO(rendered["report.docx"]))
    assert len(letter.inline_shapes) == 3  # steps, map, speeds
    answer = [shape._inline.docPr.get("descr") for shape in letter.inline_shapes]
    assert "Xã, phường theo mức so với mục tiêu, băng rộng di động" in answer[1]


@pytest.mark.slow
def test_annexes_have_their_own_pages_and_orientation(app: Flask) -> None:
    many = [commune(f"{n:05}", f"Xã {n}", n) for n in range(40)]
    short = [lacking(f"{n:05}", f"Xã {n}", n, *["Đợt 2"][: n % 2]) for n in range(40)]
    changed = {
        "communes": {"mobile": many, "fixed": many},
        "lacking": {"mobile": short, "fixed": []},
    }
    files = made(app, report(sections=sections(**changed)))
    letter = Document(io.BytesIO(files["report.docx"]))
    said = [line for line in words(files).splitlines() if line.startswith("Phụ lục")]
    assert said == [f"Phụ lục {n}" for n in ("I", "II", "III", "IV", "V")]
    assert "(Chi tiết tại Phụ lục II.)" in words(files)
    shapes = [one.page_width > one.page_height for one in letter.sections]
    assert shapes == [False, False, True, True, False, False]  # the letter, then the annexes
    assert all('w:pgNumType w:start="1"' in one._sectPr.xml for one in letter.sections[1:])
    lines = rows(files, "Kế hoạch tháng sau")
    assert len(lines) == 41
    assert lines[2] == ["2", "00001", "Xã 1", "Thành phố Thái Nguyên", "10", "1", "300", "299",
                        "10", "1", "300", "299", "Đợt 2"]  # fmt: skip
    widths = [sum(cell.width.cm for cell in table.rows[0].cells) for table in letter.tables]
    assert max(widths) <= 25.3


@pytest.mark.slow
def test_a_document_with_a_name_is_no_official_letter(app: Flask) -> None:
    chosen = {"kind": "report", "titles": ["Q. GIÁM ĐỐC"], "signer": "Lê Văn Cường"}
    document = {
        "type": "Công văn", "number": "5691", "symbol": "BTTTT-CVT", "issued_on": "2024-12-31",
        "issuer": "Bộ Thông tin và Truyền thông", "about": "V/v Tăng cường đo kiểm.",
    }  # fmt: skip
    files = made(app, report(letter=chosen, references=[document]))
    letter, said = Document(io.BytesIO(files["report.docx"])), words(files)
    assert "/BC-STTTT" in letter.tables[0].rows[0].cells[0].text
    assert "BÁO CÁO\nKết quả đo chất lượng mạng tháng 11 năm 2024 trên địa bàn tỉnh" in said
    assert "Kính gửi" not in said and "(Kèm theo Báo cáo số" in said
    assert f"{LETTER_SAID} về việc tăng cường đo kiểm, Sở Thông tin và Truyền thông báo cáo" in said
    recipients, signature = end_of(letter)
    assert "- Cục Viễn thông, Bộ Thông tin và Truyền thông;" in recipients.text
    assert "Như trên" not in recipients.text
    assert signature.text == "Q. GIÁM ĐỐC\nLê Văn Cường"
    cited_alone = made(app, report(references=[]))
    assert "Thực hiện" not in words(cited_alone)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("Thành phố Hồ Chí Minh", "Thành phố Hồ Chí Minh"), ("Tỉnh Thái Nguyên", "Thái Nguyên"),
        ("Phường Phan Đình Phùng", "Phường Phan Đình Phùng"), ("Xã Phú Lương", "Phú Lương"),
        ("Phường 1", "Phường 1"),
    ],
)  # fmt: skip
def test_a_letter_names_its_place_as_the_decree_asks(name: str, place: str) -> None:
    assert labels.place_name(name) == place


@pytest.mark.slow
def test_the_copied_letterhead_is_used(app: Flask) -> None:
    head = {
        "superior": None, "agency": "ỦY BAN NHÂN DÂN XÃ TÂN CƯƠNG", "symbol": "UBND-VHXH",
        "place": "Tân Cương", "recipients": ["Sở KH&CN", "Đảng ủy xã"],
        "titles": ["TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"],
        "signer": "Nguyễn Thị An", "copies": ["Như trên", "Lưu: VT"],
    }  # fmt: skip
    files = made(app, report(letterhead=head))
    letter = Document(io.BytesIO(files["report.docx"]))
    assert "/UBND-VHXH" in letter.tables[0].rows[0].cells[0].text
    assert "- Sở KH&CN;\n- Đảng ủy xã." in words(files)
    assert letter.tables[0].rows[0].cells[0].text.startswith("ỦY BAN NHÂN DÂN\nXÃ TÂN CƯƠNG")
    assert end_of(letter)[1].text == (
        "TM. ỦY BAN NHÂN DÂN\nKT. CHỦ TỊCH\nPHÓ CHỦ TỊCH\nNguyễn Thị An"
    )


@pytest.mark.slow
def test_made_up_figures_are_marked_everywhere(app: Flask, rendered: Files) -> None:
    files = made(app, report(demo=True))
    page = Document(io.BytesIO(files["report.docx"])).sections[0]
    for header in (page.header, page.first_page_header):
        assert any("SỐ LIỆU MINH HỌA" in line.text for line in header.paragraphs)
    assert all("SỐ LIỆU MINH HỌA" in sheet["A1"].value for sheet in sheets(files).values())
    assert "LUU-Y.txt" in zipfile.ZipFile(io.BytesIO(files["report.csv.zip"])).namelist()
    assert all("SỐ LIỆU MINH HỌA" not in sheet["A1"].value for sheet in sheets(rendered).values())


def test_a_draft_is_not_taken_for_a_report(app: Flask) -> None:
    with app.app_context():
        files = {name: render_file(name, report(), draft=True) for name in RENDERERS}
    page = Document(io.BytesIO(files["report.docx"])).sections[0]
    assert page.first_page_header.paragraphs[0].text == "DỰ THẢO – số liệu chưa khóa"
    assert all("DỰ THẢO" in sheet["A1"].value for sheet in sheets(files).values())


def test_a_report_with_nothing_in_it_is_rendered_too(app: Flask) -> None:
    nothing = {
        "samples": {}, "reached": {}, "lacking": {}, "communes": {}, "quality": {}, "teams": [],
        "vnnic": None, "notes": [],
    }  # fmt: skip
    files = made(app, report(sections=nothing, proposed={}, remarks={}, boundaries=None))
    assert list(files) == FILES
    assert "Phụ lục" not in words(files)


@pytest.mark.slow
def test_a_district_has_a_map_and_a_commune_has_none(app: Flask) -> None:
    district = {
        "code": "164", "name": "Thành phố Thái Nguyên", "level": "district", "type": "Thành phố",
        "province": "Tỉnh Thái Nguyên",
    }  # fmt: skip
    files = made(app, report(unit=district))
    assert len(Document(io.BytesIO(files["report.docx"])).inline_shapes) == 3
    commune = district | {"code": "05443", "level": "commune", "name": "Phường Trưng Vương"}
    files = made(app, report(unit=commune))
    assert len(Document(io.BytesIO(files["report.docx"])).inline_shapes) == 2


@pytest.mark.slow
@pytest.mark.parametrize("code", ["20333", "22736"])
def test_islands_far_away_are_drawn(app: Flask, code: str) -> None:
    """Khánh Hòa and Đà Nẵng of today have them."""
    province = {"20333": ("48", "Thành phố Đà Nẵng"), "22736": ("56", "Tỉnh Khánh Hòa")}[code]
    unit = {"code": province[0], "name": province[1], "level": "province", "type": "Tỉnh",
            "province": province[1]}  # fmt: skip
    boundaries = {"set": "approximate-2025", "quality": "approximate"}
    one = report(unit=unit, month="2026-10", boundaries=boundaries)
    assert len(Document(io.BytesIO(made(app, one)["report.docx"])).inline_shapes) == 3
