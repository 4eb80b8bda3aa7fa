"""LibreOffice opens a report's files as people do: run by scripts/test-office."""

import csv
import io
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from PIL import Image

from backend.reports.content.figures import Files
from backend.reports.files.rendering import render
from tests.support.report_content import lacking, report, sections, team

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
    """A report of some pages, with long tables."""
    many = [lacking(f"{5400 + n:05}", f"Xã số {n}", 3 * n, "Đợt 2") for n in range(60)]
    teams = [team(f"Chi đoàn xóm {n}", 900 - n) for n in range(40)]
    content = sections(lacking={"mobile": many, "fixed": []}, teams=teams)
    with built.app_context():
        made = render(report(demo=True, sections=content))
    for name, content in made.items():
        (folder / name).write_bytes(content)
    return made


def convert(source: Path, to: str, folder: Path) -> None:
    """Let LibreOffice convert a file, with a profile of this test's own."""
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    run("soffice", "--headless", profile, "--convert-to", to, "--outdir", str(folder), str(source))


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


@pytest.mark.slow
def test_the_letter_becomes_pages(files: Files, folder: Path) -> None:
    convert(folder / "report.docx", "pdf", folder)
    pdf = str(folder / "report.pdf")
    told = dict(line.split(":", 1) for line in run("pdfinfo", pdf).splitlines() if ":" in line)
    assert "A4" in told["Page size"] and int(told["Pages"]) >= 5
    said = run("pdftotext", "-layout", pdf, "-")
    for words in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "64.595", "theo số liệu Đo Sóng"):
        assert words in said
    pages = said.rstrip("\f").split("\f")
    assert all("SỐ LIỆU MINH HỌA" in page for page in pages)
    assert [page.split()[0] for page in pages[1:]] == [str(n) for n in range(2, len(pages) + 1)]
    # The table's head stands on each of its pages.
    assert sum("tiêu" in page and "hoạch" in page for page in pages[-4:]) >= 2


@pytest.mark.slow
def test_the_pages_can_be_looked_at(files: Files, folder: Path) -> None:
    if not (folder / "report.pdf").exists():
        convert(folder / "report.docx", "pdf", folder)
    run("pdftoppm", "-r", "80", "-png", str(folder / "report.pdf"), str(folder / "page"))
    pictures = sorted(folder.glob("page-*.png"))
    assert len(pictures) >= 5
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
