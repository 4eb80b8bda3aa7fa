"""Three measuring hosts, 5, 30 and 80 ms away: one stops during a test, one between two."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from backend.database.extensions import db
from backend.measurements.recording.models import Measurement
from backend.witness.keys import installation_key
from backend.witness.models import MeasuringHost
from tests.support.browser import PHONE, Guard, expect_text, press, wait_for
from tests.support.live_server import serving_app, wait_for_host
from tests.support.measuring_page import HERE, MEASURED_MS, agree, measure_again
from tests.support.nginx import free_port
from tests.support.traffic_shaper import Shape, shaped_server

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "backend.server.gunicorn.speed"]
OWN = "own"


def line(ms: float) -> Shape:
    return Shape(down_mbps=20, up_mbps=10, round_trip_ms=ms)


@contextmanager
def registered_host(
    app: Flask, name: str, ms: float, folder: Path
) -> Iterator[subprocess.Popen[str]]:
    """Run a measuring host at the end of a line, registered by the command that it prints."""
    port, key = free_port(), installation_key(app.config["SECRET_KEY"]).public_bytes.hex()
    environment = os.environ | {
        "VAR_DIR": str(folder), "SPEED_PORT": str(port), "TICKET_KEYS": key,
        "SECRET_KEY": name * 32, "PYTHONPATH": str(ROOT), "TRUSTED_PROXIES": "0",
    }  # fmt: skip
    with (
        subprocess.Popen(
            PROGRAM, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
        ) as host,
        shaped_server(f"http://127.0.0.1:{port}", line(ms)) as url,
    ):
        try:
            assert host.stdout is not None
            printed = next(row for row in host.stdout if "flask hosts add" in row)
            words = printed.replace("NAME https://…", f"{name} {url}").split()
            added = app.test_cli_runner().invoke(args=words[1:])
            assert added.exit_code == 0, added.output
            wait_for_host(url)
            yield host
        finally:
            stop(host)


def stop(host: subprocess.Popen[str]) -> None:
    """Kill a host with its worker."""
    with suppress(ProcessLookupError):
        os.killpg(host.pid, signal.SIGKILL)


@pytest.fixture
def served(browser: Browser, app: Flask) -> Iterator[str]:
    """The installation, whose own host is the furthest."""
    with serving_app(app) as url, shaped_server(url, line(80)) as far:
        yield far


def samples(app: Flask) -> list[tuple[str, str, bool, str]]:
    """Return status, assurance, verdict and host of all samples."""
    with app.app_context():
        rows = db.session.execute(
            select(
                Measurement.status, Measurement.assurance, Measurement.counted, MeasuringHost.name
            )
            .join(MeasuringHost, MeasuringHost.number == Measurement.host)
            .order_by(Measurement.measured_at)
        )
        return [tuple(row) for row in rows]


def finish(page: Page) -> None:
    measure_again(page)
    expect(page.locator("#verdict.good")).to_be_visible(timeout=MEASURED_MS)


@pytest.mark.long
def test_the_nearest_host_is_taken_and_the_next_where_it_stops(
    app: Flask, new_page: Callable[..., Page], guard: Guard, tmp_path: Path
) -> None:
    guard.home = "http://127.0.0.1:"
    with ExitStack() as stack:
        near, middle = (
            stack.enter_context(registered_host(app, name, ms, tmp_path / name))
            for name, ms in (("Huế", 5), ("Vinh", 30))
        )
        page = new_page(PHONE, geolocation=HERE, permissions=["geolocation"])
        page.goto("/do/")
        agree(page)
        press(page, "Viettel")
        expect(page.locator("#host-auto")).to_contain_text("tự chọn (Huế,")
        measure_again(page)
        wait_for(page, "document.querySelector('#down').matches('.now')", MEASURED_MS)
        stop(near)
        expect_text(page, "Đo chưa xong: máy chủ đo không trả lời")
        finish(page)
        expect(page.locator("#host-auto")).to_contain_text("tự chọn (Vinh,")
        stop(middle)
        page.context.set_geolocation({**HERE, "latitude": HERE["latitude"] + 0.01})
        finish(page)
    assert samples(app) == [
        ("failed", "claimed", False, "Huế"),
        ("finished", "witnessed", True, "Vinh"),
        ("finished", "witnessed", True, OWN),
    ]
    # The engine tells the transfer that broke.
    guard.complaints = [one for one in guard.complaints if "Failed to fetch" not in one]
