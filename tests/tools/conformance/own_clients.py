"""The project's own clients, each run before the proxy until its token is revoked."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from tests.support.browser import OPTIONS, PHONE, TIMEOUT_MS, expect_text, press, required_program
from tests.support.devices import sample
from tests.support.measuring_page import HERE, MEASURED_MS, agree, least_data, measure_again
from tests.tools.client_kits.building import ROOT
from tests.tools.conformance.faults import KINDS, LARGE, Faults
from tests.tools.conformance.log import Log
from tests.tools.conformance.proxy import Proxy
from tests.tools.conformance.rules import KEPT, Verdict, judge, table
from tests.tools.phone_simulator.client import Client
from tests.tools.phone_simulator.own_server import OwnServer
from tests.tools.phone_simulator.store import QUEUED, Store
from tests.tools.phone_simulator.sync import StoppedError, Sync

MAX_TESTS = 80
RUN_S = 300.0
QUIET_S = 5.0  # to see that nothing follows
POSTS = "**/api/v1/measurements*"
PLACE = ("--latitude", "21.5942", "--longitude", "105.8482", "--accuracy-m", "12")

# Runs a client at an address until its faults are over; a folder for what it stores.
Run = Callable[[str, Faults, Path], None]


def verdicts_on(run: Run, server: str, folder: Path) -> list[Verdict]:
    """Run a client before a server, each fault once; return the verdict on each rule."""
    # The second post of the page has several samples, measured while no post got through.
    log, faults = Log(), Faults(times=1, kinds=(LARGE, *(kind for kind in KINDS if kind != LARGE)))
    folder.mkdir(parents=True, exist_ok=True)
    with Proxy(server, log, faults) as proxy:
        run(proxy.url, faults, folder)
        time.sleep(QUIET_S)
    if not faults.over:
        raise RuntimeError("the client did not meet every fault")
    return judge(log.all())


def run_phone(url: str, faults: Faults, folder: Path) -> None:
    """Run the simulated phone of scripts/phone."""
    rng, store = random.Random(3), Store(folder / "phone.sqlite")
    sync = Sync(Client(url, rng), store, rng, time.sleep)
    token = sync.register()
    with suppress(StoppedError):
        for _ in range(MAX_TESTS):
            while len(store.ids(QUEUED)) < 3:
                store.add(sample(datetime.now(UTC) - timedelta(seconds=1)))
            sync.send_once(token)
    store.close()


def python_kit(built: Path) -> Run:
    """Return the example of the Python kit; `built`: the folder of scripts/clients."""
    return lambda url, _, folder: _run_example(
        [sys.executable, "-m", "dosong_client.example", url, "--store", "phone.sqlite"],
        folder,
        {"PYTHONPATH": str(built / "python")},
    )


def typescript_kit(built: Path) -> Run:
    """Return the example of the TypeScript kit, installed as its users do."""

    def run(url: str, faults: Faults, folder: Path) -> None:
        archive = next(built.glob("dosong-client-*.tgz"))
        subprocess.run(
            ["npm", "install", "--silent", "--no-audit", "--no-fund", archive],
            cwd=folder, check=True,
        )  # fmt: skip
        example = "node_modules/dosong-client/example.mjs"
        _run_example(["node", example, url, "--store", "phone"], folder, {})

    return run


def compare() -> int:
    """Run all clients before a server of its own; print a table, return 1 if a rule is not kept."""
    with OwnServer() as server, sync_playwright() as playwright, TemporaryDirectory() as place:
        built = Path(place) / "built"
        subprocess.run([ROOT / "scripts" / "clients", "--folder", built], check=True)
        browser = playwright.chromium.launch(executable_path=required_program(), args=list(OPTIONS))
        runs = {
            "/do": page(browser),
            "scripts/phone": run_phone,
            "Python kit": python_kit(built),
            "TypeScript kit": typescript_kit(built),
        }
        found = {}
        for name, run in runs.items():
            print(f"Running {name}", flush=True)
            found[name] = verdicts_on(run, server.url, Path(place) / name.replace("/", "-"))
    print("\n".join(table(found)))
    broken = [
        f"{name}: {one.rule}: {', '.join(one.broken[:2]) or one.state}"
        for name, verdicts in found.items()
        for one in verdicts
        if one.state != KEPT
    ]
    for line in broken:
        print(line)
    return int(bool(broken))


def _run_example(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Measure until the token is revoked; raise CalledProcessError if the client fails."""
    options = [*PLACE, "--agree", "--profile", "small", "--times", str(MAX_TESTS), "--every", "1"]
    subprocess.run(
        [*command, *options], cwd=folder, env=os.environ | environment, check=True,
        timeout=RUN_S, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def page(browser: Browser) -> Run:
    """Return the measuring page at /do."""

    def run(url: str, faults: Faults, folder: Path) -> None:
        context = browser.new_context(
            base_url=url, viewport=PHONE, locale="vi-VN", geolocation=HERE,
            permissions=["geolocation"],
        )  # fmt: skip
        context.set_default_timeout(TIMEOUT_MS)
        _measure_in_page(context.new_page(), faults)
        time.sleep(QUIET_S)
        context.close()

    return run


def _measure_in_page(page: Page, faults: Faults) -> None:
    page.goto("/do/")
    agree(page)  # the answer to the registration is lost
    expect_text(page, "Lần đầu cần có mạng để bắt đầu. Hãy thử lại.")
    press(page, "Bắt đầu")
    press(page, "Viettel")
    least_data(page)
    _measure_again(page)
    for _ in range(2):
        _measure_again(page, lost=True)
    for _ in range(MAX_TESTS):
        if faults.over:
            break
        try:
            _measure_again(page)
        except (AssertionError, Error):  # it was revoked meanwhile
            if not faults.over:
                raise
    expect(page.locator("#welcome, #consent").locator("visible=true")).to_be_visible()


def _measure_again(page: Page, *, lost: bool = False) -> None:
    """Open the page again and measure; the sample waits on the phone while posts fail.

    `lost`: no post reaches the proxy, neither of the page nor of its service worker.
    """
    # The page is not closed before it has stored an answer: it would be right to send that sample
    # again. It holds this lock while it sends.
    page.route(POSTS, lambda route: route.abort())
    page.evaluate("navigator.locks?.request('sending', () => undefined)")
    page.goto("about:blank")
    # A page that is opened again sends at once, and people are no metronomes.
    page.wait_for_timeout(random.uniform(0, 1_500))
    if not lost:
        page.unroute(POSTS)
    page.goto("/do/")
    if lost:
        page.evaluate("delete ServiceWorkerRegistration.prototype.sync")
    measure_again(page)
    expect(page.locator("#verdict, #welcome").locator("visible=true")).to_be_visible(
        timeout=MEASURED_MS
    )
