"""Links begin with the address of the installation, not with the Host of a request."""

from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from backend.accounts.access import RECENT
from backend.accounts.models import User
from backend.http.framework import set_public_url
from config import settings
from tests.support.admin_client import AdminBrowser
from tests.support.clock import FakeClock
from tests.support.joining import Cast
from tests.support.people import PASSWORD, audit_entries, person
from tests.support.smtp_server import mail_server
from tests.support.sql_statements import execute

FORGED, PUBLIC = {"Host": "dosong-vn.evil.example"}, "https://do.example.vn"
INVITATIONS = "/api/v1/invitations"


@pytest.fixture
def public(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(app, "wsgi_app", app.wsgi_app)  # put back afterwards
    monkeypatch.setitem(app.config, "PUBLIC_URL", PUBLIC)
    set_public_url(app, PUBLIC)
    return app


def invite(client: FlaskClient, admin: dict[str, str], host: str = FORGED["Host"]) -> TestResponse:
    body = {"name": "hoa@example.vn", "roles": [{"role": "admin"}]}
    return client.post(INVITATIONS, json=body, headers=admin | {"Host": host})


def invitation(client: FlaskClient, admin: dict[str, str]) -> str:
    link: str = invite(client, admin).json["link"]
    return link


def page_of_a_unit(client: FlaskClient, admin: dict[str, str]) -> str:
    text = client.get("/unit/19", headers=FORGED).text
    return text.partition('property="og:url" content="')[2]


@pytest.mark.parametrize("read", [invitation, page_of_a_unit])
def test_a_forged_host_is_in_no_link(
    public: Flask, client: FlaskClient, read: Callable[..., str]
) -> None:
    assert read(client, person(public, "admin")).startswith(f"{PUBLIC}/")


def test_a_forged_host_is_in_no_code_of_a_poster(public: Flask, client: FlaskClient) -> None:
    cast, admin = Cast(public), person(public, "admin")
    team = f"/api/v1/campaigns/{cast.campaign}/teams/{cast.one}"
    code = client.get(f"{team}/join-code", headers=admin | FORGED).json
    assert code["content"] == f"{PUBLIC}/do/#{cast.code_one}"


def test_a_mailed_link_begins_with_the_public_address(public: Flask, client: FlaskClient) -> None:
    with mail_server() as (smtp, mails):
        public.config.update(smtp)
        link = invitation(client, person(public, "admin"))
    [mail] = mails
    text = message_from_bytes(mail, policy=policy.default).get_content()
    assert link in text and "evil" not in text


@pytest.fixture
def unset(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An installation without PUBLIC_URL that no admin has opened."""
    monkeypatch.setitem(app.config, "VAR_DIR", tmp_path)
    return app


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_on_the_own_machine_no_host_has_to_be_confirmed(
    unset: Flask, client: FlaskClient, host: str
) -> None:
    link = invite(client, person(unset, "admin"), host).json["link"]
    assert link.startswith(f"http://{host}/invitation#")


@pytest.mark.parametrize("host", [FORGED["Host"], "localhost.evil.example", "127.0.0.1@x", "[::1"])
def test_without_an_address_of_an_admin_there_are_no_links(
    unset: Flask, client: FlaskClient, host: str
) -> None:
    answer = invite(client, person(unset, "admin"), host)  # a token of a program confirms nothing
    assert (answer.status_code, answer.json["code"]) == (409, "host_unconfirmed")


@pytest.mark.parametrize("lacks", ["second factor", "password"])
def test_a_suspended_admin_or_a_copied_session_confirms_no_address(
    unset: Flask, client: FlaskClient, clock: FakeClock, lacks: str
) -> None:
    token = AdminBrowser(unset, client, clock.now).token
    if lacks == "password":
        clock.now += RECENT
    else:
        execute(unset, update(User).values(totp_secret=None))
    cookie = client.get_cookie("dosong_session")
    assert cookie
    client.set_cookie(cookie.key, cookie.value, domain=FORGED["Host"])
    site = {"base_url": f"http://{FORGED['Host']}"}
    assert client.get("/api/v1/account", **site).json["user"]
    assert invite(client, person(unset, "admin")).json["code"] == "host_unconfirmed"
    again = {"json": {"password": PASSWORD}, "headers": {"X-CSRF-Token": token}}
    assert client.post("/api/v1/account/password", **again, **site).status_code == 204
    # An admin who gives the password goes on at once, with the form that asked for it.
    assert ("link" in invite(client, person(unset, "admin")).json) is (lacks == "password")


def test_links_begin_with_the_address_at_which_an_admin_was_signed_in(
    unset: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    token, hosts = person(unset, "admin"), ("do.example.vn", "192.168.1.5:8000")
    AdminBrowser(unset, client, clock.now)
    cookie = client.get_cookie("dosong_session")
    assert cookie
    for host in hosts:
        client.set_cookie(cookie.key, cookie.value, domain=host.partition(":")[0])
        assert client.get("/account", base_url=f"http://{host}").status_code == 200
    for host in hosts:
        assert invite(client, token, host).json["link"].startswith(f"http://{host}/invitation#")
        assert audit_entries(unset, f"http://{host}/") == [("host.confirm", {})]
    # At another address: with the first, which none that is added later replaces.
    assert invitation(client, token).startswith("http://do.example.vn/invitation#")
    cast = Cast(unset)
    code = f"/api/v1/campaigns/{cast.campaign}/teams/{cast.one}/join-code"
    content = client.get(code, headers=token | FORGED).json["content"]
    assert content == f"http://do.example.vn/do/#{cast.code_one}"


@pytest.mark.parametrize("value", ["do.example.vn", "https://do.example.vn/x", "https://a b"])
def test_an_address_that_cannot_be_used_stops_the_start(tmp_path: Path, value: str) -> None:
    given: dict[str, Any] = {"VAR_DIR": str(tmp_path), "PUBLIC_URL": value}
    with pytest.raises(settings.SettingError, match=r"^PUBLIC_URL="):
        settings.read(given)
