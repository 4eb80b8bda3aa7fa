"""Pages of a campaign in a real browser: display, pins, refresh, the QR code of a team."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from docx import Document
from flask import Flask
from playwright.sync_api import Page, expect

from backend.campaigns.models import CampaignArea
from backend.clock import local_day
from backend.database.extensions import db
from backend.units.catalogue import read_active
from backend.web.maps import tiles
from tests.support.browser import (
    DESKTOP,
    PHONE,
    Guard,
    check_page,
    expect_text,
    fill_fields,
    press,
    wait_for,
)
from tests.support.contributions import add_measurement, volunteers
from tests.support.people import PASSWORD, account, unit_id
from tests.support.plans import Cast

NAME = "ban@example.vn"
TODAY = local_day(datetime.now(UTC))
NOON = datetime(TODAY.year, TODAY.month, TODAY.day, 5, tzinfo=UTC)
HERE = "05443"  # today's Phan Đình Phùng


@pytest.fixture
def cast(app: Flask, served: str) -> Cast:
    """A campaign of this month with one team that measured."""
    last = (TODAY.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    days = {"first_day": TODAY.replace(day=1), "last_day": last}
    name = "Tháng thanh niên đo chất lượng mạng ở những nơi xa nhất của huyện đảo Bạch Long Vĩ"
    cast = Cast(app, name=name, **days)
    with app.app_context():
        unit = unit_id(app, HERE, "2025")
        db.session.add(CampaignArea(campaign_id=cast.campaign, unit_id=unit))
        db.session.commit()
    cast.unit = unit
    cast.first = cast.team("Đội công nghệ số cộng đồng tổ 12", None, capacity_per_day=20)
    account(app, NAME, "organiser", cast.organisation)
    measured(app, cast, 3)
    return cast


def measured(app: Flask, cast: Cast, n: int) -> None:
    [person] = volunteers(app, "Lan")
    with app.app_context():
        for minute in range(n):
            at = NOON - timedelta(minutes=minute)
            add_measurement(cast.campaign, cast.first, at=at, unit=cast.unit, volunteer=person)
        db.session.commit()


def enter(page: Page, path: str) -> None:
    """Sign in and return to the requested page."""
    page.goto(path)
    fill_fields(page, name=NAME, password=PASSWORD)
    press(page, "Đăng nhập")
    page.wait_for_url(f"**{path.partition('?')[0]}*")


@pytest.mark.long
@pytest.mark.parametrize(
    ("screen", "language", "theme"),
    [(PHONE, "vi", "light"), (DESKTOP, "en", "dark")],
)
def test_every_page_of_the_board_looks_right(
    new_page: Callable[..., Page], cast: Cast, screen: dict[str, int], language: str, theme: str
) -> None:
    page, home = new_page(screen, "vi", theme), f"/campaigns/{cast.campaign}"
    enter(page, "/campaigns?lang=vi")
    for name, path in {
        "board": "/campaigns", "board-new": "/campaigns/new", "board-campaign": home,
        "board-teams": f"{home}/teams",
        "board-team": f"{home}/teams/{cast.first}", "board-plan": f"{home}/plan",
        "board-slips": f"{home}/plan/slips", "board-signals": f"{home}/signals",
        "board-corrections": f"{home}/corrections", "board-settings": f"{home}/settings",
        "board-add-teams": f"{home}/teams/add",
    }.items():  # fmt: skip
        page.goto(f"{path}?lang={language}")
        expect(page.locator("h1")).to_be_visible()
        check_page(page, f"{name}-{language}-{theme}")


def test_an_organiser_downloads_the_plan_of_action(page: Page, cast: Cast) -> None:
    enter(page, f"/campaigns/{cast.campaign}/plan?lang=vi")
    with page.expect_download() as file:
        page.get_by_role("link", name="Kế hoạch hành động (Word)").click()
    assert file.value.suggested_filename.startswith("KH-hanh-dong-")
    text = "\n".join(one.text for one in Document(str(file.value.path())).paragraphs)
    assert "KẾ HOẠCH" in text and "Năng lực còn thiếu" in text


def test_an_organiser_pins_a_place_and_takes_it_back(page: Page, cast: Cast) -> None:
    enter(page, f"/campaigns/{cast.campaign}/plan?lang=vi")
    fill_fields(page, unit="Xã Không Có", samples="7")
    press(page, "Ghim")
    expect_text(page, "Không có đơn vị này vào ngày đó.")
    page.locator("#unit").fill("")
    page.locator("#unit").press_sequentially("phan dinh phung")
    page.get_by_role("option", name="Phường Phan Đình Phùng").click()
    fill_fields(page, samples="7")
    press(page, "Ghim")
    expect(page.get_by_text("đã ghim", exact=True)).to_be_visible()
    press(page, "Bỏ ghim")
    expect(page.get_by_text("đã ghim", exact=True)).to_have_count(0)


@pytest.mark.long
def test_a_place_is_pinned_on_the_map_and_taken_back(
    new_page: Callable[..., Page], app: Flask, cast: Cast
) -> None:
    page, wide = new_page(PHONE), new_page(DESKTOP)
    with app.app_context():
        [active] = [one for one in read_active() if one.system == "2025"]
        tiles.build(app.config["VAR_DIR"] / "tiles", active)
    enter(wide, f"/campaigns/{cast.campaign}/plan?lang=vi")
    wait_for(wide, "document.getElementById('map').map?.repainted !== undefined")
    enter(page, f"/campaigns/{cast.campaign}/plan?lang=vi")
    press(page, "Bản đồ tương tác")
    wait_for(page, "document.getElementById('map').map?.repainted !== undefined")
    wait_for(page, "document.getElementById('map').map.map.areTilesLoaded()")
    expect(page.locator(".map .inset")).to_contain_text("Quần đảo Trường Sa")
    page.locator("#canvas canvas").click()  # the area's one commune lies in the middle
    expect(page.locator("#chosen-name")).to_have_text("Phường Phan Đình Phùng")
    fill_fields(page, samples="7")
    press(page, "Ghim")
    expect(page.get_by_text("đã ghim", exact=True)).to_be_visible()
    press(page, "Bản đồ tương tác")
    wait_for(page, "document.getElementById('map').map?.repainted !== undefined")
    page.locator("#canvas canvas").click()
    expect(page.locator("#chosen-teams")).to_contain_text("7 mẫu trong ngày")
    check_page(page, "board-plan-map")
    page.locator("#chosen-teams").get_by_role("button", name="Bỏ ghim").click()
    expect(page.get_by_text("đã ghim", exact=True)).to_have_count(0)


def test_the_plan_of_the_next_day_is_one_click_away(page: Page, cast: Cast) -> None:
    enter(page, f"/campaigns/{cast.campaign}?lang=vi")
    page.get_by_role("link", name=re.compile("^Kế hoạch (hôm nay|ngày mai)$")).click()
    page.wait_for_url("**/plan?*date=*")
    expect(page.get_by_role("link", name="In phiếu cho từng đội")).to_be_visible()


def test_figures_refresh_while_the_page_is_open(
    app: Flask, page: Page, cast: Cast, guard: Guard
) -> None:
    page.clock.install()
    enter(page, f"/campaigns/{cast.campaign}?lang=vi")
    expect(page.locator(".stat.main .figure")).to_have_text("3")
    with page.expect_response("**/figures*") as known:
        page.clock.run_for(31_000)
    assert known.value.status == 304
    measured(app, cast, 2)
    page.wait_for_timeout(0)  # the page has set its next look
    with page.expect_response("**/figures*"):
        page.clock.run_for(31_000)
    expect(page.locator(".stat.main .figure")).to_have_text("5")


def test_a_leader_lands_on_the_team_and_fills_the_screen_with_its_code(
    app: Flask, page: Page, cast: Cast
) -> None:
    leader = "doi@example.vn"
    account(app, leader, "team_leader", cast.first)
    page.goto("/work?lang=vi")
    fill_fields(page, name=leader, password=PASSWORD)
    press(page, "Đăng nhập")
    page.wait_for_url(f"**/campaigns/{cast.campaign}/teams/{cast.first}*")
    code = page.locator(".qr-screen")
    expect(code).to_be_hidden()
    press(page, "Hiện mã QR")
    expect(code).to_be_visible()
    assert code.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    drawn = code.locator("svg").bounding_box()
    assert drawn and drawn["width"] > 340
    expect(code).to_contain_text("Đội công nghệ số cộng đồng tổ 12")
    check_page(page, "board-qr")
    code.click()
    expect(code).to_be_hidden()


def test_an_organiser_ends_a_campaign(
    page: Page, cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    home, began = f"/campaigns/{cast.campaign}", time.monotonic()
    enter(page, f"{home}?lang=vi")
    clicks = ("Thiết lập", "link"), ("Kết thúc chiến dịch …", "link")
    for name, role in clicks:
        page.get_by_role(role, name=name, exact=True).locator("visible=true").click()  # type: ignore[arg-type]
    expect_text(page, "Sau khi đóng, mã và áp phích không dùng được nữa.")
    check_page(page, "board-end")
    press(page, "Kết thúc chiến dịch")
    expect(page.get_by_role("heading", name="Cảm ơn các đội!")).to_be_visible()
    wait_for(page, "document.querySelector('img.thanks').scrollIntoView() ?? true")
    wait_for(page, "document.querySelector('img.thanks').naturalWidth === 1080")
    taken = time.monotonic() - began
    check_page(page, "board-ending")
    with page.expect_download() as sheet:
        page.get_by_role("link", name="In tất cả giấy chứng nhận").click()
    assert sheet.value.suggested_filename == f"giay-chung-nhan-{cast.campaign}.pdf"
    page.get_by_role("link", name="Báo cáo tổng kết gửi tỉnh").click()
    check_page(page, "board-summary")
    assert len(re.findall(rb"/Type /Page\b", page.pdf(prefer_css_page_size=True))) == 2
    with capsys.disabled():
        print(f"\nending a campaign: 3 clicks after its page, {taken:.1f} s")
