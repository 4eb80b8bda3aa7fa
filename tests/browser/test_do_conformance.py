"""The measuring page keeps the rules of docs/app.md while answers get lost."""

import time

import pytest
from playwright.sync_api import Browser, Page, TimeoutError, expect

from tests.support.browser import PHONE, TIMEOUT_MS, expect_text, press
from tests.support.measuring_page import HERE, MEASURED_MS, agree
from tests.tools.conformance.faults import Faults
from tests.tools.conformance.log import Log
from tests.tools.conformance.proxy import Proxy
from tests.tools.conformance.rules import KEPT, RULES, judge, lines

MEASUREMENTS_MOST = 40
QUIET_S = 5.0


def measure(page: Page) -> None:
    """Open the page again and measure; samples wait on the phone while posts fail."""
    page.goto("/do/")
    press(page, "Đo")
    expect(page.locator("#verdict, #welcome").locator("visible=true")).to_be_visible(
        timeout=MEASURED_MS
    )


@pytest.mark.long
def test_the_measuring_page_keeps_the_rules(served: str, browser: Browser) -> None:
    log, faults = Log(), Faults(times=1)
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
