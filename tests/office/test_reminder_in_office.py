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


def test_the_letter_is_two_pages_and_an_annex(tmp_path: Path) -> None:
    folder = Path(os.environ.get("OFFICE_DIR") or tmp_path)
    file = folder / "reminder.docx"
    file.write_bytes(render_reminder(situation(87, demo=True), HEAD))
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    run("soffice", "--headless", profile, "--convert-to", "pdf", "--outdir", str(folder), str(file))
    pdf = str(folder / "reminder.pdf")
    pages = [run("pdftotext", "-layout", "-f", str(n), "-l", str(n), pdf, "-") for n in range(1, 6)]
    assert "Kính gửi" in pages[0] and "V/v đôn đốc" in pages[0]
    first_annex = next(n for n, page in enumerate(pages) if "Phụ lục" in page.split("\n\n")[1])
    assert first_annex <= 2 and "GIÁM ĐỐC" in "".join(pages[:first_annex])
    assert "Còn thiếu" in pages[first_annex] and "Còn thiếu" in pages[first_annex + 1]
    run("pdftoppm", "-r", "60", "-png", pdf, str(folder / "reminder"))
