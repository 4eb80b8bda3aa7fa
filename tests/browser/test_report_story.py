"""A report: remarks, a closed tab, a new sign-in, freezing, approval, the signed PDF."""

import hashlib
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect

from backend.database.extensions import db
from backend.measurements.recording.models import DemoMonth
from tests.browser.test_desk import NAME, last_month, sign_in
from tests.support import people
from tests.support.browser import (
    COUNT_CLICKS,
    DESKTOP,
    PHONE,
    check_page,
    clicks,
    expect_text,
    fill_fields,
    press,
)
from tests.support.reports import PDF

UNSAVED = re.compile("unsaved")
# From the desk to the letter in Word, besides the name and the lines of the signer.
MAX_CLICKS = 5


pytestmark = pytest.mark.long


@pytest.fixture
def official(app: Flask) -> None:
    """The official of a province, whose last month can be frozen."""
    unit = people.unit_id(app, "19", "2025", "province")
    people.account(app, NAME, "official", unit, display_name="Trần Thị Bình")
    with app.app_context():
        db.session.add(DemoMonth(month=last_month()))
        db.session.commit()


def test_from_the_draft_to_the_letter(official: None, new_page: Callable[..., Page]) -> None:
    page = new_page(DESKTOP)
    page.add_init_script(COUNT_CLICKS)
    sign_in(page, "/desk/reports")
    before = clicks(page)
    press(page, "Soạn báo cáo")
    page.locator("summary", has_text="Chốt số liệu").click()
    press(page, "Lưu và chốt số liệu")
    approve(page)
    with page.expect_download():
        page.locator("#files ~ * a", has_text="Văn bản (Word)").click()
    print(f"\ndraft to letter: {clicks(page) - before} clicks")
    assert clicks(page) - before <= MAX_CLICKS


def approve(page: Page) -> None:
    page.locator("#proposal").select_option(label="KT. GIÁM ĐỐC / PHÓ GIÁM ĐỐC")
    fill_fields(page, name="Nguyễn Thị An")
    press(page, "Xác nhận báo cáo")
    expect_text(page, "Nguyễn Thị An, PHÓ GIÁM ĐỐC đã xác nhận")


def test_no_word_is_lost_between_draft_and_signed_letter(
    official: None, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = new_page(DESKTOP)
    context = page.context
    context.add_init_script(COUNT_CLICKS)
    began = time.monotonic()
    sign_in(page, "/desk/reports")
    press(page, "Soạn báo cáo")
    write_and_leave(page)
    first = clicks(page)
    page.close()
    page = freeze(context)
    letter, figures = download(page, tmp_path)
    signed = attach(page, tmp_path)
    print(f"\nreport story: {first + clicks(page)} clicks, {time.monotonic() - began:.1f} s")
    assert first + clicks(page) <= 16
    assert "Bão số 5 làm mất điện ba ngày." in figures.read_text(encoding="utf-8")
    assert letter.read_bytes()[:2] == b"PK"
    check_signed(new_page(PHONE), signed)


def write_and_leave(page: Page) -> None:
    """Type, and close the tab: the text is on the server, and the last words in the browser."""
    above = page.locator("#next")
    assert above.bounding_box()["y"] < 900  # type: ignore[index]
    glance = page.locator(".glance strong").first
    assert glance.bounding_box()["y"] < 900  # type: ignore[index]
    fill_fields(page, results="Bão số 5 làm mất điện ba ngày.")
    expect(page.locator("#saved")).to_contain_text("Đã lưu lúc")
    page.context.set_offline(True)
    fill_fields(page, results="Bão số 5 làm mất điện ba ngày")
    expect(page.locator("#saved")).to_contain_text("Chưa lưu được")
    page.context.set_offline(False)  # what waits is saved at once
    expect(page.locator("#saved")).to_contain_text("Đã lưu lúc", timeout=10_000)
    fill_fields(page, results="Bão số 5 làm mất điện ba ngày.")
    expect(page.locator("#results")).not_to_have_class(UNSAVED)
    page.context.clear_cookies()  # the session has ended
    fill_fields(page, proposals="Chưa gồm mẫu của đợt 3.")
    expect(page.locator("#signed-out")).to_be_visible()
    check_page(page, "report-signed-out")


def freeze(context: BrowserContext) -> Page:
    """Sign in again: the words are there, and freezing takes them along."""
    page = context.new_page()
    sign_in(page, "/desk/reports")
    page.locator("tbody th a").first.click()
    expect(page.locator("#results")).to_have_value("Bão số 5 làm mất điện ba ngày.")
    expect(page.locator("#proposals")).to_have_value("Chưa gồm mẫu của đợt 3.")
    expect(page.locator("[data-section=results]")).to_contain_text("mẫu đo băng rộng di động")
    expect(page.locator("[data-heading='Kiến nghị']")).to_have_text(
        re.compile("^[IV]+. Kiến nghị$")
    )
    page.locator("summary", has_text="Chốt số liệu").click()
    expect(page.locator(".ticks .todo").first).to_be_visible()  # what is lacking, before
    check_page(page, "report-checklist")
    press(page, "Lưu và chốt số liệu")
    expect(page.locator("[data-section=proposals]")).to_have_text("Chưa gồm mẫu của đợt 3.")
    assert page.evaluate("Object.keys(localStorage).filter((k) => k.startsWith('report-'))") == []
    approve(page)
    return page


def download(page: Page, folder: Path) -> tuple[Path, Path]:
    kept = []
    for label in ("Văn bản (Word)", "Số liệu cho máy đọc (JSON)"):
        if "JSON" in label:
            page.get_by_text("Dành cho máy").click()
        with page.expect_download() as loading:
            page.locator("#files ~ * a", has_text=label).click()
        file = folder / loading.value.suggested_filename
        loading.value.save_as(file)
        kept.append(file)
    assert kept[0].name == f"BC-{last_month()}-tinh-thai-nguyen.docx"
    return kept[0], kept[1]


def attach(page: Page, folder: Path) -> Path:
    """Attach the PDF that the document system issued, with its number and date."""
    signed = folder / "12-BC-SKHCN.pdf"
    signed.write_bytes(PDF)
    fill_fields(page, number="12/BC-SKHCN", signed_on=f"{last_month()}-28")
    page.set_input_files("#file", signed)
    press(page, "Đính kèm")
    expect_text(page, "Số 12/BC-SKHCN, ngày 28/")
    check_page(page, "report-attached")
    return signed


def check_signed(page: Page, signed: Path) -> None:
    """Anyone checks a copy of the PDF; it is not sent."""
    posts: list[str] = []
    page.on("request", lambda one: posts.append(one.method) if one.method != "GET" else None)
    page.goto("/seal")
    page.set_input_files("#file", signed)
    press(page, "Kiểm tra")
    expect_text(page, "Tệp đúng nguyên bản đã xác nhận")
    expect_text(page, "Số 12/BC-SKHCN")
    assert page.url.split("/")[-1].startswith(hashlib.sha256(PDF).hexdigest()) and not posts
    check_page(page, "seal-letter")
