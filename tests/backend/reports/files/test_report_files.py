"""A report's files show its figures."""

import csv
import io
import json
import zipfile
from datetime import date, datetime
from typing import Any

import pytest
from docx import Document
from flask import Flask
from openpyxl import load_workbook

from backend.reports.content import labels
from backend.reports.content.figures import Report
from backend.reports.files.letter import agency_lines
from backend.reports.files.rendering import RENDERERS, Files, render, render_file
from tests.support.report_content import commune, report, sections

PLACE = "Tỉnh Thái Nguyên"
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
    sheet = sheets(rendered)["Kết quả"]
    assert [cell.value for cell in sheet[2]][:4] == ["Mạng", "Đã nhận", "Hợp lệ", "Được tính"]
    parts = [60000, None, None, 64595, None, None]
    numbers = ["Di động", 70123, 66900, 64595, *parts, 177, 175, 175 / 177, 300]
    assert [cell.value for cell in sheet[3]][:14] == numbers  # null is an empty cell, never 0
    assert (sheet["M3"].number_format, sheet["B3"].number_format) == ("0.00%", "#,##0")
    assert sheet["B2"].comment.text == "Mọi phép đo đã lưu"
    whole = sheets(rendered)["Báo cáo"]
    assert whole["A3"].value == "19" and whole["A3"].data_type == "s"
    assert whole["G3"].value == datetime(2024, 12, 3, 1, 30)  # in Vietnam


def test_a_workbook_has_few_sheets_which_are_frozen_and_filtered(rendered: Files) -> None:
    assert len(sheets(rendered)) <= 8
    for sheet in sheets(rendered).values():
        assert sheet.max_column <= 15
        assert sheet.freeze_panes == "A3" and sheet.auto_filter.ref.startswith("A2:")


def test_sums_are_formulas_with_their_values(rendered: Files) -> None:
    sheet = sheets(rendered)["Lý do không tính"]
    assert sheet["A6"].value == "Tổng di động"
    assert sheet["D6"].value == '=SUMIF($A$3:$A$4,"Di động",D3:D4)'
    kept = load_workbook(io.BytesIO(rendered["report.xlsx"]), data_only=True)
    samples = report()["sections"]["samples"]["mobile"]
    assert kept["Lý do không tính"]["D6"].value == samples["received"] - samples["counted"]
    assert sheets(rendered)["Tổ, đội"]["H6"].value == '=SUMIF($A$3:$A$4,"Di động",H3:H4)'
    assert kept["Tổ, đội"]["H6"].value == 1239


def test_a_workbook_s_notes_are_sentences_without_codes(rendered: Files) -> None:
    cells = [one.value for row in sheets(rendered)["Ghi chú"].iter_rows(min_row=2) for one in row]
    assert cells == ["Ghi chú", "Mẫu được xét theo bộ quy tắc 3."]
    assert "code" in tables(rendered)["notes"][0]


@pytest.mark.slow
def test_nothing_in_a_workbook_is_run(rendered: Files) -> None:
    assert sheets(rendered)["Tổ, đội"]["E4"].data_type == "s"
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
    cells = [book["Nhà mạng"].cell(row, 7).value for row in (3, 4, 5, 6)]
    assert cells == [48.25, 52.125, 50, None]
    assert [row["share_download_40"] for row in named["quality"]] == ["", "", "0.625", ""]
    communes = book["Xã, phường"]
    assert [communes.cell(row, 10).value for row in (3, 4, 5)] == ["Không", "Không", "Có"]
    assert [communes.cell(row, 11).value for row in (3, 4, 5)] == [288, 50, 0]
    assert [row["planned"] for row in named["communes"]] == ["Đợt 2", "", ""]


