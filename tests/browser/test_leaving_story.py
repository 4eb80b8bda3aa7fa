"""A new phone, each way of leaving, and the end of a campaign: taps and seconds."""

import re
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import text

from backend.clock import local_day, utc_now
from backend.database.extensions import db
from tests.support import people
from tests.support.browser import PHONE, check_page, expect_text, fill_fields, press
from tests.support.factories import register
from tests.support.joining import Cast
from tests.support.measuring_page import HERE, agree, least_data, measure, open_fold

Open = Callable[..., Page]
PASSES = "/api/v1/passes"
COUNT_TAPS = "addEventListener('click', (e) => e.isTrusted && tapped(e.target.id))"


@pytest.fixture
def cast(app: Flask) -> Cast:
    today, province = local_day(utc_now()), people.unit_id(app, "19", "2025", "province")
    return Cast(app, province, first_day=today, last_day=today)


@pytest.fixture
def phones(new_page: Open) -> Iterator[Callable[[], Page]]:
    def phone() -> Page:
        return new_page(PHONE, geolocation=HERE, permissions=["geolocation"])

    yield phone


class Story:
    """A page whose taps are counted."""

    def __init__(self, page: Page) -> None:
        self.page, self.taps, self.began = page, [""][:0], monotonic()
        page.expose_function("tapped", lambda name: self.taps.append(name))
        page.add_init_script(COUNT_TAPS)

    def restart(self) -> None:
        self.taps.clear()
        self.began = monotonic()

    def tell(self, what: str) -> None:
        print(f"{what}: {len(self.taps)} taps, {monotonic() - self.began:.1f} s")


def take_part(page: Page, code: str, name: str = "") -> None:
    page.goto(f"/do/#{code}")
    agree(page)
    press(page, "Viettel")
    least_data(page)
    expect(page.locator("#team-names")).to_have_text("Đội 1")
    if name:
        open_fold(page, "team")
        page.locator("#naming > summary").click()
        page.locator("#display-name").fill(name)
        page.locator("#name-agree").check()
        press(page, "Lưu")
        expect(page.locator("#own-name")).to_have_text(name)
        open_fold(page, "team")


def value(app: Flask, statement: str) -> Any:
    with app.app_context():
        found = db.session.scalar(text(statement))
        db.session.commit()
        return found


def counts(app: Flask) -> tuple[int, int]:
    """Counted samples of the commune and of the team."""
    ours = "select coalesce(sum(counted), 0)::int from"
    return (
        value(app, f"{ours} unit_months"),
        value(app, f"{ours} team_days"),
    )


@pytest.mark.long
def test_a_volunteer_moves_to_a_new_phone(
    app: Flask, cast: Cast, phones: Callable[[], Page]
) -> None:
    old, new = phones(), phones()
    story = Story(old)
    take_part(old, cast.code_one, "Lan")
    measure(old)
    expect_text(old, "Được tính cho")
    story.restart()
    open_fold(old, "team")
    press(old, "Chuyển sang điện thoại mới")
    expect(old.locator("#pass-qr svg")).to_be_visible()
    check_page(old, "do-pass")
    code = old.locator("#pass-code").inner_text()
    assert re.fullmatch(r"[A-Z0-9]{4}(-[A-Z0-9]{4}){2}", code)
    other = Story(new)
    new.goto(f"/do/#{code.replace('-', '')}")
    expect(new.locator("#welcome-title")).to_have_text("Đo tiếp bằng điện thoại này")
    expect(new.locator("#welcome-purpose")).to_contain_text("thay máy cũ của bạn: đội (Đội 1), tên")
    check_page(new, "do-welcome-move")
    agree(new)
    expect(new.locator("#take-text")).to_contain_text("Đội: Đội 1. Tên: Lan.")
    check_page(new, "do-take")
    press(new, "Chuyển sang đây")
    # Said on both phones; the old one keeps nothing but the code that deletes everything.
    expect_text(old, "Đã chuyển sang điện thoại khác")
    story.tell("on the old phone")
    check_page(old, "do-moved")
    press(new, "Viettel")
    expect(new.locator("#team-names")).to_have_text("Đội 1")
    expect(new.locator("#own-name")).to_have_text("Lan")
    expect_text(new, "1 mẫu được tính")
    other.tell("to a new phone")
    assert len(other.taps) <= 6, other.taps
    assert value(app, "select count(*) from devices") == 1
    lost = old.locator("#moved-code").inner_text()
    old.goto("/withdraw")
    old.locator("#withdrawal_code").fill(lost)
    press(old, "Xem điều gì sẽ thay đổi")
    expect_text(old, "1 mẫu trong 7 ngày sẽ không còn tính cho Đội 1.")


