"""LibreOffice renders the letter that urges communes to measure: run by scripts/test-office."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from backend.reports.reminders.letter import render_reminder
from tests.support.reminders import HEAD, situation

pytestmark = [
    pytest.mark.long,
    pytest.mark.office,
    pytest.mark.skipif(
        not (shutil.which("soffice") and shutil.which("pdftoppm")),
        reason="LibreOffice is not here: scripts/test-office installs it",
    ),
]


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


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
