"""The sealed reports of all provinces in a real browser: table and report, on phone and desktop."""

import json
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from backend.reports.collector.collecting import take
from backend.reports.collector.service import add_source
from tests.support import people, sign_in
from tests.support.browser import PHONE, check_page, fill_fields, press
from tests.support.clock import FakeClock
from tests.support.live_server import serving_app
from tests.support.report_sources import Office, report_of
from tests.support.reports import DECEMBER

READER = "theo.doi@example.vn"
REPORTS = {
    "01": report_of("01", counted=(900, 12)),
    "19": report_of("19", counted=(350, 299, 300)),
    "48": report_of("48", counted=(4_000,), rules=2),
}


@pytest.fixture
def served(browser: Browser, app: Flask, clock: FakeClock) -> Iterator[str]:
    """A collector with three reports, one of which does not add up and one of a revoked key."""
    clock.now = DECEMBER
    people.account(app, READER, "observer", totp_secret=sign_in.SECRET)
    with app.app_context():
        for code, report in REPORTS.items():
            office = Office()
            content = office.approve(report)
            add_source(code, None, [office.public_key], DECEMBER)
            take(content, json.dumps({"seal": office.reports[0][1]}).encode(), DECEMBER)
    with serving_app(app, clock) as url:
        yield url


def test_an_observer_opens_the_report_of_a_province(
    served: str, new_page: Callable[..., Page], clock: FakeClock
) -> None:
    page = new_page(PHONE)
    page.goto("/work?lang=vi")
    fill_fields(page, name=READER, password=people.PASSWORD)
    press(page, "Đăng nhập")
    fill_fields(page, totp=sign_in.code(clock))
    press(page, "Đăng nhập")
    page.wait_for_url("**/desk/provinces*")
    expect(page.locator("main nav").first).not_to_contain_text("Hôm nay")
    expect(page.get_by_role("heading", level=1)).to_have_text("63 tỉnh, thành phố")
    expect(page.locator("#sum + p")).to_contain_text("3/5")
    row = page.get_by_role("row").filter(has_text="Đà Nẵng")
    expect(row).to_contain_text("khác ở: quy tắc xét mẫu")
    page.get_by_text("Chưa nhận 60").click()
    expect(page.get_by_text("Tỉnh Hà Giang")).to_be_visible()
    check_page(page, "desk-provinces")
    page.get_by_role("link", name="Tỉnh Thái Nguyên").click()
    page.wait_for_url("**/desk/provinces/19*")
    expect(page.locator("main")).to_contain_text("đã kiểm tra niêm phong")
    check_page(page, "desk-province")
