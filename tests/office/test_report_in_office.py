"""LibreOffice opens a report's files as people do: run by scripts/test-office."""

import csv
import io
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from openpyxl import load_workbook
from PIL import Image

from backend.reports.action_plan.document import render_plan
from backend.reports.content import labels
from backend.reports.content.figures import Report
from backend.reports.content.proposals import propose
from backend.reports.files.letter import Signature, letterhead_of
from backend.reports.files.rendering import Files, render, render_signed
from backend.reports.reminders.letter import render_reminder
from tests.support.action_plans import action_plan
from tests.support.reminders import HEAD, situation
from tests.support.report_content import commune, lacking, reached, report, sections, team

pytestmark = [
    pytest.mark.long,
    pytest.mark.office,
    pytest.mark.skipif(
        not (shutil.which("soffice") and shutil.which("pdftoppm")),
        reason="LibreOffice is not here: scripts/test-office installs it",
    ),
]
# All sheets, comma, UTF-8, cells as they are stored.
AS_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kept = os.environ.get("OFFICE_DIR")
    chosen = Path(kept) if kept else tmp_path_factory.mktemp("office")
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen


@pytest.fixture(scope="module")
def files(built: Flask, folder: Path) -> Files:
    """The files of a province with 92 communes; beside them the letter of a commune."""
    with built.app_context():
        made, of_commune = render(province()), render_signed(one_commune(), DEPUTY)
    for name, content in made.items():
        (folder / name).write_bytes(content)
    (folder / "commune.docx").write_bytes(of_commune)
    convert(folder / "report.docx", "pdf", folder)
    convert(folder / "commune.docx", "pdf", folder)
    return made


DEPUTY = Signature(["TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"], "Nguyễn Thị An")
CITED = (
    "Công văn số 5691/BTTTT-CVT ngày 31 tháng 12 năm 2024 của Bộ Thông tin và Truyền thông về việc"
    " tăng cường đo kiểm chất lượng Internet"
)


def province() -> Report:
    many = [commune(f"{5400 + n:05}", f"Xã số {n}", 4 * n) for n in range(92)]
    short = [lacking(one["code"], one["name"], one["counted"], "Đợt 2") for one in many[:75]]
    by_network = {"mobile": many, "fixed": many}
    teams = [team(f"Chi đoàn xóm {n}", 900 - n) for n in range(40)]
    letterhead = letterhead_of(report(month="2026-10")) | {"references": [CITED]}
    changed = {"communes": by_network, "lacking": {"mobile": short, "fixed": short}}
    return complete(report(
        demo=True, month="2026-10", letterhead=letterhead,
        sections=sections(teams=teams, **changed, **more_sections()),
    ))  # fmt: skip


def one_commune() -> Report:
    unit = {
        "code": "05710", "name": "Xã Phú Lương", "level": "commune", "type": "Xã",
        "province": "Tỉnh Thái Nguyên",
    }  # fmt: skip
    row = commune("05710", "Xã Phú Lương", 123)
    changed = {
        "communes": {"mobile": [row], "fixed": []},
        "reached": {"mobile": [reached("commune", 1, 0, 0.0)], "fixed": []},
        "lacking": {"mobile": [lacking("05710", "Xã Phú Lương", 123)], "fixed": []},
    }
    return complete(report(
        unit=unit, month="2026-10", letter={"kind": "report"},
        sections=sections(**changed, **more_sections()),
    ))  # fmt: skip


REMARKS = {
    "direction": "Đã ban hành Kế hoạch số 12/KH-SKHCN và tổ chức hội nghị trực tuyến với các xã.",
    "proposals": "Đề nghị các doanh nghiệp viễn thông khắc phục các vùng lõm sóng tại Phụ lục III.",
}


def more_sections() -> dict[str, Any]:
    """Places without a connection, and the notes of a usual report."""
    places = [
        {"code": f"{5400 + n:05}", "name": f"Xã số {n}", "zones": 2, "places": 3, "areas": 1}
        for n in range(40)
    ]
    codes = ("note_own_count", "note_claims", "note_assurance", "note_month", "note_frozen")
    notes = [{"code": code, "words": labels.NOTES[code]} for code in codes]
    return {"no_connection": places, "notes": notes}


def complete(made: Report) -> Report:
    """Return a report with the proposed sentences of its figures, and no remark."""
    proposed = propose(made["unit"], made["month"], made["sections"])
    return cast(Report, made | {"proposed": proposed, "remarks": REMARKS,
                                "made_at": "2026-11-05T03:00:00+00:00"})  # fmt: skip


def convert(source: Path, to: str, folder: Path) -> None:
    """Let LibreOffice convert a file, with a profile of this test's own."""
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    run("soffice", "--headless", profile, "--convert-to", to, "--outdir", str(folder), str(source))


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def pages_of(pdf: Path) -> list[str]:
    return run("pdftotext", "-layout", str(pdf), "-").rstrip("\f").split("\f")


def annex_of(pages: list[str]) -> list[str]:
    """Return the annex of each page; empty for the letter itself."""
    found, present = [], ""
    for page in pages:
        heads = [line.strip() for line in page.splitlines() if line.strip().startswith("Phụ lục")]
        present = heads[0] if heads else present
        found.append(present)
    return found


