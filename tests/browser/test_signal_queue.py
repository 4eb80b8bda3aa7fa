"""An organiser clears 100 signals of which 20 are about cheats; clicks and seconds are printed."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from backend.coverage.signals.rules import MIN_MOCK, NIGHT_TIMES
from backend.coverage.signals.scans import Place, search
from backend.database.extensions import db
from backend.measurements.recording.models import Earning
from backend.memberships.models import CampaignExclusion
from backend.web.board.queue import SIGNALS_SHOWN
from tests.support import people
from tests.support.browser import (
    COUNT_CLICKS,
    DESKTOP,
    PHONE,
    check_page,
    clicks,
    fill_fields,
    press,
)
from tests.support.clock import FakeClock
from tests.support.factories import HERE, location, post, register, sample
from tests.support.live_server import serving_app
from tests.support.people import LATER, PASSWORD, account, add_membership
from tests.support.signals import NINE, SINCE, Cast

NAME = "ban@example.vn"
CREW, CHEATS = 20, 20  # phones
NIGHTS = 3
OF_CREW = CREW * (1 + NIGHTS)  # signals: of the position and of each night
MIDNIGHT = NINE.replace(day=10, hour=17)  # in Vietnam, UTC + 7
ADDRESS = "?month=2024-11&lang=vi"


class Month(Cast):
    """A survey crew with external receivers that works at night, and a team that cheats."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        super().__init__(app, client)
        self.joined = 0
        account(app, NAME, "organiser", self.organisation)
        self.crew = people.team(app, self.organisation, "Tổ khảo sát ban đêm")
        self.cheats = people.team(app, self.organisation, "Đội 7")
        self.volunteers = [self._join(self.crew, NIGHT_TIMES, NIGHTS) for _ in range(CREW)]
        # The first volunteer of the cast is one of the cheats.
        self.cheating = {self.volunteer_of_cast}
        self.cheating |= {self._join(self.cheats, MIN_MOCK) for _ in range(CHEATS - 1)}

    def add_volunteer(self) -> dict[str, str]:
        phone = super().add_volunteer()
        self.volunteer_of_cast = self.volunteer
        return phone

    def _join(self, team: int, n: int, nights: int = 0) -> int:
        """Add a phone with n tests in each night, or on one day; return its volunteer."""
        self.joined += 1
        phone = register(self.client)
        volunteer = add_membership(self.app, phone, self.campaign, team, SINCE)
        begins = [MIDNIGHT + timedelta(days=day) for day in range(nights)] or [NINE]
        samples = [
            sample(
                (begin + timedelta(minutes=10 * k)).isoformat(),
                download_mbps=round(30 + 20 * night + k + self.joined / 37, 2),
                location=location(
                    is_mock=True, latitude=HERE["latitude"] + k / 500 + self.joined / 1e5
                ),
            )
            for night, begin in enumerate(begins)
            for k in range(n)
        ]
        assert post(self.client, phone, *samples).status_code < 300
        return int(volunteer)

    def search(self) -> None:
        """Search the campaign, as the nightly command does."""
        with self.app.app_context():
            search(Place("2024-11", None, self.campaign), self.app.config["SECRET_KEY"], LATER)

    def excluded(self) -> set[int]:
        """Return the volunteers of the excluded samples."""
        with self.app.app_context():
            query = db.session.query(Earning.volunteer_id).join(
                CampaignExclusion, CampaignExclusion.measurement_id == Earning.measurement_id
            )
            return {row.volunteer_id for row in query.distinct()}


