"""The page of a person's access codes for Excel and other programs."""

import re
from base64 import b64encode
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from tests.support import people
from tests.support.clock import FakeClock
from tests.support.people import audit_entries

PAGE = "/account/tokens?lang=en"
NAME = "lan@example.vn"


def signed_in(app: Flask) -> tuple[FlaskClient, dict[str, str]]:
    people.account(app, NAME)
    browser = app.test_client()
    return browser, {"csrf_token": people.sign_in(browser, NAME)["X-CSRF-Token"]}


def reads(app: Flask, token: str) -> int:
    password = b64encode(f"{NAME}:{token}".encode()).decode()
    headers = {"Authorization": f"Basic {password}"}
    return app.test_client().get("/api/v1/odata/Contributions", headers=headers).status_code


def test_a_code_is_shown_once_and_reads_until_it_is_ended(app: Flask, clock: FakeClock) -> None:
    browser, csrf = signed_in(app)
    form = {**csrf, "name": "Excel ở phòng", "days": "90"}
    made = browser.post(PAGE, data=form)
    assert made.status_code == 200 and "no-store" in made.headers["Cache-Control"]
    [token] = re.findall(r"dsp_[\w-]{20,}", made.text)
    assert "http://localhost/api/v1/odata/" in made.text
    page = browser.get(PAGE).text
    assert "Excel ở phòng" in page and token not in page and token[:20] not in page
    assert reads(app, token) == 200
    [number] = re.findall(r'name="number" value="(\d+)"', page)
    assert browser.post("/account/tokens/end", data={**csrf, "number": number}).status_code == 303
    assert reads(app, token) == 401
    acts = [act for act, _ in audit_entries(app, "user:1")]
    assert acts[-2:] == ["token.create", "token.revoke"]


def test_a_code_ends_by_itself_and_never_writes(app: Flask, clock: FakeClock) -> None:
    browser, csrf = signed_in(app)
    form = {**csrf, "name": "Excel", "days": "90", "scopes": "write"}
    [token] = re.findall(r"dsp_[\w-]{20,}", browser.post(PAGE, data=form).text)
    headers = {"Authorization": f"Bearer {token}"}
    listed = app.test_client().get("/api/v1/account/tokens", headers=headers).json["items"]
    assert [one["scopes"] for one in listed] == [["read"]]
    clock.now += timedelta(days=91)
    assert reads(app, token) == 401


def test_a_wrong_form_is_shown_again(app: Flask, clock: FakeClock) -> None:
    browser, csrf = signed_in(app)
    form = {**csrf, "name": "Excel", "days": "90"}
    for changes in ({"name": ""}, {"days": "9999"}, {"days": "x"}):
        answer = browser.post(PAGE, data=form | changes)
        assert answer.status_code == 422 and "dsp_" not in answer.text, changes
    assert browser.post(PAGE, data=form | {"csrf_token": "x"}).status_code == 403
    other = app.test_client()
    people.account(app, "son@example.vn")
    others_csrf = {"csrf_token": people.sign_in(other, "son@example.vn")["X-CSRF-Token"]}
    made = browser.post(PAGE, data=form).text
    [number] = re.findall(r'name="number" value="(\d+)"', made)
    assert (
        other.post("/account/tokens/end", data={**others_csrf, "number": number}).status_code == 404
    )
