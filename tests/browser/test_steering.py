"""An office in a real browser lets VNNIC's count steer its province, and back."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from backend.clock import local_day
from backend.units.service import units_on
from tests.support import people
from tests.support.browser import DESKTOP, check_page, fill_fields, press
from tests.support.daily_counts import count
from tests.support.live_server import serving_app

OFFICIAL = "canbo@example.vn"
HERE = "05443"  # today's Phan Đình Phùng
TODAY = local_day(datetime.now(UTC))
DESK, VNNIC = "/desk/area/19?lang=vi", "/desk/area/19/vnnic?lang=vi"


@pytest.fixture
def served(browser: Browser, app: Flask) -> Iterator[str]:
    """The application with samples of today, a campaign with a team, and the official."""
    province, unit = (
        people.unit_id(app, "19", "2025", "province"),
        people.unit_id(app, HERE, "2025"),
    )
    organisation = people.organisation(app)
    team = people.team(app, organisation, "Đội Một", home_unit_id=unit)
    days = {"first_day": TODAY.replace(day=1), "last_day": TODAY + timedelta(days=20)}
    people.take_part(app, people.campaign(app, organisation, unit, **days), team)
    people.account(app, OFFICIAL, "official", province)
    count(app, HERE, (f"{TODAY.replace(day=1)}", 310), system="2025")
    with serving_app(app) as url:
        yield url


def table(app: Flask, path: Path, here: int) -> Path:
    """Write a table as offices head it: two communes are left out, 12 rows are wrong."""
    with app.app_context():
        names = [one.name for one in units_on(TODAY, "commune", "19") if one.code != HERE][2:]
    rows = [f"{name},300" for name in names] + [f"Xã Không Có {n},7" for n in range(12)]
    lines = ["Nơi đo,Số mẫu", f"Phường Phan Đình Phùng,{here}", *rows, "Tổng cộng,9999"]
    path.write_text("\n".join(lines))
    return path


def bring(page: Page, file: Path) -> None:
    page.goto(VNNIC)
    page.set_input_files("#file", file)
    press(page, "Kiểm tra")


@pytest.mark.long
def test_a_province_follows_vnnic_and_goes_back(
    app: Flask, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    page, public = new_page(DESKTOP), new_page(DESKTOP)
    page.goto(VNNIC)
    fill_fields(page, name=OFFICIAL, password=people.PASSWORD)
    press(page, "Đăng nhập")
    public.goto("/unit/19/wall?lang=vi")
    before = public.locator("#wall .most").inner_text()
    press(page, "Theo VNNIC từ hôm nay")
    expect(page.locator("main")).to_contain_text(f"Theo VNNIC từ {TODAY:%d/%m/%Y}")
    bring(page, table(app, tmp_path / "bang.csv", 8))
    expect(page.locator("main")).to_contain_text("Bản nháp, chỉ cơ quan bạn thấy")
    check_page(page, "vnnic-steering")
    page.goto(DESK)
    expect(page.locator("main")).to_contain_text(f"bảng VNNIC đến {TODAY:%d/%m/%Y}")
    expect(page.locator("main")).to_contain_text("Đo Sóng 310 · VNNIC 8")
    check_page(page, "desk-steered")
    page.goto(f"/desk/area/{HERE}?lang=vi")
    expect(page.locator("main")).to_contain_text("Đo Sóng 310 · VNNIC 8")
    check_page(page, "commune-steered")
    page.goto("/desk/area/19/remind?lang=vi")
    check_page(page, "remind-steered")
    public.reload()
    assert public.locator("#wall .most").inner_text() == before  # a draft
    page.goto(VNNIC)
    press(page, "Công bố bảng này")
    public.reload()
    expect(public.locator("#wall .most")).to_contain_text("bảng VNNIC đến")
    check_page(public, "wall-steered")
    bring(page, table(app, tmp_path / "bang2.csv", 9))
    page.goto(VNNIC)
    press(page, "Công bố bảng này")
    page.goto(DESK)
    expect(page.locator("main")).to_contain_text("Đo Sóng 310 · VNNIC 9")
    page.goto(VNNIC)
    press(page, "Theo Đo Sóng từ hôm nay")
    public.reload()
    assert public.locator("#wall .most").inner_text() == before
    page.goto(DESK)
    expect(page.locator("main")).not_to_contain_text("Đo Sóng 310 · VNNIC")
