"""An official looks at the own area, and finds out why a sample was lost."""

from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from backend.clock import utc_now
from tests import people
from tests.browsing import DESKTOP, PHONE, axe, looks_right, picture, press, reads, type_in
from tests.factories import post, register, sample

NAME = "binh@example.vn"
AGO = (timedelta(minutes=2), timedelta(minutes=1))  # the second repeats the first


def sign_in(page: Page, to: str) -> None:
    """Sign in, and be led back to where it was asked for."""
    page.goto(to)
    type_in(page, name=NAME, password=people.PASSWORD)
    press(page, "Đăng nhập")


def test_from_the_area_to_a_sample(
    app: Flask, client: FlaskClient, new_page: Callable[..., Page]
) -> None:
    people.account(app, NAME, "official", people.unit_id(app, "19", "2025", "province"))
    made = [sample((utc_now() - ago).isoformat()) for ago in AGO]
    assert post(client, register(client), *made).status_code < 300
    page = new_page(PHONE)
    sign_in(page, "/desk")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tỉnh Thái Nguyên")
    looks_right(page, "desk-area")
    page.get_by_role("link", name="Chậm tiến độ").first.press("Enter")
    page.get_by_role("link", name="Còn thiếu", exact=True).first.click()
    page.locator("#why ~ .scroll a").first.click()
    reads(page, "Mẫu của Tỉnh Thái Nguyên")
    looks_right(page, "desk-samples")
    page.locator("tbody a").first.click()
    reads(page, "Lặp lại mẫu được tính")
    looks_right(page, "desk-sample")
    page.goto("/desk/wall")
    looks_right(page, "desk-wall")
    for path in ("area/19", "area/19/samples", "wall"):
        dark = new_page(DESKTOP, "en", "dark", storage_state=page.context.storage_state())
        dark.goto(f"/desk/{path}")
        axe(dark)
        picture(dark, f"desk-{path.replace('/', '-')}-en-dark")
