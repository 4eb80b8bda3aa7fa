"""Actions of a volunteer on the measuring page, also on a bad network."""

from playwright.sync_api import Page, Request, expect

from tests.support.browser import expect_text, press, wait_for

HERE = {"latitude": 21.5942, "longitude": 105.8482, "accuracy": 12}  # in Thái Nguyên
MEASURED_MS = 60_000  # a whole test on a busy machine


def limit_bandwidth(page: Page, mbps: float) -> None:
    """Limit the bandwidth of a page to that of a real line."""
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


def go_on(page: Page) -> None:
    """Leave the first screen, which shows the team and the costs."""
    expect(page.locator("#welcome, #consent").locator("visible=true")).to_be_visible()
    if page.locator("#welcome").is_visible():
        press(page, "Tiếp tục")
        # The answer about a code moves the button: a click in that moment meets nothing.
        if page.locator("#welcome:visible #go-on:not([aria-busy])").count():
            press(page, "Tiếp tục")


def agree(page: Page) -> None:
    go_on(page)
    page.locator("#agree").check()
    press(page, "Bắt đầu")


def least_data(page: Page) -> None:
    """Choose the smallest test."""
    page.locator("#caps").select_option("2")


def open_fold(page: Page, name: str) -> None:
    """Open a fold below the day by its id: team, samples, privacy, next."""
    page.locator(f"#{name} > summary").click()


def measure(page: Page, *, anyway: bool = False) -> None:
    """Measure; `anyway`: by a second press, where the page says that a test does not count."""
    press(page, "Đo")
    if anyway:
        press(page, "Vẫn đo")
    expect(page.locator("#verdict")).to_be_visible(timeout=MEASURED_MS)


def measure_again(page: Page) -> None:
    """Press Measure, and once more if the page says that a test does not count here."""
    press(page, "Đo")
    began = "(button) => button.matches('.running') || button.innerText === button.dataset.anyway"
    wait_for(page, f"({began})(document.querySelector('#measure'))", MEASURED_MS)
    if page.locator("#measure").inner_text() == "Vẫn đo":
        press(page, "Vẫn đo")


def _posts_samples(request: Request) -> bool:
    return "/api/v1/measurements?next_test=" in request.url


def measure_and_lose_the_network(page: Page) -> Page:
    """Measure, lose the network before sending, close the page and open it again offline."""
    page.evaluate("navigator.serviceWorker.ready")
    # Without background sync: routes do not stop the service worker.
    page.evaluate("delete ServiceWorkerRegistration.prototype.sync")
    page.route("**/api/v1/measurements?*", lambda route: route.abort())
    # A request that waits for its route when the page is closed would be sent.
    with page.expect_event("requestfailed", _posts_samples, timeout=MEASURED_MS):
        measure(page)
    expect_text(page, "Đang chờ mạng để gửi")
    page.context.set_offline(True)
    page.close()
    again = page.context.new_page()
    again.goto("/do/")
    expect_text(again, "1 mẫu chờ gửi")
    return again
