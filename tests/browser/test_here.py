"""Before a test the page knows whether it counts: a day, a way, an answer that is late."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, Request, expect
from sqlalchemy import select, update

from backend.campaigns.models import Team
from backend.clock import local_day, utc_now
from backend.database.extensions import db
from backend.measurements.recording.models import Measurement
from backend.measurements.recording.rules import MIN_DURATION_S
from backend.units.models import Unit
from tests.support.browser import PHONE, check_page, expect_text, press, slow_down
from tests.support.daily_counts import count
from tests.support.joining import Cast
from tests.support.measuring_page import HERE, MEASURED_MS, agree, least_data, limit_bandwidth
from tests.support.people import PASSWORD, account, unit_id

Open = Callable[..., Page]
METRE = 1 / 111_195  # in degrees


def stand(page: Page, north_m: float, accuracy: float = 12) -> None:
    """Move the phone to a place so far north."""
    place = {**HERE, "latitude": HERE["latitude"] + north_m * METRE, "accuracy": accuracy}
    page.context.set_geolocation(place)  # type: ignore[arg-type]


def begin(page: Page) -> None:
    page.goto("/do/")
    agree(page)
    press(page, "Viettel")
    expect(page.locator("#measure")).to_be_visible()


def counted(app: Flask) -> list[bool]:
    with app.app_context():
        rows = db.session.query(Measurement).order_by(Measurement.measured_at)
        return [row.counted for row in rows]


class Host:
    """Requests to the measuring host, and the bytes of its transfers."""

    def __init__(self, page: Page) -> None:
        self.requests, self.bytes = 0, 0
        page.on("request", self._on_request)
        page.on("requestfinished", self._on_end)

    def _on_request(self, request: Request) -> None:
        self.requests += "/do/down?" in request.url or "/do/up?" in request.url
        self.requests += request.url.endswith("/do/tests")

    def _on_end(self, request: Request) -> None:
        if "/do/down?" in request.url or "/do/up?" in request.url:
            sizes = request.sizes()
            self.bytes += sizes["responseBodySize"] + sizes["requestBodySize"]


# Metres north of the first place and the accuracy there: three of the twelve cannot count.
PLACES: list[tuple[float, float, str]] = [
    (0, 12, ""), (400, 12, ""), (440, 12, "Đi thêm 60 m nữa"), (800, 12, ""), (1_200, 12, ""),
    (1_600, 3_500, "Vị trí lệch tới 3.500 m: ra chỗ thoáng, chờ thêm"),
    (1_600, 12, ""), (2_000, 12, ""),
    (1_930, 12, "Đi thêm 30 m nữa"), (2_400, 12, ""), (2_800, 12, ""), (3_200, 12, ""),
]  # fmt: skip


@pytest.mark.long
def test_twelve_places_of_which_three_cannot_count(
    app: Flask, new_page: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    page = new_page(PHONE, geolocation=HERE, permissions=["geolocation"])
    begin(page)
    limit_bandwidth(page, 40)
    host, began, taps, wasted, answers = Host(page), time.monotonic(), 0, 0, []
    for number, (north_m, accuracy, problem) in enumerate(PLACES):
        stand(page, north_m, accuracy)
        if accuracy > HERE["accuracy"]:  # after a pause, without an earlier position
            page.reload()
        if number:
            page.wait_for_timeout(1_000 * MIN_DURATION_S)  # the way; tests must not overlap
        before = host.requests, host.bytes
        asked = time.monotonic()
        press(page, "Đo")
        taps += 1
        if problem:
            expect(page.locator("#advice")).to_have_text(problem)
            expect(page.get_by_role("button", name="Vẫn đo")).to_be_visible()
            answers.append(time.monotonic() - asked)
            assert (host.requests, host.bytes) == before
            wasted += host.bytes - before[1]
            continue
        expect(page.locator("#verdict.good")).to_be_visible(timeout=MEASURED_MS)
        expect(page.locator("#again")).to_have_text("Đến chỗ tiếp theo")
    seconds = time.monotonic() - began
    with capsys.disabled():
        print(
            f"\n12 places: {taps} taps, {seconds:.0f} s, {host.bytes / 1e6:.0f} MB,"
            f" {wasted} bytes where no test counts, told in {max(answers):.1f} s"
        )
    assert counted(app) == [True] * 9
    check_page(page, "do-next-place")


@pytest.mark.long
def test_a_slow_phone_is_told_within_a_second_and_a_half(
    app: Flask, new_page: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    page = new_page(PHONE, geolocation=HERE, permissions=["geolocation"])
    begin(page)
    least_data(page)
    press(page, "Đo")
    expect(page.locator("#verdict.good")).to_be_visible(timeout=MEASURED_MS)
    slow_down(page)
    told = []
    for north_m in (90, 40, 80, 30, 70):
        stand(page, 1_000)  # the answer of another place is of no use
        page.reload()
        expect(page.locator("#here")).not_to_be_empty()
        stand(page, north_m)
        page.wait_for_timeout(500)
        asked = time.monotonic()
        press(page, "Đo")
        expect(page.get_by_role("button", name="Vẫn đo")).to_be_visible()
        told.append(time.monotonic() - asked)
    with capsys.disabled():
        print(f"\nhere on a slow phone: {', '.join(f'{one:.2f}' for one in told)} s")
    assert sorted(told)[2] < 1.5


@pytest.mark.long
def test_the_ring_fills_on_the_way_and_a_second_press_measures(app: Flask, new_page: Open) -> None:
    page = new_page(PHONE, geolocation=HERE, permissions=["geolocation"])
    begin(page)
    least_data(page)
    press(page, "Đo")
    expect(page.locator("#verdict.good")).to_be_visible(timeout=MEASURED_MS)
    press(page, "Đến chỗ tiếp theo")
    expect(page.locator("#verdict")).to_be_hidden()
    advice, filled = page.locator("#advice"), page.locator("#gauge-filled")
    expect(advice).to_have_text("Đi thêm 100 m nữa")
    expect(filled).to_have_attribute("stroke-dasharray", "0.00 100")
    check_page(page, "do-way")
    stand(page, 60)
    expect(advice).to_have_text("Đi thêm 40 m nữa")
    arc = str(filled.get_attribute("stroke-dasharray"))
    assert 40 < float(arc.split()[0]) < 50  # 60 % of 75
    press(page, "Đo")
    press(page, "Vẫn đo")
    expect_text(page, "Máy này đã có mẫu được tính ở gần đây trong 4 giờ qua.")
    press(page, "Đến chỗ tiếp theo")
    stand(page, 130)
    expect(page.locator("#advice.no")).to_be_hidden()
    press(page, "Đo")
    expect(page.locator("#verdict.good")).to_be_visible(timeout=MEASURED_MS)
    assert counted(app) == [True, False, True]


def test_the_page_says_before_a_test_for_what_it_counts(app: Flask, new_page: Open) -> None:
    page = new_page(PHONE, geolocation=HERE, permissions=["geolocation"])
    begin(page)
    advice = page.locator("#advice.yes")
    expect(advice).to_have_text("Đo ở đây: được tính cho phường Phan Đình Phùng, mạng di động.")
    check_page(page, "do-yes")
    press(page, "Đổi")
    press(page, "Wi-Fi hoặc mạng cố định")
    wifi, off = "Wi-Fi: tính cho mạng cố định", "; tắt Wi-Fi nếu muốn đo sóng di động."
    expect(advice).to_have_text(f"{wifi} của phường Phan Đình Phùng{off}")
    stand(page, 0, accuracy=2_000)
    page.reload()
    coarse = "Vị trí lệch tới 2.000 m, có thể là xã khác: ra chỗ thoáng."
    expect(page.locator("#advice.unsure")).to_have_text(coarse)
    page.context.set_offline(True)
    stand(page, 0)
    page.reload()
    page.wait_for_timeout(500)
    expect(page.locator("#advice.unsure")).to_contain_text(
        "Wi-Fi: tính cho mạng cố định; tắt Wi-Fi"
    )


def test_a_member_is_told_before_and_after_that_the_team_does_not_get_it(
    app: Flask, new_page: Open
) -> None:
    today = local_day(utc_now())
    with app.app_context():
        away = select(Unit.id).where(Unit.system == "2025", Unit.level == "commune")
        area = db.session.scalars(away.where(Unit.name != "Phường Phan Đình Phùng")).first()
    cast = Cast(app, area or 0, first_day=today, last_day=today)
    page = new_page(PHONE, geolocation=HERE, permissions=["geolocation"])
    page.goto(f"/do/#{cast.code_one}")
    agree(page)
    press(page, "Viettel")
    told = "Không tính cho Đội 1. Xã, phường này nằm ngoài địa bàn của chiến dịch."
    expect(page.locator("#advice.unsure")).to_contain_text(
        f"Đo ở đây: được tính cho phường Phan Đình Phùng, mạng di động. {told}"
    )
    check_page(page, "do-not-for-team")
    least_data(page)
    press(page, "Đo")
    expect(page.locator("#verdict.good .why")).to_have_text(told, timeout=MEASURED_MS)
    expect(page.locator("#today .why-short")).to_have_text(told)


def test_two_phones_and_a_leader_read_one_count_with_its_time(app: Flask, new_page: Open) -> None:
    """What a phone and a team added since then stands beside the count of everybody."""
    today, here = local_day(utc_now()), unit_id(app, "05443", "2025")
    cast = Cast(app, here, first_day=today, last_day=today)
    with app.app_context():
        db.session.execute(update(Team).filter_by(id=cast.one).values(home_unit_id=here))
        db.session.commit()
    account(app, "doi@example.vn", "team_leader", cast.one)
    count(app, "05443", (f"{today}", 120), system="2025")
    app.extensions["hourly_counts"] = True
    app.test_cli_runner().invoke(args=["coverage", "copy-counts", "--everything"])
    mine, other = (new_page(PHONE, geolocation=HERE, permissions=["geolocation"]) for _ in range(2))
    for phone, code in ((mine, f"#{cast.code_one}"), (other, "")):
        phone.goto(f"/do/{code}")
        agree(phone)
        press(phone, "Viettel")
    least_data(mine)
    press(mine, "Đo")
    expect(mine.locator("#verdict.good")).to_be_visible(timeout=MEASURED_MS)
    said = re.compile(r"120 trên 300 mẫu.*\(tính đến (\d+:\d\d)\)")
    expect(mine.locator("#here")).to_have_text(re.compile(said.pattern + r".*từ lúc đó: \+1"))
    expect(other.locator("#here")).to_have_text(said)
    expect(other.locator("#here")).not_to_contain_text("+1")
    leader = new_page()
    leader.context.request.post(
        "/api/v1/sessions", data={"name": "doi@example.vn", "password": PASSWORD}
    )
    leader.goto(f"/campaigns/{cast.campaign}/teams/{cast.one}")
    match = said.search(mine.locator("#here").inner_text())
    assert match
    expect_text(leader, f"120/300 mẫu (tính đến {match[1]}) · đội từ {match[1]}: +1")


def test_a_sample_that_waits_costs_no_second_test_at_its_place(app: Flask, new_page: Open) -> None:
    page = new_page(PHONE, geolocation=HERE, permissions=["geolocation"])
    begin(page)
    least_data(page)
    host = Host(page)
    page.route("**/api/v1/measurements?*", lambda route: route.abort())
    press(page, "Đo")
    expect_text(page, "Đang chờ mạng để gửi")
    expect(page.locator("#again")).to_have_text("Đến chỗ tiếp theo")
    before = host.requests
    press(page, "Đo")
    expect(page.locator("#advice")).to_have_text("Đi thêm 100 m nữa")
    expect(page.get_by_role("button", name="Vẫn đo")).to_be_visible()
    page.reload()
    page.context.set_offline(True)
    press(page, "Đo")
    expect(page.get_by_role("button", name="Vẫn đo")).to_be_visible()
    page.context.set_offline(False)
    assert host.requests == before
    stand(page, 130)
    page.wait_for_timeout(1_000 * MIN_DURATION_S)  # the way; tests must not overlap
    expect(page.locator("#advice.no")).to_be_hidden()
    page.unroute("**/api/v1/measurements?*")
    press(page, "Đo")
    expect(page.locator("#verdict.good")).to_be_visible(timeout=MEASURED_MS)
    assert counted(app) == [True, True]


def test_where_all_is_full_the_way_leads_to_other_people_and_a_neighbour(
    app: Flask, new_page: Open
) -> None:
    page = new_page(PHONE, geolocation=HERE, permissions=["geolocation"])
    with page.expect_response("**/api/v1/next?*") as around:
        begin(page)
    nearby = around.value.json()["nearby"]
    other = next(one for one in nearby if not one["within"])
    near = [one["code"] for one in nearby if one["distance_m"] < other["distance_m"]]
    for code in (around.value.json()["unit"]["code"], *near):
        count(app, code, (f"{local_day(utc_now())}", 300), system="2025")
    page.reload()
    name = other["name"][0].lower() + other["name"][1:]
    expect(page.locator("#way")).to_contain_text(f"Rủ thêm người, hoặc sang {name}.")
    check_page(page, "do-full")


def test_without_an_answer_in_time_the_button_measures(app: Flask, new_page: Open) -> None:
    page = new_page(PHONE, geolocation=HERE, permissions=["geolocation"])
    late: list[Any] = []
    page.route("**/api/v1/next?*", lambda route: late.append(route))
    begin(page)
    least_data(page)
    press(page, "Đo")
    expect(page.locator("#verdict.good")).to_be_visible(timeout=MEASURED_MS)
    assert late and counted(app) == [True]
