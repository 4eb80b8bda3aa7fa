"""Intervals on the page of a unit: readable on a phone, in both languages and themes."""

from collections.abc import Callable

from flask import Flask
from playwright.sync_api import Page

from tests.support.browser import DESKTOP, axe, check_page, expect_text, picture
from tests.support.uneven_month import HERE, uneven_month


def test_intervals_stand_below_the_medians(app: Flask, new_page: Callable[..., Page]) -> None:
    uneven_month(app)
    page = new_page()
    page.goto(f"/unit/{HERE}?month=2024-11")
    expect_text(page, "không phải mẫu ngẫu nhiên")
    check_page(page, "intervals")
    dark = new_page(DESKTOP, "en", "dark")
    dark.goto(f"/unit/{HERE}?month=2024-11")
    expect_text(dark, "not a random sample")
    axe(dark, colours=True)
    picture(dark, "intervals-en-dark")
