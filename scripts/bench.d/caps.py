"""Measure what speed tests with a data cap read on lines of known speed, in Chromium on `/do`.

Each cap is tried on each line. A test must read download and upload within 10 % of the line, or
its sample must have the mark `capped`, which keeps it out of the statistics of speed. Run it on a
quiet machine: whatever else runs makes fast lines read low.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import psycopg
from parts.site import site
from playwright.sync_api import Browser, Page, expect, sync_playwright

from backend.measurements.recording.data_caps import CAPPED
from tests.support.browser import OPTIONS, PHONE, press, required_program
from tests.support.measuring_page import HERE, MEASURED_MS, agree
from tests.support.traffic_shaper import Shape, shaped_server

LINES = (Shape(10, 2, 40), Shape(50, 10, 30), Shape(200, 50, 20), Shape(500, 100, 15))
CAPS = (2, 10, 30, 100)
WITHIN = 0.1
NEWEST = """
    select download_mbps, upload_mbps, marks, (raw ->> 'data_used_mb')::float, assurance
    from measurements order by received_at desc limit 1
"""


def main() -> None:
    """Print what each cap reads on each line; exit status 1 if one is off without the mark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    off = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        site(Path(folder)) as (target, _),
        psycopg.connect(target.database, autocommit=True) as database,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=required_program(), args=list(OPTIONS))
        for line in LINES:
            with shaped_server(f"http://127.0.0.1:{target.port}", line) as url:
                for cap in CAPS:
                    page = _ready(browser, url, cap)
                    for _ in range(repeats):
                        off += _measure(page, database, line, cap)
                    page.context.close()
    sys.exit(off > 0)


def _ready(browser: Browser, url: str, cap: int) -> Page:
    """Open `/do` as a new phone and choose the cap."""
    context = browser.new_context(
        base_url=url, viewport=PHONE, locale="vi", geolocation=HERE, permissions=["geolocation"]
    )
    page = context.new_page()
    page.goto("/do/")
    agree(page)
    press(page, "Viettel")
    page.locator(f"#caps input[value='{cap}']").check()
    return page


def _measure(page: Page, database: psycopg.Connection, line: Shape, cap: int) -> bool:
    """Measure once and print the result; return whether it is off without saying so."""
    press(page, "Đo")
    expect(page.locator("#verdict.good, #verdict.bad")).to_be_visible(timeout=MEASURED_MS)
    down, up, marks, used, assurance = database.execute(NEWEST).fetchone() or ()
    errors = [float(down) / line.down_mbps - 1, float(up) / line.up_mbps - 1]
    capped = CAPPED in marks
    off = not capped and any(abs(error) > WITHIN for error in errors)
    print(
        f"{line.down_mbps}/{line.up_mbps} Mbps, {cap} MB: {down} ({errors[0]:+.0%}) / "
        f"{up} ({errors[1]:+.0%}), {used:.1f} MB, {assurance}"
        f"{', capped' if capped else ''}{'  <- off' if off else ''}",
        flush=True,
    )
    return off


if __name__ == "__main__":
    main()
