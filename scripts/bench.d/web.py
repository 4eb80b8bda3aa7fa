"""Measure size and speed of pages, in Chromium against a running server.

`./scripts/serve --demo` in one terminal, in another `scripts/bench web` with the accounts that the
demo printed: `--account organiser=NAME:PASSWORD --account official=NAME:PASSWORD …`; without them
only public pages are measured. `--page TEXT` chooses pages whose path has the text. An admin's
second factor is set up by the first run and its secret printed: `admin=NAME:PASSWORD:SECRET` from
then on. Sizes are those that a proxy sends (gzip). Times are those of a phone: the processor is
slowed four times and the line has 1.6 Mbps and a round trip of 150 ms; `--fast` measures this
machine, and only then the time of a repaint has a budget.
"""

import argparse
import gzip
import statistics
import sys
import time
from dataclasses import dataclass

from playwright.sync_api import (
    Browser,
    Error,
    Response,
    StorageState,
    sync_playwright,
)

from tests.support.browser import OPTIONS, PHONE, Traffic, program, slow_down, wait_for
from tests.tools.screenshots.pages import OF_PEOPLE, Place, open_at
from tests.tools.screenshots.people import sign_in

PLAIN_KB, MAP_KB, REPAINT_MS, FIRST_S = 150, 600, 100, 2.0
OPENED_MS = 90_000
PUBLIC = (
    ("/", False, PLAIN_KB),
    ("/", True, MAP_KB),
    ("/unit/19?month=2024-11", True, PLAIN_KB),
    ("/unit/05443?month=2024-11", True, PLAIN_KB),
    ("/search?q=thai", True, PLAIN_KB),
    ("/reform/2024/168", True, PLAIN_KB),
    ("/data", True, PLAIN_KB),
    ("/do/", True, PLAIN_KB),
)
PACKED = ("font/", "image/png", "application/vnd.pmtiles")  # no proxy packs these again

REPAINT = """async (step) => {
  const country = document.getElementById("map").map;
  await new Promise((done) => { country.map.once("idle", done); country.map.jumpTo({ center: [105.85, 21.0], zoom: 6.6 }); });
  await new Promise((done) => setTimeout(done, 300)); // frames of the jump are drawn by the processor
  const codes = country.map.querySourceFeatures("units", { sourceLayer: "commune" }).map((one) => one.properties.code);
  const commune = {};
  for (let n = 0; n < 3321 - codes.length; n += 1) commune[`x${n}`] = [step, 10, 300];
  for (const code of codes) commune[code] = [step, 300, 300];
  country.repainted = undefined;
  country.paint({ levels: { province: {}, commune } });
  while (country.repainted === undefined) await new Promise((done) => setTimeout(done, 2));
  return country.repainted;
}"""  # noqa: E501


def kilobytes(response: Response) -> float:
    """The size of a response as a proxy sends it, in kB; 0 if it has no content."""
    if response.status not in (200, 206) or response.request.method != "GET":
        return 0.0
    body, kind = response.body(), response.headers.get("content-type", "")
    return len(body if kind.startswith(PACKED) else gzip.compress(body, 6)) / 1000


@dataclass
class Result:
    """Size of a page in kB, seconds to its text, ms of a repaint, and whether it became quiet."""

    total_kb: float
    first_s: float
    repaint_ms: float | None
    settled: bool

    def good(self, most_kb: int, fast: bool) -> bool:
        painted = self.repaint_ms is None or not fast or self.repaint_ms < REPAINT_MS
        return self.settled and self.total_kb < most_kb and self.first_s < FIRST_S and painted


def visit(
    browser: Browser, url: str, scripts: bool, state: StorageState | None, fast: bool
) -> Result:
    """Open a page as a new visitor, or as a person who just signed in."""
    context = browser.new_context(
        viewport=PHONE, java_script_enabled=scripts, storage_state=state, locale="vi"
    )
    context.set_default_timeout(OPENED_MS)
    page, traffic, repaint = context.new_page(), Traffic(), None
    if not fast:
        slow_down(page)
    traffic.watch(page)
    began = time.perf_counter()
    page.goto(url, wait_until="domcontentloaded")
    first = time.perf_counter() - began
    settled = traffic.settle(page)
    with_map = bool(scripts and page.locator("#map.scripted").count())
    if with_map:
        wait_for(page, "document.getElementById('map').map?.repainted !== undefined", OPENED_MS)
        settled = traffic.settle(page)
    total_kb = sum(map(kilobytes, list(traffic.responses)))
    if with_map:
        repaint = statistics.median(page.evaluate(REPAINT, step) for step in (4, 3, 2, 1, 4))
    context.close()
    return Result(total_kb, first, repaint, settled)


def _signed_in(browser: Browser, url: str, account: str) -> StorageState:
    context = browser.new_context(base_url=url)
    name, password, *secret = account.split(":")
    made = sign_in(context, name, password, *secret)
    if made:
        print(f"The second factor of {name}: {made}")
    state = context.storage_state()
    context.close()
    return state


def _path(browser: Browser, url: str, place: Place, state: StorageState) -> str | None:
    """Return the path of a page, which may be that of the first link; None without one."""
    opened, followed = open_at(place)
    if followed is None:
        return opened
    context = browser.new_context(base_url=url, storage_state=state)
    page = context.new_page()
    page.goto(opened)
    links = page.locator(f'main a[href^="{followed}"]')
    path = links.first.get_attribute("href") if links.count() else None
    context.close()
    return path


def main() -> None:
    """Print sizes and times against their budgets; exit status 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="a running server")
    parser.add_argument(
        "--account", action="append", default=[], help="ROLE=NAME:PASSWORD of the demo"
    )
    parser.add_argument("--page", default="", help="only pages whose path has this text")
    parser.add_argument("--fast", action="store_true", help="do not slow the browser down")
    arguments = parser.parse_args()
    url = arguments.url.rstrip("/")
    good = True
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=list(OPTIONS))
        pages: list[tuple[str, bool, int, StorageState | None]]
        pages = [(*one, None) for one in PUBLIC]
        for account in arguments.account:
            role, _, credentials = account.partition("=")
            state = _signed_in(browser, url, credentials)
            for place in OF_PEOPLE[role].values():
                if path := _path(browser, url, place, state):
                    pages.append((path, True, PLAIN_KB, state))
        print(f"{'page':50}{'kB':>8}{'most':>6}{'first words':>13}{'repaint':>10}")
        for path, scripts, most, who in pages:
            if arguments.page in path:
                good &= _measure(browser, url, path, scripts, most, who, arguments.fast)
        browser.close()
    sys.exit(0 if good else 1)


def _measure(
    browser: Browser,
    url: str,
    path: str,
    scripts: bool,
    most_kb: int,
    state: StorageState | None,
    fast: bool,
) -> bool:
    """Print the figures of a page; return whether its budgets are kept."""
    name = path + ("" if scripts else " without scripts")
    try:
        found = visit(browser, url + path, scripts, state, fast)
    except Error as error:
        print(f"{name:50} {error.message.splitlines()[0]}", flush=True)
        return False
    painted = "" if found.repaint_ms is None else f"{found.repaint_ms:7.0f} ms"
    good = found.good(most_kb, fast)
    remark = "" if found.settled else "  never quiet"
    remark += "" if good else "  over"
    print(
        f"{name:50}{found.total_kb:8.1f}{most_kb:6}{found.first_s:11.2f} s{painted:>10}{remark}",
        flush=True,
    )
    return good


if __name__ == "__main__":
    main()
