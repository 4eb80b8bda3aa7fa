"""Outreach in a real browser: a leader enters it on a small phone, an official sees it."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from backend.clock import local_day
from tests.support import people
from tests.support.browser import check_page, expect_text, fill_fields, press
from tests.support.live_server import serving_app

SMALL = {"width": 360, "height": 640}
LEADER, OFFICIAL = "doitruong@example.vn", "canbo@example.vn"
HERE = "05443"  # today's Phan Đình Phùng
DESK = f"/desk/area/{HERE}/outreach"
PAUSE_S, MOST_S = 1, 30  # between presses of a person who knows the form


@pytest.fixture
def served(browser: Browser, app: Flask) -> Iterator[str]:
    """The application with a team of today and its leader, and the official of the commune."""
    today, unit = local_day(datetime.now(UTC)), people.unit_id(app, HERE, "2025")
    organisation = people.organisation(app)
    team = people.team(app, organisation, home_unit_id=unit)
    days = {"first_day": today.replace(day=1), "last_day": today}
    campaign = people.campaign(app, organisation, unit, **days)
    people.take_part(app, campaign, team)
    people.account(app, LEADER, "team_leader", team)
    people.account(app, OFFICIAL, "official", unit)
    with serving_app(app) as url:
        yield url


def enter(page: Page, name: str, path: str, place: str) -> None:
    """Sign in, and wait for the place to which that leads."""
    page.goto(f"{path}?lang=vi")
    fill_fields(page, name=name, password=people.PASSWORD)
    press(page, "Đăng nhập")
    page.wait_for_url(f"**{place}*")


def test_a_leader_enters_an_activity_in_half_a_minute(new_page: Callable[..., Page]) -> None:
    page = new_page(SMALL)
    enter(page, LEADER, "/work", "/teams/")
    began = time.monotonic()
    for act in (
        lambda: page.get_by_role("link", name="Ghi buổi tuyên truyền").click(),
        lambda: page.get_by_role("radio", name="Đến từng nhà").check(),
        lambda: page.get_by_label("Lượt người").click(),
        lambda: page.keyboard.type("12", delay=1_000),
        lambda: page.get_by_label("Ghi chú").click(),
        lambda: page.keyboard.type("thôn 3", delay=300),
        lambda: press(page, "Lưu"),
    ):
        time.sleep(PAUSE_S)
        act()
    expect_text(page, "thôn 3")
    assert time.monotonic() - began < MOST_S
    check_page(page, "outreach-team")
    page.get_by_role("radio", name="Đến từng nhà").check()
    page.get_by_label("Lượt người").fill("5")
    press(page, "Lưu")
    expect_text(page, "cùng một buổi?")
    check_page(page, "outreach-asked")
    press(page, "Buổi khác, vẫn ghi")
    expect(page.get_by_role("button", name="Xóa: Đến từng nhà")).to_have_count(2)


@pytest.mark.long
def test_an_official_enters_a_document_and_reads_the_sums(new_page: Callable[..., Page]) -> None:
    page = new_page()
    enter(page, LEADER, "/work", "/teams/")
    page.get_by_role("link", name="Ghi buổi tuyên truyền").click()
    page.get_by_role("radio", name="Ra quân").check()
    page.get_by_label("Lượt người").fill("60")
    press(page, "Lưu")
    office = new_page()
    enter(office, OFFICIAL, DESK, DESK)
    office.get_by_label("Văn bản chỉ đạo").check()
    expect(office.get_by_label("Lượt người")).to_be_hidden()
    today = local_day(datetime.now(UTC)).isoformat()
    fill_fields(office, document_number="12/KH-UBND", document_date=today)
    press(office, "Lưu")
    expect_text(office, "12/KH-UBND")
    expect_text(office, "Không cộng các dòng với nhau")
    check_page(office, "outreach-desk-vi")
    office.get_by_role("link", name="Nhập danh sách").click()
    table = "Ngày,Hoạt động,Lượt người\n31/02/2026,Ra quân,4\n,Liên hoan,7\n".encode()
    file = {"name": "hoat-dong.csv", "mimeType": "text/csv", "buffer": table}
    office.get_by_label("Tệp bảng").set_input_files(file)
    press(office, "Kiểm tra")
    expect_text(office, "Không rõ loại hoạt động")
    check_page(office, "outreach-import")
    office.goto(f"{DESK}?lang=en")
    check_page(office, "outreach-desk-en")
