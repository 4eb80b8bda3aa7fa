"""A server that is silent while the phone has a network: the page blames neither."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE, check_page, expect_text, press
from tests.support.measuring_page import HERE, agree

# Routes do not stop requests through a service worker.
NO_WORKER = 'Object.defineProperty(Navigator.prototype, "serviceWorker", { value: undefined })'
SILENT = ("**/api/v1/tests", "**/do/tests", "**/do/down?*")


@pytest.mark.parametrize("network", ["Viettel", "Wi-Fi hoặc mạng cố định"])
def test_a_silent_server_is_no_dead_zone(new_page: Callable[..., Page], network: str) -> None:
    page = new_page(PHONE, geolocation=HERE, permissions=["geolocation"])
    page.add_init_script(NO_WORKER)
    page.goto("/do/")
    agree(page)
    press(page, network)
    expect(page.locator("#measure")).to_be_visible()
    for address in SILENT:
        page.route(address, lambda route: route.abort())
    press(page, "Đo")
    if network == "Viettel":
        title = page.locator("#no-connection-title")
        expect(title).to_have_text("Không gọi được máy chủ đo; mạng của bạn có thể vẫn tốt")
        expect(page.locator("#no-connection-offer")).to_contain_text(
            "chưa rõ do mạng hay do máy chủ"
        )
        check_page(page, "do-silent-server")
        expect(page.locator("#measure")).to_have_text("Dừng")  # also once a late answer is there
        press(page, "Không ghi nhận")
        expect(page.locator("#measure")).to_have_text("Đo")
        expect(title).to_be_hidden()
    else:
        expect_text(page, "Máy chủ đo không trả lời. Mạng của bạn có thể vẫn tốt")
