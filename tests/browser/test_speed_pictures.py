"""Pictures of speeds on the page of a unit: readable on a phone and in the dark."""

from collections.abc import Callable

from flask import Flask
from playwright.sync_api import Page, expect

from tests.support.browser import DESKTOP, PHONE, axe, check_page, picture
from tests.support.uneven_month import HERE, uneven_month


def test_pictures_are_drawn_beside_their_tables(app: Flask, new_page: Callable[..., Page]) -> None:
    uneven_month(app)
    page = new_page(PHONE)
    page.goto(f"/unit/{HERE}?month=2024-11")
    bars = page.locator("img[src*='speeds.svg']")
    bars.scroll_into_view_if_needed()
    expect(bars).to_have_js_property("naturalWidth", 360)
    page.get_by_text("Xem số liệu dạng bảng").first.click()
    expect(page.get_by_role("rowheader", name="Viettel · 4G")).to_be_visible()
    page.get_by_text("Từng giờ trong tuần").click()
    check_page(page, "speed-pictures")
    dark = new_page(DESKTOP, "en", "dark")
    dark.goto(f"/unit/{HERE}?month=2024-11")
    dark.locator("img[src*='speeds.svg']").scroll_into_view_if_needed()
    expect(dark.locator("img[src*='speeds.svg']")).to_have_js_property("naturalWidth", 360)
    axe(dark, colours=True)
    picture(dark, "speed-pictures-en-dark")
