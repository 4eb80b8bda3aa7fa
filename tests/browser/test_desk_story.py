"""The stories of officials: find the communes without samples and remind them; a commune's desk."""

import re
import time
from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from backend.clock import local_day, utc_now
from backend.contacts.models import UnitContact
from backend.database.extensions import db
from tests.support import people
from tests.support.browser import DESKTOP, PHONE, axe, check_page, fill_fields, press
from tests.support.daily_counts import add_counts
from tests.support.live_server import serving_app

pytestmark = pytest.mark.long
OFFICIAL, COMMUNE = "binh@example.vn", "lan@example.vn"
MEASURED, SILENT = "05443", "05488"
# Pixels of a row of the table, and of the whole desk on a phone.
MAX_ROW, MAX_HEIGHT = 48.5, 6_000
MAX_REMINDER = 64  # two lines of text
REMINDER_HEIGHTS = """[...document.querySelectorAll(".reminders li")]
  .map((one) => one.getBoundingClientRect().height)"""
ROW_HEIGHTS = """[...document.querySelectorAll("#all-units tbody tr")]
  .filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect().height)"""


class MidMonth:
    """The real time, moved to the 20th, so that communes lack samples and may catch up."""

    def __call__(self) -> datetime:
        return utc_now().replace(day=20, hour=5)


@pytest.fixture
def served(browser: Browser, app: Flask) -> Iterator[str]:
    with serving_app(app, MidMonth()) as url:
        yield url


@pytest.fixture
def samples(app: Flask) -> None:
    """One commune measures every day, one measured a week ago."""
    with app.app_context():
        today = local_day(MidMonth()())
        rows = [
            {"unit_id": people.unit_id(app, MEASURED, "2025"), "network": "mobile",
             "category": "counted", "day": today - timedelta(days=n), "n": 4}
            for n in range(10)
        ]  # fmt: skip
        rows.append(rows[0] | {"unit_id": people.unit_id(app, SILENT, "2025"),
                               "day": today - timedelta(days=7), "n": 9})  # fmt: skip
        add_counts(rows)
        db.session.commit()


class Clicks:
    """Counts the clicks and seconds of a story."""

    def __init__(self, page: Page) -> None:
        self.page, self.count, self.begun = page, 0, time.monotonic()

    def press(self, name: str) -> None:
        self.count += 1
        press(self.page, name)

    def tell(self, story: str) -> None:
        print(f"\n{story}: {self.count} clicks, {time.monotonic() - self.begun:.1f} s")


def sign_in(page: Page, name: str) -> Clicks:
    page.goto("/desk")
    clicks = Clicks(page)
    fill_fields(page, name=name, password=people.PASSWORD)
    clicks.press("Đăng nhập")
    return clicks


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


@pytest.mark.parametrize("encrypted", [True, False], ids=["clipboard", "plain HTTP"])
def test_an_official_reminds_the_communes_that_have_not_started(
    app: Flask, samples: None, new_page: Callable[..., Page], encrypted: bool
) -> None:
    people.account(app, OFFICIAL, "official", people.unit_id(app, "19", "2025", "province"))
    page = new_page(DESKTOP, permissions=["clipboard-read", "clipboard-write"])
    if not encrypted:  # the Clipboard API is missing there
        page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    clicks = sign_in(page, OFFICIAL)
    expect(page.locator(".desk-head .big")).to_contain_text("0 trên 92 xã, phường đạt 300 mẫu")
    task = page.locator(".task", has_text="chưa bắt đầu")
    expect(task.locator(".count")).to_have_text("90")
    within_900(page, ".desk-head .big", ".task .button")
    clicks.count += 1
    task.get_by_role("button", name="Sao chép tin nhắc").click()
    expect(task.get_by_role("status")).to_have_text("Đã sao chép.")
    clicks.tell("communes without samples found and a reminder copied")
    if encrypted:
        text = clipboard(page)
        assert "90 xã, phường chưa có mẫu nào trong tháng:" in text
        assert sum("/unit/" in line for line in text.splitlines()) == 90  # one for each
        check_page(page, "desk-tasks")
        rows = page.evaluate(ROW_HEIGHTS)
        assert len(rows) == 92 and max(rows) <= MAX_ROW, sorted(rows)[-5:]
        ends = [one.bounding_box() for one in page.locator(".course figcaption span").all()]
        assert ends[0] and ends[-1] and ends[0]["y"] == ends[-1]["y"]  # both dates on one line
        page.set_viewport_size(PHONE)
        height = page.evaluate("document.documentElement.scrollHeight")
        print(f"the desk of 92 communes on a phone: {height} px")
        assert height < MAX_HEIGHT and len(page.evaluate(ROW_HEIGHTS)) == 30
        page.get_by_role("link", name="Xem cả 92 đơn vị").click()
        expect(page.locator("#all-units tbody tr").last).to_be_visible()
        page.set_viewport_size(DESKTOP)
        remind_one(app, page)


