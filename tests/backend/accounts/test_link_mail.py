"""One-time links by mail, where the operator has a mail server."""

from email import message_from_bytes, policy
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from tests.support.admin_client import AdminBrowser
from tests.support.clock import FakeClock
from tests.support.smtp_server import mail_server

URL = "/api/v1/invitations"


def invite(client: FlaskClient, headers: dict[str, str], name: str) -> Any:
    answer = client.post(URL, json={"name": name, "roles": [{"role": "admin"}]}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer


def test_a_link_is_mailed_where_there_is_a_server_and_an_address(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    with mail_server() as (settings, mails):
        app.config.update(settings)
        answer = invite(client, admin, "Hoa@example.vn")
        assert answer.json["mailed"] is True
        assert invite(client, admin, "0912 345 678").json["mailed"] is False  # a telephone number
    [mail] = mails
    words = message_from_bytes(mail, policy=policy.default)
    assert words["To"] == "hoa@example.vn" and "chọn mật khẩu" in words["Subject"]
    assert answer.json["link"].partition("#")[2] in words.get_content()


def test_a_mail_server_that_is_away_keeps_nobody_out(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    app.config.update(SMTP_HOST="127.0.0.1", SMTP_PORT=9, SMTP_TLS=False)
    answer = invite(client, admin, "hoa@example.vn")
    assert answer.json["mailed"] is False
    chosen = {"secret": answer.json["link"].partition("#")[2], "password": "đường quê có hoa"}
    assert client.post(f"{URL}/accept", json=chosen).status_code == 200


def test_the_page_of_people_mails_it_too(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    browser = AdminBrowser(app, client, clock.now)
    with mail_server() as (settings, mails):
        app.config.update(settings)
        shown = browser.send("/admin/people", person="hoa@example.vn", role="admin")
    assert shown.status_code == 201 and "đã được gửi qua thư điện tử" in shown.text
    [mail] = mails
    link = message_from_bytes(mail, policy=policy.default).get_content()
    assert link.partition("/invitation#")[2].split()[0] in shown.text
