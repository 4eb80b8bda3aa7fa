"""The measuring page keeps the rules of docs/app.md while answers get lost."""

import time

import pytest
from playwright.sync_api import Browser, Page, TimeoutError, expect

from tests.support.browser import PHONE, TIMEOUT_MS, expect_text, press
from tests.support.measuring_page import HERE, MEASURED_MS, agree
from tests.tools.conformance.faults import KINDS, LARGE, Faults
from tests.tools.conformance.log import Log
from tests.tools.conformance.proxy import Proxy
from tests.tools.conformance.rules import KEPT, RULES, judge, lines

MEASUREMENTS_MOST = 40
POSTS = "**/api/v1/measurements*"
QUIET_S = 5.0
READ_MS = 500  # to store what an answer says


def measure(page: Page, *, lost: bool = False) -> None:
    """Open the page again and measure; the sample waits on the phone while posts fail.

    `lost`: no post reaches the proxy, neither of the page nor of its service worker.
    """
    # The page is not closed while it reads an answer: it would be right to send that sample again.
    page.route(POSTS, lambda route: route.abort())
    page.wait_for_timeout(READ_MS)
    page.goto("about:blank")
    if not lost:
        page.unroute(POSTS)
    page.goto("/do/")
    if lost:
        page.evaluate("delete ServiceWorkerRegistration.prototype.sync")
    press(page, "Đo")
    expect(page.locator("#verdict, #welcome").locator("visible=true")).to_be_visible(
        timeout=MEASURED_MS
    )


@pytest.mark.long
def test_the_measuring_page_keeps_the_rules(served: str, browser: Browser) -> None:
    # The second post has several samples, which were measured while no post got through.
    log, faults = Log(), Faults(times=1, kinds=(LARGE, *(kind for kind in KINDS if kind != LARGE)))
    with Proxy(served, log, faults) as proxy:
        context = browser.new_context(
            base_url=proxy.url, viewport=PHONE, locale="vi-VN", geolocation=HERE,
            permissions=["geolocation"],
        )  # fmt: skip
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        page.goto("/do/")
        agree(page)  # the answer to the registration is lost
        expect_text(page, "Lần đầu cần có mạng để bắt đầu. Hãy thử lại.")
        press(page, "Bắt đầu")
        press(page, "Viettel")
        page.locator("#small").check()
        measure(page)
        for _ in range(2):
            measure(page, lost=True)
        for _ in range(MEASUREMENTS_MOST):
            if faults.over:
                break
            try:
                measure(page)
            except (AssertionError, TimeoutError):  # it was revoked meanwhile
                if not faults.over:
                    raise
        expect(page.locator("#welcome, #consent").locator("visible=true")).to_be_visible()
        time.sleep(QUIET_S)
        context.close()
    verdicts = judge(log.all())
    table = "\n".join(lines(verdicts))
    assert {one.rule: one.state for one in verdicts} == dict.fromkeys(
        (verdicts[0].rule, *RULES), KEPT
    ), table