def remind_one(app: Flask, page: Page) -> None:
    """Copy the message to one commune, whose contact is beside it."""
    with app.app_context():
        db.session.add(
            UnitContact(unit_id=people.unit_id(app, SILENT, "2025"), name="Nguyễn Thị Hoa",
                        office="Phó Chủ tịch", phone="+84912345678", email="hoa@example.vn",
                        changed_at=utc_now())
        )  # fmt: skip
        db.session.commit()
    page.locator(".task", has_text="chưa bắt đầu").get_by_role("link", name="Nhắc từng nơi").click()
    press(page, "Tất cả")
    heights = page.evaluate(REMINDER_HEIGHTS)
    assert len(heights) == 92 and max(heights) <= MAX_REMINDER, sorted(heights)[-5:]
    row = page.locator(".reminders li", has_text="0912 345 678")
    row.locator("summary").click()
    expect(row.get_by_role("link", name="Thư điện tử")).to_have_attribute(
        "href", re.compile(r"^mailto:hoa@example\.vn\?subject=.*body=.*9/300%20m")
    )
    row.get_by_role("button").click()
    expect(row.get_by_role("status")).to_have_text("Đã sao chép.")
    assert "9/300 mẫu; còn thiếu 291 mẫu" in clipboard(page)
    expect(row.locator(".copied-at")).to_contain_text("đã chép lúc")
    row.locator("summary").click()
    rows = page.locator(".reminders li")
    for place in (0, 2):
        rows.nth(place).get_by_role("checkbox").check()
    page.get_by_role("button", name="Chép tin cho các nơi đã chọn").click()
    assert clipboard(page).count("/unit/") == 2
    page.reload()
    expect(rows.nth(2).locator(".copied-at")).to_contain_text("đã chép lúc")
    page.set_viewport_size(PHONE)
    heights = page.evaluate(REMINDER_HEIGHTS)
    print("reminders on a phone:", page.evaluate("document.documentElement.scrollHeight"), "px")
    assert max(heights) <= MAX_REMINDER, sorted(heights)[-5:]
    page.set_viewport_size(DESKTOP)
    check_page(page, "desk-remind")


def within_900(page: Page, *selectors: str) -> None:
    """Assert that the first of each stands within the first 900 px.

    It waits: the page may be exchanging its tasks for newer ones at that moment.
    """
    for selector in selectors:
        page.wait_for_function(
            "selector => { const box = document.querySelector(selector)?.getBoundingClientRect();"
            " return box?.height > 0 && box.bottom <= 900; }",
            arg=selector,
        )


def test_a_commune_s_official_does_its_own(
    app: Flask, samples: None, new_page: Callable[..., Page]
) -> None:
    people.account(app, COMMUNE, "official", people.unit_id(app, MEASURED, "2025"))
    page = new_page(PHONE, permissions=["clipboard-read", "clipboard-write"])
    clicks = sign_in(page, COMMUNE)
    expect(page.get_by_role("heading", level=1, name="Phường Phan Đình Phùng")).to_be_visible()
    expect(page.locator(".desk-head .big")).to_contain_text("40 trên 300 mẫu")
    within_900(page, ".desk-head .big")
    clicks.press("Sao chép tin nhắn cho các đội")
    expect(page.locator(".task").get_by_role("status").first).to_have_text("Đã sao chép.")
    clicks.tell("a commune's official tells the teams what is missing")
    assert "40/300 mẫu; còn thiếu 260 mẫu" in clipboard(page)
    today = local_day(MidMonth()())
    expect(page.locator(".bars li")).to_have_count(monthrange(today.year, today.month)[1])
    check_page(page, "desk-commune")
    dark = new_page(DESKTOP, "en", "dark", storage_state=page.context.storage_state())
    for path in (f"area/{MEASURED}", f"area/{MEASURED}/contacts"):
        dark.goto(f"/desk/{path}")
        axe(dark, colours=True)
