"""A server that is silent while the phone has a network: the page blames neither."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select

from backend.clock import utc_now
from backend.database.extensions import db
from backend.measurements.no_connection.heartbeats import beat
from backend.measurements.no_connection.models import NoConnectionNote
from tests.support.browser import PHONE, Guard, check_page, expect_text, press, wait_for
from tests.support.live_server import serving_app
from tests.support.measuring_page import HERE, MEASURED_MS, agree
from tests.support.nginx import free_port

# Routes do not stop requests through a service worker.
NO_WORKER = 'Object.defineProperty(Navigator.prototype, "serviceWorker", { value: undefined })'
NOTED_MS = 120_000  # three attempts over a minute
SILENT = ("**/api/v1/tests", "**/do/tests", "**/do/down?*")


def beat_at(app: Flask, now: datetime) -> None:
    with app.app_context():
        beat(now)


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


@pytest.mark.long
def test_a_server_killed_in_mid_test_leaves_no_dead_zone(
    app: Flask, new_page: Callable[..., Page], guard: Guard
) -> None:
    """The note is made while the server is away, and taken back when it returns."""
    port = free_port()
    guard.home = f"http://127.0.0.1:{port}"
    page = new_page(PHONE, geolocation=HERE, permissions=["geolocation"])
    page.add_init_script(NO_WORKER)
    with serving_app(app, port=port) as url:
        beat_at(app, utc_now() - timedelta(minutes=3))  # some minutes of the outage pass at once
        page.goto(f"{url}/do/")
        agree(page)
        press(page, "Viettel")
        press(page, "Đo")
        wait_for(page, "document.querySelector('#down').matches('.now')", MEASURED_MS)
    expect_text(page, "Đo chưa xong: máy chủ đo không trả lời")
    press(page, "Đo")
    expect_text(page, "Không gọi được máy chủ đo; mạng của bạn có thể vẫn tốt")
    press(page, "Đúng cả ba: ghi nhận chỗ này")
    result = page.locator("#no-connection-result")
    expect(result).to_contain_text("Đang tìm vị trí", timeout=NOTED_MS)
    page.context.set_geolocation({**HERE, "latitude": HERE["latitude"] + 1e-5})  # a fresh fix
    expect(result).to_contain_text("Đã ghi nhận.", timeout=NOTED_MS)
    with serving_app(app, port=port):
        beat_at(app, utc_now())
        page.reload()
        expect(page.locator("#gaps li.bad")).to_contain_text(
            "máy chủ đo ngừng chạy", timeout=NOTED_MS
        )
        expect(page.locator("#map .gap")).to_have_count(0)
        check_page(page, "do-server-down")
    with app.app_context():
        [note] = db.session.scalars(select(NoConnectionNote)).all()
        assert note.server_down
    guard.complaints = [one for one in guard.complaints if "Failed to fetch" not in one]
