"""Signing in with the account of the office, and linking it, in a real browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from backend.accounts.models import User
from backend.accounts.second_factor import encrypt
from backend.clock import utc_now
from backend.database.extensions import db
from tests.support.browser import Guard, check_page, expect_text, fill_fields, press
from tests.support.clock import FakeClock
from tests.support.oidc import PERSON, office, rule
from tests.support.oidc_provider import FakeProvider
from tests.support.people import PASSWORD, account
from tests.support.sign_in import SECRET, code

BUTTON = "Đăng nhập bằng tài khoản của tỉnh"


@pytest.fixture
def provider(app: Flask, served: str, guard: Guard, tmp_path: Path) -> Iterator[FakeProvider]:
    rules = tmp_path / "rules.toml"
    rules.write_text(rule("Sở KH&CN", "so-khcn", "official", unit="19", level="province"))
    with office(app, utc_now, rules) as running:
        running.claims["groups"] = ["so-khcn"]
        yield running
    there = f"left the host: {running.issuer}/authorize?"
    guard.complaints[:] = [one for one in guard.complaints if not one.startswith(there)]


def test_the_button_signs_in(provider: FakeProvider, page: Page) -> None:
    page.goto("/desk")  # leads to the sign-in page, and back in the end
    expect_text(page, "Hoặc dùng tài khoản cơ quan")
    check_page(page, "office-sign-in")
    page.get_by_role("link", name=BUTTON).click()
    page.wait_for_url("**/desk**")
    expect_text(page, "Thái Nguyên")
    page.goto("/account")
    expect_text(page, "Nguyễn Thị Hoa (hoa@so.vn)")
    expect_text(page, "Tài khoản này chưa có mật khẩu ở đây.")
    expect(page.locator("#security")).to_be_hidden()
    check_page(page, "office-account")


def test_the_button_needs_no_script(provider: FakeProvider, new_page: Callable[..., Page]) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/sign-in")
    page.get_by_role("link", name=BUTTON).click()
    page.wait_for_url("**/desk**")


def test_what_goes_wrong_is_one_sentence(provider: FakeProvider, page: Page) -> None:
    provider.claims["groups"] = []
    page.goto("/sign-in")
    page.get_by_role("link", name=BUTTON).click()
    expect_text(page, "Tài khoản cơ quan của bạn chưa được giao vai trò ở đây.")
    check_page(page, "office-refused")
    provider.claims["groups"] = ["so-khcn"]
    page.get_by_role("link", name=BUTTON).click()
    page.wait_for_url("**/desk**")


def test_an_account_is_linked_and_unlinked(app: Flask, provider: FakeProvider, page: Page) -> None:
    account(app, str(PERSON["email"]))
    page.goto("/account")
    fill_fields(page, name=str(PERSON["email"]), password=PASSWORD)
    press(page, "Đăng nhập")
    page.wait_for_url("**/account")
    page.locator("#security summary").click()
    fill_fields(page, **{"link-office-password": "không phải"})
    press(page, "Liên kết")
    expect_text(page, "Mật khẩu không đúng.")
    fill_fields(page, **{"link-office-password": PASSWORD})
    press(page, "Liên kết")
    expect_text(page, "Từ nay bạn có thể đăng nhập bằng tài khoản của tỉnh.")
    expect_text(page, "Cán bộ")
    page.locator("#security summary").click()
    expect(page.locator("#link-office")).to_be_hidden()
    check_page(page, "office-linked")
    fill_fields(page, **{"unlink-office-password": PASSWORD})
    press(page, "Bỏ liên kết")
    expect(page.locator("#link-office")).to_be_visible()
    expect_text(page, "Chưa có vai trò nào.")
    expect(page.locator("#linked")).to_have_count(0)


def test_the_second_factor_is_wanted(app: Flask, provider: FakeProvider, page: Page) -> None:
    page.goto("/sign-in/office")
    page.wait_for_url("**/desk**")
    page.context.clear_cookies()
    with app.app_context():
        user = db.session.query(User).one()
        user.totp_secret = encrypt(SECRET, user.id, app.config["SECRET_KEY"])
        db.session.commit()
    page.goto("/sign-in/office")
    expect_text(page, "đang bật xác thực hai lớp")
    fill_fields(page, code="000000")
    page.get_by_role("button", name="Đăng nhập").click()
    expect(page.locator("#code-fault")).not_to_be_empty()
    check_page(page, "office-code")
    fill_fields(page, code=code(FakeClock(utc_now())))
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_url("**/desk**")
