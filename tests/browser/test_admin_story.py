"""An admin sets up a province with its communes' officials; clicks and seconds are printed."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pyotp
import pytest
from flask import Flask
from openpyxl import load_workbook
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from backend.accounts.models import Role
from backend.database.extensions import db
from tests.browser.test_admin_pages import enter
from tests.support.admin_client import NAME, SECRET
from tests.support.browser import (
    COUNT_CLICKS,
    DESKTOP,
    PHONE,
    Guard,
    check_page,
    clicks,
    expect_text,
    fill_fields,
    press,
)
from tests.support.people import account

pytestmark = pytest.mark.long

# From an empty server to the first official; and to a province: open the list, choose the province,
# show it, download, check, invite; the file is one more.
MAX_CLICKS = 9
PASSWORD = "đường quê có hoa vàng"


def fill_in(path: Path) -> int:
    """Fill in the downloaded list as a person would in Excel, with one telephone number wrong."""
    book = load_workbook(path)
    sheet = book.worksheets[0]
    for number, row in enumerate(sheet.iter_rows(min_row=2), 1):
        row[1].value = f"Nguyễn Văn {number}"
        row[2].value = f"canbo{number}@thainguyen.example.vn"
    sheet["C5"].value = "0912 345"
    book.save(path)
    return sheet.max_row - 1


def test_the_first_admin_invites_the_first_official(
    app: Flask, served: str, new_page: Callable[..., Page], capsys: pytest.CaptureFixture[str]
) -> None:
    """From the link that the command on the first page prints, as a person clicks."""
    page = new_page(DESKTOP)
    page.add_init_script(COUNT_CLICKS)
    page.goto("/")
    command = page.locator("#first-admin-command").input_value().split("accounts ")[1].split()
    printed = app.test_cli_runner().invoke(args=["accounts", *command, "--base", served]).output
    page.goto(next(word for word in printed.split() if "/invitation#" in word))
    fill_fields(page, password=PASSWORD, again=PASSWORD)
    press(page, "Lưu mật khẩu và vào luôn")
    fill_fields(page, **{"set-up-password": PASSWORD})
    press(page, "Bật xác thực hai lớp")
    expect(page.locator("#qr svg path")).to_be_visible()
    fill_fields(page, code=pyotp.TOTP(page.inner_text("#secret").replace(" ", "")).now())
    press(page, "Xác nhận")
    press(page, "Tôi đã cất các mã")  # leads to the workspace
    press(page, "Mời một người")
    fill_fields(page, person="0912 345 678")
    page.locator("#role").select_option("official")
    page.locator("#unit").press_sequentially("thai nguyen")
    page.get_by_role("option", name=re.compile("Tỉnh Thái Nguyên")).first.click()
    press(page, "Tạo lời mời")
    expect(page.locator("#link")).to_have_value(re.compile("/invitation#"))
    check_page(page, "admin-person-invited")
    with capsys.disabled():
        print(f"\nan empty server to the first official: {clicks(page)} clicks")
    assert clicks(page) <= MAX_CLICKS


def test_an_admin_sets_up_a_province_with_its_officials(
    app: Flask, served: str, new_page: Callable[..., Page], guard: Guard, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """From the first page to 93 links, with a mistake in the file; then an official signs in."""
    account(app, NAME, "admin", totp_secret=SECRET)
    page = new_page(DESKTOP)
    page.add_init_script(COUNT_CLICKS)
    enter(page, "/admin")
    page.evaluate("sessionStorage.clicks = 0")
    began = time.monotonic()
    expect_text(page, "Mời cán bộ đầu tiên")
    press(page, "Mời cán bộ theo danh sách")
    expect(page.locator("#home")).to_have_attribute("role", "combobox")
    page.locator("#home").press_sequentially("thai nguyen")
    page.get_by_role("option", name=re.compile("Tỉnh Thái Nguyên")).first.click()
    press(page, "Xem")
    expect_text(page, "0 trên 92 xã, phường có cán bộ")
    with page.expect_download() as downloading:
        press(page, "Tải danh sách để điền (Excel)")
    path = tmp_path / downloading.value.suggested_filename
    downloading.value.save_as(path)
    assert path.name == "can-bo-19.xlsx"
    rows = fill_in(path)
    page.locator("#file").set_input_files(path)
    press(page, "Kiểm tra")
    expect_text(page, "Có lỗi: 1")
    expect(page.locator("tbody tr").first.locator("td").first).to_have_text("5")  # as in Excel
    check_page(page, "admin-officials-fault")
    text = page.locator("#officials")
    text.fill(text.input_value().replace("0912 345", "0912 345 678"))
    press(page, "Kiểm tra")
    press(page, f"Mời {rows} người")
    expect_text(page, f"{rows} đường dẫn cần trao")
    links = re.findall(r"/invitation#\S{40,}", page.locator("#all-links").input_value())
    count, seconds = clicks(page), time.monotonic() - began
    with capsys.disabled():
        print(f"\nadmin, a province with {rows} officials: {count} clicks, {seconds:.0f} s")
    assert len(set(links)) == rows == 93 and count <= MAX_CLICKS
    check_page(page, "admin-officials-links")
    with app.app_context():
        officials = select(func.count()).select_from(Role).where(Role.role == "official")
        assert db.session.scalar(officials) == rows
    page.goto("/admin")
    expect(page.locator(".steps-left")).not_to_contain_text("Mời cán bộ đầu tiên")
    official = new_page(PHONE)
    official.goto(links[1])
    fill_fields(official, password=PASSWORD, again=PASSWORD)
    official.locator("#choose button").click()
    official.wait_for_url("**/desk/area/*")
