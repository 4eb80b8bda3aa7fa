"""Every state of the measuring page: small screens, large letters, axe, its height."""

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import text

from tests.support.browser import PHONE, Guard, axe, expect_text, picture, press
from tests.support.joining import Cast
from tests.support.measuring_page import HERE, agree, go_on, limit_bandwidth, measure, open_fold
from tests.support.page_limits import faults_of
from tests.support.sql_statements import execute

pytestmark = pytest.mark.long

SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1 Safari/604.1"
ZALO = "Mozilla/5.0 (Linux; Android 14; SM-A525F; wv) Zalo/24.1"
# The page after a result had 3,980 px before its parts became one card and three folds.
MAX_RESULT_PX = 1_600
PARTS = """[...document.querySelectorAll("#message, main section > *, .stage > *, footer")]
  .filter((one) => one.checkVisibility())
  .map((one) => `${one.id || one.className || one.tagName} ${one.offsetHeight}`)"""
SIZES = (
    "(ids) => ids.map((one) => parseFloat(getComputedStyle(document.querySelector(one)).fontSize))"
)


def state_faults(page: Page, name: str) -> list[str]:
    """Return what is wrong with a state of the measuring page; axe must find nothing."""
    axe(page)
    return faults_of(page, name)


def test_the_measuring_page_keeps_to_its_limits(
    app: Flask, new_page: Callable[..., Page], guard: Guard
) -> None:
    page = new_page(PHONE, geolocation=HERE, permissions=["geolocation"])
    page.goto(f"/do/#{Cast(app).code_one}")
    page.locator("#invited-by").wait_for()
    faults = state_faults(page, "first screen")
    go_on(page)
    page.locator("#agree").wait_for()
    faults += state_faults(page, "consent")
    agree(page)
    page.get_by_role("button", name="Viettel").wait_for()
    faults += state_faults(page, "operator")
    press(page, "Viettel")
    page.locator("#measure").wait_for()
    faults += state_faults(page, "before a test")
    limit_bandwidth(page, 12)
    measure(page)
    page.locator("#verdict.good").wait_for()
    expect(page.locator("#own-month")).not_to_be_empty()
    page.set_viewport_size(PHONE)
    height = page.evaluate("document.documentElement.scrollHeight")
    picture(page, "do-result")
    parts = page.evaluate(PARTS)
    assert height < MAX_RESULT_PX, parts
    faults += state_faults(page, "result")
    press(page, "Đo")
    expect_text(page, "Vẫn đo")
    faults += state_faults(page, "a test that cannot count")
    press(page, "Vẫn đo")
    expect_text(page, "Không được tính")
    verdict, use = page.evaluate(SIZES, ["#verdict .verdict", "#use"])
    assert verdict > use
    faults += state_faults(page, "not counted")
    for fold in ("next", "team", "samples", "privacy"):
        open_fold(page, fold)
    faults += state_faults(page, "folds")
    page.route("**/do/up?*", lambda route: route.abort())  # the network is lost in the test
    press(page, "Đo")
    press(page, "Vẫn đo")
    page.locator("#down.now").wait_for()
    axe(page)
    expect_text(page, "Đo chưa xong: máy chủ đo không trả lời")
    expect_text(page, "Mạng của bạn có thể vẫn tốt: thử lại sau ít phút.")
    expect(page.locator("#queue")).to_be_hidden()
    faults += state_faults(page, "broken test")
    assert all(one.startswith("Error fetching") for one in guard.complaints)
    guard.complaints.clear()  # of the engine
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(("agent", "shown"), [(SAFARI, "#add-home"), (ZALO, "#inside")])
def test_the_first_screen_of_other_browsers_keeps_to_its_limits(
    app: Flask, new_page: Callable[..., Page], agent: str, shown: str
) -> None:
    page = new_page(PHONE, user_agent=agent)
    page.goto(f"/do/#{Cast(app).code_one}")
    page.locator(shown).wait_for()
    page.locator("#invited-by").wait_for()
    faults = state_faults(page, shown)
    if agent == ZALO:  # the way out stands before its reason
        assert page.evaluate(
            "document.querySelector('#inside h2').nextElementSibling.innerText"
        ).startswith("Mở trong Chrome")
    assert not faults, "\n".join(faults)


def test_an_old_poster_leads_to_its_organiser(
    app: Flask, new_page: Callable[..., Page], guard: Guard
) -> None:
    cast, page = Cast(app), new_page(PHONE)
    execute(app, text("update organisations set name = 'Tỉnh Đoàn', telephone = '+84912345678'"))
    execute(app, text("update join_codes set revoked_at = now()"))
    page.goto(f"/do/#{cast.code_one}")
    ask = page.locator("#code-problem-ask")
    expect(ask).to_have_text("Hỏi đơn vị tổ chức: Tỉnh Đoàn 0912 345 678")
    expect(ask.locator("a")).to_have_attribute("href", "tel:+84912345678")
    guard.complaints.clear()  # of the answer 410


def test_a_refused_position_is_explained_on_the_screen(new_page: Callable[..., Page]) -> None:
    page = new_page({"width": 360, "height": 640})
    page.goto("/do/")
    agree(page)
    press(page, "Viettel")
    press(page, "Đo")
    expect(page.locator("#refused li:visible").last).to_be_in_viewport()
    page.set_viewport_size(PHONE)
    faults = state_faults(page, "refused")
    assert not faults, "\n".join(faults)