@pytest.mark.long
def test_a_removed_member_reads_by_whom_and_whom_to_ask(
    app: Flask, cast: Cast, phones: Callable[[], Page], new_page: Open
) -> None:
    page, leader = phones(), new_page(PHONE)
    take_part(page, cast.code_one)
    measure(page)
    expect_text(page, "Được tính cho")
    people.account(app, "doi.truong@example.vn", "team_leader", cast.one)
    leader.goto("/sign-in?lang=vi")
    fill_fields(leader, name="doi.truong@example.vn", password=people.PASSWORD)
    press(leader, "Đăng nhập")
    leader.wait_for_url("**/teams/*")
    leader.locator("summary", has_text="Xóa").last.click()
    leader.locator("details[open] input[type=checkbox]").check()
    leader.locator("details[open]").get_by_role("button", name="Xóa khỏi đội").click()
    expect_text(leader, "Mẫu đo đến lúc đó cũng không tính cho đội nữa.")
    check_page(leader, "leader-removed")
    assert counts(app) == (1, 0)
    # The poster's code in the address does not bring the person back without a word.
    for _ in range(2):
        page.goto("/do/?again")
        page.goto(f"/do/#{cast.code_one}")
        expect(page.locator("#removed")).to_contain_text("Đội 1 đã xóa bạn khỏi đội")
        expect(page.locator("#removed")).to_contain_text("hãy hỏi đội trưởng hoặc")
        expect(page.locator("#team-names")).to_have_text("chưa có")
    check_page(page, "do-removed")
    leader.get_by_role("button", name="Hoàn tác").click()
    expect(leader.get_by_text("đã bị xóa khỏi đội")).to_have_count(0)
    assert counts(app) == (1, 1)
    page.goto("/do/?again")
    expect(page.locator("#team-names")).to_have_text("Đội 1")
    expect(page.locator("#removed")).to_be_hidden()
    # Who has read it may scan the code again.
    leader.locator("summary", has_text="Xóa").last.click()
    leader.locator("details[open]").get_by_role("button", name="Xóa khỏi đội").click()
    expect_text(leader, "Mẫu đo đến lúc đó vẫn tính cho đội.")
    page.goto("/do/")
    press(page, "Đã đọc")
    expect(page.locator("#removed")).to_be_hidden()
    page.goto("/do/?again")
    page.goto(f"/do/#{cast.code_one}")
    expect(page.locator("#team-names")).to_have_text("Đội 1")


