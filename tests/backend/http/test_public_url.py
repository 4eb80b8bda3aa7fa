"""PUBLIC_URL: links begin with the address of the installation, not with the Host of a request."""

from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.http.framework import set_public_url
from config import settings
from tests.support.joining import Cast
from tests.support.people import person
from tests.support.smtp_server import mail_server

FORGED, PUBLIC = {"Host": "dosong-vn.evil.example"}, "https://do.example.vn"
INVITATIONS = "/api/v1/invitations"


@pytest.fixture
def public(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(app, "wsgi_app", app.wsgi_app)  # put back afterwards
    set_public_url(app, PUBLIC)
    return app


def invitation(client: FlaskClient, admin: dict[str, str]) -> str:
    body = {"name": "hoa@example.vn", "roles": [{"role": "admin"}]}
    link: str = client.post(INVITATIONS, json=body, headers=admin | FORGED).json["link"]
    return link


def page_of_a_unit(client: FlaskClient, admin: dict[str, str]) -> str:
    text = client.get("/unit/19", headers=FORGED).text
    return text.partition('property="og:url" content="')[2]


@pytest.mark.parametrize("read", [invitation, page_of_a_unit])
def test_a_forged_host_is_in_no_link(
    public: Flask, client: FlaskClient, read: Callable[..., str]
) -> None:
    assert read(client, person(public, "admin")).startswith(f"{PUBLIC}/")


def test_a_forged_host_is_on_no_poster(public: Flask, client: FlaskClient) -> None:
    cast, admin = Cast(public), person(public, "admin")
    team = f"/api/v1/campaigns/{cast.campaign}/teams/{cast.one}"
    code = client.get(f"{team}/join-code", headers=admin | FORGED).json
    assert code["content"] == f"{PUBLIC}/do/#{cast.code_one}"
    poster = client.get(f"{team}/poster", headers=admin | FORGED).text
    assert f"do.example.vn/j/{cast.code_one}" in poster and "evil" not in poster


def test_a_mailed_link_begins_with_the_public_address(public: Flask, client: FlaskClient) -> None:
    with mail_server() as (smtp, mails):
        public.config.update(smtp)
        link = invitation(client, person(public, "admin"))
    [mail] = mails
    text = message_from_bytes(mail, policy=policy.default).get_content()
    assert link in text and "evil" not in text


def test_in_development_links_begin_with_the_host(app: Flask, client: FlaskClient) -> None:
    assert invitation(client, person(app, "admin")).startswith("http://dosong-vn.evil.example/")


@pytest.mark.parametrize("value", ["do.example.vn", "https://do.example.vn/x", "https://a b"])
def test_an_address_that_cannot_be_used_stops_the_start(tmp_path: Path, value: str) -> None:
    given: dict[str, Any] = {"VAR_DIR": str(tmp_path), "PUBLIC_URL": value}
    with pytest.raises(settings.SettingError, match=r"^PUBLIC_URL="):
        settings.read(given)
