"""Forms of pages: where an answer begins, a second press, no network."""

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

from tests.support.browser import expect_text, fill_fields, press
from tests.support.clock import FakeClock
from tests.support.factories import register
from tests.support.joining import Cast as Joining
from tests.support.joining import join
from tests.support.people import PASSWORD, account, organisation, unit_id
from tests.support.plans import Cast

ORGANISER, ADMIN = "ban@example.vn", "quan-tri@example.vn"
SLOW_MS = 1_500
TEAMS = "Đội 1\tPhường Phan Đình Phùng\t20\nĐội 2\tXã Không Có\t20"


@pytest.fixture
def organiser(app: Flask, served: str, page: Page) -> Page:
    """The page of a new campaign on a phone."""
    made = organisation(app, unit_id=unit_id(app, "19", "2025", "province"))
    account(app, ORGANISER, "organiser", made)
    page.goto("/campaigns/new")
    fill_fields(page, name=ORGANISER, password=PASSWORD)
    press(page, "Đăng nhập")
    page.wait_for_url("**/campaigns/new*")
    return page


def delay_posts(page: Page, path: str) -> list[str]:
    """Delay the posts of a page; return the list of those that were sent."""
    sent = []

    def wait(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(route.request.url)
            page.wait_for_timeout(SLOW_MS)
        route.continue_()

    page.route(path, wait)
    return sent


def test_an_answer_begins_at_what_is_wrong(organiser: Page) -> None:
    fill_fields(organiser, name="Tháng đo mạng", telephone="12ab")
    press(organiser, "Tiếp tục: các đội")
    expect_text(organiser, "Phải là số điện thoại")
    expect(organiser.locator("#telephone")).to_be_focused()
    expect(organiser.locator("#telephone-fault")).to_be_in_viewport()
    fill_fields(organiser, telephone="0912345678")
    press(organiser, "Tiếp tục: các đội")
    organiser.locator("#teams").fill(TEAMS)
    press(organiser, "Kiểm tra danh sách")
    expect(organiser.get_by_text("Cần sửa 1 dòng trước đã.")).to_be_in_viewport()


def test_a_form_is_sent_once(organiser: Page) -> None:
    fill_fields(organiser, name="Tháng đo mạng")
    expect_text(organiser, "Đã lưu nháp")
    sent = delay_posts(organiser, "**/campaigns/drafts/*")
    button = organiser.get_by_role("button", name="Tiếp tục: các đội")
    button.dblclick(no_wait_after=True)
    organiser.wait_for_url("**/teams*")
    assert len(sent) == 1
    organiser.go_back()
    expect(button).not_to_have_attribute("aria-busy", "true")


def test_without_a_network_what_was_typed_stays(organiser: Page) -> None:
    address = organiser.url
    organiser.context.set_offline(True)
    fill_fields(organiser, name="Tháng đo mạng")
    press(organiser, "Tiếp tục: các đội")
    expect(organiser.get_by_text("Không kết nối được với máy chủ.")).to_be_in_viewport()
    assert organiser.url == address
    expect(organiser.locator("#name")).to_have_value("Tháng đo mạng")
    organiser.context.set_offline(False)
    press(organiser, "Tiếp tục: các đội")
    organiser.wait_for_url("**/teams*")


def test_a_wrong_password_leaves_the_focus_on_the_page(app: Flask, page: Page) -> None:
    account(app, ADMIN, "admin")
    page.goto("/sign-in")
    expect_text(page, "Quên mật khẩu?")
    fill_fields(page, name=ADMIN, password="sai mật khẩu")
    page.get_by_role("button", name="Đăng nhập", exact=True).focus()
    page.keyboard.press("Enter")
    expect_text(page, "Tên đăng nhập hoặc mật khẩu không đúng.")
    expect(page.get_by_role("button", name="Đăng nhập", exact=True)).to_be_focused()


@pytest.mark.parametrize(
    ("leaving", "name", "kept"),
    [
        ("Xem trước thay đổi", ORGANISER, True),
        ("Đội", ORGANISER, True),  # not sent, but another page was asked for
        ("Xem trước thay đổi", ADMIN, False),  # another person at the same computer
    ],
)
def test_typed_text_outlasts_a_session_that_has_ended(
    app: Flask, page: Page, served: str, leaving: str, name: str, kept: bool
) -> None:
    cast = Cast(app)
    teams = [cast.team(name, None) for name in ("Đội Một", "Đội Hai")]
    for one in (ORGANISER, ADMIN):
        account(app, one, "organiser", cast.organisation)
    path = f"/campaigns/{cast.campaign}/corrections?from_team={teams[0]}&lang=vi"
    page.goto(path)
    enter(page, ORGANISER)
    page.locator("#reason").fill("Quét nhầm mã")
    page.locator("#to_team").select_option(label="(không đội nào)")
    page.context.clear_cookies()
    page.locator("main").get_by_text(leaving, exact=True).first.click()
    page.wait_for_url("**/sign-in*")
    enter(page, name)
    page.wait_for_url("**/corrections?from_team=*")
    expect(page.locator("#reason")).to_have_value("Quét nhầm mã" if kept else "")
    expect(page.get_by_text("Nội dung bạn gõ lúc trước")).to_have_count(int(kept))
    if kept:
        expect(page.locator("#to_team")).to_have_value("none")
    page.locator("#reason").fill("Vẫn còn")
    press(page, "Đăng xuất")
    page.wait_for_url(f"{served}/")
    assert page.evaluate("sessionStorage.length") == 0


def enter(page: Page, name: str) -> None:
    fill_fields(page, name=name, password=PASSWORD)
    press(page, "Đăng nhập")
    expect(page.locator("#reason")).to_be_visible()


def test_of_several_forms_only_the_typed_one_is_filled_and_no_password(
    app: Flask, page: Page, clock: FakeClock
) -> None:
    cast = Joining(app)
    account(app, ORGANISER, "team_leader", cast.one)
    for _ in range(2):
        join(app.test_client(), register(app.test_client()), cast.code_one)
    page.goto(f"/campaigns/{cast.campaign}/teams/{cast.one}?lang=vi")
    fill_fields(page, name=ORGANISER, password=PASSWORD)
    press(page, "Đăng nhập")
    page.locator("summary", has_text="Xóa").first.click()
    page.locator("details[open] [name=samples]").check()
    assert PASSWORD not in page.evaluate("JSON.stringify(sessionStorage)")
    page.context.clear_cookies()
    page.locator("details[open]").get_by_role("button", name="Xóa khỏi đội").click()
    page.wait_for_url("**/sign-in*")
    fill_fields(page, name=ORGANISER, password=PASSWORD)
    press(page, "Đăng nhập")
    expect(page.locator("[name=samples]")).to_have_count(2)
    expect(page.locator("[name=samples]:checked")).to_have_count(1)