class Counter:
    """Counts clicks and keys of a story."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks, self.keys = page, 0, 0
        self.began = time.monotonic()

    def click(self, name: str, role: str = "button") -> None:
        self.clicks += 1
        self.page.get_by_role(role, name=name, exact=True).click()  # type: ignore[arg-type]

    def key(self, key: str) -> None:
        self.keys += 1
        self.page.keyboard.press(key)


@pytest.fixture
def served(browser: Browser, app: Flask, clock: FakeClock) -> Iterator[str]:
    """The address of the application in November 2024."""
    with serving_app(app, clock) as url:
        yield url


@pytest.fixture
def month(app: Flask, client: FlaskClient, served: str) -> Month:
    month = Month(app, client)
    month.search()
    return month


def enter(page: Page, path: str) -> None:
    page.goto(path)
    fill_fields(page, name=NAME, password=PASSWORD)
    press(page, "Đăng nhập")
    page.wait_for_url(f"**{path.partition('?')[0]}*")


@pytest.mark.long
def test_an_organiser_clears_a_hundred_signals(
    new_page: Callable[..., Page], month: Month, capsys: pytest.CaptureFixture[str]
) -> None:
    page = new_page(DESKTOP)
    home = f"/campaigns/{month.campaign}/signals"
    enter(page, f"{home}{ADDRESS}")
    expect(page.locator(".case")).to_have_count(SIGNALS_SHOWN)
    story = Counter(page)
    # The crew said beforehand that its receivers report as mock ones: one filter, one reason.
    page.locator("#team").select_option(str(month.crew))
    story.clicks += 1
    story.click("Lọc")
    for shown in (SIGNALS_SHOWN, OF_CREW - SIGNALS_SHOWN):
        expect(page.locator(".case")).to_have_count(shown)
        story.click(f"Chọn cả {shown} dấu hiệu")
        check_bar(page)
        page.locator("#note").fill("Tổ khảo sát dùng bộ thu rời, làm ban đêm")
        story.click("Hợp lý, giữ lại")
        expect(page.locator(".notice.good")).to_contain_text(f"{shown} dấu hiệu")
    page.goto(f"{home}{ADDRESS}")
    story.clicks += 1
    expect(page.locator(".case")).to_have_count(CHEATS)
    # Each of the others with its evidence, by keys alone.
    page.locator(".case a").first.focus()
    seen = []
    for n in range(CHEATS):
        heading = page.locator("#evidence h2")
        number = page.locator(".case a[aria-current]").get_attribute("data-signal")
        expect(heading).to_have_text(re.compile(rf"số {number}$"))
        expect(page.locator("#evidence figure.map")).to_be_visible()
        seen.append(heading.inner_text())
        story.key("x")
        if n < CHEATS - 1:
            story.key("j")
            left = page.locator(f'[data-signal="{number}"]')
            expect(left).not_to_have_attribute("aria-current", "true")
    assert len(set(seen)) == CHEATS, seen
    story.click("Không tính")
    page.locator("#note").fill("Vị trí giả lập, đội không giải thích được")
    story.clicks += 1
    page.get_by_role("button", name=re.compile(r"^Không tính \d+ mẫu$")).click()
    expect(page.locator(".notice.good")).to_contain_text(f"Đã loại mẫu của {CHEATS} dấu hiệu")
    assert month.excluded() == month.cheating
    # One of them was a mistake.
    story.click("Đã loại (20)", "link")
    page.locator(".case .tick").first.check()
    page.locator("#note").fill("Nhầm: máy của trường")
    story.clicks += 1
    story.click("Mở lại")
    story.click("Tính lại các mẫu này")
    expect(page.locator(".notice.good")).to_contain_text("Đã mở lại 1 dấu hiệu")
    left = month.excluded()
    assert len(left) == CHEATS - 1 and left < month.cheating
    taken = time.monotonic() - story.began
    with capsys.disabled():
        print(f"\n100 signals, 20 cheats: {story.clicks} clicks, {story.keys} keys, {taken:.0f} s")
    check_queue(page, f"{home}{ADDRESS}&state=all")


def check_bar(page: Page) -> None:
    """The bar of a decision takes one line of a phone."""
    page.set_viewport_size(PHONE)
    box = page.locator(".decision").bounding_box()
    assert box is not None and box["height"] <= 72
    page.set_viewport_size(DESKTOP)


@pytest.mark.long
def test_an_official_excludes_samples_after_seeing_the_effect(
    app: Flask, client: FlaskClient, served: str, new_page: Callable[..., Page]
) -> None:
    cast = Cast(app, client)
    cast.search()
    account(app, NAME, "official", cast.province)
    page = new_page(DESKTOP)
    page.add_init_script(COUNT_CLICKS)
    enter(page, f"/desk/area/19/signals{ADDRESS}")
    before = clicks(page)
    page.locator(".case .tick").check()
    press(page, "Không tính")
    page.locator("#note").fill("Vị trí giả lập")
    expect(page.get_by_role("row", name="Xã, phường đạt mục tiêu")).to_be_visible()
    press(page, f"Không tính {MIN_MOCK} mẫu")
    expect(page.locator(".notice.good")).to_contain_text("Đã loại mẫu của 1 dấu hiệu")
    assert clicks(page) - before <= 3  # the tick, the effect, the decision


def bottom_of(page: Page, part: str) -> float:
    box = page.locator(part).first.bounding_box()
    assert box is not None
    return box["y"] + box["height"]


def check_queue(page: Page, address: str) -> None:
    """The first figure and the next act stand within 900 px; no box scrolls; each row differs."""
    page.goto(address)
    expect(page.locator(".case")).to_have_count(SIGNALS_SHOWN)
    heights = {}
    for screen in ({"width": 360, "height": 900}, PHONE | {"height": 900}, DESKTOP):
        page.set_viewport_size(screen)
        page.locator(".case .tick").first.uncheck()
        for part in (
            ".queue-head :is(summary, .tabs [aria-current]):visible",
            ".case .tick",
            ".case a",
        ):
            assert bottom_of(page, part) <= 900, (screen, part)
        page.locator(".case .tick").first.check()
        assert bottom_of(page, ".decision .button") <= 900, screen
        bar = page.locator(".decision").bounding_box()
        heights[screen["width"]] = (
            page.evaluate("document.body.scrollHeight"),
            bar and bar["height"],
        )
        boxes = page.evaluate(
            """[...document.querySelectorAll("main *")]
            .filter((one) => /auto|scroll/.test(getComputedStyle(one).overflowY))
            .filter((one) => one.scrollHeight > one.clientHeight).map((one) => one.className)"""
        )
        assert not boxes, (screen, boxes)
    assert heights[PHONE["width"]][1] <= 120, heights  # of the bar with three buttons
    assert max(height for height, _ in heights.values()) < 6_500, heights
    lines = page.locator(".case a").all_inner_texts()
    assert len(set(lines)) == len(lines), "two rows say the same"
    check_page(page, "board-signals-queue")
