"""Every page of the access matrix in a real browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from tests.support.access.requests import send_request
from tests.support.access.table import TABLE, endpoint, expected
from tests.support.access.world import World
from tests.support.browser import DESKTOP, ENLARGE, PHONE, Guard, axe
from tests.support.clock import FakeClock
from tests.support.factories import post, register, sample
from tests.support.live_server import serving_app
from tests.tools.screenshots.pages import OF_PEOPLE, PAGES, example

pytestmark = pytest.mark.long

# The matrix is written by hand, and a test of its own holds it against the URL map.
ROWS = [row for row in TABLE if row.startswith("GET ") and not row.startswith("GET /api/")]
BACKEND = Path(__file__).parents[2] / "backend"
STATIC, TEMPLATES = BACKEND / "static", BACKEND / "templates"
SWAGGER = "#api"  # drawn by another's program, in its own colours


@pytest.fixture
def served(browser: Browser, app: Flask, clock: FakeClock) -> Iterator[str]:
    """The application in the month of the samples that tests make."""
    with serving_app(app, clock) as url:
        yield url


@pytest.fixture
def world(app: Flask) -> World:
    """An admin, with one sample measured for a team."""
    world = World(app, app.test_client(use_cookies=False), "admin")
    phone = register(world.client)
    world.joined(phone)
    assert post(world.client, phone, sample("2024-11-20T19:00:00+07:00")).status_code < 300
    return world


def pages(world: World, rows: list[str]) -> dict[str, str]:
    """The address of every whole page, by its row."""
    found = {}
    for row in rows:
        answer = send_request(world, row)
        assert answer.status_code == expected(row)["admin"], row
        if answer.status_code == 200 and b"<!doctype html>" in answer.data[:500].lower():
            found[row] = answer.request.full_path.rstrip("?")
    return found


def pictured(app: Flask) -> set[str]:
    """The rules of pages that `scripts/pictures` includes."""
    places = [*PAGES.values(), *(one for own in OF_PEOPLE.values() for one in own.values())]
    known = app.url_map.bind("")
    return {known.match(example(place), return_rule=True)[0].rule for place in places}


@pytest.mark.parametrize("rows", [ROWS[0::2], ROWS[1::2]], ids=["odd rows", "even rows"])
def test_every_page_is_accessible(
    app: Flask, world: World, served: str, new_page: Callable[..., Page], guard: Guard,
    rows: list[str],
) -> None:  # fmt: skip
    """Check accessibility, large letters, the security policy, the console, `scripts/pictures`.

    Every rule runs in each language; the colours are those of the light theme in Vietnamese and of
    the dark one in English, because no style depends on the language.
    """
    found, faults = pages(world, rows), []
    assert {endpoint(row)[1] for row in found} <= pictured(app)
    name, secret = world.page_headers()["Cookie"].split("=")
    for language, theme in (("vi", "light"), ("en", "dark")):
        person, anybody = new_page(DESKTOP, language, theme), new_page(PHONE, language, theme)
        person.context.add_cookies([{"name": name, "value": secret, "url": served}])
        for row, address in found.items():
            # A phone without a session sees what is everybody's, else an admin's screen does.
            page = anybody if expected(row)["nobody"] == 200 else person
            faults += [f"{row} in {language}: {fault}" for fault in looked_at(page, address, guard)]
        person.context.close()
        anybody.context.close()
    assert not faults, "\n\n".join(faults)


def test_no_style_depends_on_the_language() -> None:
    """Colours are checked in one language for each theme."""
    for file in [*STATIC.rglob("*.css"), *TEMPLATES.rglob("*.css"), *TEMPLATES.rglob("*.html")]:
        if "vendor" not in file.parts:
            text = file.read_text(encoding="utf-8")
            assert ":lang(" not in text and "[lang" not in text, file


def looked_at(page: Page, address: str, guard: Guard) -> list[str]:
    """What is wrong with a page as it opens."""
    answer = page.goto(address)
    faults = [] if answer and answer.ok else [f"answers {answer and answer.status}"]
    theirs = ("landmark-no-duplicate-main",) if page.locator(SWAGGER).count() else ()
    try:
        axe(page, theirs, beside=SWAGGER)
    except AssertionError as fault:
        faults.append(str(fault))
    faults += wide_letters(page)
    faults += guard.complaints
    guard.complaints.clear()
    return faults


def wide_letters(page: Page) -> list[str]:
    """How wide a page is on a phone with letters of twice the size, where that is too wide."""
    before = page.viewport_size or PHONE
    page.set_viewport_size(PHONE)
    page.evaluate(ENLARGE, 2)
    width = int(page.evaluate("document.documentElement.scrollWidth"))
    page.evaluate(ENLARGE, 1)
    page.set_viewport_size(before)
    return [f"{width} px wide with letters of twice the size"] if width > PHONE["width"] else []
