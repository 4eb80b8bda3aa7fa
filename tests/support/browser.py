"""Check pages in Chromium: layout, accessibility, requests; take pictures."""

import os
import shutil
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    WebError,
    expect,
)

# Names of the program on Linux distributions. The headless shell is the same engine without
# windows and takes a third less CPU time.
PROGRAMS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
OPTIONS = (
    "--no-sandbox",  # containers run as root
    "--use-angle=swiftshader",  # WebGL without a graphics card, for the map
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-gpu-compositing",  # pages without it take twice the CPU time, drawn by swiftshader
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no request leaves this machine
)
# Console warning about the map of a browser that composites pages without a graphics card.
DRIVER_MESSAGE = "GPU stall due to ReadPixels"
TIMEOUT_MS = 20_000  # for two cores under load

# No request is open for this time: a page is quiet. Playwright's state "networkidle" is at times
# not reached by a slowed browser although Chromium reports it.
QUIET_S = 0.5

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
NARROWEST_PX = 360  # the cheapest phones on sale
# Folder for pictures: `PICTURES=folder pytest tests/browser`.
PICTURES = os.environ.get("PICTURES")

AXE = Path(__file__).parents[1] / "browser" / "vendor" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Buttons, fields and separate links below 44 px.
TOO_SMALL = """[...document.querySelectorAll("button, .button, select, summary, nav a, th a")]
  .filter((one) => !one.closest(".unseen") && one.checkVisibility({ visibilityProperty: true }))
  .filter((one) => one.getBoundingClientRect().height < 43.5)
  .map((one) => one.outerHTML.slice(0, 120))"""
# Words of a table's head that break inside, as "Tải / xuốn / g" on a narrow screen; the head of a
# table that is shown as lists is one pixel wide.
BROKEN_WORDS = """[...document.querySelectorAll("thead th")]
  .filter((one) => one.closest("thead").clientWidth > 1 && one.checkVisibility()).flatMap((one) => {
    const texts = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
    const found = [];
    while (texts.nextNode()) {
      for (const word of texts.currentNode.data.matchAll(/[^\\s/]+/g)) {
        const range = document.createRange();
        range.setStart(texts.currentNode, word.index);
        range.setEnd(texts.currentNode, word.index + word[0].length);
        if (new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1) {
          found.push(word[0]);
        }
      }
    }
    return found;
  })"""
ENLARGE = """(times) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`html { font-size: ${100 * times}% }`);
  document.adoptedStyleSheets = times > 1 ? [sheet] : [];
}"""
# A script of every page of a context; the policy of pages allows no inline one.
COUNT_CLICKS = """addEventListener("click", (event) => {
  if (event.isTrusted) sessionStorage.clicks = 1 + Number(sessionStorage.clicks ?? 0);
}, true)"""
RUN_AXE = (
    "async ([where, options]) => { loadAxe(); return (await axe.run(where, options)).violations }"
)
ALL_RULES = {"type": "tag", "values": TAGS}
# Rules that depend on the theme.
COLOUR_RULES = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}


# A cheap phone: its processor and its line.
SLOWED = 4
LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 0.75e6 / 8,
}


def slow_down(page: Page) -> None:
    """Give a page the processor and the line of a cheap phone."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", LINE)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})


def program() -> str | None:
    """Return the path of the machine's Chromium, if it has one."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def required_program() -> str:
    """Return the path of the machine's Chromium; without one skip the test, or fail if CI=true."""
    found = program()
    if found is None:
        missing = "Chromium is not installed; on Debian or Ubuntu: sudo apt install chromium"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    return found


