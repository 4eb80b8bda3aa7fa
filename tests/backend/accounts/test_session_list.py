"""The overview of sessions: one's own, all for admins, and ending them."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.accounts.session_list import program_of
from tests.support import people
from tests.support.admin_client import AdminBrowser
from tests.support.clock import FakeClock
from tests.support.people import audit_entries

CHROME = (
    "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"
)


@pytest.mark.parametrize(
    ("header", "program"),
    [(CHROME, "Chrome, Android"), ("curl/8", None), ("", None),
     ("Mozilla/5.0 (Windows NT 10.0) Chrome/1 Safari/1 Edg/1", "Edge, Windows"),
     ("Mozilla/5.0 (iPhone; CPU iPhone OS 17 like Mac OS X) Safari/604", "Safari, iPhone")],
)  # fmt: skip
def test_a_program_is_named_without_version_or_model(header: str, program: str | None) -> None:
    assert program_of(header) == program


def test_a_person_sees_and_ends_own_sessions_only(app: Flask, clock: FakeClock) -> None:
    for name in ("lan@example.vn", "son@example.vn"):
        people.account(app, name)
    phone, office, other = (app.test_client() for _ in range(3))
    people.sign_in(phone, "lan@example.vn")
    token = people.sign_in(office, "lan@example.vn")["X-CSRF-Token"]
    people.sign_in(other, "son@example.vn")
    page = office.get("/account/sessions?lang=en").text
    assert page.count("this session") == 1 and "son@example.vn" not in page
    [number] = re.findall(r'name="number" value="(\w+)"', page)
    theirs = re.findall(r'name="number" value="(\w+)"', other.get("/account/sessions").text)
    assert theirs == []
    data = {"csrf_token": token, "number": number}
    assert office.post("/account/sessions/end", data=data).status_code == 303
    assert phone.get("/account/sessions").status_code == 303  # to sign in
    assert office.post("/account/sessions/end", data=data).status_code == 422
    assert other.get("/account/sessions").status_code == 200
    clock.now += timedelta(hours=13)
    assert other.get("/account/sessions").status_code == 303


def test_an_admin_ends_all_sessions_of_a_person(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    lan = people.account(app, "lan@example.vn")
    phone = app.test_client()
    people.sign_in(phone, "lan@example.vn")
    admin = AdminBrowser(app, client, clock.now)
    assert "lan@example.vn" in admin.get("/admin/people").partition('id="sessions"')[2]
    admin.done(f"/admin/sessions/{lan}/end")
    assert phone.get("/account/sessions").status_code == 303
    assert "lan@example.vn" not in admin.get("/admin/people").partition('id="sessions"')[2]
    assert audit_entries(app, f"user:{lan}")[-1][0] == "session.end"
    admin.done("/admin/sessions/1/end")  # one's own others; this one stays
    admin.get("/admin/people").partition('id="sessions"')[2]
