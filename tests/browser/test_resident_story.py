"""A resident from a poster's code to a picture to share; clicks and seconds are printed."""

import base64
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from backend.clock import local_day, utc_now
from backend.database.extensions import db
from backend.measurements.recording.models import DemoMonth
from backend.memberships import poster
from tests.support import people
from tests.support.browser import PHONE, check_page, expect_text, press, wait_for
from tests.support.joining import Cast
from tests.support.measuring_page import HERE, MEASURED_MS, agree, limit_bandwidth

Open = Callable[..., Page]
MAX_CLICKS = 6
# Chunks of a PNG that have pixels only: no text, no position, no time.
CHUNKS = {b"IHDR", b"IDAT", b"IEND", b"sRGB", b"pHYs", b"gAMA", b"iCCP"}
SHARE = """
    window.shared = null;
    navigator.canShare = ({ files }) => files.length === 1;
    navigator.share = async ({ files, text }) => {
      const bytes = new Uint8Array(await files[0].arrayBuffer());
      let binary = "";
      for (const one of bytes) binary += String.fromCharCode(one);
      window.shared = { text, name: files[0].name, type: files[0].type, content: btoa(binary) };
    };
    window.clicks = 0;
    addEventListener("click", (event) => { window.clicks += event.isTrusted ? 1 : 0 });
"""
# What reaches beyond the screen.
TOO_WIDE = """[...document.querySelectorAll("body *")]
  .filter((one) => one.checkVisibility() && !one.closest(".unseen, svg, .skip"))
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
  .map((one) => one.outerHTML.slice(0, 90))"""
NO_SHARE = "delete Navigator.prototype.share; delete Navigator.prototype.canShare;"


def png_chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = [], 8
    while at < len(content):
        size, kind = struct.unpack(">I4s", content[at : at + 8])
        chunks.append((kind, content[at + 8 : at + 8 + size]))
        at += 12 + size
    return chunks


def opened(app: Flask, served: str, new_page: Open, script: str) -> Page:
    today, province = local_day(utc_now()), people.unit_id(app, "19", "2025", "province")
    cast = Cast(app, province, first_day=today, last_day=today)
    page = new_page(PHONE, geolocation=HERE, permissions=["geolocation"])
    page.add_init_script(script)
    page.goto(poster.content(f"{served}/", cast.code_one))
    return page


def measured(page: Page) -> None:
    agree(page)
    press(page, "Viettel")
    limit_bandwidth(page, 12)
    press(page, "Đo")
    expect(page.locator("#verdict.good")).to_be_visible(timeout=MEASURED_MS)


@pytest.mark.long
def test_a_resident_from_the_code_to_the_picture(
    app: Flask, served: str, new_page: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    page = opened(app, served, new_page, SHARE)
    expect_text(page, "Đội 1 mời bạn đo Internet")
    measured(page)
    expect_text(page, "Được tính cho phường Phan Đình Phùng")
    expect(page.locator("#use")).to_have_text("Xem video HD tốt")
    expect(page.locator("#here")).to_contain_text("tháng này có 1 trên 300 mẫu (tính đến ")
    expect(page.locator("#team-day")).to_contain_text("Đội 1 hôm nay: 1 mẫu được tính")
    expect(page.locator("#compared")).to_be_hidden()  # nothing is published here
    press(page, "Chia sẻ kết quả")
    wait_for(page, "window.shared !== null")
    shared: dict[str, Any] = page.evaluate("window.shared")
    clicks, seconds = page.evaluate("window.clicks"), time.monotonic() - began
    with capsys.disabled():
        print(f"\nresident, from the code to the picture: {clicks} clicks, {seconds:.0f} s")
    assert clicks <= MAX_CLICKS
    assert (shared["name"], shared["type"]) == ("do-song.png", "image/png")
    assert "phường Phan Đình Phùng" in shared["text"]
    assert str(HERE["latitude"]) not in shared["text"]
    chunks = png_chunks(base64.b64decode(shared["content"]))
    assert struct.unpack(">II", chunks[0][1][:8]) == (1080, 1350)
    assert {kind for kind, _ in chunks} <= CHUNKS
    check_page(page, "do-shared")
    page.set_viewport_size({"width": 360, "height": 640})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    wide = page.evaluate(TOO_WIDE)
    assert not wide, f"wider than the screen with large letters: {wide}"


@pytest.mark.long
def test_without_sharing_the_picture_is_saved_and_the_text_copied(
    app: Flask, served: str, new_page: Open
) -> None:
    with app.app_context():
        db.session.add(DemoMonth(month=f"{local_day(utc_now()):%Y-%m}"))
        db.session.commit()
    page = opened(app, served, new_page, NO_SHARE)
    page.context.grant_permissions(["geolocation", "clipboard-read", "clipboard-write"])
    measured(page)
    expect(page.locator("#goal-demo")).to_be_visible()
    press(page, "Chia sẻ kết quả")
    expect(page.locator("#share-send")).to_be_hidden()
    with page.expect_download() as saved:
        press(page, "Tải ảnh")
    assert saved.value.suggested_filename == "do-song.png"
    press(page, "Chép lời chia sẻ")
    expect_text(page, "Đã sao chép.")
    assert (
        page.evaluate("navigator.clipboard.readText()") == page.locator("#share-text").inner_text()
    )
