"""Pages of the board, the desk, admins and of /do on small screens and with large letters.

The first figure and the next act stand in the first 900 px, nothing is wider than the screen with
letters of twice the size, and no part of a page scrolls in itself.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from backend.database.extensions import db
from backend.measurements.recording.models import DemoMonth
from tests.support import people
from tests.support.access.requests import send_request
from tests.support.access.table import TABLE, expected
from tests.support.access.world import World
from tests.support.browser import ENLARGE, PHONE, press
from tests.support.clock import FakeClock
from tests.support.contributions import add_measurement, volunteers
from tests.support.live_server import serving_app
from tests.support.measuring_page import HERE, agree, go_on, measure

pytestmark = pytest.mark.long

FIRST_PX = 900
SCREENS = [(360, 1), (360, 2), (390, 1), (1440, 1)]  # width, and the size of letters
# The map of the findings is its figure; it is there if another test left a check with its map.
WITHOUT_FIGURE = frozenset({"GET /admin/checks/<int:job_id>"})
FAULTS = """([first, letters]) => {
  const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest(".unseen, .skip");
  const main = document.querySelector("main");
  const width = document.documentElement.clientWidth;
  const describe = (one) => one.outerHTML.replaceAll("\\n", " ").slice(0, 110);
  const faults = [];
  if (document.documentElement.scrollWidth > width) {
    const wide = [...main.querySelectorAll("*")].filter((one) => shown(one) && one.getBoundingClientRect().right > width + 1);
    faults.push(`${document.documentElement.scrollWidth} px wide: ${wide.slice(0, 3).map(describe).join(" | ")}`);
  }
  for (const one of document.querySelectorAll("body *")) {
    const { overflowX, overflowY } = getComputedStyle(one);
    const across = /auto|scroll/.test(overflowX) && one.scrollWidth > one.clientWidth + 1;
    const down = /auto|scroll/.test(overflowY) && one.scrollHeight > one.clientHeight + 1;
    if ((across || down) && shown(one) && !one.matches("textarea, select")) faults.push(`scrolls: ${describe(one)}`);
  }
  const top = (selector, beside = "nothing") => {
    const found = [...main.querySelectorAll(selector)].filter((one) => shown(one) && !one.matches(beside));
    return found.length ? Math.min(...found.map((one) => one.getBoundingClientRect().bottom + scrollY)) : null;
  };
  if (letters === 1) {
    const act = top(".button, button, input:not([type=hidden]), select, textarea, .files a, tbody a, .panel :is(summary, a), .nothing");
    const figure = top(".figure, .big strong, .headline h1 strong, td.n, .costs dd, .speeds, .ring text, .glance strong", ".sheet *");
    if (act === null || act > first) faults.push(`the first act is at ${act}`);
    const [name, tools] = [".brand", ".tools"].map((one) => document.querySelector(one)?.getBoundingClientRect());
    if (name && tools?.top >= name.bottom) faults.push("the head has a row for its tools");
    if (figure !== null && figure > first) faults.push(`the first figure is at ${figure}`);
  }
  return faults;
}"""  # noqa: E501


@pytest.fixture
def served(browser: Browser, app: Flask, clock: FakeClock) -> Iterator[str]:
    """The application in the month of the campaign."""
    with serving_app(app, clock) as url:
        yield url


def faults_of(page: Page, name: str) -> list[str]:
    """Return what is wrong with a page on each screen."""
    found = []
    for width, letters in SCREENS:
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate(ENLARGE, letters)
        for fault in page.evaluate(FAULTS, [FIRST_PX, letters]):
            found.append(f"{name}, {width} px, letters x {letters}: {fault}")
    page.evaluate(ENLARGE, 1)
    return found


def filled(app: Flask, clock: FakeClock, actor: str) -> World:
    """Return a campaign with some teams that measured, for an actor."""
    world = World(app, app.test_client(use_cookies=False), actor)
    here = people.unit_id(app, "05443")
    teams = [people.team(app, world.organisation, f"Tổ công nghệ số cộng đồng thôn {n} xã Vô Tranh")
             for n in range(1, 7)]  # fmt: skip
    members = volunteers(app, "Nguyễn Thị Thanh Hương", None, "Bình")
    with app.app_context():
        for n, team in enumerate([world.team, world.other_team, *teams]):
            for sample in range(n + 3):
                at = clock.now - timedelta(days=sample, hours=2)
                member = members[sample % len(members)]
                add_measurement(world.campaign, team, at, here, volunteer=member)
        db.session.commit()
    return world


@pytest.mark.parametrize(
    ("actor", "below", "least"),
    [
        ("organiser", "/campaigns", 7),
        ("team leader", "/campaigns", 7),
        ("official", "/desk", 18),
        ("admin", "/admin", 13),
        ("admin", "/desk", 18),
    ],
)
def test_pages_keep_to_their_limits(
    app: Flask,
    served: str,
    clock: FakeClock,
    new_page: Callable[..., Page],
    actor: str,
    below: str,
    least: int,
) -> None:
    world, faults, seen = filled(app, clock, actor), [], 0
    name, secret = world.page_headers()["Cookie"].split("=")
    page = new_page(PHONE)
    page.context.add_cookies([{"name": name, "value": secret, "url": served}])
    for row in (one for one in TABLE if one.startswith(f"GET {below}")):
        if expected(row)[actor] != 200 or row.endswith(".pdf"):
            continue
        answer = send_request(world, row)
        if b"<!doctype html>" not in answer.data[:500].lower() or answer.status_code != 200:
            continue
        page.goto(answer.request.full_path.rstrip("?"))
        found = faults_of(page, row)
        faults += [one for one in found if not (row in WITHOUT_FIGURE and "first figure" in one)]
        seen += 1
    assert seen >= least
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "path",
    ["/", "/unit/19", "/unit/05443", "/network-speed", "/wall", "/unit/19/wall", "/search?q=thanh"],
)
def test_public_pages_keep_to_their_limits(
    app: Flask, served: str, clock: FakeClock, new_page: Callable[..., Page], path: str
) -> None:
    filled(app, clock, "organiser")
    with app.app_context():
        db.session.add(DemoMonth(month="2024-11"))
        db.session.commit()
    page = new_page(PHONE)
    page.goto(path)
    faults = [one for one in faults_of(page, path) if "first act" not in one]
    assert not faults, "\n".join(faults)


def test_the_measuring_page_keeps_to_its_limits(served: str, new_page: Callable[..., Page]) -> None:
    page = new_page(PHONE, geolocation=HERE, permissions=["geolocation"])
    page.goto("/do/")
    page.locator("#welcome").wait_for()
    faults = faults_of(page, "first screen")
    go_on(page)
    page.locator("#agree").wait_for()
    faults += faults_of(page, "consent")
    agree(page)
    page.get_by_role("button", name="Viettel").wait_for()
    faults += faults_of(page, "operator")
    press(page, "Viettel")
    page.locator("#measure").wait_for()
    faults += faults_of(page, "before a test")
    measure(page)
    page.locator("#ring").wait_for()
    faults += faults_of(page, "result")
    assert not faults, "\n".join(faults)
