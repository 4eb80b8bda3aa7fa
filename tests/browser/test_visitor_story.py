"""A visitor finds the communes that succeeded their old district, and their speeds."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from backend.coverage.statistics import release
from tests.support.browser import (
    COUNT_CLICKS,
    DESKTOP,
    NARROWEST_PX,
    axe,
    check_page,
    clicks,
    expect_text,
)
from tests.support.counts import count
from tests.support.measurements import measurement_row, members, store_rows
from tests.support.people import unit_id

PHU_LUONG, VO_TRANH = "05611", "05641"


@pytest.fixture
def released(app: Flask) -> None:
    """October 2026 in two communes of the former Huyện Phú Lương, released."""
    ids = members(app, 24)
    rows = [
        measurement_row(
            unit_id(app, code, "2025"), datetime(2026, 10, 1 + n % 20, 3, n, tzinfo=UTC),
            download_mbps=speed + n, device_id=ids[n % 24], assurance="witnessed",
        )
        for code, speed in ((PHU_LUONG, 20.0), (VO_TRANH, 60.0))
        for n in range(48)
    ]  # fmt: skip
    store_rows(app, *rows)
    count(app, PHU_LUONG, 7, "2024-11")
    with app.app_context():
        assert release.make("2026-10", datetime(2026, 11, 16, 5, tzinfo=UTC))


@pytest.mark.long
def test_a_visitor_finds_the_successors_of_a_district(
    released: None, new_page: Callable[..., Page], capsys: pytest.CaptureFixture
) -> None:
    page = new_page()
    begun = time.monotonic()
    page.goto("/?month=2026-10")
    page.locator("#find-unit").fill("huyen phu luong")  # 1: into the field
    option = page.get_by_role("option").first
    expect(option).to_contain_text("Huyện Phú Lương (cũ)")
    expect(option).to_contain_text("Xã Phú Lương")
    option.click()  # 2
    expect_text(page, "Địa bàn cũ nay thuộc 4 đơn vị.")
    row = page.get_by_role("row", name="Xã Phú Lương")
    expect(row).to_contain_text("48 / 300")
    expect(row).to_contain_text("43,5 Mbps")
    expect(page.get_by_role("row", name="Xã Vô Tranh")).to_contain_text("83,5 Mbps")
    seconds = time.monotonic() - begun
    check_page(page, "reform")
    page.get_by_role("link", name="Xã Phú Lương").first.click()  # 3
    expect_text(page, "Từ 01/7/2025, hình thành từ:")
    check_page(page, "successor")
    page.get_by_role("link", name="Số liệu trước khi sắp xếp").click()
    expect_text(page, "4 đơn vị cũ")
    check_page(page, "predecessors")
    page.goto("/data")
    check_page(page, "data")
    dark = new_page(DESKTOP, "en", "dark")
    for path in ("/reform/2024/168", "/data", "/embed?unit=19", f"/unit/{PHU_LUONG}"):
        dark.goto(path)
        axe(dark)
    with capsys.disabled():
        print(f"\nsuccessors of a district and their speeds: 2 clicks, {seconds:.1f} s")


def test_the_operators_of_the_own_commune_are_two_clicks_away(
    released: None, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    page.add_init_script(COUNT_CLICKS)
    page.goto("/")
    page.locator("#find-unit").fill("vo tranh")
    page.get_by_role("option", name="Xã Vô Tranh Tỉnh Thái Nguyên").click()  # 1
    page.locator(".headline").get_by_role("link", name="Tốc độ mạng").click()  # 2
    expect(page.get_by_role("heading", level=1)).to_have_text("Xã Vô Tranh")
    expect(page.locator("svg.speed").first).to_be_visible()
    expect(page.get_by_role("row", name="Viettel")).to_contain_text("83,5")
    assert clicks(page) <= 2
    check_page(page, "network-speed")


def test_the_search_suggests_units(
    app: Flask, released: None, new_page: Callable[..., Page]
) -> None:
    count(app, PHU_LUONG, 5, "2026-09")  # a chart of months needs two
    page = new_page(DESKTOP)
    page.goto("/search")
    field = page.locator("#find-unit")  # a combobox from its first use on
    field.fill("thai nguyn")
    expect(page.get_by_role("option").first).to_contain_text("Tỉnh Thái Nguyên")
    expect(page.get_by_role("combobox", expanded=True)).to_be_focused()
    axe(page)
    field.press("ArrowDown")
    chosen = page.locator("[role=option][aria-selected=true]")
    assert field.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    field.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    field.press("Enter")  # without a chosen option the form is sent
    page.wait_for_url("**/search?q=*")
    field.fill("thi tran du")
    expect(page.get_by_role("option").first).to_contain_text("Thị trấn Đu (cũ)")
    field.press("ArrowDown")
    field.press("Enter")
    page.wait_for_url(f"**/unit/{PHU_LUONG}")
    # A bar tells its month and value to the keyboard.
    bar = page.locator(".bars").first.locator("li").last
    bar.focus()
    expect(bar.locator(".tip")).to_be_visible()
    expect(bar.locator(".tip")).to_have_text("10/2026: 48")


def test_the_builder_of_widgets_follows_the_form(
    released: None, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    page.goto(f"/embed?unit={PHU_LUONG}")
    check_page(page, "embed")
    figure = page.frame_locator("#frame")
    expect(figure.get_by_role("heading")).to_have_text("Xã Phú Lương")
    page.get_by_label("Kích thước").select_option("wide")
    page.get_by_label("Ngôn ngữ").select_option("en")
    expect(page.locator("#code")).to_have_value(
        f'<iframe src="{page.url.partition("/embed")[0]}/unit/{PHU_LUONG}/widget?network=mobile'
        '&amp;lang=en" title="Đo Sóng: Xã Phú Lương" width="100%" height="340" '
        'loading="lazy"></iframe>'
    )
    expect(figure.get_by_text("More on Đo Sóng")).to_be_visible()
    page.locator("#unit").fill("vo tranh")
    page.get_by_role("option", name="Xã Vô Tranh").first.click()
    expect(figure.get_by_role("heading")).to_have_text("Xã Vô Tranh")
    page.get_by_role("button", name="Chép mã").or_(page.locator("[data-copy=code]")).first.click()
    expect(page.locator("[data-copied] [role=status]")).not_to_be_empty()


def test_the_first_figure_is_on_the_first_screen(
    released: None, new_page: Callable[..., Page]
) -> None:
    page = new_page({"width": NARROWEST_PX, "height": 640})
    for path in ("/", "/unit/19", f"/unit/{PHU_LUONG}"):
        page.goto(f"{path}?month=2026-10")
        figure = page.locator(".headline h1 strong, .headline .big strong").first
        box = figure.bounding_box()
        assert box and box["y"] + box["height"] <= 640, (path, box)
        if path == "/":  # who got the link to the site came to measure
            measure = page.locator(".measure-first a").bounding_box()
            assert measure and measure["y"] < box["y"]
