"""Places without coverage in a real browser: an official on a small phone, from list to answer."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from backend.clock import local_day
from tests.support import people
from tests.support.browser import check_page, expect_text, fill_fields, press
from tests.support.live_server import serving_app

SMALL = {"width": 360, "height": 640}
OFFICIAL = "canbo@example.vn"
DESK = "/desk/area/19"


@pytest.fixture
def served(browser: Browser, app: Flask) -> Iterator[str]:
    """The application of today with an official of the province."""
    province = people.unit_id(app, "19", "2025", level="province")
    people.account(app, OFFICIAL, "official", province)
    with serving_app(app) as url:
        yield url


def test_an_official_records_a_hamlet_without_coverage(
    served: str, new_page: Callable[..., Page]
) -> None:
    page = new_page(SMALL)
    page.goto(f"{DESK}/hamlets?lang=vi")
    fill_fields(page, name=OFFICIAL, password=people.PASSWORD)
    press(page, "Đăng nhập")
    page.wait_for_url(f"**{DESK}/hamlets*")
    fill_fields(page, name="Bản Tèn", position="21,5942 105,8481")
    press(page, "Lưu")
    expect_text(page, "1 thôn, 0 thôn chưa có vị trí.")
    check_page(page, "desk-hamlets")
    page.get_by_role("link", name="Không có sóng: Bản Tèn").click()
    page.get_by_label("Nhà mạng không có sóng").select_option("Viettel")
    press(page, "Thêm")
    page.wait_for_url("**/places/*")
    page.get_by_role("radio", name="Đã gửi nhà mạng").check()
    press(page, "Lưu")
    promised = local_day(datetime.now(UTC)) + timedelta(days=30)
    page.get_by_role("radio", name="Nhà mạng đã trả lời").check()
    fill_fields(page, note="trạm TNN-12", promised_on=promised.isoformat())
    press(page, "Lưu")
    expect(page.locator("main")).to_contain_text(f"hẹn xong ngày {promised:%d/%m/%Y}")
    check_page(page, "desk-place")
    page.get_by_role("link", name="Điểm cần xử lý").click()
    expect(page.get_by_role("link", name="Bản Tèn")).to_be_visible()
    check_page(page, "desk-places")