@pytest.mark.slow
def test_counted_samples_have_their_parts(app: Flask) -> None:
    changed = sections()
    numbers = {"witnessed": 64_000, "ticketed": 0, "claimed": 595, "imported": 0, "withdrawn": 0}
    changed["samples"]["mobile"]["by_assurance"] = numbers
    changed["samples"]["fixed"]["by_assurance"] = dict.fromkeys(numbers, 0)
    changed["samples"]["mobile"]["of_teams"] = 50_000
    changed["samples"]["fixed"]["of_teams"] = 0
    files = made(app, report(sections=changed))
    row = tables(files)["results"][0]
    assert {name: int(row[name]) for name in numbers} == numbers and row["of_teams"] == "50000"
    assert sheets(files)["Kết quả"]["F3"].value == 64_000
    stored = json.loads(files["report.json"])  # its keys are in another order
    again = made(app, stored)
    assert tables(again) == tables(files) and words(again) == words(files)


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
    assert not any(
        line.text for line in (*page.footer.paragraphs, *page.first_page_footer.paragraphs)
    )
    left, right = letter.tables[0].rows[0].cells
    agency = ["SỞ THÔNG TIN", "VÀ TRUYỀN THÔNG"]
    assert left.text.splitlines()[:3] == ["UBND TỈNH THÁI NGUYÊN", *agency]
    rule = next(one for one in left.paragraphs if "w:pBdr" in one._p.xml)
    length = 6.32 - 2 * rule.paragraph_format.left_indent.cm  # of 4.1 cm: a third to a half
    assert 4.1 / 3 < length < 4.1 / 2
    assert right.text.startswith("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc")
    assert "Kính gửi: Cục Viễn thông, Bộ Thông tin và Truyền thông." in words(rendered)
    last = end_of(letter)
    assert last[0].text.startswith("Nơi nhận:\n- Như trên;") and "GIÁM ĐỐC" in last[1].text


def end_of(letter: Any) -> Any:
    """The cells of recipients and signature."""
    tables = [table.rows[0].cells for table in letter.tables]
    return next(cells for cells in tables if cells[0].text.startswith("Nơi nhận:"))


def test_sections_have_the_headings_of_the_office(app: Flask, rendered: Files) -> None:
    """A section without content is left out, and the others are numbered."""
    said = words(rendered).splitlines()
    heads = [line for line in said if line.partition(".")[0] in ("I", "II", "III", "IV", "V")]
    assert heads == ["I. Kết quả", "II. Tồn tại, nguyên nhân"]
    head = labels.default_letterhead("province", "Tỉnh Cà Mau", "Tỉnh Cà Mau", date(2026, 11, 1))
    own = {**head, "headings": ["A", "Kết quả đo", "C", "D", "Kiến nghị, đề xuất"]}
    remarks = {"proposals": "Không."}
    said = words(made(app, report(letterhead=own, remarks=remarks))).splitlines()
    assert "I. Kết quả đo" in said and "III. Kiến nghị, đề xuất" in said
    assert said.count("Không.") == 1


LETTER_SAID = (
    "Thực hiện Công văn số 5691/BTTTT-CVT ngày 31 tháng 12 năm 2024"
    " của Bộ Thông tin và Truyền thông"
)


def test_own_words_are_added_to_the_facts_or_replace_them(app: Flask, rendered: Files) -> None:
    said = words(rendered).splitlines()
    facts = "Còn 2 xã, phường thiếu mẫu."
    assert said[said.index(facts) + 1 : said.index(facts) + 3] == [
        "Mưa lũ kéo dài.",
        "Thiếu thiết bị.",
    ]
    alone = words(made(app, report(rewritten=["shortcomings"])))
    assert "Mưa lũ kéo dài." in alone and facts not in alone
    empty = words(made(app, report(rewritten=["shortcomings"], remarks={})))
    assert facts in empty


def test_figures_are_written_as_vietnamese_write_them(rendered: Files) -> None:
    assert rows(rendered, "Hợp lệ")[1] == [
        "Di động", "70.123", "66.900", "64.595", "175", "177", "98,87%"
    ]  # fmt: skip
    speeds = rows(rendered, "Nhà mạng")
    assert speeds[1][:4] == ["Tất cả", "64.595", "7.177", "48,2"]
    assert speeds[3] == ["VinaPhone", "20", "2", "–", "–", "–"]  # operators alone


def test_heads_repeat_and_figures_stand_to_the_right(rendered: Files) -> None:
    letter = Document(io.BytesIO(rendered["report.docx"]))
    table = next(t for t in letter.tables if t.rows[0].cells[0].text == "Mạng")
    assert "w:tblHeader" in table.rows[0]._tr.xml and "w:cantSplit" in table.rows[1]._tr.xml
    assert [cell.paragraphs[0].style.name for cell in table.rows[1].cells] == [
        "Ô chữ", *["Ô số"] * 6
    ]  # fmt: skip


