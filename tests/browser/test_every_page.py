"""Every page of the access matrix in a real browser."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from tests.support.access.requests import send_request
from tests.support.access.table import POSTER, TABLE, endpoint, expected
from tests.support.access.world import World
from tests.support.browser import DESKTOP, PHONE, Guard, axe
from tests.support.clock import FakeClock
from tests.support.factories import post, register, sample
from tests.support.live_server import serving_app
from tests.tools.screenshots.pages import OF_PEOPLE, PAGES, example

# The matrix is written by hand, and a test of its own holds it against the URL map.
ROWS = [row for row in TABLE if row.startswith("GET ") and not row.startswith("GET /api/")]
ROWS.append(f"GET {POSTER}")
OTHER = {"light": "dark", "dark": "light"}
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


def pages(world: World) -> dict[str, str]:
    """The address of every whole page, by its row."""
    found = {}
    for row in ROWS:
        answer = send_request(world, row)
        assert answer.status_code == expected(row)["admin"], row
        if answer.status_code == 200 and b"<!doctype html>" in answer.data[:500].lower():
            found[row] = answer.request.full_path.rstrip("?")
    return found


@pytest.mark.parametrize(("language", "theme"), [("vi", "light"), ("en", "dark")])
def test_every_page_is_accessible(
    world: World, served: str, new_page: Callable[..., Page], guard: Guard, language: str,
    theme: str,
) -> None:  # fmt: skip
    """Check accessibility in both themes, the content security policy and the console."""
    found, faults = pages(world), []
    person, anybody = new_page(DESKTOP, language, theme), new_page(PHONE, language, theme)
    name, secret = world.page_headers()["Cookie"].split("=")
    person.context.add_cookies([{"name": name, "value": secret, "url": served}])
    for row, address in found.items():
        # A phone without a session sees what is everybody's, else an admin's screen does.
        page = anybody if expected(row)["nobody"] == 200 else person
        faults += [f"{row}: {fault}" for fault in looked_at(page, address, theme, guard)]
    assert not faults, "\n\n".join(faults)


def test_every_page_has_a_screenshot(app: Flask, world: World) -> None:
    """`scripts/pictures` includes every page."""
    places = [*PAGES.values(), *(one for own in OF_PEOPLE.values() for one in own.values())]
    known = app.url_map.bind("")
    pictured = {known.match(example(place), return_rule=True)[0].rule for place in places}
    assert {endpoint(row)[1] for row in pages(world) if not row.endswith(POSTER)} <= pictured


def looked_at(page: Page, address: str, theme: str, guard: Guard) -> list[str]:
    """What is wrong with a page: all of it as it opens, its colours in the other theme as well."""
    page.emulate_media(color_scheme=theme)
    answer = page.goto(address)
    faults = [] if answer and answer.ok else [f"answers {answer and answer.status}"]
    theirs = ("landmark-no-duplicate-main",) if page.locator(SWAGGER).count() else ()
    for colours, shown in ((False, theme), (True, OTHER[theme])):
        page.emulate_media(color_scheme=shown)
        try:
            axe(page, theirs, beside=SWAGGER, colours=colours)
        except AssertionError as fault:
            faults.append(f"{shown}: {fault}")
    faults += guard.complaints
    guard.complaints.clear()
    return faults