@pytest.mark.slow
def test_the_letter_of_a_province_has_two_pages_and_six_of_annexes_at_most(
    files: Files, folder: Path
) -> None:
    pages = pages_of(folder / "report.pdf")
    annexes = annex_of(pages)
    assert annexes.count("") <= 2 and len(pages) - annexes.count("") <= 6
    assert all("SỐ LIỆU MINH HỌA" in page for page in pages)
    assert not any("SHA-256" in page or "report.json" in page for page in pages)
    numbers = [annexes[: place + 1].count(annexes[place]) for place in range(len(pages))]
    printed = [page.split()[0] for page in pages]  # each annex begins its own count
    assert all(p == str(n) for p, n in zip(printed, numbers, strict=True) if n > 1)
    said = " ".join(" ".join(pages).split())
    assert f"Thực hiện {CITED}, Sở Khoa học và Công nghệ báo cáo" in said
    for words in ("Kính gửi: Cục Viễn thông", "V/v báo cáo", "Nơi nhận:", "GIÁM ĐỐC"):
        assert words in said
    for heading in ("I. Công tác chỉ đạo", "II. Kết quả", "III. Tồn tại", "V. Kiến nghị"):
        assert heading in said
    assert "Phụ lục IV" not in said and "hãy" not in said  # it speaks to no volunteer


@pytest.mark.slow
def test_the_report_of_a_commune_speaks_of_itself(files: Files, folder: Path) -> None:
    pages = pages_of(folder / "commune.pdf")
    assert annex_of(pages).count("") <= 2 and len(pages) <= 4
    said = " ".join(" ".join(pages).split())
    assert "ỦY BAN NHÂN DÂN" in pages[0] and "XÃ PHÚ LƯƠNG" in pages[0] and "BÁO CÁO" in pages[0]
    assert "xã Phú Lương có" in said and "0/1 đơn vị" not in said
    for words in ("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH", "Nguyễn Thị An"):
        assert words in said


@pytest.mark.slow
def test_the_pages_can_be_looked_at(files: Files, folder: Path) -> None:
    for name in ("report", "commune"):
        run("pdftoppm", "-r", "80", "-png", str(folder / f"{name}.pdf"), str(folder / name))
        pictures = sorted(folder.glob(f"{name}-*.png"))
        assert len(pictures) >= 2
        for picture in pictures:
            with Image.open(picture) as image:
                assert len(image.convert("L").getcolors()) > 20  # nothing is blank


@pytest.mark.slow
def test_the_workbook_reads_back(files: Files, folder: Path) -> None:
    """Its sums are computed again, without the values that were kept beside them."""
    stripped = folder / "again.xlsx"
    load_workbook(io.BytesIO(files["report.xlsx"])).save(stripped)
    convert(stripped, AS_CSV, folder)
    kept = load_workbook(io.BytesIO(files["report.xlsx"]), data_only=True)
    for sheet in kept.worksheets:
        text = (folder / f"again-{sheet.title}.csv").read_text(encoding="utf-8")
        read = list(csv.reader(io.StringIO(text)))
        expected = [[plain(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
        numbers = [[number(cell) for cell in row] for row in read[2:]]
        assert numbers == [[number(cell) for cell in row] for row in expected[2:]], sheet.title


def plain(value: Any) -> str:
    return "" if value is None else str(value)


def number(cell: str) -> float | None:
    """A cell as a number, where it is one."""
    scale = 100 if cell.endswith("%") else 1
    try:
        return round(float(cell.removesuffix("%")) / scale, 6)
    except ValueError:
        return None


# The letter of reminder


def test_the_letter_is_one_page_and_an_annex(tmp_path: Path) -> None:
    folder = Path(os.environ.get("OFFICE_DIR") or tmp_path)
    file = folder / "reminder.docx"
    file.write_bytes(render_reminder(situation(87, demo=True), HEAD))
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    run("soffice", "--headless", profile, "--convert-to", "pdf", "--outdir", str(folder), str(file))
    pdf = str(folder / "reminder.pdf")
    pages = run("pdftotext", "-layout", pdf, "-").split("\f")
    assert "Kính gửi" in pages[0] and "V/v đôn đốc" in pages[0] and "GIÁM ĐỐC" in pages[0]
    assert "CÒN THIẾU MẪU" in pages[1] and "Kèm theo Công văn số" in pages[1]
    assert all("Đơn vị" in page for page in pages[1:3])  # the head of the table is repeated
    run("pdftoppm", "-r", "60", "-png", pdf, str(folder / "reminder"))


# The plan of action


def test_the_plan_is_two_pages_and_an_annex(tmp_path: Path) -> None:
    folder = Path(os.environ.get("OFFICE_DIR") or tmp_path)
    file = folder / "plan.docx"
    plan = action_plan()
    file.write_bytes(render_plan(plan, HEAD))
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    run("soffice", "--headless", profile, "--convert-to", "pdf", "--outdir", str(folder), str(file))
    pages = pages_of(folder / "plan.pdf")
    assert annex_of(pages).count("") <= 2 and len(pages) <= 2 + 7
    said = " ".join(" ".join(pages).split())
    for words in ("KẾ HOẠCH", "Nơi làm tốt", "Cần thêm khoảng", "GIÁM ĐỐC", "Kèm theo Kế hoạch số"):
        assert words in said
    rows = re.findall(r"^ *[0-9]+ +Xã Số [0-9]+ +([0-9]+) +([0-9]+) +([0-9]+)(?: |$)",
                      "\n".join(pages), re.MULTILINE)  # fmt: skip
    assert len(rows) == len(plan.needs)  # each commune's figures stand in one line
    sums = [sum(int(row[place]) for row in rows) for place in range(3)]
    assert sums == [sum(one[name] for one in plan.needs)
                    for name in ("shortfall", "planned", "missing")]  # fmt: skip
    run("pdftoppm", "-r", "60", "-png", str(folder / "plan.pdf"), str(folder / "plan"))
