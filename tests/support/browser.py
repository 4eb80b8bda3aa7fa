"""Looking at pages in a real Chromium: what every page has to keep, and pictures of it."""

import os
import shutil
import time
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    WebError,
    expect,
)

# Names of the program, on Debian, on Ubuntu and elsewhere. The headless shell is the same engine
# without the browser's own windows: it takes a third less of the processor.
PROGRAMS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
OPTIONS = (
    "--no-sandbox",  # containers run everything as root
    "--use-angle=swiftshader",  # WebGL without a graphics card: the map needs it
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing leaves this machine
)
TIMEOUT_MS = 20_000  # two cores that others use as well

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
NARROWEST_PX = 360  # the cheapest phones on sale
# Where somebody wants to look at the pages: `PICTURES=folder pytest tests/browser`.
PICTURES = os.environ.get("PICTURES")

AXE = Path(__file__).parents[1] / "browser" / "vendor" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Buttons, fields and links that stand alone, lower than 44 px.
TOO_SMALL = """[...document.querySelectorAll("button, .button, select, summary, nav a, th a")]
  .filter((one) => !one.closest(".unseen") && one.checkVisibility({ visibilityProperty: true }))
  .filter((one) => one.getBoundingClientRect().height < 43.5)
  .map((one) => one.outerHTML.slice(0, 120))"""
RUN_AXE = "async ([where, asked]) => { loadAxe(); return (await axe.run(where, asked)).violations }"
ALL_RULES = {"type": "tag", "values": TAGS}
# All that a theme can break.
COLOUR_RULES = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}


def program() -> str | None:
    """The machine's own Chromium, if it has one."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Guard:
    """What the browser complained of, and what it asked for, in the pages of one test."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.complaints: list[str] = []
        self.requests: list[Request] = []

    def watch(self, context: BrowserContext) -> None:
        context.on("console", self._hear)
        context.on("weberror", self._fail)
        context.on("request", self._note)
        context.on("response", self._check)

    def _hear(self, message: ConsoleMessage) -> None:
        """Errors and refusals (a broken policy is one); an answer of refusal is no fault."""
        told = message.text
        if message.type in ("error", "warning") and not told.startswith("Failed to load resource"):
            self.complaints.append(told)

    def _fail(self, fault: WebError) -> None:
        self.complaints.append(f"a script failed: {fault.error}")

    def _note(self, request: Request) -> None:
        self.requests.append(request)
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.complaints.append(f"left the host: {request.url}")

    def _check(self, response: Response) -> None:
        """What a page is made of has to be there; an answer of the API may say no."""
        made_of = response.request.resource_type not in ("fetch", "xhr", "document")
        if made_of and response.status >= 400:
            self.complaints.append(f"{response.status} for {response.url}")


@cache
def axe_loader() -> str:
    """A script for every page of a context: `loadAxe()` defines axe where a test wants it.

    So its half a megabyte is sent once a context, and a page that is not checked does not run it.
    """
    return f"window.loadAxe = () => {{ if (!window.axe) {{ {AXE.read_text()} }} }};"


def axe(
    page: Page, without: tuple[str, ...] = (), beside: str = "", *, colours: bool = False
) -> None:
    """Assert that axe-core finds nothing that keeps people out.

    `without` names its rules that are not asked, `beside` an element that is not looked at;
    `colours` asks only what may differ in the other theme of a page that was looked at.
    """
    asked = {
        "runOnly": COLOUR_RULES if colours else ALL_RULES,
        "rules": {rule: {"enabled": False} for rule in without if not colours},
        "resultTypes": ["violations"],
    }
    where = {"include": ["html"], **({"exclude": [beside]} if beside else {})}
    found = page.evaluate(RUN_AXE, [where, asked])
    assert not found, "\n".join(_told(violation) for violation in found)


def _told(violation: dict[str, Any]) -> str:
    places = "".join(
        f"\n  {node['html']}\n  {node['failureSummary']}" for node in violation["nodes"]
    )
    return f"{violation['id']}: {violation['help']}{places}"


def reads(page: Page, words: str) -> None:
    """Wait until a person can read something."""
    expect(page.locator("body")).to_contain_text(words, use_inner_text=True)


def until(page: Page, truth: str, within_ms: float = TIMEOUT_MS) -> None:
    """Wait for an expression; our policy forbids the way in which Playwright looks by itself."""
    ends = time.monotonic() + within_ms / 1e3
    while not page.evaluate(truth):
        assert time.monotonic() < ends, f"never: {truth}"
        page.wait_for_timeout(20)


def type_in(page: Page, **fields: str) -> None:
    """Type into fields by their ids, in place of what is there."""
    for name, value in fields.items():
        page.locator(f"#{name}").fill(value)


def press(page: Page, words: str) -> None:
    """Press the button, or follow the link, with these words."""
    button = page.get_by_role("button", name=words, exact=True)
    button.or_(page.get_by_role("link", name=words, exact=True)).click()


def looks_right(page: Page, name: str) -> None:
    """Nothing is wider than the screen, a thumb finds what can be pressed, axe finds nothing.

    Who wants to see it gets a picture.
    """
    before = page.viewport_size
    for width in (NARROWEST_PX, PHONE["width"], DESKTOP["width"]):
        page.set_viewport_size({"width": width, "height": 844})
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{name} is {wide} px wide on a screen of {width}"
        if width == PHONE["width"]:
            small = page.evaluate(TOO_SMALL)
            assert not small, f"{name} has what a thumb misses: {small}"
        if width != NARROWEST_PX:
            axe(page)
            picture(page, f"{name}-{width}")
    page.set_viewport_size(before or PHONE)


def picture(page: Page, name: str) -> None:
    """Keep what the whole page looks like, where pictures are wanted."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
