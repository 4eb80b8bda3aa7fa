"""The page that checks a report's file, by keyboard and without scripts."""

from collections.abc import Callable
from pathlib import Path

from flask import Flask
from playwright.sync_api import Page, expect

from backend.reports.files.canonical import canonical_json
from tests.support import people
from tests.support.browser import DESKTOP, PHONE, axe, check_page, picture
from tests.support.reports import nothing, stored_report


def test_a_file_is_checked(app: Flask, new_page: Callable[..., Page], tmp_path: Path) -> None:
    stored_report(app, people.unit_id(app, "19", level="province"), "approved")
    file = tmp_path / "report.json"
    page = new_page(PHONE)
    for content, words, name in (
        (canonical_json(nothing("2024-10")), "Tệp đúng nguyên bản đã xác nhận", "seal-good"),
        (canonical_json(nothing("2024-09")), "Không có báo cáo nào mang mã này", "seal-unknown"),
    ):
        page.goto("/seal")
        check_page(page, "seal")
        file.write_bytes(content)
        page.set_input_files("#file", file)
        page.get_by_role("button", name="Kiểm tra").press("Enter")
        expect(page.get_by_text(words)).to_be_visible()
        check_page(page, name)
        other = new_page(DESKTOP, "en", "dark")
        other.goto(page.url)
        axe(other)
        picture(other, f"{name}-en-dark")
    plain = new_page(PHONE, java_script_enabled=False)
    plain.goto("/seal")
    plain.locator("#digest").fill("0" * 64)
    plain.get_by_role("button", name="Kiểm tra").click()
    expect(plain.get_by_text("Không có báo cáo nào mang mã này")).to_be_visible()