@pytest.mark.slow
def test_annexes_have_their_own_pages(app: Flask) -> None:
    many = [commune(f"{n:05}", f"Xã {n}", 10 * n) for n in range(175)]
    gaps = [{"code": "1", "name": "Xã 1", "zones": 1, "places": 0, "areas": 0}] * 2  # no annex
    changed: dict[str, Any] = {"communes": {"mobile": many, "fixed": many}, "no_connection": gaps}
    files = made(app, report(sections=sections(**changed)))
    letter = Document(io.BytesIO(files["report.docx"]))
    said = words(files)
    titles = [line for line in said.splitlines() if line.startswith("Phụ lục")]
    assert titles == ["Phụ lục I", "Phụ lục II"]
    assert "(Chi tiết tại Phụ lục I, Phụ lục II.)" in said
    assert all('w:pgNumType w:start="1"' in one._sectPr.xml for one in letter.sections[1:])
    lines = rows(files, "Di động: còn thiếu")
    assert len(lines) == 171 and "Còn 5 xã, phường trong bảng tính kèm theo" in said
    assert lines[2] == ["2", "Xã 1", "10", "290", "10", "290"]
    assert lines[31] == ["31", "Xã 30", "300", "Đạt", "300", "Đạt"]


@pytest.mark.slow
def test_a_document_with_a_name_is_no_official_letter(app: Flask) -> None:
    usual = labels.default_letterhead("province", PLACE, PLACE, date(2024, 11, 30))
    cited = {**usual, "references": [LETTER_SAID.removeprefix("Thực hiện ")]}
    files = made(app, report(letter={"kind": "report"}, letterhead=cited))
    letter, said = Document(io.BytesIO(files["report.docx"])), words(files)
    assert "/BC-STTTT" in letter.tables[0].rows[0].cells[0].text
    assert "BÁO CÁO\nKết quả đo chất lượng mạng tháng 11 năm 2024 trên địa bàn tỉnh" in said
    assert "Kính gửi" not in said and "(Kèm theo Báo cáo số" in said
    assert f"{LETTER_SAID}, Sở Thông tin và Truyền thông báo cáo" in said
    recipients, signature = end_of(letter)
    assert "- Cục Viễn thông, Bộ Thông tin và Truyền thông;" in recipients.text
    assert "Như trên" not in recipients.text
    assert signature.text == "GIÁM ĐỐC\n"  # its name is asked at approval
    uncited = made(app, report(letterhead={**usual, "references": []}))
    assert "Thực hiện" not in words(uncited)


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
        "headings": list(labels.HEADINGS), "references": ["Công văn số 1", "Kế hoạch số 2"],
    }  # fmt: skip
    files = made(app, report(letterhead=head))
    letter = Document(io.BytesIO(files["report.docx"]))
    assert "/UBND-VHXH" in letter.tables[0].rows[0].cells[0].text
    assert "- Sở KH&CN;\n- Đảng ủy xã." in words(files)
    assert letter.tables[0].rows[0].cells[0].text.startswith("ỦY BAN NHÂN DÂN\nXÃ TÂN CƯƠNG")
    assert "Thực hiện Công văn số 1; Kế hoạch số 2, " in words(files)
    assert end_of(letter)[1].text == "TM. ỦY BAN NHÂN DÂN\nKT. CHỦ TỊCH\nPHÓ CHỦ TỊCH\n"


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
    assert page.first_page_header.paragraphs[0].text == "DỰ THẢO – số liệu chưa chốt"
    assert all("DỰ THẢO" in sheet["A1"].value for sheet in sheets(files).values())


def test_a_report_with_nothing_in_it_is_rendered_too(app: Flask) -> None:
    nothing = {
        "samples": {}, "reached": {}, "lacking": {}, "communes": {}, "quality": {}, "teams": [],
        "vnnic": None, "notes": [], "no_connection": [],
    }  # fmt: skip
    files = made(app, report(sections=nothing, proposed={}, remarks={}, boundaries=None))
    assert list(files) == FILES
    assert "Phụ lục" not in words(files)
