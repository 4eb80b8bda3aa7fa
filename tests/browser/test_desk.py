"""The workspace of officials in a real browser."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, Route, expect

from backend.clock import local_day, utc_now
from backend.database.extensions import db
from backend.measurements.recording.models import DemoMonth
from tests.support import people
from tests.support.browser import (
    DESKTOP,
    PHONE,
    axe,
    check_page,
    expect_text,
    fill_fields,
    picture,
    press,
)
from tests.support.factories import post, register, sample

NAME = "binh@example.vn"
PRINTED_PAGES = 5  # of a province's desk, with a line for each of 92 communes
AGO = (timedelta(minutes=2), timedelta(minutes=1))  # the second repeats the first


def sign_in(page: Page, to: str) -> None:
    """Sign in and return to the requested page."""
    page.goto(to)
    fill_fields(page, name=NAME, password=people.PASSWORD)
    press(page, "Đăng nhập")
    expect(page.get_by_role("link", name="Bàn làm việc")).to_have_attribute("aria-current", "page")


def header_height(page: Page) -> float:
    """Return the height of the header in px."""
    return float(page.locator("header.top").evaluate("one => one.offsetHeight"))


def last_month() -> str:
    return f"{local_day(utc_now()).replace(day=1) - timedelta(days=1):%Y-%m}"


@pytest.mark.long
def test_a_report_is_written_and_frozen(app: Flask, new_page: Callable[..., Page]) -> None:
    people.account(
        app,
        NAME,
        "official",
        people.unit_id(app, "19", "2025", "province"),
        display_name="Trần Thị Bình",
    )
    with app.app_context():
        db.session.add(DemoMonth(month=last_month()))  # approximate boundaries are enough
        db.session.commit()
    page = new_page(PHONE)
    sign_in(page, "/desk/reports")
    check_page(page, "desk-reports")
    late: list[Route] = []
    page.route("**/report.js", lambda route: late.append(route))
    press(page, "Soạn báo cáo")
    page.locator("#results").fill("Mưa lũ kéo dài.")  # before the page's script has come
    assert late
    late[0].continue_()
    page.unroute("**/report.js")
    shown = page.locator("[data-section=results]")
    expect(shown).to_contain_text("Mưa lũ kéo dài.")  # as it is typed
    expect(shown).to_contain_text("Đo Sóng thu nhận")  # beside the facts
    expect(page.locator("#saved")).to_contain_text("Đã lưu lúc")
    check_page(page, "desk-draft")
    colleague = page.context.new_page()
    colleague.goto(page.url)
    colleague.locator("#results").fill("Mưa lũ.")
    expect(colleague.locator("#saved")).to_contain_text("Đã lưu lúc")
    colleague.close()
    page.locator("#results").fill("Bão số 5.")
    both = page.locator(".notice:has([data-both])")
    expect(both.locator("[data-stored]")).to_have_text("Mưa lũ.")  # both texts
    check_page(page, "desk-conflict")
    both.get_by_role("button", name="Ghép cả hai").click()
    expect(page.locator("#results")).to_have_value("Mưa lũ.\nBão số 5.")
    page.context.set_offline(True)
    fill_fields(page, proposals="Số liệu chưa đủ.")
    expect(page.locator("#saved")).to_contain_text("Chưa lưu được")
    page.close()
    page.context.set_offline(False)
    page = type_on(page)
    page.locator("summary", has_text="Chốt số liệu").click()
    press(page, "Lưu và chốt số liệu")
    expect_text(page, "Số liệu chưa đủ.")
    page.locator("#proposal").select_option(label="KT. GIÁM ĐỐC / PHÓ GIÁM ĐỐC")
    check_page(page, "desk-frozen")
    press(page, "Xác nhận báo cáo")
    expect_text(page, "Trần Thị Bình, PHÓ GIÁM ĐỐC đã xác nhận")
    check_page(page, "desk-approved")
    dark = new_page(DESKTOP, "en", "dark", storage_state=page.context.storage_state())
    for path in (page.url, "/desk/reports"):
        dark.goto(path)
        axe(dark, colours=True)
    check_page(dark, "desk-reports-en-dark")


def type_on(closed: Page) -> Page:
    """Open the page of a closed tab again: text that was not saved is in its field."""
    page = closed.context.new_page()
    page.goto(closed.url)
    expect(page.locator("#proposals")).to_have_value("Số liệu chưa đủ.")
    expect(page.locator("#saved")).to_contain_text("Đã lưu lúc")
    return page


def test_the_office(app: Flask, new_page: Callable[..., Page], tmp_path: Path) -> None:
    people.account(app, NAME, "official", people.unit_id(app, "19", "2025", "province"))
    table = tmp_path / "vnnic.csv"
    table.write_text("Mã,Đơn vị,Số mẫu\n99999,Xã Không Có,7\n")
    page = new_page(PHONE)
    sign_in(page, "/desk/area/19/letterhead")
    page.goto("/account/deputies")
    check_page(page, "account-deputies")
    assert header_height(page) < 110  # two lines
    page.goto("/")
    assert header_height(page) < 160  # and the search
    page.goto("/desk/area/19/letterhead")
    check_page(page, "desk-letterhead")
    page.goto("/desk/area/19")
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type /Page\b", printed)) <= PRINTED_PAGES
    with page.expect_download() as plan:
        page.get_by_role("link", name="Kế hoạch hành động (Word)").click()
    assert plan.value.suggested_filename.endswith("-tinh-thai-nguyen.docx")
    page.goto("/desk/area/19/vnnic")
    check_page(page, "desk-vnnic")
    page.set_input_files("#file", table)
    press(page, "Kiểm tra")
    expect_text(page, "Xã Không Có")
    check_page(page, "desk-vnnic-checked")
    dark = new_page(DESKTOP, "en", "dark", storage_state=page.context.storage_state())
    for path in ("/account/deputies", "/desk/area/19/letterhead", "/desk/area/19/vnnic"):
        dark.goto(path)
        axe(dark, colours=True)


@pytest.mark.long
def test_from_the_area_to_a_sample(
    app: Flask, client: FlaskClient, new_page: Callable[..., Page]
) -> None:
    people.account(app, NAME, "official", people.unit_id(app, "19", "2025", "province"))
    made = [sample((utc_now() - ago).isoformat()) for ago in AGO]
    assert post(client, register(client), *made).status_code < 300
    page = new_page(PHONE)
    sign_in(page, "/desk")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tỉnh Thái Nguyên")
    check_page(page, "desk-area")
    page.get_by_role("navigation", name="Lọc bảng").get_by_role("link").last.click()
    page.locator(".lost-why a").first.click()
    expect_text(page, "Mẫu của Tỉnh Thái Nguyên")
    check_page(page, "desk-samples")
    page.locator("tbody a").first.click()
    expect_text(page, "Lặp lại mẫu được tính")
    check_page(page, "desk-sample")
    press(page, "Loại mẫu này …")
    expect_text(page, "Xã, phường đạt mục tiêu")
    page.locator("#reason").fill("đo trong xưởng")
    check_page(page, "desk-exclude")
    press(page, "Không tính 1 mẫu")
    expect_text(page, "đo trong xưởng")
    check_page(page, "desk-exclusions")
    press(page, "Đưa trở lại mẫu của quyết định số 1")
    check_page(page, "desk-lift")
    page.goto("/desk/area/19/signals")
    check_page(page, "desk-signals")
    dark = new_page(DESKTOP, "en", "dark", storage_state=page.context.storage_state())
    for path in ("area/19", "area/19/samples", "area/19/exclusions"):
        dark.goto(f"/desk/{path}")
        axe(dark, colours=True)
        picture(dark, f"desk-{path.replace('/', '-')}-en-dark")
