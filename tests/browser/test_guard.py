"""The checks of the browser tests detect the problems that they look for."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.support.browser import DESKTOP, Guard, axe, check_page, required_program


def test_guard_reports_policy_violations(page: Page, guard: Guard) -> None:
    page.goto("/sign-in")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), "
                  "{textContent: 'document.title = 1'}))")  # fmt: skip
    page.wait_for_timeout(50)
    assert "Content Security Policy" in guard.complaints.pop()


def test_guard_reports_script_errors(page: Page, guard: Guard) -> None:
    page.goto("/sign-in")
    page.evaluate("setTimeout(() => nobody.there(), 0)")
    page.wait_for_timeout(50)
    assert "nobody is not defined" in guard.complaints.pop()


def test_guard_reports_requests_to_other_hosts(page: Page, guard: Guard) -> None:
    page.set_content("<img src='https://example.org/x.png' alt=''>")
    page.wait_for_timeout(50)
    assert "left the host: https://example.org/x.png" in guard.complaints
    guard.complaints.clear()


def test_guard_reports_missing_files(page: Page, guard: Guard, served: str) -> None:
    page.goto("/sign-in")
    page.evaluate("document.body.append(Object.assign(new Image(), {src: '/static/none.png'}))")
    page.wait_for_timeout(200)
    assert guard.complaints.pop() == f"404 for {served}/static/none.png"


def test_accessibility_problems_are_found(page: Page) -> None:
    page.set_content("<html lang=vi><title>x</title><main><h1>x</h1><input></main>")
    with pytest.raises(AssertionError, match="Form elements must have labels"):
        axe(page)


def test_horizontal_overflow_is_found(page: Page) -> None:
    page.set_content("<html lang=vi><title>x</title><main><h1>x</h1>"
                     "<p style='width: 500px'>x</p></main>")  # fmt: skip
    with pytest.raises(AssertionError, match="508 px wide on a screen of 360"):
        check_page(page, "wide")


def test_small_touch_targets_are_found(page: Page) -> None:
    page.set_content("<html lang=vi><title>x</title><main><h1>x</h1><button>x</button></main>")
    with pytest.raises(AssertionError, match=r"targets below 44 px: .*<button>x</button>"):
        check_page(page, "small")


def test_a_visitor_has_a_screen_a_language_and_a_theme(new_page) -> None:
    page = new_page(DESKTOP, "en", "dark")
    page.goto("/sign-in")
    assert page.evaluate("innerWidth") == 1440
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail), ("", pytest.skip)],
                         ids=["in CI", "elsewhere"])  # fmt: skip
def test_without_a_browser(monkeypatch: pytest.MonkeyPatch, ci: str, outcome: Any) -> None:
    """The browser's fixture begins with this call: tests are skipped, and fail where CI=true."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome.Exception, match="sudo apt install chromium"):
        required_program()
