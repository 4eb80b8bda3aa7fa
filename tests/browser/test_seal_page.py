"""The page that checks a report's file, by keyboard and without scripts."""

from collections.abc import Callable
from pathlib import Path

from flask import Flask
from playwright.sync_api import Page, expect

from backend.reports.content.figures import canonical_json
from tests.support import people
from tests.support.browser import DESKTOP, PHONE, axe, check_page, picture
from tests.support.reports import nothing, stored_report


def test_a_file_is_checked(app: Flask, new_page: Callable[..., Page], tmp_path: Path) -> None:
    stored_report(app, people.unit_id(app, "19", level="province"), "approved")
    file = tmp_path / "report.json"
    page = new_page(PHONE)
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.method))
    for content, words, name in (
        (canonical_json(nothing("2024-10")), "Tệp đúng nguyên bản đã xác nhận", "seal-good"),
        (canonical_json(nothing("2024-09")), "Không có báo cáo nào mang mã này", "seal-unknown"),
    ):
        page.goto("/seal")
        check_page(page, "seal")
        file.write_bytes(content)
        page.set_input_files("#file", file)
        expect(page.locator("#here")).to_be_visible()  # the file stays on the device
        page.get_by_role("button", name="Kiểm tra").press("Enter")
        expect(page.get_by_text(words)).to_be_visible()
        check_page(page, name)
        other = new_page(DESKTOP, "en", "dark")
        other.goto(page.url)
        axe(other)
        picture(other, f"{name}-en-dark")
    assert set(sent) == {"GET"}
    drop(page, file)
    expect(page.get_by_text("Không có báo cáo nào mang mã này")).to_be_visible()
    http = new_page(PHONE)
    http.add_init_script("Object.defineProperty(crypto, 'subtle', { value: undefined })")
    http.goto("/seal")
    expect(http.locator("#sent")).to_be_visible()  # and the server computes the digest
    http.set_input_files("#file", file)
    http.get_by_role("button", name="Kiểm tra").click()
    expect(http.get_by_text("Không có báo cáo nào mang mã này")).to_be_visible()
    plain = new_page(PHONE, java_script_enabled=False)
    plain.goto("/seal")
    plain.locator("#digest").fill("0" * 64)
    plain.get_by_role("button", name="Kiểm tra").click()
    expect(plain.get_by_text("Không có báo cáo nào mang mã này")).to_be_visible()


DROP = """([name, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
}"""


def drop(page: Page, file: Path) -> None:
    """Drop a file on the page that asks for one."""
    page.goto("/seal")
    expect(page.locator("#here")).to_be_visible()
    page.evaluate(DROP, [file.name, list(file.read_bytes())])
