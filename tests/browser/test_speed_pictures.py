"""Pictures on the page of network speeds: readable on a phone and in the dark."""

from collections.abc import Callable

from flask import Flask
from playwright.sync_api import Page, expect

from tests.support.browser import DESKTOP, PHONE, axe, check_page, picture
from tests.support.uneven_month import HERE, uneven_month


def test_pictures_are_drawn_beside_their_tables(app: Flask, new_page: Callable[..., Page]) -> None:
    uneven_month(app)
    page = new_page(PHONE)
    page.goto(f"/network-speed?unit={HERE}&month=2024-11")
    for name in ("Tải xuống theo nhà mạng và công nghệ", "Thời điểm đo trong ngày"):
        page.locator("summary", has_text=name).click()
    bars = page.locator("img[src*='speeds.svg']")
    bars.scroll_into_view_if_needed()
    expect(bars).to_have_js_property("naturalWidth", 360)
    expect(page.get_by_role("rowheader", name="Viettel · 4G")).to_be_visible()
    check_page(page, "speed-pictures")
    page.set_viewport_size({"width": 690, "height": 980})  # A4 without its margins
    page.emulate_media(media="print")
    heights = page.locator("img.picture").evaluate_all("all => all.map(one => one.offsetHeight)")
    assert 0 < max(heights) < 440  # px: less than half of an A4 page
    page.emulate_media(media="screen")
    dark = new_page(DESKTOP, "en", "dark")
    dark.goto(f"/network-speed?unit={HERE}&month=2024-11")
    dark.locator("summary", has_text="Download by operator and technology").click()
    dark.locator("img[src*='speeds.svg']").scroll_into_view_if_needed()
    expect(dark.locator("img[src*='speeds.svg']")).to_have_js_property("naturalWidth", 360)
    axe(dark, colours=True)
    picture(dark, "speed-pictures-en-dark")
