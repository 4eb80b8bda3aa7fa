"""A phone whose storage is full: told before a test, and nothing is lost after one."""

from collections.abc import Callable

from flask import Flask
from playwright.sync_api import Page, Request, expect

from backend.database.extensions import db
from backend.measurements.recording.models import Measurement
from tests.support.browser import PHONE, check_page, expect_text, press
from tests.support.measuring_page import HERE, MEASURED_MS, agree, least_data

FULL = """(what) => {
  const put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (value, key) {
    if (what === "all" || this.name === what) throw new DOMException("", "QuotaExceededError");
    return put.call(this, value, key);
  };
}"""


def begin(new_page: Callable[..., Page]) -> Page:
    page = new_page(PHONE, geolocation=HERE, permissions=["geolocation"])
    page.goto("/do/")
    agree(page)
    press(page, "Viettel")
    expect(page.locator("#measure")).to_be_visible()
    least_data(page)
    return page


def test_a_full_phone_is_told_before_a_test_costs_data(new_page: Callable[..., Page]) -> None:
    page = begin(new_page)
    sent: list[Request] = []
    page.on("request", lambda one: sent.append(one) if "/do/down?" in one.url else None)
    page.evaluate(FULL, "all")
    press(page, "Đo")
    expect_text(page, "Bộ nhớ điện thoại đã đầy")
    expect(page.locator("#measure")).to_have_text("Đo")
    check_page(page, "do-full-storage")
    assert sent == []


def test_a_sample_that_cannot_be_stored_is_sent_at_once_and_shown_with_its_number(
    app: Flask, new_page: Callable[..., Page]
) -> None:
    page = begin(new_page)
    page.evaluate(FULL, "samples")
    press(page, "Đo")
    expect(page.locator("#verdict.good")).to_be_visible(timeout=MEASURED_MS)
    with app.app_context():
        stored = db.session.query(Measurement).one()
    expect(page.locator("#verdict .assurance")).to_contain_text(f"Số của mẫu là {stored.id}")
    expect(page.locator("#own-day")).to_have_text("1 mẫu, 1 được tính")
