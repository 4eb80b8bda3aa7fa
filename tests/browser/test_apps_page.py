"""A person agrees to measure with RTR-NetTest, and gets its address and the withdrawal code."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from tests.support import open_rmbt
from tests.support.browser import DESKTOP, check_page, expect_text, press
from tests.support.joining import Cast


def test_a_person_gets_the_control_server_of_rtr(
    app: Flask, client: FlaskClient, new_page: Callable[..., Page]
) -> None:
    open_rmbt.register_server(app)
    cast = Cast(app)
    page = new_page(DESKTOP, "en")
    page.goto("/do/apps")
    check_page(page, "apps")
    press(page, "Get my address")
    expect_text(page, "tick the box")
    page.locator("#agree").check()
    press(page, "Get my address")
    expect(page.locator("#done-title")).to_be_focused()
    expect(page.locator("#qr svg")).to_be_visible()
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
    check_page(page, "apps-connected")
    code = page.locator("#withdrawal-code").inner_text()
    assert client.post("/api/v1/withdrawals", json={"withdrawal_code": code}).status_code == 200
