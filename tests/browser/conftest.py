"""A browser for the tests of pages: one for all of them, its pages new for each."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.browser import OPTIONS, PHONE, TIMEOUT_MS, Guard, axe_loader, required_program
from tests.support.live_server import serving_app

expect.set_options(timeout=TIMEOUT_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark browser tests; a browser that leaves while it reads a file leaves the file open."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            left = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
            item.add_marker(left)
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's Chromium; without one these tests are skipped, and fail where CI=true."""
    found = required_program()
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=found, args=list(OPTIONS))


@pytest.fixture
def served(browser: Browser, app: Flask) -> Iterator[str]:
    """The address of the application, behind a real socket."""
    with serving_app(app) as url:
        yield url


@pytest.fixture
def guard(served: str) -> Iterator[Guard]:
    """Fail a test with browser errors or requests to other hosts."""
    watching = Guard(served)
    yield watching
    assert watching.complaints == []


@pytest.fixture
def new_page(browser: Browser, served: str, guard: Guard) -> Iterator[Callable[..., Page]]:
    """Open a page of a new visitor: `new_page(DESKTOP, "en", "dark")`, addresses from `/` on."""
    contexts = []

    def open_page(screen: dict[str, int] = PHONE, language: str = "vi", theme: str = "light",
                  **more: Any) -> Page:  # fmt: skip
        context = browser.new_context(
            base_url=served, viewport=screen, locale=language, color_scheme=theme, **more
        )
        context.set_default_timeout(TIMEOUT_MS)
        guard.watch(context)
        context.add_init_script(axe_loader())
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page on a phone, in Vietnamese."""
    return new_page()
