"""What a volunteer taps on the measuring page, and what a bad network does to them."""

from playwright.sync_api import Page, expect

from tests.support.browser import press, reads

HERE = {"latitude": 21.5942, "longitude": 105.8482, "accuracy": 12}  # in Thái Nguyên
MEASURED_MS = 60_000  # a whole test, on a machine that others use as well


def on_a_line(page: Page, mbps: float) -> None:
    """Put the phone on a line of so many Mbps: inside one machine none is as slow as a real one."""
    bytes_per_second = mbps * 1_000_000 / 8
    page.context.new_cdp_session(page).send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 0,
            "downloadThroughput": bytes_per_second,
            "uploadThroughput": bytes_per_second,
        },
    )


def agree(page: Page) -> None:
    page.locator("#agree").check()
    press(page, "Bắt đầu")


def measure(page: Page) -> None:
    press(page, "Đo")
    expect(page.locator("#fate")).to_be_visible(timeout=MEASURED_MS)


def measure_and_lose_the_network(page: Page) -> Page:
    """Measure, be cut off before it is sent, close the page; the page opened again, offline."""
    page.evaluate("navigator.serviceWorker.ready")
    page.route("**/api/v1/measurements", lambda route: route.abort())
    measure(page)
    reads(page, "Đang chờ mạng để gửi")
    page.context.set_offline(True)
    page.close()
    again = page.context.new_page()
    again.goto("/do/")
    reads(again, "1 mẫu chờ gửi")
    return again
