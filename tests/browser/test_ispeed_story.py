"""i-Speed beside a counted sample, on a phone: asked once a place, also without a network."""

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import CDPSession, Page, expect
from sqlalchemy import func, select

from backend.clock import local_day, utc_now
from backend.coverage.vnnic.ispeed import find_pairs
from backend.coverage.vnnic.models import Steering
from backend.database.extensions import db
from backend.measurements.recording.models import Earning, Measurement
from backend.measurements.recording.reasons import COUNTED_CATEGORIES
from tests.support import people
from tests.support.browser import NARROWEST_PX, check_page, expect_text, press, wait_for
from tests.support.joining import Cast
from tests.support.measuring_page import HERE, agree, measure

Open = Callable[..., Page]
NARROW = {"width": NARROWEST_PX, "height": 740}
METRE = 1 / 111_195  # in degrees
RESULT = {"down": "96,4", "up": "24,2", "ping": "10"}


def stand(page: Page, north_m: float) -> None:
    """Move the phone to a place so far north."""
    place = {**HERE, "latitude": HERE["latitude"] + north_m * METRE}
    page.context.set_geolocation(place)  # type: ignore[arg-type]


def steer_by_vnnic(app: Flask, province: int) -> None:
    row = Steering(
        province_id=province, network="mobile", since=local_day(utc_now()), steered_by="vnnic"
    )
    with app.app_context():
        db.session.add(row)
        db.session.commit()


@pytest.fixture
def cast(app: Flask, served: str) -> Cast:
    """A team in Thái Nguyên; a page of this server stands for i-Speed."""
    app.config["ISPEED_URL"] = f"{served}/guide"
    today, province = local_day(utc_now()), people.unit_id(app, "19", "2025", "province")
    return Cast(app, province, first_day=today, last_day=today)


def connect(session: CDPSession, *, offline: bool = False) -> None:
    """Give a page a line of 200 Mbps, or none."""
    rates = dict.fromkeys(("downloadThroughput", "uploadThroughput"), 25_000_000)
    conditions = {"offline": offline, "latency": 0, **rates}
    session.send("Network.emulateNetworkConditions", conditions)


def begin(new_page: Open, code: str = "") -> tuple[Page, CDPSession]:
    page = new_page(NARROW, geolocation=HERE, permissions=["geolocation"])
    page.goto(f"/do/#{code}")
    agree(page)
    press(page, "Viettel")
    # Without background sync, which the network of the page does not stop.
    page.evaluate("delete ServiceWorkerRegistration.prototype.sync")
    session = page.context.new_cdp_session(page)
    connect(session)
    return page, session


def run_ispeed(page: Page) -> None:
    """Press the button, which opens i-Speed, and come back."""
    with page.context.expect_page() as opened:
        page.locator("#ispeed-run").click()
    opened.value.wait_for_url("**/guide")
    opened.value.close()
    page.bring_to_front()


def type_result(page: Page) -> None:
    for name, value in RESULT.items():
        page.locator(f"#note-{name}").fill(value)
    press(page, "Lưu")
    expect_text(page, "Đã lưu kết quả i-Speed.")
    expect(page.locator("#ispeed")).to_be_hidden()


def next_sample(page: Page, north_m: float) -> None:
    """Measure a counted sample so far north."""
    stand(page, north_m)
    expect(page.locator("#place")).to_contain_text("12 m")
    page.wait_for_timeout(1_000)  # the watch has the new position
    measure(page)
    expect_text(page, "Được tính cho")


@pytest.mark.long
def test_a_member_runs_i_speed_once_a_place_also_without_a_network(
    app: Flask, cast: Cast, new_page: Open
) -> None:
    steer_by_vnnic(app, people.unit_id(app, "19", "2025", "province"))
    page, session = begin(new_page, cast.code_one)
    measure(page)
    expect(page.locator("#ispeed-ask")).to_be_visible()
    expect_text(page, "Đo Sóng: được tính. VNNIC chỉ tính i-Speed.")
    expect(page.locator("#ispeed-run")).to_have_text("Chạy thêm i-Speed (tốn thêm dữ liệu)")
    expect(page.locator("#ispeed")).to_be_hidden()
    check_page(page, "do-ispeed-ask")
    run_ispeed(page)
    expect(page.locator("#note-down")).to_be_visible()
    check_page(page, "do-ispeed-result")
    connect(session, offline=True)
    type_result(page)
    expect_text(page, "1 mẫu chờ gửi")
    connect(session)
    expect(page.locator("#queue")).to_be_hidden()
    expect_text(page, "2 mẫu, 1 được tính, 1 kèm i-Speed")
    next_sample(page, 150)  # the same place as before, by which results make pairs
    expect(page.locator("#ispeed")).to_be_visible()
    expect(page.locator("#ispeed-ask")).to_be_hidden()
    next_sample(page, 500)
    run_ispeed(page)
    page.reload()  # as a phone does that closed the page meanwhile
    expect(page.locator("#note-down")).to_be_focused()
    expect_text(page, "Được tính cho")
    type_result(page)
    wait_for(page, "document.querySelector('#queue').hidden")
    expect_text(page, "2 kèm i-Speed")
    with app.app_context():
        assert find_pairs(utc_now())[0] == 2
        earned = select(func.count()).where(Earning.category.in_(COUNTED_CATEGORIES))
        assert db.session.scalar(earned) == 3
        typed = select(Measurement.counted).where(Measurement.source == "manual")
        assert db.session.scalars(typed).all() == [False, False]
    organiser = people.person(app, "organiser", cast.organisation)
    path = f"/api/v1/campaigns/{cast.campaign}/contributions?by=team"
    [team] = app.test_client().get(path, headers=organiser).json["items"]
    assert (team["counted"], team["with_ispeed"]) == (3, 2)


@pytest.mark.long
def test_nobody_else_is_asked(app: Flask, cast: Cast, new_page: Open) -> None:
    member, _ = begin(new_page, cast.code_one)
    measure(member)
    expect_text(member, "Được tính cho")
    expect(member.locator("#team-names")).to_have_text("Đội 1")
    member.wait_for_load_state("networkidle")
    expect(member.locator("#ispeed-ask")).to_be_hidden()  # our count steers
    expect(member.locator("#ispeed")).to_be_visible()
    steer_by_vnnic(app, people.unit_id(app, "19", "2025", "province"))
    alone, _ = begin(new_page)
    measure(alone)
    expect_text(alone, "Được tính cho")
    alone.wait_for_load_state("networkidle")
    expect(alone.locator("#ispeed-ask")).to_be_hidden()