class Guard:
    """Complaints and requests of the browser during a test."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.complaints: list[str] = []
        self.requests: list[Request] = []

    def watch(self, context: BrowserContext) -> None:
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("request", self._on_request)
        context.on("response", self._on_response)

    def _on_console(self, message: ConsoleMessage) -> None:
        """Record errors and warnings, such as a violated policy; statuses of answers are not."""
        text = message.text
        ignored = text.startswith("Failed to load resource") or DRIVER_MESSAGE in text
        if message.type in ("error", "warning") and not ignored:
            self.complaints.append(text)

    def _on_error(self, fault: WebError) -> None:
        self.complaints.append(f"a script failed: {fault.error}")

    def _on_request(self, request: Request) -> None:
        self.requests.append(request)
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.complaints.append(f"left the host: {request.url}")

    def _on_response(self, response: Response) -> None:
        """Record missing parts of a page; answers of the API may be errors."""
        is_part = response.request.resource_type not in ("fetch", "xhr", "document")
        if is_part and response.status >= 400:
            self.complaints.append(f"{response.status} for {response.url}")


@dataclass
class Traffic:
    """Requests of a page: those without an end, all answers, the time of the last change."""

    open: set[Request] = field(default_factory=set)
    responses: list[Response] = field(default_factory=list)
    changed: float = 0.0

    def watch(self, page: Page) -> None:
        page.on("request", self._began)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._ended)
        page.on("response", lambda response: self.responses.append(response))

    def _began(self, request: Request) -> None:
        self.open.add(request)
        self.changed = time.perf_counter()

    def _ended(self, request: Request) -> None:
        self.open.discard(request)
        self.changed = time.perf_counter()

    def settle(self, page: Page, within_s: float = 30.0) -> bool:
        """Wait until nothing is loaded any more; return False if something always is."""
        ends = time.perf_counter() + within_s
        while time.perf_counter() < ends:
            page.wait_for_timeout(50)
            if not self.open and time.perf_counter() - self.changed > QUIET_S:
                return True
        return False


@cache
def axe_loader() -> str:
    """Return a script for every page of a context, whose `loadAxe()` defines axe.

    Half a megabyte is sent once a context, and pages that are not checked do not run it.
    """
    return f"window.loadAxe = () => {{ if (!window.axe) {{ {AXE.read_text()} }} }};"


def axe(
    page: Page, without: tuple[str, ...] = (), beside: str = "", *, colours: bool = False
) -> None:
    """Assert that axe-core finds no violation.

    `without` names rules that are not checked, `beside` an excluded element; `colours` checks only
    the rules that depend on the theme, for a page that was checked in the other theme.
    """
    options = {
        "runOnly": COLOUR_RULES if colours else ALL_RULES,
        "rules": {rule: {"enabled": False} for rule in without if not colours},
        "resultTypes": ["violations"],
    }
    where = {"include": ["html"], **({"exclude": [beside]} if beside else {})}
    found = page.evaluate(RUN_AXE, [where, options])
    assert not found, "\n".join(_describe(violation) for violation in found)


def _describe(violation: dict[str, Any]) -> str:
    places = "".join(
        f"\n  {node['html']}\n  {node['failureSummary']}" for node in violation["nodes"]
    )
    return f"{violation['id']}: {violation['help']}{places}"


def expect_text(page: Page, text: str) -> None:
    """Wait until a text is visible."""
    expect(page.locator("body")).to_contain_text(text, use_inner_text=True)


def wait_for(page: Page, expression: str, within_ms: float = TIMEOUT_MS) -> None:
    """Wait until a JavaScript expression is true; the policy forbids `page.wait_for_function`."""
    ends = time.monotonic() + within_ms / 1e3
    while not page.evaluate(expression):
        assert time.monotonic() < ends, f"never: {expression}"
        page.wait_for_timeout(20)


def fill_fields(page: Page, **fields: str) -> None:
    """Fill fields by their ids."""
    for name, value in fields.items():
        page.locator(f"#{name}").fill(value)


def press(page: Page, label: str) -> None:
    """Click the button or link with a label."""
    button = page.get_by_role("button", name=label, exact=True)
    button.or_(page.get_by_role("link", name=label, exact=True)).click()


def open_tab(page: Page, label: str) -> None:
    """Follow a tab of the page, which is in a menu on phones."""
    shown = page.locator(".tabs a:visible", has_text=label)
    if not shown.count():
        menu = page.locator(".tab-menu:visible", has=page.locator("a", has_text=label))
        menu.locator("summary").click()
        shown = page.locator(".tab-menu nav a:visible", has_text=label)
    shown.first.click()


def clicks(page: Page) -> int:
    """Return the clicks of a tab since its first page, which COUNT_CLICKS counts."""
    return int(page.evaluate("sessionStorage.clicks ?? 0"))


def check_page(page: Page, name: str) -> None:
    """Assert that a page fits the screen, has large enough targets and no axe violation.

    Saves pictures where PICTURES is set.
    """
    before = page.viewport_size
    for width in (NARROWEST_PX, PHONE["width"], DESKTOP["width"]):
        page.set_viewport_size({"width": width, "height": 844})
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{name} is {wide} px wide on a screen of {width}"
        broken = page.evaluate(BROKEN_WORDS)
        assert not broken, f"{name} breaks words of heads at {width} px: {broken}"
        if width == PHONE["width"]:
            small = page.evaluate(TOO_SMALL)
            assert not small, f"{name} has targets below 44 px: {small}"
        if width != NARROWEST_PX:
            axe(page)
            picture(page, f"{name}-{width}")
    page.set_viewport_size(before or PHONE)


def picture(page: Page, name: str) -> None:
    """Save a picture of the whole page where PICTURES is set."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
