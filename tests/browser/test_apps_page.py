"""A person agrees to measure with another app, and gets its code and the withdrawal code."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from tests.support import open_rmbt
from tests.support.browser import DESKTOP, axe, check_page, expect_text, press
from tests.support.joining import Cast
from tests.support.network_survey import batches, lte, register_app, upload


def test_a_person_connects_network_survey(
    app: Flask, client: FlaskClient, new_page: Callable[..., Page]
) -> None:
    open_rmbt.register_server(app)
    page = new_page()
    page.goto("/do/apps")
    check_page(page, "apps")
    press(page, "Lấy địa chỉ của tôi")
    expect_text(page, "đánh dấu")
    page.locator("#agree").check()
    press(page, "Lấy địa chỉ của tôi")
    expect(page.locator("#done-title")).to_be_focused()
    expect(page.locator("#qr svg")).to_be_visible()
    check_page(page, "apps-connected")
    code = page.locator("#withdrawal-code").inner_text()
    link = urlsplit(page.locator("#open").get_attribute("href") or "")
    assert link.scheme == "intent"
    [workspace_token] = parse_qs(link.query)["token"]
    token = register_app(client, workspace_token).json["device_token"]
    assert upload(client, token, batches(("lte", [lte()]))).json["total_records"] == 1
    assert client.post("/api/v1/withdrawals", json={"withdrawal_code": code}).status_code == 200


def test_a_person_gets_the_control_server_of_rtr(
    app: Flask, client: FlaskClient, new_page: Callable[..., Page]
) -> None:
    open_rmbt.register_server(app)
    cast = Cast(app)
    page = new_page(DESKTOP, "en")
    page.goto("/do/apps")
    axe(page)
    page.get_by_label("RTR-NetTest").check()
    page.locator("#agree").check()
    press(page, "Get my address")
    expect(page.locator("#done-title")).to_be_focused()
    expect(page.locator("#open-row")).to_be_hidden()
    page.locator("#join-code").fill("0000 0000")
    press(page, "Join")
    expect(page.locator("#join-fault")).to_have_text(
        "There is no such join code. Check each letter."
    )
    page.locator("#join-code").fill(f"{cast.code_one[:4].lower()}-{cast.code_one[4:]}")
    press(page, "Join")
    expect(page.locator("#joined")).to_have_text("You joined Đội 1.")
    expect(page.locator("#join-fault")).to_be_empty()
    host, _, path = page.locator("#address").input_value().partition("/rmbt/")
    assert host and open_rmbt.send(client, path, "settings").json["error"] == []
    axe(page)
