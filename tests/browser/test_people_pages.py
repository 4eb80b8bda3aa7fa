"""The pages that links of people lead to, in a real browser."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from flask import Flask

from backend.accounts.links import make_link
from backend.accounts.models import User
from backend.extensions import db
from tests import people
from tests.chromium import PROGRAM, Page, chromium
from tests.people import PASSWORD, account
from tests.serving import serving_app

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed")

NAME = "hoa@example.vn"
# Where somebody wants to look at the pages: `PICTURES=folder pytest tests/browser`.
PICTURES = os.environ.get("PICTURES")
WIDTHS = (360, 1280)


@pytest.fixture
def served(app: Flask) -> Iterator[str]:
    with serving_app(app) as url:
        yield url


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with chromium(tmp_path) as opened:
        yield opened
        assert opened.complaints == []


def looks_right(page: Page, name: str) -> None:
    """Nothing is wider than the screen; who wants to see it gets a picture."""
    for width in WIDTHS:
        page.resize(width)
        wide = page.js("document.documentElement.scrollWidth")
        assert wide <= width, f"{name} is {wide} px wide"
        if PICTURES:
            page.picture(Path(PICTURES) / f"{name}-{width}.png")


def invited(app: Flask) -> str:
    """The secret of a link for a person who waits."""
    with app.app_context():
        user = User(name=NAME)
        db.session.add(user)
        db.session.flush()
        link = make_link(user.id, "invitation", datetime.now(UTC))
        db.session.commit()
        return link.secret


def sign_in(page: Page, url: str, password: str = PASSWORD) -> None:
    page.open(f"{url}/sign-in")
    page.type(name=NAME, password=password)
    page.press("Đăng nhập")


def test_an_invitation_becomes_an_account(app: Flask, served: str, page: Page) -> None:
    secret = invited(app)
    page.open(f"{served}/invitation#{secret}")
    page.reads("Mật khẩu mới")
    assert page.js("location.href") == f"{served}/invitation"
    looks_right(page, "invitation")

    page.type(password="ngắn", again="khác")
    page.press("Lưu mật khẩu")
    page.reads("Hai lần nhập không giống nhau.")
    page.type(password="ngắn", again="ngắn")
    page.press("Lưu mật khẩu")
    page.reads("Mật khẩu phải có ít nhất 10 ký tự.")
    assert "Hai lần nhập không giống nhau." not in page.words()
    looks_right(page, "invitation-fault")

    page.type(password=PASSWORD, again=PASSWORD)
    page.press("Lưu mật khẩu")
    page.reads(NAME)
    looks_right(page, "invitation-done")
    page.press("Đăng nhập")
    page.reads("Thư điện tử hoặc số điện thoại")
    sign_in(page, served)
    page.reads("Bạn đã đăng nhập")
    assert not [one["url"] for one in page.asked if secret in one["url"].partition("#")[0]]
    assert [one for one in page.asked if secret in one.get("postData", "")]


def test_a_link_that_was_used(app: Flask, served: str, page: Page) -> None:
    page.open(f"{served}/invitation#{'x' * 43}")
    page.type(password=PASSWORD, again=PASSWORD)
    page.press("Lưu mật khẩu")
    page.reads("Đường dẫn không đúng, đã dùng hoặc đã hết hạn.")


def test_a_link_that_lost_its_secret(served: str, page: Page) -> None:
    page.open(f"{served}/invitation")
    page.reads("Thiếu phần bí mật của đường dẫn.")
    assert not page.js("document.getElementById('password').checkVisibility()")
    page.open(f"{served}/invitation#pasted-later")
    page.reads("Mật khẩu mới")


def test_the_other_language_keeps_the_secret(served: str, page: Page) -> None:
    page.open(f"{served}/invitation#{'x' * 43}")
    page.reads("Mật khẩu mới")
    page.press("English")
    page.reads("New password")
    page.type(password=PASSWORD, again=PASSWORD)
    page.press("Save the password")
    page.reads("The link is unknown, used or too old.")
    assert "#" not in page.js("location.href")


def test_sign_in_and_out(app: Flask, served: str, page: Page) -> None:
    team = people.team(app, people.organisation(app), "Đội Sông Cầu")
    account(app, NAME, "team_leader", team)
    sign_in(page, served, "không phải mật khẩu này")
    page.reads("Tên đăng nhập hoặc mật khẩu không đúng.")
    assert page.js("document.getElementById('name').value") == NAME
    looks_right(page, "sign-in")

    page.type(password=PASSWORD)
    page.press("Đăng nhập")
    page.reads("Đội trưởng: Đội Sông Cầu")
    assert "Còn một bước." not in page.words()
    looks_right(page, "signed-in")
    page.open(f"{served}/sign-in?lang=en")
    page.reads("Team leader: Đội Sông Cầu")

    page.press("Sign out")
    page.reads("E-mail or telephone number")
    assert NAME not in page.words()
    page.open(f"{served}/sign-in")
    page.reads("Thư điện tử hoặc số điện thoại")


def test_an_admin_sets_up_the_second_factor(app: Flask, served: str, page: Page) -> None:
    account(app, NAME, "admin")
    sign_in(page, served)
    page.reads("Còn một bước.")
    looks_right(page, "totp-needed")
    page.press("Bật xác thực hai lớp")
    page.until("document.querySelector('#qr svg path')")
    looks_right(page, "totp")
    code = pyotp.TOTP(str(page.js("document.getElementById('secret').innerText")).replace(" ", ""))
    page.type(code="12345")
    page.press("Xác nhận")
    page.reads("Mã sáu số không đúng")
    page.type(code=code.now())
    page.press("Xác nhận")
    page.reads("Đang bật")
    assert "Còn một bước." not in page.words() and not page.js("document.querySelector('#qr svg')")

    page.press("Đăng xuất")
    page.type(name=NAME, password=PASSWORD)
    page.press("Đăng nhập")
    page.type(totp="000")
    looks_right(page, "sign-in-totp")
    page.press("Đăng nhập")
    page.reads("Mã sáu số không đúng")
    # The code of this half minute has served; that of the next is taken already.
    page.type(totp=code.at(datetime.now(UTC) + timedelta(seconds=30)))
    page.press("Đăng nhập")
    page.reads("Quản trị viên")


def test_the_join_page_shows_the_code_and_sends_nothing(served: str, page: Page) -> None:
    page.open(f"{served}/join#acdefghj")
    page.reads("ACDE FGHJ")
    looks_right(page, "join")
    page.press("Sao chép mã")
    page.until("document.getElementById('told').textContent")
    page.press("English")
    page.reads("Three steps")
    page.reads("ACDE FGHJ")
    page.open(f"{served}/join?lang=en#ACDE-FGHJ-KMNP")
    page.reads("ACDE FGHJ KMNP")
    page.resize(360)
    assert page.js("document.documentElement.scrollWidth") <= 360
    page.open(f"{served}/join#<b>x</b>")
    page.reads("Đường dẫn này không có mã.")
    assert not [one["url"] for one in page.asked if "/api/" in one["url"]]


@pytest.mark.parametrize("path", ["/invitation#x", "/sign-in", "/join#ACDEFGHJ"])
def test_without_scripts_a_page_says_what_it_needs(served: str, page: Page, path: str) -> None:
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.open(served + path)
    page.reads("JavaScript")
    assert not page.js("[...document.forms].some((form) => form.checkVisibility())")