@pytest.mark.long
def test_each_way_of_leaving_says_what_it_changes(
    app: Flask, cast: Cast, phones: Callable[[], Page], new_page: Open
) -> None:
    page = phones()
    story = Story(page)
    take_part(page, cast.code_one, "Lan")
    measure(page)
    expect_text(page, "Được tính cho")
    assert counts(app) == (1, 1)
    story.restart()
    open_fold(page, "privacy")
    expect(page.locator("#act-teams")).to_contain_text("1 mẫu đã tính vẫn ở lại đội.")
    expect(page.locator("#act-name-text")).to_contain_text("“Lan”")
    expect(page.locator("#act-positions-text")).to_contain_text(
        "1 vị trí sẽ được xóa dần, xong trước"
    )
    sure = "1 mẫu trong 7 ngày sẽ không còn tính cho Đội 1."
    expect(page.locator("#act-all-recent")).to_have_text(sure)
    check_page(page, "do-acts")
    press(page, "Ẩn tên")
    expect(page.locator("#act-name")).to_be_hidden()
    assert value(app, "select count(display_name) from volunteers") == 0
    page.locator("#remove-positions").click()
    check_page(page, "do-remove-positions")
    page.locator("#sure-positions button[value=yes]").click()
    expect(page.locator("#act-positions-done")).to_contain_text("Mẫu vẫn được tính")
    page.locator("#act-teams button").click()
    page.locator("#leave button[value=leave]").click()
    expect(page.locator("#act-teams li")).to_have_count(0)
    assert counts(app) == (1, 1)
    story.tell("name, positions and team")
    story.restart()
    page.locator("#withdraw").click()
    expect(page.locator("#sure-recent")).to_have_text(sure)
    page.locator("#sure button[value=yes]").click()
    expect_text(page, "1 mẫu trong 7 ngày qua, cho xã, phường lẫn cho đội")
    check_page(page, "do-left")
    story.tell("everything")
    assert counts(app) == (0, 0)
    assert value(app, "select people from withdrawn_members") == 1


@pytest.mark.long
def test_a_poster_of_another_campaign_asks_and_the_end_thanks(
    app: Flask, cast: Cast, phones: Callable[[], Page]
) -> None:
    page = phones()
    today, province = local_day(utc_now()), people.unit_id(app, "19", "2025", "province")
    dates = {"first_day": today, "last_day": today, "name": "Đợt sau"}
    second = people.campaign(app, cast.organisation, province, **dates)
    poster, following = cast.code(cast.two, second), cast.code(cast.one, second)
    take_part(page, cast.code_one, "Lan")
    measure(page)
    expect_text(page, "Được tính cho")
    open_fold(page, "team")
    press(page, "Đo giúp người dân")
    expect(page.locator("#pass-qr svg")).to_be_visible()
    expect(page.locator("#pass-guest-text")).to_contain_text("được tính cho Đội 1, không kèm tên")
    used = {"code": page.locator("#pass-code").inner_text()}
    guest = phones()
    guest.goto(f"/do/#{used['code']}")
    expect(guest.locator("#invited-by")).to_have_text("Đội 1")
    expect(guest.locator("#welcome-purpose")).to_contain_text(
        "trong 24 giờ tới được tính cho Đội 1"
    )
    check_page(guest, "do-welcome-guest")
    resident = register(app.test_client())
    assert app.test_client().post(f"{PASSES}/use", json=used, headers=resident).status_code == 201
    press(page, "Đóng")
    page.goto("/guide")
    page.goto(f"/do/#{poster}")
    expect(page.locator("#further-text")).to_have_text("Bạn đang ở Đội 1. Vào Đội 2 (Đợt sau)?")
    check_page(page, "do-further")
    press(page, "Không vào")
    expect(page.locator("#team-names")).to_have_text("Đội 1")
    assert value(app, "select count(*) from memberships") == 2  # with the resident's
    value(app, f"update campaigns set state = 'closed' where id = {cast.campaign} returning id")
    page.goto("/guide")
    story = Story(page)
    page.goto("/do/")
    expect(page.locator("#thanks-title")).to_have_text("Tháng thanh niên đo mạng đã kết thúc")
    expect(page.locator("#thanks-given")).to_have_text("Bạn đã góp 1 mẫu được tính cho Đội 1.")
    check_page(page, "do-thanks")
    with page.expect_download() as saved:
        press(page, "Lưu giấy chứng nhận")
    assert saved.value.suggested_filename == "giay-chung-nhan.png"
    press(page, "Đo tiếp ở Đợt sau")
    expect_text(page, "Đã vào Đội 1.")
    expect(page.locator("#thanks")).to_be_hidden()
    story.tell("the end and the next campaign")
    assert value(app, f"select uses from join_codes where code = '{following}'") == 1
