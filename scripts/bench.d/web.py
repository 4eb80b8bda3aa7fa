"""Measure size and speed of pages, in Chromium against a running server.

`./scripts/serve --demo` in one terminal, `scripts/bench web --account NAME:PASSWORD` in another;
the account is the organiser's that the demo printed, without it the pages of campaigns are left
out. Sizes are those that a proxy sends (gzip). Times are those of a phone: the processor is slowed
four times and the line has 1.6 Mbps and a round trip of 150 ms; `--fast` measures this machine,
and only then the time of a repaint has a budget.
"""

import argparse
import gzip
import statistics
import sys
import time
from contextlib import suppress

from playwright.sync_api import Browser, Page, Response, StorageState, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.support.browser import OPTIONS, PHONE, program, wait_for
from tests.tools.screenshots.people import sign_in

PLAIN_KB, MAP_KB, REPAINT_MS, FIRST_S = 150, 600, 100, 2.0
SETTLED_MS = 12_000
SLOWED = 4
LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 0.75e6 / 8,
}
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
BOARD = (
    ("/campaigns", True, PLAIN_KB),
    ("/campaigns/1", True, PLAIN_KB),
    ("/campaigns/1/contributions", True, PLAIN_KB),
    ("/campaigns/1/teams", True, PLAIN_KB),
    ("/campaigns/1/teams/1", True, PLAIN_KB),
    ("/campaigns/2/plan", True, MAP_KB),
    ("/campaigns/2/plan/slips", True, PLAIN_KB),
    ("/campaigns/2/signals?month=2026-10", True, PLAIN_KB),
    ("/campaigns/1/corrections", True, PLAIN_KB),
    ("/campaigns/1/settings", True, PLAIN_KB),
    ("/campaigns/new", True, PLAIN_KB),
    ("/campaigns/2/ready", True, PLAIN_KB),
)
PACKED = ("font/", "image/png", "application/vnd.pmtiles")  # no proxy packs these again

REPAINT = """async (step) => {
  const country = document.getElementById("map").map;
  await new Promise((done) => { country.map.once("idle", done); country.map.jumpTo({ center: [105.85, 21.0], zoom: 6.6 + step / 100 }); });
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


def slow_down(page: Page) -> None:
    """Give a page the processor and the line of a cheap phone."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", LINE)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})


def visit(
    browser: Browser, url: str, scripts: bool, state: StorageState | None, fast: bool
) -> tuple[float, float, float | None]:
    """Open a page as a new visitor; return kB, seconds to first text, ms of a repaint."""
    context = browser.new_context(
        viewport=PHONE, java_script_enabled=scripts, storage_state=state, locale="vi"
    )
    page = context.new_page()
    if not fast:
        slow_down(page)
    responses: list[Response] = []
    page.on("response", lambda response: responses.append(response))
    began = time.perf_counter()
    page.goto(url, wait_until="domcontentloaded")
    first, repaint = time.perf_counter() - began, None
    with suppress(PlaywrightTimeout):  # what came by then is measured
        page.wait_for_load_state("networkidle", timeout=SETTLED_MS)
    if scripts and page.locator("#map.whole").count():
        wait_for(page, "document.getElementById('map').map?.repainted !== undefined")
        with suppress(PlaywrightTimeout):
            page.wait_for_load_state("networkidle", timeout=SETTLED_MS)
    total_kb = sum(map(kilobytes, list(responses)))
    if scripts and page.locator("#map.whole").count() and "/campaigns" not in url:
        repaint = statistics.median(page.evaluate(REPAINT, step) for step in (4, 3, 2, 1, 4))
    context.close()
    return total_kb, first, repaint


def _signed_in(browser: Browser, url: str, account: str) -> StorageState:
    context = browser.new_context(base_url=url)
    sign_in(context, *account.split(":", 1))
    state = context.storage_state()
    context.close()
    return state


def main() -> None:
    """Print sizes and times against their budgets; exit status 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="a running server")
    parser.add_argument("--account", help="NAME:PASSWORD of the demo's organiser")
    parser.add_argument("--fast", action="store_true", help="do not slow the browser down")
    arguments = parser.parse_args()
    url = arguments.url.rstrip("/")
    good = True
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=list(OPTIONS))
        print(f"{'page':34}{'kB':>8}{'most':>6}{'first words':>13}{'repaint':>10}")
        state = _signed_in(browser, url, arguments.account) if arguments.account else None
        pages = [(*one, None) for one in PUBLIC]
        pages += [(*one, state) for one in BOARD if state]
        for path, scripts, most, who in pages:
            total_kb, first, repaint = visit(browser, url + path, scripts, who, arguments.fast)
            name = path + ("" if scripts else " without scripts")
            painted = "" if repaint is None else f"{repaint:7.0f} ms"
            print(f"{name:34}{total_kb:8.1f}{most:6}{first:11.2f} s{painted:>10}")
            good &= (
                total_kb < most
                and first < FIRST_S
                and (repaint is None or not arguments.fast or repaint < REPAINT_MS)
            )
        browser.close()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
