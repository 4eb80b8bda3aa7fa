"""Places without coverage in a real browser: an official on a small phone, from list to answer."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from backend.clock import local_day
from backend.units.catalogue import read_active
from backend.web.maps import tiles
from tests.support import people
from tests.support.browser import check_page, expect_text, fill_fields, press, wait_for
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
    page.get_by_role("link", name="Gửi nhà mạng").click()
    expect(page.locator(".sheet")).to_contain_text("Viettel Thái Nguyên")
    check_page(page, "desk-place-letter")
    fill_fields(page, document="12/SKHCN-BCVT")
    press(page, "Ghi đã gửi 1 điểm")
    page.wait_for_url("**/places/answers*")
    check_page(page, "desk-place-answers")
    page.get_by_role("link", name="Bản Tèn").click()
    promised = local_day(datetime.now(UTC)) + timedelta(days=30)
    page.get_by_role("radio", name="Nhà mạng đã trả lời").check()
    fill_fields(page, note="trạm TNN-12", promised_on=promised.isoformat())
    press(page, "Lưu")
    expect(page.locator("main")).to_contain_text(f"hẹn xong ngày {promised:%d/%m/%Y}")
    check_page(page, "desk-place")
    page.get_by_role("link", name="Điểm cần xử lý").click()
    expect(page.get_by_role("link", name="Bản Tèn")).to_be_visible()
    check_page(page, "desk-places")
    page.get_by_role("link", name="Bản Tèn").click()
    press(page, "Công bố")
    page.get_by_role("link", name="Công chúng thấy gì").click()
    expect(page.get_by_role("row", name="Bản Tèn")).to_contain_text("Nhà mạng đã trả lời")
    check_page(page, "gap-places")
    page.locator("main").get_by_role("link", name="Phường", exact=False).first.click()
    expect_text(page, "Điểm không có sóng đã gửi nhà mạng")
    check_page(page, "unit-with-gap-places")


MAP = "document.getElementById('map').map?.map"


@pytest.mark.long
def test_an_official_sets_the_point_of_a_hamlet_on_a_map(
    served: str, app: Flask, new_page: Callable[..., Page]
) -> None:
    with app.app_context():
        [active] = [one for one in read_active() if one.system == "2025"]
        tiles.build(app.config["VAR_DIR"] / "tiles", active)
    page = new_page(SMALL)
    page.goto(f"{DESK}/hamlets?lang=vi")
    fill_fields(page, name=OFFICIAL, password=people.PASSWORD)
    press(page, "Đăng nhập")
    page.wait_for_url(f"**{DESK}/hamlets*")
    page.get_by_label("Xã, phường", exact=True).select_option(label="Phường Phan Đình Phùng")
    field, state = page.get_by_label("Vị trí", exact=True), page.locator("#picked")
    press(page, "Chọn điểm trên bản đồ")
    wait_for(page, f"{MAP}?.loaded() && {MAP}.areTilesLoaded()")
    expect(field).to_have_value("")  # the commune is shown, nothing is chosen
    check_page(page, "desk-hamlets-map")
    page.locator("#canvas canvas").click(position={"x": 100, "y": 140})
    expect(field).not_to_have_value("")
    expect(state).to_contain_text("Hãy phóng to")
    # By keyboard alone: nearer, then a step to the north.
    fill_fields(page, position="21,5942 105,8481")
    page.keyboard.press("Tab")
    wait_for(page, f"{MAP}.getZoom() >= 11 && {MAP}.areTilesLoaded()")
    page.locator("#canvas canvas").focus()
    for zoom in (12, 13, 14):
        page.keyboard.press("+")
        wait_for(page, f"{MAP}.getZoom() === {zoom} && !{MAP}.isMoving()")
    page.keyboard.press("ArrowUp")
    wait_for(page, f"{MAP}.getCenter().lat > 21.597 && !{MAP}.isMoving()")
    latitude, longitude = map(float, field.input_value().split(", "))
    assert 21.5942 < latitude < 21.6 and abs(longitude - 105.8481) < 0.0001
    expect(state).to_have_text(re.compile(r"Đã chọn: 21\.59\d+, 105\.8481\d, [^.]+\. *$"))
    fill_fields(page, name="Bản Tèn")
    press(page, "Lưu")
    expect_text(page, f"{latitude:.10g}, {longitude:.10g}")
