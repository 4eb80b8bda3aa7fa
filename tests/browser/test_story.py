"""The whole story: from a poster on a wall to the report that a province's official seals."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from backend.clock import local_day, month_end, utc_now
from backend.memberships import poster
from geo import approximate
from tests.support import people
from tests.support.boundary_sets import units_restored
from tests.support.browser import DESKTOP, PHONE, expect_text, fill_fields, open_tab, press
from tests.support.joining import Cast
from tests.support.live_server import serving_app
from tests.support.measuring_page import (
    HERE,
    agree,
    least_data,
    measure,
    measure_and_lose_the_network,
)

LEADER, OFFICIAL = "lan@example.vn", "binh@example.vn"
PROVINCE, COMMUNE = "19", "Phường Phan Đình Phùng"


class Calendar:
    """The real time, until the story turns the page."""

    ahead = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def turn_to_next_month(self, month: str) -> None:
        self.ahead = timedelta(days=(month_end(month) - local_day(utc_now())).days + 3)


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def served(browser: Browser, app: Flask, calendar: Calendar) -> Iterator[str]:
    """The application with a calendar that can be turned, for every fixture that opens pages."""
    with serving_app(app, calendar) as url:
        yield url


@pytest.fixture
def month(app: Flask, tmp_path: Path) -> Iterator[str]:
    """This month, with polygons that its operator has installed: reports want them."""
    month = f"{local_day(utc_now()):%Y-%m}"
    cells, file = approximate.build("2025"), tmp_path / "our-own.geojson"
    cells[cells["province_code"] == PROVINCE].to_file(file, driver="GeoJSON")
    words = ["units", "load", str(file), "--valid-from", f"{month}-01", "--activate"]
    with units_restored(app):
        done = app.test_cli_runner().invoke(args=words)
        assert done.exit_code == 0, done.output
        app.extensions["locator"].refresh()
        yield month


@pytest.mark.long
@pytest.mark.parametrize("cut", [False, True], ids=["on line", "cut off"])
def test_from_the_poster_to_the_sealed_report(
    app: Flask, served: str, new_page: Callable[..., Page], calendar: Calendar, month: str,
    tmp_path: Path, cut: bool,
) -> None:  # fmt: skip
    province, today = people.unit_id(app, PROVINCE, "2025", "province"), local_day(utc_now())
    cast = Cast(app, province, first_day=today, last_day=today)
    people.account(app, LEADER, "team_leader", cast.one)
    people.account(app, OFFICIAL, "official", province, display_name="Trần Thị Bình")
    phone = new_page(PHONE, geolocation=HERE, permissions=["geolocation"])
    contribute(phone, poster.content(f"{served}/", cast.code_one), cut)
    find_on_the_board(new_page(PHONE))
    find_on_the_desk(new_page(DESKTOP))
    calendar.turn_to_next_month(month)
    report = freeze_and_approve(new_page(DESKTOP), tmp_path / "report.json")
    samples = report["sections"]["samples"]["mobile"]
    assert (samples["received"], samples["counted"]) == (1, 1)
    [row] = [one for one in report["sections"]["communes"]["mobile"] if one["received"]]
    assert (row["name"], row["counted"]) == (COMMUNE, 1)
    [team] = report["sections"]["teams"]
    assert (team["team"], team["counted"]) == ("Đội 1", 1)
    anybody_checks(new_page(PHONE), tmp_path / "report.json", month)


def contribute(phone: Page, address: str, cut: bool) -> None:
    """Open the poster's address, consent and measure, optionally without a network."""
    phone.goto(address)
    agree(phone)
    press(phone, "Viettel")
    expect_text(phone, "Đội 1")
    least_data(phone)
    if cut:
        phone = measure_and_lose_the_network(phone)
        phone.context.set_offline(False)
    else:
        measure(phone)
        expect_text(phone, "Được tính cho")
    expect_text(phone, "1 mẫu, 1 được tính")
    expect_text(phone, COMMUNE)
    expect_text(phone, "Đội 1 hôm nay: 1 mẫu được tính")


def enter(page: Page, path: str, name: str) -> None:
    """Sign in and return to the requested page."""
    page.goto(f"{path}?lang=vi")
    fill_fields(page, name=name, password=people.PASSWORD)
    press(page, "Đăng nhập")
    page.wait_for_url(re.compile(rf"^[^?]*{path}"))  # not the one that asks, and names it


def find_on_the_board(page: Page) -> None:
    """The team's leader sees the sample on the campaign's page, and on that of the team."""
    enter(page, "/campaigns", LEADER)
    press(page, "Tháng thanh niên đo mạng")
    expect(page.locator(".stat.main .figure")).to_have_text("1")
    open_tab(page, "Đội")
    page.locator("main tbody a", has_text="Đội 1").first.click()
    expect(page.locator(".stat.main .figure")).to_have_text("1")


def find_on_the_desk(page: Page) -> None:
    """The province's official finds it from the province down."""
    enter(page, "/desk", OFFICIAL)
    expect(page.get_by_role("heading", level=1)).to_have_text("Tỉnh Thái Nguyên")
    page.get_by_role("link", name=COMMUNE, exact=True).first.click()  # in the tasks, or in the list
    expect(page.locator(".headline .big strong")).to_have_text("1")
    press(page, "Mẫu đo")
    press(page, "Từng mẫu")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect_text(page, "✓ Được tính")


def freeze_and_approve(page: Page, file: Path) -> dict:
    """Weeks later the official signs in again, freezes last month's report and seals it."""
    enter(page, "/desk", OFFICIAL)
    press(page, "Báo cáo")
    press(page, "Soạn báo cáo")  # of last month, unless another is chosen
    page.locator("summary", has_text="Chốt số liệu").click()
    press(page, "Lưu và chốt số liệu")
    press(page, "Xác nhận báo cáo")
    expect_text(page, "Trần Thị Bình")
    page.get_by_text("Dành cho máy").click()
    with page.expect_download() as download:
        press(page, "Số liệu cho máy đọc (JSON)")
    download.value.save_as(file)
    return json.loads(file.read_bytes())


def anybody_checks(page: Page, file: Path, month: str) -> None:
    """Check a received file against the sealed one on the server."""
    page.goto("/seal")
    page.set_input_files("#file", file)
    press(page, "Kiểm tra")
    expect_text(page, "Tệp đúng nguyên bản đã xác nhận")
    expect_text(page, f"{month[5:]}/{month[:4]}")
