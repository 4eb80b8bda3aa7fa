"""Invitation, sign-in and join pages in a real browser."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pyotp
import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from backend.accounts.links import make_link
from backend.accounts.models import User
from backend.database.extensions import db
from tests.support import people
from tests.support.browser import Guard, check_page, expect_text, fill_fields, press
from tests.support.people import PASSWORD, account

NAME = "hoa@example.vn"


def invited(app: Flask) -> str:
    """The secret of an invitation link."""
    with app.app_context():
        user = User(name=NAME)
        db.session.add(user)
        db.session.flush()
        link = make_link(user.id, "invitation", datetime.now(UTC))
        db.session.commit()
        return link.secret


def sign_in(page: Page, password: str = PASSWORD) -> None:
    page.goto("/sign-in")
    fill_fields(page, name=NAME, password=password)
    press(page, "Đăng nhập")


def test_a_public_page_has_the_header_of_who_signed_in_by_the_api(app: Flask, page: Page) -> None:
    account(app, NAME, "official", people.unit_id(app, "19", "2025", "province"))
    answer = page.request.post("/api/v1/sessions", data={"name": NAME, "password": PASSWORD})
    assert answer.ok, answer.text()
    page.goto("/huong-dan")
    expect(page.get_by_role("link", name="Bàn làm việc")).to_be_visible()
    check_page(page, "help-signed-in")
    press(page, "Đăng xuất")
    expect(page.get_by_role("link", name="Đăng nhập")).to_be_visible()


def test_an_invitation_becomes_an_account(
    app: Flask, served: str, page: Page, guard: Guard
) -> None:
    secret = invited(app)
    page.goto(f"/invitation#{secret}")
    expect_text(page, "Mật khẩu mới")
    expect_text(page, f"Bạn đăng nhập bằng {NAME}")
    expect(page.get_by_role("navigation", name="Các trang", exact=True)).to_be_hidden()
    assert page.url == f"{served}/invitation"
    check_page(page, "invitation")

    fill_fields(page, password="ngắn", again="khác")
    press(page, "Lưu mật khẩu và vào luôn")
    expect_text(page, "Hai lần nhập không giống nhau.")
    fill_fields(page, password="ngắn", again="ngắn")
    press(page, "Lưu mật khẩu và vào luôn")
    expect_text(page, "Mật khẩu phải có ít nhất 10 ký tự.")
    assert "Hai lần nhập không giống nhau." not in page.inner_text("body")
    check_page(page, "invitation-fault")

    fill_fields(page, password=PASSWORD, again=PASSWORD)
    press(page, "Lưu mật khẩu và vào luôn")
    expect_text(page, "Tài khoản của bạn")  # signed in already
    assert not [one.url for one in guard.requests if secret in one.url.partition("#")[0]]
    assert [one for one in guard.requests if secret in (one.post_data or "")]


def test_a_link_that_lost_its_secret(app: Flask, page: Page) -> None:
    page.goto("/invitation")
    expect_text(page, "Thiếu phần bí mật của đường dẫn.")
    expect(page.locator("#password")).to_be_hidden()
    page.goto(f"/invitation#{'x' * 43}")
    expect_text(page, "Đường dẫn không đúng, đã dùng hoặc đã hết hạn.")
    page.goto(f"/invitation#{invited(app)}")
    expect_text(page, "Mật khẩu mới")


def test_the_other_language_keeps_the_secret(app: Flask, page: Page) -> None:
    page.goto(f"/invitation#{invited(app)}")
    expect_text(page, "Mật khẩu mới")
    press(page, "English")
    expect_text(page, "New password")
    fill_fields(page, password=PASSWORD, again=PASSWORD)
    press(page, "Save the password and go on")
    page.wait_for_url("**/account*")


def test_sign_in_and_out(app: Flask, page: Page) -> None:
    team = people.team(app, people.organisation(app), "Đội Sông Cầu")
    account(app, NAME, "team_leader", team)
    sign_in(page, "không phải mật khẩu này")
    expect_text(page, "Tên đăng nhập hoặc mật khẩu không đúng.")
    expect(page.locator("#name")).to_have_value(NAME)
    check_page(page, "sign-in")

    fill_fields(page, password=PASSWORD)
    press(page, "Đăng nhập")
    page.wait_for_url("**/campaigns")
    page.goto("/sign-in")
    assert page.url.endswith("/campaigns")
    press(page, "Tài khoản")
    expect_text(page, "Đội trưởng: Đội Sông Cầu")
    assert "Còn một bước." not in page.inner_text("body")
    check_page(page, "account")
    page.goto("/account?lang=en")
    expect_text(page, "Team leader: Đội Sông Cầu")

    with page.expect_navigation():
        press(page, "Sign out")
    page.goto("/account")
    expect_text(page, "Thư điện tử hoặc số điện thoại")


def test_an_account_names_its_areas_and_a_telephone_as_people_write_it(
    app: Flask, page: Page
) -> None:
    account(app, "+84912345678", "official", people.unit_id(app, "19", "2025", "province"))
    page.goto("/account")
    fill_fields(page, name="0912 345 678", password=PASSWORD)
    press(page, "Đăng nhập")
    expect(page.locator("#who")).to_have_text("0912 345 678")
    expect(page.locator("#roles")).to_have_text("Cán bộ phụ trách địa bàn: Tỉnh Thái Nguyên")


@pytest.mark.parametrize(
    "path", ["//other.example/", "/\\other.example", "/\t/other.example", "x:y"]
)
def test_sign_in_redirects_to_this_server_only(app: Flask, page: Page, path: str) -> None:
    account(app, NAME)
    page.goto(f"/sign-in?{urlencode({'next': path})}")
    fill_fields(page, name=NAME, password=PASSWORD)
    press(page, "Đăng nhập")
    expect(page.locator("#who")).to_have_text(NAME)
    assert page.url.endswith("/account")


def test_an_admin_sets_up_the_second_factor(app: Flask, page: Page) -> None:
    account(app, NAME, "admin")
    sign_in(page)
    expect_text(page, "Còn một bước.")
    check_page(page, "totp-needed")
    fill_fields(page, **{"set-up-password": "không phải mật khẩu này"})
    press(page, "Bật xác thực hai lớp")
    expect_text(page, "Mật khẩu không đúng.")
    fill_fields(page, **{"set-up-password": PASSWORD})
    press(page, "Bật xác thực hai lớp")
    expect(page.locator("#qr svg path")).to_be_visible()
    check_page(page, "totp")
    code = pyotp.TOTP(page.inner_text("#secret").replace(" ", ""))
    fill_fields(page, code="12345")
    press(page, "Xác nhận")
    expect_text(page, "Mã sáu số không đúng")
    fill_fields(page, code=code.now())
    press(page, "Xác nhận")
    expect(page.locator("#code-list li")).to_have_count(10)
    expect_text(page, "Đang bật")
    check_page(page, "recovery-codes")
    recovery = page.locator("#code-list li").first.inner_text()
    assert "Còn một bước." not in page.inner_text("body")
    expect(page.locator("#qr svg")).to_have_count(0)
    page.emulate_media(media="print")
    expect(page.get_by_text(recovery)).to_be_visible()
    expect(page.locator("#codes-stored")).to_be_hidden()
    page.emulate_media(media="screen")
    press(page, "Tôi đã cất các mã")
    page.wait_for_url("**/admin")  # which waited for the second factor
    assert recovery not in page.content()

    press(page, "Đăng xuất")
    sign_in(page)
    fill_fields(page, totp="000")
    check_page(page, "sign-in-totp")
    press(page, "Đăng nhập")
    expect_text(page, "Mã sáu số không đúng")
    # The code of this half minute has served; that of the next is taken already.
    fill_fields(page, totp=code.at(datetime.now(UTC) + timedelta(seconds=30)))
    press(page, "Đăng nhập")
    page.wait_for_url("**/admin")

    press(page, "Đăng xuất")  # and without the phone
    sign_in(page)
    press(page, "Dùng mã khôi phục")
    fill_fields(page, recovery="abcd-efgh-jkmn-pqrs")
    press(page, "Đăng nhập")
    expect_text(page, "Mã khôi phục không đúng hoặc đã dùng.")
    check_page(page, "sign-in-recovery")
    fill_fields(page, recovery=recovery)
    press(page, "Đăng nhập")
    expect(page.locator("#codes-left")).to_have_text("9")


def test_a_person_changes_the_account(app: Flask, page: Page) -> None:
    account(app, NAME)
    sign_in(page)
    expect_text(page, "Tài khoản của bạn")
    page.get_by_text("Mật khẩu, tên đăng nhập và mã khôi phục").click()
    check_page(page, "account-security")
    fill_fields(page, **{"rename-name": "lan@example.vn", "rename-password": "not this one"})
    press(page, "Lưu tên đăng nhập")
    expect_text(page, "Mật khẩu không đúng.")
    fill_fields(page, **{"rename-password": PASSWORD})
    press(page, "Lưu tên đăng nhập")
    expect_text(page, "Đã lưu.")
    expect(page.locator("#who")).to_have_text("lan@example.vn")
    new = "mưa chiều trên phố"
    fill_fields(page, **{"new-password-old": PASSWORD, "new-password-new": new})
    with page.expect_navigation(url=re.compile("/account/deputies")):
        press(page, "Lưu mật khẩu")
    expect_text(page, "Ủy quyền")
    check_page(page, "account-deputies")
    with page.expect_navigation():  # another address would end the request
        press(page, "Đăng xuất")
    page.goto("/sign-in")
    fill_fields(page, name="lan@example.vn", password=new)
    press(page, "Đăng nhập")
    expect(page.locator("#who")).to_have_text("lan@example.vn")


@pytest.mark.parametrize("path", ["/invitation#x", "/sign-in"])
def test_without_scripts_a_page_says_what_it_needs(
    new_page: Callable[..., Page], path: str
) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(path)
    expect_text(page, "JavaScript")
    expect(page.locator("form:visible")).to_have_count(0)
